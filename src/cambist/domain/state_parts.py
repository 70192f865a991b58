"""State that is in memory only, and that a sandbox keeps and puts back all the same: counters of rate limits, streams of chance, timers.

A venue loses it when it ends, and is none the worse for it. A sandbox that is put back to a moment must have it as it was then, or it would
not answer the same requests with the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class StatePart(Generic[S]):
    """One owner's share. `form`: the type of what `save` gives and `restore` takes; it is written as MessagePack, so it has simple types.

    `restore` is called on a fresh owner, made from the same configuration.
    """

    name: str
    form: Any
    save: Callable[[], S]
    restore: Callable[[S], None]


class StateParts:
    """All parts of one venue, by name; each owner adds its own when it is made."""

    def __init__(self) -> None:
        self._parts: dict[str, StatePart[Any]] = {}

    def add(self, part: StatePart[Any]) -> None:
        """In the place of another one of that name: of who was made before on the same venue."""
        self._parts[part.name] = part

    def save(self) -> dict[str, bytes]:
        """Everything as it is now."""
        return {name: msgspec.msgpack.encode(part.save()) for name, part in self._parts.items()}

    def restore(self, saved: Mapping[str, bytes]) -> None:
        """Puts it all back; what was not saved stays as it is. msgspec.DecodeError, ValueError for what was saved by another program."""
        for name, part in self._parts.items():
            if name in saved:
                part.restore(msgspec.msgpack.decode(saved[name], type=part.form))


class Serial:
    """1, 2, 3 …: numbers that make labels of drawn bytes different. A state part of its own."""

    __slots__ = ("_last",)

    def __init__(self, parts: StateParts, name: str) -> None:
        self._last = 0
        parts.add(StatePart(name, int, lambda: self._last, self._set))

    def _set(self, last: int) -> None:
        self._last = last

    def __call__(self) -> int:
        """The next one."""
        self._last += 1
        return self._last
