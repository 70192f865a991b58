"""One write per socket and tick of the event loop."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Sender(Protocol):
    """A socket, as far as its writing goes."""

    def write_out(self) -> None: ...


class SendQueue:
    """Collects the sockets that have something to send and lets each write once at the tick's end."""

    __slots__ = ("_due", "_loop", "_senders")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._senders: list[Sender] = []
        self._due = False

    def add(self, sender: Sender) -> None:
        """Has it write at the end of this tick. The sender sees to it that it is added once."""
        self._senders.append(sender)
        if not self._due:
            self._due = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._due = False
        senders, self._senders = self._senders, []
        for sender in senders:
            sender.write_out()
