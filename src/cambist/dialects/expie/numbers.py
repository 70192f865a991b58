"""Numbers as this API writes and reads them: decimals as strings, times as floats with microseconds, both made of exact integers."""

import re
from decimal import Decimal, InvalidOperation

from cambist import _core

U64_MAX = (1 << 64) - 1
MAX_TEXT = 64
"""Characters of the longest number text that is read."""

_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def decimal_of(text: str) -> Decimal | None:
    """The non-negative number that a text says, None when it says none."""
    if len(text) > MAX_TEXT or not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def units(number: Decimal, scale: int) -> int:
    """A number as an integer of 10^-scale; further decimals are cut off, as the ancestor does. At most 2^96."""
    _sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    shift = exponent + scale
    whole = int("".join(map(str, digits)) or "0")
    if not whole:
        return 0
    if shift >= 0:
        return 1 << 96 if shift > 40 else min(whole * 10**shift, 1 << 96)
    return min(int(whole // 10 ** min(-shift, 80)), 1 << 96)


def time_text(micros: int) -> str:
    """Unix seconds with up to six decimals and at least one, as JSON number text: `1517370019.46558`."""
    seconds, rest = divmod(micros, 1_000_000)
    return f"{seconds}.{f'{rest:06d}'.rstrip('0') or '0'}"


def rate_text(ppm: int) -> str:
    """A fee rate, `0.0006`."""
    return _core.format_units(ppm, 6)
