"""Writing what clients read: compact JSON whose key order is part of the protocol, and numbers in exact fixed notation.

Bodies are put together from ready-made texts, because every number here is an integer of some scale and must never be a float.
"""

from collections.abc import Iterable

import msgspec

_encode = msgspec.json.encode

SIDE_NAMES = ("buy", "sell")


def quoted(text: str) -> bytes:
    """`text` as a JSON string."""
    return _encode(text)


def quoted_text(text: str) -> str:
    """The same, as text."""
    return _encode(text).decode()


def succeeded(result: str) -> bytes:
    """`{"success":1,"return":<result>}`; `result` is JSON already."""
    return f'{{"success":1,"return":{result}}}'.encode()


def rows(entries: Iterable[str]) -> bytes:
    """The same around an object; each entry is a quoted name, a colon and a value."""
    return succeeded("{" + ",".join(entries) + "}")


def seconds(micros: int) -> int:
    """Unix seconds of a µs time, cut down."""
    return micros // 1_000_000
