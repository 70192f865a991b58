"""Edges tell each other how many requests they admitted, so that rate limits hold over all of them."""

from __future__ import annotations

import asyncio
from typing import Protocol

from cambist.cluster.connection import Connection
from cambist.cluster.edge_subject import EdgeSubject

TELL_SECONDS = 0.25
"""Between two messages of one edge."""


class Counts(Protocol):
    """`dialect_kit.shared_counts.SharedCounts`."""

    def collect(self) -> bytes | None: ...
    def apply(self, message: bytes) -> None: ...


class EdgeCounts:
    """One edge's part. For the venue's loop."""

    def __init__(self, connection: Connection, number: int, counts: Counts) -> None:
        """`number`: of this run of the edge."""
        self._counts = counts
        self._loop = asyncio.get_running_loop()
        self._subject = EdgeSubject(connection, "admitted", number, counts.apply)
        self._timer: asyncio.TimerHandle | None = None
        self._tell()

    def close(self) -> None:
        """Tells nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def _tell(self) -> None:
        message = self._counts.collect()
        if message is not None:
            self._subject.tell(message)
        self._timer = self._loop.call_later(TELL_SECONDS, self._tell)
