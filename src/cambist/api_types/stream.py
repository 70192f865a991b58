"""The messages of the stream: what clients say, and what they hear. Each is a JSON object; `op` and `type` tell which."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from cambist.api_types.balances import Balance, Fill
from cambist.api_types.markets import Candle, Levels, Ticker, Trade
from cambist.api_types.orders import Order
from cambist.api_types.problems import Problem
from cambist.api_types.values import MarketName, Time

DEPTHS = (10, 25, 50, 100)
"""Levels a side that a followed book may have."""
MOST_TOPICS = 128
TOPIC_PATTERN = r"^(book:[a-z0-9]{2,12}_[a-z0-9]{2,12}:(10|25|50|100)|candles:[a-z0-9]{2,12}_[a-z0-9]{2,12}:[0-9]{2,8}|(trades|ticker):[a-z0-9]{2,12}_[a-z0-9]{2,12}|orders|fills|balances)\Z"  # noqa: E501
Topic = Annotated[str, Meta(pattern=TOPIC_PATTERN, examples=["book:btc_usd:50", "trades:btc_usd", "candles:btc_usd:3600", "orders"])]
Tag = Annotated[str, Meta(max_length=64, description="a text of the client's that the answer has too")]


class ClientMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op"):
    """What clients say."""

    id: Tag | None = None


class Login(ClientMessage, frozen=True, kw_only=True, tag="login"):
    """Signs as a request does, for the method GET, the path of the stream, no query and no body."""

    key: Annotated[str, Meta(max_length=64)]
    timestamp: Annotated[str, Meta(pattern=r"^[0-9]{1,17}\Z")]
    signature: Annotated[str, Meta(max_length=128)]


class Subscribe(ClientMessage, frozen=True, kw_only=True, tag="subscribe"):
    """Follows topics: all of them, or none when one cannot be followed."""

    topics: Annotated[list[Topic], Meta(min_length=1, max_length=MOST_TOPICS)]


class Unsubscribe(ClientMessage, frozen=True, kw_only=True, tag="unsubscribe"):
    """Follows topics no more."""

    topics: Annotated[list[Topic], Meta(min_length=1, max_length=MOST_TOPICS)]


class Ping(ClientMessage, frozen=True, kw_only=True, tag="ping"):
    """Asks whether anybody is there."""


AnyClientMessage = Login | Subscribe | Unsubscribe | Ping


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What clients hear."""


class Done(ServerMessage, frozen=True, kw_only=True, tag="done"):
    """The client's message with that `id` was done. `sequence`: all that commands behind it do to one's own is pushed."""

    id: str | None
    op: str
    sequence: int
    topics: list[str] = []


class Failed(ServerMessage, frozen=True, kw_only=True, tag="problem"):
    """The client's message with that `id` was not done."""

    id: str | None
    problem: Problem


class LoggedOut(ServerMessage, frozen=True, kw_only=True, tag="logged-out"):
    """The key was revoked, or the session ended: the topics of one's own are followed no more."""

    topics: list[str]


class BookSnapshot(ServerMessage, frozen=True, kw_only=True, tag="book-snapshot"):
    """The best levels a side as they are."""

    topic: str
    market: MarketName
    sequence: int
    time: Time
    checksum: int
    bids: Levels
    asks: Levels


class BookDelta(ServerMessage, frozen=True, kw_only=True, tag="book-delta"):
    """Levels that changed, each with its amount now, "0" for one that is gone from the window."""

    topic: str
    market: MarketName
    previous: int
    sequence: int
    time: Time
    checksum: int
    bids: Levels
    asks: Levels


class Trades(ServerMessage, frozen=True, kw_only=True, tag="trades"):
    """New trades, oldest first."""

    topic: str
    market: MarketName
    trades: list[Trade]


class Candles(ServerMessage, frozen=True, kw_only=True, tag="candles"):
    """Candles that changed, oldest first, as they are now."""

    topic: str
    market: MarketName
    interval: int
    candles: list[Candle]


class TickerChanged(ServerMessage, frozen=True, kw_only=True, tag="ticker"):
    """The ticker as it is now."""

    topic: str
    ticker: Ticker


class OrdersSnapshot(ServerMessage, frozen=True, kw_only=True, tag="orders-snapshot"):
    """One's open orders, with everything that commands up to `sequence` did."""

    topic: str
    sequence: int
    orders: list[Order]


class OrdersChanged(ServerMessage, frozen=True, kw_only=True, tag="orders"):
    """One's orders that the command of that sequence changed, as they are after it."""

    topic: str
    sequence: int
    orders: list[Order]


class FillsMade(ServerMessage, frozen=True, kw_only=True, tag="fills"):
    """What one's orders traded in the command of that sequence."""

    topic: str
    sequence: int
    fills: list[Fill]


class BalancesSnapshot(ServerMessage, frozen=True, kw_only=True, tag="balances-snapshot"):
    """All balances as of the command of that sequence."""

    topic: str
    sequence: int
    balances: list[Balance]


class BalancesChanged(ServerMessage, frozen=True, kw_only=True, tag="balances"):
    """Balances that the command of that sequence changed, as they are after it."""

    topic: str
    sequence: int
    balances: list[Balance]


AnyServerMessage = (
    Done
    | Failed
    | LoggedOut
    | BookSnapshot
    | BookDelta
    | Trades
    | Candles
    | TickerChanged
    | OrdersSnapshot
    | OrdersChanged
    | FillsMade
    | BalancesSnapshot
    | BalancesChanged
)
CLIENT_MESSAGES: tuple[Any, ...] = (Login, Subscribe, Unsubscribe, Ping)
SERVER_MESSAGES: tuple[Any, ...] = (
    Done,
    Failed,
    LoggedOut,
    BookSnapshot,
    BookDelta,
    Trades,
    Candles,
    TickerChanged,
    OrdersSnapshot,
    OrdersChanged,
    FillsMade,
    BalancesSnapshot,
    BalancesChanged,
)
