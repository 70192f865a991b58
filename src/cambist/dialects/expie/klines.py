"""Candles as the ancestor shows them: a row for every slot since the first trade, flat where nothing was traded."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import groupby

from cambist.dialects.expie.context import DialectContext
from cambist.dialects.expie.markets import Market
from cambist.history.port import Page
from cambist.marketdata.candles import DAY, HOUR, MINUTE, base_interval, candle_start, fold_candles, join_candles
from cambist.marketdata.values import Candle

WEEK = 7 * DAY
MONTH = 30 * DAY
"""Stands for calendar months, UTC."""
MAX_ROWS = 1_000
PIECE = 240
"""Stored candles that are looked at between two rounds of the event loop."""


def good_interval(interval: int) -> bool:
    """Whether there are candles of so many seconds: parts of a minute, an hour or a day, one to six days, WEEK, MONTH."""
    if interval <= 0:
        return False
    for whole, step in ((MINUTE, 1), (HOUR, MINUTE), (DAY, HOUR)):
        if interval < whole:
            return interval % step == 0 and whole % interval == 0
    return (interval < WEEK and interval % DAY == 0) or interval in (WEEK, MONTH)


def slot_start(second: int, interval: int) -> int:
    """When the slot that holds this second began. Weeks begin on Monday, months on their first."""
    if interval != MONTH:
        return candle_start(second, interval)
    day = datetime.fromtimestamp(second, UTC)
    return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp())


def next_slot(start: int, interval: int) -> int:
    """The slot behind the one that begins at `start`."""
    return slot_start(start + 31 * DAY, MONTH) if interval == MONTH else start + interval


def row(market: Market, candle: Candle) -> str:
    """`[time, open, close, high, low, volume, deal, market]`."""
    price = market.price
    return (
        f'[{candle.start},"{price(candle.open)}","{price(candle.close)}","{price(candle.high)}","{price(candle.low)}",'
        f'"{market.amount(candle.volume)}","{market.deal(candle.notional)}","{market.name}"]'
    )


def _flat(start: int, price: int) -> Candle:
    return Candle(start, price, price, price, price, 0, 0, 0)


def _by_slot(candles: list[Candle], interval: int) -> list[Candle]:
    """Longer candles from shorter ones, oldest first."""
    if interval != MONTH:
        return fold_candles(candles, interval)
    months = groupby(candles, key=lambda candle: slot_start(candle.start, MONTH))
    return [join_candles(list(days), start) for start, days in months]


class Klines:
    """Candles of every good interval. Those of parts of a minute go back 24 hours."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._data = context.services.marketdata
        self._history = context.services.history

    def _second(self) -> int:
        return self._context.services.clock() // 1_000_000

    def recent(self, market: Market, interval: int, start: int) -> list[Candle]:
        """The candles from the slot of second `start` on, as far as memory goes; only those with trades."""
        start, end = slot_start(start, interval), self._second() + 2
        if interval < MINUTE:
            return _by_slot(self._data.seconds(market.id, start, end), interval)
        if interval == MONTH:
            return _by_slot(self._data.candles(market.id, DAY, start, end + DAY), MONTH)
        return self._data.candles(market.id, interval, start, end + interval)

    async def rows(self, market: Market, start: int, end: int, interval: int) -> str:
        """The rows from the slot of second `start` to that of `end`, at most the newest MAX_ROWS, without brackets around them.

        HistoryError when what is older than memory cannot be read. Long answers are made in pieces, and others are served in between.
        """
        last = slot_start(end, interval)
        first = max(slot_start(start, interval), slot_start(max(last - (MAX_ROWS - 1) * interval, 0), interval))
        if interval < MINUTE:
            first = max(first, slot_start(self._second() - DAY, interval) + interval)
        rows: list[str] = []
        close: int | None = None
        base = 1 if interval < MINUTE else base_interval(interval)
        slots_a_piece = max(1, PIECE * base // interval)
        while first <= last:
            slots = [first]
            while len(slots) < slots_a_piece and (slot := next_slot(slots[-1], interval)) <= last:
                slots.append(slot)
            following = next_slot(slots[-1], interval)
            traded = {candle.start: candle for candle in await self._between(market, interval, first, following, len(slots))}
            for slot in slots:
                candle = traded.get(slot)
                if candle is None:
                    if close is None:
                        close = await self._price_before(market, slot)
                    candle = _flat(slot, close)
                close = candle.close
                if close:
                    rows.append(row(market, candle))
            first = following
            if first <= last:
                await asyncio.sleep(0)
        return ",".join(rows)

    async def _between(self, market: Market, interval: int, start: int, end: int, slots: int) -> list[Candle]:
        if interval < MINUTE:
            return _by_slot(self._data.seconds(market.id, start, end), interval)
        if interval == MONTH:
            return _by_slot(await self._data.candle_history(market.id, DAY, start, end, 31 * slots), MONTH)
        return await self._data.candle_history(market.id, interval, start, end, slots)

    async def _price_before(self, market: Market, second: int) -> int:
        """The last price before a slot, 0 when there was none."""
        time = second * 1_000_000
        price = self._data.price_before(market.id, time)
        if price is None:
            await self._context.public_history_caught_up()
            older = await self._history.market_trades(market.id, Page(until=time - 1, limit=1))
            price = older[0].price if older else 0
        return price
