"""Linked markets, native core against twin: rates change between the orders, and after every command everything must agree.

For a long run: CAMBIST_TWIN_EXAMPLES, CAMBIST_TWIN_COMMANDS as in `test_twin_agrees.py`.
"""

import os
from fractions import Fraction

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.core.linked_traffic import LinkedTraffic, furniture
from tests.core.pair import Pair
from tests.twin.events import ConvertedTradeExecuted, Event
from tests.twin.state import State
from tests.twin.words import CONVERSION, PPM, RATE_ONE, Code, Side

EXAMPLES = int(os.environ.get("CAMBIST_TWIN_EXAMPLES", "200"))
COMMANDS = int(os.environ.get("CAMBIST_TWIN_COMMANDS", "100"))

numbers = st.integers(0, 2**64 - 1)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(venue=numbers, stream=st.lists(numbers, min_size=COMMANDS, max_size=COMMANDS), restart_at=st.integers(0, COMMANDS))
def test_linked_markets_agree(venue: int, stream: list[int], restart_at: int) -> None:
    pair = Pair()
    for command, fields in furniture(venue):
        note(f"do(0, {command!r}, **{fields})")
        assert pair.do(0, command, **fields).code == Code.OK
    for position, number in enumerate(stream):
        if position == restart_at:
            pair.restart()
        if number:
            traffic = LinkedTraffic(number + (position << 64), pair.twin.state)
            time, command, fields = traffic.call()
            note(f"do({time}, {command!r}, **{fields})")
            before = worth(pair.twin.state)
            pair.do(time, command, **fields)
            if command in ("place_order", "replace_order"):
                assert worth(pair.twin.state) >= before, "the conversion account lost value at constant rates"
                for trade in (event for event in pair.happened if isinstance(event, ConvertedTradeExecuted)):
                    check_bounds(pair.twin.state, trade, pair.happened)
            if position % 8 == 0:
                pair.compare_reads()
    pair.compare_reads()
    pair.compare_with_a_batch()
    pair.restart()
    pair.compare_reads()


def rate_of(state: State, asset: int) -> Fraction:
    group = state.groups[0]
    rate = RATE_ONE if asset == group.anchor else group.rates[asset].rate if asset in group.rates else 0
    return Fraction(rate, 10 ** state.assets[asset].scale)


def worth(state: State) -> Fraction:
    """What the conversion account has, in the anchor."""
    return sum(
        (sum(vars(balance).values()) * rate_of(state, asset) for asset, balance in state.accounts[CONVERSION].balances.items()), Fraction(0)
    )


def check_bounds(state: State, trade: ConvertedTradeExecuted, happened: list[Event]) -> None:
    """Rounding keeps less than an atom of the taker's leg, for the venue; the maker's is exact; the price shown bounds the total."""
    market, resting = state.markets[trade.market], state.markets[trade.resting_market]
    assert trade.resting_total == resting.total(trade.resting_price, trade.amount)
    fee = Fraction(PPM + state.groups[0].fee_ppm, PPM)
    exact = trade.resting_total * rate_of(state, resting.quote) / rate_of(state, market.quote)
    exact = exact * fee if trade.taker_side == Side.BUY else exact / fee
    kept = trade.total - exact if trade.taker_side == Side.BUY else exact - trade.total
    assert 0 <= kept < 1
    shown = market.total(trade.price, trade.amount)
    assert trade.total <= shown if trade.taker_side == Side.BUY else trade.total >= shown
