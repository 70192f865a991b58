"""HTTP/1.x on one connection: the short way from a parsed request to its handler and back, strictly in order.

Routes are answered without an ASGI scope and, when their handler is a plain function, without a task: the handler runs in the parser's
callback, and its reply leaves as soon as the journal is durable. Everything else takes uvicorn's ASGI cycle.

A request is first *held* (read, not begun: something before it must finish), then a *turn* (begun; its reply waits for a handler, for the
journal, or for the turns before it), then sent.
"""

from __future__ import annotations

import asyncio
import logging
import re
import urllib.parse
from collections.abc import Awaitable
from math import inf
from typing import Any, cast

import httptools
import msgspec
import structlog
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from cambist.dialect_kit.messages import Reply, Request, Withheld
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import SocketRoute
from cambist.gateway.connections import Connections, peer_key
from cambist.gateway.failures import BROKEN
from cambist.gateway.http import wire
from cambist.gateway.http.intake import BODY, DEAF, HEAD, IDLE, HttpIntake
from cambist.gateway.http.router import NOT_FOUND
from cambist.gateway.http.upgrade import Upgraded
from cambist.gateway.ws import handshake
from cambist.gateway.ws.socket import Socket
from cambist.scheduling import first_step

_log = structlog.get_logger("cambist.gateway")
_asgi_log = logging.getLogger("cambist.gateway.asgi")


class PendingReply(msgspec.Struct, eq=False, gc=False):
    """A request that has begun. `ready` once its reply may leave; `data` is that reply."""

    close: bool
    route: Route
    started: float
    status: int = 0
    data: bytes = b""
    ready: bool = False


class _Held:
    """A request that has been read and must wait for its turn. `close`: the connection ends with its reply."""

    __slots__ = ("close", "http_version", "request", "route")

    def __init__(self, request: Request, route: Route, close: bool, http_version: str) -> None:
        self.request = request
        self.route = route
        self.close = close
        self.http_version = http_version


class HttpProtocol(HttpIntake):
    """One connection of a server. Made by Server; `front` is what it shares with the others."""

    __slots__ = (
        "_cycle",
        "_eof",
        "_flow",
        "_held",
        "_peer",
        "_pending",
        "_rejection",
        "_running",
        "_writable",
        "stalled",
    )

    def __init__(self, front: Connections) -> None:
        super().__init__(front)
        self.stalled = inf  # of the loop's clock: when the client's not reading ends this connection
        self._pending: list[PendingReply] = []
        self._held: list[_Held] = []
        self._running = False  # a handler that nothing may overtake has not finished
        self._writable = True
        self._rejection = b""  # an error reply that waits for what is under way
        self._eof = False
        self._cycle: RequestResponseCycle | None = None
        self._flow: FlowControl | None = None

    # --- the transport's side ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection, or says that it is one too many."""
        self.transport = cast("asyncio.Transport", transport)
        front = self._connections
        address = transport.get_extra_info("peername")
        self._client = address[0] if isinstance(address, tuple) else ""
        self._peer = peer_key(self._client)
        rejection = front.admit(self, self._peer)
        if rejection:
            self._stage = DEAF
            self._peer = ""
            front.gateway.metrics.refuse(rejection)
            self.transport.write(wire.error(503, "too many connections"))
            self.transport.close()
            return
        cast("set[Any]", front.state.connections).add(self)
        self._parser = httptools.HttpRequestParser(self)
        self.deadline = front.now + front.head_patience

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets everything; a handler that still runs finishes for nobody."""
        self._stage = DEAF
        self.deadline = self.stalled = inf
        self._pending.clear()
        self._held.clear()
        self._backlog = b""
        self._parser = None  # type: ignore[assignment]  # it refers to us: break the cycle
        if self._peer:
            cast("set[Any]", self._connections.state.connections).discard(self)
            self._connections.release(self, self._peer)
        if self._cycle is not None:
            self._cycle.disconnected = True
            self._cycle.message_event.set()
        if self._flow is not None:
            self._flow.resume_writing()

    def eof_received(self) -> bool:
        """A client that has said its last word may still wait for our replies: True keeps the connection until they are sent."""
        self._eof = True
        self._stage = DEAF
        tls = self.transport.get_extra_info("sslcontext") is not None
        return self._busy() and not tls

    def pause_writing(self) -> None:
        """The client does not read: nothing more is begun for it."""
        self._writable = False
        self.stalled = self._connections.now + self._connections.write_patience
        if self._flow is not None:
            self._flow.pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._writable = True
        self.stalled = inf
        if self._flow is not None:
            self._flow.resume_writing()
        self._advance()

    def expire(self) -> None:
        """Called by the sweep when `deadline` or `stalled` has passed."""
        if self.stalled <= self._connections.now:
            self._connections.gateway.metrics.refuse("slow_reader")
            self.transport.abort()
        elif self._stage in (HEAD, BODY):
            self._refuse(408, "the request took too long", "slow_head" if self._stage == HEAD else "slow_body")
        elif self.transport.is_closing():  # and has been for long: what we wrote is not being read
            self.transport.abort()
        else:
            self._end()

    def _end(self) -> None:
        """Closes once everything is written; cut off if that takes too long."""
        self._stage = DEAF
        self.deadline = self._connections.now + self._connections.write_patience
        self.transport.close()

    def shutdown(self) -> None:
        """The server stops: what is in flight is answered, and the connection ends with it."""
        self._leaving = True
        if self._cycle is not None:
            self._cycle.keep_alive = False
        if self._stage in (HEAD, BODY):
            self._close = True
            return
        self._stage = DEAF
        if self._held:
            self._held[-1].close = True
        elif self._pending:
            self._pending[-1].close = True
        elif not self._running and not self._rejection:
            self._end()

    # --- from a request to its reply --------------------------------------------------------------------------------------

    def _busy(self) -> bool:
        return bool(self._pending or self._held or self._running)

    def _full(self) -> bool:
        return bool(self._held) or len(self._pending) >= self._connections.limits.pipeline

    def _blocked(self) -> bool:
        """Whether no further request may begin: one at a time for handlers that take their time, and no more replies than are read."""
        return self._running or not self._writable or len(self._pending) >= self._connections.limits.pipeline

    def _taken(self, request: Request, route: Route, close: bool) -> None:
        """Answered here and now if nothing is before it."""
        if self._held or self._blocked():
            self._held.append(_Held(request, route, close, self._version))
        elif route is NOT_FOUND and self._connections.gateway.fallback is not None:
            self._held.append(_Held(request, route, close, self._version))
            self._advance()
        else:
            self._start(request, route, close)

    def _refused(self, reply: bytes) -> None:
        self._rejection = reply
        if not self._busy():
            self._drained()

    def _start(self, request: Request, route: Route, close: bool) -> None:
        """Calls the handler. A Reply leaves at once when nothing is before it and the journal owes nothing."""
        front = self._connections
        gateway = front.gateway
        started = gateway.metrics.timer()
        try:
            reply = route.handler(request)
            if type(reply) is not Reply:
                # Most handlers never wait: they run to their end here, without a task.
                ended, reply = first_step(cast("Awaitable[Reply]", reply))
                if not ended:
                    self._start_task(cast("Awaitable[Reply]", reply), request, route, PendingReply(close, route, started))
                    return
        except Withheld:
            self.withhold()
            return
        except Exception as error:
            reply = gateway.failed(route, error)
        reply = cast("Reply", reply)
        try:
            waiting = gateway.barrier() if route.durable else None
        except Exception:
            self.withhold()
            return
        status, data = self._render(reply, request, route, close)
        if waiting is None and not self._pending:
            self.transport.write(data)
            gateway.counts(route).observe(status, gateway.metrics.timer() - started)
            if close:
                self._end()
            elif self._stage == IDLE:
                self.deadline = front.now + front.idle_patience
            return
        turn = PendingReply(close, route, started, status, data)
        self._pending.append(turn)
        if waiting is None:
            turn.ready = True
        else:
            front.gate.wait(waiting, self, turn)

    def _render(self, reply: Reply, request: Request, route: Route, close: bool) -> tuple[int, bytes]:
        head = request.method == "HEAD"
        date = self._connections.date_line()
        try:
            return reply.status, wire.render(reply, head=head, close=close, date=date)
        except Exception as error:
            self._connections.gateway.failed(route, error)
            return BROKEN.status, wire.render(BROKEN, head=head, close=close, date=date)

    def _start_task(self, result: Awaitable[Reply], request: Request, route: Route, turn: PendingReply) -> None:
        self._pending.append(turn)
        self._running = True
        task = self._connections.loop.create_task(self._finish(result, request, route, turn))
        self._connections.state.tasks.add(task)
        task.add_done_callback(self._connections.state.tasks.discard)

    async def _finish(self, result: Awaitable[Reply], request: Request, route: Route, turn: PendingReply) -> None:
        gateway = self._connections.gateway
        try:
            reply = await gateway.finish(route, result)
        except asyncio.CancelledError:
            self.transport.abort()
            raise
        except Withheld:
            self._running = False
            self.withhold()
            return
        self._running = False
        if turn not in self._pending:  # the connection is gone
            return
        try:
            waiting = gateway.barrier() if route.durable else None
        except Exception:
            self.withhold()
            return
        turn.status, turn.data = self._render(reply, request, route, turn.close)
        if waiting is None:
            turn.ready = True
        else:
            self._connections.gate.wait(waiting, self, turn)
        self.flush()

    def flush(self) -> None:
        """Sends the replies that may leave, in order, and begins what they held up."""
        pending = self._pending
        gateway = self._connections.gateway
        while pending and pending[0].ready:
            turn = pending.pop(0)
            self.transport.write(turn.data)
            gateway.counts(turn.route).observe(turn.status, gateway.metrics.timer() - turn.started)
            if turn.close:
                pending.clear()
                self._drained(close=not self._rejection)
                return
        if pending or self._held or self._running or self._paused:
            self._advance()
        else:  # as nearly always
            self._drained()

    def _advance(self) -> None:
        """Begins held requests as far as they may, and reads on when there is room."""
        held = self._held
        while held and not self._blocked():
            first = held[0]
            if first.route is NOT_FOUND and self._connections.gateway.fallback is not None:
                if self._pending:
                    break
                del held[0]
                self._start_asgi(first)
            else:
                del held[0]
                self._start(first.request, first.route, first.close)
        if self._paused and self._stage != DEAF and not self._full():
            self._resume_reading()
        if not self._busy():
            self._drained()

    def _drained(self, close: bool = False) -> None:
        """Nothing is under way any more: says what was waiting for that."""
        if self.transport.is_closing():
            return
        if self._rejection:
            self.transport.write(self._rejection)
            self._rejection = b""
            self._linger()
        elif close or self._eof:
            self._end()
        elif self._stage == IDLE:
            self.deadline = self._connections.now + self._connections.idle_patience
        elif self._owes_continue and self._stage == BODY:
            self._owes_continue = False
            self.deadline = self._connections.now + self._connections.body_patience
            self.transport.write(wire.CONTINUE)

    def _linger(self) -> None:
        """Throws away what still comes in: closing with unread input would reset the connection, and the client might lose our reply."""
        self.deadline = self._connections.now + self._connections.linger_patience
        if self._eof:
            self._end()
            return
        if self._paused:
            self._backlog = b""
            self._resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def withhold(self) -> None:
        """The journal failed, or a handler wants no reply: neither this one nor any after it leaves."""
        self._connections.gateway.metrics.refuse("withheld")
        self._pending.clear()
        self._held.clear()
        self._rejection = self._backlog = b""
        self._end()

    # --- the ASGI way -----------------------------------------------------------------------------------------------------

    def _start_asgi(self, held: _Held) -> None:
        """Hands a request to the application in uvicorn's cycle, which writes by itself; nothing else is under way then."""
        front = self._connections
        if self._flow is None:
            self._flow = FlowControl(self.transport)
        self._running = True
        cycle = self._cycle = RequestResponseCycle(
            scope=cast("Any", self._scope(held)),
            transport=self.transport,
            flow=self._flow,
            logger=_asgi_log,
            access_logger=_asgi_log,
            access_log=False,
            default_headers=front.date_fields(),
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=not held.close,
            on_response=self._asgi_sent,
        )
        cycle.body += held.request.body
        cycle.more_body = False
        cycle.message_event.set()
        task = front.loop.create_task(self._run_asgi(cycle))
        front.state.tasks.add(task)
        task.add_done_callback(front.state.tasks.discard)

    async def _run_asgi(self, cycle: RequestResponseCycle) -> None:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            try:
                await self._connections.gateway(scope, receive, send)
            except Withheld:
                cycle.disconnected = True  # so that the cycle sends nothing either
                self.withhold()
            except asyncio.CancelledError:  # the server stops, and its deadline has passed
                cycle.disconnected = True
                self.transport.abort()

        await cycle.run_asgi(cast("Any", application))

    def _asgi_sent(self) -> None:
        self._running = False
        self._cycle = None
        if not self.transport.is_closing():
            self.flush()

    def _scope(self, held: _Held) -> dict[str, Any]:
        request = held.request
        transport = self.transport
        tls = transport.get_extra_info("sslcontext") is not None
        address = transport.get_extra_info("peername")
        server = transport.get_extra_info("sockname")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": held.http_version,
            "server": tuple(server[:2]) if isinstance(server, tuple) else None,
            "client": tuple(address[:2]) if isinstance(address, tuple) else None,
            "scheme": "https" if tls else "http",
            "method": request.method,
            "root_path": "",
            "path": urllib.parse.unquote(request.path),
            "raw_path": request.path.encode(),
            "query_string": request.query,
            "headers": list(request.headers.items()),
            "state": self._connections.app_state.copy(),
        }

    def _hand_over(self, rest: bytes) -> None:
        """Gives the connection to a socket of ours or, the handshake's bytes first, to the fallback's WebSocket protocol class."""
        front = self._connections
        found = front.gateway.find_socket(self._path)
        if found is not None:
            self._become_socket(*found, rest)
            return
        cast("set[Any]", front.state.connections).discard(self)
        front.upgraded(self)
        self._stage = DEAF
        self.deadline = self.stalled = inf
        make = cast("Any", front.config.ws_protocol_class)
        protocol: asyncio.Protocol = make(config=front.config, server_state=front.state, app_state=front.app_state)
        lines = [b"%b %b HTTP/1.1\r\n" % (self._method.encode(), self._url)]
        lines += [b"%b: %b\r\n" % field for field in self._fields.items()]
        self._parser = None  # type: ignore[assignment]  # it refers to us: break the cycle
        peer = self._peer
        self.transport.set_protocol(Upgraded(protocol, lambda: front.release(self, peer)))
        protocol.connection_made(self.transport)
        protocol.data_received(b"".join((*lines, b"\r\n", rest)))

    def _become_socket(self, route: SocketRoute, match: re.Match[str] | None, rest: bytes) -> None:
        """Lets the route's dialect look at the handshake; its rejection ends the connection as any other reply would."""
        front = self._connections
        request = Request(self._method, self._path, self._query, self._fields, b"", self._client, match)
        socket = Socket(front, route, request, self.transport, self._peer)
        try:
            session = handshake.rejection_of(request) or route.accept(request, socket)
        except Exception as error:
            session = front.gateway.failed(Route(route.path, NOT_FOUND.handler, dialect=route.dialect, name=route.name), error)
        if isinstance(session, Reply):
            front.gateway.metrics.refuse("handshake")
            self._stage = DEAF
            self._refused(wire.render(session, close=True, date=front.date_line()))
            return
        connections = cast("set[Any]", front.state.connections)
        connections.discard(self)
        connections.add(socket)
        front.upgraded(self)
        front.adopt(socket)
        self._stage = DEAF
        self.deadline = self.stalled = inf
        self._parser = None  # type: ignore[assignment]  # it refers to us: break the cycle
        self.transport.set_protocol(socket)
        socket.begin(session, rest)
