"""Candle arithmetic: which candle a second is in, and longer candles from shorter ones."""

from collections.abc import Iterable

from cambist.history.records import Candle

SECOND, MINUTE, HOUR, DAY, WEEK = 1, 60, 3_600, 86_400, 604_800
FIRST_MONDAY = 4 * DAY


def candle_start(second: int, interval: int) -> int:
    """Start of the candle that holds this second. Whole weeks begin on Monday, everything else counts from 1970-01-01, UTC."""
    origin = FIRST_MONDAY if interval % WEEK == 0 else 0
    return second - (second - origin) % interval


def base_interval(interval: int) -> int:
    """The longest stored interval that such candles are made of.

    ValueError unless it is whole minutes that divide an hour, whole hours that divide a day, or whole days.
    """
    if interval > 0:
        if interval % DAY == 0:
            return DAY
        if interval % HOUR == 0 and DAY % interval == 0:
            return HOUR
        if interval % MINUTE == 0 and HOUR % interval == 0:
            return MINUTE
    raise ValueError(f"no candles of {interval} seconds")


def fold_candles(candles: Iterable[Candle], interval: int) -> list[Candle]:
    """Longer candles from shorter ones that divide them; oldest first in, oldest first out."""
    out: list[Candle] = []
    for candle in candles:
        start = candle_start(candle.start, interval)
        last = out[-1] if out else None
        if last is None or last.start != start:
            out.append(Candle(start, *candle_values(candle)))
        else:
            out[-1] = Candle(
                start,
                last.open,
                max(last.high, candle.high),
                min(last.low, candle.low),
                candle.close,
                last.volume + candle.volume,
                last.notional + candle.notional,
                last.count + candle.count,
            )
    return out


def candle_values(candle: Candle) -> tuple[int, int, int, int, int, int, int]:
    """Everything but the start."""
    return candle.open, candle.high, candle.low, candle.close, candle.volume, candle.notional, candle.count
