"""Form bodies, against the standard library."""

from urllib.parse import parse_qsl, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cambist import _core


@given(body=st.one_of(st.binary(max_size=80), st.text("ab%+&=0Ff\xe9", max_size=60).map(str.encode)))
def test_any_bytes_give_the_fields_that_the_standard_library_finds(body: bytes) -> None:
    text = body.decode("utf-8", "replace")
    assert _core.form_fields(body, 1_000) == dict(parse_qsl(text, errors="replace"))


@given(fields=st.dictionaries(st.text(min_size=1), st.text(min_size=1)))
def test_what_is_escaped_comes_back(fields: dict[str, str]) -> None:
    fields = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items() if "\ud800" > name > ""}
    body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields.items())
    assert _core.form_fields(body.encode(), 1_000) == fields


@pytest.mark.parametrize(
    ("body", "limit", "fields"),
    [
        (b"", 8, {}),
        (b"a", 8, {}),
        (b"a=", 8, {}),
        (b"a=1&a=2", 8, {"a": "2"}),
        (b"a=1&a=", 8, {"a": "1"}),
        (b"a=1=2", 8, {"a": "1=2"}),
        (b"=1", 8, {"": "1"}),
        (b"a=1&b=2&c=3", 2, {"a": "1", "b": "2"}),
        (b"a+b=c%20d%2B", 8, {"a b": "c d+"}),
        (b"a=%&b=%4&c=%zz", 8, {"a": "%", "b": "%4", "c": "%zz"}),
        (b"a=%ff&b=\xff", 8, {"a": "\ufffd", "b": "\ufffd"}),
    ],
)
def test_fields(body: bytes, limit: int, fields: dict[str, str]) -> None:
    assert _core.form_fields(body, limit) == fields
