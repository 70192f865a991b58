"""What the stream pushes of a market: the book as a snapshot and deltas, trades, candles, the ticker. One channel for each topic."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

import msgspec

from cambist.api_types import markets as api
from cambist.api_types import stream
from cambist.dialect_kit.hub import Channel
from cambist.dialects.native.context import DialectContext
from cambist.dialects.native.endpoints.market_data import candle_of, ticker_of
from cambist.dialects.native.listings import Listing
from cambist.dialects.native.order_views import SIDE_WORDS
from cambist.marketdata import MarketUpdate, RecentTrade
from cambist.marketdata.candles import candle_start

ROWS = 100
"""Rows of one message: one command may trade thousands of times, and clients bound the size of a message."""

Side = dict[int, int]
"""Price to amount."""

encode = msgspec.json.Encoder().encode


class MarketChannel(Channel, ABC):
    """A topic of one market; `first` is what a new follower must hear before the rest."""

    def __init__(self, context: DialectContext, listing: Listing, topic: str) -> None:
        self._context = context
        self._data = context.services.marketdata
        self._clock = context.services.clock
        self._listing = listing
        self._topic = topic
        self._unlisten: Callable[[], None] = lambda: None

    def started(self) -> None:
        self._unlisten = self._data.subscribe(self._listing.id, self._updated)

    def stopped(self) -> None:
        self._unlisten()

    def first(self) -> bytes | None:
        """None: there is nothing to say until something happens."""
        return None

    @abstractmethod
    def _updated(self, update: MarketUpdate) -> None:
        """A durable frame changed the market."""


class Book(MarketChannel):
    """The best `depth` levels a side. A level that leaves this window is sent as gone, one that comes into it with its amount: so a
    snapshot and the deltas behind it always fold to the window as it is."""

    def __init__(self, context: DialectContext, listing: Listing, topic: str, depth: int) -> None:
        super().__init__(context, listing, topic)
        self._depth = depth
        self._window: tuple[Side, Side] = ({}, {})
        self._sequence = 0
        self._snapshot = b""

    def started(self) -> None:
        super().started()
        self._take()

    def _take(self) -> None:
        bids, asks = self._data.book(self._listing.id, self._depth)
        self._window = dict(bids), dict(asks)
        self._sequence = self._data.book_seq(self._listing.id)
        self._snapshot = b""

    def first(self) -> bytes:
        if not self._snapshot:
            bids, asks = (self._levels(side.items()) for side in self._window)
            self._snapshot = encode(
                stream.BookSnapshot(
                    topic=self._topic,
                    market=self._listing.name,
                    sequence=self._sequence,
                    time=self._clock(),
                    checksum=api.checksum(bids, asks),
                    bids=bids,
                    asks=asks,
                )
            )
        return self._snapshot

    def _updated(self, update: MarketUpdate) -> None:
        if update.levels:
            self.touch()

    def messages(self) -> Iterable[bytes]:
        before, previous = self._window, self._sequence
        self._take()
        bids, asks = (_changes(old, new) for old, new in zip(before, self._window, strict=True))
        if not bids and not asks:
            self._sequence = previous  # nobody hears of this number
            return []
        best = [self._levels(list(side.items())[: api.CHECKSUM_LEVELS]) for side in self._window]
        delta = stream.BookDelta(
            topic=self._topic,
            market=self._listing.name,
            previous=previous,
            sequence=self._sequence,
            time=self._clock(),
            checksum=api.checksum(*best),
            bids=self._levels(bids),
            asks=self._levels(asks),
        )
        return [encode(delta)]

    def _levels(self, levels: Iterable[tuple[int, int]]) -> api.Levels:
        return [(self._listing.price(price), self._listing.amount(amount)) for price, amount in levels]


def _changes(old: Side, new: Side) -> list[tuple[int, int]]:
    """Levels that are new or other than before, and those that are gone with amount 0."""
    gone = [(price, 0) for price in old if price not in new]
    return gone + [(price, amount) for price, amount in new.items() if old.get(price) != amount]


class Trades(MarketChannel):
    """The trades of a tick, oldest first."""

    def __init__(self, context: DialectContext, listing: Listing, topic: str) -> None:
        super().__init__(context, listing, topic)
        self._trades: list[RecentTrade] = []

    def _updated(self, update: MarketUpdate) -> None:
        if update.trades:
            self._trades += update.trades
            self.touch()

    def messages(self) -> Iterable[bytes]:
        trades, self._trades = self._trades, []
        name = self._listing.name
        for first in range(0, len(trades), ROWS):
            rows = [self._row(trade) for trade in trades[first : first + ROWS]]
            yield encode(stream.Trades(topic=self._topic, market=name, trades=rows))

    def _row(self, trade: RecentTrade) -> api.Trade:
        price, amount = self._listing.price(trade.price), self._listing.amount(trade.amount)
        return api.Trade(id=str(trade.id), time=trade.time, side=SIDE_WORDS[trade.taker_side], price=price, amount=amount)


class Candles(MarketChannel):
    """The candle under way whenever it changed, and the one before when a new one began since it was sent."""

    def __init__(self, context: DialectContext, listing: Listing, topic: str, interval: int) -> None:
        super().__init__(context, listing, topic)
        self._interval = interval
        self._since = 0

    def started(self) -> None:
        super().started()
        self._since = candle_start(self._clock() // 1_000_000, self._interval)

    def first(self) -> bytes | None:
        return self._message(self._since)

    def _updated(self, update: MarketUpdate) -> None:
        if update.trades:
            self.touch()

    def messages(self) -> Iterable[bytes]:
        message = self._message(self._since)
        self._since = max(self._since, candle_start(self._clock() // 1_000_000, self._interval))
        return [message] if message is not None else []

    def _message(self, since: int) -> bytes | None:
        until = self._clock() // 1_000_000 + self._interval + 2
        candles = self._data.candles(self._listing.id, self._interval, since, until)[-ROWS:]
        if not candles:
            return None
        rows = [candle_of(self._listing, candle) for candle in candles]
        return encode(stream.Candles(topic=self._topic, market=self._listing.name, interval=self._interval, candles=rows))


class Ticker(MarketChannel):
    """The ticker, whenever anything but its time is another."""

    def __init__(self, context: DialectContext, listing: Listing, topic: str) -> None:
        super().__init__(context, listing, topic)
        self._sent: api.Ticker | None = None

    def first(self) -> bytes:
        return encode(stream.TickerChanged(topic=self._topic, ticker=ticker_of(self._context, self._listing)))

    def _updated(self, update: MarketUpdate) -> None:
        self.touch()

    def messages(self) -> Iterable[bytes]:
        ticker = ticker_of(self._context, self._listing)
        known, self._sent = self._sent, msgspec.structs.replace(ticker, time=0)
        return [] if known == self._sent else [encode(stream.TickerChanged(topic=self._topic, ticker=ticker))]
