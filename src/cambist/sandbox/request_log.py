"""What was asked of a sandbox and what it answered, newest last, without secrets."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Generic, TypeVar

import msgspec

from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Reply, Request, Withheld
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from cambist.exchange import View
from cambist.sandbox import removed_secrets
from cambist.sandbox.sent_bytes import SentBytes
from cambist.scheduling import Watched

KEPT = 50_000
"""Records of each kind that are kept: exchanges, messages from clients, messages to them."""
KEPT_BYTES = 128 << 20
"""And bytes of each kind."""
REPLY_BYTES = 64 << 10
"""Of a reply or a message; the rest is cut off."""

Identify = Callable[[Request], Identity | None]


class Exchange(msgspec.Struct, eq=False):
    """A request and its reply. `number` counts everything in the log, in the order in which it came.

    `time` is µs of the sandbox's clock when it came. `path`, `query`, `headers`, `body` are as sent, but for secrets (removed_secrets.py);
    `client` is the peer's address, `connection` the number of the connection, which had been sent `offset` bytes by then. `account`, `key`
    (its public id) and `nonce` are what the request says; None and empty for a public one, and for a key that nobody has. The commands
    that the handler gave are those after `first_seq` up to `last_seq`, none when they are equal; where a handler waited between two
    commands of its own, those of others may be among them.

    Until the reply is there `outcome` is "open" and `status` 0. Then it is "replied"; "withheld", when the connection is to be closed
    without a word; "failed", when the handler raised; "abandoned", when it was cancelled. `reply` is the body as the client gets it, its
    beginning when it is long, without secrets; `replied_at` the sandbox's time at that. `faults`: the ids of the faults that touched it.
    """

    number: int
    time: int
    dialect: str
    route: str
    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes
    client: str
    connection: int = 0
    offset: int = 0
    account: int | None = None
    key: str = ""
    nonce: str = ""
    first_seq: int = 0
    last_seq: int = 0
    status: int = 0
    reply: bytes = b""
    outcome: str = "open"
    faults: tuple[str, ...] = ()
    replied_at: int = 0

    @property
    def size(self) -> int:
        """Bytes that it holds, about."""
        return 1_000 + len(self.query) + len(self.body) + len(self.reply)


class SocketMessage(msgspec.Struct, eq=False):
    """A message on a socket. `socket` numbers the sockets, in the order in which they came, from 1.

    `direction`: "opened" (the handshake, with its header fields; `data` is its path and query), "received" from the client, "sent" to it,
    "closed" (`data` is why the server ended it, empty where it did not). `connection` and `offset`, of the handshake, as in Exchange.
    `account`: whom the client had shown itself to be when the message came, None for a stranger. `data` is text as UTF-8 without secrets,
    of what was sent its beginning when it is long. `binary`: the client sent it as a binary message. `first_seq`, `last_seq` and `faults`
    as in Exchange, for what was received.
    """

    number: int
    time: int
    socket: int
    dialect: str
    direction: str
    account: int | None
    data: bytes
    first_seq: int = 0
    last_seq: int = 0
    faults: tuple[str, ...] = ()
    connection: int = 0
    offset: int = 0
    headers: dict[bytes, bytes] = {}
    binary: bool = False

    @property
    def size(self) -> int:
        """Bytes that it holds, about."""
        return 300 + len(self.data)


Record = Exchange | SocketMessage
Subscriber = Callable[[Record], object]
R = TypeVar("R", Exchange, SocketMessage)


class _Ring(Generic[R]):
    """The newest records of a kind."""

    def __init__(self) -> None:
        self._records: deque[R] = deque()
        self._bytes = 0
        self.dropped = 0

    def add(self, record: R) -> None:
        self._records.append(record)
        self._grew(record.size)

    def grew(self, record: R, size: int) -> None:
        """A record that was added holds so many bytes more."""
        if self._records and record.number >= self._records[0].number:
            self._grew(size)

    def _grew(self, size: int) -> None:
        self._bytes += size
        while len(self._records) > KEPT or (self._bytes > KEPT_BYTES and len(self._records) > 1):
            self._bytes -= self._records.popleft().size
            self.dropped += 1

    def since(self, number: int) -> list[R]:
        """Those with higher numbers, in order."""
        found = list(takewhile(lambda record: record.number > number, reversed(self._records)))
        found.reverse()
        return found


class RequestLog:
    """An interceptor that records, and keeps the newest. It stands before everything else, so it sees what the client gets.

    `identify`: by a dialect's name, who a request says that it comes from. `sent` counts the bytes of connections.
    """

    def __init__(self, clock: Callable[[], int], view: View, identify: Mapping[str, Identify], sent: SentBytes | None = None) -> None:
        self._sent_bytes = SentBytes() if sent is None else sent
        self._clock = clock
        self._view = view
        self._identify = identify
        self._subscribers: list[Subscriber] = []
        self._exchanges: _Ring[Exchange] = _Ring()
        self._received: _Ring[SocketMessage] = _Ring()
        self._sent: _Ring[SocketMessage] = _Ring()
        self._number = 0
        self.inputs = 0
        """Requests, handshakes and messages of clients that were ever recorded."""
        self._sockets = 0
        self._current: list[Record] = []

    @property
    def last_number(self) -> int:
        """Of the newest record; 0 without any."""
        return self._number

    @property
    def dropped(self) -> int:
        """Records that were there and are kept no more."""
        return self._exchanges.dropped + self._received.dropped + self._sent.dropped

    @property
    def current(self) -> Record | None:
        """The exchange, or the message of a client, whose handler runs now, in this very step; None when none does.

        What a handler does in a task of its own is nobody's.
        """
        return self._current[-1] if self._current else None

    @property
    def current_number(self) -> int:
        """Of that record, 0 without one."""
        return self._current[-1].number if self._current else 0

    def touched_by(self, fault: str) -> None:
        """Notes that a fault touched the current record. Does nothing when there is none."""
        record = self.current
        if record is not None and fault not in record.faults:
            record.faults = (*record.faults, fault)

    def since(self, number: int) -> Iterator[Record]:
        """The records with higher numbers, in order; exchanges that are still open among them."""
        return heapq.merge(
            self._exchanges.since(number), self._received.since(number), self._sent.since(number), key=lambda record: record.number
        )

    def __iter__(self) -> Iterator[Record]:
        return self.since(0)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Calls back with each exchange when its reply is there, and with each message when its handler is done; the result ends that."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    # --- HTTP -------------------------------------------------------------------------------------------------------------

    def route(self, route: Route) -> Route:
        """The route that records what its handler is asked and answers."""
        handler, dialect, name = route.handler, route.dialect, route.name or route.path

        def handle(request: Request) -> Reply | Awaitable[Reply]:
            exchange = self._begin(request, dialect, name)
            try:
                with _Running(self, exchange):
                    answer = handler(request)
            except BaseException as error:
                self._broke_off(exchange, error)
                raise
            if isinstance(answer, Reply):
                self._replied(exchange, answer)
                return answer
            return self._awaited(exchange, answer)

        return replace(route, handler=handle)

    async def _awaited(self, exchange: Exchange, answer: Awaitable[Reply]) -> Reply:
        try:
            reply = await Watched(answer, lambda: _Running(self, exchange))
        except BaseException as error:
            self._broke_off(exchange, error)
            raise
        self._replied(exchange, reply)
        return reply

    def _begin(self, request: Request, dialect: str, route: str) -> Exchange:
        identify = self._identify.get(dialect)
        identity = identify(request) if identify is not None else None
        seq = self._view.seq
        self.inputs += 1
        exchange = Exchange(
            number=self._next(),
            time=self._clock(),
            dialect=dialect,
            route=route,
            method=request.method,
            path=request.path,
            query=removed_secrets.of_text(request.query),
            headers=removed_secrets.of_headers(request.headers),
            body=removed_secrets.of_text(request.body),
            client=request.client,
            connection=request.connection,
            offset=self._sent_bytes.asked(request.connection, dialect),
            first_seq=seq,
            last_seq=seq,
        )
        if identity is not None:
            exchange.account, exchange.key, exchange.nonce = identity.account, identity.key, identity.nonce
        self._exchanges.add(exchange)
        return exchange

    def _replied(self, exchange: Exchange, reply: Reply) -> None:
        exchange.status = reply.status
        exchange.reply = removed_secrets.of_reply(_beginning(reply))
        self._exchanges.grew(exchange, len(exchange.reply))
        self._ended(exchange, "replied")

    def _broke_off(self, exchange: Exchange, error: BaseException) -> None:
        self._ended(exchange, "withheld" if isinstance(error, Withheld) else "failed" if isinstance(error, Exception) else "abandoned")

    def _ended(self, exchange: Exchange, outcome: str) -> None:
        exchange.outcome = outcome
        exchange.replied_at = self._clock()
        self._tell(exchange)

    # --- sockets ----------------------------------------------------------------------------------------------------------

    def socket_route(self, route: SocketRoute) -> SocketRoute:
        """The route whose sockets record what is said on them."""
        accept = route.accept

        def recorded(request: Request, socket: Socket) -> Session | Reply:
            own = _RecordedSocket(socket, self, self._sockets + 1, route.dialect)
            answer = accept(request, own)
            if isinstance(answer, Reply):  # as any other request that is refused
                self._replied(self._begin(request, route.dialect, route.name or route.path), answer)
                return answer
            self._sockets += 1
            query = removed_secrets.of_text(request.query)
            own.session = answer
            opened = self.said(own, "opened", request.path.encode() + (b"?" + query if query else b""))
            opened.headers = removed_secrets.of_headers(request.headers)
            opened.offset = self._sent_bytes.asked(request.connection, route.dialect, socket=True)
            self._tell(opened)
            return _RecordedSession(own, answer, self)

        return replace(route, accept=recorded)

    def said(self, socket: _RecordedSocket, direction: str, data: bytes) -> SocketMessage:
        """Records a message of a recorded socket, and tells of it unless there is more to come of it."""
        identity = socket.session.identity() if socket.session is not None else None
        account = identity.account if identity is not None else None
        seq = self._view.seq
        record = SocketMessage(self._next(), self._clock(), socket.number, socket.dialect, direction, account, data, seq, seq)
        record.connection = socket.request.connection
        if direction != "sent":
            self.inputs += 1
            record.offset = self._sent_bytes.size_of(record.connection)
        (self._sent if direction == "sent" else self._received).add(record)
        if direction in ("sent", "closed"):
            self._tell(record)
        return record

    def handed_on(
        self, socket: _RecordedSocket, data: bytes, binary: bool, handle: Callable[[], Awaitable[None] | None]
    ) -> Awaitable[None] | None:
        """Records what a client said, and has it handled."""
        record = self.said(socket, "received", removed_secrets.of_message(data))
        record.binary = binary
        try:
            with _Running(self, record):
                rest = handle()
        except BaseException:
            self._tell(record)
            raise
        if rest is None:
            self._tell(record)
            return None
        return self._handled(record, rest)

    async def _handled(self, record: SocketMessage, rest: Awaitable[None]) -> None:
        try:
            await Watched(rest, lambda: _Running(self, record))
        finally:
            self._tell(record)

    # --- what both have in common -----------------------------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """Of the last command that was applied."""
        return self._view.seq

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _tell(self, record: Record) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber(record)

    def enter(self, record: Record) -> None:
        """A step of its handler begins."""
        self._current.append(record)

    def leave(self, record: Record, before: int) -> None:
        """The step has ended; `before` is the seq at its beginning."""
        self._current.pop()
        seq = self._view.seq
        if seq == before:
            return
        if record.first_seq == record.last_seq:
            record.first_seq = before
        record.last_seq = seq


class _Running:
    """A step of a handler."""

    __slots__ = ("_before", "_log", "_record")

    def __init__(self, log: RequestLog, record: Record) -> None:
        self._log = log
        self._record = record
        self._before = 0

    def __enter__(self) -> None:
        self._before = self._log.seq
        self._log.enter(self._record)

    def __exit__(self, *_raised: object) -> None:
        self._log.leave(self._record, self._before)


class _RecordedSocket:
    """A socket that notes what is sent on it."""

    def __init__(self, inner: Socket, log: RequestLog, number: int, dialect: str) -> None:
        self._inner = inner
        self._log = log
        self.number = number
        self.dialect = dialect
        self.session: Session | None = None

    @property
    def request(self) -> Request:
        return self._inner.request

    @property
    def is_open(self) -> bool:
        return self._inner.is_open

    @property
    def why_ended(self) -> str:
        return self._inner.why_ended

    @property
    def client(self) -> str:
        return self._inner.client

    def send(self, message: bytes, *, durable: bool = False) -> None:
        if self._inner.is_open:
            self._log.said(self, "sent", removed_secrets.of_reply(message[:REPLY_BYTES]))
        self._inner.send(message, durable=durable)

    def send_encoded(self, message: bytes, *, durable: bool = False) -> None:
        if self._inner.is_open:
            self._log.said(self, "sent", removed_secrets.of_reply(payload_of(message)[:REPLY_BYTES]))
        self._inner.send_encoded(message, durable=durable)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._inner.close(code, reason)

    def abort(self) -> None:
        self._inner.abort()

    def break_off(self, *, reset: bool = False) -> None:
        self._inner.break_off(reset=reset)

    def freeze(self) -> Callable[[], None]:
        return self._inner.freeze()

    def on_closed(self, listener: Callable[[Socket], None]) -> None:
        self._inner.on_closed(lambda _inner: listener(self))


class _RecordedSession(Session):
    """A session that notes what its client says."""

    def __init__(self, socket: _RecordedSocket, inner: Session, log: RequestLog) -> None:
        super().__init__(socket)
        self._recorded = socket
        self._inner = inner
        self._log = log

    def identity(self) -> Identity | None:
        return self._inner.identity()

    def opened(self) -> None:
        self._inner.opened()

    def text(self, message: str) -> Awaitable[None] | None:
        return self._log.handed_on(self._recorded, message.encode(), False, lambda: self._inner.text(message))

    def binary(self, message: bytes) -> Awaitable[None] | None:
        return self._log.handed_on(self._recorded, message, True, lambda: self._inner.binary(message))

    def closed(self) -> None:
        self._log.said(self._recorded, "closed", self._recorded.why_ended.encode())
        self._inner.closed()


def payload_of(message: bytes) -> bytes:
    """What an unmasked message of a server's carries; of one that a fault cut off, what is left of it."""
    if len(message) < 2:
        return b""
    length = message[1]
    return message[2:] if length < 126 else message[4:] if length == 126 else message[10:]


def _beginning(reply: Reply) -> bytes:
    """The beginning of a reply's body."""
    if not reply.parts:
        return reply.body[:REPLY_BYTES]
    taken, size = [], 0
    for part in (*reply.parts, reply.body):
        taken.append(part)
        size += len(part)
        if size >= REPLY_BYTES:
            break
    return b"".join(taken)[:REPLY_BYTES]
