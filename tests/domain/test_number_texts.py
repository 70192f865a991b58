"""What a person wrote as a number, or why it is none that can be taken."""

import pytest

from cambist.domain.number_texts import units_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.5", 150),
        (" +1e1 ", 1_000),
        ("100000", 10_000_000),
        ("100000.01", "is too large: at most 100000"),
        ("99999999999999999999999", "is too large: at most 100000"),
        ("1e30", "is too large: at most 100000"),
        ("0", "is not above zero"),
        ("-0", "is not above zero"),
        ("-1", "is below zero"),
        ("-1e30", "is below zero"),
        ("-0.001", "is below zero"),
        ("0.001", "has more than 2 decimals"),
        ("", "is no decimal number"),
        ("-", "is no decimal number"),
        ("-x", "is no decimal number"),
        ("NaN", "is no decimal number"),
    ],
)
def test_a_number_or_the_reason(text: str, found: int | str) -> None:
    assert units_of(text, 2, 10_000_000) == found


def test_a_whole_number_is_asked_for_where_there_are_no_decimals() -> None:
    assert {units_of(text, 0, 9) for text in ("1.5", "x")} == {"is no whole number"}


def test_zero_where_it_is_one() -> None:
    assert units_of("0", 2, 100, zero=True) == 0
