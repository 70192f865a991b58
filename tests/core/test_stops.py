"""Stops: they wait unseen, hold their cost, and are let loose one by one when the last price reaches them."""

from typing import Any

import pytest

from tests.core.venue import ALICE, BOB, CAROL, DAVE, GEM, GEM_USD, NOON, OIL_USD, RICH, USD, Venue
from tests.twin.events import BalanceChanged, OrderAccepted, OrderDone, Outcome, StopTriggered, TradeExecuted
from tests.twin.words import TAKE_PROFIT, Business, OrderStatus, Reason, Side, Tif, Type

WAITING, RESTING, DONE = OrderStatus.WAITING, OrderStatus.RESTING, OrderStatus.DONE


def stop_limit(stop_price: int, **more: int) -> dict[str, int]:
    return {"type": Type.STOP_LIMIT, "stop_price": stop_price, **more}


def stop_market(stop_price: int, **more: int) -> dict[str, int]:
    return {"type": Type.STOP_MARKET, "stop_price": stop_price, **more}


@pytest.mark.parametrize(
    ("side", "flags", "stop_price", "last_price", "triggered"),
    [
        pytest.param(Side.BUY, 0, 100, 99, False, id="buy stop above the last price waits"),
        pytest.param(Side.BUY, 0, 100, 100, True, id="buy stop reached"),
        pytest.param(Side.BUY, 0, 100, 101, True, id="buy stop passed"),
        pytest.param(Side.SELL, 0, 100, 101, False, id="sell stop below the last price waits"),
        pytest.param(Side.SELL, 0, 100, 100, True, id="sell stop reached"),
        pytest.param(Side.SELL, 0, 100, 99, True, id="sell stop passed"),
        pytest.param(Side.BUY, TAKE_PROFIT, 100, 101, False, id="take-profit buy below the last price waits"),
        pytest.param(Side.BUY, TAKE_PROFIT, 100, 100, True, id="take-profit buy reached"),
        pytest.param(Side.BUY, TAKE_PROFIT, 100, 99, True, id="take-profit buy passed"),
        pytest.param(Side.SELL, TAKE_PROFIT, 100, 99, False, id="take-profit sell above the last price waits"),
        pytest.param(Side.SELL, TAKE_PROFIT, 100, 100, True, id="take-profit sell reached"),
        pytest.param(Side.SELL, TAKE_PROFIT, 100, 101, True, id="take-profit sell passed"),
    ],
)
@pytest.mark.parametrize("trade_first", [True, False], ids=["the price is there already", "the price comes"])
def test_trigger(venue: Venue, side: int, flags: int, stop_price: int, last_price: int, triggered: bool, trade_first: bool) -> None:
    if trade_first:
        venue.trade_at(last_price)
    venue.place(ALICE, side, amount=1, price=500 if side == Side.SELL else 1, **stop_limit(stop_price, flags=flags))
    if not trade_first:
        venue.trade_at(last_price)
    assert (f"triggered {3 if trade_first else 1} at {last_price}" in venue.story()) is triggered


@pytest.mark.parametrize(
    ("fields", "unpriced"),
    [
        pytest.param({"type": Type.LIMIT, "price": 10}, False, id="limit"),
        pytest.param({"type": Type.MARKET, "tif": Tif.IOC}, True, id="market"),
        pytest.param(stop_limit(100, price=10), False, id="stop-limit"),
        pytest.param(stop_market(100), True, id="stop-market"),
    ],
)
def test_a_trade_says_whether_its_taker_named_a_price(venue: Venue, fields: dict[str, int], unpriced: bool) -> None:
    venue.trade_at(100)
    venue.buy(BOB, 5, 50)
    venue.place(ALICE, Side.SELL, amount=2, **fields)
    assert venue.only(TradeExecuted)[-1].taker_market is unpriced


def test_without_a_last_price_nothing_is_triggered(venue: Venue) -> None:
    assert venue.sell(ALICE, 1, 10, **stop_limit(1_000)).status == WAITING


def test_another_markets_price_is_of_no_interest(venue: Venue) -> None:
    venue.trade_at(100, market=OIL_USD)
    assert venue.buy(ALICE, 1, 10, **stop_limit(50)).status == WAITING


@pytest.mark.parametrize(
    ("side", "fields", "held"),
    [
        pytest.param(Side.BUY, stop_limit(100, amount=7, price=30), [(RICH, 0), (RICH - 210, 210)], id="stop-limit buy: its price"),
        pytest.param(Side.SELL, stop_limit(100, amount=7, price=30), [(RICH - 7, 7), (RICH, 0)], id="stop-limit sell"),
        pytest.param(Side.BUY, stop_market(100, funds=333), [(RICH, 0), (RICH - 333, 333)], id="stop-market buy: its funds"),
        pytest.param(Side.SELL, stop_market(100, amount=7), [(RICH - 7, 7), (RICH, 0)], id="stop-market sell"),
    ],
)
def test_a_waiting_stop_holds_its_cost_and_is_not_in_the_book(
    venue: Venue, side: int, fields: dict[str, int], held: list[tuple[int, int]]
) -> None:
    outcome = venue.place(ALICE, side, **fields)
    assert (outcome.status, outcome.filled, outcome.remaining) == (WAITING, 0, fields.get("amount", 0))
    assert venue.balances(ALICE) == held
    assert [type(event) for event in venue.events[1:]] == [OrderAccepted, BalanceChanged]
    (entry,) = venue.only(BalanceChanged)
    assert (entry.business, entry.reference) == (Business.HOLD, 1)
    assert venue.engine.depth(GEM_USD, 0) == ([], [])
    order: Any = venue.engine.order(1)
    assert order.stop_price == 100
    assert venue.engine.live_orders(GEM_USD) == 1


def test_a_triggered_stop_limit_rests_as_a_limit_order(venue: Venue) -> None:
    venue.buy(ALICE, 7, 30, **stop_limit(100, tif=Tif.GTD, expire_at=NOON + 9, client_id=5))
    venue.trade_at(100)
    entry = venue.engine.next_entry_id - 2
    assert venue.events[-4:-1] == [
        StopTriggered(1, ALICE, GEM_USD, 100),
        BalanceChanged(entry, ALICE, USD, Business.RELEASE, 1, 210, -210, RICH, 0),
        BalanceChanged(entry + 1, ALICE, USD, Business.HOLD, 1, -210, 210, RICH - 210, 210),
    ]
    assert venue.story()[-2:] == ["triggered 1 at 100", "BUY 30 has 7 in 1"]
    order: Any = venue.engine.order(1)
    assert (order.type, order.stop_price, order.tif, order.expire_at, order.client_id) == (Type.LIMIT, 100, Tif.GTD, NOON + 9, 5)


@pytest.mark.parametrize(
    ("tif", "last"),
    [
        pytest.param(Tif.GTC, ["trade 3 at 110: 2 takes 1", "done 1 FILLED", "SELL 110 gone", "BUY 115 has 2 in 1"], id="GTC"),
        pytest.param(Tif.IOC, ["trade 3 at 110: 2 takes 1", "done 1 FILLED", "SELL 110 gone", "done 2 UNFILLED"], id="IOC"),
        pytest.param(Tif.FOK, ["done 2 FOK"], id="FOK is asked now"),
    ],
)
def test_a_triggered_stop_limit_matches(venue: Venue, tif: int, last: list[str]) -> None:
    venue.sell(BOB, 3, 110)
    venue.buy(ALICE, 5, 115, **stop_limit(100, tif=tif))
    venue.trade_at(105)
    story = venue.story()
    assert story[story.index("triggered 2 at 105") + 1 :] == last


def test_a_fill_or_kill_stop_that_can_be_filled_is(venue: Venue) -> None:
    venue.sell(BOB, 5, 110)
    venue.buy(ALICE, 5, 115, **stop_limit(100, tif=Tif.FOK))
    venue.trade_at(105)
    assert venue.story()[-4:] == ["trade 5 at 110: 2 takes 1", "done 1 FILLED", "SELL 110 gone", "done 2 FILLED"]


def test_a_killed_stop_gets_its_money_back(venue: Venue) -> None:
    venue.buy(ALICE, 5, 115, **stop_limit(100, tif=Tif.FOK))
    venue.trade_at(105)
    assert venue.only(OrderDone)[-1] == OrderDone(1, ALICE, GEM_USD, Side.BUY, Reason.FOK, 5, 0)
    assert venue.balances(ALICE) == [(RICH, 0), (RICH, 0)]


@pytest.mark.parametrize(
    ("side", "fields", "last", "reason"),
    [
        pytest.param(Side.BUY, {"funds": 350}, ["trade 3 at 110: 2 takes 1", "SELL 110 has 2 in 1", "done 2 FILLED"], 1, id="buy by funds"),
        pytest.param(
            Side.BUY,
            {"funds": 999},
            ["trade 5 at 110: 2 takes 1", "done 1 FILLED", "SELL 110 gone", "done 2 UNFILLED"],
            4,
            id="buy the whole book",
        ),
    ],
)
def test_a_triggered_stop_market_buy(venue: Venue, side: int, fields: dict[str, int], last: list[str], reason: int) -> None:
    venue.sell(BOB, 5, 110)
    venue.place(ALICE, side, **stop_market(100, **fields))
    venue.trade_at(105)
    story = venue.story()
    assert story[story.index("triggered 2 at 105") + 1 :] == last
    assert venue.only(OrderDone)[-1].reason == reason
    assert venue.held(ALICE, USD) == 0


def test_a_triggered_stop_market_sell(venue: Venue) -> None:
    venue.buy(BOB, 3, 90)
    venue.sell(ALICE, 5, **stop_market(100))
    venue.trade_at(95)
    assert venue.story()[-5:] == ["triggered 2 at 95", "trade 3 at 90: 2 takes 1", "done 1 FILLED", "BUY 90 gone", "done 2 UNFILLED"]
    assert venue.balances(ALICE) == [(RICH - 3, 0), (RICH + 270, 0)]


@pytest.mark.parametrize(
    ("stops", "last_price", "order"),
    [
        pytest.param([(Side.BUY, 100), (Side.BUY, 90)], 100, [2, 1], id="of the buys the lowest stop price first"),
        pytest.param([(Side.SELL, 100), (Side.SELL, 110)], 100, [2, 1], id="of the sells the highest stop price first"),
        pytest.param([(Side.BUY, 100), (Side.BUY, 100)], 100, [1, 2], id="equal buys: the older first"),
        pytest.param([(Side.SELL, 100), (Side.SELL, 100)], 100, [1, 2], id="equal sells: the older first"),
        pytest.param([(Side.BUY, 100), (Side.SELL, 100)], 100, [1, 2], id="a buy and a sell: the older first"),
        pytest.param([(Side.SELL, 100), (Side.BUY, 100)], 100, [1, 2], id="a sell and a buy: the older first"),
        pytest.param([(Side.BUY, 100), (Side.BUY, 90), (Side.SELL, 100)], 100, [2, 1, 3], id="the older of the two candidates, not of all"),
        pytest.param(
            [(Side.SELL, 100), (Side.BUY, 100), (Side.SELL, 110)], 100, [2, 3, 1], id="the best sell candidate hides an older one"
        ),
        pytest.param([(Side.BUY, 101), (Side.SELL, 100)], 100, [2], id="only what is reached"),
    ],
)
def test_the_order_in_which_stops_go_off(venue: Venue, stops: list[tuple[int, int]], last_price: int, order: list[int]) -> None:
    """All have limits that never trade, so that nothing but the first trade moves the price."""
    for side, stop_price in stops:
        venue.place(ALICE, side, amount=1, price=1 if side == Side.BUY else 500, **stop_limit(stop_price))
    venue.trade_at(last_price)
    assert [event.order_id for event in venue.only(StopTriggered)] == order


def test_a_cascade(venue: Venue) -> None:
    """A sell at 98 sets off a stop at 98, whose trade at 95 sets off one at 96, whose trade at 90 sets off nothing more."""
    for amount, price in ((1, 98), (2, 95), (2, 90)):
        venue.buy(BOB, amount, price)
    venue.sell(ALICE, 2, **stop_market(98))
    venue.sell(ALICE, 2, **stop_market(96))
    venue.sell(ALICE, 2, **stop_market(89))
    outcome = venue.sell(CAROL, 1, 98)
    assert venue.story() == [
        "accepted 7",
        "trade 1 at 98: 7 takes 1",
        "done 1 FILLED",
        "BUY 98 gone",
        "done 7 FILLED",
        "triggered 4 at 98",
        "trade 2 at 95: 4 takes 2",
        "done 2 FILLED",
        "BUY 95 gone",
        "done 4 FILLED",
        "triggered 5 at 95",
        "trade 2 at 90: 5 takes 3",
        "done 3 FILLED",
        "BUY 90 gone",
        "done 5 FILLED",
    ]
    assert outcome == Outcome(seq=venue.engine.seq, id=7, status=DONE, filled=1, count=1, total=98)


def test_a_stop_in_the_wake_of_a_stop_goes_by_the_price_of_the_moment(venue: Venue) -> None:
    """The buy stop at 110 is reached only by the trade of the buy stop at 100; the sell stop at 100 goes off between them or not at all."""
    venue.sell(BOB, 1, 110)
    venue.buy(ALICE, 1, 200, **stop_limit(100))
    venue.buy(ALICE, 1, 1, **stop_limit(110))
    venue.sell(ALICE, 1, 500, **stop_limit(105))
    venue.trade_at(100)
    assert [(event.order_id, event.last_price) for event in venue.only(StopTriggered)] == [(2, 100), (3, 110)]
    assert venue.engine.market(GEM_USD).last_price == 110


def test_an_order_that_rested_is_reported_as_it_stood_before_the_stops_ran(venue: Venue) -> None:
    venue.sell(ALICE, 2, **stop_market(100))
    venue.sell(BOB, 1, 100)
    outcome = venue.buy(CAROL, 5, 100)
    assert outcome == Outcome(seq=venue.engine.seq, id=3, status=RESTING, filled=1, remaining=4, count=1, total=100)
    assert venue.story()[-4:] == ["triggered 1 at 100", "trade 2 at 100: 1 takes 3", "BUY 100 has 2 in 1", "done 1 FILLED"]


def test_a_stop_that_went_off_at_once_is_reported_as_its_match_left_it(venue: Venue) -> None:
    venue.trade_at(100)
    venue.sell(BOB, 3, 120)
    outcome = venue.buy(ALICE, 5, 130, **stop_limit(90))
    assert outcome == Outcome(seq=venue.engine.seq, id=4, status=RESTING, filled=3, remaining=2, count=1, total=360)


def test_what_a_later_stop_does_to_it_shows_in_the_events_alone(venue: Venue) -> None:
    """Alice's stop goes off at once, takes Bob's bid at 104 and rests; that trade sets off Carol's stop, which takes all the rest of it."""
    venue.trade_at(100)
    venue.buy(CAROL, 9, 104, type=Type.STOP_LIMIT, stop_price=104)
    venue.buy(BOB, 5, 104)
    outcome = venue.sell(ALICE, 12, 103, type=Type.STOP_LIMIT, stop_price=100)
    assert venue.story() == [
        "accepted 5",
        "triggered 5 at 100",
        "trade 5 at 104: 5 takes 4",
        "done 4 FILLED",
        "BUY 104 gone",
        "SELL 103 has 7 in 1",
        "triggered 3 at 104",
        "trade 7 at 103: 3 takes 5",
        "done 5 FILLED",
        "SELL 103 gone",
        "BUY 104 has 2 in 1",
    ]
    assert outcome == Outcome(seq=venue.engine.seq, id=5, status=RESTING, filled=5, remaining=7, count=1, total=520)


def test_a_stop_over_funds_that_went_off_at_once(venue: Venue) -> None:
    venue.trade_at(100)
    venue.sell(BOB, 3, 120)
    outcome = venue.buy(ALICE, **stop_market(90, funds=250))
    assert outcome == Outcome(seq=venue.engine.seq, id=4, status=DONE, filled=2, count=1, total=240)
    assert venue.balances(ALICE) == [(RICH + 2, 0), (RICH - 240, 0)]


def test_only_placing_and_replacing_set_stops_off(venue: Venue) -> None:
    """Moving the limits does not re-examine anything, and a halt keeps everything as it is."""
    venue.trade_at(100)
    venue.buy(ALICE, 1, 1, **stop_limit(150))
    for command in (("set_market_status", GEM_USD, 1), ("set_market_status", GEM_USD, 0), ("advance_time",), ("note",)):
        venue.do(*command)
        assert venue.only(StopTriggered) == []


def test_a_stop_whose_level_is_full_by_then_is_done(venue: Venue) -> None:
    """Two stops that fit when they were placed, but not both."""
    venue.do("set_market_limits", GEM_USD, 1, 1000, 1, 2**63, 0)
    venue.deposit(ALICE, GEM, 2**66)
    for _ in range(2):
        assert venue.sell(ALICE, 2**63, 500, **stop_limit(100)).status == WAITING
    venue.trade_at(100)
    assert venue.story()[-4:] == ["triggered 1 at 100", f"SELL 500 has {2**63} in 1", "triggered 2 at 100", "done 2 UNFILLED"]
    assert venue.held(ALICE, GEM) == 2**63


@pytest.mark.parametrize(
    ("mode", "last"),
    [
        pytest.param(2, ["triggered 2 at 105", "done 2 SELF_TRADE"], id="cancel-newest"),
        pytest.param(3, ["triggered 2 at 105", "done 1 SELF_TRADE", "SELL 110 gone", "BUY 115 has 5 in 1"], id="cancel-oldest"),
    ],
)
def test_a_triggered_stop_minds_its_own_accounts_orders(venue: Venue, mode: int, last: list[str]) -> None:
    venue.sell(ALICE, 3, 110)
    venue.buy(ALICE, 5, 115, **stop_limit(100, self_trade=mode))
    venue.trade_at(105)
    assert venue.story()[-len(last) :] == last


def test_a_triggered_stop_pays_the_rates_of_the_day_it_was_placed(venue: Venue) -> None:
    venue.sell(BOB, 10, 110)
    venue.do("set_market_fees", GEM_USD, 0, 100_000)
    venue.buy(ALICE, 10, 115, **stop_limit(100))
    venue.do("set_market_fees", GEM_USD, 0, 0)
    venue.trade_at(105)
    assert venue.balances(ALICE) == [(RICH + 9, 0), (RICH - 1100, 0)]


def test_a_market_stop_sell_with_less_than_it_held_is_never_short(venue: Venue) -> None:
    """What a stop held is released for it; others cannot have spent it."""
    venue.deposit(DAVE, GEM, 4)
    venue.buy(BOB, 9, 90)
    venue.sell(DAVE, 4, **stop_market(100))
    assert venue.balances(DAVE) == [(0, 4), (0, 0)]
    venue.trade_at(95)
    assert venue.balances(DAVE) == [(0, 0), (360, 0)]


def test_both_kinds_are_triggered_in_one_order_by_price_and_then_by_id(venue: Venue) -> None:
    venue.trade_at(100)
    profit = {"flags": TAKE_PROFIT}
    venue.sell(ALICE, 1, 500, **stop_limit(120, **profit))  # 3
    venue.buy(ALICE, 1, 1, **stop_limit(110))  # 4
    venue.sell(ALICE, 1, 500, **stop_limit(110, **profit))  # 5
    venue.buy(ALICE, 1, 1, **stop_limit(90, **profit))  # 6
    venue.trade_at(125)
    assert [event.order_id for event in venue.only(StopTriggered)] == [4, 5, 3]
    venue.trade_at(80)
    assert [event.order_id for event in venue.only(StopTriggered)] == [6]


def test_a_take_profit_order_can_be_moved_and_cancelled_and_survives_a_snapshot(venue: Venue) -> None:
    venue.trade_at(100)
    venue.sell(ALICE, 1, 500, **stop_limit(120, flags=TAKE_PROFIT))
    assert venue.do("replace_order", ALICE, 3, 0, 0, 130).status == WAITING
    venue.engine = type(venue.engine).restore(venue.engine.snapshot())
    venue.trade_at(125)
    assert not venue.only(StopTriggered)
    venue.do("cancel_order", ALICE, 3)
    venue.trade_at(135)
    assert not venue.only(StopTriggered)
