"""Client order ids: unique among an account's live orders and its last 1,000 finished ones that carried one."""

from collections.abc import Callable

import pytest

from tests.core.venue import ALICE, BOB, CAROL, NOON, OIL_USD, Venue
from tests.twin.events import CommandApplied, OrderRejected, Outcome
from tests.twin.words import Code, Tif, Type

SEVEN = {"client_id": 7}


def finish_more(venue: Venue, count: int, first: int = 1_000) -> None:
    """So many orders of Alice's that are done at once, each with an id of its own."""
    for client_id in range(first, first + count):
        assert venue.engine.place_order(venue.now, ALICE, 0, 0, 0, Tif.IOC, 0, 0, 1, 1, client_id=client_id).code == Code.OK


def test_a_second_order_of_the_same_id_is_refused_with_the_firsts_number(venue: Venue) -> None:
    venue.buy(ALICE, 1, 1)
    venue.buy(ALICE, 1, 1, **SEVEN)
    outcome = venue.buy(ALICE, 2, 2, **SEVEN)
    assert outcome == Outcome(Code.CLIENT_ID_USED, seq=venue.engine.seq, id=2)
    assert venue.events == [
        CommandApplied(outcome.seq, NOON, 10, Code.CLIENT_ID_USED, 2, b""),
        OrderRejected(ALICE, 0, Code.CLIENT_ID_USED),
    ]
    assert venue.engine.order_by_client_id(ALICE, 7) == 2


def done_by_cancel(venue: Venue) -> None:
    venue.buy(ALICE, 1, 1, **SEVEN)
    venue.do("cancel_order", ALICE, 1)


def done_as_taker(venue: Venue) -> None:
    venue.sell(BOB, 1, 1)
    venue.buy(ALICE, 1, 1, **SEVEN)


def done_as_maker(venue: Venue) -> None:
    venue.buy(ALICE, 1, 1, **SEVEN)
    venue.sell(BOB, 1, 1)


def done_unfilled(venue: Venue) -> None:
    venue.buy(ALICE, 1, 1, tif=Tif.IOC, **SEVEN)


def done_by_self_trade(venue: Venue) -> None:
    venue.buy(ALICE, 1, 1, **SEVEN)
    venue.sell(ALICE, 1, 1, self_trade=3)


def done_by_expiry(venue: Venue) -> None:
    venue.buy(ALICE, 1, 1, tif=Tif.GTD, expire_at=NOON + 1, **SEVEN)
    venue.now += 1
    venue.do("advance_time")


def done_after_a_stop(venue: Venue) -> None:
    venue.buy(ALICE, 1, 1, type=Type.STOP_LIMIT, tif=Tif.FOK, stop_price=5, **SEVEN)
    venue.trade_at(5)


def a_waiting_stop(venue: Venue) -> None:
    venue.buy(ALICE, 1, 1, type=Type.STOP_LIMIT, stop_price=5, **SEVEN)


def a_replaced_order(venue: Venue) -> None:
    venue.buy(ALICE, 1, 1, **SEVEN)
    venue.do("replace_order", ALICE, venue.engine.next_order_id - 1, price=2)


@pytest.mark.parametrize(
    "story",
    [
        done_by_cancel,
        done_as_taker,
        done_as_maker,
        done_unfilled,
        done_by_self_trade,
        done_by_expiry,
        done_after_a_stop,
        a_waiting_stop,
        a_replaced_order,
    ],
)
def test_it_is_remembered_whatever_became_of_the_order(venue: Venue, story: Callable[[Venue], None]) -> None:
    story(venue)
    first = venue.engine.order_by_client_id(ALICE, 7)
    assert first > 0
    outcome = venue.buy(ALICE, 1, 1, **SEVEN)
    assert (outcome.code, outcome.id) == (Code.CLIENT_ID_USED, first)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"account": ALICE}, Code.CLIENT_ID_USED, id="the same account"),
        pytest.param({"account": ALICE, "market": OIL_USD}, Code.CLIENT_ID_USED, id="the same account in another market"),
        pytest.param({"account": ALICE, "type": Type.STOP_LIMIT, "stop_price": 9}, Code.CLIENT_ID_USED, id="a stop"),
        pytest.param({"account": ALICE, "client_id": 8}, Code.OK, id="another id"),
        pytest.param({"account": ALICE, "client_id": 2**64 + 7}, Code.OK, id="the same low half"),
        pytest.param({"account": ALICE, "client_id": 2**128 - 1}, Code.OK, id="the largest id"),
        pytest.param({"account": ALICE, "client_id": 0}, Code.OK, id="no id"),
        pytest.param({"account": BOB}, Code.OK, id="another account"),
    ],
)
def test_whose_id_it_is(venue: Venue, fields: dict[str, int], expected: Code) -> None:
    venue.buy(ALICE, 1, 1, **SEVEN)
    order = {"side": 0, "price": 1, "amount": 1, **SEVEN, **fields}
    assert venue.place(order.pop("account"), order.pop("side"), **order).code == expected


def test_zero_is_no_id(venue: Venue) -> None:
    assert [venue.buy(ALICE, 1, 1).code for _ in range(3)] == [Code.OK] * 3
    assert venue.engine.order_by_client_id(ALICE, 0) == 0


def test_a_refused_order_uses_no_id_up(venue: Venue) -> None:
    assert venue.buy(ALICE, 1, 0, **SEVEN).code == Code.PRICE_TOO_LOW
    assert venue.engine.order_by_client_id(ALICE, 7) == 0
    assert venue.buy(ALICE, 1, 1, **SEVEN).code == Code.OK


@pytest.mark.parametrize(
    ("more", "expected"),
    [pytest.param(999, Code.CLIENT_ID_USED, id="the last of a thousand"), pytest.param(1_000, Code.OK, id="one too many")],
)
def test_the_last_thousand_finished_are_remembered(venue: Venue, more: int, expected: Code) -> None:
    done_unfilled(venue)
    finish_more(venue, more)
    assert (venue.engine.order_by_client_id(ALICE, 7) == 1) is (expected == Code.CLIENT_ID_USED)
    assert venue.buy(ALICE, 1, 1, **SEVEN).code == expected


def test_finished_orders_without_an_id_push_nothing_out(venue: Venue) -> None:
    done_unfilled(venue)
    for _ in range(1_001):
        venue.engine.place_order(venue.now, ALICE, 0, 0, 0, Tif.IOC, 0, 0, 1, 1)
    assert venue.engine.order_by_client_id(ALICE, 7) == 1


def test_a_live_order_is_never_forgotten(venue: Venue) -> None:
    venue.buy(ALICE, 1, 1, **SEVEN)
    finish_more(venue, 1_500)
    assert venue.buy(ALICE, 1, 1, **SEVEN).code == Code.CLIENT_ID_USED
    venue.do("cancel_order", ALICE, 1)
    finish_more(venue, 999, first=5_000)
    assert venue.buy(ALICE, 1, 1, **SEVEN).code == Code.CLIENT_ID_USED  # it counts from when it was done
    finish_more(venue, 1, first=9_000)
    assert venue.buy(ALICE, 1, 1, **SEVEN).code == Code.OK


def test_an_id_used_again_after_it_was_forgotten_stands_for_the_later_order(venue: Venue) -> None:
    done_unfilled(venue)
    finish_more(venue, 1_000)
    later = venue.buy(ALICE, 1, 1, **SEVEN).id
    assert venue.engine.order_by_client_id(ALICE, 7) == later
    venue.do("cancel_order", ALICE, later)
    assert venue.engine.order_by_client_id(ALICE, 7) == later


def test_what_is_remembered_survives_a_snapshot(venue: Venue) -> None:
    done_unfilled(venue)
    venue.buy(ALICE, 1, 1, client_id=8)
    finish_more(venue, 998)
    again = Venue(type(venue.engine).restore(venue.engine.snapshot()))
    again.now = venue.now
    assert [again.engine.order_by_client_id(ALICE, client_id) for client_id in (7, 8, 1_000)] == [1, 2, 3]
    finish_more(again, 1, first=7_000)
    assert again.engine.order_by_client_id(ALICE, 7) == 1
    finish_more(again, 1, first=7_001)
    assert again.engine.order_by_client_id(ALICE, 7) == 0


def test_others_are_not_asked(venue: Venue) -> None:
    finish_more(venue, 5)
    assert [venue.engine.order_by_client_id(account, 1_000) for account in (ALICE, BOB, CAROL)] == [1, 0, 0]
