"""Candles folded from minutes, spans, and depth grouping, each against the obvious."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cambist.domain.orders import Side
from cambist.marketdata import group_depth, group_levels
from cambist.marketdata.candles import Candles, Series, candle_start

Trade = tuple[int, int, int]


def day_of_trades(seed: int, count: int = 800, gap: int = 600) -> tuple[Candles, list[Trade]]:
    dice = random.Random(seed)
    candles = Candles()
    trades: list[Trade] = []
    second = 1_700_000_123
    for _ in range(count):
        second += dice.choice((0, 1, 50, gap))
        trade = (second, dice.randint(90, 110), dice.randint(1, 9))
        trades.append(trade)
        candles.trade(trade[0] * 1_000_000 + 17, trade[1], trade[2])
    return candles, trades


@pytest.mark.parametrize("interval", [60, 180, 300, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400, 3 * 86_400, 604_800])
def test_any_interval_equals_a_recomputation(interval: int) -> None:
    candles, trades = day_of_trades(interval)
    first, last = trades[0][0], trades[-1][0]
    found = candles.between(interval, 0, last + 1)
    wanted: dict[int, list[Trade]] = {}
    for trade in trades:
        wanted.setdefault(candle_start(trade[0], interval), []).append(trade)
    assert [candle.start for candle in found] == list(wanted)
    for candle in found:
        inside = wanted[candle.start]
        prices = [price for _, price, _ in inside]
        assert (candle.open, candle.high, candle.low, candle.close) == (prices[0], max(prices), min(prices), prices[-1])
        assert candle.volume == sum(amount for *_, amount in inside)
        assert candle.notional == sum(price * amount for _, price, amount in inside)
        assert candle.count == len(inside)
    assert candles.between(interval, found[0].start + 1, found[-1].start) == found[1:-1]
    assert candles.between(interval, 0, first - interval) == []


def test_weeks_begin_on_monday() -> None:
    monday = 1_700_438_400  # 2023-11-20 00:00 UTC
    assert candle_start(monday, 604_800) == monday
    assert candle_start(monday - 1, 604_800) == monday - 604_800
    assert candle_start(monday + 604_799, 604_800) == monday


@pytest.mark.parametrize("interval", [0, -60, 1, 59, 61, 7 * 60, 7 * 3_600, 86_400 + 3_600])
def test_odd_intervals_are_refused(interval: int) -> None:
    with pytest.raises(ValueError, match="no candles"):
        Candles().between(interval, 0, 1)


@pytest.mark.parametrize("seed", range(5))
def test_a_span_equals_a_recomputation(seed: int) -> None:
    candles, trades = day_of_trades(seed, gap=3_000)
    dice = random.Random(seed)
    for _ in range(100):
        start, end = sorted(dice.randint(trades[0][0] - 9_999, trades[-1][0] + 9_999) // 60 * 60 for _ in range(2))
        inside = [trade for trade in trades if start <= trade[0] < end]
        found = candles.span(start, end)
        if not inside:
            assert found is None
            continue
        assert found is not None
        prices = [price for _, price, _ in inside]
        assert (found.open, found.high, found.low, found.close) == (prices[0], max(prices), min(prices), prices[-1])
        assert (found.volume, found.count) == (sum(amount for *_, amount in inside), len(inside))


def test_a_series_is_bounded_and_says_since_when_it_is_complete() -> None:
    series = Series(60, 100)
    for minute in range(1_000):
        series.trade(minute * 60, 5, 1)
    kept = series.between(0, 10**9)
    assert 100 <= len(kept) <= 125
    assert series.since == kept[0].start


@given(
    st.lists(st.tuples(st.integers(1, 200), st.integers(1, 50)), max_size=60, unique_by=lambda level: level[0]),
    st.integers(1, 30),
    st.integers(0, 10),
)
def test_grouping_rounds_away_from_the_middle(levels: list[tuple[int, int]], step: int, limit: int) -> None:
    bids, asks = sorted(levels, reverse=True), sorted(levels)
    grouped_bids, grouped_asks = group_depth((bids, asks), step, limit)
    down: dict[int, int] = {}
    up: dict[int, int] = {}
    for price, amount in levels:
        down[price - price % step] = down.get(price - price % step, 0) + amount
        up[price + -price % step] = up.get(price + -price % step, 0) + amount
    assert grouped_bids == sorted(down.items(), reverse=True)[: limit or None]
    assert grouped_asks == sorted(up.items())[: limit or None]
    assert group_levels(bids, Side.BUY, 0, 3) == bids[:3]
