"""One client on a socket: login, subscriptions, keep-alives. The older two paths and the order book stream differ in topics and errors."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cambist.dialect_kit.hub import Hub
from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.revocations import Revocations
from cambist.dialect_kit.situations import Situation
from cambist.dialect_kit.sockets import Session, Socket
from cambist.dialects.btse.auth import READ, Caller
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import body_of
from cambist.dialects.btse.market_views import GROUPS, MAX_LEVELS, MarketViews
from cambist.dialects.btse.render import encode
from cambist.dialects.btse.settings import Flavour
from cambist.dialects.btse.situations import REJECTIONS
from cambist.dialects.btse.sockets.channels import SNAPSHOT_LEVELS, BookDeltas, BookSnapshots, GroupedLevels, MarketChannel, Trades
from cambist.dialects.btse.sockets.private import PRIVATE_TOPICS, PrivateSources
from cambist.dialects.btse.symbols import Market
from cambist.exchange.commands import NonceRejected

LOGIN_PATHS = ("/spotWS", "/ws/spot")
MAX_TOPICS = 256
"""Topics of one socket."""
MAX_FAILURES = 20
"""Requests in a row that make no sense before the socket is closed."""
UNKNOWN_MARKET, UNKNOWN_OP, BAD_REQUEST, UNKNOWN_TOPIC, TOO_MANY_FAILURES = 1000, 1001, 1002, 1005, 1008
ERROR_WORDS = {
    UNKNOWN_MARKET: "Market pair provided is currently not supported.",
    UNKNOWN_OP: "Operation provided is currently not supported.",
    BAD_REQUEST: "Invalid request. Please check again your request and provide all information required.",
    UNKNOWN_TOPIC: "Topic provided does not exist.",
    TOO_MANY_FAILURES: "Reached maximum failed attempts, closing the session.",
}

Make = Callable[[DialectContext, MarketViews, Market, str, int], MarketChannel]
"""A channel of a topic `name:SYMBOL_number` (0 without one)."""


@dataclass(frozen=True, slots=True)
class Family:
    """Topics of one name. `largest`: of the number behind the underscore; -1: there is none."""

    make: Make
    largest: int = -1


def _grouped(context: DialectContext, views: MarketViews, market: Market, topic: str, group: int) -> MarketChannel:
    return BookSnapshots(context, views, market, topic, group, SNAPSHOT_LEVELS, None)


def _by_depth(context: DialectContext, views: MarketViews, market: Market, topic: str, depth: int) -> MarketChannel:
    return BookSnapshots(context, views, market, topic, 0, depth, depth)


def _trades(context: DialectContext, views: MarketViews, market: Market, topic: str, _none: int) -> MarketChannel:
    return Trades(context, views, market, topic, old=False)


def _old_trades(context: DialectContext, views: MarketViews, market: Market, topic: str, _none: int) -> MarketChannel:
    return Trades(context, views, market, topic, old=True)


def _best(context: DialectContext, views: MarketViews, market: Market, topic: str, group: int) -> MarketChannel:
    return GroupedLevels(context, views, market, topic, "snapshotL1", group, 1)


def _snapshots(context: DialectContext, views: MarketViews, market: Market, topic: str, group: int) -> MarketChannel:
    return GroupedLevels(context, views, market, topic, "snapshot", group, SNAPSHOT_LEVELS)


SPOT_FAMILIES: Mapping[str, Family] = {
    "orderBookApi": Family(_grouped, len(GROUPS) - 1),
    "orderBookL2Api": Family(_by_depth, MAX_LEVELS),
    "tradeHistory": Family(_old_trades),
    "tradeHistoryApi": Family(_trades),
}
OSS_FAMILIES: Mapping[str, Family] = {
    "update": Family(BookDeltas, len(GROUPS) - 1),
    "snapshot": Family(_snapshots, len(GROUPS) - 1),
    "snapshotL1": Family(_best, len(GROUPS) - 1),
}
_TOPIC = re.compile(r"([A-Za-z0-9]{1,20}):([A-Za-z0-9]{2,12}-[A-Za-z0-9]{2,12})(?:_([0-9]{1,4}))?")


@dataclass(slots=True)
class SocketServices:
    """What all sockets of this dialect share."""

    context: DialectContext
    views: MarketViews
    sources: PrivateSources
    revocations: Revocations
    hub: Hub = field(default_factory=Hub)


class Client(Session):
    """The conversation with one client."""

    def __init__(self, socket: Socket, shared: SocketServices, families: Mapping[str, Family], private: bool) -> None:
        super().__init__(socket)
        self._shared = shared
        self._families = families
        self._private = private
        self._caller: Caller | None = None
        self._unfollow_key: Callable[[], None] = lambda: None
        self._wanted: set[str] = set()
        self._old = shared.context.settings.v2_flavour is Flavour.V2_0
        self._failures = 0

    def text(self, message: str) -> Awaitable[None] | None:
        if message == "ping":
            self.socket.send(b"pong", durable=True)
            return None
        if message.strip() in ("2", "pong"):
            return None  # keep-alives that nobody wants answered
        request = body_of(message.encode())
        arguments = request.get("args") if request else None
        if not request or not isinstance(arguments, list) or len(arguments) > MAX_TOPICS:
            self._fail("", BAD_REQUEST)
            return None
        match request.get("op"):
            case "subscribe":
                self._subscribe(arguments)
            case "unsubscribe":
                self._unsubscribe(arguments)
            case "authKeyExpires" | "login" if self._private:
                return self._login(arguments)
            case operation:
                self._fail(str(operation)[:64], UNKNOWN_OP)
        return None

    # --- login ------------------------------------------------------------------------------------------------------------

    async def _login(self, arguments: list[Any]) -> None:
        caller = self._identified(arguments)
        if caller is not None:
            try:
                await caller.claim(self._shared.context.services.commands)
            except NonceRejected:
                caller = None
        if caller is None:
            self._say({"event": "login", "success": False})
            self._failed_once()
            return
        self._end_private()
        self._caller = caller
        self._unfollow_key = self._shared.revocations.follow(caller.key, self._revoked)
        self._failures = 0
        self._say({"event": "login", "success": True}, durable=False)
        for topic in sorted(self._wanted):
            self._follow_private(topic)

    def _identified(self, arguments: list[Any]) -> Caller | None:
        if len(arguments) != 3:
            return None
        key, nonce, sign = arguments
        nonce = str(nonce) if isinstance(nonce, int) and not isinstance(nonce, bool) else nonce
        if not (isinstance(key, str) and isinstance(nonce, str) and isinstance(sign, str)):
            return None
        authenticator = self._shared.context.authenticator
        caller = authenticator.login(key, nonce.encode(), sign.encode(), LOGIN_PATHS, self.socket.client)
        return None if isinstance(caller, Rejection) or not caller.key.permits(READ) else caller

    def _end_private(self) -> None:
        """Another login ends what the one before followed, and so does the end of its key."""
        self._unfollow_key()
        if self._caller is not None:
            for topic in PRIVATE_TOPICS:
                self._shared.hub.unsubscribe(self.socket, (topic, self._caller.key.id))

    def _revoked(self) -> None:
        """The login's key is no more: neither is the login, nor the private topics. Market topics go on."""
        self._end_private()
        self._caller = None
        topics, self._wanted = sorted(self._wanted), set()
        self._say({"event": "login", "success": False})
        if topics:
            self._acknowledge("unsubscribe", topics)

    def worded(self, message: str, situation: Situation) -> bytes | None:
        if situation is Situation.NONCE_REJECTED:
            return encode({"event": "login", "success": False})
        rejection = REJECTIONS[situation]
        error = {"arg": "", "error": {"code": int(rejection.code), "message": rejection.message}}
        return encode({"severity": "ERROR", "errors": [error]})

    def identity(self) -> Identity | None:
        caller = self._caller
        return None if caller is None else Identity(caller.account, caller.key.key)

    def closed(self) -> None:
        self._unfollow_key()

    def _follow_private(self, topic: str) -> None:
        caller, shared = self._caller, self._shared
        if caller is not None:
            make = PRIVATE_TOPICS[topic]
            shared.hub.subscribe(self.socket, (topic, caller.key.id), lambda: make(shared.sources, caller.key))

    # --- topics -----------------------------------------------------------------------------------------------------------

    def _subscribe(self, arguments: list[Any]) -> None:
        """The acknowledgement first, with the topics that are there; then, in that order, what new followers must hear."""
        accepted: list[tuple[str, Callable[[], MarketChannel] | None]] = []
        for argument in arguments:
            if self._private and isinstance(argument, str) and argument in PRIVATE_TOPICS:
                accepted.append((argument, None))
                continue
            found = self._market_topic(argument)
            if isinstance(found, int):
                if not self._private:
                    self._fail(str(argument)[:64], found)
            else:
                accepted.append((argument, found))
        room = MAX_TOPICS - len(self._shared.hub.following(self.socket)) - len(self._wanted)
        accepted = accepted[: max(room, 0)]
        self._acknowledge("subscribe", [topic for topic, _ in accepted])
        for topic, make in accepted:
            if make is None:
                self._wanted.add(topic)
                self._follow_private(topic)
                continue
            channel = self._shared.hub.subscribe(self.socket, topic, make)
            first = channel.first()
            if first is not None:
                self.socket.send(first, durable=True)

    def _market_topic(self, argument: Any) -> Callable[[], MarketChannel] | int:
        """What makes the topic's channel, or the number of the error."""
        parts = _TOPIC.fullmatch(argument) if isinstance(argument, str) else None
        if parts is None:
            return UNKNOWN_TOPIC
        name, symbol, given = parts.groups()
        family = self._families.get(name)
        number = int(given) if given is not None else 0
        if family is None or number > max(family.largest, 0) or (given is not None and family.largest < 0):
            return UNKNOWN_TOPIC
        market = self._shared.context.symbols.find(symbol)
        if market is None:
            return UNKNOWN_MARKET
        shared = self._shared
        return lambda: family.make(shared.context, shared.views, market, argument, number)

    def _unsubscribe(self, arguments: list[Any]) -> None:
        ended = []
        for argument in arguments:
            if not isinstance(argument, str):
                continue
            if argument in self._wanted:
                self._wanted.discard(argument)
                if self._caller is not None:
                    self._shared.hub.unsubscribe(self.socket, (argument, self._caller.key.id))
                ended.append(argument)
            elif self._shared.hub.unsubscribe(self.socket, argument):
                ended.append(argument)
        self._acknowledge("unsubscribe", ended)

    def _acknowledge(self, event: str, topics: list[str]) -> None:
        self._say({"event": event, "channel": topics})

    def _say(self, message: dict[str, Any], *, durable: bool = True) -> None:
        """Everything that is no push. Clients of 2019 read a `topic` in every message, so the 2.0 flavour has one that is nobody's."""
        if self._old:
            message = {**message, "topic": message.get("event", "error")}
        self.socket.send(encode(message), durable=durable)

    # --- errors -----------------------------------------------------------------------------------------------------------

    def _fail(self, argument: str, code: int) -> None:
        error = {"arg": argument, "error": {"code": code, "message": ERROR_WORDS[code]}}
        self._say({"severity": "ERROR", "errors": [error]})
        self._failed_once()

    def _failed_once(self) -> None:
        self._failures += 1
        if self._failures == MAX_FAILURES:
            self._fail("", TOO_MANY_FAILURES)
            self.socket.close(1008, "too many failed attempts")
