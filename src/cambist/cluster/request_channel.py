"""Requests of edges to whoever leads, and their answers: plain NATS, which may lose a message and promises nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from cambist.cluster.connection import Connection

_log = structlog.get_logger("cambist.cluster")

PART_BYTES = 512 << 10
"""An answer goes in messages of this size at most, half of what the servers take by default."""
AT_ONCE = 64
"""Requests that are being answered; whoever comes then is told that the leader is busy."""
NO_RESPONDERS = "503"
"""The servers' own status for a message that nobody listens to."""


class NobodyLeads(Exception):
    """Nobody hears requests under that epoch: nothing was done."""


def _subject(connection: Connection, epoch: int) -> str:
    """Of one leader alone, as with commands."""
    return f"{connection.settings.name}.requests.{epoch}"


async def ask(connection: Connection, epoch: int, request: bytes, within: float) -> bytes:
    """Sends it once, and gives the answer. For the connection's loop.

    NobodyLeads. TimeoutError: there was no whole answer in `within` seconds, so it may have been done, or be done still.
    """
    client, parts = connection.client, list[bytes]()
    inbox = client.new_inbox()
    try:
        async with asyncio.timeout(within):
            answers = await client.subscribe(inbox)
            try:
                await client.publish(_subject(connection, epoch), request, reply=inbox)
                while True:
                    message = await answers.next_msg(within)
                    fields = message.headers or {}
                    if fields.get("Status") == NO_RESPONDERS:
                        raise NobodyLeads
                    if fields.get("Part") != str(len(parts)):
                        raise TimeoutError("a part of the answer is lost")
                    parts.append(message.data)
                    if "More" not in fields:
                        return b"".join(parts)
            finally:
                with contextlib.suppress(nats.errors.Error):
                    await answers.unsubscribe()
    except (nats.errors.Error, OSError) as error:
        raise TimeoutError(repr(error)) from error


class RequestReceiver:
    """The leader's end. `answer` runs on the venue's loop, for several requests at a time."""

    def __init__(
        self,
        connection: Connection,
        epoch: int,
        loop: asyncio.AbstractEventLoop,
        answer: Callable[[bytes], Coroutine[Any, Any, bytes]],
        busy: bytes,
    ) -> None:
        """`busy`: what those are answered who come while too many wait."""
        self._client = connection.client
        self._loop = loop
        self._answer = answer
        self._busy = busy
        self._running: set[asyncio.Task[None]] = set()
        connection.run(connection.client.subscribe(_subject(connection, epoch), cb=self._hear))

    async def _hear(self, message: Msg) -> None:
        if len(self._running) >= AT_ONCE:
            await _respond(self._client, message, self._busy)
            return
        task = asyncio.create_task(self._answered(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answered(self, message: Msg) -> None:
        try:
            answer = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._answer(message.data), self._loop))
        except RuntimeError:  # the venue's loop has ended, and this process is about to
            return
        await _respond(self._client, message, answer)


async def _respond(client: Client, message: Msg, answer: bytes) -> None:
    parts = range(0, max(len(answer), 1), PART_BYTES)
    for number, begin in enumerate(parts):
        fields = {"Part": str(number)} | ({"More": "1"} if number + 1 < len(parts) else {})
        try:
            await client.publish(message.reply, answer[begin : begin + PART_BYTES], headers=fields)
        except (nats.errors.Error, OSError) as error:
            _log.warning("an edge's request could not be answered", error=repr(error))
            return
