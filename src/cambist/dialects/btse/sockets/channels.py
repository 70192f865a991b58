"""What sockets push of a market: books as snapshots and as deltas, trades in two old forms. One channel for each topic."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from cambist.dialect_kit.hub import Channel
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.market_views import Levels, MarketViews, quotes
from cambist.dialects.btse.render import encode, millis
from cambist.dialects.btse.status import SIDE_NAMES
from cambist.dialects.btse.symbols import Market
from cambist.marketdata import MarketUpdate, RecentTrade

SNAPSHOT_LEVELS = 50
"""Levels a side of a grouped book, and of the window that `update` keeps in step."""

ROWS = 100
"""Rows of one message: one command may trade thousands of times, and clients have limits for the size of a message."""

T = TypeVar("T")
Side = dict[int, int]
"""Price to amount."""


def parts(rows: Sequence[T]) -> list[Sequence[T]]:
    """Rows for one message after the other."""
    return [rows[first : first + ROWS] for first in range(0, len(rows), ROWS)]


class MarketChannel(Channel, ABC):
    """A topic of one market; `first` is what a new follower must hear before the rest."""

    def __init__(self, context: DialectContext, views: MarketViews, market: Market, topic: str) -> None:
        self._data = context.services.marketdata
        self._clock = context.services.clock
        self._views = views
        self._market = market
        self._topic = topic
        self._unlisten: Callable[[], None] = lambda: None

    def started(self) -> None:
        self._unlisten = self._data.subscribe(self._market.id, self._updated)

    def stopped(self) -> None:
        self._unlisten()

    def first(self) -> bytes | None:
        """None: there is nothing to say until something happens."""
        return None

    @abstractmethod
    def _updated(self, update: MarketUpdate) -> None:
        """A durable frame changed the market."""

    def _message(self, data: Any) -> bytes:
        return encode({"topic": self._topic, "data": data})


class BookSnapshots(MarketChannel):
    """`orderBookApi` and `orderBookL2Api`: the whole view after each tick that changed the book; sellers worst first, as ever."""

    def __init__(
        self, context: DialectContext, views: MarketViews, market: Market, topic: str, group: int, depth: int, reported_depth: int | None
    ) -> None:
        super().__init__(context, views, market, topic)
        self._group = group
        self._depth = depth
        self._reported_depth = reported_depth

    def first(self) -> bytes:
        bids, asks = self._views.levels(self._market, self._group, self._depth, self._depth)
        data = {
            "buyQuote": quotes(self._market, bids),
            "sellQuote": quotes(self._market, asks[::-1]),
            "symbol": self._market.symbol,
            "timestamp": millis(self._clock()),
        }
        return self._message(data if self._reported_depth is None else {**data, "depth": self._reported_depth})

    def _updated(self, update: MarketUpdate) -> None:
        if update.levels:
            self.touch()

    def messages(self) -> Iterable[bytes]:
        return [self.first()]


class Trades(MarketChannel):
    """`tradeHistoryApi`, and `tradeHistory` as it was in 2019: the trades of a tick, newest first."""

    def __init__(self, context: DialectContext, views: MarketViews, market: Market, topic: str, old: bool) -> None:
        super().__init__(context, views, market, topic)
        self._row = self._old_row if old else self._new_row
        self._trades: list[RecentTrade] = []

    def _updated(self, update: MarketUpdate) -> None:
        if update.trades:
            self._trades += update.trades
            self.touch()

    def messages(self) -> Iterable[bytes]:
        trades, self._trades = self._trades[::-1], []
        return [self._message([self._row(trade) for trade in part]) for part in parts(trades)]

    def _new_row(self, trade: RecentTrade) -> dict[str, Any]:
        return {
            "symbol": self._market.symbol,
            "side": SIDE_NAMES[trade.taker_side],
            "size": self._market.amount(trade.amount),
            "price": self._market.price(trade.price),
            "tradeId": trade.id,
            "timestamp": millis(trade.time),
        }

    def _old_row(self, trade: RecentTrade) -> dict[str, Any]:
        return {
            "amount": self._market.amount(trade.amount),
            "gain": -1 if trade.taker_side else 1,
            "newest": 1,
            "price": self._market.price(trade.price),
            "serialId": trade.id,
            "transactionUnixTime": millis(trade.time),
        }


class BookDeltas(MarketChannel):
    """`update:SYM_g`: a snapshot for each new follower, then what changed in the best fifty levels a side, numbered without a gap.

    The window is what followers hold: a level that leaves it is sent as gone, one that comes into it with its size. So the fold of
    snapshot and deltas is the window of the book at any time.
    """

    def __init__(self, context: DialectContext, views: MarketViews, market: Market, topic: str, group: int) -> None:
        super().__init__(context, views, market, topic)
        self._group = group
        self._window: tuple[Side, Side] = ({}, {})
        self._seq = 0

    def started(self) -> None:
        super().started()
        self._seq = self._data.book_seq(self._market.id) + 1
        self._window = self._now()

    def _now(self) -> tuple[Side, Side]:
        bids, asks = self._views.levels(self._market, self._group, SNAPSHOT_LEVELS, SNAPSHOT_LEVELS)
        return dict(bids), dict(asks)

    def first(self) -> bytes:
        bids, asks = self._window
        return self._numbered("snapshot", list(bids.items()), list(asks.items()))

    def _updated(self, update: MarketUpdate) -> None:
        if update.levels:
            self.touch()

    def messages(self) -> Iterable[bytes]:
        before, self._window = self._window, self._now()
        bids, asks = (_changes(old, new) for old, new in zip(before, self._window, strict=True))
        if not bids and not asks:
            return []
        self._seq += 1
        return [self._numbered("delta", bids, asks)]

    def _numbered(self, kind: str, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> bytes:
        return self._message(
            {
                "bids": self._pairs(bids),
                "asks": self._pairs(asks),
                "seqNum": self._seq,
                "prevSeqNum": self._seq - 1,
                "type": kind,
                "timestamp": millis(self._clock()),
                "symbol": self._market.symbol,
            }
        )

    def _pairs(self, levels: list[tuple[int, int]]) -> list[tuple[str, str]]:
        return [(self._market.price_text(price), self._market.amount_text(amount)) for price, amount in levels]


class GroupedLevels(MarketChannel):
    """`snapshot:SYM_g` and `snapshotL1:SYM_g`: the best levels a side, whole, whenever one of them is another."""

    def __init__(self, context: DialectContext, views: MarketViews, market: Market, topic: str, kind: str, group: int, depth: int) -> None:
        super().__init__(context, views, market, topic)
        self._kind = kind
        self._group = group
        self._depth = depth
        self._sent: tuple[Levels, Levels] = ([], [])

    def started(self) -> None:
        super().started()
        self._sent = self._now()

    def _now(self) -> tuple[Levels, Levels]:
        return self._views.levels(self._market, self._group, self._depth, self._depth)

    def first(self) -> bytes:
        return self._snapshot(self._now())

    def _snapshot(self, levels: tuple[Levels, Levels]) -> bytes:
        bids, asks = ([(self._market.price_text(price), self._market.amount_text(amount)) for price, amount in side] for side in levels)
        data = {"bids": bids, "asks": asks, "type": self._kind, "symbol": self._market.symbol, "timestamp": millis(self._clock())}
        return self._message(data)

    def _updated(self, update: MarketUpdate) -> None:
        if update.levels:
            self.touch()

    def messages(self) -> Iterable[bytes]:
        levels = self._now()
        known, self._sent = self._sent, levels
        return [] if known == levels else [self._snapshot(levels)]


def _changes(old: Side, new: Side) -> list[tuple[int, int]]:
    """Levels that are new or other than before, and those that are gone with amount 0."""
    gone = [(price, 0) for price in old if price not in new]
    return gone + [(price, amount) for price, amount in new.items() if old.get(price) != amount]
