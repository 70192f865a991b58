"""Edges tell each other how many requests they admitted, so that rate limits hold over all of them: plain NATS, without a promise."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

from nats.aio.msg import Msg

from cambist.cluster.command_channel import Posting
from cambist.cluster.connection import Connection

TELL_SECONDS = 0.25
"""Between two messages of one edge."""
_NUMBER_BYTES = 4


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
        self._subject = f"{connection.settings.name}.admitted"
        self._own = number.to_bytes(_NUMBER_BYTES, "little")
        self._posting = Posting(connection)
        self._timer: asyncio.TimerHandle | None = None
        connection.run(connection.client.subscribe(self._subject, cb=self._hear))
        self._tell()

    def close(self) -> None:
        """Tells nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def _tell(self) -> None:
        message = self._counts.collect()
        if message is not None:
            self._posting.post(self._subject, self._own + message)
        self._timer = self._loop.call_later(TELL_SECONDS, self._tell)

    async def _hear(self, message: Msg) -> None:
        if message.data[:_NUMBER_BYTES] != self._own:
            with contextlib.suppress(RuntimeError):  # the venue's loop has ended
                self._loop.call_soon_threadsafe(self._counts.apply, message.data[_NUMBER_BYTES:])
