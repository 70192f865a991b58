"""Candles from before a market's first trade, made from a seed: what a sandbox has instead of a month of trading.

Nothing of it is stored but the numbers in `Backfill`, which a note in the journal carries. Every candle is a function of these numbers
and of its own start, so that a minute of a month ago is made when somebody asks for it, in no time, and is the same every time.

Days are made one after the other, back from the price at the end. A day is then split into hours, an hour into spans of five minutes,
these into minutes. A split divides the variance, the trades and the volume of the whole by random weights, which makes volatility cluster
on every scale (a multiplicative cascade), runs a random path between the whole's open and close (a Brownian bridge), and puts the whole's
high and low into two of the parts. So the parts of a candle always add up to it. Chance comes from a hash; the arithmetic is of the kind
that IEEE 754 defines to the last bit, and prices and amounts are integers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import shake_128
from math import sqrt
from typing import Any, NamedTuple

from cambist.domain.reproducible_math import log

WORD = "backfill"
"""Memo word of the note that carries a backfill."""

MINUTE, SPAN, HOUR, DAY = 60, 300, 3_600, 86_400
LENGTHS = (DAY, HOUR, SPAN, MINUTE)
"""Seconds of candles that can be asked for. All others are folded from these."""

MOST_DAYS = 3_650
_BYTES = 24
"""Of the hash, for each part of a split."""
_EXPONENTIAL = tuple(-log((2 * part + 1) / 128) for part in range(64))
"""The middles of 64 equally likely parts of an exponential distribution."""


class Bar(NamedTuple):
    """A candle: prices and amounts in the market's units, `notional` the sum of price * amount, start in seconds."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    notional: int
    trades: int


class _Whole(NamedTuple):
    """A candle that can be split: how many seconds of it there are, and the variance of its price."""

    bar: Bar
    seconds: int
    variance: float


@dataclass(frozen=True)
class Backfill:
    """`until`: where real trading begins, seconds, a whole minute. `price`: the last one before that. `volume`, `trades`: of a usual day.
    `deviation_ppm`: standard deviation of a day's return, in millionths."""

    market: int
    seed: str
    until: int
    days: int
    price: int
    volume: int
    trades: int
    deviation_ppm: int

    def memo(self) -> dict[str, Any]:
        """The words of the note that carries it."""
        numbers = (self.market, self.seed, self.until, self.days, self.price, self.volume, self.trades, self.deviation_ppm)
        return {WORD: list(numbers)}

    @staticmethod
    def of(memo: Mapping[str, Any]) -> "Backfill | None":
        """The backfill that a note carries; None when it carries none, or one that makes no sense."""
        words = memo.get(WORD)
        if not isinstance(words, list) or len(words) != 8:
            return None
        market, seed, *numbers = words
        if not isinstance(seed, str) or not all(type(number) is int for number in (market, *numbers)):
            return None
        until, days, price, volume, trades, deviation = numbers
        sensible = (
            0 <= market < 1 << 16
            and 0 < days <= MOST_DAYS
            and days * DAY < until < 1 << 40
            and until % MINUTE == 0
            and 0 < price < 1 << 62
            and 0 < volume < 1 << 62
            and 0 < trades <= min(volume, 1 << 40)
            and 0 <= deviation <= 500_000
        )
        return Backfill(market, seed, until, days, price, volume, trades, deviation) if sensible else None

    @property
    def since(self) -> int:
        """Its first second."""
        return self._days[0].bar.start

    def candles(self, length: int, start: int, end: int) -> list[Bar]:
        """Those of `length` seconds, one of LENGTHS, with start <= bar.start < end, oldest first, only those with trades.

        The last one may be cut short by `until`.
        """
        first = start - start % -length
        found = [whole for whole in self._days if whole.bar.start + DAY > first and whole.bar.start < end]
        for shorter in LENGTHS[1 : LENGTHS.index(length) + 1]:
            found = [
                part
                for whole in found
                for part in _split(self, whole, shorter)
                if part.bar.start + shorter > first and part.bar.start < end
            ]
        return [whole.bar for whole in found if whole.bar.start >= first]

    @cached_property
    def _days(self) -> list[_Whole]:
        """The days, oldest first; the last one ends at `until`."""
        return _days_of(self)

    def _made_days(self) -> list[_Whole]:
        deviation = self.deviation_ppm / 1_000_000
        made: list[_Whole] = []
        close, start, mood = self.price, self.until - (self.until - 1) % DAY - 1, 1.0
        end = self.until
        while end > self.until - self.days * DAY:
            chance = _Chance(self, DAY, start, 1)
            share = (end - start) / DAY
            mood = 0.7 * mood + 0.3 * (0.4 + 1.2 * chance.even(0))
            spread = deviation * mood * sqrt(share)
            home = 0.04 * (close - self.price) / self.price
            moved = min(max(spread * chance.normal(0) + home, -0.4), 0.4)
            open_ = max(1, round(close / (1.0 + moved)))
            variance = (spread * close) * (spread * close)
            high, low = chance.extremes(0, open_, close, variance)
            lively = share * mood * (0.6 + 0.8 * chance.second(0))
            count = max(1, int(self.trades * lively))
            volume = max(count, int(self.volume * lively))
            notional = volume * (open_ + high + low + close) // 4
            made.append(_Whole(Bar(start, open_, high, low, close, volume, notional, count), end - start, variance))
            close, end, start = open_, start, start - DAY
        return made[::-1]


@lru_cache(maxsize=512)
def _days_of(backfill: Backfill) -> list[_Whole]:
    """The same for all of one kind: who opens a venue again does not make them again."""
    return backfill._made_days()


class _Chance:
    """What the hash gives for the parts of one split."""

    __slots__ = ("_bytes",)

    def __init__(self, backfill: Backfill, length: int, start: int, parts: int) -> None:
        text = f"cambist backfill {backfill.seed}/{backfill.market}/{length}/{start}"
        self._bytes = shake_128(text.encode()).digest(parts * _BYTES)

    def even(self, part: int) -> float:
        """Evenly in [0, 1)."""
        at = part * _BYTES
        return (self._bytes[at] * 256 + self._bytes[at + 1]) / 65_536

    def second(self, part: int) -> float:
        """The same, another one."""
        at = part * _BYTES + 2
        return (self._bytes[at] * 256 + self._bytes[at + 1]) / 65_536

    def normal(self, part: int) -> float:
        """Mean 0, deviation 1: heads of 112 coins, made continuous."""
        at = part * _BYTES + 4
        heads = int.from_bytes(self._bytes[at : at + 14], "little").bit_count()
        return (heads - 56 + self._bytes[at + 14] / 256 - 0.498) / 5.2994

    def extremes(self, part: int, open_: int, close: int, variance: float) -> tuple[int, int]:
        """(high, low) of a random path between two prices."""
        at = part * _BYTES + 19
        low, high = (open_, close) if open_ < close else (close, open_)
        moved = float(high - low)
        up = (sqrt(moved * moved + 2.0 * variance * _EXPONENTIAL[self._bytes[at] & 63]) - moved) / 2.0
        down = (sqrt(moved * moved + 2.0 * variance * _EXPONENTIAL[self._bytes[at + 1] & 63]) - moved) / 2.0
        return high + int(up), max(1, low - int(down))


@lru_cache(maxsize=2_048)
def _split(backfill: Backfill, whole: _Whole, length: int) -> list[_Whole]:
    """The parts of a candle, oldest first, only those with trades: they add up to it."""
    bar, parts = whole.bar, -(-whole.seconds // length)
    chance = _Chance(backfill, length, bar.start, parts)
    seconds = [min(length, whole.seconds - number * length) for number in range(parts)]
    weights = []
    for number in range(parts):
        lively = 0.35 + 1.3 * chance.even(number)
        weights.append(seconds[number] * lively * lively)
    sum_ = sum(weights)
    counts = _shared(bar.trades, weights)
    volumes = _shared(bar.volume - bar.trades, [count * (0.4 + 1.2 * chance.second(n)) for n, count in enumerate(counts)])
    traded = [number for number in range(parts) if counts[number]]
    variances = [whole.variance * weights[number] / sum_ for number in traded]
    closes = _bridge(bar, [sqrt(each) * chance.normal(number) for number, each in zip(traded, variances, strict=True)])
    bars = []
    open_ = bar.open
    for number, close, variance in zip(traded, closes, variances, strict=True):
        high, low = chance.extremes(number, open_, close, variance)
        volume = volumes[number] + counts[number]
        bars.append([bar.start + number * length, open_, min(high, bar.high), max(low, bar.low), close, volume, 0, counts[number]])
        open_ = close
    _reach(bars, bar)
    _value(bars, bar.notional)
    return [_Whole(Bar(*each), seconds[number], variance) for each, number, variance in zip(bars, traded, variances, strict=True)]


def _shared(total: int, weights: Sequence[float]) -> list[int]:
    """A whole number cut into parts by weight; they add up to it."""
    sum_ = sum(weights) or 1.0
    parts, before, passed = [], 0, 0.0
    for number, weight in enumerate(weights):
        passed += weight
        after = total if number == len(weights) - 1 else min(total, int(total * (passed / sum_)))
        parts.append(after - before)
        before = after
    return parts


def _bridge(bar: Bar, steps: list[float]) -> list[int]:
    """Where each part closes: the steps, bent so that the last one ends at the close, thrown back at high and low."""
    bend = (bar.close - bar.open - sum(steps)) / len(steps)
    closes, at = [], float(bar.open)
    for step in steps[:-1]:
        at += step + bend
        price = round(at)
        if price > bar.high:
            price = 2 * bar.high - price
        elif price < bar.low:
            price = 2 * bar.low - price
        closes.append(min(max(price, bar.low), bar.high))
    closes.append(bar.close)
    return closes


def _reach(bars: list[list[int]], bar: Bar) -> None:
    """Has one part reach the whole's high and one its low."""
    top = max(bars, key=lambda each: each[2])
    top[2] = bar.high
    bottom = min(bars, key=lambda each: each[3])
    bottom[3] = bar.low


def _value(bars: list[list[int]], notional: int) -> None:
    """Gives each part its notional; they add up to the whole's, and average prices stay inside the parts' ranges as far as that allows."""
    for each in bars:
        each[6] = each[5] * (each[1] + each[2] + each[3] + each[4]) // 4
    lacking = notional - sum(each[6] for each in bars)
    limit, sign = (2, 1) if lacking > 0 else (3, -1)
    spare = [sign * (each[5] * each[limit] - each[6]) for each in bars]
    given = min(abs(lacking), sum(spare))
    for each, part in zip(bars, _shared(given, spare), strict=True):
        each[6] += sign * part
    largest = max(bars, key=lambda each: each[5])
    largest[6] += notional - sum(each[6] for each in bars)
