"""Interceptors stand before everything that answers: dialects, health, and what is said where nobody answers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from tests.gateway.conftest import Serve
from tests.support import websocket_frames as ws
from tests.support.waiting import wait_until
from tests.support.websocket_frames import Wire


class Echo(Session):
    def text(self, message: str) -> None:
        self.socket.send(message.encode())


class Notes:
    """An interceptor that notes what is asked, under its name, and the connection."""

    def __init__(self, name: str, noted: list[tuple[str, str, int]]) -> None:
        self.name = name
        self.noted = noted

    def route(self, route: Route) -> Route:
        handler = route.handler

        def handle(request: Request) -> Reply | Awaitable[Reply]:
            self.noted.append((self.name, request.path, request.connection))
            return handler(request)

        return replace(route, handler=handle)

    def socket_route(self, route: SocketRoute) -> SocketRoute:
        accept = route.accept

        def accepted(request: Request, socket: Socket) -> Session | Reply:
            self.noted.append((self.name, request.path, request.connection))
            return accept(request, socket)

        return replace(route, accept=accepted)


ROUTES = [Route("/own", lambda _request: Reply(body=b"own")), Route("/own/", lambda _request: Reply(body=b"below"), prefix=True)]
ERRORS = [PathErrors("/claimed", lambda _request, status: Reply(status, b"claimed"))]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/own", 200),
        ("HEAD", "/own", 200),
        ("GET", "/own/x", 200),
        ("POST", "/own", 405),
        ("GET", "/claimed/x", 404),
        ("GET", "/none", 404),
        ("GET", "/healthz", 200),
    ],
)
def test_every_request_passes_them_in_order(serve: Serve, method: str, path: str, status: int) -> None:
    noted: list[tuple[str, str, int]] = []
    running = serve(ROUTES, path_errors=ERRORS, interceptors=[Notes("outer", noted), Notes("inner", noted)])
    for number in (1, 2):
        client = running.connect()
        client.send(b"%b %b HTTP/1.1\r\nHost: x\r\n\r\n" % (method.encode(), path.encode()))
        while b"\r\n\r\n" not in client.left:
            client._more()
        assert client.left.startswith(b"HTTP/1.1 %d" % status)
        assert noted == [("outer", path, number), ("inner", path, number)]
        noted.clear()


def test_handshakes_pass_them_too(serve: Serve) -> None:
    noted: list[tuple[str, str, int]] = []
    sockets = [SocketRoute("/ws", lambda _request, socket: Echo(socket))]
    running = serve([], sockets=sockets, interceptors=[Notes("outer", noted), Notes("inner", noted)])
    Wire(running, "/ws")
    assert noted == [("outer", "/ws", 1), ("inner", "/ws", 1)]


class Gate:
    """A socket route whose handshakes wait."""

    def __init__(self) -> None:
        self.opened: asyncio.Future[None] | None = None

    def admit(self) -> Awaitable[None]:
        self.opened = asyncio.get_running_loop().create_future()
        return self.opened

    def open(self) -> None:
        assert self.opened is not None
        self.opened.set_result(None)

    def route(self, accept: Callable[[Request, Socket], Session | Reply]) -> SocketRoute:
        return SocketRoute("/ws", accept, admit=self.admit)


def waiting(serve: Serve, gate: Gate, accept: Callable[[Request, Socket], Session | Reply]) -> tuple[Any, Any]:
    """A server, and a client whose handshake waits and that has said something behind it already."""
    running = serve([], sockets=[gate.route(accept)])
    client = running.connect()
    client.send(ws.handshake("/ws") + ws.text("early"))
    running.let_loop_pass()
    assert client.silent()
    return running, client


def test_a_handshake_that_waits_is_accepted_later_and_loses_nothing(serve: Serve) -> None:
    gate = Gate()
    running, client = waiting(serve, gate, lambda _request, socket: Echo(socket))
    client.send(ws.text("late"))
    running.call(gate.open)
    assert client.answer().status == 101
    client.send(ws.closing())
    assert [frame.payload for frame in ws.parse_all(client.to_end())][:2] == [b"early", b"late"]


def test_a_handshake_that_waits_may_be_refused_later(serve: Serve) -> None:
    gate = Gate()
    running, client = waiting(serve, gate, lambda _request, _socket: Reply(403, b"no"))
    running.call(gate.open)
    assert client.answer().status == 403
    assert client.to_end() == b""


def test_a_client_that_leaves_while_its_handshake_waits_is_found_gone_when_it_is_accepted(serve: Serve) -> None:
    ended: list[Session] = []

    class Ending(Echo):
        def closed(self) -> None:
            ended.append(self)

    gate = Gate()
    running, client = waiting(serve, gate, lambda _request, socket: Ending(socket))
    client.close()
    running.call(gate.open)
    wait_until(lambda: ended)
    running.let_loop_pass()
    assert len(ended) == 1
    assert running.gateway.metrics.connections <= 1
