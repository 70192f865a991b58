"""Whether an object in JSON surely names nothing twice."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cambist import _core

NAMES = st.text('abc\xe9"\\:{', max_size=3)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text('a":{[,\\', max_size=4), st.lists(st.integers(), max_size=2))


@pytest.mark.parametrize(
    ("text", "differ"),
    [
        (b"{}", True),
        (b'{"a":1,"b":"2"}', True),
        (b' {\t"a" : "b", "b"\r\n: "a" } ', True),
        (b'{"a":"x:y","b":"{[]}"}', True),
        (b'{"a":1,"a":1}', False),
        (b'{"a":1,"b":2,"a" :3}', False),
        (b'{"a":1,"\\u0061":2}', False),
        (b'{"a":"\\"","b":1}', False),
        (b'{"a":{"b":1}}', False),
        (b'{"a":[]}', False),
        (b'[{"a":1}]', False),
        (b'"a"', False),
        (b"", False),
        (b'{"a', False),
        (json.dumps(dict.fromkeys(map(str, range(32)))).encode(), True),
        (json.dumps(dict.fromkeys(map(str, range(33)))).encode(), False),
    ],
)
def test_an_object(text: bytes, differ: bool) -> None:
    assert _core.all_names_differ(text) is differ


@given(members=st.lists(st.tuples(NAMES, VALUES), max_size=6), ascii_only=st.booleans())
def test_it_never_takes_a_repeated_name_for_none(members: list[tuple[str, object]], ascii_only: bool) -> None:
    written = [f"{json.dumps(name, ensure_ascii=ascii_only)}:{json.dumps(value)}" for name, value in members]
    text = "{" + ",".join(written) + "}"
    assert isinstance(json.loads(text), dict)
    once = len({name for name, _ in members}) == len(members)
    assert once or not _core.all_names_differ(text.encode())
