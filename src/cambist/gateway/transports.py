"""A transport that stands before another: for who wants to see, hold back or break what a connection sends."""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable
from typing import Any

_NO_LINGER = struct.pack("ii", 1, 0)
_LOOKS = 1_000
"""Ticks that what was written is given to leave before a reset."""

Wrap = Callable[[asyncio.Transport, int], asyncio.Transport]
"""Gives the transport that a connection shall write to, once for each connection, with the number that its requests have."""


def unwrapped(transport: asyncio.Transport, _number: int) -> asyncio.Transport:
    """The transport itself."""
    return transport


def reset(transport: asyncio.Transport) -> None:
    """Breaks the connection off with a TCP reset, once what was written has left; a client that does not read does not hold it up."""
    loop = asyncio.get_running_loop()

    def look(left: int) -> None:
        if left and transport.get_write_buffer_size() and not transport.is_closing():
            loop.call_soon(look, left - 1)
            return
        own = transport.get_extra_info("socket")
        if own is not None and own.family in (socket.AF_INET, socket.AF_INET6) and own.fileno() >= 0:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()

    loop.call_soon(look, _LOOKS)


class ForwardingTransport(asyncio.Transport):
    """Hands everything on to `inner`; a subclass overrides what it wants to change. Every byte that leaves passes `write`."""

    def __init__(self, inner: asyncio.Transport) -> None:
        super().__init__()
        self.inner = inner

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.inner.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        for data in list_of_data:
            self.write(data)

    def write_eof(self) -> None:
        self.inner.write_eof()

    def can_write_eof(self) -> bool:
        return self.inner.can_write_eof()

    def close(self) -> None:
        self.inner.close()

    def abort(self) -> None:
        self.inner.abort()

    def is_closing(self) -> bool:
        return self.inner.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.inner.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.inner.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.inner.get_protocol()

    def is_reading(self) -> bool:
        return self.inner.is_reading()

    def pause_reading(self) -> None:
        self.inner.pause_reading()

    def resume_reading(self) -> None:
        self.inner.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.inner.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self.inner.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self.inner.get_write_buffer_limits()


class HeldTransport(ForwardingTransport):
    """Lets nothing through, in either direction, until it is let go: then what was written leaves, and what was asked for happens.

    `holders`: how many hold it. Who holds one that is held already counts itself in, and the last one lets it go.
    """

    def __init__(self, inner: asyncio.Transport) -> None:
        super().__init__(inner)
        self.holders = 1
        self._written: list[bytes] = []
        self._size = 0
        self._reads = inner.is_reading()
        self._end: Callable[[], None] | None = None
        if self._reads:
            inner.pause_reading()

    def let_go(self) -> None:
        """What writes to it should write to `inner` again."""
        inner, written, self._written, self._size = self.inner, b"".join(self._written), [], 0
        if inner.is_closing():
            return
        if written:
            inner.write(written)
        if self._end is not None:
            self._end()
        if self._reads and not inner.is_closing():
            inner.resume_reading()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._written.append(bytes(data))
        self._size += len(data)

    def get_write_buffer_size(self) -> int:
        return self.inner.get_write_buffer_size() + self._size

    def is_reading(self) -> bool:
        return self._reads

    def pause_reading(self) -> None:
        self._reads = False

    def resume_reading(self) -> None:
        self._reads = True

    def write_eof(self) -> None:
        self._end = self.inner.write_eof

    def close(self) -> None:
        self._end = self.inner.close

    def abort(self) -> None:
        self._written.clear()
        self._end = self.inner.abort
