"""A client on the stream: its subscriptions and calls, whatever transport it came by."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import msgspec

from cambist.dialect_kit.hub import Hub
from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.situations import Situation
from cambist.dialect_kit.sockets import Session, Socket
from cambist.dialects.mtgox.id_keys import IdKeys
from cambist.dialects.mtgox.instruments import Instruments
from cambist.dialects.mtgox.parse import form_fields
from cambist.dialects.mtgox.replies import INVALID_CALL, SITUATIONS, Rejection
from cambist.dialects.mtgox.stream import messages
from cambist.dialects.mtgox.stream.calls import StreamCalls
from cambist.dialects.mtgox.stream.channels import TRADES, channel_id
from cambist.dialects.mtgox.stream.feeds import Feed, Feeds
from cambist.dialects.mtgox.stream.leases import Lease, Leases

MAX_NAMES = 64
"""Channels or currencies in a query that are looked at."""
INVALID_MESSAGE = Rejection("Invalid message", "invalid_message")
UNKNOWN_CHANNEL = Rejection("Unknown channel", "channel_not_found")
NOT_SUBSCRIBED = Rejection("Not subscribed to this channel", "not_subscribed")
INVALID_ID_KEY = Rejection("Invalid idKey", "invalid_id_key")
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Stream:
    """What all sessions share."""

    hub: Hub
    feeds: Feeds
    calls: StreamCalls
    id_keys: IdKeys
    leases: Leases
    instruments: Instruments


class StreamSession(Session):
    """Plain JSON messages. `query` is the handshake's: `Currency=EUR,USD` or `Channel=depth.BTCUSD/ticker.BTCUSD`, also with
    commas, `depth.*` standing for that of every pair."""

    prefix = b""
    """What stands before each message on this transport."""
    answers_with_snapshots = False

    def __init__(self, socket: Socket, stream: Stream, query: bytes) -> None:
        super().__init__(socket)
        self._stream = stream
        self._leases: dict[str, Lease] = {}
        self._identity: Identity | None = None
        fields = form_fields(query)
        self._channels = [name for name in re.split("[/,]", fields.get("Channel", "")) if name][:MAX_NAMES]
        codes = [code for code in fields.get("Currency", "").split(",") if code][:MAX_NAMES]
        self._pairs = [pair.name for code in codes if (pair := stream.instruments.find(f"BTC{code}")) is not None] or ["BTCUSD"]

    def worded(self, message: str, situation: Situation) -> bytes | None:
        try:
            identifier = _decode(message[message.find("{") :]).get("id")
        except (ValueError, RecursionError):
            identifier = None
        return self.prefix + messages.remark(SITUATIONS[situation], identifier)

    def identity(self) -> Identity | None:
        """Of the account whose private channel it follows; of several, the one that came last."""
        return self._identity

    def opened(self) -> None:
        self.greet()

    def greet(self) -> None:
        """The channels of the query; without any: trades, and ticker and depth of the currencies asked for, or of USD."""
        names = [name for asked in self._channels for name in self._stream.feeds.names_of(asked, self._pairs[0])]
        if not self._channels:
            names = [TRADES]
            for pair in self._pairs:
                names += [f"ticker.{pair}", f"depth.{pair}"]
        for name in dict.fromkeys(names):
            self._follow(name)

    def say(self, message: bytes, *, durable: bool = False) -> None:
        """Sends one message of this API."""
        self.socket.send(self.prefix + message, durable=durable)

    def text(self, message: str) -> Awaitable[None] | None:
        return self.heard(message)

    def heard(self, text: str) -> Awaitable[None] | None:
        """One message of this API came."""
        try:
            message = _decode(text)
        except (ValueError, RecursionError):
            self.say(messages.remark(INVALID_MESSAGE), durable=True)
            return None
        match message.get("op"):
            case "subscribe" | "mtgox.subscribe":
                self._subscribe(message)
            case "unsubscribe" | "mtgox.unsubscribe":
                self._unsubscribe(message)
            case "call":
                return self._call(message)
            case _:
                self.say(messages.remark(INVALID_CALL, message.get("id")), durable=True)
        return None

    async def _call(self, message: dict[str, Any]) -> None:
        self.say(await self._stream.calls.run(message, self.socket.client))

    # --- subscriptions ----------------------------------------------------------------------------------------------------

    def _follow(self, name: str) -> None:
        stream, prefix = self._stream, self.prefix
        self.say(messages.subscribed(channel_id(name)), durable=True)
        stream.hub.subscribe(self.socket, (prefix, name), lambda: stream.feeds.make(name, prefix))

    def _subscribe(self, message: dict[str, Any]) -> None:
        key = message.get("key")
        if isinstance(key, str):
            self._open_private(key)
            return
        asked = message.get("channel") or message.get("type")
        names = self._stream.feeds.names_of(asked, self._pairs[0]) if isinstance(asked, str) else []
        for name in names:
            self._follow(name)
        if not names:
            self.say(messages.remark(UNKNOWN_CHANNEL, message.get("id")), durable=True)

    def _open_private(self, id_key: str) -> None:
        shown = self._stream.id_keys.read(id_key)
        if shown is None or (shown.key.ip_allow and not shown.key.allows(self.socket.client)):
            self.say(messages.remark(INVALID_ID_KEY), durable=True)
            return
        stream, prefix, account = self._stream, self.prefix, shown.key.account
        feed = stream.hub.subscribe(self.socket, (prefix, account), lambda: stream.feeds.account(account, prefix))
        if not self._leases:
            self.socket.on_closed(self._end_leases)
        lease = self._leases.get(feed.id)
        if lease is None:
            lease = self._leases[feed.id] = stream.leases.lease(lambda reason: self._close_private(feed, reason))
        lease.show(shown)
        self._identity = Identity(account, shown.key.key)
        self.say(messages.subscribed(feed.id), durable=True)

    def _close_private(self, feed: Feed, reason: Rejection) -> None:
        """The right to an account's channel is over."""
        self._stream.hub.unsubscribe(self.socket, feed.key)
        self._leases.pop(feed.id, None)
        self.say(messages.remark(reason), durable=True)
        self.say(messages.unsubscribed(feed.id), durable=True)

    def _end_leases(self, _socket: Socket) -> None:
        for lease in self._leases.values():
            lease.end()
        self._leases.clear()

    def _unsubscribe(self, message: dict[str, Any]) -> None:
        asked = message.get("channel") or message.get("type")
        names = self._stream.feeds.names_of(asked, self._pairs[0]) if isinstance(asked, str) else []
        left = False
        for key in self._stream.hub.following(self.socket):
            feed = self._stream.hub.find(key)
            if not isinstance(feed, Feed) or (feed.name not in names and feed.id != asked):
                continue
            self._stream.hub.unsubscribe(self.socket, key)
            lease = self._leases.pop(feed.id, None)
            if lease is not None:
                lease.end()
            self.say(messages.unsubscribed(feed.id), durable=True)
            left = True
        if not left:
            self.say(messages.remark(NOT_SUBSCRIBED, message.get("id")), durable=True)
