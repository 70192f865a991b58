"""Which fields of a form, and which members of a JSON text, contradict one another."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cambist.dialect_kit.duplicate_fields import contradictory_field, contradictory_member
from cambist.dialects.btce_wex.parse import form_fields as without_empty
from cambist.dialects.mtgox.parse import form_fields as with_empty


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (b"", None),
        (b"a", None),
        (b"a=1&b=1", None),
        (b"a=1&a=2", "a"),
        (b"a=1&b=2&c=3&b=1", "b"),
        (b"a=1&%61=2", "a"),
        (b"a=1&a=1", None),
        (b"a=+&a=%20", None),
        (b"a=1&a=", None),
        (b"a=&a=1&a", None),
        (b"a[]=1&a[]=2", None),
        (b"x&y&a=1&z=&a=2", "a"),
        (b"b&" * 8 + b"a=1&a=2", None),  # beyond what is looked at
    ],
)
def test_a_form(form: bytes, name: str | None) -> None:
    assert contradictory_field(form, without_empty(form), 8) == name
    assert contradictory_field(form, with_empty(form), 8) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"a":1,"b":2}', None),
        ('{"a":1,"a":2}', "a"),
        ('{"a" : 1, "\\u0061": 2}', "a"),
        ('{"a":1,"a":"1"}', None),
        ('{"a":1,"a":1}', None),
        ('{"a":1,"a":null}', "a"),
        ('{"a":true,"a":1}', "a"),
        ('{"a":"x:y","b":"12:00"}', None),
        ('{"a":{"b":1},"c":{"b":2}}', None),
        ('{"a":{"b":1,"b":2}}', "b"),
        ('{"a":[{"b":1},{"b":2}]}', None),
        ('{"a":[{"b":1,"b":2}]}', "b"),
        ('{"a":1e99999999999,"a":1e99999999998}', "a"),
    ],
)
def test_a_json_object(text: str, name: str | None) -> None:
    decoded = msgspec.json.Decoder(float_hook=str).decode(text)
    assert contradictory_member(text.encode(), decoded) == name


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
        ),
    )
)
def test_what_was_written_of_an_object_does_not_contradict_itself(value: dict[str, object]) -> None:
    assert contradictory_member(json.dumps(value).encode(), value) is None


@given(st.text('{}[]",:\\u0019ea \n\x01\ud800nul', max_size=40).map(lambda text: ('{"a":1,"b":"' + text).encode("utf-8", "replace")))
def test_whatever_was_read_as_an_object_can_be_checked(text: bytes) -> None:
    try:
        decoded = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert contradictory_member(text, decoded) in (None, *decoded)
