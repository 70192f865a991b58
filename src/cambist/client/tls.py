"""TLS for a socket that one thread reads while another writes.

websockets' waiting client does that, and up to Python 3.12 the interpreter lets both threads into one OpenSSL object, which is not made for
it: a connection now and then breaks with an internal error, or hangs. Here one thread is inside at a time, and none waits in there.
"""

from __future__ import annotations

import select
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

T = TypeVar("T")


class SharedTlsSocket(ssl.SSLSocket):
    """What an `SSLContext` of `shared_tls` makes. Two threads may `recv` and `sendall` at the same time."""

    @property
    def _exclusive(self) -> AbstractContextManager[bool]:
        # Instances are made by SSLContext.wrap_socket, which knows nothing of fields: the first to ask is the thread that made it.
        lock: AbstractContextManager[bool] = self.__dict__.setdefault("_lock", threading.RLock())
        return lock

    def settimeout(self, value: float | None) -> None:
        with self._exclusive:
            super().settimeout(value)

    def gettimeout(self) -> float | None:
        with self._exclusive:  # while somebody has it there is none
            return super().gettimeout()

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        return self._patiently(lambda: super(SharedTlsSocket, self).recv(buflen, flags))

    def sendall(self, data: Any, flags: int = 0) -> None:
        with memoryview(data) as view, view.cast("B") as rest:
            sent = 0
            while sent < len(rest):
                sent += self._patiently(lambda part=rest[sent:]: super(SharedTlsSocket, self).send(part, flags))  # type: ignore[misc]

    def _patiently(self, act: Callable[[], T]) -> T:
        """Does it as soon as it can be done at once. TimeoutError."""
        patience = self.gettimeout()
        deadline = None if patience is None else time.monotonic() + patience
        while True:
            reading, writing = [self], list[SharedTlsSocket]()
            try:
                return self._at_once(act)
            except ssl.SSLWantWriteError:
                reading, writing = [], [self]
            except (ssl.SSLWantReadError, BlockingIOError):
                pass
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError("timed out")
            select.select(reading, writing, [], left)

    def _at_once(self, act: Callable[[], T]) -> T:
        with self._exclusive:
            patience = self.gettimeout()
            super().settimeout(0)
            try:
                return act()
            finally:
                super().settimeout(patience)


def shared_tls() -> ssl.SSLContext:
    """The system's certificate authorities, as `ssl.create_default_context` has them, and sockets that two threads may use."""
    context = ssl.create_default_context()
    context.sslsocket_class = SharedTlsSocket
    return context
