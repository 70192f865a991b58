"""Every byte that a sandbox's clients are sent, as one number: a hash of what each connection carried, in any order of the connections.

A connection counts from when a dialect is asked on it: what only asks for the control API, for health or metrics is no bot's. Of a socket
the pongs are left out: when a client pings is its own affair.

The hash of a connection is the SHA-256 of its bytes, in order. The sum of these, read as big-endian numbers, modulo 2^256, is the hash of
all: which connection was opened first, or answered first, depends on the network and not on what was asked.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256

from cambist.gateway.transports import ForwardingTransport

KEPT_BYTES = 64 << 20
"""Of all connections together, for a bundle; what is sent beyond that is only hashed."""
UNCOUNTED = ("sandbox", "gateway")
"""What requests are counted under that are no dialect's."""
SWEEP_AT = 64
"""Connections in memory at which those that are over are looked for."""
PONG = 10
_HEAD_END = b"\r\n\r\n"


class ConnectionBytes:
    """What one connection was sent."""

    __slots__ = ("_hash", "_left", "_passing", "_socket", "_unread", "counts", "kept", "number", "size", "store", "transport")

    def __init__(self, number: int, transport: asyncio.Transport, store: SentBytes) -> None:
        self.number = number
        self.transport = transport
        self.store = store
        self.counts = False
        """Whether a dialect was asked on it."""
        self.size = 0
        self.kept = bytearray()
        """The beginning, all of it while there was room."""
        self._hash = sha256()
        self._socket = False  # whether frames are to be told apart
        self._unread = b""  # a handshake's reply, or a frame's head, that is not whole yet
        self._left = 0  # of the frame under way
        self._passing = True  # whether that frame counts

    @property
    def digest(self) -> int:
        """Of all bytes up to now."""
        return int.from_bytes(self._hash.digest())

    @property
    def whole(self) -> bool:
        """Whether all of it was kept."""
        return len(self.kept) == self.size

    def became_socket(self) -> None:
        """What is written from here on is a handshake's reply, then frames."""
        self._socket = True
        self._left = -1

    def written(self, data: bytes) -> None:
        if self._socket:
            self._frames(data)
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)
        if len(self.kept) + len(data) == self.size and self.store.has_room(len(data)):
            self.kept += data

    def _frames(self, data: bytes) -> None:
        data = self._unread + data
        self._unread = b""
        while data:
            if self._left < 0:
                end = data.find(_HEAD_END)
                if end < 0:
                    self._unread = data
                    return
                self._take(data[: end + len(_HEAD_END)])
                data = data[end + len(_HEAD_END) :]
                self._left = 0
            elif self._left:
                part, data = data[: self._left], data[self._left :]
                self._left -= len(part)
                if self._passing:
                    self._take(part)
            else:
                size = _frame_size(data)
                if size is None:
                    self._unread = data
                    return
                self._left, self._passing = size, data[0] & 0x0F != PONG


class SentBytes:
    """All connections of one server."""

    def __init__(self) -> None:
        self._open: dict[int, ConnectionBytes] = {}
        self._closed = 0
        self._closed_count = 0
        self._closed_bytes = 0
        self._ended: list[ConnectionBytes] = []
        self._room = KEPT_BYTES
        self._sweep_at = SWEEP_AT

    def wrap(self, transport: asyncio.Transport, number: int) -> asyncio.Transport:
        """The transport that a new connection writes to."""
        if len(self._open) >= self._sweep_at:
            self._sweep()
        connection = self._open[number] = ConnectionBytes(number, transport, self)
        return _CountingTransport(transport, connection, self)

    def _sweep(self) -> None:
        """Puts away what clients have closed."""
        for connection in [connection for connection in self._open.values() if connection.transport.is_closing()]:
            self.ended(connection)
        self._sweep_at = max(SWEEP_AT, 2 * len(self._open))

    def asked(self, number: int, dialect: str, *, socket: bool = False) -> int:
        """Notes that a connection was asked for something; how many bytes it was sent before."""
        connection = self._open.get(number)
        if connection is None:
            return 0
        if dialect not in UNCOUNTED:
            connection.counts = True
        if socket:
            connection.became_socket()
        return connection.size

    def size_of(self, number: int) -> int:
        """How many bytes an open connection was sent; 0 when it is over."""
        connection = self._open.get(number)
        return 0 if connection is None else connection.size

    def open_connection(self, number: int) -> ConnectionBytes | None:
        """An open connection; what is found stays right when it is closed."""
        return self._open.get(number)

    def ended(self, connection: ConnectionBytes) -> None:
        """Nothing more is written to it."""
        if self._open.pop(connection.number, None) is not None and connection.counts:
            self._closed = (self._closed + connection.digest) % (1 << 256)
            self._closed_count += 1
            self._closed_bytes += connection.size
            if connection.kept:
                self._ended.append(connection)

    def has_room(self, size: int) -> bool:
        """Takes so much of what may be kept, when there is so much."""
        if size > self._room:
            return False
        self._room -= size
        return True

    @property
    def hash(self) -> str:
        """Of everything up to now, 64 hex digits."""
        counting = [connection.digest for connection in self._open.values() if connection.counts]
        return f"{sum(counting, self._closed) % (1 << 256):064x}"

    @property
    def connections(self) -> int:
        """How many there were that count."""
        return self._closed_count + sum(connection.counts for connection in self._open.values())

    @property
    def bytes(self) -> int:
        """How many bytes they were sent."""
        return self._closed_bytes + sum(connection.size for connection in self._open.values() if connection.counts)

    def kept(self) -> list[ConnectionBytes]:
        """The connections that count, in order of their numbers."""
        counting = [connection for connection in self._open.values() if connection.counts]
        return sorted([*self._ended, *counting], key=lambda connection: connection.number)


class _CountingTransport(ForwardingTransport):
    """Has every byte counted."""

    def __init__(self, inner: asyncio.Transport, connection: ConnectionBytes, store: SentBytes) -> None:
        super().__init__(inner)
        self._connection = connection
        self._store = store

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._connection.written(bytes(data))
        self.inner.write(data)

    def close(self) -> None:
        self._store.ended(self._connection)
        self.inner.close()

    def abort(self) -> None:
        self._store.ended(self._connection)
        self.inner.abort()


def _frame_size(data: bytes) -> int | None:
    """Of a server's frame, head and all; None when its head is not whole."""
    if len(data) < 2:
        return None
    length = data[1] & 0x7F
    if length < 126:
        return 2 + length
    width = 2 if length == 126 else 8
    if len(data) < 2 + width:
        return None
    return 2 + width + int.from_bytes(data[2 : 2 + width])
