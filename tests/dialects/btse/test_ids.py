"""UUIDs stand for core ids, both ways, without a table."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cambist.dialects.btse.ids import ORDER_IDS, TRADE_IDS

NUMBERS = st.integers(0, (1 << 64) - 1)


@given(NUMBERS)
def test_every_number_has_a_uuid_and_comes_back(number: int) -> None:
    text = ORDER_IDS.text(number)
    parsed = uuid.UUID(text)
    assert (parsed.version, parsed.variant, str(parsed)) == (8, uuid.RFC_4122, text)
    assert ORDER_IDS.number(text) == number
    assert ORDER_IDS.number(text.upper()) == number


@given(NUMBERS, NUMBERS)
def test_two_numbers_never_share_one(first: int, second: int) -> None:
    assert (ORDER_IDS.text(first) == ORDER_IDS.text(second)) == (first == second)


@given(NUMBERS)
def test_a_trade_is_no_order(number: int) -> None:
    assert ORDER_IDS.number(TRADE_IDS.text(number)) is None


@given(st.uuids())
def test_anybodys_uuid_is_nobodys_order(other: uuid.UUID) -> None:
    assert ORDER_IDS.number(str(other)) is None


@given(NUMBERS, st.integers(0, 35), st.sampled_from("0123456789abcdef-"))
def test_one_wrong_character_makes_it_nobodys(number: int, place: int, character: str) -> None:
    text = ORDER_IDS.text(number)
    altered = text[:place] + character + text[place + 1 :]
    assert ORDER_IDS.number(altered) == (number if altered == text else None)


@pytest.mark.parametrize("text", ["", "1", "not-a-uuid", "{" + ORDER_IDS.text(1) + "}", ORDER_IDS.text(1).replace("-", ""), "١" * 36])
def test_other_spellings_are_not_taken(text: str) -> None:
    assert ORDER_IDS.number(text) is None
