"""Reading what clients send: forms, queries, numbers. Nothing here raises on bad input: it answers None.

An empty parameter counts as absent (old clients send `pair=` when they mean none); of a repeated one the last counts.
"""

from urllib.parse import unquote_to_bytes

from cambist import _core

MAX_FIELDS = 256
"""Fields of a form that are looked at: no method has ten, and splitting must not be a way to burn our time."""

U64_MAX = (1 << 64) - 1
MAX_NUMBER_TEXT = 64
"""Longest number text that is parsed: 2^64 with 18 decimals and an exponent is half of it."""


def _text(raw: str) -> str:
    if "+" in raw:
        raw = raw.replace("+", " ")
    return unquote_to_bytes(raw).decode("utf-8", "replace") if "%" in raw else raw


def form_fields(body: bytes) -> dict[str, str]:
    """Fields of an `application/x-www-form-urlencoded` body or query, absent ones left out. Wrong encodings become U+FFFD."""
    return _core.form_fields(body, MAX_FIELDS)


def whole_number(text: str) -> int | None:
    """A non-negative integer written in plain ASCII digits, at most 20 of them (2^64 has 20); None for all else."""
    if len(text) <= 20 and text.isascii() and text.isdigit():
        return int(text)
    return None


def decimal_units(text: str, scale: int) -> int | None:
    """Decimal text (`100.500`, `1e-05`) as an integer of 10^-scale units; None when it is no number or has more decimals.

    A number beyond 64 bits is cut to 2^64: larger than any limit of a market, and still of a size that the callers can compare.
    """
    if len(text) > MAX_NUMBER_TEXT:
        return None
    try:
        return min(_core.parse_units(text, scale), U64_MAX + 1)
    except ValueError:
        return None


def path_parts(path: str) -> list[str]:
    """The non-empty parts of a raw path, unescaped: trailing and doubled slashes do not count."""
    parts = [part for part in path.split("/") if part]
    return [_text(part) for part in parts] if "%" in path else parts
