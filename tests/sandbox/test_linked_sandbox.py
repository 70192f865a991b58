"""The coin's markets of a sandbox, linked: rates that follow the traders' walk, and a market that stays believable."""

from collections import Counter

import pytest

from cambist import _core
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.sandbox.conversion_rates import rounded
from cambist.sandbox.linked_markets import QUOTES, fit_to_link
from cambist.sandbox.money import usd_value
from cambist.sandbox.presets import PRESETS
from tests.sandbox.floor import SECOND, Crew
from tests.support.immediate import immediately

MINUTE = 60


def happened(crew: Crew) -> list[object]:
    """Events since this was asked last."""
    crew.floor.engine.take_commands()
    return list(_core.decode_events(crew.floor.engine.take_events()))


def rates(crew: Crew) -> dict[str, int]:
    group = crew.floor.engine.linked_groups()[0]
    codes = {asset: code for code, asset in crew.floor.codes.items()}
    return {codes[asset]: rate for asset, rate, _ in group.rates}


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        pytest.param(1.1203549, 1_120_400_000_000, id="more than one"),
        pytest.param(1 / 111, 9_009_000_000, id="a yen"),
        pytest.param(1 / 57, 17_544_000_000, id="a rouble"),
        pytest.param(0.0, 0, id="nothing"),
        pytest.param(1.00005, 1_000_100_000_000, id="a half goes up"),
        pytest.param(123456.7, 123_460_000_000_000_000, id="a large one"),
    ],
)
def test_a_rate_has_five_digits(value: float, rate: int) -> None:
    assert rounded(value) == rate


def test_rates_start_at_what_currencies_are_worth_move_gently_and_only_what_moved_is_journaled() -> None:
    crew = Crew("calm", linked=True)
    crew.open()
    first = rates(crew)
    assert set(first) == set(QUOTES) - {"USD"}
    assert all(rate == pytest.approx(usd_value(code) * _core.RATE_ONE, rel=1e-3) for code, rate in first.items())
    happened(crew)
    commands: Counter[int] = Counter()
    changes: list[_core.ConversionRateSet] = []
    now, known = crew.floor.now(), {crew.floor.codes[code]: rate for code, rate in first.items()}
    for _ in crew.seconds(20 * MINUTE):
        for event in happened(crew):
            if isinstance(event, _core.CommandApplied):
                now = event.time
            if isinstance(event, _core.ConversionRateSet):
                assert event.rate != known[event.asset], "a rate that did not move"
                assert abs(event.rate / known[event.asset] - 1) < 0.002
                known[event.asset] = event.rate
                commands[now] += 1
                changes.append(event)
    assert 0 < len(commands) <= 20 * MINUTE / 5
    assert {event.asset for event in changes} == set(known), "every currency moves"
    assert len(changes) < 0.5 * len(known) * 20 * MINUTE / 5
    assert all(abs(rate / first[code] - 1) < 0.01 for code, rate in rates(crew).items())


def test_the_same_seed_moves_the_same_rates_and_another_seed_others() -> None:
    hashes, seen = [], []
    for seed in (7, 7, 8):
        crew = Crew("calm", seed, linked=True)
        crew.open()
        crew.run(2 * MINUTE)
        hashes.append(crew.floor.engine.state_hash())
        seen.append(rates(crew))
    assert hashes[0] == hashes[1]
    assert seen[0] == seen[1] != seen[2]


def test_rates_do_not_change_what_things_are_worth() -> None:
    paths = []
    for linked in (False, True):
        crew = Crew("calm", 3, linked=linked)
        crew.open()
        crew.run(MINUTE)
        paths.append([market.fair(crew.floor.now()) for market in crew.traders.markets])
    assert paths[0] == paths[1]


def test_a_rate_that_was_taken_back_comes_again_and_rates_of_other_groups_are_their_operators() -> None:
    crew = Crew("calm", linked=True)
    engine, codes = crew.floor.engine, crew.floor.codes
    other = engine.create_linked_group(crew.floor.now(), codes["LTC"], codes["USD"], 0, 0).id
    for market in engine.markets():
        if market.base == codes["LTC"] and market.quote in (codes["USD"], codes["EUR"]):
            assert engine.link_market(crew.floor.now(), other, market.id).code == 0
    crew.open()
    engine.set_conversion_rates(crew.floor.now(), 0, [(codes["EUR"], 0)])
    crew.run(6)
    assert engine.linked_groups()[other].rates == []
    assert rates(crew)["EUR"] > 0


@pytest.mark.parametrize("preset", ["calm", "busy", "thin", "trend"])
def test_linked_markets_of_a_preset_are_two_sided_solvent_and_add_up(preset: str) -> None:
    crew = Crew(preset, seed=2, linked=True)
    crew.open()
    engine = crew.floor.engine
    one_sided = 0
    for _ in crew.seconds(240):
        one_sided += sum(0 in engine.best(market.id) for market in engine.markets())
        assert max(engine.live_orders(market.id) for market in engine.markets()) < 200
        crew.trades()
    assert one_sided <= 20
    assert all(sum(parts) == 0 for parts in engine.totals())


def test_who_buys_more_than_one_currency_offers_gets_it_from_the_others_and_the_books_come_together_again() -> None:
    crew = Crew("calm", linked=True)
    crew.open()
    alice = crew.floor.open_account(PLN=1_000_000_000)
    crew.run(5)
    happened(crew)
    pln = next(market.id for market in crew.traders.markets if market.name == "btc_pln")
    before = sum(crew.floor.engine.best(pln)) / 2
    bought = immediately(
        crew.floor.place(alice, pln, Side.BUY, OrderType.LIMIT, TimeInForce.IOC, int(before * 1.008), 2_000 * 10**8)
    ).outcome
    converted = [event for event in happened(crew) if isinstance(event, _core.ConvertedTradeExecuted)]
    assert sum(event.amount for event in converted) > bought.filled / 2
    assert len({event.resting_market for event in converted}) >= 5
    for _ in crew.seconds(30):
        crew.trades()
    assert all(0 not in crew.floor.engine.best(market.id) for market in crew.traders.markets)
    bids, asks = crew.floor.engine.converted_depth(pln, 1)
    assert bids[0][0] < asks[0][0], "nobody's orders wait who could trade"


@pytest.mark.parametrize(("preset", "fit"), [(name, name not in ("quiet", "flash-crash")) for name in PRESETS])
def test_markets_are_linked_where_somebody_makes_them_and_nobody_crashes_one(preset: str, fit: bool) -> None:
    assert fit_to_link(PRESETS[preset]) == fit


def test_stopped_rates_stay() -> None:
    crew = Crew("calm", linked=True)
    crew.open()
    assert crew.rates is not None
    crew.rates.stop()
    before = rates(crew)
    crew.floor.scheduler.advance_by(60 * SECOND)
    assert rates(crew) == before
