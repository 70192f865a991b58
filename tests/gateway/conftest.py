"""A real server in a thread of its own, and a client that sends exactly the bytes it is told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import pytest
import uvloop

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.gateway.app import Gateway
from cambist.gateway.http.limits import HttpLimits
from cambist.gateway.server import Server

PATIENCE = 10.0  # seconds after which a test gives up; nothing is expected to take that long
_T = TypeVar("_T")


class Answer(NamedTuple):
    status: int
    headers: dict[bytes, bytes]
    body: bytes


def answers(raw: bytes, *, bodiless: bool = False) -> list[Answer]:
    """All replies in a byte stream, framed by Content-Length; fails on bytes that belong to none."""
    found = []
    while raw:
        head, mark, raw = raw.partition(b"\r\n\r\n")
        assert mark, f"an unfinished reply: {head!r}"
        status, *lines = head.split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines)
        size = 0 if bodiless else int(headers.get(b"content-length", b"0"))
        found.append(Answer(int(status.split(b" ")[1]), headers, raw[:size]))
        assert len(raw) >= size, "an unfinished body"
        raw = raw[size:]
    return found


class Client:
    """One connection. Reads end at the server's close, or after as many bytes as were asked for."""

    def __init__(self, port: int, *, receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""

    def send(self, data: bytes, *, pieces: int = 0) -> None:
        """Sends everything, in pieces of so many bytes if asked. A server that has hung up already is no error."""
        with contextlib.suppress(ConnectionError):
            for at in range(0, len(data), pieces or len(data) or 1):
                self.socket.sendall(data[at : at + (pieces or len(data))])

    def to_end(self) -> bytes:
        """Everything up to the server's close; a reset counts as one."""
        data, self.left = self.left, b""
        with contextlib.suppress(ConnectionError):
            while part := self.socket.recv(65_536):
                data += part
        return data

    def answer(self) -> Answer:
        """The next reply, the connection staying open."""
        while b"\r\n\r\n" not in self.left:
            self._more()
        head = self.left.partition(b"\r\n\r\n")[0]
        size = len(head) + 4
        for line in head.split(b"\r\n"):
            if line.startswith(b"content-length: "):
                size += int(line[16:])
        while len(self.left) < size:
            self._more()
        whole, self.left = self.left[:size], self.left[size:]
        return answers(whole)[0]

    def _more(self) -> None:
        part = self.socket.recv(65_536)
        assert part, f"closed after {self.left!r}"
        self.left += part

    def silent(self) -> bool:
        """Whether nothing has come in: a look, not a wait."""
        self.socket.settimeout(0)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self.left
        finally:
            self.socket.settimeout(PATIENCE)
        return False

    def close(self) -> None:
        self.socket.close()


class Running:
    """A gateway served from a loop in a thread."""

    def __init__(self, gateway: Gateway, limits: HttpLimits | None, **options: Any) -> None:
        self.gateway = gateway
        self.clients: list[Client] = []
        self._started = threading.Event()
        self._limits = limits
        self._options = options
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._started.wait(PATIENCE)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self.server = Server(self.gateway, limits=self._limits, **self._options)
        await self.server.start()
        self.port = self.server.port
        self._started.set()
        await self._over.wait()
        await self.server.stop(deadline=0.5)

    def connect(self, **options: int) -> Client:
        client = Client(self.port, **options)
        self.clients.append(client)
        return client

    def say(self, raw: bytes, *, pieces: int = 0) -> list[Answer]:
        """Sends these bytes on a new connection and gives all replies up to the close, which the request must ask for."""
        client = self.connect()
        client.send(raw, pieces=pieces)
        found = answers(client.to_end())
        client.close()
        return found

    def call(self, act: Callable[[], _T]) -> _T:
        """Runs a function on the loop's thread, after everything that the loop has already been given."""

        async def on_loop() -> _T:
            return act()

        return asyncio.run_coroutine_threadsafe(on_loop(), self.loop).result(PATIENCE)

    def let_loop_pass(self) -> None:
        """Returns when the loop has gone round several times, and has served a whole request on another connection."""
        for _round in range(5):
            self.call(lambda: None)
        client = self.connect()
        client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.answer().status == 200
        client.close()

    def refused(self, reason: str) -> int:
        return self.gateway.metrics.refused.get(reason, 0)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


def echo(request: Request) -> Reply:
    """What the handler saw: method, path, query, body, one line each, then the header fields in order."""
    lines = [request.method.encode(), request.path.encode(), request.query, request.body]
    lines += [b"%b=%b" % field for field in request.headers.items()]
    return Reply(200, b"\n".join(lines), b"text/plain")


ECHO = Route("/", echo, ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"), prefix=True, name="echo")

Serve = Callable[..., Running]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(routes, limits=..., server={...}, barrier=...)` starts a venue; all are closed at the end."""
    venues: list[Running] = []

    def start(
        routes: Iterable[Route] = (ECHO,), *, limits: HttpLimits | None = None, server: dict[str, Any] | None = None, **options: Any
    ) -> Running:
        venues.append(Running(Gateway(routes, **options), limits, **(server or {})))
        return venues[-1]

    yield start
    for venue in venues:
        venue.close()
