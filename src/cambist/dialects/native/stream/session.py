"""One client of the stream: login, topics, and what ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from cambist.account_streams.orders import OrderFeed
from cambist.api_types import stream
from cambist.api_types.problems import Code, Problem, problem
from cambist.dialect_kit.hub import Hub
from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Request
from cambist.dialect_kit.revocations import Revocations
from cambist.dialect_kit.situations import Situation
from cambist.dialect_kit.sockets import Session, Socket
from cambist.dialects.native.auth import KEY, SIGNATURE, TIMESTAMP, Caller, KeyCaller, SessionCaller
from cambist.dialects.native.context import DialectContext
from cambist.dialects.native.endpoint import BASE, SITUATIONS, invalid
from cambist.dialects.native.scopes import Scope
from cambist.dialects.native.stream.market_channels import Book, Candles, MarketChannel, Ticker, Trades, encode
from cambist.dialects.native.stream.private_channels import PRIVATE, balances_snapshot, orders_snapshot
from cambist.dialects.native.stream.session_ends import SessionEnds
from cambist.exchange.commands import JournalStopped, NonceRejected
from cambist.history.port import HistoryError
from cambist.marketdata.candles import base_interval
from cambist.scheduling import Timer

PATH = f"{BASE}/stream"
MAX_FAILURES = 20
"""Messages in a row that make no sense before the socket is closed."""

_decode = msgspec.json.Decoder(stream.AnyClientMessage).decode


@dataclass(slots=True)
class StreamServices:
    """What all clients of the stream share."""

    context: DialectContext
    feed: OrderFeed
    revocations: Revocations
    session_ends: SessionEnds
    hub: Hub = field(default_factory=Hub)


class StreamClient(Session):
    """The conversation with one client. `caller`: who came with a session's cookie."""

    def __init__(self, socket: Socket, shared: StreamServices, caller: SessionCaller | None) -> None:
        super().__init__(socket)
        self._shared = shared
        self._caller: Caller | None = None
        self._unfollow_caller: Callable[[], None] = lambda: None
        self._expiry: Timer | None = None
        self._failures = 0
        if caller is not None:
            self._logged_in(caller)

    def text(self, message: str) -> Awaitable[None] | None:
        try:
            said = _decode(message)
        except msgspec.ValidationError as error:
            self._fail(None, invalid(str(error)))
            return None
        except (msgspec.DecodeError, RecursionError):
            self._fail(None, problem(Code.REQUEST_INVALID, "A message is a JSON object with `op`."))
            return None
        match said:
            case stream.Ping():
                self._done(said.id, "ping")
            case stream.Subscribe():
                return self._subscribe(said)
            case stream.Unsubscribe():
                ended = [topic for topic in said.topics if self._shared.hub.unsubscribe(self.socket, self._key(topic))]
                self._done(said.id, "unsubscribe", ended)
            case stream.Login():
                return self._login(said)
        return None

    def worded(self, message: str, situation: Situation) -> bytes | None:
        try:
            tag = _decode(message).id
        except (msgspec.DecodeError, RecursionError):
            tag = None
        return encode(stream.Failed(id=tag, problem=problem(SITUATIONS[situation])))

    def identity(self) -> Identity | None:
        caller = self._caller
        if caller is None:
            return None
        return Identity(caller.account, caller.key.key if isinstance(caller, KeyCaller) else f"session {caller.session.id}")

    def closed(self) -> None:
        self._forget_caller()

    # --- who ------------------------------------------------------------------------------------------------------------------
    async def _login(self, said: stream.Login) -> None:
        context = self._shared.context
        signed = {KEY: said.key.encode(), TIMESTAMP: said.timestamp.encode(), SIGNATURE: said.signature.encode()}
        caller = context.authenticator.caller(Request("GET", PATH, headers=signed, client=self.socket.client), changes=True)
        if isinstance(caller, KeyCaller):
            try:
                await caller.claim(context.services.commands)
            except NonceRejected:
                caller = problem(Code.REQUEST_REPEATED)
            except JournalStopped:
                caller = problem(Code.UNAVAILABLE)
        if isinstance(caller, Problem):
            self._fail(said.id, caller)
            return
        self._end_private()
        self._logged_in(caller)
        self._done(said.id, "login", durable=False)

    def _logged_in(self, caller: Caller) -> None:
        self._forget_caller()
        self._caller = caller
        shared = self._shared
        if isinstance(caller, KeyCaller):
            self._unfollow_caller = shared.revocations.follow(caller.key, self._logged_out)
        else:
            self._unfollow_caller = shared.session_ends.follow(caller.session, self._logged_out)
            self._expiry = shared.context.services.scheduler.at(caller.session.expires, self._logged_out)

    def _forget_caller(self) -> None:
        self._unfollow_caller()
        self._unfollow_caller = lambda: None
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def _end_private(self) -> list[str]:
        """The topics of one's own that were followed until now."""
        if self._caller is None:
            return []
        return [topic for topic in PRIVATE if self._shared.hub.unsubscribe(self.socket, self._key(topic))]

    def _logged_out(self) -> None:
        topics = self._end_private()
        self._forget_caller()
        self._caller = None
        self.socket.send(encode(stream.LoggedOut(topics=topics)), durable=True)

    # --- topics ---------------------------------------------------------------------------------------------------------------
    def _key(self, topic: str) -> object:
        """By which the hub knows a topic: those of one's own are each account's."""
        return (topic, self._caller.account) if topic in PRIVATE and self._caller is not None else topic

    async def _subscribe(self, said: stream.Subscribe) -> None:
        """The acknowledgement first; then, topic by topic, what new followers must hear."""
        makers: list[tuple[str, Callable[[], MarketChannel] | None]] = []
        for topic in dict.fromkeys(said.topics):
            made = self._private(topic) if topic in PRIVATE else self._market(topic)
            if isinstance(made, Problem):
                self._fail(said.id, made)
                return
            makers.append((topic, made))
        if len(self._shared.hub.following(self.socket)) + len(makers) > stream.MOST_TOPICS:
            self._fail(said.id, problem(Code.TOO_MANY_TOPICS))
            return
        self._done(said.id, "subscribe", [topic for topic, _ in makers])
        for topic, make in makers:
            if make is None:
                await self._follow_private(topic)
            else:
                first = self._shared.hub.subscribe(self.socket, topic, make).first()
                if first is not None:
                    self.socket.send(first, durable=True)
                await asyncio.sleep(0)  # a client may follow many books at once: others are served in between

    def _private(self, topic: str) -> Problem | None:
        if self._caller is None:
            return problem(Code.UNAUTHENTICATED, f"Log in to follow {topic}.")
        if Scope.READ not in self._caller.scopes:
            return problem(Code.SCOPE_MISSING, "This needs the scope read, which the key has not.")
        return None

    def _market(self, topic: str) -> Callable[[], MarketChannel] | Problem:
        """What makes the topic's channel."""
        name, market, *rest = topic.split(":")
        context = self._shared.context
        listing = context.listings.market(market)
        if listing is None:
            return problem(Code.MARKET_UNKNOWN, field="topics")
        match name:
            case "book":
                return lambda: Book(context, listing, topic, int(rest[0]))
            case "trades":
                return lambda: Trades(context, listing, topic)
            case "ticker":
                return lambda: Ticker(context, listing, topic)
        try:
            base_interval(int(rest[0]))
        except ValueError:
            return problem(Code.INTERVAL_INVALID, field="topics")
        return lambda: Candles(context, listing, topic, int(rest[0]))

    async def _follow_private(self, topic: str) -> None:
        caller, shared = self._caller, self._shared
        if caller is None:
            return  # it ended meanwhile
        make, account = PRIVATE[topic], caller.account
        shared.hub.subscribe(self.socket, self._key(topic), lambda: make(shared.context, shared.feed, account))
        if topic == "balances":
            self.socket.send(balances_snapshot(shared.context, account))
        elif topic == "orders":
            try:
                snapshot = await orders_snapshot(shared.context, account)
            except HistoryError:
                shared.hub.unsubscribe(self.socket, self._key(topic))
                self._fail(None, problem(Code.HISTORY_UNAVAILABLE, "The topic orders is not followed: histories cannot be read now."))
                return
            if self._caller is caller:
                for message in snapshot:
                    self.socket.send(message)

    # --- answers --------------------------------------------------------------------------------------------------------------
    def _done(self, tag: str | None, op: str, topics: list[str] | None = None, *, durable: bool = True) -> None:
        self._failures = 0
        sequence = self._shared.context.services.view.seq
        self.socket.send(encode(stream.Done(id=tag, op=op, sequence=sequence, topics=topics or [])), durable=durable)

    def _fail(self, tag: str | None, said: Problem) -> None:
        self._failures += 1
        self.socket.send(encode(stream.Failed(id=tag, problem=said)), durable=True)
        if self._failures == MAX_FAILURES:
            self.socket.close(1008, "too many messages that cannot be answered")
