"""A limit order and a stop of which one cancels the other: whatever happens to one leg, and what both hold."""

from collections.abc import Callable
from typing import Any

import pytest

from cambist._core import Engine
from tests.core.venue import ALICE, BOB, CAROL, GEM, GEM_USD, NOON, RICH, USD, Venue
from tests.twin.events import OrderAccepted, OrderDone
from tests.twin.words import ONE_CANCELS_OTHER, POST_ONLY, Code, OrderStatus, Reason, SelfTrade, Side, Tif, Type

LIMIT, STOP = 3, 4
"""Ids of the legs: a trade that sets the last price to 12 comes before."""


@pytest.fixture
def venue(venue: Venue) -> Venue:
    venue.trade_at(12)
    return venue


def ended(venue: Venue) -> list[tuple[int, Reason]]:
    return [(done.order_id, Reason(done.reason)) for done in venue.only(OrderDone)]


def test_both_legs_are_accepted_in_one_command_with_ids_in_a_row(venue: Venue) -> None:
    outcome = venue.buy_oco(ALICE, 5, 10, 15, 16, client_id=7, stop_client_id=8, tif=Tif.GTD, expire_at=NOON + 9, flags=POST_ONLY)
    assert (outcome.code, outcome.id, outcome.status, outcome.remaining) == (Code.OK, LIMIT, OrderStatus.RESTING, 5)
    legs = [
        (leg.order_id, leg.type, leg.flags, leg.price, leg.stop_price, leg.client_id, leg.expire_at) for leg in venue.only(OrderAccepted)
    ]
    assert legs == [
        (LIMIT, Type.LIMIT, POST_ONLY | ONE_CANCELS_OTHER, 10, 0, 7, NOON + 9),
        (STOP, Type.STOP_LIMIT, ONE_CANCELS_OTHER, 16, 15, 8, NOON + 9),
    ]


@pytest.mark.parametrize(
    ("place", "held"),
    [
        pytest.param(lambda venue: venue.buy_oco(ALICE, 5, 10, 15, 16), [(GEM, 0), (USD, 80)], id="a dearer stop leg"),
        pytest.param(lambda venue: venue.buy_oco(ALICE, 5, 10, 15, 9), [(GEM, 0), (USD, 50)], id="a cheaper stop leg"),
        pytest.param(lambda venue: venue.sell_oco(ALICE, 5, 20, 8, 7), [(GEM, 5), (USD, 0)], id="a sell pair"),
        pytest.param(lambda venue: venue.sell_oco(ALICE, 5, 20, 8), [(GEM, 5), (USD, 0)], id="a sell pair at market"),
    ],
)
def test_the_pair_holds_what_the_dearer_leg_needs_and_gives_all_of_it_back(
    venue: Venue, place: Callable[[Venue], Any], held: list[tuple[int, int]]
) -> None:
    place(venue)
    assert [(asset, venue.held(ALICE, asset)) for asset in (GEM, USD)] == held
    assert venue.do("cancel_order", ALICE, LIMIT).code == Code.OK
    assert venue.balances(ALICE) == [(RICH, 0), (RICH, 0)]


def test_exactly_what_the_dearer_leg_needs_is_enough(venue: Venue) -> None:
    venue.leave_only(ALICE, USD, 79)
    assert venue.buy_oco(ALICE, 5, 10, 15, 16).code == Code.INSUFFICIENT_FUNDS
    venue.deposit(ALICE, USD, 1)
    assert venue.buy_oco(ALICE, 5, 10, 15, 16).code == Code.OK


@pytest.mark.parametrize(("amount", "left"), [(1, 4), (5, 0)], ids=["in part", "in whole"])
def test_a_fill_of_the_limit_leg_ends_the_stop_leg_however_little_it_was(venue: Venue, amount: int, left: int) -> None:
    venue.buy_oco(ALICE, 5, 10, 15, 16)
    venue.sell(BOB, amount, 10)
    assert (STOP, Reason.ONE_CANCELS_OTHER) in ended(venue)
    assert venue.held(ALICE, USD) == 10 * left
    venue.do("cancel_all", ALICE)
    assert venue.balances(ALICE) == [(RICH + amount, 0), (RICH - 10 * amount, 0)]


def test_a_limit_leg_that_trades_on_its_way_in_leaves_no_stop_leg(venue: Venue) -> None:
    venue.sell(BOB, 2, 10)
    outcome = venue.buy_oco(ALICE, 5, 10, 15, 16)
    assert (outcome.status, outcome.filled, outcome.remaining) == (OrderStatus.RESTING, 2, 3)
    assert ended(venue) == [(LIMIT, Reason.FILLED), (LIMIT + 2, Reason.ONE_CANCELS_OTHER)]
    assert venue.held(ALICE, USD) == 30


def test_a_trigger_of_the_stop_leg_ends_the_limit_leg_before_it_comes_in(venue: Venue) -> None:
    venue.sell(CAROL, 5, 16)
    venue.leave_only(ALICE, USD, 80)
    pair = venue.buy_oco(ALICE, 5, 10, 15, 16).id
    venue.sell(BOB, 1, 15)
    venue.buy(CAROL, 1, 15)
    assert venue.story()[-7:] == [
        f"triggered {pair + 1} at 15",
        f"done {pair} ONE_CANCELS_OTHER",
        "BUY 10 gone",
        f"trade 5 at 16: {pair + 1} takes {LIMIT}",
        f"done {LIMIT} FILLED",
        "SELL 16 gone",
        f"done {pair + 1} FILLED",
    ]
    assert venue.balances(ALICE) == [(RICH + 5, 0), (0, 0)]


def test_a_stop_leg_that_is_reached_when_it_is_placed_is_triggered_at_once(venue: Venue) -> None:
    outcome = venue.buy_oco(ALICE, 5, 10, 11, 11)
    assert outcome.status == OrderStatus.RESTING
    assert venue.story() == [
        "accepted 3",
        "accepted 4",
        "BUY 10 has 5 in 1",
        "triggered 4 at 12",
        "done 3 ONE_CANCELS_OTHER",
        "BUY 10 gone",
        "BUY 11 has 5 in 1",
    ]


@pytest.mark.parametrize(
    ("end", "first", "reason"),
    [
        pytest.param(lambda venue: venue.do("cancel_order", ALICE, LIMIT), LIMIT, Reason.CANCELLED, id="cancelled limit leg"),
        pytest.param(lambda venue: venue.do("cancel_order", ALICE, STOP), STOP, Reason.CANCELLED, id="cancelled stop leg"),
        pytest.param(lambda venue: venue.do("cancel_many", ALICE, [STOP, LIMIT]), STOP, Reason.CANCELLED, id="cancelled together"),
        pytest.param(lambda venue: venue.do("cancel_all", ALICE), LIMIT, Reason.CANCELLED, id="all cancelled"),
        pytest.param(lambda venue: venue.do_at(NOON + 9, "advance_time"), LIMIT, Reason.EXPIRED, id="expired"),
    ],
)
def test_the_end_of_one_leg_is_the_end_of_the_other(venue: Venue, end: Callable[[Venue], Any], first: int, reason: Reason) -> None:
    venue.buy_oco(ALICE, 5, 10, 15, 16, tif=Tif.GTD, expire_at=NOON + 9)
    venue.do("set_market_status", GEM_USD, 1)
    outcome = end(venue)
    assert ended(venue) == [(first, reason), (LIMIT + STOP - first, Reason.ONE_CANCELS_OTHER)]
    assert outcome.count in (0, 2)
    assert venue.engine.open_order_count(ALICE) == 0
    assert venue.balances(ALICE) == [(RICH, 0), (RICH, 0)]


def test_the_dead_man_s_switch_ends_and_counts_both_legs(venue: Venue) -> None:
    venue.sell_oco(ALICE, 5, 20, 8)
    venue.do("set_cancel_after", ALICE, NOON + 1)
    assert venue.do_at(NOON + 1, "advance_time").count == 2
    assert ended(venue) == [(LIMIT, Reason.CANCEL_AFTER), (STOP, Reason.ONE_CANCELS_OTHER)]


@pytest.mark.parametrize("mode", [SelfTrade.CANCEL_OLDEST, SelfTrade.CANCEL_BOTH])
def test_a_limit_leg_cancelled_for_a_self_trade_takes_its_stop_leg_with_it(venue: Venue, mode: SelfTrade) -> None:
    venue.sell_oco(ALICE, 5, 20, 8, 7)
    venue.buy(ALICE, 1, 20, self_trade=mode)
    assert ended(venue)[:2] == [(LIMIT, Reason.SELF_TRADE), (STOP, Reason.ONE_CANCELS_OTHER)]
    assert venue.held(ALICE, GEM) == 0


def test_a_limit_leg_stopped_by_a_self_trade_on_its_way_in_leaves_no_stop_leg(venue: Venue) -> None:
    venue.buy(ALICE, 1, 20)
    venue.sell_oco(ALICE, 5, 20, 8, self_trade=SelfTrade.CANCEL_NEWEST)
    assert ended(venue) == [(LIMIT + 1, Reason.SELF_TRADE), (LIMIT + 2, Reason.ONE_CANCELS_OTHER)]


@pytest.mark.parametrize(
    ("order_id", "changes", "code"),
    [
        pytest.param(LIMIT, {"price": 11}, Code.OK, id="limit leg dearer"),
        pytest.param(LIMIT, {"price": 9}, Code.OK, id="limit leg cheaper"),
        pytest.param(STOP, {"stop_price": 14}, Code.OK, id="trigger"),
        pytest.param(STOP, {"price": 20}, Code.OK, id="stop leg dearer"),
        pytest.param(STOP, {"price": 9, "amount": 5}, Code.OK, id="stop leg cheaper, the amount as it is"),
        pytest.param(STOP, {"price": 21}, Code.INSUFFICIENT_FUNDS, id="stop leg too dear"),
        pytest.param(LIMIT, {"amount": 4}, Code.COMBINATION_INVALID, id="amount of one leg"),
        pytest.param(STOP, {"amount": 6}, Code.COMBINATION_INVALID, id="amount of the other"),
        pytest.param(LIMIT, {"price": 15}, Code.COMBINATION_INVALID, id="limit leg beyond the trigger"),
        pytest.param(STOP, {"stop_price": 10}, Code.COMBINATION_INVALID, id="trigger beyond the limit leg"),
        pytest.param(LIMIT, {"stop_price": 14}, Code.COMBINATION_INVALID, id="trigger of the limit leg"),
    ],
)
def test_prices_of_both_legs_can_be_replaced_and_the_hold_goes_with_the_dearer(
    venue: Venue, order_id: int, changes: dict[str, int], code: Code
) -> None:
    venue.leave_only(ALICE, USD, 100)
    venue.buy_oco(ALICE, 5, 10, 15, 16)
    assert venue.do("replace_order", ALICE, order_id, **changes).code == code
    legs = [venue.engine.order(leg) for leg in (LIMIT, STOP)]
    held = max(leg.price * leg.amount for leg in legs if leg)
    assert venue.balances(ALICE, (USD,)) == [(100 - held, held)]
    venue.do("cancel_order", ALICE, STOP)
    assert venue.balances(ALICE, (USD,)) == [(100, 0)]


def test_a_limit_leg_that_trades_when_it_is_replaced_ends_the_stop_leg(venue: Venue) -> None:
    venue.leave_only(ALICE, USD, 80)
    venue.sell(BOB, 2, 11)
    pair = venue.buy_oco(ALICE, 5, 10, 15, 16).id
    outcome = venue.do("replace_order", ALICE, pair, price=11)
    assert (outcome.filled, outcome.status) == (2, OrderStatus.RESTING)
    assert ended(venue)[-1] == (pair + 1, Reason.ONE_CANCELS_OTHER)
    assert venue.balances(ALICE, (USD,)) == [(80 - 22 - 33, 33)]


def test_what_is_left_of_a_pair_is_an_order_like_any_other(venue: Venue) -> None:
    """The next id may belong to somebody else's pair: nothing of that ends with it."""
    venue.buy_oco(ALICE, 5, 10, 15, 16)
    venue.trade_at(15)
    venue.buy_oco(BOB, 5, 10, 17, 18)
    assert venue.do("replace_order", ALICE, STOP, amount=3).code == Code.OK
    venue.do("cancel_order", ALICE, STOP)
    assert ended(venue) == [(STOP, Reason.CANCELLED)]
    assert venue.engine.open_order_count(BOB) == 2


def test_the_room_for_open_orders_is_for_both_legs(venue: Venue) -> None:
    venue.do("set_max_open_orders", 2)
    assert venue.sell_oco(ALICE, 5, 20, 8).code == Code.OK
    assert venue.sell_oco(BOB, 5, 20, 8).code == Code.OK
    venue.do("set_max_open_orders", 3)
    assert venue.sell_oco(BOB, 5, 20, 8).code == Code.TOO_MANY_OPEN_ORDERS


def test_a_pair_survives_a_snapshot(venue: Venue) -> None:
    venue.buy_oco(ALICE, 5, 10, 15, 16)
    snapshot = venue.engine.snapshot()
    venue.engine = type(venue.engine).restore(snapshot)
    assert venue.engine.snapshot() == snapshot
    venue.sell(BOB, 1, 10)
    assert (STOP, Reason.ONE_CANCELS_OTHER) in ended(venue)
    assert venue.held(ALICE, USD) == 40


def test_a_stop_leg_without_its_limit_leg_is_not_restored(venue: Venue) -> None:
    kind: type[Engine] = type(venue.engine)  # type: ignore[assignment]
    lone = venue.sell(ALICE, 5, 7, type=Type.STOP_LIMIT, stop_price=8).id
    plain = venue.engine.snapshot()
    flags = plain.index(lone.to_bytes(8, "little") + ALICE.to_bytes(4, "little") + bytes([Type.STOP_LIMIT, Side.SELL])) + 15
    kind.restore(plain)
    with pytest.raises(ValueError, match=r"\w"):
        kind.restore(plain[:flags] + bytes([ONE_CANCELS_OTHER]) + plain[flags + 1 :])
