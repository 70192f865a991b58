"""Candles from before the first trade: they add up on every scale, end where trading begins, and never change."""

import math
from dataclasses import replace
from itertools import pairwise
from statistics import fmean

import pytest

from cambist.domain.backfill import DAY, HOUR, LENGTHS, MINUTE, SPAN, Backfill, Bar

UNTIL = 1_500_000_000 - 1_500_000_000 % MINUTE
FILLED = Backfill(market=0, seed="1", until=UNTIL, days=30, price=2_500_000, volume=50_000 * 10**8, trades=90_000, deviation_ppm=39_000)
QUIET = replace(FILLED, market=7, price=6_812, volume=90_000, trades=3_000, deviation_ppm=2_000)


def joined(parts: list[Bar]) -> tuple[int, ...]:
    return (
        parts[0].open,
        max(part.high for part in parts),
        min(part.low for part in parts),
        parts[-1].close,
        sum(part.volume for part in parts),
        sum(part.notional for part in parts),
        sum(part.trades for part in parts),
    )


@pytest.mark.parametrize("filled", [FILLED, QUIET], ids=["lively", "quiet"])
@pytest.mark.parametrize(("whole", "part"), [(DAY, HOUR), (HOUR, SPAN), (SPAN, MINUTE), (DAY, MINUTE)])
def test_the_parts_of_a_candle_add_up_to_it(filled: Backfill, whole: int, part: int) -> None:
    for bar in filled.candles(whole, UNTIL - 2 * DAY, UNTIL):
        parts = filled.candles(part, bar.start, bar.start + whole)
        assert joined(parts) == bar[1:]


@pytest.mark.parametrize("filled", [FILLED, QUIET], ids=["lively", "quiet"])
def test_candles_are_candles(filled: Backfill) -> None:
    for length in LENGTHS:
        bars = filled.candles(length, UNTIL - 3 * DAY, UNTIL)
        assert [bar.start % length for bar in bars] == [0] * len(bars)
        assert [bar.start for bar in bars] == sorted({bar.start for bar in bars})
        for bar in bars:
            assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
            assert bar.volume >= bar.trades > 0


def test_they_reach_back_as_many_days_as_they_should_and_end_at_the_price() -> None:
    days = FILLED.candles(DAY, 0, UNTIL + DAY)
    assert days[0].start <= UNTIL - 30 * DAY
    assert FILLED.since == days[0].start
    assert days[-1].start <= UNTIL < days[-1].start + DAY
    minutes = FILLED.candles(MINUTE, UNTIL - HOUR, UNTIL + HOUR)
    assert minutes[-1].start == UNTIL - MINUTE
    assert minutes[-1].close == days[-1].close == FILLED.price
    assert FILLED.candles(MINUTE, UNTIL, UNTIL + DAY) == []
    assert FILLED.candles(DAY, 0, FILLED.since) == []


def test_a_price_does_not_jump_between_candles() -> None:
    minutes = FILLED.candles(MINUTE, UNTIL - DAY, UNTIL)
    assert all(later.open == earlier.close for earlier, later in pairwise(minutes))


def test_what_is_asked_for_does_not_depend_on_what_was_asked_before() -> None:
    again = replace(FILLED)
    alone = again.candles(MINUTE, UNTIL - 5 * DAY, UNTIL - 5 * DAY + HOUR)
    whole = FILLED.candles(MINUTE, UNTIL - 6 * DAY, UNTIL)
    assert alone == [bar for bar in whole if UNTIL - 5 * DAY <= bar.start < UNTIL - 5 * DAY + HOUR]
    assert replace(FILLED, seed="2").candles(MINUTE, UNTIL - HOUR, UNTIL) != FILLED.candles(MINUTE, UNTIL - HOUR, UNTIL)


def test_they_look_like_a_market() -> None:
    minutes = FILLED.candles(MINUTE, UNTIL - 10 * DAY, UNTIL)
    moves = [math.log(bar.close / bar.open) for bar in minutes]
    variance = fmean(move * move for move in moves)
    assert 0.5 < math.sqrt(variance * 1_440) / 0.039 < 1.6
    assert fmean(move**4 for move in moves) / variance**2 > 4
    sizes = [abs(move) for move in moves]
    mean = fmean(sizes)
    together = fmean((one - mean) * (next_ - mean) for one, next_ in pairwise(sizes))
    assert together / fmean((size - mean) ** 2 for size in sizes) > 0.05


def test_the_numbers_make_the_same_candles_for_ever() -> None:
    # History folds a journal's note into these: another number here would be another past for a journal that exists.
    assert FILLED.candles(MINUTE, UNTIL - 2 * MINUTE, UNTIL) == KNOWN


KNOWN = [
    Bar(1499999880, 2496198, 2500270, 2495970, 2500060, 1027737584, 2565202177536480, 21),
    Bar(1499999940, 2500060, 2504215, 2499234, 2500000, 4131656367, 10325976068722878, 69),
]


def test_a_note_carries_it_and_one_that_makes_no_sense_is_none() -> None:
    assert Backfill.of(FILLED.memo()) == FILLED
    assert Backfill.of({"for_account": 17}) is None
    numbers = FILLED.memo()["backfill"]
    wrong = ({0: -1}, {1: 7}, {2: UNTIL + 1}, {2: 5 * DAY}, {3: 0}, {3: 10_000}, {4: 0}, {5: 0}, {6: 0}, {6: True}, {7: -1}, {7: 10**9})
    for change in wrong:
        memo = {"backfill": [change.get(place, number) for place, number in enumerate(numbers)]}
        assert Backfill.of(memo) is None, change
    assert Backfill.of({"backfill": numbers[:-1]}) is None
    assert Backfill.of({"backfill": "text"}) is None
