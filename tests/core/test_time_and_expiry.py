"""Time comes in the command and never goes back; orders good till a date end when time is advanced."""

from collections.abc import Callable

import pytest

from tests.core.venue import ALICE, BOB, CAROL, GEM, GEM_USD, MARKET, NOON, OIL_USD, RICH, USD, Venue
from tests.twin.events import BalanceChanged, BookLevelChanged, CommandApplied, OrderDone, OrderRejected, Outcome, TradeExecuted
from tests.twin.words import ALL_MARKETS, U64_MAX, Business, Code, OrderStatus, Reason, Side, Tif, Type

GTD = {"tif": Tif.GTD}
LIMITS = {name: MARKET[name] for name in ("min_price", "max_price", "min_amount", "max_amount", "min_total")}
PLACE = {"account": ALICE, "market": GEM_USD, "side": 0, "type": 0, "tif": 0, "flags": 0, "self_trade": 0, "price": 1, "amount": 1}
TRANSFER = {"transfer_id": 5, "source": ALICE, "destination": BOB, "asset": USD, "kind": 1, "pending": 0, "amount": 1}

# Every command there is, all good but for the hour. The numbers are those of the page.
COMMANDS: list[tuple[int, Callable[[Venue, int], Outcome]]] = [
    (1, lambda venue, time: venue.do_at(time, "open_account")),
    (2, lambda venue, time: venue.do_at(time, "create_asset", "NEW", 0, 0)),
    (3, lambda venue, time: venue.do_at(time, "create_market", USD, GEM, **MARKET)),
    (4, lambda venue, time: venue.do_at(time, "set_market_limits", GEM_USD, **LIMITS)),
    (5, lambda venue, time: venue.do_at(time, "set_market_status", GEM_USD, 1)),
    (6, lambda venue, time: venue.do_at(time, "set_market_fees", GEM_USD, 1, 1)),
    (7, lambda venue, time: venue.do_at(time, "set_account_fees", ALICE, 1, 1)),
    (8, lambda venue, time: venue.do_at(time, "set_max_open_orders", 5)),
    (10, lambda venue, time: venue.do_at(time, "place_order", **PLACE)),
    (11, lambda venue, time: venue.do_at(time, "cancel_order", ALICE, 1)),
    (12, lambda venue, time: venue.do_at(time, "cancel_many", ALICE, [1])),
    (13, lambda venue, time: venue.do_at(time, "cancel_all", ALICE)),
    (14, lambda venue, time: venue.do_at(time, "replace_order", ALICE, 1, 2)),
    (15, lambda venue, time: venue.do_at(time, "set_cancel_after", ALICE, 2**63)),
    (20, lambda venue, time: venue.do_at(time, "transfer", **TRANSFER)),
    (21, lambda venue, time: venue.do_at(time, "post_transfer", 77)),
    (22, lambda venue, time: venue.do_at(time, "void_transfer", 77)),
    (30, lambda venue, time: venue.do_at(time, "advance_time")),
    (31, lambda venue, time: venue.do_at(time, "note")),
]
IDS = [f"kind {number}" for number, _ in COMMANDS]


@pytest.fixture
def ready(venue: Venue) -> Venue:
    """With an order and a pending transfer for the commands that need one."""
    venue.buy(ALICE, 5, 10, **GTD, expire_at=NOON + 1)
    venue.transfer(ALICE, BOB, USD, 1, pending=1, transfer_id=77)
    return venue


@pytest.mark.parametrize(("number", "command"), COMMANDS, ids=IDS)
def test_a_microsecond_ago_is_refused_before_all_else(ready: Venue, number: int, command: Callable[[Venue, int], Outcome]) -> None:
    before = ready.engine.snapshot()
    outcome = command(ready, NOON - 1)
    assert outcome == Outcome(Code.TIME_WENT_BACK, seq=ready.engine.seq)
    rejected = {10: [OrderRejected(ALICE, GEM_USD, Code.TIME_WENT_BACK)], 14: [OrderRejected(ALICE, ALL_MARKETS, Code.TIME_WENT_BACK)]}
    assert ready.events == [CommandApplied(outcome.seq, NOON - 1, number, Code.TIME_WENT_BACK, 0, b""), *rejected.get(number, [])]
    assert ready.engine.time == NOON
    assert ready.engine.snapshot()[8:] == before[8:]


@pytest.mark.parametrize(("number", "command"), COMMANDS, ids=IDS)
@pytest.mark.parametrize("later", [0, 1, 2**62], ids=["the same microsecond", "the next one", "much later"])
def test_now_and_later_are_fine(ready: Venue, number: int, command: Callable[[Venue, int], Outcome], later: int) -> None:
    outcome = command(ready, NOON + later)
    assert outcome.code == Code.OK
    assert ready.engine.time == NOON + later
    applied = ready.events[0]
    assert applied == CommandApplied(outcome.seq, NOON + later, number, 0, outcome.id, b"")


def test_time_went_back_even_for_nonsense(venue: Venue) -> None:
    assert venue.do_at(0, "place_order", **{**PLACE, "account": 99, "market": 99}).code == Code.TIME_WENT_BACK
    assert venue.events[1:] == [OrderRejected(99, 99, Code.TIME_WENT_BACK)]


def test_a_rejection_moves_time_on_all_the_same(venue: Venue) -> None:
    venue.do_at(NOON + 9, "cancel_order", ALICE, 99)
    assert venue.engine.time == NOON + 9
    assert venue.do_at(NOON + 8, "note").code == Code.TIME_WENT_BACK


# --- expiry


@pytest.mark.parametrize(
    ("later", "expired"),
    [
        pytest.param(9, [], id="before"),
        pytest.param(10, [2], id="at the microsecond"),
        pytest.param(11, [2], id="after"),
        pytest.param(20, [2, 1, 3], id="in order of expiry, then of id"),
        pytest.param(99, [2, 1, 3, 4], id="all of them"),
    ],
)
def test_advance_time(venue: Venue, later: int, expired: list[int]) -> None:
    for expire_at in (20, 10, 20, 30):
        venue.buy(ALICE, 1, 10, **GTD, expire_at=NOON + expire_at)
    venue.buy(ALICE, 1, 10)
    assert venue.engine.next_expiry() == NOON + 10
    venue.now += later
    assert venue.do("advance_time") == Outcome(seq=venue.engine.seq, count=len(expired))
    assert [(done.order_id, done.reason) for done in venue.only(OrderDone)] == [(number, Reason.EXPIRED) for number in expired]
    assert venue.engine.live_orders(GEM_USD) == 5 - len(expired)


def test_the_events_of_an_expiry(venue: Venue) -> None:
    venue.buy(ALICE, 5, 10, **GTD, expire_at=NOON + 1)
    venue.buy(BOB, 4, 10)
    venue.sell(CAROL, 2, 10)
    venue.now += 1
    outcome = venue.do("advance_time", meta=b"tick")
    assert venue.events == [
        CommandApplied(outcome.seq, NOON + 1, 30, 0, 0, b"tick"),
        OrderDone(1, ALICE, GEM_USD, Side.BUY, Reason.EXPIRED, 3, 2),
        BalanceChanged(venue.engine.next_entry_id - 1, ALICE, USD, Business.RELEASE, 1, 30, -30, RICH - 20, 0),
        BookLevelChanged(GEM_USD, Side.BUY, 1, 10, 4),
    ]
    assert venue.engine.next_expiry() == 0


def test_a_waiting_stop_expires_too_and_has_no_level(venue: Venue) -> None:
    venue.buy(ALICE, 5, 10, type=Type.STOP_LIMIT, stop_price=50, **GTD, expire_at=NOON + 1)
    venue.now += 1
    assert venue.do("advance_time").count == 1
    assert venue.story() == ["done 1 EXPIRED"]
    assert venue.held(ALICE, USD) == 0


def test_a_triggered_stop_keeps_its_date(venue: Venue) -> None:
    venue.buy(ALICE, 5, 10, type=Type.STOP_LIMIT, stop_price=50, **GTD, expire_at=NOON + 1)
    venue.trade_at(50)
    venue.now += 1
    venue.do("advance_time")
    assert venue.story() == ["done 1 EXPIRED", "BUY 10 gone"]


def test_a_replaced_order_keeps_its_date(venue: Venue) -> None:
    venue.buy(ALICE, 5, 10, **GTD, expire_at=NOON + 1)
    venue.do("replace_order", ALICE, 1, price=11)
    venue.do("replace_order", ALICE, 1, amount=3)
    assert venue.engine.next_expiry() == NOON + 1
    venue.now += 1
    assert venue.do("advance_time").count == 1


def test_orders_expire_in_all_markets_and_in_halted_ones(venue: Venue) -> None:
    venue.buy(ALICE, 1, 10, market=OIL_USD, **GTD, expire_at=NOON + 1)
    venue.buy(ALICE, 1, 10, **GTD, expire_at=NOON + 1)
    venue.do("set_market_status", GEM_USD, 1)
    venue.now += 1
    assert venue.do("advance_time").count == 2


def test_nothing_but_advance_time_lets_orders_expire(venue: Venue) -> None:
    """An order that is past its date still trades until the venue says what time it is."""
    venue.sell(ALICE, 5, 10, **GTD, expire_at=NOON + 1)
    venue.now += 5
    venue.do("note")
    assert venue.buy(BOB, 2, 10).filled == 2
    assert venue.do("replace_order", ALICE, 1, amount=4).code == Code.OK
    assert venue.do("advance_time").count == 1
    assert venue.buy(BOB, 1, 10).status == OrderStatus.RESTING


def test_the_next_expiry_is_the_earliest_of_a_live_order(venue: Venue) -> None:
    assert venue.engine.next_expiry() == 0
    venue.buy(ALICE, 1, 10, **GTD, expire_at=NOON + 5)
    venue.buy(ALICE, 1, 10, market=OIL_USD, **GTD, expire_at=NOON + 3)
    assert venue.engine.next_expiry() == NOON + 3
    venue.do("cancel_order", ALICE, 2)
    assert venue.engine.next_expiry() == NOON + 5
    venue.sell(BOB, 1, 10)
    assert venue.engine.next_expiry() == 0


def test_trades_of_one_microsecond_are_told_apart_and_catch_up_with_the_clock(venue: Venue) -> None:
    for _ in range(3):
        venue.sell(BOB, 1, 10)
    venue.buy(ALICE, 3, 10)
    assert [trade.time for trade in venue.only(TradeExecuted)] == [NOON, NOON + 1, NOON + 2]
    venue.now += 1  # the clock is behind the last trade now
    venue.trade_at(10)
    assert [trade.time for trade in venue.only(TradeExecuted)] == [NOON + 3]
    venue.now = NOON + 4
    venue.trade_at(10)
    assert [trade.time for trade in venue.only(TradeExecuted)] == [NOON + 4]


def test_at_the_end_of_time_trades_share_the_last_microsecond(venue: Venue) -> None:
    venue.now = U64_MAX
    for _ in range(2):
        venue.sell(BOB, 1, 10)
    assert venue.buy(ALICE, 2, 10).count == 2
    assert [trade.time for trade in venue.only(TradeExecuted)] == [U64_MAX, U64_MAX]
