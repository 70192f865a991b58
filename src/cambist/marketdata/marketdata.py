"""Read models of every market, folded from durable frames on the event loop; nothing here is a source of truth."""

from __future__ import annotations  # Event is a name of the stub only

import logging
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol

from cambist import _core
from cambist.domain.backfill import Backfill
from cambist.domain.units import MarketId
from cambist.exchange.view import View
from cambist.marketdata.book import Levels
from cambist.marketdata.candles import DAY, KEPT, MINUTE, STORED, Candles, candle_start, join_candles
from cambist.marketdata.values import Candle, LevelChange, MarketUpdate, PastTrade, RecentTrade, Ticker, logged
from cambist.marketdata.window import WINDOW_SECONDS, BackfilledDay, Bucket, RollingDay

RECENT_TRADES = 5_000
"""Trades kept per market; older ones are history's."""

Subscriber = Callable[[MarketUpdate], None]

_log = logging.getLogger(__name__)


class PastCandle(Protocol):
    """A stored candle, as history has it."""

    @property
    def start(self) -> int: ...
    @property
    def open(self) -> int: ...
    @property
    def high(self) -> int: ...
    @property
    def low(self) -> int: ...
    @property
    def close(self) -> int: ...
    @property
    def volume(self) -> int: ...
    @property
    def notional(self) -> int: ...
    @property
    def count(self) -> int: ...


class MarketPast(Protocol):
    """What history has of one market."""

    @property
    def trades(self) -> Sequence[PastTrade]:
        """The newest, newest first."""

    @property
    def seconds(self) -> Sequence[PastCandle]:
        """Candles of one second, oldest first."""

    @property
    def backfill(self) -> Backfill | None:
        """What the market has from before its first trade."""

    @property
    def candles(self) -> Sequence[tuple[int, Sequence[PastCandle]]]:
        """For each kind that was wanted: from which second on, and the candles, oldest first."""


class Past(Protocol):
    """Where older trades and candles come from: history's reads."""

    async def reached(self, seq: int) -> None:
        """Returns once it has everything up to that command; HistoryError when it does not come so far in time."""

    async def market_pasts(
        self, markets: Sequence[int], trades: int, seconds_since: int, candles: Sequence[tuple[int, int, int, int]]
    ) -> Sequence[MarketPast]:
        """What it has of the first of these markets, of as many as it will in one answer. `candles`: (interval, start, end, limit)."""

    async def candles(self, market: int, interval: int, start: int, end: int, limit: int = ...) -> Sequence[PastCandle]:
        """The newest `limit` with start <= candle.start < end (seconds), oldest first."""


class _Market:
    """All views of one market."""

    __slots__ = (
        "before",
        "book",
        "book_seq",
        "candles",
        "day",
        "earlier_trade",
        "last",
        "subscribers",
        "ticker",
        "ticker_key",
        "trade_log",
        "traded_count",
        "trades",
        "version",
    )

    def __init__(self) -> None:
        self.version = 0
        self.book = _core.LevelBook()
        """As the durable frames left it. (`View.depth` may be a tick ahead of what is on disk.)"""
        self.book_seq = 0
        self.traded_count = 0
        self.earlier_trade = 0
        """The last trade of any market that neither `trades` nor anything before them has, though it may have been this one's."""
        self.day = RollingDay()
        self.before: BackfilledDay | None = None
        """What of the day lies before the first trade, as long as there is some."""
        self.candles = Candles()
        self.trades: deque[RecentTrade] = deque(maxlen=RECENT_TRADES)  # newest at the right
        self.trade_log = _core.TradeLog(RECENT_TRADES)
        """The same trades, for texts of them."""
        self.last: RecentTrade | None = None
        self.subscribers: list[Subscriber] = []
        self.ticker: Ticker | None = None
        self.ticker_key = (-1, -1)

    def traded(self, trades: list[RecentTrade]) -> None:
        """Takes a frame's trades, in order. Those of one second, nearly always all, are added up before anything is told of them."""
        self.last = trades[-1]
        self.traded_count += len(trades)
        self.trades.extend(trades)
        self.trade_log.extend([logged(each) for each in trades])
        at = 0
        while at < len(trades):
            at = self._second(trades, at)

    def _second(self, trades: list[RecentTrade], at: int) -> int:
        first = trades[at]
        second = first.time // 1_000_000
        end = (second + 1) * 1_000_000
        high = low = close = first.price
        volume = notional = count = 0
        for trade in trades[at:] if at else trades:
            if trade.time >= end:
                break
            close = trade.price
            if close > high:
                high = close
            elif close < low:
                low = close
            volume += trade.amount
            notional += close * trade.amount
            count += 1
        # Rolled here too, lest a market that nobody asks about keeps everything. A second late: a trade's time may run ahead of the
        # clock by the microseconds that keep trade times apart.
        self.day.roll(second - 1)
        self.day.add(Bucket(second, first.price, high, low, close, volume, notional, count))
        self.candles.put(Candle(second, first.price, high, low, close, volume, notional, count))
        return at + count

    def changed(self, levels: dict[tuple[int, int], tuple[int, int, int]]) -> tuple[LevelChange, ...]:
        """Takes a frame's levels; the book's number grows by one when any of them is another amount than before."""
        book = self.book
        changes = []
        for (side, price), (amount, orders, time) in levels.items():
            previous = book.set(side, price, amount, time)
            if previous != amount:
                changes.append(LevelChange(side, price, amount, orders, previous))
        if changes:
            self.book_seq += 1
        return tuple(changes)


UNREAD_BYTES = 1 << 20
"""Frames that nobody waits for are folded at the next read, and when there is so much of them: together they cost less than one by one."""


class MarketData:
    """Ticker, trades, candles and book of every market.

    `apply` is called once per durable frame, in order (`Sequencer.subscribe`). Markets that were not named at the start come
    into being with their first event; reads of a market that nothing is known of answer as for one without trades. While somebody is
    subscribed, every frame is folded and told by itself; otherwise frames wait for the next read.
    """

    def __init__(self, markets: Iterable[int], clock: Callable[[], int]) -> None:
        """`markets`: their numbers. `clock`: µs, what the 24 hours are counted back from."""
        self._clock = clock
        self._markets: dict[int, _Market] = {market: _Market() for market in markets}
        self._everywhere: list[Subscriber] = []
        self._listeners = 0
        self._unread: list[bytes] = []
        self._unread_bytes = 0
        self._past: Past | None = None
        self._begun = 0  # the command up to which history must have come before what is older than memory is asked of it
        self._last_trade = 0

    # --- feeding ----------------------------------------------------------------------------------------------------------

    def apply(self, events: bytes) -> None:
        """Takes one durable frame: an encoded run of events. Trades that `load` brought already are passed over."""
        self._unread.append(events)
        self._unread_bytes += len(events)
        if self._listeners or self._unread_bytes > UNREAD_BYTES:
            self._read_on()

    def _read_on(self) -> None:
        """Folds what has not been looked at."""
        # Taken away first: a subscriber that reads while it is told must not come here again.
        unread, self._unread = self._unread, []
        self._unread_bytes = 0
        try:
            self._fold(unread)
        except BaseException:
            # Whoever reads next fails too, and so does the next frame, which stops the venue: better than a view that missed something.
            self._unread[:0] = unread
            self._unread_bytes = UNREAD_BYTES
            raise

    def _fold(self, runs: list[bytes]) -> None:
        known = self._last_trade
        for number, levels, traded in _core.market_changes(runs):
            trades = [RecentTrade(*trade) for trade in traded if trade[0] > known]
            if trades:
                self._last_trade = max(self._last_trade, trades[-1].id)
            self._publish(number, levels, trades)

    def _publish(self, number: MarketId, levels: dict[tuple[int, int], tuple[int, int, int]], trades: list[RecentTrade]) -> None:
        market = self._views(number)
        if trades:
            market.traded(trades)
        changes = market.changed(levels)
        if not trades and not changes:
            return
        market.version += 1
        if not market.subscribers and not self._everywhere:
            return
        update = MarketUpdate(number, market.version, market.book_seq, changes, tuple(trades))
        for subscriber in (*market.subscribers, *self._everywhere):
            try:
                subscriber(update)
            except Exception:
                # One dialect's bug must not take the others' pushes, or the sequencer, with it.
                _log.exception("a market data subscriber failed")

    def load_books(self, view: View) -> None:
        """Takes every book as the core has it. Call it while nothing is undurable: at the start, before the first frame."""
        for spec in view.markets():
            self._market(spec.id).book.load(*view.depth(spec.id, 0))

    async def load(self, past: Past) -> None:
        """Takes recent trades, the 24 hours and the kept candles from history; also where `candle_history` finds older ones.

        Call it once, at the start, when history has reached what the core has. Frames applied before are not counted twice
        only if their trades are in history: load first, then apply.
        """
        self._past = past
        now = self._clock() // 1_000_000
        wanted = [(interval, candle_start(now, interval) - KEPT[interval] * interval, now + DAY, KEPT[interval] + 1) for interval in STORED]
        left = list(self._markets)
        while left:
            pasts = await past.market_pasts(left, RECENT_TRADES, now - WINDOW_SECONDS + 1, wanted)
            for number, of_market in zip(left, pasts, strict=False):
                self._load(self._markets[number], of_market)
            left = left[len(pasts) :]

    def _load(self, market: _Market, past: MarketPast) -> None:
        if past.trades:
            rows = [logged(trade) for trade in reversed(past.trades)]
            market.trades.extend([RecentTrade(*row) for row in rows])
            market.trade_log.extend(rows)
            market.last = market.trades[-1]
            self._last_trade = max(self._last_trade, market.last.id)
        for second in past.seconds:
            market.day.add(
                Bucket(second.start, second.open, second.high, second.low, second.close, second.volume, second.notional, second.count)
            )
        if past.backfill is not None:
            market.before = BackfilledDay(past.backfill)
            market.candles.begin(past.backfill)
        for interval, (since, stored) in zip(STORED, past.candles, strict=True):
            market.candles.load(interval, [_candle(candle) for candle in stored], since)
        market.version += 1

    def load_from_events(self, past: Past, runs: Iterable[bytes], since: int, last_trade: int) -> None:
        """In the place of `load`, when history cannot be asked: takes what was traded from runs of events.

        They have everything after `since` (µs) and trade `last_trade`; 0 and 0: all there ever was. What is older is asked of history once
        it can be, but for the rest of the 24 hours.
        """
        self._past = past
        for run in runs:
            for number, _, traded in _core.market_changes([run]):
                if traded:
                    self._views(number).traded([RecentTrade(*trade) for trade in traded])
                    self._last_trade = max(self._last_trade, traded[-1][0])
        for market in self._markets.values():
            market.traded_count = 0
            market.earlier_trade = last_trade
            market.version += 1
            if since:
                for interval in STORED:
                    market.candles.load(interval, [], candle_start(since // 1_000_000, interval) + interval)

    def begin(self, backfills: Iterable[Backfill], seq: int) -> None:
        """Has what markets have from before their first trade, in a venue whose journal has just got it (the last one as command `seq`)
        and in which nobody has traded."""
        self._begun = seq
        for backfill in backfills:
            market = self._market(backfill.market)
            market.before = BackfilledDay(backfill)
            market.candles.begin(backfill)
            for interval in STORED:
                start = candle_start(backfill.until, interval)
                # The hour and the day in which trading begins are of both.
                under_way = [Candle(*bar) for bar in backfill.candles(interval, start, backfill.until)]
                market.candles.load(interval, under_way, start)
            market.version += 1

    @property
    def followed(self) -> bool:
        """Whether anybody is subscribed to any market."""
        return self._listeners > 0

    # --- subscriptions ----------------------------------------------------------------------------------------------------

    def subscribe(self, market: int | None, callback: Subscriber) -> Callable[[], None]:
        """Calls back once per durable frame that changed this market (None: any market). Returns what ends it.

        The callback runs on the loop in the middle of the frame's delivery: it queues, it does not send. What it raises is logged.
        """
        if self._unread:
            self._read_on()
        subscribers = self._everywhere if market is None else self._views(market).subscribers
        subscribers.append(callback)
        self._listeners += 1

        def unsubscribe() -> None:
            if callback in subscribers:
                subscribers.remove(callback)
                self._listeners -= 1

        return unsubscribe

    # --- reads ------------------------------------------------------------------------------------------------------------

    def version(self, market: int) -> int:
        """Grows whenever trades, candles, book or ticker may have changed by a frame.

        The ticker changes with the clock's second too: rendered tickers are kept by (version, second), all else by version.
        """
        return self._market(market).version

    def ticker(self, market: int) -> Ticker:
        """The last trade and the 24 hours up to the clock's now."""
        views = self._market(market)
        second = self._clock() // 1_000_000
        key = (views.version, second)
        if views.ticker is None or views.ticker_key != key:
            views.ticker = _ticker(views, second)
            views.ticker_key = key
        return views.ticker

    def trades(self, market: int, limit: int, *, since_id: int = 0, since: int = 0) -> list[RecentTrade]:
        """Newest first, at most `limit`, only ids above `since_id` and times at or after `since` (µs); of the last 5,000."""
        out = []
        for trade in islice(reversed(self._market(market).trades), limit):
            if trade.id <= since_id or trade.time < since:
                break
            out.append(trade)
        return out

    def trades_seen(self, market: int) -> int:
        """How many trades there were since this process began."""
        return self._market(market).traded_count

    def trades_kept_since(self, market: int) -> int:
        """`trades` has everything after this trade id; for what is older ask history. 0: it has everything there ever was."""
        views = self._market(market)
        return views.trades[0].id - 1 if len(views.trades) == RECENT_TRADES else views.earlier_trade

    def candles(self, market: int, interval: int, start: int, end: int) -> list[Candle]:
        """Candles of `interval` seconds with start <= candle.start < end, oldest first, only those with trades, as far as memory goes.

        ValueError unless the interval is minutes that divide an hour, hours that divide a day, or whole days. Weeks begin on Monday.
        """
        return self._market(market).candles.between(interval, start, end)

    async def candle_history(self, market: int, interval: int, start: int, end: int, limit: int = 1_000) -> list[Candle]:
        """As `candles`, and from history whatever is older than memory; the newest `limit`."""
        candles = self._market(market).candles
        since = candles.since(interval)
        newer = candles.between(interval, max(start, since), end)
        if self._past is None or start >= since or len(newer) >= limit:
            return newer[-limit:]
        await self._past.reached(self._begun)
        older = await self._past.candles(market, interval, start, min(end, since), limit - len(newer))
        return [_candle(candle) for candle in older] + newer

    def span(self, market: int, start: int, end: int | None = None) -> Candle | None:
        """Everything traded from second `start` to `end` (None: now, included) as one candle; None without trades.

        Both are moved back to a whole minute. What lies before the kept candles (8 days by the minute, 90 by the hour) is missing.
        """
        if end is None:
            # Far enough to have the present hour and day as they stand.
            end = candle_start(self._clock() // 1_000_000, DAY) + 2 * DAY
        return self._market(market).candles.span(start, end)

    def seconds(self, market: int, start: int, end: int) -> list[Candle]:
        """Candles of one second with start <= candle.start < end, oldest first, only those with trades, of the last 24 hours."""
        views = self._market(market)
        views.day.roll(self._clock() // 1_000_000)
        return [Candle(b.second, b.open, b.high, b.low, b.close, b.volume, b.notional, b.count) for b in views.day.between(start, end)]

    def since(self, market: int, second: int) -> Candle | None:
        """Everything traded from that second on as one candle; None without trades.

        What is older than 24 hours is kept by the minute only: then it begins with the next whole minute.
        """
        minute = second - second % -MINUTE
        parts = self.seconds(market, second, minute)
        rest = self.span(market, minute)
        if rest is not None:
            parts.append(rest)
        return join_candles(parts, second) if parts else None

    def price_before(self, market: int, time: int) -> int | None:
        """The last price before that time (µs), 0 when there was none; None when the kept trades do not reach back so far."""
        trades = self._market(market).trades
        later = bisect_left(trades, time, key=lambda trade: trade.time)
        if later:
            return trades[later - 1].price
        if len(trades) == RECENT_TRADES or self._market(market).earlier_trade:
            return None
        return self._market(market).candles.close_before(time // 1_000_000)

    def book(self, market: int, limit: int = 0, step: int = 1) -> tuple[Levels, Levels]:
        """The durable (bids, asks) of (price, amount), best first, at most `limit` levels a side (0: all), as of `book_seq`.

        Merged into multiples of `step` price units as `group_levels` merges them, without looking at more levels than are needed.
        """
        return self._market(market).book.depth(limit, step)

    def level_book(self, market: int) -> _core.LevelBook:
        """The book itself, to be read only: for texts of it."""
        return self._market(market).book

    def trade_log(self, market: int) -> _core.TradeLog:
        """The last 5,000 trades, to be read only: for texts of them."""
        return self._market(market).trade_log

    def level_changed_at(self, market: int, side: int, price: int) -> int:
        """Time (µs) of the command that changed this level last; 0 for one that stood before this process began."""
        return self._market(market).book.changed_at(side, price)

    def best(self, market: int) -> tuple[int, int]:
        """The durable (best bid, best ask), 0 for an empty side."""
        return self._market(market).book.best()

    def book_seq(self, market: int) -> int:
        """Grows whenever the book changed; by one a frame while somebody is subscribed."""
        return self._market(market).book_seq

    def _market(self, number: int) -> _Market:
        """A market's views as of the last frame."""
        if self._unread:
            self._read_on()
        return self._views(number)

    def _views(self, number: int) -> _Market:
        market = self._markets.get(number)
        if market is None:
            market = self._markets[number] = _Market()
        return market


def _candle(candle: PastCandle) -> Candle:
    return Candle(candle.start, candle.open, candle.high, candle.low, candle.close, candle.volume, candle.notional, candle.count)


def _ticker(views: _Market, second: int) -> Ticker:
    day, last = views.day, views.last
    day.roll(second)
    before = views.before.at(second) if views.before is not None else None
    if before is not None:
        return Ticker(
            last=last.price if last else before.close,
            last_amount=last.amount if last else 0,
            last_time=last.time if last else 0,
            open=before.open,
            high=max(before.high, day.high),
            low=min(before.low, day.low or before.low),
            volume=before.volume + day.volume,
            notional=before.notional + day.notional,
            count=before.trades + day.count,
        )
    views.before = None
    return Ticker(
        last=last.price if last else 0,
        last_amount=last.amount if last else 0,
        last_time=last.time if last else 0,
        open=day.open,
        high=day.high,
        low=day.low,
        volume=day.volume,
        notional=day.notional,
        count=day.count,
    )
