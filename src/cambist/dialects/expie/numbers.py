"""Numbers as this API writes and reads them: decimals as strings, times as floats with microseconds, both made of exact integers."""

import re
from decimal import Decimal, InvalidOperation

from cambist import _core

MAX_UNITS = (1 << 64) - 1
"""Of a price or an amount in the core."""
MAX_TEXT = 64
"""Characters of the longest number text that is read."""

_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


class OutOfRange(Exception):
    """A number is larger than the core can hold."""


def decimal_of(text: str) -> Decimal | None:
    """The non-negative number that a text says, None when it says none. Its exponent has three digits at most."""
    if len(text) > MAX_TEXT or not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def units(number: Decimal, scale: int, most: int = MAX_UNITS) -> int:
    """A number as an integer of 10^-scale; further decimals are cut off, as the ancestor does. OutOfRange above `most`."""
    if not number:
        return 0
    if number.adjusted() + scale >= len(str(most)):  # looked at before anything is expanded
        raise OutOfRange
    _sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    shift = exponent + scale
    whole = int("".join(map(str, digits)))
    whole = whole * 10**shift if shift >= 0 else int(whole // 10 ** min(-shift, MAX_TEXT))
    if whole > most:
        raise OutOfRange
    return whole


def time_text(micros: int) -> str:
    """Unix seconds with up to six decimals and at least one, as JSON number text: `1517370019.46558`."""
    seconds, rest = divmod(micros, 1_000_000)
    return f"{seconds}.{f'{rest:06d}'.rstrip('0') or '0'}"


def rate_text(ppm: int) -> str:
    """A fee rate, `0.0006`."""
    return _core.format_units(ppm, 6)
