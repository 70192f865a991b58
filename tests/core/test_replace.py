"""ReplaceOrder: rejections in their order, and the three ways in which an order becomes another one."""

from typing import Any

import pytest

from tests.core.faults import Fault, pairs, single
from tests.core.venue import ALICE, BOB, CAROL, GEM, GEM_USD, NOON, RICH, USD, Venue
from tests.twin.events import (
    BalanceChanged,
    BookLevelChanged,
    CommandApplied,
    OrderDone,
    OrderRejected,
    OrderReplaced,
    Outcome,
    StopTriggered,
)
from tests.twin.words import ALL_MARKETS, POST_ONLY, U64_MAX, Business, Code, OrderStatus, Reason, Side, Tif, Type

RESTING, WAITING, DONE = OrderStatus.RESTING, OrderStatus.WAITING, OrderStatus.DONE

# The rejections' order: number 1, Alice's, post-only, 20 to buy at 50, of which 6 are bought.
LIMITS = {"min_price": 10, "max_price": 100, "min_amount": 4, "max_amount": 2**63, "min_total": 200}
MONEY_LEFT = 1_000


def halt(venue: Venue) -> None:
    venue.do("set_market_status", GEM_USD, 1)


def asks_at_60(venue: Venue) -> None:
    venue.sell(BOB, 5, 60)


def a_full_level_at_40(venue: Venue) -> None:
    venue.deposit(BOB, USD, 2**72)
    venue.buy(BOB, 2**63, 40)
    venue.buy(BOB, 2**63 - 5, 40)


FAULTS = [
    Fault("unknown account", Code.ACCOUNT_NOT_FOUND, {"account": 20}),
    Fault("order id 0", Code.ORDER_NOT_FOUND, {"order_id": 0}),
    Fault("order id not given out yet", Code.ORDER_NOT_FOUND, {"order_id": 1000}),
    Fault("order that is done", Code.ORDER_NOT_LIVE, {"order_id": 2}),
    Fault("somebody else's order", Code.NOT_YOUR_ORDER, {"account": BOB}),
    Fault("halted market", Code.MARKET_HALTED, prepare=halt),
    Fault("order over funds", Code.NOT_REPLACEABLE, {"order_id": 3}),
    Fault("stop price for an order that waits for none", Code.COMBINATION_INVALID, {"stop_price": 50}),
    Fault("price 9 of 10", Code.PRICE_TOO_LOW, {"price": 9}),
    Fault("price 101 of 100", Code.PRICE_TOO_HIGH, {"price": 101}),
    Fault("amount 3 of 4", Code.AMOUNT_TOO_SMALL, {"amount": 3}),
    Fault("amount 2^63 + 1 of 2^63", Code.AMOUNT_TOO_LARGE, {"amount": 2**63 + 1}),
    Fault("amount 6, all filled", Code.AMOUNT_BELOW_FILLED, {"amount": 6}),
    Fault("total 190 of 200", Code.TOTAL_TOO_SMALL, {"price": 10, "amount": 19}),
    Fault("post-only would cross", Code.WOULD_CROSS, {"price": 60}, asks_at_60),
    Fault("no money for so many", Code.INSUFFICIENT_FUNDS, {"amount": 1000}),
    Fault("level full", Code.LEVEL_FULL, {"price": 40}, a_full_level_at_40),
]


@pytest.fixture
def strict(venue: Venue) -> Venue:
    venue.do("set_market_limits", GEM_USD, **LIMITS)
    venue.buy(ALICE, 20, 50, flags=POST_ONLY)
    venue.sell(CAROL, 6, 50, tif=Tif.IOC)
    venue.buy(ALICE, type=Type.STOP_MARKET, stop_price=90, funds=500)
    venue.leave_only(ALICE, USD, MONEY_LEFT)
    return venue


def prepare_all(venue: Venue, *faults: Fault) -> None:
    """A halt goes last: it must not refuse the other fault's own orders."""
    for fault in sorted(faults, key=lambda fault: fault.prepare is halt):
        fault.prepare(venue)


def cannot_be_together(first: Fault, second: Fault) -> bool:
    """Some faults have another price or order in mind."""
    of_order_one = ("amount 6, all filled", "no money for so many", "post-only would cross", "level full", "total 190 of 200")
    return (
        (first.name == "amount 6, all filled" and second.name != "level full" and second.name not in of_order_one)
        or (first.name == "order over funds" and second.name == "somebody else's order")
        or {first.name, second.name} == {"amount 6, all filled", "level full"}
    )


@pytest.mark.parametrize("fault", single(FAULTS))
def test_a_faulty_replace_is_refused_and_changes_nothing(strict: Venue, fault: Fault) -> None:
    fault.prepare(strict)
    before = strict.engine.snapshot()
    fields = {"account": ALICE, "order_id": 1, **fault.fields}
    outcome = strict.do("replace_order", **fields)
    assert outcome == Outcome(fault.code, seq=strict.engine.seq)
    assert strict.events == [
        CommandApplied(outcome.seq, NOON, 14, fault.code, 0, b""),
        OrderRejected(fields["account"], ALL_MARKETS, fault.code),
    ]
    assert strict.engine.snapshot()[8:] == before[8:]


@pytest.mark.parametrize(("first", "second"), pairs(FAULTS, cannot_be_together))
def test_of_two_faults_the_first_in_the_page_names_the_rejection(strict: Venue, first: Fault, second: Fault) -> None:
    prepare_all(strict, first, second)
    fields = {"account": ALICE, "order_id": 1, **first.fields, **second.fields}
    assert strict.do("replace_order", **fields).code == first.code


@pytest.mark.parametrize(
    ("order", "fields", "expected"),
    [
        pytest.param({"type": Type.STOP_LIMIT, "price": 50, "amount": 10}, {"stop_price": 9}, Code.PRICE_TOO_LOW, id="stop price too low"),
        pytest.param({"type": Type.STOP_LIMIT, "price": 50, "amount": 10}, {"stop_price": 101}, Code.PRICE_TOO_HIGH, id="and too high"),
        pytest.param(
            {"type": Type.STOP_LIMIT, "price": 50, "amount": 10}, {"price": 9, "stop_price": 101}, Code.PRICE_TOO_LOW, id="price first"
        ),
        pytest.param({"type": Type.STOP_LIMIT, "price": 50, "amount": 10}, {"amount": 31}, Code.INSUFFICIENT_FUNDS, id="1,550 of 1,500"),
        pytest.param({"type": Type.STOP_LIMIT, "price": 50, "amount": 10}, {"amount": 30}, Code.OK, id="1,500 of 1,500"),
        pytest.param({"type": Type.STOP_LIMIT, "price": 50, "amount": 10}, {"price": 19}, Code.TOTAL_TOO_SMALL, id="total 190 of 200"),
        pytest.param(
            {"type": Type.STOP_MARKET, "amount": 10, "side": 1}, {"price": 50}, Code.COMBINATION_INVALID, id="stop-market: no price"
        ),
        pytest.param(
            {"type": Type.STOP_MARKET, "amount": 10, "side": 1}, {"stop_price": 9}, Code.PRICE_TOO_LOW, id="stop-market: stop price"
        ),
        pytest.param({"type": Type.STOP_MARKET, "amount": 10, "side": 1}, {"amount": 3}, Code.AMOUNT_TOO_SMALL, id="stop-market: amount"),
        pytest.param(
            {"type": Type.STOP_MARKET, "amount": 10, "side": 1}, {"amount": 4}, Code.OK, id="stop-market: no total to be too small"
        ),
        pytest.param({"type": Type.STOP_MARKET, "amount": 10, "side": 1}, {"price": 9}, Code.COMBINATION_INVALID, id="before its range"),
    ],
)
def test_waiting_stops_have_rejections_of_their_own(venue: Venue, order: dict[str, int], fields: dict[str, int], expected: Code) -> None:
    venue.do("set_market_limits", GEM_USD, **LIMITS)
    placed = venue.place(ALICE, **{"side": Side.BUY, "stop_price": 80, **order})
    assert placed.status == WAITING
    venue.leave_only(ALICE, USD, MONEY_LEFT)
    assert venue.do("replace_order", ALICE, placed.id, **fields).code == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"amount": 34}, Code.OK, id="its own hold counts: 14 at 50 and 1,000 make 1,700, 28 left at 50 is 1,400"),
        pytest.param({"amount": 40}, Code.OK, id="34 left at 50: the last atom"),
        pytest.param({"amount": 41}, Code.INSUFFICIENT_FUNDS, id="35 left at 50"),
        pytest.param({"price": 100, "amount": 23}, Code.OK, id="17 left at 100: the last atom"),
        pytest.param({"price": 100, "amount": 24}, Code.INSUFFICIENT_FUNDS, id="18 left at 100"),
        pytest.param({"amount": 7}, Code.OK, id="one left"),
        pytest.param({"amount": 5}, Code.AMOUNT_BELOW_FILLED, id="fewer than are filled"),
        pytest.param({}, Code.OK, id="nothing is changed"),
    ],
)
def test_edges(strict: Venue, fields: dict[str, int], expected: Code) -> None:
    assert strict.do("replace_order", ALICE, 1, **fields).code == expected


def test_the_own_place_on_the_level_is_free_for_itself(venue: Venue) -> None:
    venue.do("set_market_limits", GEM_USD, 1, 10, 1, 2**63, 0)
    venue.deposit(BOB, GEM, 2**70)
    venue.sell(BOB, 2**63, 10)
    venue.sell(BOB, 2**63 - 8, 10)
    assert venue.do("replace_order", BOB, 2, amount=2**63 - 1).code == Code.OK
    assert venue.do("replace_order", BOB, 2, amount=2**63).code == Code.LEVEL_FULL


def test_limits_of_today_judge_an_order_of_yesterday(venue: Venue) -> None:
    """The effective price and amount are asked, also when they were not given."""
    venue.buy(ALICE, 5, 20)
    venue.do("set_market_limits", GEM_USD, 30, 100, 1, 100, 0)
    assert venue.do("replace_order", ALICE, 1, amount=4).code == Code.PRICE_TOO_LOW
    venue.do("set_market_limits", GEM_USD, 1, 100, 6, 100, 0)
    assert venue.do("replace_order", ALICE, 1, price=21).code == Code.AMOUNT_TOO_SMALL


# --- in its place


@pytest.mark.parametrize(
    ("fields", "release", "story"),
    [
        pytest.param({"amount": 4}, 10, ["replaced 1 keeping its place", "BUY 10 has 9 in 2"], id="one less"),
        pytest.param({"amount": 4, "price": 10}, 10, ["replaced 1 keeping its place", "BUY 10 has 9 in 2"], id="the same price, said"),
        pytest.param({}, 0, ["replaced 1 keeping its place"], id="nothing changes: no release, no level"),
        pytest.param({"amount": 5, "price": 10}, 0, ["replaced 1 keeping its place"], id="nothing changes, said in full"),
    ],
)
def test_less_at_the_same_price_keeps_the_place(venue: Venue, fields: dict[str, int], release: int, story: list[str]) -> None:
    venue.buy(ALICE, 5, 10)
    venue.buy(BOB, 5, 10)
    outcome = venue.do("replace_order", ALICE, 1, **fields)
    left = fields.get("amount", 5)
    assert outcome == Outcome(seq=venue.engine.seq, id=1, status=RESTING, remaining=left)
    assert venue.story() == story
    assert venue.entries() == ([(ALICE, USD, release, -release)] if release else [])
    venue.sell(CAROL, 1, 10)
    assert "trade 1 at 10: 3 takes 1" in venue.story()


def test_the_events_of_a_replace_in_place(venue: Venue) -> None:
    venue.sell(ALICE, 8, 10)
    venue.buy(BOB, 3, 10)
    venue.now += 7
    outcome = venue.do("replace_order", ALICE, 1, amount=6, meta=b"m")
    assert outcome == Outcome(seq=venue.engine.seq, id=1, status=RESTING, remaining=3)
    assert venue.events == [
        CommandApplied(outcome.seq, NOON + 7, 14, 0, 1, b"m"),
        OrderReplaced(1, ALICE, GEM_USD, True, 10, 6, 0, 3),
        BalanceChanged(venue.engine.next_entry_id - 1, ALICE, GEM, Business.RELEASE, 1, 2, -2, RICH - 6, 3),
        BookLevelChanged(GEM_USD, Side.SELL, 1, 10, 3),
    ]
    order: Any = venue.engine.order(1)
    assert (order.amount, order.filled, order.remaining, order.created) == (6, 3, 3, NOON)


# --- elsewhere


@pytest.mark.parametrize(
    ("fields", "story"),
    [
        pytest.param(
            {"amount": 6}, ["replaced 1 losing its place", "BUY 10 has 5 in 1", "BUY 10 has 11 in 2"], id="more at the same price"
        ),
        pytest.param({"price": 9}, ["replaced 1 losing its place", "BUY 10 has 5 in 1", "BUY 9 has 5 in 1"], id="another price"),
        pytest.param(
            {"price": 9, "amount": 2}, ["replaced 1 losing its place", "BUY 10 has 5 in 1", "BUY 9 has 2 in 1"], id="less elsewhere"
        ),
    ],
)
def test_more_or_elsewhere_loses_the_place(venue: Venue, fields: dict[str, int], story: list[str]) -> None:
    venue.buy(ALICE, 5, 10)
    venue.buy(BOB, 5, 10)
    venue.do("replace_order", ALICE, 1, **fields)
    assert venue.story() == story
    venue.sell(CAROL, 1, 9)
    assert "trade 1 at 10: 3 takes 2" in venue.story()


def test_the_events_of_a_move(venue: Venue) -> None:
    venue.buy(ALICE, 8, 10, tif=Tif.GTD, expire_at=NOON + 99, client_id=4)
    venue.sell(BOB, 3, 10)
    outcome = venue.do("replace_order", ALICE, 1, price=12, amount=9)
    entry = venue.engine.next_entry_id - 2
    assert venue.events[1:] == [
        OrderReplaced(1, ALICE, GEM_USD, False, 12, 9, 0, 6),
        BalanceChanged(entry, ALICE, USD, Business.RELEASE, 1, 50, -50, RICH - 30, 0),
        BookLevelChanged(GEM_USD, Side.BUY, 0, 10, 0),
        BalanceChanged(entry + 1, ALICE, USD, Business.HOLD, 1, -72, 72, RICH - 102, 72),
        BookLevelChanged(GEM_USD, Side.BUY, 1, 12, 6),
    ]
    assert outcome == Outcome(seq=venue.engine.seq, id=1, status=RESTING, remaining=6)
    order: Any = venue.engine.order(1)
    assert (order.filled, order.tif, order.expire_at, order.client_id) == (3, Tif.GTD, NOON + 99, 4)


@pytest.mark.parametrize(
    ("fields", "expected", "story"),
    [
        pytest.param(
            {"price": 20},
            Outcome(id=1, status=RESTING, filled=3, remaining=4, count=1, total=60),
            [
                "replaced 1 losing its place",
                "BUY 10 gone",
                "trade 3 at 20: 1 takes 3",
                "done 3 FILLED",
                "SELL 20 gone",
                "BUY 20 has 4 in 1",
            ],
            id="it crosses, and what is left rests",
        ),
        pytest.param(
            {"price": 30, "amount": 4},
            Outcome(id=1, status=DONE, filled=1, count=1, total=20),
            ["replaced 1 losing its place", "BUY 10 gone", "trade 1 at 20: 1 takes 3", "SELL 20 has 2 in 1", "done 1 FILLED"],
            id="it crosses and is filled",
        ),
        pytest.param(
            {"price": 30},
            Outcome(id=1, status=DONE, filled=7, count=2, total=3 * 20 + 4 * 30),
            [
                "replaced 1 losing its place",
                "BUY 10 gone",
                "trade 3 at 20: 1 takes 3",
                "done 3 FILLED",
                "SELL 20 gone",
                "trade 4 at 30: 1 takes 4",
                "SELL 30 has 1 in 1",
                "done 1 FILLED",
            ],
            id="it walks the book",
        ),
    ],
)
def test_a_move_across_the_book(venue: Venue, fields: dict[str, int], expected: Outcome, story: list[str]) -> None:
    """Order 1: 10 to buy at 10, of which 3 are bought. Asks: 3 at 20, 5 at 30."""
    venue.buy(ALICE, 10, 10)
    venue.sell(BOB, 3, 10)
    venue.sell(BOB, 3, 20)
    venue.sell(BOB, 5, 30)
    outcome = venue.do("replace_order", ALICE, 1, **fields)
    assert outcome == Outcome(**{**vars(expected), "seq": venue.engine.seq})
    assert venue.story() == story


def test_done_tells_the_whole_life_of_a_replaced_order(venue: Venue) -> None:
    venue.buy(ALICE, 10, 10)
    venue.sell(BOB, 3, 10)
    venue.sell(BOB, 3, 20)
    venue.do("replace_order", ALICE, 1, price=20, amount=6)
    assert venue.only(OrderDone)[-1] == OrderDone(1, ALICE, GEM_USD, Side.BUY, Reason.FILLED, 0, 6)


def test_a_replaced_order_keeps_its_rates(venue: Venue) -> None:
    venue.do("set_market_fees", GEM_USD, 100_000, 200_000)
    venue.buy(ALICE, 10, 10)
    venue.do("set_market_fees", GEM_USD, 0, 0)
    venue.sell(BOB, 10, 20)
    venue.do("replace_order", ALICE, 1, price=20)
    assert venue.balances(ALICE) == [(RICH + 8, 0), (RICH - 200, 0)]  # the taker's rate of its first day


def test_a_replaced_order_minds_its_own_accounts_orders(venue: Venue) -> None:
    venue.buy(ALICE, 10, 10, self_trade=2)
    venue.sell(ALICE, 10, 20)
    outcome = venue.do("replace_order", ALICE, 1, price=20)
    assert (outcome.status, outcome.remaining) == (DONE, 10)
    assert venue.story() == ["replaced 1 losing its place", "BUY 10 gone", "done 1 SELF_TRADE"]
    assert venue.held(ALICE, USD) == 0


def test_a_replace_sets_stops_off(venue: Venue) -> None:
    venue.buy(BOB, 1, 1, type=Type.STOP_LIMIT, stop_price=20)
    venue.sell(BOB, 2, 20)
    venue.buy(ALICE, 5, 10)
    outcome = venue.do("replace_order", ALICE, 3, price=20)
    assert outcome == Outcome(seq=venue.engine.seq, id=3, status=RESTING, filled=2, remaining=3, count=1, total=40)
    assert venue.story()[-3:] == ["BUY 20 has 3 in 1", "triggered 1 at 20", "BUY 1 has 1 in 1"]


def test_a_post_only_order_may_move_up_to_the_other_side(venue: Venue) -> None:
    venue.sell(BOB, 1, 20)
    venue.buy(ALICE, 1, 10, flags=POST_ONLY)
    assert venue.do("replace_order", ALICE, 2, price=20).code == Code.WOULD_CROSS
    assert venue.do("replace_order", ALICE, 2, price=19).code == Code.OK


def test_an_order_may_be_replaced_again_and_again(venue: Venue) -> None:
    """Whatever way it went, what is held in the end is what is left at the price of the end."""
    venue.buy(ALICE, 5, 10)
    for fields in ({"amount": 8}, {"price": 12}, {"amount": 3}, {"price": 7, "amount": 9}, {}):
        assert venue.do("replace_order", ALICE, 1, **fields).id == 1
    assert venue.balances(ALICE) == [(RICH, 0), (RICH - 63, 63)]
    assert venue.engine.depth(GEM_USD, 0) == ([(7, 9)], [])


# --- waiting stops


@pytest.mark.parametrize(
    ("order", "fields", "release", "hold", "after"),
    [
        pytest.param(
            {"type": Type.STOP_LIMIT, "price": 10, "amount": 5}, {"stop_price": 60}, 50, 50, (10, 5, 60), id="only the stop price"
        ),
        pytest.param({"type": Type.STOP_LIMIT, "price": 10, "amount": 5}, {"price": 12}, 50, 60, (12, 5, 50), id="the price"),
        pytest.param({"type": Type.STOP_LIMIT, "price": 10, "amount": 5}, {"amount": 2}, 50, 20, (10, 2, 50), id="the amount"),
        pytest.param({"type": Type.STOP_LIMIT, "price": 10, "amount": 5}, {}, 50, 50, (10, 5, 50), id="nothing"),
    ],
)
def test_a_waiting_stop_is_held_anew(
    venue: Venue, order: dict[str, int], fields: dict[str, int], release: int, hold: int, after: tuple[int, int, int]
) -> None:
    venue.buy(ALICE, stop_price=50, **order)
    outcome = venue.do("replace_order", ALICE, 1, **fields)
    price, amount, stop_price = after
    assert outcome == Outcome(seq=venue.engine.seq, id=1, status=WAITING, remaining=amount)
    assert venue.events[1] == OrderReplaced(1, ALICE, GEM_USD, False, price, amount, stop_price, amount)
    assert venue.entries() == [(ALICE, USD, release, -release), (ALICE, USD, -hold, hold)]
    assert venue.story() == ["replaced 1 losing its place"]


def test_a_waiting_stop_market_sell_may_change_amount_and_stop_price(venue: Venue) -> None:
    venue.sell(ALICE, 5, type=Type.STOP_MARKET, stop_price=50)
    outcome = venue.do("replace_order", ALICE, 1, amount=9, stop_price=40)
    assert (outcome.code, outcome.status, outcome.remaining) == (Code.OK, WAITING, 9)
    assert venue.held(ALICE, GEM) == 9


def test_a_waiting_stop_moved_onto_the_last_price_goes_off(venue: Venue) -> None:
    venue.trade_at(100)
    venue.sell(BOB, 2, 120)
    venue.buy(ALICE, 5, 130, type=Type.STOP_LIMIT, stop_price=150)
    outcome = venue.do("replace_order", ALICE, 4, stop_price=100)
    assert outcome == Outcome(seq=venue.engine.seq, id=4, status=RESTING, filled=2, remaining=3, count=1, total=240)
    assert venue.only(StopTriggered) == [StopTriggered(4, ALICE, GEM_USD, 100)]


def test_a_triggered_stop_that_rests_is_a_limit_order_like_any_other(venue: Venue) -> None:
    venue.buy(ALICE, 5, 10, type=Type.STOP_LIMIT, stop_price=50)
    venue.trade_at(50)
    assert venue.do("replace_order", ALICE, 1, stop_price=60).code == Code.COMBINATION_INVALID
    assert venue.do("replace_order", ALICE, 1, amount=4).status == RESTING
    assert venue.events[1] == OrderReplaced(1, ALICE, GEM_USD, True, 10, 4, 50, 4)


def test_absurd_values(venue: Venue) -> None:
    venue.buy(ALICE, 5, 10)
    for fields in ({"price": U64_MAX}, {"amount": U64_MAX}, {"price": U64_MAX, "amount": U64_MAX, "stop_price": U64_MAX}):
        assert venue.do("replace_order", ALICE, 1, **fields).code != Code.OK
    assert venue.balances(ALICE) == [(RICH, 0), (RICH - 50, 50)]
