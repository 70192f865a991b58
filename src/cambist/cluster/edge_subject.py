"""What edges tell each other beside the log: plain NATS, without a promise."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from nats.aio.msg import Msg

from cambist.cluster.command_channel import Posting
from cambist.cluster.connection import Connection

_NUMBER_BYTES = 4


class EdgeSubject:
    """One edge's end of one subject. For the venue's loop, on which `heard` gets what other edges say, in order."""

    def __init__(self, connection: Connection, name: str, number: int, heard: Callable[[bytes], object]) -> None:
        """`number`: of this run of the edge."""
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._subject = f"{connection.settings.name}.{name}"
        self._own = number.to_bytes(_NUMBER_BYTES, "little")
        self._posting = Posting(connection)
        connection.run(connection.client.subscribe(self._subject, cb=self._hear))

    def tell(self, message: bytes) -> None:
        self._posting.post(self._subject, self._own + message)

    async def _hear(self, message: Msg) -> None:
        if message.data[:_NUMBER_BYTES] != self._own:
            with contextlib.suppress(RuntimeError):  # the venue's loop has ended
                self._loop.call_soon_threadsafe(self._heard, message.data[_NUMBER_BYTES:])
