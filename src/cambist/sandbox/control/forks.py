"""`/sandbox/forks`: other sandboxes that go on from this one's state, each a process of its own on a port of its own."""

from __future__ import annotations

from typing import Protocol

import msgspec

from cambist.sandbox.control.operations import AnyBound, Bound, Nothing, Operation
from cambist.sandbox.people import Person

PATH = "/sandbox/forks"


class Fork(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it is to answer."""

    port: int = 0
    """0: any that is free."""


class Forked(msgspec.Struct, frozen=True):
    """A sandbox of its own, which ends with the one that it was forked from."""

    url: str
    pid: int
    seed: int
    users: list[Person]
    """The same users with the same keys."""


class OfFork(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fork by its process."""

    pid: int
    """The process's number."""


class ForkRow(msgspec.Struct, frozen=True):
    """A fork that runs."""

    url: str
    pid: int


class Forks(Protocol):
    """Who starts them. Everything raises Refused."""

    def rows(self) -> list[ForkRow]:
        """Those that run, in the order in which they were made."""

    async def fork(self, port: int) -> Forked:
        """Starts another sandbox that goes on from this state; this one goes on too."""

    async def end(self, pid: int) -> ForkRow:
        """Ends one."""


LIST = Operation("forks", "GET", PATH, Nothing, list[ForkRow], "Lists the forks that run.")
FORK = Operation("fork", "POST", PATH, Fork, Forked, "Starts a second sandbox that goes on from this state, with everything.")
END = Operation("end-fork", "DELETE", PATH + "/{pid}", OfFork, ForkRow, "Ends a fork.")


class ForkOperations:
    """What can be done with forks."""

    def __init__(self, forks: Forks) -> None:
        self._forks = forks

    def bound(self) -> list[AnyBound]:
        forks = self._forks
        return [
            Bound(LIST, lambda _nothing: forks.rows()),
            Bound(FORK, lambda asked: forks.fork(asked.port)),
            Bound(END, lambda asked: forks.end(asked.pid)),
        ]
