"""What all connections of one server share: who is connected, the one timer, and the queue where replies wait for the journal."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable, Sequence
from email.utils import formatdate
from functools import partial
from itertools import count
from typing import Any, Protocol

from uvicorn import Config
from uvicorn.server import ServerState

from cambist.gateway.app import Gateway
from cambist.gateway.http.forwarded import NO_PROXIES, TrustedProxies
from cambist.gateway.http.limits import HttpLimits
from cambist.gateway.round_robin import RoundRobin
from cambist.gateway.transports import Wrap, unwrapped
from cambist.gateway.ws.limits import SocketLimits
from cambist.gateway.ws.send_queue import SendQueue
from cambist.scheduling import Scheduler, Timer

_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.\-_~%!$&'()*+;=]*)(:[0-9]*)?")
_HOST_LENGTH = 262  # a DNS name, a colon and a port
_HOSTS_KEPT = 256


class Pending(Protocol):
    """What waits for the journal: a reply of HTTP, a message of a socket."""

    ready: bool


class Sender(Protocol):
    """The connection whose it is."""

    def flush(self) -> None: ...
    def withhold(self) -> None: ...


class Watched(Protocol):
    """A connection that the sweep looks at."""

    deadline: float
    stalled: float

    def expire(self) -> None: ...
    def unread(self) -> int:
        """Bytes that it holds because its client does not read; 0 while it reads."""

    def cut(self) -> None:
        """Ends it at once, for the memory that it holds."""


class BarrierQueue:
    """Replies that wait for the same future leave together: one callback for each future, not for each reply."""

    __slots__ = ("_future", "_waiters")

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None
        self._waiters: list[tuple[Sender, Pending]] = []

    def wait(self, future: asyncio.Future[None], connection: Sender, pending: Pending) -> None:
        """Marks `pending` ready when `future` is done and flushes its connection, or withholds all of it when the future failed."""
        if future is not self._future:
            self._future = future
            self._waiters = []
            future.add_done_callback(partial(self._done, self._waiters))
        self._waiters.append((connection, pending))

    def _done(self, waiters: list[tuple[Sender, Pending]], future: asyncio.Future[None]) -> None:
        if future is self._future:
            self._future = None
        if future.cancelled() or future.exception() is not None:
            for connection, _pending in waiters:
                connection.withhold()
            return
        for connection, pending in waiters:
            pending.ready = True
            connection.flush()


class Connections:
    """The shared part of one server's connections.

    `now` is the loop's time in seconds at the last sweep: deadlines are set from it, which saves a clock call per request and is why they
    are given one sweep more. `date` gives microseconds since 1970 for Date headers, which are left out without it. `listener` is the
    name that routes know this server's address by. `wrap_transport` gives what a connection writes to. `fields` are header fields of
    every reply.
    """

    def __init__(
        self,
        gateway: Gateway,
        limits: HttpLimits,
        config: Config,
        state: ServerState,
        date: Callable[[], int] | None,
        scheduler: Scheduler,
        socket_limits: SocketLimits | None = None,
        *,
        scheme: str = "http",
        proxies: TrustedProxies = NO_PROXIES,
        listener: str = "",
        wrap_transport: Wrap = unwrapped,
        fields: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self.gateway = gateway
        self.wrap_transport = wrap_transport
        self.scheme = scheme
        self.proxies = proxies
        self.listener = listener
        self.limits = limits
        self.config = config
        self.state = state
        self.app_state: dict[str, Any] = {}
        self.loop = asyncio.get_running_loop()
        self.barrier_queue = BarrierQueue()
        self.round_robin = RoundRobin(self.loop, gateway.metrics.timer)
        self.socket_limits = SocketLimits() if socket_limits is None else socket_limits
        self.send_queue = SendQueue(self.loop)
        self.socket_counts = gateway.metrics.count_sockets()
        self.unread_total = limits.unread_total
        self.unread = 0
        """Bytes of replies and messages that all connections together hold beyond their sockets' buffers."""
        self._shedding = False  # whether who holds too much will be cut in a tick to come
        self._shed = False  # whether they were in this one
        self.scheduler = scheduler
        self.now = self.seconds()
        self.head_patience = limits.head_seconds + limits.sweep_seconds
        self.body_patience = limits.body_seconds + limits.sweep_seconds
        self.idle_patience = limits.idle_seconds + limits.sweep_seconds
        self.write_patience = limits.write_seconds + limits.sweep_seconds
        self.linger_patience = limits.linger_seconds + limits.sweep_seconds
        self.seconds_per_byte = 1.0 / limits.body_pace
        self._clock = date
        self._second = -1
        self._fields = list(fields)
        self.fixed_lines = b"".join(b"%b: %b\r\n" % field for field in fields)
        """Header lines of every reply that are always the same."""
        self._date = b""  # the value
        self._reply_lines = self.fixed_lines
        self._peers: dict[str, int] = {}
        self._open: set[Watched] = set()
        self._hosts: set[bytes] = set()
        self._timer: Timer | None = None
        self._numbers = count(1)

    def next_number(self) -> int:
        """Of a new connection."""
        return next(self._numbers)

    def seconds(self) -> float:
        """The time that deadlines are counted in."""
        return self.scheduler.now() / 1_000_000

    def start(self) -> None:
        """Starts the sweep timer."""
        self._timer = self.scheduler.every(int(self.limits.sweep_seconds * 1_000_000), self._sweep)

    def stop(self) -> None:
        """Stops the sweep timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        now = self.now = self.seconds()
        if self.unread > self.unread_total:
            self._shed_due()
        for connection in [connection for connection in self._open if connection.deadline <= now or connection.stalled <= now]:
            connection.expire()

    def reply_lines(self) -> bytes:
        """The header lines of every reply; with a clock a Date is among them. Rendered once a second."""
        if self._clock is None:
            return self._reply_lines
        second = self._clock() // 1_000_000
        if second != self._second:
            self._second = second
            self._date = formatdate(second, usegmt=True).encode()
            self._reply_lines = b"%bdate: %b\r\n" % (self.fixed_lines, self._date)
        return self._reply_lines

    def reply_fields(self) -> list[tuple[bytes, bytes]]:
        """The same for an ASGI reply."""
        self.reply_lines()
        return [*self._fields, (b"date", self._date)] if self._date else self._fields

    def hold(self, size: int) -> None:
        """Counts bytes that a connection keeps for its client. Beyond the total the connections that keep most, unread, are cut."""
        self.unread += size
        if self.unread > self.unread_total and not self._shedding:
            self._shedding = True
            self.loop.call_soon(self._shed_due)

    def overloaded(self) -> bool:
        """Whether so much is kept that nothing may be begun which the journal might hold up too, and there is nobody to cut for it."""
        if self.unread > self.unread_total and not self._shed:
            self._cut_holders()
        return self.unread > self.unread_total

    def _shed_due(self) -> None:
        self._shedding = self._shed = False
        if self.unread > self.unread_total:
            self._cut_holders()
            self._shed = False

    def _cut_holders(self) -> None:
        """Cuts those who do not read, who holds most first, until an eighth of the total is free again. Once in a tick: it looks at all."""
        self._shed = True
        enough = self.unread_total * 7 // 8
        holders = [(connection.unread(), connection) for connection in self._open]
        for _size, connection in sorted((holder for holder in holders if holder[0]), key=lambda holder: -holder[0]):
            if self.unread <= enough:
                break
            self.gateway.metrics.refuse("unread_total")
            connection.cut()

    def admit(self, connection: Watched, peer: str) -> str:
        """Counts a connection in under its peer key. An empty text, or why it is one too many."""
        metrics = self.gateway.metrics
        if metrics.connections >= self.limits.connections:
            return "connections"
        most = self.limits.connections_loopback if peer in (LOOPBACK, PROXY) else self.limits.connections_per_peer
        count = self._peers.get(peer, 0)
        if count >= most:
            return "connections_per_peer"
        self._peers[peer] = count + 1
        metrics.connections += 1
        metrics.accepted += 1
        self._open.add(connection)
        return ""

    def upgraded(self, connection: Watched) -> None:
        """The connection speaks another protocol now: it still counts, but its deadlines are no longer ours."""
        self._open.discard(connection)

    def adopt(self, connection: Watched) -> None:
        """Sweeps over what an upgraded connection became."""
        self._open.add(connection)

    def release(self, connection: Watched, peer: str) -> None:
        """Counts an admitted connection out."""
        self._open.discard(connection)
        self.gateway.metrics.connections -= 1
        left = self._peers[peer] - 1
        if left:
            self._peers[peer] = left
        else:
            del self._peers[peer]

    def knows_host(self, host: bytes) -> bool:
        """Whether this is a well-formed Host value. Few different ones ever come, so the good ones are remembered."""
        if host in self._hosts:
            return True
        if len(host) > _HOST_LENGTH or not _HOST.fullmatch(host):
            return False
        if len(self._hosts) >= _HOSTS_KEPT:
            self._hosts.clear()
        self._hosts.add(host)
        return True


LOOPBACK = "loopback"
PROXY = "proxy"
"""Peer key of all trusted proxies."""


def plain_address(address: str) -> str:
    """The address of a peer, an IPv4 one that came in over an IPv6 socket as the IPv4 one that it is."""
    return address[7:] if address.startswith("::ffff:") and "." in address else address


def peer_key(host: str) -> str:
    """Which connections count as one peer's: an IPv4 address, an IPv6 /64, or the machine itself."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host or LOOPBACK  # a socket without an address is a local one
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return LOOPBACK if address.is_loopback else str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
        address = address.ipv4_mapped
    return LOOPBACK if address.is_loopback else str(address)
