"""PlaceOrder: what is refused, in which order, and what becomes of an order that is not."""

from typing import Any

import pytest

from tests.core.faults import Fault, pairs, single
from tests.core.venue import ALICE, BOB, CAROL, DAVE, GEM, GEM_USD, NOON, OIL_USD, RICH, USD, Venue
from tests.twin.events import BalanceChanged, BookLevelChanged, CommandApplied, OrderAccepted, OrderRejected, Outcome
from tests.twin.words import MAX_ATOMS, POST_ONLY, TAKE_PROFIT, U64_MAX, WORLD, Business, Code, OrderStatus, Side, Tif, Type

# The rejections' market: amounts up to 2^63, so that a level can be full; prices 10..10,000; totals from 50.
LIMITS = {"min_price": 10, "max_price": 10_000, "min_amount": 2, "max_amount": 2**63, "min_total": 50}
GOOD = {
    "account": ALICE,
    "market": GEM_USD,
    "side": Side.BUY,
    "type": Type.LIMIT,
    "tif": Tif.GTC,
    "flags": 0,
    "self_trade": 0,
    "price": 100,
    "amount": 10,
}
STOP = {"type": Type.STOP_LIMIT, "stop_price": 100}


@pytest.fixture
def strict(venue: Venue) -> Venue:
    venue.do("set_market_limits", GEM_USD, **LIMITS)
    for account in (ALICE, BOB, CAROL):
        venue.deposit(account, USD, MAX_ATOMS // 8)
    return venue


def an_order_called_seven(venue: Venue) -> None:
    assert venue.buy(ALICE, 10, 10, client_id=7).code == Code.OK


def no_room_for_orders(venue: Venue) -> None:
    venue.do("set_max_open_orders", 0)


def an_ask_at_100(venue: Venue) -> None:
    assert venue.sell(CAROL, 2, 100).code == Code.OK


def poverty(venue: Venue) -> None:
    for asset in (GEM, USD):
        venue.leave_only(ALICE, asset, 0)


def a_full_level_at_100(venue: Venue) -> None:
    assert venue.buy(BOB, 2**63, 100).code == Code.OK
    assert venue.buy(BOB, 2**63 - 5, 100).code == Code.OK


def halt(venue: Venue) -> None:
    venue.do("set_market_status", GEM_USD, 1)


FAULTS = [
    Fault("unknown account", Code.ACCOUNT_NOT_FOUND, {"account": 20}),
    Fault("system account", Code.SYSTEM_ACCOUNT, {"account": 15}),
    Fault("unknown market", Code.MARKET_NOT_FOUND, {"market": 3}),
    Fault("halted market", Code.MARKET_HALTED, prepare=halt),
    Fault("side 2", Code.ENUM_INVALID, {"side": 2}),
    Fault("type 4", Code.ENUM_INVALID, {"type": 4}),
    Fault("tif 4", Code.ENUM_INVALID, {"tif": 4}),
    Fault("flags 4", Code.ENUM_INVALID, {"flags": 4}),
    Fault("self-trade 5", Code.ENUM_INVALID, {"self_trade": 5}),
    Fault("limit order with funds", Code.COMBINATION_INVALID, {"funds": 50}),
    Fault("limit order with a stop price", Code.COMBINATION_INVALID, {"stop_price": 100}),
    Fault("price 9 of 10", Code.PRICE_TOO_LOW, {"price": 9}),
    Fault("price 10,001 of 10,000", Code.PRICE_TOO_HIGH, {"price": 10_001}),
    Fault("stop price 9 of 10", Code.PRICE_TOO_LOW, {"type": Type.STOP_LIMIT, "stop_price": 9}),
    Fault("stop price 10,001 of 10,000", Code.PRICE_TOO_HIGH, {"type": Type.STOP_LIMIT, "stop_price": 10_001}),
    Fault("amount 1 of 2", Code.AMOUNT_TOO_SMALL, {"amount": 1}),
    Fault("amount 2^63 + 1 of 2^63", Code.AMOUNT_TOO_LARGE, {"amount": 2**63 + 1}),
    Fault("total 40 of 50", Code.TOTAL_TOO_SMALL, {"price": 10, "amount": 4}),
    Fault("expires now", Code.ALREADY_EXPIRED, {"tif": Tif.GTD, "expire_at": NOON}),
    Fault("client id used", Code.CLIENT_ID_USED, {"client_id": 7}, an_order_called_seven),
    Fault("too many open orders", Code.TOO_MANY_OPEN_ORDERS, prepare=no_room_for_orders),
    Fault("post-only would cross", Code.WOULD_CROSS, {"flags": POST_ONLY}, an_ask_at_100),
    Fault("no money", Code.INSUFFICIENT_FUNDS, prepare=poverty),
    Fault("fill or kill, nothing to fill", Code.FILL_OR_KILL_UNFILLABLE, {"tif": Tif.FOK}),
    Fault("level full", Code.LEVEL_FULL, prepare=a_full_level_at_100),
]


def prepare_all(venue: Venue, *faults: Fault) -> None:
    """A halt or an order limit goes last: it must not refuse the other fault's own orders."""
    for fault in sorted(faults, key=lambda fault: fault.prepare in (halt, no_room_for_orders)):
        fault.prepare(venue)


def cannot_be_together(first: Fault, second: Fault) -> bool:
    names = {first.name, second.name}
    fill_or_kill = "fill or kill, nothing to fill"
    return any(
        couple <= names
        for couple in (
            {"post-only would cross", "level full"},  # a price cannot hold asks and bids
            {"post-only would cross", fill_or_kill},  # a combination that makes no sense comes first
            {"too many open orders", fill_or_kill},  # a fill-or-kill order never rests
            {"level full", fill_or_kill},
            {"post-only would cross", "stop price 9 of 10"},
            {"post-only would cross", "stop price 10,001 of 10,000"},
            {"total 40 of 50", "level full"},  # the price is another one
            {"price 9 of 10", "level full"},
        )
    )


@pytest.mark.parametrize("fault", single(FAULTS))
def test_a_faulty_order_is_refused_and_changes_nothing(strict: Venue, fault: Fault) -> None:
    fault.prepare(strict)
    order = {**GOOD, **fault.fields}
    before = strict.engine.snapshot()
    outcome = strict.do("place_order", **order)
    after = strict.engine.snapshot()
    first_id = 1 if fault.code == Code.CLIENT_ID_USED else 0
    assert outcome == Outcome(fault.code, seq=strict.engine.seq, id=first_id)
    assert strict.events == [
        CommandApplied(strict.engine.seq, NOON, 10, fault.code, first_id, b""),
        OrderRejected(order["account"], order["market"], fault.code),
    ]
    assert after[8:] == before[8:]  # all but seq


@pytest.mark.parametrize(("first", "second"), pairs(FAULTS, cannot_be_together))
def test_of_two_faults_the_first_in_the_page_names_the_rejection(strict: Venue, first: Fault, second: Fault) -> None:
    prepare_all(strict, first, second)
    assert strict.do("place_order", **{**GOOD, **first.fields, **second.fields}).code == first.code


@pytest.mark.parametrize(
    "without",
    [pytest.param({}, id="limit"), pytest.param(STOP, id="stop-limit")],
)
def test_the_good_order_is_good(strict: Venue, without: dict[str, int]) -> None:
    assert strict.do("place_order", **{**GOOD, **without}).code == Code.OK


def at_market(**more: int) -> dict[str, int]:
    return {"type": Type.MARKET, "tif": Tif.IOC, "price": 0, **more}


def stop_market(**more: int) -> dict[str, int]:
    return {"type": Type.STOP_MARKET, "tif": Tif.IOC, "price": 0, "stop_price": 100, **more}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"funds": 1000}, Code.COMBINATION_INVALID, id="limit with funds"),
        pytest.param({**STOP, "funds": 1000}, Code.COMBINATION_INVALID, id="stop-limit with funds"),
        pytest.param(at_market(price=100), Code.COMBINATION_INVALID, id="market with a price"),
        pytest.param(stop_market(price=100, side=Side.SELL), Code.COMBINATION_INVALID, id="stop-market with a price"),
        pytest.param(at_market(tif=Tif.GTC), Code.COMBINATION_INVALID, id="market GTC"),
        pytest.param(at_market(tif=Tif.GTD, expire_at=NOON + 1), Code.COMBINATION_INVALID, id="market GTD"),
        pytest.param(stop_market(tif=Tif.GTC, side=Side.SELL), Code.COMBINATION_INVALID, id="stop-market GTC"),
        pytest.param(at_market(flags=POST_ONLY), Code.COMBINATION_INVALID, id="market post-only"),
        pytest.param(stop_market(flags=POST_ONLY, side=Side.SELL), Code.COMBINATION_INVALID, id="stop-market post-only"),
        pytest.param(at_market(side=Side.SELL, amount=0, funds=1000), Code.COMBINATION_INVALID, id="market sell with funds"),
        pytest.param(at_market(amount=10, funds=1000), Code.COMBINATION_INVALID, id="market with amount and funds"),
        pytest.param(at_market(amount=0, funds=1000, tif=Tif.FOK), Code.COMBINATION_INVALID, id="market FOK with funds"),
        pytest.param(stop_market(side=Side.SELL, amount=0, funds=1000), Code.COMBINATION_INVALID, id="stop-market sell with funds"),
        pytest.param(stop_market(amount=10, funds=1000), Code.COMBINATION_INVALID, id="stop-market with amount and funds"),
        pytest.param(stop_market(side=Side.SELL, tif=Tif.FOK), Code.COMBINATION_INVALID, id="stop-market FOK"),
        pytest.param(stop_market(), Code.COMBINATION_INVALID, id="stop-market buy without funds"),
        pytest.param({"type": Type.STOP_LIMIT}, Code.COMBINATION_INVALID, id="stop-limit without stop price"),
        pytest.param(stop_market(side=Side.SELL, stop_price=0), Code.COMBINATION_INVALID, id="stop-market without stop price"),
        pytest.param({"stop_price": 100}, Code.COMBINATION_INVALID, id="limit with stop price"),
        pytest.param(at_market(stop_price=100), Code.COMBINATION_INVALID, id="market with stop price"),
        pytest.param({**STOP, "flags": POST_ONLY}, Code.COMBINATION_INVALID, id="stop-limit post-only"),
        pytest.param({**STOP, "flags": POST_ONLY | TAKE_PROFIT}, Code.COMBINATION_INVALID, id="take-profit post-only"),
        pytest.param({"flags": TAKE_PROFIT}, Code.COMBINATION_INVALID, id="limit take-profit"),
        pytest.param(at_market(flags=TAKE_PROFIT), Code.COMBINATION_INVALID, id="market take-profit"),
        pytest.param({"flags": POST_ONLY, "tif": Tif.IOC}, Code.COMBINATION_INVALID, id="post-only IOC"),
        pytest.param({"flags": POST_ONLY, "tif": Tif.FOK}, Code.COMBINATION_INVALID, id="post-only FOK"),
        pytest.param({"tif": Tif.GTD}, Code.COMBINATION_INVALID, id="GTD without expire_at"),
        pytest.param({"expire_at": NOON + 1}, Code.COMBINATION_INVALID, id="GTC with expire_at"),
        pytest.param({"tif": Tif.IOC, "expire_at": NOON + 1}, Code.COMBINATION_INVALID, id="IOC with expire_at"),
        pytest.param(at_market(), Code.OK, id="market buy by amount"),
        pytest.param(at_market(amount=0, funds=1000), Code.OK, id="market buy by funds"),
        pytest.param(at_market(side=Side.SELL), Code.OK, id="market sell"),
        pytest.param(stop_market(amount=0, funds=1000), Code.OK, id="stop-market buy by funds"),
        pytest.param(stop_market(side=Side.SELL), Code.OK, id="stop-market sell"),
        pytest.param({**STOP, "tif": Tif.IOC}, Code.OK, id="stop-limit IOC"),
        pytest.param({**STOP, "flags": TAKE_PROFIT}, Code.OK, id="take-profit"),
        pytest.param({**STOP, "tif": Tif.FOK}, Code.OK, id="stop-limit FOK: asked when it is triggered"),
        pytest.param({**STOP, "tif": Tif.GTD, "expire_at": NOON + 1}, Code.OK, id="stop-limit GTD"),
        pytest.param({"flags": POST_ONLY, "tif": Tif.GTD, "expire_at": NOON + 1}, Code.OK, id="post-only GTD"),
        pytest.param({"tif": Tif.IOC}, Code.OK, id="limit IOC on an empty book"),
    ],
)
def test_combinations(strict: Venue, fields: dict[str, int], expected: Code) -> None:
    assert strict.do("place_order", **{**GOOD, **fields}).code == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"price": 10}, Code.OK, id="lowest price"),
        pytest.param({"price": 10_000}, Code.OK, id="highest price"),
        pytest.param({**STOP, "stop_price": 10}, Code.OK, id="lowest stop price"),
        pytest.param({**STOP, "stop_price": 10_000}, Code.OK, id="highest stop price"),
        pytest.param({**STOP, "price": 9, "stop_price": 10_001}, Code.PRICE_TOO_LOW, id="the price before the stop price"),
        pytest.param(stop_market(side=Side.SELL, stop_price=9), Code.PRICE_TOO_LOW, id="stop-market, stop price too low"),
        pytest.param(stop_market(side=Side.SELL, stop_price=10_001), Code.PRICE_TOO_HIGH, id="stop-market, stop price too high"),
        pytest.param({"amount": 2}, Code.OK, id="smallest amount"),
        pytest.param({"amount": 2**63, "price": 10}, Code.OK, id="largest amount"),
        pytest.param({"price": U64_MAX, "amount": U64_MAX}, Code.PRICE_TOO_HIGH, id="absurd price and amount"),
        pytest.param({"amount": U64_MAX}, Code.AMOUNT_TOO_LARGE, id="absurd amount"),
        pytest.param(at_market(amount=0), Code.AMOUNT_TOO_SMALL, id="market order over nothing"),
        pytest.param(at_market(amount=1), Code.AMOUNT_TOO_SMALL, id="market order below the smallest amount"),
        pytest.param(at_market(amount=2**63 + 1), Code.AMOUNT_TOO_LARGE, id="market order above the largest amount"),
        pytest.param(at_market(amount=0, funds=49), Code.TOTAL_TOO_SMALL, id="funds below the smallest total"),
        pytest.param(at_market(amount=0, funds=50), Code.OK, id="funds of the smallest total"),
        pytest.param(at_market(amount=0, funds=MAX_ATOMS), Code.OK, id="funds of 2^96"),
        pytest.param(at_market(amount=0, funds=MAX_ATOMS + 1), Code.TOTAL_TOO_LARGE, id="funds above 2^96"),
        pytest.param(at_market(amount=0, funds=2**128 - 1), Code.TOTAL_TOO_LARGE, id="absurd funds"),
        pytest.param({"price": 10, "amount": 5}, Code.OK, id="smallest total"),
        pytest.param({"price": 24, "amount": 2}, Code.TOTAL_TOO_SMALL, id="total 48 of 50"),
        pytest.param({**STOP, "price": 10, "amount": 4}, Code.TOTAL_TOO_SMALL, id="stop-limit, total too small"),
        pytest.param(at_market(amount=2), Code.OK, id="a market order by amount has no total to be too small"),
        pytest.param({"tif": Tif.GTD, "expire_at": NOON + 1}, Code.OK, id="expires in a microsecond"),
        pytest.param({"tif": Tif.GTD, "expire_at": NOON - 1}, Code.ALREADY_EXPIRED, id="expired a microsecond ago"),
    ],
)
def test_limits(strict: Venue, fields: dict[str, int], expected: Code) -> None:
    assert strict.do("place_order", **{**GOOD, **fields}).code == expected


@pytest.mark.parametrize(
    ("fields", "usd", "gem", "expected"),
    [
        pytest.param({}, 1000, 0, Code.OK, id="limit buy, to the last atom"),
        pytest.param({}, 999, 50, Code.INSUFFICIENT_FUNDS, id="limit buy, an atom short"),
        pytest.param({"side": Side.SELL}, 0, 10, Code.OK, id="limit sell, to the last atom"),
        pytest.param({"side": Side.SELL}, 5000, 9, Code.INSUFFICIENT_FUNDS, id="limit sell, an atom short"),
        pytest.param({"tif": Tif.IOC}, 999, 0, Code.INSUFFICIENT_FUNDS, id="IOC brings its whole cost too"),
        pytest.param({**STOP, "stop_price": 10}, 1000, 0, Code.OK, id="stop-limit buy pays its price, not its stop price"),
        pytest.param({**STOP, "stop_price": 10}, 999, 0, Code.INSUFFICIENT_FUNDS, id="stop-limit buy, an atom short"),
        pytest.param({**STOP, "side": Side.SELL}, 0, 9, Code.INSUFFICIENT_FUNDS, id="stop-limit sell, an atom short"),
        pytest.param(stop_market(amount=0, funds=77), 77, 0, Code.OK, id="stop-market buy, to the last atom"),
        pytest.param(stop_market(amount=0, funds=77), 76, 0, Code.INSUFFICIENT_FUNDS, id="stop-market buy, an atom short"),
        pytest.param(stop_market(side=Side.SELL), 0, 10, Code.OK, id="stop-market sell, to the last atom"),
        pytest.param(stop_market(side=Side.SELL), 0, 9, Code.INSUFFICIENT_FUNDS, id="stop-market sell, an atom short"),
        pytest.param(at_market(), 1, 0, Code.OK, id="market buy with one atom"),
        pytest.param(at_market(), 0, 50, Code.INSUFFICIENT_FUNDS, id="market buy with nothing"),
        pytest.param(at_market(amount=0, funds=1000), 1, 0, Code.OK, id="market buy by funds that are not there"),
        pytest.param(at_market(amount=0, funds=1000), 0, 0, Code.INSUFFICIENT_FUNDS, id="market buy by funds with nothing"),
        pytest.param(at_market(side=Side.SELL), 0, 1, Code.OK, id="market sell with one unit"),
        pytest.param(at_market(side=Side.SELL), 50, 0, Code.INSUFFICIENT_FUNDS, id="market sell with nothing"),
    ],
)
def test_funds(strict: Venue, fields: dict[str, int], usd: int, gem: int, expected: Code) -> None:
    strict.leave_only(ALICE, USD, usd)
    strict.leave_only(ALICE, GEM, gem)
    assert strict.do("place_order", **{**GOOD, **fields}).code == expected


def test_what_is_held_is_not_available(venue: Venue) -> None:
    venue.leave_only(ALICE, USD, 100)
    assert venue.buy(ALICE, 6, 10).code == Code.OK
    assert venue.buy(ALICE, 5, 10).code == Code.INSUFFICIENT_FUNDS
    assert venue.buy(ALICE, 4, 10).code == Code.OK
    assert venue.balances(ALICE) == [(RICH, 0), (0, 100)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, Code.TOO_MANY_OPEN_ORDERS, id="GTC limit"),
        pytest.param({"tif": Tif.GTD, "expire_at": NOON + 1}, Code.TOO_MANY_OPEN_ORDERS, id="GTD limit"),
        pytest.param({"tif": Tif.IOC}, Code.OK, id="IOC limit never rests"),
        pytest.param({"tif": Tif.FOK, "price": 60, "amount": 2}, Code.OK, id="FOK limit never rests"),
        pytest.param(at_market(), Code.OK, id="market order never rests"),
        pytest.param({**STOP, "tif": Tif.IOC}, Code.TOO_MANY_OPEN_ORDERS, id="any stop waits"),
        pytest.param(stop_market(side=Side.SELL), Code.TOO_MANY_OPEN_ORDERS, id="stop-market waits"),
        pytest.param({"market": OIL_USD}, Code.TOO_MANY_OPEN_ORDERS, id="in another market"),
        pytest.param({"account": BOB}, Code.OK, id="another account"),
    ],
)
def test_open_orders_are_counted_over_all_markets_waiting_stops_included(venue: Venue, fields: dict[str, int], expected: Code) -> None:
    venue.sell(CAROL, 2, 60)
    venue.do("set_max_open_orders", 2)
    venue.buy(ALICE, 1, 1)
    venue.buy(ALICE, 1, 1, type=Type.STOP_LIMIT, stop_price=500, market=OIL_USD)
    assert venue.do("place_order", **{**GOOD, **fields}).code == expected


def test_a_finished_order_makes_room(venue: Venue) -> None:
    venue.do("set_max_open_orders", 1)
    venue.buy(ALICE, 1, 1)
    assert venue.buy(ALICE, 1, 1).code == Code.TOO_MANY_OPEN_ORDERS
    venue.do("cancel_order", ALICE, 1)
    assert venue.buy(ALICE, 1, 1).code == Code.OK


@pytest.mark.parametrize(
    ("side", "price", "expected"),
    [
        pytest.param(Side.BUY, 99, Code.OK, id="buy below the best ask"),
        pytest.param(Side.BUY, 100, Code.WOULD_CROSS, id="buy at the best ask"),
        pytest.param(Side.BUY, 101, Code.WOULD_CROSS, id="buy above the best ask"),
        pytest.param(Side.SELL, 91, Code.OK, id="sell above the best bid"),
        pytest.param(Side.SELL, 90, Code.WOULD_CROSS, id="sell at the best bid"),
        pytest.param(Side.SELL, 89, Code.WOULD_CROSS, id="sell below the best bid"),
    ],
)
def test_post_only(venue: Venue, side: int, price: int, expected: Code) -> None:
    venue.sell(BOB, 1, 100)
    venue.buy(BOB, 1, 90)
    assert venue.place(ALICE, side, amount=1, price=price, flags=POST_ONLY).code == expected


def test_post_only_minds_its_own_accounts_orders_too(venue: Venue) -> None:
    venue.sell(ALICE, 1, 100)
    assert venue.buy(ALICE, 1, 100, flags=POST_ONLY, self_trade=3).code == Code.WOULD_CROSS


@pytest.mark.parametrize(
    ("fields", "usd", "expected"),
    [
        pytest.param({"price": 11, "amount": 5}, 55, Code.OK, id="limit, just enough on two levels"),
        pytest.param({"price": 11, "amount": 6}, 66, Code.FILL_OR_KILL_UNFILLABLE, id="limit, one short"),
        pytest.param({"price": 10, "amount": 4}, 40, Code.FILL_OR_KILL_UNFILLABLE, id="limit, the rest is too dear"),
        pytest.param(at_market(amount=5), 52, Code.OK, id="market, money to the last atom"),
        pytest.param(at_market(amount=5), 51, Code.FILL_OR_KILL_UNFILLABLE, id="market, an atom short"),
        pytest.param(at_market(amount=9), 1000, Code.FILL_OR_KILL_UNFILLABLE, id="market, not enough on the book"),
        pytest.param(at_market(amount=8), 112, Code.OK, id="market, the whole book"),
    ],
)
def test_fill_or_kill(venue: Venue, fields: dict[str, int], usd: int, expected: Code) -> None:
    for amount, price in ((3, 10), (2, 11), (3, 20)):
        venue.sell(BOB, amount, price)
    venue.leave_only(ALICE, USD, usd)
    outcome = venue.do("place_order", **{**GOOD, **fields, "tif": Tif.FOK})
    assert outcome.code == expected
    assert outcome.filled == (fields["amount"] if expected == Code.OK else 0)


@pytest.mark.parametrize(("gem", "expected"), [(5, Code.OK), (4, Code.FILL_OR_KILL_UNFILLABLE)])
def test_fill_or_kill_market_sell_needs_the_goods(venue: Venue, gem: int, expected: Code) -> None:
    venue.buy(BOB, 9, 10)
    venue.leave_only(ALICE, GEM, gem)
    assert venue.sell(ALICE, 5, type=Type.MARKET, tif=Tif.FOK).code == expected


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        pytest.param(1, Code.OK, id="allow counts the own order"),
        pytest.param(2, Code.FILL_OR_KILL_UNFILLABLE, id="cancel-newest ends at it"),
        pytest.param(3, Code.OK, id="cancel-oldest skips it"),
        pytest.param(4, Code.FILL_OR_KILL_UNFILLABLE, id="cancel-both ends at it"),
    ],
)
def test_fill_or_kill_meets_its_own_account(venue: Venue, mode: int, expected: Code) -> None:
    venue.sell(BOB, 2, 10)
    venue.sell(ALICE, 2, 10)
    venue.sell(BOB, 2, 11)
    assert venue.buy(ALICE, 4, 11, tif=Tif.FOK, self_trade=mode).code == expected


def test_cancel_oldest_fill_or_kill_does_not_count_what_it_skips(venue: Venue) -> None:
    venue.sell(ALICE, 2, 10)
    venue.sell(BOB, 3, 10)
    assert venue.buy(ALICE, 4, 10, tif=Tif.FOK, self_trade=3).code == Code.FILL_OR_KILL_UNFILLABLE
    assert venue.engine.live_orders(GEM_USD) == 2


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"amount": 4}, Code.OK, id="the level takes 4 more"),
        pytest.param({"amount": 5}, Code.LEVEL_FULL, id="but not 5"),
        pytest.param({"amount": 5, "price": 99}, Code.OK, id="the next level is empty"),
        pytest.param({"amount": 5, "tif": Tif.IOC}, Code.OK, id="an IOC order never rests"),
        pytest.param({"amount": 5, **STOP, "stop_price": 500}, Code.LEVEL_FULL, id="a stop-limit asks for its level too"),
        pytest.param({"amount": 5, **STOP, "stop_price": 500, "tif": Tif.IOC}, Code.OK, id="unless it never rests"),
        pytest.param({"amount": 5, "market": OIL_USD}, Code.OK, id="another market"),
    ],
)
def test_a_level_holds_less_than_2_to_64(strict: Venue, fields: dict[str, int], expected: Code) -> None:
    strict.buy(BOB, 2**63, 100)
    strict.buy(BOB, 2**63 - 5, 100)
    assert strict.do("place_order", **{**GOOD, **fields}).code == expected


# --- what is accepted


def test_an_order_that_rests_is_accepted_held_and_shown(venue: Venue) -> None:
    venue.do("set_market_fees", GEM_USD, 1000, 2000)
    more = {"tif": Tif.GTD, "expire_at": NOON + 50, "flags": POST_ONLY, "self_trade": 3, "client_id": 99}
    outcome = venue.do("place_order", **{**GOOD, "price": 30, "amount": 7, **more}, meta=b"hello")
    seq = venue.engine.seq
    assert outcome == Outcome(seq=seq, id=1, status=OrderStatus.RESTING, remaining=7)
    entry = venue.engine.next_entry_id - 1
    assert venue.events == [
        CommandApplied(seq, NOON, 10, 0, 1, b"hello"),
        OrderAccepted(1, ALICE, GEM_USD, Side.BUY, Type.LIMIT, Tif.GTD, POST_ONLY, 3, 30, 7, 0, NOON + 50, 0, 99, 1000, 2000),
        BalanceChanged(entry, ALICE, USD, Business.HOLD, 1, -210, 210, RICH - 210, 210),
        BookLevelChanged(GEM_USD, Side.BUY, 1, 30, 7),
    ]
    order: Any = venue.engine.order(1)
    expected = {
        "order_id": 1,
        "account": ALICE,
        "market": GEM_USD,
        "side": Side.BUY,
        "type": Type.LIMIT,
        "tif": Tif.GTD,
        "flags": POST_ONLY,
        "self_trade": 3,
        "price": 30,
        "amount": 7,
        "filled": 0,
        "remaining": 7,
        "stop_price": 0,
        "expire_at": NOON + 50,
        "funds": 0,
        "client_id": 99,
        "maker_ppm": 1000,
        "taker_ppm": 2000,
        "created": NOON,
    }
    assert {name: getattr(order, name) for name in expected} == expected
    assert venue.engine.best(GEM_USD) == (30, 0)


@pytest.mark.parametrize(
    ("fields", "expected", "story"),
    [
        pytest.param(
            {},
            Outcome(id=1, status=OrderStatus.RESTING, remaining=10),
            ["accepted 1", "BUY 100 has 10 in 1"],
            id="GTC rests",
        ),
        pytest.param(
            {"tif": Tif.IOC},
            Outcome(id=1, status=OrderStatus.DONE, remaining=10),
            ["accepted 1", "done 1 UNFILLED"],
            id="IOC is done with what is left",
        ),
        pytest.param(
            at_market(),
            Outcome(id=1, status=OrderStatus.DONE, remaining=10),
            ["accepted 1", "done 1 UNFILLED"],
            id="market order finds nobody",
        ),
        pytest.param(
            at_market(amount=0, funds=500),
            Outcome(id=1, status=OrderStatus.DONE),
            ["accepted 1", "done 1 UNFILLED"],
            id="an order over funds has no amount left",
        ),
        pytest.param(
            STOP,
            Outcome(id=1, status=OrderStatus.WAITING, remaining=10),
            ["accepted 1"],
            id="a stop waits unseen",
        ),
        pytest.param(
            stop_market(amount=0, funds=500),
            Outcome(id=1, status=OrderStatus.WAITING),
            ["accepted 1"],
            id="a stop over funds has no amount left",
        ),
    ],
)
def test_an_order_on_an_empty_book(venue: Venue, fields: dict[str, int], expected: Outcome, story: list[str]) -> None:
    outcome = venue.do("place_order", **{**GOOD, **fields})
    assert outcome == Outcome(**{**vars(expected), "seq": venue.engine.seq})
    assert venue.story() == story


def test_order_ids_are_counted_over_all_markets_and_rejections_use_none_up(venue: Venue) -> None:
    ids = [venue.buy(ALICE, 1, 1).id, venue.buy(BOB, 1, 1, market=OIL_USD).id, venue.buy(DAVE, 1, 1).id, venue.buy(CAROL, 1, 1).id]
    assert ids == [1, 2, 0, 3]
    assert venue.engine.next_order_id == 4


@pytest.mark.parametrize(
    "fields",
    [{"account": 2**32}, {"account": -1}, {"market": 2**16}, {"side": 256}, {"price": 2**64}, {"amount": -1}, {"funds": 2**128}],
    ids=str,
)
def test_what_does_not_fit_its_field_is_an_error_and_no_command(venue: Venue, fields: dict[str, int]) -> None:
    before = venue.engine.snapshot()
    with pytest.raises(OverflowError):
        venue.do("place_order", **{**GOOD, **fields})
    assert venue.engine.snapshot() == before


def test_the_world_places_no_orders(venue: Venue) -> None:
    assert venue.buy(WORLD, 1, 1).code == Code.SYSTEM_ACCOUNT
