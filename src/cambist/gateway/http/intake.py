"""What may come in on a connection: llhttp (httptools) parses, and this class bounds, checks and refuses.

It bounds everything that a client can make the server keep, and refuses what two parsers could read in two ways. What llhttp refuses by
itself and what is refused here is listed in docs/reference/http-connections.md, and every row is a test.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from math import inf
from typing import NoReturn

import httptools
import structlog

from cambist._core import HeaderFields, RepeatedField, TooManyFields
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.gateway.connections import Connections
from cambist.gateway.http import wire
from cambist.gateway.places import host_name

_log = structlog.get_logger("cambist.gateway")

# Where a connection's input stands.
IDLE = 0  # between requests
HEAD = 1  # in a request line or its header fields
BODY = 2  # after the header fields, before the end of the body
DEAF = 3  # nothing that comes in is looked at any more

STEP = 2_048
"""Bytes that the parser gets at a time, or the head cap if that is less."""

_METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")}
_ONCE = frozenset((b"host", b"content-length", b"transfer-encoding", b"expect"))


class _Stop(Exception):
    """Raised out of a parser callback: no more of this input is to be parsed."""


class HttpIntake(asyncio.Protocol):
    """The reading half of a connection. Its subclass answers: `_taken` gets each whole request, `_refused` the one error there can be."""

    __slots__ = (
        "_backlog",
        "_body",
        "_chunked",
        "_client",
        "_close",
        "_connections",
        "_fields",
        "_head_seen",
        "_head_unsure",
        "_headers",
        "_host",
        "_leaving",
        "_match",
        "_method",
        "_number",
        "_owes_continue",
        "_parser",
        "_path",
        "_paused",
        "_proxied",
        "_query",
        "_raw_left",
        "_route",
        "_scheme",
        "_sender",
        "_served",
        "_size",
        "_stage",
        "_step",
        "_stuffing",
        "_trailed",
        "_upgrading",
        "_url",
        "_version",
        "deadline",
        "on_header",
        "transport",
    )

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.transport: asyncio.Transport = None  # type: ignore[assignment]  # until connection_made
        self.deadline = inf  # of the loop's clock: when the client's slowness ends this connection
        self._parser: httptools.HttpRequestParser = None  # type: ignore[assignment]  # until connection_made
        self._sender = ""  # the peer's address
        self._client = ""  # whose request it is: the peer's, or the one that a trusted proxy names
        self._scheme = "http"
        self._number = 0
        self._proxied = False
        self._host = ""
        self._stage = IDLE
        self._step = min(STEP, connections.limits.head_bytes)  # bytes that the parser is given at once
        self._paused = False
        self._backlog = b""
        self._leaving = False
        self._head_seen = 0
        self._head_unsure = False
        self._raw_left = 0  # of a body that the parser does not read: see _consider_upgrade
        # One header field, or, after the body, one trailer field, which lands in a dict that nobody reads. Native, because a head has many.
        self._headers = HeaderFields(connections.limits.head_fields, _ONCE)
        self.on_header = self._headers.add
        self._served = 0
        self._stuffing = 0
        self._close = False
        self._upgrading = False
        self._owes_continue = False

    @abstractmethod
    def _busy(self) -> bool:
        """Whether anything is under way that must be sent before something new."""

    @abstractmethod
    def _full(self) -> bool:
        """Whether so much is under way that reading must stop."""

    @abstractmethod
    def _taken(self, request: Request, route: Route, close: bool) -> None:
        """A whole request. `close`: the connection ends with its reply."""

    @abstractmethod
    def _refused(self, reply: bytes) -> None:
        """The gateway's own error, to be sent after what is under way; nothing more will be read."""

    @abstractmethod
    def _hand_over(self, rest: bytes) -> None:
        """A WebSocket handshake is complete; `rest` came behind it."""

    # --- bytes in ---------------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """What the client sent."""
        self._read(data)

    def _read(self, data: bytes) -> None:
        """Feeds the parser in small pieces: it never buffers more than the head cap unseen, and few of a client's many requests are parsed
        before the others get their chance."""
        step = self._step
        if self._paused:  # TLS delivers what it had already decrypted
            self._backlog += data
        elif len(data) <= step:
            if self._stage != DEAF:
                rest = self._feed_some(data)
                if rest:
                    self._feed(rest)
                if self._full():
                    self._pause_reading(b"")
        else:
            for at in range(0, len(data), step):
                if self._stage == DEAF:
                    return
                self._feed(data[at : at + step])
                if self._full():
                    self._pause_reading(data[at + step :])
                    return

    def _feed(self, data: bytes) -> None:
        while data and self._stage != DEAF:
            data = self._feed_some(data)

    def _feed_some(self, data: bytes) -> bytes:
        """Parses; gives back what is left behind a place where the parser, or the head's cap, made a stop."""
        if self._raw_left:
            return self._feed_raw(data)
        rest = b""
        if self._stage == HEAD:
            data, rest = self._within_cap(data)
            if not data:
                return b""
        served = self._served
        size = self._size if self._stage == BODY else 0
        stop: httptools.HttpParserError | None = None
        end = 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            end = upgrade.args[0]
        except httptools.HttpParserError as error:
            stop = error
        # Dealt with out here: an exception raised within an except clause would look like the parser's.
        if stop is not None:
            self._at_error(stop)
        elif end:
            if self._upgrading:
                self._hand_over(data[end:] + rest)
            return data[end:] + rest
        elif self._stage == HEAD:
            if served == self._served:
                self._head_seen += len(data)
            else:  # it began behind another request's end, at a place that the parser does not tell
                self._head_unsure = True
        elif self._stage == BODY and self._chunked:
            self._count_stuffing(len(data) if self._size == size else 0)
        return rest

    def _within_cap(self, data: bytes) -> tuple[bytes, bytes]:
        """What of `data` a head that has begun may still take, and the rest; nothing when it may take no more."""
        room = self._connections.limits.head_bytes - self._head_seen
        if not room:
            self._refuse(431, "the header fields are too large", "head_too_large")
        return data[:room], data[room:]

    def _feed_raw(self, data: bytes) -> bytes:
        body = data[: self._raw_left]
        self._raw_left -= len(body)
        self.on_body(body)
        if not self._raw_left:
            self.on_message_complete()
        return data[len(body) :]

    def _count_stuffing(self, size: int) -> None:
        """Chunk extensions and trailers carry no body; they may be as long as a head."""
        self._stuffing = self._stuffing + size if size else 0
        if self._stuffing > self._connections.limits.head_bytes:
            self._refuse(431, "the chunk extensions or trailer fields are too large", "head_too_large")

    def _at_error(self, error: httptools.HttpParserError) -> None:
        if isinstance(error, httptools.HttpParserCallbackError):
            cause = error.__context__
            if isinstance(cause, RepeatedField):
                self._refuse(400, f"more than one {cause.args[0].decode()} field", "malformed")
            elif isinstance(cause, TooManyFields):
                self._refuse(431, "too many header fields", "head_too_large")
            elif not isinstance(cause, _Stop):
                self._stage = DEAF
                _log.error("connection failed", error=type(cause).__name__)
                self.transport.abort()
        elif self._stage != DEAF:
            self._refuse(400, f"malformed request: {error}" if error.args else "malformed request", "malformed")

    def _pause_reading(self, rest: bytes) -> None:
        """Stops reading while enough is under way; `rest` is parsed later."""
        self._paused = True
        self._backlog = rest
        self.deadline = inf  # it is not the client who keeps us waiting
        self.transport.pause_reading()

    def _resume_reading(self) -> None:
        self._paused = False
        connections = self._connections
        if self._stage == HEAD:
            self.deadline = connections.now + connections.head_patience
        elif self._stage == BODY:
            self.deadline = connections.now + connections.body_patience
        backlog, self._backlog = self._backlog, b""
        if not self.transport.is_closing():
            self.transport.resume_reading()
        if backlog:
            self._read(backlog)

    # --- the parser's callbacks -------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request's first byte."""
        if self._stage == DEAF:
            raise _Stop
        self._stage = HEAD
        self._url = b""
        self._fields = self._headers.begin()
        self.deadline = self._connections.now + self._connections.head_patience

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        self._url += url

    def on_headers_complete(self) -> None:
        """All that can be said about a request before its body."""
        parser = self._parser
        fields = self._fields
        connections = self._connections
        keep_alive = parser.should_keep_alive()
        # Only HTTP/1.1 stays without a word of the client's; asking the parser for the version has it write a text.
        version = self._version = "1.1" if keep_alive and b"connection" not in fields else parser.get_http_version()
        if self._head_unsure or self._head_seen:
            self._check_size(fields)
        method = _METHODS.get(parser.get_method())
        if method is None:
            self._stop(501, "this method is not implemented", "malformed")
        if version == "1.1":
            host = fields.get(b"host")
            if host is None or not connections.knows_host(host):
                self._stop(400, "a Host field is needed, and it must be one", "malformed")
            self._close = self._leaving or not keep_alive
        elif version == "1.0":
            self._close = True
        else:
            self._stop(505, "HTTP/1.1 or HTTP/1.0, please", "malformed")
        self._method = method
        if self._proxied:
            self._believe_proxy(fields)
        known = connections.gateway.known_targets.get((method, self._url))
        if known is not None:
            self._route, self._path, self._query, self._match = known
        else:
            self._find_route(method, fields)
        self._stage = BODY
        self._size = 0
        self._body: bytes | bytearray = b""
        length = fields.get(b"content-length")
        self._chunked = b"transfer-encoding" in fields
        if length is not None or self._chunked or b"expect" in fields:
            self._expect_body(fields, 0 if length is None else int(length))
        if b"upgrade" in fields and parser.should_upgrade():
            self._consider_upgrade(fields)

    def _believe_proxy(self, fields: dict[bytes, bytes]) -> None:
        """Takes the request for the one that the trusted proxy says it was."""
        connections = self._connections
        origin = connections.proxies.origin(self._sender, connections.scheme, fields)
        self._client, self._scheme = origin.client, origin.scheme
        if origin.host is not None and connections.knows_host(origin.host):
            fields[b"host"] = origin.host

    def _check_size(self, fields: dict[bytes, bytes]) -> None:
        """Exact where the raw count could not be: the sizes as the parser saw them."""
        most = self._connections.limits.head_bytes
        if self._head_unsure and len(self._url) + sum(len(name) + len(value) + 4 for name, value in fields.items()) > most:
            self._stop(431, "the header fields are too large", "head_too_large")
        self._head_seen = 0
        self._head_unsure = False

    def _find_route(self, method: str, fields: dict[bytes, bytes]) -> None:
        gateway, listener = self._connections.gateway, self._connections.listener
        self._split_target(self._url)
        if gateway.by_host:
            self._host = host_name(fields.get(b"host", b""))
        self._route, self._match = gateway.find(method, self._path, self._host, listener)
        gateway.known_targets.add(method, self._url, (self._route, self._path, self._query, self._match))

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
            self._fields = self._headers.begin()  # for the trailers
            self._trailed = fields
        connections = self._connections
        if length > connections.limits.body_bytes:
            self._stop_body()
        self.deadline = connections.now + connections.body_patience
        expected = fields.get(b"expect")
        if expected is not None and self._version == "1.1":
            if expected.lower() != b"100-continue":
                self._stop(417, "of the expectations, only 100-continue is met", "malformed")
            if self._busy():
                self._owes_continue = True
                self.deadline = inf  # the client waits for us
            elif length or self._chunked:
                self.transport.write(wire.CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece of the body, de-chunked."""
        connections = self._connections
        size = self._size = self._size + len(body)
        if size > connections.limits.body_bytes:
            self._stop_body()
        self.deadline += len(body) * connections.seconds_per_byte
        if not self._body:
            self._body = body
            return
        if type(self._body) is bytes:
            self._body = bytearray(self._body)  # bytes += bytes would copy the whole body for each piece
        self._body += body

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
            self._scheme,
            self._connections.listener,
            self._number,
        )
        self._taken(request, self._route, close)

    def _consider_upgrade(self, fields: dict[bytes, bytes]) -> None:
        """Marks a WebSocket handshake that somebody can answer. Any other upgrade is ignored (RFC 9110, 7.8), the request served as it is.

        The parser takes a request that asks for an upgrade to end with its head, whatever Content-Length says. Java's HttpClient and curl
        ask for h2c with every first POST, so its body is taken here; read as the next request it would be one that nobody sent.
        """
        length = int(fields.get(b"content-length", b"0"))
        if fields[b"upgrade"].lower() == b"websocket" and self._speaks_websocket():
            if self._method != "GET" or self._version != "1.1" or self._chunked or length:
                self._stop(400, "malformed WebSocket handshake", "malformed")
            if self._busy():
                self._stop(400, "a WebSocket handshake cannot be pipelined", "malformed")
            self._upgrading = True
        elif self._chunked:
            self._stop(400, "an upgrade cannot be asked for with a chunked body", "malformed")
        else:
            self._raw_left = length

    def _speaks_websocket(self) -> bool:
        gateway = self._connections.gateway
        if gateway.find_socket(self._path, self._host, self._connections.listener) is not None:
            return True
        return gateway.fallback is not None and self._connections.config.ws_protocol_class is not None

    # --- rejections ---------------------------------------------------------------------------------------------------------

    def _stop(self, status: int, words: str, reason: str) -> NoReturn:
        """Refuses from within a parser callback."""
        self._refuse(status, words, reason)
        raise _Stop

    def _stop_body(self) -> NoReturn:
        """Refuses a body above the cap, in the words of who claims the path."""
        fields = self._trailed if self._chunked else self._fields
        listener = self._connections.listener
        request = Request(
            self._method, self._path, self._query, fields, b"", self._client, self._match, self._scheme, listener, self._number
        )
        plain = wire.plain_error(413, "the body is too large")
        self._refuse_with(self._connections.gateway.error_reply(request, plain), "body_too_large")
        raise _Stop

    def _refuse(self, status: int, words: str, reason: str) -> None:
        """The gateway's own error, sent after what is under way; it ends the connection."""
        self._refuse_with(wire.plain_error(status, words), reason)

    def _refuse_with(self, reply: Reply, reason: str) -> None:
        if self._stage == DEAF:
            return
        self._connections.gateway.metrics.refuse(reason)
        self._stage = DEAF
        self.deadline = inf
        self._refused(wire.whole(reply, lines=self._connections.reply_lines()))
