"""`/sandbox/snapshots` and `/sandbox/reset`: the whole sandbox as it is, kept under a name and restored."""

from __future__ import annotations

from typing import Protocol

import msgspec

from cambist.sandbox.control.operations import AnyBound, Bound, Nothing, Operation
from cambist.sandbox.people import Person

PATH = "/sandbox/snapshots"
RESET = "/sandbox/reset"


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A snapshot by its name."""

    name: str
    """Letters, digits, dots, dashes and underscores, at most 64, a letter or digit first. `start`: as the sandbox was at its start."""


class SnapshotRow(msgspec.Struct, frozen=True):
    """A snapshot."""

    name: str
    time: str
    """What time it was in the sandbox, ISO 8601."""
    micros: int
    """The same in µs since 1970."""
    seq: int
    """The last command that is in it."""
    seed: int
    """The seed of the sandbox that was saved."""


class Seed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which start."""

    seed: int | None = None
    """Another seed makes another sandbox, as a start with it would; null: the start of this one."""


class Began(msgspec.Struct, frozen=True):
    """A sandbox at its start."""

    seed: int
    time: str
    """What time it is in it, ISO 8601."""
    micros: int
    """The same in µs since 1970."""
    seq: int
    """The last command of the start."""
    users: list[Person]
    """With their passwords and keys, which follow from the seed."""


class Restored(msgspec.Struct, frozen=True):
    """A sandbox as a snapshot had it."""

    name: str
    seed: int
    """The seed of the sandbox that was saved."""
    time: str
    """What time it was in it, ISO 8601."""
    micros: int
    """The same in µs since 1970."""
    seq: int
    """The last command that was in it."""
    users: list[Person]
    """With their passwords and keys at its start, which follow from the seed."""


class Snapshots(Protocol):
    """Who keeps them. Everything raises Refused."""

    def rows(self) -> list[SnapshotRow]:
        """All, the start first."""

    async def save(self, name: str) -> SnapshotRow:
        """Keeps the sandbox as it is now, in the place of an older snapshot of that name."""

    async def restore(self, name: str) -> Restored:
        """Makes the sandbox what it was. Sockets are closed, other connections stay."""

    def remove(self, name: str) -> SnapshotRow:
        """Forgets it."""

    async def reset(self, seed: int | None) -> Began:
        """Makes it what it was at its start, or at the start of another seed."""


LIST = Operation("snapshots", "GET", PATH, Nothing, list[SnapshotRow], "Lists what was saved.")
SAVE = Operation("save", "POST", PATH, Named, SnapshotRow, "Saves the whole sandbox under a name: orders, money, traders, timers, clock.")
RESTORE = Operation("restore", "POST", PATH + "/{name}/restore", Named, Restored, "Makes the sandbox what it was when it was saved.")
REMOVE = Operation("remove-snapshot", "DELETE", PATH + "/{name}", Named, SnapshotRow, "Removes a snapshot.")
BEGIN = Operation("reset", "POST", RESET, Seed, Began, "Makes the sandbox what it was at its start, or what it would be with another seed.")


class SnapshotOperations:
    """What can be done with snapshots."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    def bound(self) -> list[AnyBound]:
        snapshots = self._snapshots
        return [
            Bound(LIST, lambda _nothing: snapshots.rows()),
            Bound(SAVE, lambda named: snapshots.save(named.name)),
            Bound(RESTORE, lambda named: snapshots.restore(named.name)),
            Bound(REMOVE, lambda named: snapshots.remove(named.name)),
            Bound(BEGIN, lambda asked: snapshots.reset(asked.seed)),
        ]
