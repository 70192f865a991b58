"""HTTP/1.x on one connection: the short way from a parsed request to its handler and back, strictly in order.

Routes are answered without an ASGI scope and, when their handler is a plain function, without a task: the handler runs in the parser's
callback, and its reply leaves as soon as the journal is durable. Everything else takes uvicorn's ASGI cycle.

A request is *waiting* (read, not begun: something before it must finish, or other connections come first), then its reply is *pending*
(for its handler, for the journal, or for the replies before it), then sent. Of the requests that one client sends at once, one is begun in
each tick of the event loop, and of a long reply one piece is written in each.
"""

from __future__ import annotations

import asyncio
import logging
import re
import urllib.parse
from collections import deque
from collections.abc import Awaitable
from math import inf
from types import CoroutineType
from typing import Any, cast

import httptools
import msgspec
import structlog
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from cambist.dialect_kit.messages import Reply, Request, Withheld
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import SocketRoute
from cambist.gateway.connections import PROXY, Connections, peer_key, plain_address
from cambist.gateway.failures import BROKEN
from cambist.gateway.http import wire
from cambist.gateway.http.intake import BODY, DEAF, HEAD, IDLE, HttpIntake
from cambist.gateway.http.router import NOT_FOUND
from cambist.gateway.http.upgrade import Upgraded
from cambist.gateway.transports import reset
from cambist.gateway.ws import handshake
from cambist.gateway.ws.socket import Socket
from cambist.scheduling import Suspended

_log = structlog.get_logger("cambist.gateway")
_asgi_log = logging.getLogger("cambist.gateway.asgi")


PIECE = 131_072
"""Bytes of a long reply that are written in one tick."""
UNCOUNTED = 16_384
"""Bytes that a connection whose client reads may keep before they are counted in the total of all: nearly all replies are smaller."""
TOO_MUCH_UNREAD = wire.plain_error(503, "too many replies wait to be read")


class PendingReply(msgspec.Struct, eq=False, gc=False):
    """A request that has begun. `ready` once its reply may leave; `data` is that reply, in pieces when it is long."""

    close: bool
    route: Route
    started: float
    status: int = 0
    data: bytes | tuple[bytes, ...] = b""
    ready: bool = False

    @property
    def size(self) -> int:
        data = self.data
        return len(data) if isinstance(data, bytes) else sum(map(len, data))


class _WaitingRequest:
    """A request that has been read and not begun. `close`: the connection ends with its reply."""

    __slots__ = ("close", "http_version", "request", "route")

    def __init__(self, request: Request, route: Route, close: bool, http_version: str) -> None:
        self.request = request
        self.route = route
        self.close = close
        self.http_version = http_version


OVERLOADED = Route("/", NOT_FOUND.handler, prefix=True, dialect="gateway", name="(overloaded)", durable=False)
"""What requests are counted under that were not begun because too much is unread."""


def _cut(part: bytes) -> list[memoryview]:
    view = memoryview(part)
    return [view[at : at + PIECE] for at in range(0, len(part), PIECE)]


class HttpProtocol(HttpIntake):
    """One connection of a server. Made by Server; `connections` is what it shares with the others."""

    __slots__ = (
        "_counted",
        "_cycle",
        "_ends_with_client",
        "_eof",
        "_flow",
        "_kept",
        "_left",
        "_may_begin",
        "_peer",
        "_pending",
        "_pieces",
        "_pipeline",
        "_rejection",
        "_running",
        "_sending",
        "_stepping",
        "_unread_bytes",
        "_waiting",
        "_writable",
        "stalled",
    )

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.stalled = inf  # of the loop's clock: when the client's not reading ends this connection
        self._pipeline = connections.limits.pipeline
        self._unread_bytes = connections.limits.unread_bytes
        self._pending: list[PendingReply] = []
        self._waiting: deque[_WaitingRequest] = deque()
        self._sending: PendingReply | None = None  # a long reply that is being written
        self._pieces: deque[bytes | memoryview] = deque()  # what is left of it
        self._kept = 0  # bytes of pending replies and of the one being written
        self._left = 0  # of the latter alone
        self._counted = 0  # bytes counted in the total of all connections
        self._may_begin = True  # in this tick
        self._ends_with_client: asyncio.Task[None] | None = None  # what runs for nobody else
        self._stepping = False  # whether the others' steps are being waited for
        self._running = False  # a handler that nothing may overtake has not finished
        self._writable = True
        self._rejection = b""  # an error reply that waits for what is under way
        self._eof = False
        self._cycle: RequestResponseCycle | None = None
        self._flow: FlowControl | None = None

    # --- the transport's side ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection, or says that it is one too many."""
        connections = self._connections
        self._number = connections.next_number()
        self.transport = connections.wrap_transport(cast("asyncio.Transport", transport), self._number)
        address = transport.get_extra_info("peername")
        self._sender = self._client = plain_address(address[0]) if isinstance(address, tuple) else ""
        self._scheme = connections.scheme
        self._proxied = connections.proxies.trusts(self._sender)
        self._peer = PROXY if self._proxied else peer_key(self._sender)
        rejection = connections.admit(self, self._peer)
        if rejection:
            self._stage = DEAF
            self._peer = ""
            connections.gateway.metrics.refuse(rejection)
            self.transport.write(wire.whole(wire.plain_error(503, "too many connections"), lines=connections.reply_lines()))
            self.transport.close()
            return
        cast("set[Any]", connections.state.connections).add(self)
        self._parser = httptools.HttpRequestParser(self)
        self.deadline = connections.now + connections.head_patience

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets everything; a handler that still runs finishes for nobody, unless it ends with its client."""
        self._client_left()
        self._stage = DEAF
        self.deadline = self.stalled = inf
        self._forget()
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
        self._client_left()
        tls = self.transport.get_extra_info("sslcontext") is not None
        return self._busy() and not tls

    def _forget(self) -> None:
        """Neither what is pending nor what waits will leave or be begun any more."""
        self._pending.clear()
        self._waiting.clear()
        self._pieces.clear()
        self._sending = None
        self._kept = self._left = 0
        self._count_kept()

    def pause_writing(self) -> None:
        """The client does not read: nothing more is begun for it."""
        self._writable = False
        self._count_kept()
        self.stalled = self._connections.now + self._connections.write_patience
        if self._flow is not None:
            self._flow.pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._writable = True
        self._count_kept()
        self.stalled = inf
        if self._flow is not None:
            self._flow.resume_writing()
        if self._sending is not None:
            self._step_later()
        else:
            self._advance()

    def _count_kept(self) -> None:
        """Counts what it keeps in the total: of a client that reads, only what is much and is not being written.

        Needs no call while little is kept and none of it is counted, as for nearly every request.
        """
        kept = self._kept - self._left if self._writable else self._kept
        if self._writable and kept <= UNCOUNTED:
            kept = 0
        if kept != self._counted:
            self._connections.hold(kept - self._counted)
            self._counted = kept

    def unread(self) -> int:
        """Bytes that it holds because its client does not read; 0 while it reads."""
        return 0 if self._writable else self._kept

    def cut(self) -> None:
        """Ends it at once, for the memory that it holds."""
        self._stage = DEAF
        self._forget()
        self.transport.abort()

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
        if self._waiting:
            self._waiting[-1].close = True
        elif self._pending:
            self._pending[-1].close = True
        elif self._sending is not None:
            self._sending.close = True
        elif not self._running and not self._rejection:
            self._end()

    # --- from a request to its reply --------------------------------------------------------------------------------------

    def _busy(self) -> bool:
        return bool(self._pending or self._waiting or self._running or self._sending is not None)

    def _full(self) -> bool:
        # `_blocked`, asked by the way: after nearly every request.
        return bool(
            self._waiting
            or (self._running and self._ends_with_client is None)  # else its leaving must be noticed
            or not self._writable
            or len(self._pending) >= self._pipeline
            or self._kept > self._unread_bytes
            or self._sending is not None
        )

    def _blocked(self) -> bool:
        """Whether no further request may begin: one at a time for handlers that take their time, and no more replies than are read."""
        if self._running or self._sending is not None or not self._writable:
            return True
        pending = self._pending
        # Nothing is kept of what is neither pending nor being sent.
        return bool(pending) and (len(pending) >= self._pipeline or self._kept > self._unread_bytes)

    def data_received(self, data: bytes) -> None:
        """One request of it may begin at once."""
        self._may_begin = not self._stepping
        self._read(data)

    def _taken(self, request: Request, route: Route, close: bool) -> None:
        """Answered here and now if nothing is before it."""
        asgi = route is NOT_FOUND and self._connections.gateway.fallback is not None
        if self._may_begin and not self._waiting and not asgi and not self._blocked():
            self._may_begin = False
            self._start(request, route, close)
        else:
            self._waiting.append(_WaitingRequest(request, route, close, self._version))
            self._advance()

    def _refused(self, reply: bytes) -> None:
        self._rejection = reply
        if not self._busy():
            self._drained()

    def _start(self, request: Request, route: Route, close: bool) -> None:
        """Calls the handler. A Reply leaves at once when nothing is before it and the journal owes nothing."""
        connections = self._connections
        gateway = connections.gateway
        started = gateway.metrics.timer()
        handler = route.handler
        if connections.unread > connections.unread_total and route.durable and connections.overloaded():
            gateway.metrics.refuse("unread_total")
            route, handler, close = OVERLOADED, self._too_much_unread, True
        try:
            answer = handler(request)
            if type(answer) is CoroutineType:
                # Most handlers never wait: they run to their end here, without a task (as `first_step` does it, written out:
                # each call is one of a few dozen that an order costs).
                try:
                    waited_for = answer.send(None)
                except StopIteration as stop:
                    answer = stop.value
                else:
                    answer = Suspended(answer, waited_for)
            if type(answer) is not Reply:
                self._start_task(cast("Awaitable[Reply]", answer), request, route, PendingReply(close, route, started))
                return
            reply = answer
        except Withheld as withheld:
            self.withhold(withheld)
            return
        except Exception as error:
            reply = gateway.failed(route, error, request)
        try:
            waiting = gateway.barrier() if route.durable and reply.waits else None
        except Exception:
            self.withhold()
            return
        try:
            data = wire.render(reply, head=request.method == "HEAD", close=close, lines=connections.reply_lines())
        except Exception as error:
            reply, data = BROKEN, self._broken(error, request, route, close)
        if waiting is None and not self._pending and self._sending is None and type(data) is bytes:
            self.transport.write(data)
            gateway.counts(route).observe(reply.status, gateway.metrics.timer() - started)
            if close:
                self._end()
            elif self._stage == IDLE:
                self.deadline = connections.now + connections.idle_patience
            return
        pending = PendingReply(close, route, started, reply.status, data)
        self._pending.append(pending)
        self._keep(pending, waiting)

    def _too_much_unread(self, request: Request) -> Reply:
        return self._connections.gateway.error_reply(request, TOO_MUCH_UNREAD)

    def _keep(self, pending: PendingReply, waiting: asyncio.Future[None] | None) -> None:
        """Lets a rendered reply wait behind the others, and for the journal."""
        data = pending.data
        self._kept += len(data) if type(data) is bytes else pending.size
        if self._kept > UNCOUNTED or not self._writable:
            self._count_kept()
        if waiting is not None:
            self._connections.barrier_queue.wait(waiting, self, pending)
            return
        pending.ready = True
        if self._pending[0] is pending:
            self.flush()

    def _broken(self, error: Exception, request: Request, route: Route, close: bool) -> bytes | tuple[bytes, ...]:
        """What is sent in place of a reply that cannot be rendered."""
        self._connections.gateway.failed(route, error, request)
        return wire.render(BROKEN, head=request.method == "HEAD", close=close, lines=self._connections.reply_lines())

    def _start_task(self, result: Awaitable[Reply], request: Request, route: Route, pending: PendingReply) -> None:
        self._pending.append(pending)
        self._running = True
        task = self._connections.loop.create_task(self._finish(result, request, route, pending))
        self._connections.state.tasks.add(task)
        task.add_done_callback(self._connections.state.tasks.discard)
        if route.ends_with_client:
            self._ends_with_client = task
            self.deadline = inf

    def _client_left(self) -> None:
        task, self._ends_with_client = self._ends_with_client, None
        if task is not None:
            task.cancel()

    async def _finish(self, result: Awaitable[Reply], request: Request, route: Route, pending: PendingReply) -> None:
        gateway = self._connections.gateway
        try:
            reply = await gateway.finish(route, request, result)
        except asyncio.CancelledError:
            self.transport.abort()
            raise
        except Withheld as withheld:
            self._running = False
            self.withhold(withheld)
            return
        self._running = False
        self._ends_with_client = None
        if pending not in self._pending:  # the connection is gone
            return
        try:
            waiting = gateway.barrier() if route.durable and reply.waits else None
        except Exception:
            self.withhold()
            return
        close = pending.close
        try:
            pending.data = wire.render(reply, head=request.method == "HEAD", close=close, lines=self._connections.reply_lines())
        except Exception as error:
            reply, pending.data = BROKEN, self._broken(error, request, route, close)
        pending.status = reply.status
        self._keep(pending, waiting)
        if waiting is not None:
            self._advance()

    def flush(self) -> None:
        """Sends the replies that may leave, in order, and begins what they held up."""
        pending = self._pending
        gateway = self._connections.gateway
        while pending and pending[0].ready and self._sending is None:
            first = pending.pop(0)
            data = first.data
            if isinstance(data, tuple):
                self._sending = first
                self._left = first.size
                for part in data:  # a piece may be a whole part, but never more than PIECE
                    self._pieces += [part] if len(part) <= PIECE else _cut(part)
                self._write_pieces()
                continue
            self._kept -= len(data)
            if self._counted:
                self._count_kept()
            self.transport.write(data)
            # As at the end of `_write_pieces`, written out: nearly every reply passes here.
            gateway.counts(first.route).observe(first.status, gateway.metrics.timer() - first.started)
            if first.close:
                self._forget()
                self._drained(close=not self._rejection)
                return
        if self._sending is not None:
            return
        if pending or self._waiting or self._running or self._paused:
            self._advance()
        elif self._stage == IDLE and not self._eof and not self._rejection:  # as nearly always
            self.deadline = self._connections.now + self._connections.idle_patience
        else:
            self._drained()

    def _write_pieces(self) -> None:
        """Writes at most PIECE bytes of the long reply, more in a later tick if the client reads."""
        pieces, sending = self._pieces, self._sending
        assert sending is not None
        written = [pieces.popleft()]
        size = len(written[0])
        while pieces and size + len(pieces[0]) <= PIECE:
            size += len(pieces[0])
            written.append(pieces.popleft())
        self._kept -= size
        self._left -= size
        self._count_kept()
        self.transport.writelines(written)
        if pieces:
            if self._writable:
                self._step_later()
            return
        self._sending = None
        gateway = self._connections.gateway
        gateway.counts(sending.route).observe(sending.status, gateway.metrics.timer() - sending.started)
        if sending.close:
            self._forget()
            self._drained(close=not self._rejection)

    def _step_later(self) -> None:
        if not self._stepping:
            self._stepping = True
            self._connections.round_robin.add(self)

    def step(self) -> None:
        """Its chance, after the other connections had theirs: one piece of a long reply, or one request."""
        self._stepping = False
        if self.transport.is_closing():
            return
        if self._sending is None:
            self._may_begin = True
            self._advance()
        elif self._writable:
            self._write_pieces()
            if self._sending is None:
                self.flush()

    def _advance(self) -> None:
        """Begins the next request if one may begin in this tick, and reads on when there is room."""
        waiting = self._waiting
        if waiting and not self._blocked():
            first = waiting[0]
            pages = first.route is NOT_FOUND and self._connections.gateway.fallback is not None
            if pages and self._pending:
                return
            if self._may_begin:
                self._may_begin = False
                waiting.popleft()
                if pages:
                    self._start_asgi(first)
                else:
                    self._start(first.request, first.route, first.close)
            if waiting and not self._blocked():
                self._step_later()
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

    def withhold(self, withheld: Withheld | None = None) -> None:
        """The journal failed, or a handler wants no reply: neither this one nor any after it leaves. What `withheld` says does."""
        self._connections.gateway.metrics.refuse("withheld")
        self._forget()
        self._rejection = self._backlog = b""
        if withheld is not None and not self.transport.is_closing():
            if withheld.sent:
                self.transport.write(withheld.sent)
            if withheld.reset:
                self._stage = DEAF
                reset(self.transport)
                return
        self._end()

    # --- the ASGI way -----------------------------------------------------------------------------------------------------

    def _start_asgi(self, waiting: _WaitingRequest) -> None:
        """Hands a request to the application in uvicorn's cycle, which writes by itself; nothing else is under way then."""
        connections = self._connections
        if self._flow is None:
            self._flow = FlowControl(self.transport)
        self._running = True
        cycle = self._cycle = RequestResponseCycle(
            scope=cast("Any", self._scope(waiting)),
            transport=self.transport,
            flow=self._flow,
            logger=_asgi_log,
            access_logger=_asgi_log,
            access_log=False,
            default_headers=connections.reply_fields(),
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=not waiting.close,
            on_response=self._asgi_sent,
        )
        cycle.body += waiting.request.body
        cycle.more_body = False
        cycle.message_event.set()
        task = connections.loop.create_task(self._run_asgi(cycle))
        connections.state.tasks.add(task)
        task.add_done_callback(connections.state.tasks.discard)

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

    def _scope(self, waiting: _WaitingRequest) -> dict[str, Any]:
        request = waiting.request
        transport = self.transport
        address = transport.get_extra_info("peername")
        server = transport.get_extra_info("sockname")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": waiting.http_version,
            "server": tuple(server[:2]) if isinstance(server, tuple) else None,
            "client": (request.client, address[1]) if isinstance(address, tuple) else None,
            "scheme": request.scheme,
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
        connections = self._connections
        found = connections.gateway.find_socket(self._path, self._host, connections.listener)
        if found is not None:
            self._become_socket(*found, rest)
            return
        cast("set[Any]", connections.state.connections).discard(self)
        connections.upgraded(self)
        self._stage = DEAF
        self.deadline = self.stalled = inf
        make = cast("Any", connections.config.ws_protocol_class)
        protocol: asyncio.Protocol = make(config=connections.config, server_state=connections.state, app_state=connections.app_state)
        lines = [b"%b %b HTTP/1.1\r\n" % (self._method.encode(), self._url)]
        lines += [b"%b: %b\r\n" % field for field in self._fields.items()]
        self._parser = None  # type: ignore[assignment]  # it refers to us: break the cycle
        peer = self._peer
        self.transport.set_protocol(Upgraded(protocol, lambda: connections.release(self, peer)))
        protocol.connection_made(self.transport)
        protocol.data_received(b"".join((*lines, b"\r\n", rest)))

    def _become_socket(self, route: SocketRoute, match: re.Match[str] | None, rest: bytes) -> None:
        """Lets the route's dialect look at the handshake; its rejection ends the connection as any other reply would."""
        connections = self._connections
        listener, number = connections.listener, self._number
        request = Request(self._method, self._path, self._query, self._fields, b"", self._client, match, self._scheme, listener, number)
        socket = Socket(connections, route, request, self.transport, self._peer)
        self._stage = DEAF
        admission = route.admit()
        if admission is None:
            self._accept(route, request, socket, rest)
            return
        self.deadline = inf
        self.transport.pause_reading()
        task = connections.loop.create_task(self._accept_later(admission, route, request, socket, rest))
        connections.state.tasks.add(task)
        task.add_done_callback(connections.state.tasks.discard)

    async def _accept_later(self, admission: Awaitable[None], route: SocketRoute, request: Request, socket: Socket, rest: bytes) -> None:
        await admission
        if not self.transport.is_closing():
            self.transport.resume_reading()
            self._accept(route, request, socket, rest)

    def _accept(self, route: SocketRoute, request: Request, socket: Socket, rest: bytes) -> None:
        connections = self._connections
        try:
            session = handshake.rejection_of(request) or route.accept(request, socket)
        except Withheld as withheld:
            self._stage = DEAF
            self.withhold(withheld)
            return
        except Exception as error:
            failed = Route(route.path, NOT_FOUND.handler, dialect=route.dialect, name=route.name)
            session = connections.gateway.failed(failed, error, request)
        if isinstance(session, Reply):
            connections.gateway.metrics.refuse("handshake")
            self._refused(wire.whole(session, lines=connections.reply_lines()))
            return
        in_service = cast("set[Any]", connections.state.connections)
        in_service.discard(self)
        in_service.add(socket)
        connections.upgraded(self)
        connections.adopt(socket)
        self.deadline = self.stalled = inf
        self._parser = None  # type: ignore[assignment]  # it refers to us: break the cycle
        self.transport.set_protocol(socket)
        socket.begin(session, rest)
