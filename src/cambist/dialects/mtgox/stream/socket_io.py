"""socket.io 0.9 (protocol 1): a handshake by HTTP, then one WebSocket with messages in envelopes of colons.

`sid:heartbeat:timeout:transports` answers the handshake; `1::` greets, `1::/mtgox` opens this API's endpoint and comes back, messages are
`4::/mtgox:{json}`, and `2::` says that somebody is still there.
"""

from __future__ import annotations

from collections.abc import Awaitable

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialect_kit.sockets import Socket
from cambist.dialects.mtgox.call import DialectContext
from cambist.dialects.mtgox.stream.session import Stream, StreamSession
from cambist.domain.state_parts import Serial, StatePart
from cambist.scheduling import Scheduler, Timer

ENDPOINT = "/mtgox"
HEARTBEAT_SECONDS = 15
TIMEOUT_SECONDS = 25
SID_LIFETIME = 30 * SECOND
MAX_SIDS = 10_000
TRANSPORTS = "websocket"
UNKNOWN_SID = Reply(400, b"unknown session id", b"text/plain")
GREETING, HEARTBEAT = b"1::", b"2::"


class Handshakes:
    """Session ids that were given out and not used yet, with the queries of their handshakes."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._waiting: dict[str, tuple[int, bytes]] = {}
        parts = context.services.state_parts
        self._given = Serial(parts, "mtgox/session ids")
        parts.add(StatePart("mtgox/handshakes", dict[str, tuple[int, bytes]], lambda: self._waiting, self._waiting.update))

    def __call__(self, request: Request) -> Reply:
        """`GET /socket.io/1`. Chunked, because one client reads exactly three lines: a size, the text, a 0."""
        now = self._context.now()
        while self._waiting:
            oldest = next(iter(self._waiting))
            if self._waiting[oldest][0] > now and len(self._waiting) < MAX_SIDS:
                break
            del self._waiting[oldest]
        sid = self._context.services.entropy(f"socket.io/{self._given()}", 16).hex()
        self._waiting[sid] = (now + SID_LIFETIME, request.query)
        text = f"{sid}:{HEARTBEAT_SECONDS}:{TIMEOUT_SECONDS}:{TRANSPORTS}"
        return Reply(200, text.encode(), b"text/plain", chunked=True)

    def take(self, sid: str) -> bytes | None:
        """The query of that handshake; None when there was none, it is used, or it is more than SID_LIFETIME ago."""
        until, query = self._waiting.pop(sid, (0, b""))
        return query if until > self._context.now() else None


class SocketIoSession(StreamSession):
    """The same API in socket.io's envelopes."""

    prefix = f"4::{ENDPOINT}:".encode()

    def __init__(self, socket: Socket, stream: Stream, query: bytes, scheduler: Scheduler) -> None:
        super().__init__(socket, stream, query)
        self._scheduler = scheduler
        self._joined = False
        self._heartbeat: Timer | None = None

    def opened(self) -> None:
        self.socket.send(GREETING, durable=True)
        self._heartbeat = self._scheduler.every(HEARTBEAT_SECONDS * SECOND, lambda: self.socket.send(HEARTBEAT, durable=True))

    def closed(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()

    def text(self, message: str) -> Awaitable[None] | None:
        kind, _, rest = message.partition(":")
        _identifier, _, rest = rest.partition(":")
        endpoint, _, data = rest.partition(":")
        if kind == "1" and endpoint.partition("?")[0] == ENDPOINT:
            self.socket.send(f"1::{ENDPOINT}".encode(), durable=True)
            if not self._joined:
                self._joined = True
                self.greet()
        elif kind == "0":
            self.socket.close(1000, "goodbye")
        elif kind in ("3", "4") and self._joined and endpoint == ENDPOINT:
            return self.heard(data)
        return None
