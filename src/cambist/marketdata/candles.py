"""Candles of one market: minutes, hours and days are kept, every other interval is folded from them on demand."""

from bisect import bisect_left

from cambist.domain.backfill import Backfill
from cambist.marketdata.values import Candle

MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 604_800
STORED = (MINUTE, HOUR, DAY)
KEPT = {MINUTE: 8 * 1_440, HOUR: 24 * 90, DAY: 1_000}
"""How many of each stay in memory (8 days of minutes, 90 days of hours); older ones are history's."""

FIRST_MONDAY = 4 * DAY


def candle_start(second: int, interval: int) -> int:
    """Start of the candle that holds this second. Whole weeks begin on Monday, everything else counts from 1970-01-01, UTC."""
    origin = FIRST_MONDAY if interval % WEEK == 0 else 0
    return second - (second - origin) % interval


def check_interval(interval: int) -> None:
    """ValueError unless the interval is whole minutes that divide an hour, whole hours that divide a day, or whole days."""
    if interval <= 0 or not (
        (HOUR % interval == 0 and interval % MINUTE == 0) or (DAY % interval == 0 and interval % HOUR == 0) or interval % DAY == 0
    ):
        raise ValueError(f"no candles of {interval} seconds")


def base_interval(interval: int) -> int:
    """The longest stored interval that such candles are made of. ValueError as check_interval."""
    check_interval(interval)
    return next(base for base in reversed(STORED) if interval % base == 0)


class _Growing:
    """A candle under way."""

    __slots__ = ("close", "count", "high", "low", "notional", "open", "start", "volume")

    def __init__(self, start: int, price: int) -> None:
        self.start = start
        self.open = self.high = self.low = self.close = price
        self.volume = self.notional = self.count = 0

    def add(self, high: int, low: int, close: int, volume: int, notional: int, count: int) -> None:
        self.high = max(self.high, high)
        self.low = min(self.low, low)
        self.close = close
        self.volume += volume
        self.notional += notional
        self.count += count

    def value(self) -> Candle:
        return Candle(self.start, self.open, self.high, self.low, self.close, self.volume, self.notional, self.count)


class Series:
    """Candles of one stored interval, oldest first, only those with trades; bounded."""

    __slots__ = ("_candles", "_kept", "_starts", "interval", "since")

    def __init__(self, interval: int, kept: int) -> None:
        self.interval = interval
        self.since = 0  # complete from this second on
        self._kept = kept
        self._starts: list[int] = []
        self._candles: list[_Growing] = []

    def trade(self, second: int, price: int, amount: int) -> None:
        """Takes one trade; trades come in order of time."""
        candle = self._at(second - second % self.interval, price)
        candle.add(price, price, price, amount, price * amount, 1)

    def put(self, candle: Candle) -> None:
        """Takes trades of one candle or of a part of it, in order of time."""
        self._at(candle.start - candle.start % self.interval, candle.open).add(
            candle.high, candle.low, candle.close, candle.volume, candle.notional, candle.count
        )

    def between(self, start: int, end: int) -> list[Candle]:
        """Those with start <= candle.start < end."""
        starts = self._starts
        return [candle.value() for candle in self._candles[bisect_left(starts, start) : bisect_left(starts, end)]]

    def _at(self, start: int, price: int) -> _Growing:
        if self._starts and self._starts[-1] == start:
            return self._candles[-1]
        if len(self._starts) >= self._kept + self._kept // 4:
            # A quarter at a time: dropping from the front of a list costs its length.
            excess = len(self._starts) - self._kept
            del self._starts[:excess], self._candles[:excess]
            self.since = self._starts[0]
        candle = _Growing(start, price)
        self._starts.append(start)
        self._candles.append(candle)
        return candle


class Candles:
    """All candles of one market."""

    __slots__ = ("_backfill", "_series")

    def __init__(self) -> None:
        self._series = {interval: Series(interval, KEPT[interval]) for interval in STORED}
        self._backfill: Backfill | None = None

    def begin(self, backfill: Backfill) -> None:
        """Has what the market has from before its first trade; before `load`. It is made when it is asked for, and takes no memory."""
        self._backfill = backfill

    def trade(self, time: int, price: int, amount: int) -> None:
        """Takes one trade; `time` in µs."""
        second = time // 1_000_000
        for series in self._series.values():
            series.trade(second, price, amount)

    def put(self, traded: Candle) -> None:
        """Takes the trades of one second, or some of them, in order of time."""
        for series in self._series.values():
            series.put(traded)

    def load(self, interval: int, candles: list[Candle], since: int) -> None:
        """Puts stored candles of one stored interval in front of what will be traded; complete from second `since` on."""
        series = self._series[interval]
        series.since = since
        for candle in candles:
            series.put(candle)

    def since(self, interval: int) -> int:
        """From this second on (a start of such a candle) memory has everything of this interval."""
        since = self._series[base_interval(interval)].since
        start = candle_start(since, interval)
        return start if start == since else start + interval

    def between(self, interval: int, start: int, end: int) -> list[Candle]:
        """Candles of any allowed interval with start <= candle.start < end, oldest first, only those with trades."""
        base = base_interval(interval)
        first = candle_start(start, interval)
        if first < start:
            first += interval
        last = candle_start(end - 1, interval) + interval
        return fold_candles(self._between(base, first, last), interval)

    def span(self, start: int, end: int) -> Candle | None:
        """Everything traded in [start, end), both moved back to a whole minute, as one candle; None without trades.

        Made of days where whole days lie within, of hours and minutes at the edges: a few dozen steps for any length.
        """
        start -= start % MINUTE
        end -= end % MINUTE
        parts: list[Candle] = []
        at = start
        while at < end:
            step = next(i for i in reversed(STORED) if i == MINUTE or (at % i == 0 and at + i <= end))
            parts += self._between(step, at, at + step)
            at += step
        return join_candles(parts, start) if parts else None

    def close_before(self, second: int) -> int:
        """The backfill's last price before that second; 0 when there is none."""
        backfill = self._backfill
        if backfill is None:
            return 0
        end = min(second, backfill.until)
        for length, reach in ((MINUTE, HOUR), (HOUR, DAY), (DAY, end)):
            whole = [bar for bar in backfill.candles(length, end - reach, end) if bar.start + length <= end]
            if whole:
                return whole[-1].close
        return 0

    def _between(self, interval: int, start: int, end: int) -> list[Candle]:
        """Of a stored interval: those in memory, and the backfill's before them."""
        series, backfill = self._series[interval], self._backfill
        kept = series.between(start, end)
        if backfill is None or start >= backfill.until or series.since > backfill.until:
            return kept  # what lies between the backfill and a memory that has forgotten is history's
        earlier = [Candle(*bar) for bar in backfill.candles(interval, start, min(end, series.since, backfill.until))]
        return earlier + kept


def fold_candles(candles: list[Candle], interval: int) -> list[Candle]:
    """Longer candles from shorter ones that divide them, oldest first."""
    out: list[_Growing] = []
    for candle in candles:
        start = candle_start(candle.start, interval)
        if not out or out[-1].start != start:
            out.append(_Growing(start, candle.open))
        out[-1].add(candle.high, candle.low, candle.close, candle.volume, candle.notional, candle.count)
    return [candle.value() for candle in out]


def join_candles(parts: list[Candle], start: int) -> Candle:
    """One candle of several, oldest first; there must be some."""
    whole = _Growing(start, parts[0].open)
    for part in parts:
        whole.add(part.high, part.low, part.close, part.volume, part.notional, part.count)
    return whole.value()
