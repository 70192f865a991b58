"""CancelOrder, CancelMany, CancelAll."""

import pytest

from tests.core.faults import Fault, pairs, single
from tests.core.venue import ALICE, BOB, CAROL, GEM, GEM_OIL, GEM_USD, NOON, OIL_USD, RICH, USD, Venue
from tests.twin.events import BalanceChanged, BookLevelChanged, CommandApplied, OrderDone, Outcome
from tests.twin.words import ALL_MARKETS, BOTH_SIDES, U64_MAX, Business, Code, OrderStatus, Reason, Side, Type

FAULTS = [
    Fault("unknown account", Code.ACCOUNT_NOT_FOUND, {"account": 20}),
    Fault("order id 0", Code.ORDER_NOT_FOUND, {"order_id": 0}),
    Fault("order id not given out yet", Code.ORDER_NOT_FOUND, {"order_id": 4}),
    Fault("absurd order id", Code.ORDER_NOT_FOUND, {"order_id": U64_MAX}),
    Fault("order that is done", Code.ORDER_NOT_LIVE, {"order_id": 2}),
    Fault("somebody else's order", Code.NOT_YOUR_ORDER, {"account": BOB}),
]


@pytest.fixture
def three(venue: Venue) -> Venue:
    """Alice's order 1 rests, Bob's order 2 is done, and order 3 is Alice's too."""
    venue.buy(ALICE, 5, 10)
    venue.buy(BOB, 5, 9)
    venue.do("cancel_order", BOB, 2)
    venue.buy(ALICE, 5, 10)
    return venue


@pytest.mark.parametrize("fault", single(FAULTS))
def test_rejections(three: Venue, fault: Fault) -> None:
    before = three.engine.snapshot()
    outcome = three.do("cancel_order", **{"account": ALICE, "order_id": 1, **fault.fields})
    assert outcome == Outcome(fault.code, seq=three.engine.seq)
    assert three.events == [CommandApplied(outcome.seq, NOON, 11, fault.code, 0, b"")]
    assert three.engine.snapshot()[8:] == before[8:]


@pytest.mark.parametrize(("first", "second"), pairs(FAULTS))
def test_of_two_faults_the_first_in_the_page_names_the_rejection(three: Venue, first: Fault, second: Fault) -> None:
    assert three.do("cancel_order", **{"account": ALICE, "order_id": 1, **first.fields, **second.fields}).code == first.code


def test_a_done_order_is_not_live_for_anybody(three: Venue) -> None:
    assert three.do("cancel_order", ALICE, 2).code == Code.ORDER_NOT_LIVE


def test_a_cancel_gives_back_the_hold_and_shows_the_level(three: Venue) -> None:
    three.sell(CAROL, 2, 10)
    outcome = three.do("cancel_order", ALICE, 1, meta=b"bye")
    assert outcome == Outcome(seq=three.engine.seq, id=1, status=OrderStatus.DONE, remaining=3)
    assert three.events == [
        CommandApplied(outcome.seq, NOON, 11, 0, 1, b"bye"),
        OrderDone(1, ALICE, GEM_USD, Side.BUY, Reason.CANCELLED, 3, 2),
        BalanceChanged(three.engine.next_entry_id - 1, ALICE, USD, Business.RELEASE, 1, 30, -30, RICH - 70, 50),
        BookLevelChanged(GEM_USD, Side.BUY, 1, 10, 5),
    ]
    assert three.engine.order(1) is None


def test_the_last_order_of_a_level_takes_the_level_with_it(venue: Venue) -> None:
    venue.sell(ALICE, 5, 10)
    venue.do("cancel_order", ALICE, 1)
    assert venue.story() == ["done 1 CANCELLED", "SELL 10 gone"]
    assert venue.entries() == [(ALICE, GEM, 5, -5)]


@pytest.mark.parametrize(
    ("side", "fields", "entry", "remaining"),
    [
        pytest.param(Side.BUY, {"type": Type.STOP_LIMIT, "price": 3, "amount": 5}, (USD, 15), 5, id="stop-limit buy"),
        pytest.param(Side.SELL, {"type": Type.STOP_LIMIT, "price": 3, "amount": 5}, (GEM, 5), 5, id="stop-limit sell"),
        pytest.param(Side.BUY, {"type": Type.STOP_MARKET, "funds": 77}, (USD, 77), 0, id="stop-market buy"),
        pytest.param(Side.SELL, {"type": Type.STOP_MARKET, "amount": 5}, (GEM, 5), 5, id="stop-market sell"),
    ],
)
def test_a_waiting_stop_has_no_level(venue: Venue, side: int, fields: dict[str, int], entry: tuple[int, int], remaining: int) -> None:
    venue.place(ALICE, side, stop_price=50, **fields)
    outcome = venue.do("cancel_order", ALICE, 1)
    assert (outcome.id, outcome.remaining) == (1, remaining)
    assert venue.story() == ["done 1 CANCELLED"]
    assert venue.entries() == [(ALICE, entry[0], entry[1], -entry[1])]


def test_a_halted_market_lets_its_orders_go(three: Venue) -> None:
    three.do("set_market_status", GEM_USD, 1)
    assert three.do("cancel_order", ALICE, 1).code == Code.OK
    assert three.do("cancel_many", ALICE, [3]).count == 1
    assert three.do("cancel_all", ALICE).code == Code.OK


@pytest.mark.parametrize(
    ("ids", "cancelled"),
    [
        pytest.param([1, 3], [1, 3], id="both"),
        pytest.param([3, 1], [3, 1], id="in the order given"),
        pytest.param([1, 1, 3, 1], [1, 3], id="the second time it is not live"),
        pytest.param([0, 2, 3, 4, 5, U64_MAX], [3], id="others are passed over"),
        pytest.param([], [], id="none at all"),
    ],
)
def test_cancel_many(three: Venue, ids: list[int], cancelled: list[int]) -> None:
    three.sell(BOB, 1, 50)
    outcome = three.do("cancel_many", ALICE, ids)
    assert outcome == Outcome(seq=three.engine.seq, count=len(cancelled))
    assert [done.order_id for done in three.only(OrderDone)] == cancelled
    assert three.engine.order(4) is not None


def test_cancel_many_tells_each_cancel_in_full(three: Venue) -> None:
    three.do("cancel_many", ALICE, [1, 3])
    assert three.story() == ["done 1 CANCELLED", "BUY 10 has 5 in 1", "done 3 CANCELLED", "BUY 10 gone"]


def test_cancel_many_for_an_unknown_account(three: Venue) -> None:
    assert three.do("cancel_many", 20, [1]) == Outcome(Code.ACCOUNT_NOT_FOUND, seq=three.engine.seq)


@pytest.mark.parametrize(
    ("where", "cancelled"),
    [
        pytest.param({}, [1, 2, 4, 5, 6], id="everything, in order of id"),
        pytest.param({"market": ALL_MARKETS, "side": BOTH_SIDES}, [1, 2, 4, 5, 6], id="everything, said in full"),
        pytest.param({"side": Side.BUY}, [1, 5], id="all buys"),
        pytest.param({"side": Side.SELL}, [2, 4, 6], id="all sells"),
        pytest.param({"market": GEM_USD}, [1, 2, 6], id="one market, its waiting stops included"),
        pytest.param({"market": OIL_USD, "side": Side.SELL}, [4], id="one side of one market"),
        pytest.param({"market": GEM_OIL}, [], id="a market without orders"),
    ],
)
def test_cancel_all(venue: Venue, where: dict[str, int], cancelled: list[int]) -> None:
    venue.buy(ALICE, 1, 10)
    venue.sell(ALICE, 1, 20)
    venue.buy(BOB, 1, 10)
    venue.sell(ALICE, 1, 20, market=OIL_USD)
    venue.buy(ALICE, 1, 10, market=OIL_USD)
    venue.sell(ALICE, 1, 20, type=Type.STOP_LIMIT, stop_price=5)
    outcome = venue.do("cancel_all", ALICE, **where)
    assert outcome == Outcome(seq=venue.engine.seq, count=len(cancelled))
    assert [done.order_id for done in venue.only(OrderDone)] == cancelled


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"account": 20}, Code.ACCOUNT_NOT_FOUND, id="unknown account"),
        pytest.param({"account": 20, "market": 3, "side": 2}, Code.ACCOUNT_NOT_FOUND, id="the account before all else"),
        pytest.param({"market": 3}, Code.MARKET_NOT_FOUND, id="unknown market"),
        pytest.param({"market": 3, "side": 2}, Code.MARKET_NOT_FOUND, id="the market before the side"),
        pytest.param({"market": 0xFFFE}, Code.MARKET_NOT_FOUND, id="almost all markets"),
        pytest.param({"side": 2}, Code.ENUM_INVALID, id="side 2"),
        pytest.param({"side": 254}, Code.ENUM_INVALID, id="side 254"),
        pytest.param({"account": 0}, Code.OK, id="a system account has no orders"),
    ],
)
def test_cancel_all_rejections(venue: Venue, fields: dict[str, int], expected: Code) -> None:
    assert venue.do("cancel_all", **{"account": ALICE, **fields}) == Outcome(expected, seq=venue.engine.seq)
