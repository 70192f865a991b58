"""Writing what clients read: numbers from exact integers, times in the API's three forms, ready JSON."""

from datetime import UTC, datetime, timedelta

import msgspec

from cambist import _core

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZERO = msgspec.Raw(b"0")

encode = msgspec.json.Encoder().encode
"""Values to bytes; keys keep the order in which they were given."""


def number(text: str) -> msgspec.Raw:
    """Exact decimal text as a JSON number."""
    return msgspec.Raw(text.encode())


def units(value: int, scale: int) -> msgspec.Raw:
    """value * 10^-scale, not negative, as a JSON number in shortest fixed notation."""
    return msgspec.Raw(_core.format_units(value, scale).encode())


def percent(old: int, new: int) -> str:
    """By how many percent `new` is above `old`, four decimals, cut towards zero; "0" when there is no `old`."""
    if old == 0:
        return "0"
    text = _core.format_units(abs(new - old) * 1_000_000 // old, 4)
    return f"-{text}" if new < old and text != "0" else text


def millis(micros: int) -> int:
    return micros // 1_000


def moment(micros: int) -> datetime:
    """A µs time as datetime (UTC); exact, no float between."""
    return _EPOCH + timedelta(microseconds=micros)


def iso(micros: int) -> str:
    """`2021-06-29T18:14:30.886Z`."""
    return moment(micros).strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros // 1_000 % 1_000:03d}Z"


def calendar(micros: int) -> str:
    """`2021-06-29 18:14:30`, UTC."""
    return moment(micros).strftime("%Y-%m-%d %H:%M:%S")
