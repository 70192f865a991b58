"""The sandbox's traders: the same for the same seed, and a market that one can believe in."""

from functools import cache
from statistics import median

import msgspec
import pytest

from cambist.app.config import default_text, parse
from cambist.domain.markets import MarketStatus
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.sandbox.money import FUNDS
from cambist.sandbox.presets import PRESETS, TraderNumbers, changed, complaints
from cambist.sandbox.traders import account_names
from tests.sandbox.floor import Crew
from tests.sandbox.market_day import BANDS, judge, simulated
from tests.support.immediate import immediately

BTC_USD_ALONE = {market.name: 0.0 for market in parse(default_text()).market if market.name != "btc_usd"}
DOLLARS = 10**11
"""Of btc_usd: price units times amount units."""


def within(crew: Crew, share: float) -> tuple[float, float]:
    """What is bid and asked in btc_usd up to that share away from the middle, in USD."""
    bids, asks = crew.floor.engine.depth(0, 0)
    middle = (bids[0][0] + asks[0][0]) / 2
    bid = sum(price * amount for price, amount in bids if price >= middle * (1 - share))
    ask = sum(price * amount for price, amount in asks if price <= middle * (1 + share))
    return bid / DOLLARS, ask / DOLLARS


def test_the_same_seed_makes_the_same_market_and_another_seed_another() -> None:
    hashes = []
    for seed in (7, 7, 8):
        crew = Crew("calm", seed)
        crew.open()
        crew.run(60)
        hashes.append(crew.floor.engine.state_hash())
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_a_trader_more_changes_nobody_elses_draws() -> None:
    drawn = []
    for trend in (1, 2):
        crew = Crew(msgspec.structs.replace(PRESETS["calm"], trend=trend), seed=5)
        crew.open()
        crew.run(5)
        drawn.append({taker.name: taker.draws.uniform() for taker in crew.traders._takers if not taker.name.startswith("trend-2")})
    # Who acted in those seconds drew as often as before: the moments at which they act are drawn too.
    assert drawn[0] == drawn[1]


def test_what_a_sandbox_user_owns_does_not_empty_a_side() -> None:
    crew = Crew("calm")
    crew.open()
    alice = crew.floor.open_account(BTC=100)
    crew.run(5)
    before = crew.floor.engine.best(0)[0]
    sold = immediately(crew.floor.place(alice, 0, Side.SELL, OrderType.MARKET, TimeInForce.IOC, 0, 100 * 10**8)).outcome
    assert sold.filled == 100 * 10**8
    assert crew.floor.engine.best(0)[0] > before * 0.99


def test_a_sweep_moves_the_price_the_book_refills_within_two_seconds_and_part_of_the_move_is_given_back() -> None:
    moved, later, given_back = [], [], []
    for seed in (1, 2, 3, 4, 5):
        quiet = msgspec.structs.replace(PRESETS["calm"], volatility=0.05, jumps_per_day=0.0, large=0, informed=0, trend=0)
        crew = Crew(quiet, seed)
        crew.open()
        alice = crew.floor.open_account(USD=50_000_000)
        crew.run(5)
        before = sum(crew.floor.engine.best(0)) / 2
        immediately(crew.floor.place(alice, 0, Side.BUY, OrderType.LIMIT, TimeInForce.IOC, int(before * 1.02), 5_000 * 10**8))
        swept = crew.floor.engine.best(0)[1]
        crew.run(2)
        bid, ask = crew.floor.engine.best(0)
        assert bid < ask < swept
        assert (ask - bid) / bid < 0.001
        assert min(within(crew, 0.01)) > 5_000_000
        moved.append(swept / before - 1)
        later.append((bid + ask) / 2 / before - 1)
        crew.run(90)
        given_back.append(sum(crew.floor.engine.best(0)) / 2 / before - 1)
    assert 0.003 < median(moved) < 0.02
    assert 0.001 < median(later) < median(moved)
    assert 0 < median(given_back) < 0.75 * median(later)


def test_an_order_inside_the_spread_is_filled() -> None:
    crew = Crew("calm")
    crew.open()
    alice = crew.floor.open_account(USD=1_000_000)
    crew.run(3)
    bid, ask = crew.floor.engine.best(0)
    order = immediately(crew.floor.place(alice, 0, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, (bid + ask) // 2, 10**7)).outcome.id
    for _ in crew.seconds(60):
        if crew.floor.engine.order(order) is None:
            return
    pytest.fail("nobody took the best bid in a minute")


def test_a_price_that_is_far_off_is_taken_by_somebody_who_knows_better() -> None:
    crew = Crew("calm")
    crew.open()
    alice = crew.floor.open_account(BTC=1)
    crew.run(3)
    bid, _ = crew.floor.engine.best(0)
    immediately(crew.floor.place(alice, 0, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, bid // 2, 10**7))
    order = immediately(crew.floor.place(alice, 0, Side.SELL, OrderType.LIMIT, TimeInForce.GTC, int(bid * 0.97), 10**7)).outcome
    assert order.filled == 10**7, "a maker's bid stood above it"


@pytest.mark.parametrize("preset", PRESETS)
def test_minutes_of_a_preset_are_as_it_promises(preset: str) -> None:
    day = simulated(preset, 300 if preset == "busy" else 600, seed=2)
    assert judge(day) == []


def test_calm_promises_a_book_ten_times_as_deep_as_what_a_user_owns() -> None:
    assert BANDS["calm"].depth >= 10 * int(FUNDS["USD"])


def test_what_a_preset_promises_is_found_missing_where_it_is() -> None:
    day = simulated("thin", 120, seed=2)
    day.preset = "calm"
    assert len(judge(day)) >= 2
    for preset in ("halted", "quiet", "one-sided"):
        day.preset = preset
        assert judge(day), preset


def test_a_flash_crash_falls_and_comes_back() -> None:
    crew = Crew("flash-crash", seed=2, intensity=BTC_USD_ALONE)
    crew.open()
    middles = [sum(crew.floor.engine.best(0)) / 2 for _ in crew.seconds(600)]
    before = middles[110]
    lowest = min(middles)
    assert before * 0.9 < lowest < before * 0.95
    assert middles.index(lowest) < 180
    assert middles[-1] > lowest + (before - lowest) / 2


def test_under_one_sided_only_bids_are_quoted() -> None:
    crew = Crew("one-sided")
    crew.open()
    crew.run(30)
    bids, asks = crew.floor.engine.depth(0, 0)
    assert bids
    assert not asks
    assert crew.trades()


def test_under_halted_the_books_stand_and_nothing_trades() -> None:
    crew = Crew("halted")
    crew.open()
    before = crew.floor.engine.depth(0, 0)
    assert all(before)
    crew.run(30)
    assert crew.floor.engine.depth(0, 0) == before
    assert crew.trades() == []


def test_a_market_that_an_operator_halts_is_left_alone_until_it_opens() -> None:
    crew = Crew("calm")
    crew.open()
    crew.floor.engine.set_market_status(crew.floor.now(), 0, MarketStatus.HALTED)
    before = crew.floor.engine.depth(0, 0)
    crew.run(20)
    assert crew.floor.engine.depth(0, 0) == before
    crew.floor.engine.set_market_status(crew.floor.now(), 0, MarketStatus.OPEN)
    crew.trades()
    crew.run(20)
    assert crew.trades()


def test_a_market_of_intensity_nothing_has_no_traders() -> None:
    crew = Crew("calm", intensity={"btc_usd": 0.0, "btc_eur": 1.0})
    crew.open()
    crew.run(30)
    assert crew.floor.engine.depth(0, 0) == ([], [])
    assert crew.trades(1)


def test_a_coin_that_is_worth_more_is_quoted_there_in_smaller_amounts() -> None:
    books = []
    for values in ({}, {"BTC": 4_000.0}):
        crew = Crew("calm", seed=3, intensity=BTC_USD_ALONE, values=values)
        crew.open()
        crew.run(60)
        bid, _ = crew.floor.engine.best(0)
        books.append((bid / 1_000, *within(crew, 0.01)))
    for usual, dear in zip(*books, strict=True):
        assert dear / usual == pytest.approx(1.6 if usual == books[0][0] else 1.0, rel=0.15)


def test_every_preset_holds_what_it_may_say() -> None:
    assert not [complaint for numbers in PRESETS.values() for complaint in complaints(numbers)]
    assert account_names(PRESETS["quiet"]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"half_spread": 0.0}, "half_spread = 0 is too small"),
        ({"volatility": -1.0}, "volatility = -1 is too small"),
        ({"makers": 9}, "makers = 9 is too large: at most 8"),
        ({"depth_usd": float("nan")}, "depth_usd = nan is too large"),
        ({"reach": 0.00001}, "reach must be more than half_spread"),
        ({"sides": "left"}, 'sides = "left": both, bids or asks'),
    ],
)
def test_impossible_numbers_are_named(change: dict[str, float], words: str) -> None:
    (complaint,) = complaints(msgspec.structs.replace(TraderNumbers(), **change))
    assert complaint.startswith(words)


EVENTFUL = msgspec.structs.replace(
    PRESETS["calm"],
    volatility=8.0,
    jumps_per_day=40_000.0,
    drift_per_hour=0.05,
    trend_hours=0.01,
    regime_seconds=(20.0, 40.0),
    home_days=0.01,
    trades_per_minute=200.0,
    tail=0.4,
    tail_most=20.0,
    passive=0.4,
    passive_most_seconds=20.0,
    trend_seconds=1.0,
    trend_signal=1.0,
    trend_most=2.0,
    large_per_hour=1_000.0,
    large_most=2.0,
    large_pieces=3,
    large_least_seconds=1.0,
    large_most_seconds=3.0,
    crashes_per_hour=60.0,
    crash_first_seconds=10.0,
    crash_pause_seconds=1.0,
    crash_piece_seconds=0.5,
    stress_seconds=20.0,
    recovery_seconds=20.0,
    lasting_seconds=100.0,
    most_impact=0.02,
)
"""Everything that can happen happens within a minute or two."""
OTHER = {
    "makers": 1,
    "noise": 2,
    "trend": 2,
    "informed": 2,
    "large": 2,
    "levels": 8,
    "large_pieces": 1,
    "large_most": 1.1,
    "informed_margin": 20.0,
    "patience_seconds": 0.1,
    "informed_most": 1.0,
    "crash_pieces": 4,
    "sides": "bids",
    "regime_seconds": (5.0,),
    "jump_most": 1.0,
    "unmoved": 10.0,
    "most_left": 1.1,
    "restless_seconds": 0.1,
    "tail_most": 1.5,
    "trend_slow": 0.15,
    "trend_signal": 20.0,
    "large_exponent": 5.0,
    "large_slippage": 0.0001,
    "slippage": 0.00001,
    "crashes_per_hour": 10.0,
    "crash_pause_seconds": 60.0,
    "crash_share": 0.01,
    "crash_slippage": 0.0005,
    "most_tilt": 0.01,
    "tilt": 0.5,
    "longest_reaction_seconds": 0.3,
}
"""Another value where it is not simply a smaller one."""


@pytest.mark.parametrize("name", [name for name in TraderNumbers.__struct_fields__ if name != "halted"])
def test_every_number_makes_a_difference(name: str) -> None:
    value = OTHER[name] if name in OTHER else 0.7 * getattr(EVENTFUL, name)
    other = msgspec.structs.replace(EVENTFUL, **{name: value})
    assert complaints(other) == []
    assert _state_after(other) != _state_after(EVENTFUL)


@cache
def _state_after(numbers: TraderNumbers) -> bytes:
    """What has become of btc_usd alone."""
    crew = Crew(numbers, seed=14, intensity=BTC_USD_ALONE)
    crew.open()
    for _ in crew.seconds(120):
        crew.trades()
    return crew.floor.engine.state_hash()


def test_what_is_set_takes_the_place_of_the_presets_number() -> None:
    from cambist.sandbox.presets import TraderChanges

    assert changed(PRESETS["thin"], TraderChanges()) == PRESETS["thin"]
    assert changed(PRESETS["thin"], TraderChanges(levels=3)) == msgspec.structs.replace(PRESETS["thin"], levels=3)
