"""Match and finish: price-time priority, trades at the resting order's price, who pays what from where, and what the book shows."""

from typing import Any

import pytest

from tests.core.venue import ALICE, BOB, CAROL, DAVE, GEM, GEM_USD, NOON, OIL_USD, RICH, USD, Venue
from tests.twin.events import BalanceChanged, BookLevelChanged, CommandApplied, OrderAccepted, OrderDone, Outcome, TradeExecuted
from tests.twin.words import FEES, MAX_ATOMS, U64_MAX, Business, OrderStatus, Reason, Side, Tif, Type

BUY, SELL = Side.BUY, Side.SELL
Row = tuple[int, int, int, int]

# (account, side, amount, price): orders 1.. of the book that each taker meets
ASKS: list[Row] = [(BOB, SELL, 3, 101), (CAROL, SELL, 2, 100), (BOB, SELL, 4, 100), (CAROL, SELL, 5, 103)]
BIDS: list[Row] = [(BOB, BUY, 3, 99), (CAROL, BUY, 2, 100), (BOB, BUY, 4, 100), (CAROL, BUY, 5, 97)]


def fill_book(venue: Venue, rows: list[Row]) -> None:
    for account, side, amount, price in rows:
        assert venue.place(account, side, amount=amount, price=price).status == OrderStatus.RESTING


def limit(side: int, amount: int, price: int, tif: int = Tif.GTC) -> dict[str, int]:
    return {"side": side, "amount": amount, "price": price, "tif": tif}


def market(side: int, amount: int = 0, funds: int = 0, tif: int = Tif.IOC) -> dict[str, int]:
    return {"side": side, "amount": amount, "funds": funds, "type": Type.MARKET, "tif": tif}


@pytest.mark.parametrize(
    ("book", "taker", "story"),
    [
        pytest.param(
            ASKS,
            limit(BUY, 1, 100),
            ["accepted 5", "trade 1 at 100: 5 takes 2", "SELL 100 has 5 in 2", "done 5 FILLED"],
            id="the oldest at the best price is hit first, in part",
        ),
        pytest.param(
            ASKS,
            limit(BUY, 2, 150),
            ["accepted 5", "trade 2 at 100: 5 takes 2", "done 2 FILLED", "SELL 100 has 4 in 1", "done 5 FILLED"],
            id="both filled: the maker is done first; the trade is at the maker's price",
        ),
        pytest.param(
            ASKS,
            limit(BUY, 4, 100),
            [
                "accepted 5",
                "trade 2 at 100: 5 takes 2",
                "done 2 FILLED",
                "trade 2 at 100: 5 takes 3",
                "SELL 100 has 2 in 1",
                "done 5 FILLED",
            ],
            id="two makers of a level: one change of the level",
        ),
        pytest.param(
            ASKS,
            limit(BUY, 8, 101),
            [
                "accepted 5",
                "trade 2 at 100: 5 takes 2",
                "done 2 FILLED",
                "trade 4 at 100: 5 takes 3",
                "done 3 FILLED",
                "SELL 100 gone",
                "trade 2 at 101: 5 takes 1",
                "SELL 101 has 1 in 1",
                "done 5 FILLED",
            ],
            id="a level used up is told before the next one is hit",
        ),
        pytest.param(
            ASKS,
            limit(BUY, 9, 100),
            [
                "accepted 5",
                "trade 2 at 100: 5 takes 2",
                "done 2 FILLED",
                "trade 4 at 100: 5 takes 3",
                "done 3 FILLED",
                "SELL 100 gone",
                "BUY 100 has 3 in 1",
            ],
            id="what does not cross rests",
        ),
        pytest.param(
            ASKS,
            limit(BUY, 9, 100, Tif.IOC),
            [
                "accepted 5",
                "trade 2 at 100: 5 takes 2",
                "done 2 FILLED",
                "trade 4 at 100: 5 takes 3",
                "done 3 FILLED",
                "SELL 100 gone",
                "done 5 UNFILLED",
            ],
            id="IOC: what does not cross is done",
        ),
        pytest.param(
            ASKS,
            limit(BUY, 6, 100, Tif.FOK),
            [
                "accepted 5",
                "trade 2 at 100: 5 takes 2",
                "done 2 FILLED",
                "trade 4 at 100: 5 takes 3",
                "done 3 FILLED",
                "SELL 100 gone",
                "done 5 FILLED",
            ],
            id="FOK: all of it",
        ),
        pytest.param(ASKS, limit(BUY, 5, 99), ["accepted 5", "BUY 99 has 5 in 1"], id="nothing crosses"),
        pytest.param(
            BIDS,
            limit(SELL, 3, 1),
            [
                "accepted 5",
                "trade 2 at 100: 5 takes 2",
                "done 2 FILLED",
                "trade 1 at 100: 5 takes 3",
                "BUY 100 has 3 in 1",
                "done 5 FILLED",
            ],
            id="a sell hits the highest bid first",
        ),
        pytest.param(
            BIDS,
            limit(SELL, 10, 98),
            [
                "accepted 5",
                "trade 2 at 100: 5 takes 2",
                "done 2 FILLED",
                "trade 4 at 100: 5 takes 3",
                "done 3 FILLED",
                "BUY 100 gone",
                "trade 3 at 99: 5 takes 1",
                "done 1 FILLED",
                "BUY 99 gone",
                "SELL 98 has 1 in 1",
            ],
            id="a sell walks down and rests above the next bid",
        ),
        pytest.param(
            ASKS[:1],
            market(BUY, 5),
            ["accepted 2", "trade 3 at 101: 2 takes 1", "done 1 FILLED", "SELL 101 gone", "done 2 UNFILLED"],
            id="a market order takes the whole book and is done",
        ),
        pytest.param(
            BIDS[:1],
            market(SELL, 2),
            ["accepted 2", "trade 2 at 99: 2 takes 1", "BUY 99 has 1 in 1", "done 2 FILLED"],
            id="a market sell",
        ),
        pytest.param(
            ASKS,
            market(BUY, funds=401),
            [
                "accepted 5",
                "trade 2 at 100: 5 takes 2",
                "done 2 FILLED",
                "trade 2 at 100: 5 takes 3",
                "SELL 100 has 2 in 1",
                "done 5 FILLED",
            ],
            id="funds: filled as soon as the rest cannot buy one",
        ),
        pytest.param(
            ASKS,
            market(BUY, funds=200),
            ["accepted 5", "trade 2 at 100: 5 takes 2", "done 2 FILLED", "SELL 100 has 4 in 1", "done 5 FILLED"],
            id="funds: filled when nothing is left of them",
        ),
        pytest.param(
            ASKS,
            market(BUY, funds=99),
            ["accepted 5", "done 5 FILLED"],
            id="funds: filled, in a manner of speaking, when they buy nothing at all",
        ),
        pytest.param(
            ASKS[:1],
            market(BUY, funds=1000),
            ["accepted 2", "trade 3 at 101: 2 takes 1", "done 1 FILLED", "SELL 101 gone", "done 2 UNFILLED"],
            id="funds: unfilled when the book runs empty first",
        ),
    ],
)
def test_a_taker_meets_the_book(venue: Venue, book: list[Row], taker: dict[str, int], story: list[str]) -> None:
    fill_book(venue, book)
    venue.place(ALICE, **taker)
    assert venue.story() == story


@pytest.mark.parametrize(
    ("book", "taker", "expected"),
    [
        pytest.param(ASKS, limit(BUY, 6, 100), Outcome(id=5, status=3, filled=6, count=2, total=600), id="filled"),
        pytest.param(ASKS, limit(BUY, 9, 101), Outcome(id=5, status=3, filled=9, count=3, total=903), id="filled on two levels"),
        pytest.param(ASKS, limit(BUY, 9, 100), Outcome(id=5, status=1, filled=6, remaining=3, count=2, total=600), id="resting"),
        pytest.param(ASKS, limit(BUY, 9, 100, Tif.IOC), Outcome(id=5, status=3, filled=6, remaining=3, count=2, total=600), id="IOC"),
        pytest.param(ASKS, market(BUY, 20), Outcome(id=5, status=3, filled=14, remaining=6, count=4, total=1418), id="market"),
        pytest.param(ASKS, market(BUY, funds=401), Outcome(id=5, status=3, filled=4, count=2, total=400), id="funds"),
        pytest.param(BIDS, limit(SELL, 20, 98), Outcome(id=5, status=1, filled=9, remaining=11, count=3, total=897), id="sell"),
    ],
)
def test_the_outcome_tells_what_the_taker_did(venue: Venue, book: list[Row], taker: dict[str, int], expected: Outcome) -> None:
    fill_book(venue, book)
    outcome = venue.place(ALICE, **taker)
    assert outcome == Outcome(**{**vars(expected), "seq": venue.engine.seq})


def test_the_book_after_a_walk(venue: Venue) -> None:
    fill_book(venue, [*ASKS, (BOB, BUY, 1, 90), (BOB, BUY, 2, 95), (CAROL, BUY, 3, 90)])
    assert venue.engine.depth(GEM_USD, 0) == ([(95, 2), (90, 4)], [(100, 6), (101, 3), (103, 5)])
    assert venue.engine.depth(GEM_USD, 1) == ([(95, 2)], [(100, 6)])
    venue.buy(ALICE, 8, 102)
    assert venue.engine.depth(GEM_USD, 0) == ([(95, 2), (90, 4)], [(101, 1), (103, 5)])
    assert venue.engine.best(GEM_USD) == (95, 101)
    assert venue.engine.live_orders(GEM_USD) == 5
    assert venue.engine.market(GEM_USD).last_price == 101


def test_every_event_of_a_trade_between_a_buying_taker_and_a_selling_maker(venue: Venue) -> None:
    venue.do("set_account_fees", BOB, 100_000, 0)
    venue.do("set_account_fees", ALICE, 0, 200_000)
    venue.sell(BOB, 10, 50)
    venue.now += 5
    outcome = venue.buy(ALICE, 10, 60)
    first = venue.engine.next_entry_id - 6
    trade = Business.TRADE
    assert venue.events == [
        CommandApplied(outcome.seq, NOON + 5, 10, 0, 2, b""),
        OrderAccepted(2, ALICE, GEM_USD, BUY, Type.LIMIT, Tif.GTC, 0, 0, 60, 10, 0, 0, 0, 0, 0, 200_000),
        TradeExecuted(
            trade_id=1,
            time=NOON + 5,
            market=GEM_USD,
            taker_side=BUY,
            taker_market=False,
            maker_account=BOB,
            taker_account=ALICE,
            maker_order=1,
            taker_order=2,
            price=50,
            amount=10,
            maker_remaining=0,
            taker_remaining=0,
            total=500,
            maker_fee=50,
            taker_fee=2,
        ),
        BalanceChanged(first, ALICE, USD, trade, 1, -500, 0, RICH - 500, 0),
        BalanceChanged(first + 1, ALICE, GEM, trade, 1, 8, 0, RICH + 8, 0),
        BalanceChanged(first + 2, BOB, GEM, trade, 1, 0, -10, RICH - 10, 0),
        BalanceChanged(first + 3, BOB, USD, trade, 1, 450, 0, RICH + 450, 0),
        BalanceChanged(first + 4, FEES, GEM, trade, 1, 2, 0, 2, 0),
        BalanceChanged(first + 5, FEES, USD, trade, 1, 50, 0, 50, 0),
        OrderDone(1, BOB, GEM_USD, SELL, Reason.FILLED, 0, 10),
        BookLevelChanged(GEM_USD, SELL, 0, 50, 0),
        OrderDone(2, ALICE, GEM_USD, BUY, Reason.FILLED, 0, 10),
    ]


def test_every_event_of_a_trade_between_a_selling_taker_and_a_buying_maker(venue: Venue) -> None:
    venue.buy(BOB, 10, 50)
    outcome = venue.sell(ALICE, 4, 40)
    first = venue.engine.next_entry_id - 4
    trade = Business.TRADE
    assert venue.events[2:] == [
        TradeExecuted(
            trade_id=1,
            time=NOON,
            market=GEM_USD,
            taker_side=SELL,
            taker_market=False,
            maker_account=BOB,
            taker_account=ALICE,
            maker_order=1,
            taker_order=2,
            price=50,
            amount=4,
            maker_remaining=6,
            taker_remaining=0,
            total=200,
            maker_fee=0,
            taker_fee=0,
        ),
        BalanceChanged(first, BOB, USD, trade, 1, 0, -200, RICH - 500, 300),
        BalanceChanged(first + 1, BOB, GEM, trade, 1, 4, 0, RICH + 4, 0),
        BalanceChanged(first + 2, ALICE, GEM, trade, 1, -4, 0, RICH - 4, 0),
        BalanceChanged(first + 3, ALICE, USD, trade, 1, 200, 0, RICH + 200, 0),
        BookLevelChanged(GEM_USD, BUY, 1, 50, 6),
        OrderDone(2, ALICE, GEM_USD, SELL, Reason.FILLED, 0, 4),
    ]
    assert outcome.total == 200


def test_a_price_improvement_never_leaves_the_takers_available(venue: Venue) -> None:
    venue.sell(BOB, 3, 50)
    venue.leave_only(ALICE, USD, 600)
    venue.buy(ALICE, 10, 60)
    assert venue.balances(ALICE) == [(RICH + 3, 0), (600 - 150 - 420, 420)]


def test_the_rest_of_a_taker_holds_only_its_own_cost(venue: Venue) -> None:
    venue.sell(BOB, 3, 50)
    venue.buy(ALICE, 10, 60)
    assert venue.entries()[-1] == (ALICE, USD, -420, 420)
    assert venue.story()[-1] == "BUY 60 has 7 in 1"


@pytest.mark.parametrize(
    ("usd", "taker", "filled", "reason"),
    [
        pytest.param(1000, market(BUY, 6), 6, Reason.FILLED, id="enough"),
        pytest.param(300, market(BUY, 6), 3, Reason.INSUFFICIENT_FUNDS, id="by amount, money for three"),
        pytest.param(350, market(BUY, 6), 3, Reason.INSUFFICIENT_FUNDS, id="by amount, money for three and a half"),
        pytest.param(200, market(BUY, 6), 2, Reason.INSUFFICIENT_FUNDS, id="by amount, no money at all after a whole maker"),
        pytest.param(99, market(BUY, 6), 0, Reason.INSUFFICIENT_FUNDS, id="by amount, money for none"),
        pytest.param(350, market(BUY, funds=500), 3, Reason.INSUFFICIENT_FUNDS, id="funds beyond the money"),
        pytest.param(350, market(BUY, funds=320), 3, Reason.FILLED, id="funds within the money"),
        pytest.param(60, market(BUY, funds=70), 0, Reason.FILLED, id="neither buys one: the funds decide"),
        pytest.param(300, market(BUY, funds=350), 3, Reason.FILLED, id="both run out: the funds decide"),
    ],
)
def test_a_market_buy_spends_what_is_there(venue: Venue, usd: int, taker: dict[str, int], filled: int, reason: Reason) -> None:
    fill_book(venue, ASKS)
    venue.leave_only(ALICE, USD, usd)
    outcome = venue.place(ALICE, **taker)
    assert (outcome.status, outcome.filled, outcome.total) == (OrderStatus.DONE, filled, filled * 100)
    assert [done.reason for done in venue.only(OrderDone) if done.order_id == 5] == [reason]
    assert venue.balances(ALICE) == [(RICH + filled, 0), (usd - 100 * filled, 0)]


@pytest.mark.parametrize(
    ("gem", "amount", "filled", "reason"),
    [
        pytest.param(9, 6, 6, Reason.FILLED, id="enough"),
        pytest.param(3, 6, 3, Reason.INSUFFICIENT_FUNDS, id="goods for three"),
        pytest.param(2, 6, 2, Reason.INSUFFICIENT_FUNDS, id="goods for one whole maker"),
    ],
)
def test_a_market_sell_sells_what_is_there(venue: Venue, gem: int, amount: int, filled: int, reason: Reason) -> None:
    fill_book(venue, BIDS)
    venue.leave_only(ALICE, GEM, gem)
    outcome = venue.place(ALICE, **market(SELL, amount))
    assert outcome.filled == filled
    assert venue.only(OrderDone)[-1] == OrderDone(5, ALICE, GEM_USD, SELL, reason, amount - filled, filled)


def test_a_taker_without_money_leaves_an_untouched_level_alone(venue: Venue) -> None:
    fill_book(venue, ASKS)
    venue.leave_only(ALICE, USD, 50)
    venue.place(ALICE, **market(BUY, 1))
    assert venue.story() == ["accepted 5", "done 5 INSUFFICIENT_FUNDS"]


def test_a_level_that_was_changed_before_the_money_ran_out_is_told(venue: Venue) -> None:
    fill_book(venue, ASKS)
    venue.leave_only(ALICE, USD, 601)
    venue.place(ALICE, **market(BUY, 9))
    assert venue.story()[-3:] == ["done 3 FILLED", "SELL 100 gone", "done 5 INSUFFICIENT_FUNDS"]


def test_an_order_over_funds_shows_no_remaining(venue: Venue) -> None:
    venue.sell(BOB, 5, 10)
    venue.place(ALICE, **market(BUY, funds=30))
    (trade,) = venue.only(TradeExecuted)
    assert (trade.amount, trade.maker_remaining, trade.taker_remaining) == (3, 2, 0)
    assert venue.only(OrderDone) == [OrderDone(2, ALICE, GEM_USD, BUY, Reason.FILLED, 0, 3)]


def test_an_order_over_funds_never_fills_more_than_a_u64_can_say(venue: Venue) -> None:
    venue.do("set_market_limits", GEM_USD, 1, 2, 1, 2**63, 0)
    venue.deposit(BOB, GEM, 2**70)
    venue.deposit(ALICE, USD, 2**70)
    for amount, price in ((2**63, 1), (2**63 - 1, 1), (5, 2)):
        venue.sell(BOB, amount, price)
    outcome = venue.place(ALICE, **market(BUY, funds=2**70))
    assert (outcome.filled, outcome.count, outcome.total) == (U64_MAX, 2, U64_MAX)
    assert venue.story()[-2:] == ["SELL 1 gone", "done 4 INSUFFICIENT_FUNDS"]


def test_makers_keep_their_place_after_a_partial_fill(venue: Venue) -> None:
    venue.sell(BOB, 5, 10)
    venue.sell(CAROL, 5, 10)
    venue.buy(ALICE, 1, 10)
    venue.buy(ALICE, 5, 10)
    assert [trade.maker_order for trade in venue.only(TradeExecuted)] == [1, 2]
    order: Any = venue.engine.order(2)
    assert (order.filled, order.remaining, order.amount) == (1, 4, 5)


def test_a_maker_that_filled_in_two_commands_tells_its_whole_life(venue: Venue) -> None:
    venue.sell(BOB, 5, 10)
    venue.buy(ALICE, 2, 10)
    venue.buy(CAROL, 3, 10)
    assert venue.only(OrderDone)[0] == OrderDone(1, BOB, GEM_USD, SELL, Reason.FILLED, 0, 5)


def test_trade_ids_are_counted_over_all_markets(venue: Venue) -> None:
    venue.trade_at(10)
    venue.trade_at(20, market=OIL_USD)
    assert venue.engine.next_trade_id == 3
    assert [venue.engine.market(number).last_price for number in (GEM_USD, OIL_USD)] == [10, 20]


def test_trade_times_rise_by_at_least_one_over_all_markets(venue: Venue) -> None:
    fill_book(venue, ASKS)
    venue.buy(ALICE, 6, 100)
    assert [trade.time for trade in venue.only(TradeExecuted)] == [NOON, NOON + 1]
    venue.sell(BOB, 1, 100, market=OIL_USD)
    venue.buy(ALICE, 1, 100, market=OIL_USD)
    assert [trade.time for trade in venue.only(TradeExecuted)] == [NOON + 2]
    venue.now += 100
    venue.buy(ALICE, 1, 101)
    assert [trade.time for trade in venue.only(TradeExecuted)] == [NOON + 100]


def test_what_a_command_brought_the_next_one_may_spend(venue: Venue) -> None:
    venue.deposit(DAVE, GEM, 5)
    venue.buy(BOB, 5, 10)
    venue.place(DAVE, **market(SELL, 5))
    assert venue.balances(DAVE) == [(0, 0), (50, 0)]
    venue.sell(BOB, 5, 10)
    venue.place(DAVE, **market(BUY, 5))
    assert venue.balances(DAVE) == [(5, 0), (0, 0)]


def test_the_largest_total_of_all(venue: Venue) -> None:
    """price x amount is exactly 2^96 atoms."""
    venue.do("set_market_limits", GEM_USD, 1, 2**33, 1, 2**63, MAX_ATOMS)
    venue.leave_only(ALICE, USD, 0)
    venue.deposit(ALICE, USD, MAX_ATOMS)
    venue.deposit(BOB, GEM, 2**63)
    venue.sell(BOB, 2**63, 2**33)
    assert venue.buy(ALICE, 2**63, 2**33) == Outcome(
        seq=venue.engine.seq, id=2, status=OrderStatus.DONE, filled=2**63, count=1, total=MAX_ATOMS
    )
    assert venue.balances(ALICE) == [(RICH + 2**63, 0), (0, 0)]
