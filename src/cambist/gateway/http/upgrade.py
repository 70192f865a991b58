"""After an upgrade: the WebSocket protocol has the connection, and it still counts as one."""

import asyncio
from collections.abc import Callable


class Upgraded(asyncio.Protocol):
    """Passes a transport's events on to `protocol` and calls `release` when the connection is gone."""

    __slots__ = ("_protocol", "_release")

    def __init__(self, protocol: asyncio.Protocol, release: Callable[[], None]) -> None:
        self._protocol = protocol
        self._release = release

    def data_received(self, data: bytes) -> None:
        """Bytes of messages."""
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        """As the inner protocol decides."""
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The inner protocol hears of it first, but cannot keep the place."""
        try:
            self._protocol.connection_lost(exc)
        finally:
            self._release()

    def pause_writing(self) -> None:
        """The peer does not read."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._protocol.resume_writing()
