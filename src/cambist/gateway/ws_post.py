"""One write per socket and turn of the event loop, and the counts of all sockets."""

from __future__ import annotations

import asyncio
from typing import Protocol

from cambist.gateway.metrics import Metrics


class Sender(Protocol):
    """A socket, as far as its mail goes."""

    def write_out(self) -> None: ...


class Post:
    """Collects the sockets that have something to send and lets each write once at the turn's end."""

    __slots__ = ("_due", "_loop", "_senders")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._senders: list[Sender] = []
        self._due = False

    def add(self, sender: Sender) -> None:
        """Has it write at the end of this turn. The sender sees to it that it is added once."""
        self._senders.append(sender)
        if not self._due:
            self._due = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._due = False
        senders, self._senders = self._senders, []
        for sender in senders:
            sender.write_out()


class SocketCounts:
    """How many sockets and messages there were."""

    __slots__ = ("closed", "opened", "received")

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.received = 0

    @staticmethod
    def on(metrics: Metrics) -> SocketCounts:
        """Counts that are shown with a gateway's metrics; several servers of one gateway share them."""
        if metrics.sockets is None:
            counts = metrics.sockets = SocketCounts()
            metrics.gauge("sockets_open", "WebSocket connections open now.", lambda: counts.opened - counts.closed)
            metrics.gauge("socket_messages_received", "WebSocket messages received.", lambda: counts.received)
        return metrics.sockets
