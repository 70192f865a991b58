"""The rolling 24 hours against a recomputation over all trades, at any clock time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cambist.marketdata.window import WINDOW_SECONDS, RollingDay

STEPS = st.lists(
    st.tuples(st.sampled_from((0, 0, 1, 2, 30, 3_600, 40_000, 86_399, 86_400)), st.integers(1, 20), st.integers(1, 9), st.booleans()),
    max_size=200,
)


@settings(max_examples=300, deadline=None)
@given(STEPS, st.integers(0, 100_000))
def test_equals_a_recomputation(steps: list[tuple[int, int, int, bool]], later: int) -> None:
    day = RollingDay()
    trades: list[tuple[int, int, int]] = []
    second = 1_700_000_000
    for gap, price, amount, look in steps:
        second += gap
        trades.append((second, price, amount))
        day.trade(second, price, amount)
        if look:
            check(day, trades, second)
    check(day, trades, second + later)
    check(day, trades, second + later + WINDOW_SECONDS)


def check(day: RollingDay, trades: list[tuple[int, int, int]], now: int) -> None:
    day.roll(now)
    inside = [trade for trade in trades if trade[0] > now - WINDOW_SECONDS]
    prices = [price for _, price, _ in inside]
    assert day.count == len(inside)
    assert day.volume == sum(amount for *_, amount in inside)
    assert day.notional == sum(price * amount for _, price, amount in inside)
    assert (day.open, day.high, day.low) == ((prices[0], max(prices), min(prices)) if prices else (0, 0, 0))


def test_memory_is_bounded_by_seconds() -> None:
    day = RollingDay()
    for number in range(3 * WINDOW_SECONDS):
        day.roll(number)
        day.trade(number, 5 + number % 3, 1)
    assert len(day._buckets) == WINDOW_SECONDS
    assert day.count == WINDOW_SECONDS
    assert len(day._highs) <= WINDOW_SECONDS
