"""`/sandbox/run` and `/sandbox/bundle`: what a run began with, what came of it so far, and the file that repeats it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from cambist.sandbox.control.operations import AnyBound, Bound, Nothing, Operation
from cambist.sandbox.run_bundle import Counted, Start


class RunState(msgspec.Struct, frozen=True):
    """Two runs whose hashes are the same took the same commands and were answered with the same bytes."""

    version: str
    """Of the program."""
    start: Start
    """Seed, clock, users, preset and configuration."""
    configuration_hash: str
    """SHA-256 of the configuration as JSON with sorted names, 64 hex digits."""
    time: int
    """µs since 1970 by the sandbox's clock."""
    inputs: int
    """Requests, handshakes and messages of clients so far, this one included."""
    commands: Counted
    """All commands of the journal: SHA-256 of their records, in order."""
    sent: Counted
    """All bytes that clients were sent: the sum, modulo 2^256, of each connection's SHA-256. A connection counts when a dialect was asked
    on it; pongs do not."""
    gaps: list[str]
    """Why a bundle of this run could not be repeated; empty when it can."""


SHOW = Operation("run", "GET", "/sandbox/run", Nothing, RunState, "Says what the run began with, and hashes all that came of it.")
BUNDLE = Operation(
    "bundle", "GET", "/sandbox/bundle", Nothing, bytes, "Gives the file that `cambist replay` repeats the run from.", "application/zip"
)


class RunOperations:
    """`state` and `bundle` are asked anew each time."""

    def __init__(self, state: Callable[[], Awaitable[RunState]], bundle: Callable[[], Awaitable[bytes]]) -> None:
        self._state = state
        self._bundle = bundle

    def bound(self) -> list[AnyBound]:
        return [Bound(SHOW, lambda _nothing: self._state()), Bound(BUNDLE, lambda _nothing: self._bundle())]
