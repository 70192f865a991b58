"""HTTP/1.x on one connection: what a stranger may send, and the short way from the parser to a handler and back.

llhttp (httptools) parses; this class decides. It bounds everything that a client can make the server keep or wait for, refuses what two
parsers could read in two ways, and serves pipelined requests strictly in order. Routes are answered without an ASGI scope and, when their
handler is a plain function, without a task: the handler runs in `on_message_complete`, and its reply leaves as soon as the journal is
durable. Everything else takes uvicorn's ASGI cycle.

A request is first *held* (parsed, not begun: something before it must finish), then a *turn* (begun; its reply waits for a handler, for the
journal, or for the turns before it), then sent.
"""

from __future__ import annotations

import asyncio
import logging
import urllib.parse
from collections.abc import Awaitable
from math import inf
from typing import Any, NoReturn, cast

import httptools
import structlog
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from cambist.gateway import http_wire
from cambist.gateway.app import BROKEN, Withheld
from cambist.gateway.front import Front, peer_key
from cambist.gateway.messages import Reply, Request
from cambist.gateway.router import NOT_FOUND, Route
from cambist.gateway.upgrade import Upgraded

_log = structlog.get_logger("cambist.gateway")
_asgi_log = logging.getLogger("cambist.gateway.asgi")

# Where a connection's input stands.
IDLE = 0  # between requests
HEAD = 1  # in a request line or its header fields
BODY = 2  # after the header fields, before the end of the body
DEAF = 3  # nothing that comes in is looked at any more

_METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")}
_ONCE = frozenset((b"host", b"content-length", b"transfer-encoding", b"expect"))


class _Stop(Exception):
    """Raised out of a parser callback: no more of this input is to be parsed."""


class Turn:
    """A request that has begun. `ready` once its reply may leave; `data` is that reply."""

    __slots__ = ("close", "data", "ready", "route", "started", "status")

    def __init__(self, close: bool, route: Route, started: float) -> None:
        self.close = close
        self.route = route
        self.started = started
        self.data = b""
        self.status = 0
        self.ready = False


class _Held:
    """A request that has been read and must wait for its turn. `close`: the connection ends with its reply."""

    __slots__ = ("close", "http_version", "request", "route")

    def __init__(self, request: Request, route: Route, close: bool, http_version: str) -> None:
        self.request = request
        self.route = route
        self.close = close
        self.http_version = http_version


class HttpProtocol(asyncio.Protocol):
    """One connection of a server. Made by Server; `front` is what it shares with the others."""

    __slots__ = (
        "_backlog",
        "_body",
        "_chunked",
        "_client",
        "_close",
        "_cycle",
        "_eof",
        "_fields",
        "_flow",
        "_front",
        "_head_seen",
        "_head_unsure",
        "_held",
        "_leaving",
        "_match",
        "_method",
        "_owes_continue",
        "_parser",
        "_path",
        "_paused",
        "_peer",
        "_query",
        "_raw_left",
        "_refusal",
        "_repeats",
        "_route",
        "_running",
        "_served",
        "_size",
        "_stage",
        "_stuffing",
        "_trailed",
        "_turns",
        "_upgrading",
        "_url",
        "_version",
        "_writable",
        "deadline",
        "stalled",
        "transport",
    )

    def __init__(self, front: Front) -> None:
        self._front = front
        self.transport: asyncio.Transport = None  # type: ignore[assignment]  # until connection_made
        self.deadline = inf  # of the loop's clock: when the client's slowness ends this connection
        self.stalled = inf  # of the loop's clock: when its not reading does
        self._stage = IDLE
        self._turns: list[Turn] = []
        self._held: list[_Held] = []
        self._running = False  # a handler that nothing may overtake has not finished
        self._writable = True
        self._paused = False
        self._backlog = b""
        self._refusal = b""  # an error reply that waits for what is under way
        self._eof = False
        self._leaving = False
        self._cycle: RequestResponseCycle | None = None
        self._flow: FlowControl | None = None
        self._head_seen = 0
        self._head_unsure = False
        self._raw_left = 0  # of a body that the parser does not read: see _consider_upgrade
        self._repeats = 0
        self._served = 0
        self._stuffing = 0
        self._close = False
        self._upgrading = False
        self._owes_continue = False

    # --- the transport's side ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection, or says that it is one too many."""
        self.transport = cast("asyncio.Transport", transport)
        front = self._front
        address = transport.get_extra_info("peername")
        self._client = address[0] if isinstance(address, tuple) else ""
        self._peer = peer_key(self._client)
        refusal = front.admit(self, self._peer)
        if refusal:
            self._stage = DEAF
            self._peer = ""
            front.gateway.metrics.refuse(refusal)
            self.transport.write(http_wire.error(503, "too many connections"))
            self.transport.close()
            return
        cast("set[Any]", front.state.connections).add(self)
        self._parser = httptools.HttpRequestParser(self)
        self.deadline = front.now + front.head_patience

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets everything; a handler that still runs finishes for nobody."""
        self._stage = DEAF
        self.deadline = self.stalled = inf
        self._turns.clear()
        self._held.clear()
        self._backlog = b""
        self._parser = cast("httptools.HttpRequestParser", None)  # it refers to us: break the cycle
        if self._peer:
            cast("set[Any]", self._front.state.connections).discard(self)
            self._front.release(self, self._peer)
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
        self.stalled = self._front.now + self._front.write_patience
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
        if self.stalled <= self._front.now:
            self._front.gateway.metrics.refuse("slow_reader")
            self.transport.abort()
        elif self._stage in (HEAD, BODY):
            self._refuse(408, "the request took too long", "slow_head" if self._stage == HEAD else "slow_body")
        else:
            self.deadline = inf
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
        elif self._turns:
            self._turns[-1].close = True
        elif not self._running and not self._refusal:
            self.transport.close()

    # --- bytes in ---------------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Feeds the parser in pieces of at most the head cap, so that it never buffers more than that unseen."""
        step = self._front.limits.head_bytes
        if self._paused:  # TLS delivers what it had already decrypted
            self._backlog += data
        elif len(data) <= step:
            if self._stage != DEAF:
                self._feed(data)
                if self._held or self._turns:
                    self._hold_reading(b"")
        else:
            for at in range(0, len(data), step):
                if self._stage == DEAF:
                    return
                self._feed(data[at : at + step])
                if (self._held or self._turns) and self._hold_reading(data[at + step :]):
                    return

    def _feed(self, data: bytes) -> None:
        if self._raw_left:
            self._feed_raw(data)
            return
        room = self._front.limits.head_bytes - self._head_seen
        if self._stage == HEAD and len(data) > room:
            if room:
                self._feed(data[:room])
            if self._stage == HEAD:
                self._refuse(431, "the header fields are too large", "head_too_large")
            elif self._stage != DEAF:
                self._feed(data[room:])
            return
        served = self._served
        size = self._size if self._stage == BODY else 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._at_upgrade(data, upgrade.args[0])
            return
        except httptools.HttpParserError as error:
            self._at_error(error)
            return
        if self._stage == HEAD:
            if served == self._served:
                self._head_seen += len(data)
            else:  # it began behind another request's end, at a place that the parser does not tell
                self._head_unsure = True
        elif self._stage == BODY and self._chunked:
            self._count_stuffing(len(data) if self._size == size else 0)

    def _feed_raw(self, data: bytes) -> None:
        body = data[: self._raw_left]
        self._raw_left -= len(body)
        self.on_body(body)
        if not self._raw_left:
            self.on_message_complete()
            if len(data) > len(body) and self._stage != DEAF:
                self._feed(data[len(body) :])

    def _count_stuffing(self, size: int) -> None:
        """Chunk extensions and trailers carry no body; they may be as long as a head."""
        self._stuffing = self._stuffing + size if size else 0
        if self._stuffing > self._front.limits.head_bytes:
            self._refuse(431, "the chunk extensions or trailer fields are too large", "head_too_large")

    def _at_upgrade(self, data: bytes, end: int) -> None:
        if self._upgrading:
            self._hand_over(data[end:])
        elif self._stage != DEAF and end < len(data):
            self._feed(data[end:])

    def _at_error(self, error: httptools.HttpParserError) -> None:
        if isinstance(error, httptools.HttpParserCallbackError):
            if not isinstance(error.__context__, _Stop):
                _log.error("connection failed", error=type(error.__context__).__name__)
                self.transport.abort()
        elif self._stage != DEAF:
            self._refuse(400, f"malformed request: {error}" if error.args else "malformed request", "malformed")

    def _hold_reading(self, rest: bytes) -> bool:
        """Stops reading while enough is under way; `rest` is parsed later. False when there is room for more."""
        if self._paused or not (self._held or len(self._turns) >= self._front.limits.pipeline):
            return self._paused
        self._paused = True
        self._backlog = rest
        self.transport.pause_reading()
        return True

    def _resume_reading(self) -> None:
        self._paused = False
        backlog, self._backlog = self._backlog, b""
        if not self.transport.is_closing():
            self.transport.resume_reading()
        if backlog:
            self.data_received(backlog)

    # --- the parser's callbacks -------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request's first byte."""
        if self._stage == DEAF:
            raise _Stop
        self._stage = HEAD
        self._url = b""
        self._fields: dict[bytes, bytes] = {}
        self.deadline = self._front.now + self._front.head_patience

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field, or, after the body, one trailer field, which lands in a dict that nobody reads."""
        name = name.lower()
        fields = self._fields
        if name not in fields:
            fields[name] = value
        elif name in _ONCE:
            self._stop(400, f"more than one {name.decode()} field", "malformed")
        else:
            self._repeats += 1
            if self._repeats > self._front.limits.head_fields:
                self._stop(431, "too many header fields", "head_too_large")
            fields[name] += (b"; " if name == b"cookie" else b", ") + value

    def on_headers_complete(self) -> None:
        """All that can be said about a request before its body."""
        parser = self._parser
        fields = self._fields
        front = self._front
        version = self._version = parser.get_http_version()
        if self._head_unsure or self._head_seen or self._repeats or len(fields) > front.limits.head_fields:
            self._check_size(fields)
        method = _METHODS.get(parser.get_method())
        if method is None:
            self._stop(501, "this method is not implemented", "malformed")
        if version == "1.1":
            host = fields.get(b"host")
            if host is None or not front.knows_host(host):
                self._stop(400, "a Host field is needed, and it must be one", "malformed")
            self._close = self._leaving or not parser.should_keep_alive()
        elif version == "1.0":
            self._close = True
        else:
            self._stop(505, "HTTP/1.1 or HTTP/1.0, please", "malformed")
        self._method = method
        self._split_target(self._url)
        self._route, self._match = front.gateway.find(method, self._path)
        self._stage = BODY
        self._size = 0
        self._body: bytes | bytearray = b""
        length = fields.get(b"content-length")
        self._chunked = b"transfer-encoding" in fields
        if length is not None or self._chunked:
            self._expect_body(fields, 0 if length is None else int(length))
        if b"upgrade" in fields and parser.should_upgrade():
            self._consider_upgrade(fields)

    def _check_size(self, fields: dict[bytes, bytes]) -> None:
        """Exact where the raw count could not be: the sizes as the parser saw them."""
        limits = self._front.limits
        if len(fields) + self._repeats > limits.head_fields:
            self._stop(431, "too many header fields", "head_too_large")
        if self._head_unsure and len(self._url) + sum(len(name) + len(value) + 4 for name, value in fields.items()) > limits.head_bytes:
            self._stop(431, "the header fields are too large", "head_too_large")
        self._head_seen = self._repeats = 0
        self._head_unsure = False

    def _split_target(self, url: bytes) -> None:
        """Path and query of the target, origin form or absolute form; a fragment, which no client should send, is cut off."""
        if not url.startswith(b"/") and url != b"*":
            try:
                parsed = httptools.parse_url(url)
            except httptools.HttpParserError:
                self._stop(400, "malformed request target", "malformed")
            url = (parsed.path or b"/") + (b"?" + parsed.query if parsed.query else b"")
        if b"#" in url:
            url = url.partition(b"#")[0]
        path, _mark, self._query = url.partition(b"?")
        self._path = path.decode("ascii")  # the parser lets nothing else through

    def _expect_body(self, fields: dict[bytes, bytes], length: int) -> None:
        if self._chunked:
            if self._version != "1.1":
                self._stop(400, "Transfer-Encoding needs HTTP/1.1", "malformed")
            if fields[b"transfer-encoding"].strip().lower() != b"chunked":
                self._stop(501, "of the transfer encodings, only chunked is implemented", "malformed")
            self._stuffing = 0
            self._fields = {}  # for the trailers
            self._trailed = fields
        elif length == 0:
            return
        front = self._front
        if length > front.limits.body_bytes:
            self._stop(413, "the body is too large", "body_too_large")
        self.deadline = front.now + front.body_patience
        expected = fields.get(b"expect")
        if expected is not None and self._version == "1.1":
            if expected.lower() != b"100-continue":
                self._stop(417, "of the expectations, only 100-continue is met", "malformed")
            if self._busy():
                self._owes_continue = True
            else:
                self.transport.write(http_wire.CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece of the body, de-chunked."""
        front = self._front
        size = self._size = self._size + len(body)
        if size > front.limits.body_bytes:
            self._stop(413, "the body is too large", "body_too_large")
        if not self._body:
            self._body = body
            return
        if type(self._body) is bytes:
            self._body = bytearray(self._body)  # bytes += bytes would copy the whole body for each piece
        self._body += body
        self.deadline += len(body) * front.seconds_per_byte

    def on_message_complete(self) -> None:
        """A whole request: answered here and now if nothing is before it."""
        if self._upgrading or self._raw_left:
            return
        self._served += 1
        self._owes_continue = False
        close = self._close
        self._stage = DEAF if close else IDLE
        self.deadline = inf
        fields = self._trailed if self._chunked else self._fields
        body = self._body
        request = Request(
            self._method,
            self._path,
            self._query,
            fields,
            body if type(body) is bytes else bytes(body),
            self._client,
            self._match,
        )
        if self._held or self._blocked():
            self._held.append(_Held(request, self._route, close, self._version))
        elif self._route is NOT_FOUND and self._front.gateway.fallback is not None:
            self._held.append(_Held(request, self._route, close, self._version))
            self._advance()
        else:
            self._start(request, self._route, close)

    def _consider_upgrade(self, fields: dict[bytes, bytes]) -> None:
        """Marks a WebSocket handshake that somebody can answer. Any other upgrade is ignored (RFC 9110, 7.8), the request served as it is.

        The parser takes a request that asks for an upgrade to end with its head, whatever Content-Length says. Java's HttpClient and curl
        ask for h2c with every first POST, so its body is taken here; read as the next request it would be one that nobody sent.
        """
        front = self._front
        length = int(fields.get(b"content-length", b"0"))
        if fields[b"upgrade"].lower() == b"websocket" and front.gateway.fallback is not None and front.config.ws_protocol_class is not None:
            if self._method != "GET" or self._version != "1.1" or self._chunked or length:
                self._stop(400, "malformed WebSocket handshake", "malformed")
            if self._busy():
                self._stop(400, "a WebSocket handshake cannot be pipelined", "malformed")
            self._upgrading = True
        elif self._chunked:
            self._stop(400, "an upgrade cannot be asked for with a chunked body", "malformed")
        else:
            self._raw_left = length

    def _hand_over(self, rest: bytes) -> None:
        """Gives the connection to the WebSocket protocol class, the handshake's bytes first."""
        front = self._front
        cast("set[Any]", front.state.connections).discard(self)
        front.upgraded(self)
        self._stage = DEAF
        self.deadline = self.stalled = inf
        make = cast("Any", front.config.ws_protocol_class)
        protocol: asyncio.Protocol = make(config=front.config, server_state=front.state, app_state=front.app_state)
        lines = [b"%b %b HTTP/1.1\r\n" % (self._method.encode(), self._url)]
        lines += [b"%b: %b\r\n" % field for field in self._fields.items()]
        peer = self._peer
        self.transport.set_protocol(Upgraded(protocol, lambda: front.release(self, peer)))
        protocol.connection_made(self.transport)
        protocol.data_received(b"".join((*lines, b"\r\n", rest)))

    # --- refusals ---------------------------------------------------------------------------------------------------------

    def _stop(self, status: int, words: str, reason: str) -> NoReturn:
        """Refuses from within a parser callback."""
        self._refuse(status, words, reason)
        raise _Stop

    def _refuse(self, status: int, words: str, reason: str) -> None:
        """The front's own error, sent after what is under way; it ends the connection."""
        if self._stage == DEAF:
            return
        self._front.gateway.metrics.refuse(reason)
        self._stage = DEAF
        self.deadline = inf
        self._refusal = http_wire.error(status, words)
        if not self._busy():
            self._drained()

    def _linger(self) -> None:
        """Throws away what still comes in: closing with unread input would reset the connection, and the client might lose our reply."""
        self.deadline = self._front.now + self._front.linger_patience
        if self._eof:
            self.transport.close()
            return
        if self._paused:
            self._backlog = b""
            self._resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def withhold(self) -> None:
        """The journal failed: neither this reply nor any after it may leave."""
        self._front.gateway.metrics.refuse("not_durable")
        self._stage = DEAF
        self._turns.clear()
        self._held.clear()
        self._refusal = self._backlog = b""
        self.transport.close()

    # --- from a request to its reply --------------------------------------------------------------------------------------

    def _busy(self) -> bool:
        """Whether anything is under way that must be sent before something new."""
        return bool(self._turns or self._held or self._running)

    def _blocked(self) -> bool:
        """Whether no further request may begin: one at a time for handlers that take their time, and no more replies than are read."""
        return self._running or not self._writable or len(self._turns) >= self._front.limits.pipeline

    def _start(self, request: Request, route: Route, close: bool) -> None:
        """Calls the handler. A Reply leaves at once when nothing is before it and the journal owes nothing."""
        front = self._front
        gateway = front.gateway
        started = gateway.metrics.timer()
        try:
            reply = route.handler(request)
        except Exception as error:
            reply = gateway.failed(route, error)
        if type(reply) is not Reply:
            self._start_task(cast("Awaitable[Reply]", reply), request, route, Turn(close, route, started))
            return
        try:
            waiting = gateway.barrier() if route.durable else None
        except Exception:
            self.withhold()
            return
        status, data = self._render(reply, request, route, close)
        if waiting is None and not self._turns:
            self.transport.write(data)
            gateway.counts(route).observe(status, gateway.metrics.timer() - started)
            if close:
                self.transport.close()
            else:
                self.deadline = front.now + front.idle_patience
            return
        turn = Turn(close, route, started)
        turn.status = status
        turn.data = data
        self._turns.append(turn)
        if waiting is None:
            turn.ready = True
        else:
            front.gate.wait(waiting, self, turn)

    def _render(self, reply: Reply, request: Request, route: Route, close: bool) -> tuple[int, bytes]:
        head = request.method == "HEAD"
        date = self._front.date_line()
        try:
            return reply.status, http_wire.render(reply, head=head, close=close, date=date)
        except Exception as error:
            self._front.gateway.failed(route, error)
            return BROKEN.status, http_wire.render(BROKEN, head=head, close=close, date=date)

    def _start_task(self, result: Awaitable[Reply], request: Request, route: Route, turn: Turn) -> None:
        self._turns.append(turn)
        self._running = True
        task = self._front.loop.create_task(self._finish(result, request, route, turn))
        self._front.state.tasks.add(task)
        task.add_done_callback(self._front.state.tasks.discard)

    async def _finish(self, result: Awaitable[Reply], request: Request, route: Route, turn: Turn) -> None:
        gateway = self._front.gateway
        try:
            reply = await gateway.finish(route, result)
        except asyncio.CancelledError:
            self.transport.abort()
            raise
        self._running = False
        if turn not in self._turns:  # the connection is gone
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
            self._front.gate.wait(waiting, self, turn)
        self.flush()

    def flush(self) -> None:
        """Sends the replies that may leave, in order, and begins what they held up."""
        turns = self._turns
        while turns and turns[0].ready:
            turn = turns.pop(0)
            self.transport.write(turn.data)
            metrics = self._front.gateway.metrics
            self._front.gateway.counts(turn.route).observe(turn.status, metrics.timer() - turn.started)
            if turn.close:
                turns.clear()
                self._drained(close=not self._refusal)
                return
        self._advance()

    def _advance(self) -> None:
        """Begins held requests as far as they may, and reads on when there is room."""
        held = self._held
        while held and not self._blocked():
            first = held[0]
            if first.route is NOT_FOUND and self._front.gateway.fallback is not None:
                if self._turns:
                    break
                del held[0]
                self._start_asgi(first)
            else:
                del held[0]
                self._start(first.request, first.route, first.close)
        if self._paused and not held and len(self._turns) < self._front.limits.pipeline and self._stage != DEAF:
            self._resume_reading()
        if not self._busy():
            self._drained()

    def _drained(self, close: bool = False) -> None:
        """Nothing is under way any more: says what was waiting for that."""
        if self.transport.is_closing():
            return
        if self._refusal:
            self.transport.write(self._refusal)
            self._refusal = b""
            self._linger()
        elif close or self._eof:
            self.transport.close()
        elif self._stage == IDLE:
            self.deadline = self._front.now + self._front.idle_patience
        elif self._owes_continue and self._stage == BODY:
            self._owes_continue = False
            self.transport.write(http_wire.CONTINUE)

    # --- the ASGI way -----------------------------------------------------------------------------------------------------

    def _start_asgi(self, held: _Held) -> None:
        """Hands a request to the application in uvicorn's cycle, which writes by itself; nothing else is under way then."""
        front = self._front
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
                await self._front.gateway(scope, receive, send)
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
            "state": self._front.app_state.copy(),
        }
