"""socket.io 0.9 (protocol 1): a handshake by HTTP, then one WebSocket with messages in envelopes of colons.

`sid:heartbeat:timeout:transports` answers the handshake; `1::` greets, `1::/mtgox` opens this API's endpoint and comes back, messages are
`4::/mtgox:{json}`, and `2::` says that somebody is still there.
"""

from __future__ import annotations

import hmac
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
"""Used ids that one process remembers."""
MAX_QUERY = 1_024
"""Bytes of a handshake's query, which its id has in it."""
_UNTIL_BYTES, _DRAWN_BYTES, _SID_BYTES = 6, 4, 16
_HEAD_BYTES = _UNTIL_BYTES + _DRAWN_BYTES
TRANSPORTS = "websocket"
LONG_QUERY = Reply(400, b"the query is too long", b"text/plain")
UNKNOWN_SID = Reply(400, b"unknown session id", b"text/plain")
GREETING, HEARTBEAT = b"1::", b"2::"


class Handshakes:
    """Session ids, each of which says by itself until when it is good and with which query it was asked for, under a MAC: every process
    that serves the venue takes them, whichever gave them out. One process takes each once.
    """

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._secret = bytes.fromhex(context.services.directory.derived_secret("mtgox/session ids"))
        self._used: dict[str, int] = {}
        """Until when (ms) ids that were used would be good, oldest use first."""
        parts = context.services.state_parts
        self._given = Serial(parts, "mtgox/session ids")
        parts.add(StatePart("mtgox/used session ids", dict[str, int], lambda: self._used, self._used.update))

    def __call__(self, request: Request) -> Reply:
        """`GET /socket.io/1`. Chunked, because one client reads exactly three lines: a size, the text, a 0."""
        if len(request.query) > MAX_QUERY:
            return LONG_QUERY
        until = (self._context.now() + SID_LIFETIME) // 1_000
        drawn = self._context.services.entropy(f"socket.io/{self._given()}", _DRAWN_BYTES)
        head = until.to_bytes(_UNTIL_BYTES, "big") + drawn
        sid = (head + self._mac(head, request.query) + request.query).hex()
        text = f"{sid}:{HEARTBEAT_SECONDS}:{TIMEOUT_SECONDS}:{TRANSPORTS}"
        return Reply(200, text.encode(), b"text/plain", chunked=True)

    def take(self, sid: str) -> bytes | None:
        """The query of that handshake; None when there was none, it is used, or it is more than SID_LIFETIME ago."""
        whole, now = bytes.fromhex(sid), self._context.now() // 1_000
        head, mac, query = whole[:_HEAD_BYTES], whole[_HEAD_BYTES:_SID_BYTES], whole[_SID_BYTES:]
        until = int.from_bytes(head[:_UNTIL_BYTES], "big")
        if until <= now or sid in self._used or not hmac.compare_digest(mac, self._mac(head, query)):
            return None
        while self._used:
            oldest = next(iter(self._used))
            if self._used[oldest] > now and len(self._used) < MAX_SIDS:
                break
            del self._used[oldest]
        self._used[sid] = until
        return query

    def _mac(self, head: bytes, query: bytes) -> bytes:
        return hmac.digest(self._secret, head + query, "sha256")[: _SID_BYTES - _HEAD_BYTES]


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
