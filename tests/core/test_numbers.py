"""Number texts: exact, both ways, of the native module and of the twin."""

import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Context, Decimal
from typing import Protocol

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import cambist._core
from tests.twin import numbers as twin


class Numbers(Protocol):
    @property
    def format_units(self) -> Callable[..., str]: ...
    @property
    def parse_units(self) -> Callable[..., int]: ...


EXACT = Context(prec=200)


@pytest.fixture(params=["core", "twin"])
def numbers(request: pytest.FixtureRequest) -> Numbers:
    return cambist._core if request.param == "core" else twin


@pytest.mark.parametrize(
    ("value", "scale", "digits", "text"),
    [
        (0, 0, -1, "0"),
        (0, 8, -1, "0"),
        (0, 8, 0, "0"),
        (0, 8, 2, "0.00"),
        (7, 0, -1, "7"),
        (1, 8, -1, "0.00000001"),
        (10, 8, -1, "0.0000001"),
        (100_000_000, 8, -1, "1"),
        (123_456_000, 8, -1, "1.23456"),
        (1_656_075_770, 8, -1, "16.5607577"),
        (1_200, 2, -1, "12"),
        (1_205, 2, -1, "12.05"),
        (123_456, 3, 0, "123"),
        (123_456, 3, 1, "123.4"),
        (123_999, 3, 2, "123.99"),
        (123_456, 3, 3, "123.456"),
        (123_456, 3, 5, "123.45600"),
        (5, 0, 3, "5.000"),
        (999, 3, 0, "0"),
        (999, 3, 2, "0.99"),
        (-5, 2, -1, "-0.05"),
        (-5, 2, 2, "-0.05"),
        (-1_250, 2, -1, "-12.5"),
        (-1_259, 2, 1, "-12.5"),
        (-5, 2, 1, "0.0"),
        (-5, 2, 0, "0"),
        (10**18, 18, -1, "1"),
        (2**96, 18, -1, "79228162514.264337593543950336"),
        (2**127 - 1, 0, -1, "170141183460469231731687303715884105727"),
        (-(2**127), 18, -1, "-170141183460469231731.687303715884105728"),
    ],
    ids=str,
)
def test_format(numbers: Numbers, value: int, scale: int, digits: int, text: str) -> None:
    assert numbers.format_units(value, scale, digits) == text
    if digits < 0:
        assert numbers.format_units(value, scale) == text


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("0", 0, 0),
        ("0", 8, 0),
        ("0.00", 0, 0),
        ("1", 0, 1),
        ("1", 8, 100_000_000),
        ("1.5", 8, 150_000_000),
        ("0.00000001", 8, 1),
        ("16.5607577", 8, 1_656_075_770),
        ("007", 0, 7),
        ("1.", 2, 100),
        (".5", 2, 50),
        ("1.50", 1, 15),
        ("1.000000000000000000000000000000", 0, 1),
        ("1e3", 0, 1_000),
        ("1E3", 0, 1_000),
        ("1e+3", 0, 1_000),
        ("1e03", 0, 1_000),
        ("1e0", 0, 1),
        ("1e-0", 0, 1),
        ("1e-8", 8, 1),
        ("1.5e1", 0, 15),
        ("12.5e-1", 2, 125),
        ("1500e-2", 0, 15),
        ("0e9", 0, 0),
        ("0e-9", 0, 0),
        ("  1.5  ", 1, 15),
        ("\t1\n", 0, 1),
        ("79228162514264337593543950335", 0, 2**96 - 1),
        ("79228162514.264337593543950335", 18, 2**96 - 1),
        ("7.9228162514264337593543950335e28", 0, 2**96 - 1),
        ("0" * 500 + "1", 0, 1),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_parse(numbers: Numbers, text: str, scale: int, value: int) -> None:
    assert numbers.parse_units(text, scale) == value


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        pytest.param("", 8, id="nothing"),
        pytest.param("  ", 8, id="only blanks"),
        pytest.param(".", 8, id="only a point"),
        pytest.param("-1", 8, id="negative"),
        pytest.param("-0", 8, id="negative nothing"),
        pytest.param("1 000", 8, id="a blank inside"),
        pytest.param("1,000", 8, id="a comma"),
        pytest.param("1.2.3", 8, id="two points"),
        pytest.param("1_000", 8, id="an underscore"),
        pytest.param("0x10", 8, id="hexadecimal"),
        pytest.param("nan", 8, id="not a number"),
        pytest.param("inf", 8, id="infinity"),
        pytest.param("1e", 8, id="an exponent without digits"),
        pytest.param("1e+", 8, id="an exponent that is only a sign"),
        pytest.param("e5", 8, id="only an exponent"),
        pytest.param("1e5.0", 8, id="a broken exponent"),
        pytest.param("\N{FULLWIDTH DIGIT ONE}", 8, id="other people's digits"),
        pytest.param("\N{NO-BREAK SPACE}1", 8, id="other people's blanks"),
        pytest.param("1\0", 8, id="a zero byte"),
        pytest.param("0.001", 2, id="too fine"),
        pytest.param("1e-3", 2, id="too fine, by its exponent"),
        pytest.param("1.55e1", 0, id="too fine, in spite of its exponent"),
        pytest.param("0." + "0" * 500 + "1", 8, id="much too fine"),
        pytest.param("79228162514264337593543950336", 0, id="2^96"),
        pytest.param("79228162514.264337593543950336", 18, id="2^96 of the smallest"),
        pytest.param("1e29", 0, id="above 2^96"),
        pytest.param("1e30000", 0, id="far above 2^96"),
        pytest.param("1" + "0" * 500, 0, id="far above 2^96 in full"),
    ],
)
def test_parse_refuses(numbers: Numbers, text: str, scale: int) -> None:
    with pytest.raises(ValueError, match=r".+"):
        numbers.parse_units(text, scale)


@given(value=st.integers(0, 2**96 - 1) | st.integers(0, 10**6), scale=st.integers(0, 18))
def test_what_is_written_is_read_back(value: int, scale: int) -> None:
    for one in (cambist._core, twin):
        text = one.format_units(value, scale)
        assert one.parse_units(text, scale) == value
        assert one.parse_units(one.format_units(value, scale, scale), scale) == value


@given(value=st.integers(-(2**127), 2**127 - 1) | st.integers(-(10**6), 10**6), scale=st.integers(0, 18), digits=st.integers(-1, 24))
@example(value=-1, scale=18, digits=17)
def test_both_write_the_same_and_it_is_exact(value: int, scale: int, digits: int) -> None:
    text = cambist._core.format_units(value, scale, digits)
    assert text == twin.format_units(value, scale, digits)
    error = abs(EXACT.subtract(Decimal(value).scaleb(-scale, EXACT), Decimal(text)))
    assert error < Decimal(1).scaleb(-digits) if digits >= 0 else error == 0


PIECES = st.sampled_from(["0", "1", "9", "10", "500", ".", "e", "E", "-", "+", " ", "e-2", "e2", "000", "_", ",", "\t"])


@given(text=st.lists(PIECES, max_size=7).map("".join), scale=st.integers(0, 18))
@example(text="0e0500500", scale=0)
def test_both_read_the_same(text: str, scale: int) -> None:
    assert read(cambist._core, text, scale) == read(twin, text, scale)


def read(numbers: Numbers, text: str, scale: int) -> int | None:
    try:
        return numbers.parse_units(text, scale)
    except ValueError:
        return None


PLAIN = re.compile(r"[0-9]{1,30}(\.[0-9]{1,18})?", re.ASCII)
"""What clients of the native API may write: `cambist.api_types.values.PLAIN_DECIMAL` says the same."""


@pytest.mark.parametrize(
    ("text", "scale", "units"),
    [
        ("0.25", 8, 25_000_000),
        ("0", 3, 0),
        ("007.50", 1, 75),
        ("1.500000000000000000", 1, 15),
        ("1.25", 1, None),
        (f"{2**96 - 1}", 0, 2**96 - 1),
        (f"{2**96}", 0, None),
        ("9" * 30, 0, None),
        ("0" * 31, 0, None),
        ("0." + "0" * 19, 18, None),
        ("", 0, None),
        ("+1", 0, None),
        ("-1", 0, None),
        ("1e3", 0, None),
        (" 1", 0, None),
        ("1\n", 0, None),
        ("1.", 2, None),
        (".5", 2, None),
        ("1.2.3", 4, None),
        ("١", 0, None),
        ("1", 37, None),
    ],
)
def test_a_plain_decimal_text(text: str, scale: int, units: int | None) -> None:
    assert cambist._core.plain_units(text, scale) == units


@given(text=st.one_of(st.from_regex(PLAIN, fullmatch=True), st.text("0123456789.+-e \n", max_size=8)), scale=st.integers(0, 20))
def test_plain_decimal_texts_are_those_of_the_form_that_parse(text: str, scale: int) -> None:
    expected = None
    if PLAIN.fullmatch(text):
        with suppress(ValueError):
            expected = cambist._core.parse_units(text, scale)
    assert cambist._core.plain_units(text, scale) == expected
