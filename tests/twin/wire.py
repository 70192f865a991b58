"""Little-endian fields by name: a layout is the text of the page, `"account u32, market u16, code [u8;12]"`."""

from collections.abc import Mapping
from functools import cache

BYTES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "u128": 16, "i128": 16}


@cache
def fields(layout: str) -> tuple[tuple[str, str], ...]:
    """(name, type) in order."""
    return tuple((name, kind) for name, kind in (field.split(" ") for field in layout.split(", ") if field))


def pack_one(kind: str, value: int | bytes) -> bytes:
    """OverflowError when an integer does not fit."""
    if kind == "[u8;12]":
        assert isinstance(value, bytes)
        return value.ljust(12, b"\0")
    assert isinstance(value, int)
    return value.to_bytes(BYTES[kind], "little", signed=kind == "i128")


def pack(layout: str, values: Mapping[str, int | bytes]) -> bytes:
    """A field called `zero` is a zero and needs no value."""
    return b"".join(pack_one(kind, 0 if name == "zero" else values[name]) for name, kind in fields(layout))


def pack_object(layout: str, thing: object) -> bytes:
    """The same, with the values taken from attributes."""
    return b"".join(pack_one(kind, 0 if name == "zero" else getattr(thing, name)) for name, kind in fields(layout))


class Reader:
    """Takes bytes from the front. ValueError when there are too few."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def raw(self, count: int) -> bytes:
        if self.left < count:
            raise ValueError(f"{count} bytes wanted at {self.at}, {self.left} are left")
        self.at += count
        return self.data[self.at - count : self.at]

    def one(self, kind: str) -> int:
        return int.from_bytes(self.raw(BYTES[kind]), "little", signed=kind == "i128")

    def take(self, layout: str) -> dict[str, int | bytes]:
        """ValueError also when a `zero` is none."""
        values: dict[str, int | bytes] = {}
        for name, kind in fields(layout):
            value = self.raw(12) if kind == "[u8;12]" else self.one(kind)
            if name != "zero":
                values[name] = value
            elif value != 0:
                raise ValueError(f"not zero at {self.at}")
        return values
