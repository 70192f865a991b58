"""The rolling 24 hours of one market, exact to the second, in O(1) amortised per trade.

Trades of one second share a bucket. Running sums lose a bucket when it leaves the window; high and low come from two queues
that hold only buckets which can still become the extreme, best first. A bucket enters and leaves each queue once, so reading and
rolling cost nothing that a trade has not paid for. At most 86,400 buckets of about 250 bytes: 21 MB for a market that
trades in every second of a day, a few KB for a quiet one.
"""

from bisect import bisect_left
from collections import deque
from itertools import islice

from cambist.domain.backfill import HOUR, SPAN, Backfill, Bar

WINDOW_SECONDS = 86_400


class Bucket:
    """Trades of one second."""

    __slots__ = ("close", "count", "high", "low", "notional", "open", "second", "volume")

    def __init__(self, second: int, open: int, high: int, low: int, close: int, volume: int, notional: int, count: int) -> None:
        self.second = second
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.notional = notional
        self.count = count


def _second(bucket: Bucket) -> int:
    return bucket.second


class BackfilledDay:
    """What of the 24 hours lies before a market's first trade: hours, and spans of five minutes where the window begins."""

    __slots__ = ("_backfill", "_began", "_hours", "_joined")

    def __init__(self, backfill: Backfill) -> None:
        self._backfill = backfill
        self._hours: list[Bar] | None = None  # made when somebody asks first: a start has many markets
        self._began = -1
        self._joined: Bar | None = None

    def at(self, now_second: int) -> Bar | None:
        """All of it as one candle, as of this second; None when there is nothing left of it."""
        began = now_second - WINDOW_SECONDS + 1
        began += -began % SPAN
        if began != self._began:
            self._began = began
            self._joined = self._join(began)
        return self._joined

    def _join(self, began: int) -> Bar | None:
        until = self._backfill.until
        if self._hours is None:
            self._hours = self._backfill.candles(HOUR, until - until % HOUR - WINDOW_SECONDS, until)
        hour = began + -began % HOUR
        parts = [*self._backfill.candles(SPAN, began, min(hour, until)), *(bar for bar in self._hours if bar.start >= hour)]
        if not parts:
            return None
        return Bar(
            parts[0].start,
            parts[0].open,
            max(part.high for part in parts),
            min(part.low for part in parts),
            parts[-1].close,
            sum(part.volume for part in parts),
            sum(part.notional for part in parts),
            sum(part.trades for part in parts),
        )


class RollingDay:
    """Sums and extremes over the second of `now` and the 86,399 before it."""

    __slots__ = ("_buckets", "_highs", "_lows", "count", "notional", "volume")

    def __init__(self) -> None:
        self._buckets: deque[Bucket] = deque()
        self._highs: deque[Bucket] = deque()
        self._lows: deque[Bucket] = deque()
        self.volume = 0
        self.notional = 0
        self.count = 0

    @property
    def open(self) -> int:
        """The window's first price, 0 without trades."""
        return self._buckets[0].open if self._buckets else 0

    @property
    def high(self) -> int:
        return self._highs[0].high if self._highs else 0

    @property
    def low(self) -> int:
        return self._lows[0].low if self._lows else 0

    def add(self, bucket: Bucket) -> None:
        """Takes trades of a second not before the last one's."""
        last = self._buckets[-1] if self._buckets else None
        self.volume += bucket.volume
        self.notional += bucket.notional
        self.count += bucket.count
        if last is not None and last.second == bucket.second:
            last.close = bucket.close
            last.volume += bucket.volume
            last.notional += bucket.notional
            last.count += bucket.count
            if bucket.high > last.high:
                last.high = bucket.high
                self._raise(last)
            if bucket.low < last.low:
                last.low = bucket.low
                self._lower(last)
            return
        self._buckets.append(bucket)
        self._raise(bucket)
        self._lower(bucket)

    def trade(self, second: int, price: int, amount: int) -> None:
        """Takes one trade of a second not before the last one's."""
        self.add(Bucket(second, price, price, price, price, amount, price * amount, 1))

    def roll(self, now_second: int) -> None:
        """Drops what is older than the window that ends with this second."""
        buckets = self._buckets
        first = now_second - WINDOW_SECONDS + 1
        while buckets and buckets[0].second < first:
            gone = buckets.popleft()
            self.volume -= gone.volume
            self.notional -= gone.notional
            self.count -= gone.count
            if self._highs[0] is gone:
                self._highs.popleft()
            if self._lows[0] is gone:
                self._lows.popleft()

    def between(self, start: int, end: int) -> list[Bucket]:
        """Those with start <= bucket.second < end, oldest first."""
        buckets = self._buckets
        first = bisect_left(buckets, start, key=_second)
        return list(islice(buckets, first, bisect_left(buckets, end, first, key=_second)))

    def _raise(self, bucket: Bucket) -> None:
        # Whoever is not higher and leaves earlier can never be the high again (the bucket itself may be among them: it moved up).
        highs = self._highs
        while highs and highs[-1].high <= bucket.high:
            highs.pop()
        highs.append(bucket)

    def _lower(self, bucket: Bucket) -> None:
        lows = self._lows
        while lows and lows[-1].low >= bucket.low:
            lows.pop()
        lows.append(bucket)
