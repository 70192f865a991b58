"""Commands of edges on their way to whoever leads: plain NATS, which may lose a message and promises nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

import nats.errors
import structlog
from nats.aio.msg import Msg

from cambist.cluster.connection import Connection
from cambist.exchange.edge_messages import BatchAnswer, decode_answer

_log = structlog.get_logger("cambist.cluster")


def _subject(connection: Connection, epoch: int) -> str:
    """Of one leader alone: an earlier one that does not know yet that it is over hears nothing that is meant for this one."""
    return f"{connection.settings.name}.commands.{epoch}"


class Posting:
    """What the venue's loop has the connection's loop send, in order."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: deque[tuple[str, bytes, str]] = deque()
        self._sending: asyncio.Task[None] | None = None

    def post(self, subject: str, data: bytes, reply: str = "") -> None:
        """From any thread."""
        with contextlib.suppress(RuntimeError):  # the connection's loop has ended, and this process is about to
            self._connection.loop.call_soon_threadsafe(self._begin, subject, data, reply)

    def _begin(self, subject: str, data: bytes, reply: str) -> None:
        self._waiting.append((subject, data, reply))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._waiting:
                subject, data, reply = self._waiting.popleft()
                with contextlib.suppress(nats.errors.Error, OSError):  # whoever needs an answer asks again
                    await self._connection.client.publish(subject, data, reply=reply)
        finally:
            self._sending = None


class CommandReceiver:
    """The leader's end. `take` is called on the venue's loop, with one batch after the other; what it returns is sent back."""

    def __init__(
        self, connection: Connection, epoch: int, loop: asyncio.AbstractEventLoop, take: Callable[[bytes], BatchAnswer | None]
    ) -> None:
        self._connection = connection
        self._loop = loop
        self._take = take
        self._posting = Posting(connection)
        self._heard: deque[tuple[bytes, str]] = deque()
        self._due = False
        self._subscription = connection.run(connection.client.subscribe(_subject(connection, epoch), cb=self._hear))

    async def close(self) -> None:
        """Hears of no batch from now on. From the venue's loop."""
        with contextlib.suppress(nats.errors.Error, RuntimeError):
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._subscription.unsubscribe(), self._connection.loop))

    async def _hear(self, message: Msg) -> None:
        self._heard.append((message.data, message.reply))
        if not self._due:
            self._due = True
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._take_heard)

    def _take_heard(self) -> None:
        self._due = False
        while self._heard:
            batch, reply = self._heard.popleft()
            answer = self._take(batch)
            if answer is not None and reply:
                self._posting.post(reply, answer.encode())


class CommandSender:
    """The edge's end: `exchange.pending_commands.ToLeader`. `answered` is called on the venue's loop."""

    def __init__(self, connection: Connection, loop: asyncio.AbstractEventLoop, answered: Callable[[BatchAnswer], object]) -> None:
        self._connection = connection
        self._loop = loop
        self._answered = answered
        self._posting = Posting(connection)
        self._inbox = connection.client.new_inbox()
        connection.run(connection.client.subscribe(self._inbox, cb=self._hear))

    def send(self, epoch: int, batch: bytes) -> None:
        self._posting.post(_subject(self._connection, epoch), batch, self._inbox)

    async def _hear(self, message: Msg) -> None:
        if message.headers:  # nobody leads under this epoch, as the servers say
            return
        answer = decode_answer(message.data)
        if answer is None:
            _log.error("an answer to commands cannot be read: a leader of another version")
            return
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._answered, answer)
