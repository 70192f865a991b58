"""Makes frames durable in the stream one after the other, and never takes "no answer" for "no"."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cambist._core import JournalFailed, JournalFenced
from cambist.cluster.claims import decode_claim
from cambist.cluster.log_stream import FRAME, LogStream, Message, NoRoom, Unknown, WrongLast

RETRY_SECONDS = 0.05


@dataclass(slots=True)
class WriterCounts:
    """For the operator. Written on the connection's loop, read from any thread."""

    unknown: int = 0
    """Answers that did not come, or did not say whether the frame was stored."""
    found: int = 0
    """Of those, frames that were in the log all the same."""


class FrameWriter:
    """The one that publishes. For the connection's loop, one call at a time."""

    def __init__(self, stream: LogStream, position: int, counts: WriterCounts) -> None:
        self._stream = stream
        self.position = position
        """The stream's last message, as this writer knows it."""
        self.full = False
        """The last attempt was turned away for want of room."""
        self._counts = counts

    async def write(self, kind: str, data: bytes, message_id: str) -> None:
        """Returns when the message stands behind the last one, replicated.

        JournalFenced: another writer's message stands there. JournalFailed: its fate stayed unknown for too long, or there was no room
        for as long; it may be in the log or not, and the next opening finds out.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._stream.settings.give_up_seconds
        while True:
            try:
                stored, earlier = await self._stream.publish(kind, data, self.position, message_id)
            except WrongLast as error:
                reason = await self._compare(data, deadline)
                if reason is None:
                    return
                raise JournalFenced(f"{reason} ({error})") from None
            except NoRoom as error:
                self.full, reason = True, f"the log's servers are full: {error}"
            except Unknown as error:
                self._counts.unknown += 1
                reason = f"it is not known whether the last frame was stored: {error}"
                if await self._was_stored(data):
                    return
            else:
                if stored != self.position + 1:
                    raise JournalFailed(f"the server stored message {stored} where {self.position + 1} was due")
                self._counts.found += earlier
                self._advance()
                return
            if loop.time() >= deadline:
                raise JournalFailed(reason)
            await asyncio.sleep(RETRY_SECONDS)

    async def fenced(self) -> str | None:
        """Who or what stands behind this writer's last message, which only another writer can have put there; None: nothing. Unknown."""
        found = await self._stream.next_from(self.position + 1)
        return None if found is None else describe(found)

    async def _was_stored(self, data: bytes) -> bool:
        """Reads the log's end: whether the message stands there. JournalFenced when another one does."""
        try:
            found = await self._stream.get(self.position + 1)
        except Unknown:
            return False
        if found is None:
            return False  # perhaps it is still on its way: the next attempt has the same id and the same place
        if found.data != data:
            raise JournalFenced(f"another writer has taken over: {describe(found)}")
        self._counts.found += 1
        self._advance()
        return True

    async def _compare(self, data: bytes, deadline: float) -> str | None:
        """The stream does not end where this writer stood: None when that is its own message, stored by an attempt without answer; who
        wrote otherwise. JournalFailed."""
        loop = asyncio.get_running_loop()
        reason = "another message stands at the log's end, and no server shows it"
        while loop.time() < deadline:
            try:
                found = await self._stream.get(self.position + 1)
                info = await self._stream.info()
            except Unknown:
                found, info = None, None
            if found is not None:
                if found.data == data:
                    self._counts.found += 1
                    self._advance()
                    return None
                return f"another writer has taken over: {describe(found)}"
            if info is not None and info.state.last_seq < self.position:  # or its new leader does not know everything yet
                reason = f"the log ends at message {info.state.last_seq}, but {self.position} was stored in it before"
            await asyncio.sleep(RETRY_SECONDS)
        raise JournalFailed(reason)

    def _advance(self) -> None:
        self.position += 1
        self.full = False


def describe(message: Message) -> str:
    """In words, what somebody else wrote."""
    claim = decode_claim(message.data)
    if claim is not None:
        return f"node {claim.node} claimed epoch {claim.epoch} with message {message.seq}"
    return f"message {message.seq} is {'a frame' if message.kind == FRAME else 'something'} of its own"
