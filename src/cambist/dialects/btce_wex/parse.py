"""Reading what clients send: forms, queries, numbers. Nothing here raises on bad input: it answers None.

An empty parameter counts as absent (old clients send `pair=` when they mean none); of a repeated one the last counts.
"""

from urllib.parse import unquote_to_bytes

from cambist import _core

MAX_FIELDS = 256
"""Fields of a form that are looked at: no method has ten, and splitting must not be a way to burn our time."""

MAX_PATH = 4096
"""Characters of a path that is taken apart: all pairs of a large venue fit."""

U64_MAX = (1 << 64) - 1


def _text(raw: str) -> str:
    if "+" in raw:
        raw = raw.replace("+", " ")
    return unquote_to_bytes(raw).decode("utf-8", "replace") if "%" in raw else raw


def form_fields(body: bytes) -> dict[str, str]:
    """Fields of an `application/x-www-form-urlencoded` body or query, absent ones left out. Wrong encodings become U+FFFD."""
    return _core.form_fields(body, MAX_FIELDS)


whole_number = _core.whole_number
"""A non-negative integer written in plain ASCII digits, at most 20 of them (2^64 has 20); None for all else."""


def path_parts(path: str) -> list[str]:
    """The non-empty parts of a raw path, unescaped: trailing and doubled slashes do not count."""
    parts = [part for part in path.split("/") if part]
    return [_text(part) for part in parts] if "%" in path else parts
