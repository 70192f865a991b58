"""Self-trade modes: 1 allow, 2 cancel-newest, 3 cancel-oldest, 4 cancel-both; 0 asks the market."""

from collections.abc import Callable

import pytest

from cambist._core import Engine
from tests.core.venue import ALICE, BOB, GEM, GEM_USD, RICH, USD, Venue
from tests.twin import Twin
from tests.twin.events import OrderDone, TradeExecuted
from tests.twin.words import OrderStatus, Reason, Type

ALLOW, NEWEST, OLDEST, BOTH = 1, 2, 3, 4


def book(venue: Venue) -> None:
    """Bob's 2 at 10, Alice's 3 behind them, Bob's 4 at 10, Alice's 1 at 11, Bob's 5 at 11."""
    for account, amount, price in ((BOB, 2, 10), (ALICE, 3, 10), (BOB, 4, 10), (ALICE, 1, 11), (BOB, 5, 11)):
        venue.sell(account, amount, price)


@pytest.mark.parametrize(
    ("mode", "amount", "price", "story"),
    [
        pytest.param(
            ALLOW,
            4,
            10,
            ["accepted 6", "trade 2 at 10: 6 takes 1", "done 1 FILLED", "trade 2 at 10: 6 takes 2", "SELL 10 has 5 in 2", "done 6 FILLED"],
            id="allow: like anybody",
        ),
        pytest.param(
            NEWEST,
            4,
            10,
            ["accepted 6", "trade 2 at 10: 6 takes 1", "done 1 FILLED", "SELL 10 has 7 in 2", "done 6 SELF_TRADE"],
            id="cancel-newest: the taker stops, and does not rest",
        ),
        pytest.param(
            OLDEST,
            4,
            10,
            [
                "accepted 6",
                "trade 2 at 10: 6 takes 1",
                "done 1 FILLED",
                "done 2 SELF_TRADE",
                "trade 2 at 10: 6 takes 3",
                "SELL 10 has 2 in 1",
                "done 6 FILLED",
            ],
            id="cancel-oldest: the resting one goes, the taker goes on",
        ),
        pytest.param(
            OLDEST,
            20,
            11,
            [
                "accepted 6",
                "trade 2 at 10: 6 takes 1",
                "done 1 FILLED",
                "done 2 SELF_TRADE",
                "trade 4 at 10: 6 takes 3",
                "done 3 FILLED",
                "SELL 10 gone",
                "done 4 SELF_TRADE",
                "trade 5 at 11: 6 takes 5",
                "done 5 FILLED",
                "SELL 11 gone",
                "BUY 11 has 9 in 1",
            ],
            id="cancel-oldest: and rests with what is left",
        ),
        pytest.param(
            BOTH,
            4,
            10,
            ["accepted 6", "trade 2 at 10: 6 takes 1", "done 1 FILLED", "done 2 SELF_TRADE", "SELL 10 has 4 in 1", "done 6 SELF_TRADE"],
            id="cancel-both",
        ),
        pytest.param(
            NEWEST,
            2,
            10,
            ["accepted 6", "trade 2 at 10: 6 takes 1", "done 1 FILLED", "SELL 10 has 7 in 2", "done 6 FILLED"],
            id="filled before it meets itself",
        ),
        pytest.param(BOTH, 5, 9, ["accepted 6", "BUY 9 has 5 in 1"], id="nothing crosses, nothing is cancelled"),
    ],
)
def test_modes(venue: Venue, mode: int, amount: int, price: int, story: list[str]) -> None:
    book(venue)
    venue.buy(ALICE, amount, price, self_trade=mode)
    assert venue.story() == story


@pytest.mark.parametrize(
    ("mode", "story"),
    [
        pytest.param(NEWEST, ["accepted 2", "done 2 SELF_TRADE"], id="cancel-newest leaves the level unchanged and unmentioned"),
        pytest.param(OLDEST, ["accepted 2", "done 1 SELF_TRADE", "SELL 10 gone", "BUY 10 has 5 in 1"], id="cancel-oldest empties it"),
        pytest.param(BOTH, ["accepted 2", "done 1 SELF_TRADE", "SELL 10 gone", "done 2 SELF_TRADE"], id="cancel-both empties it"),
    ],
)
def test_meeting_nobody_but_oneself(venue: Venue, mode: int, story: list[str]) -> None:
    venue.sell(ALICE, 3, 10)
    venue.buy(ALICE, 5, 10, self_trade=mode)
    assert venue.story() == story


def test_the_cancelled_one_gets_its_hold_back_before_the_taker_goes_on(venue: Venue) -> None:
    venue.buy(ALICE, 3, 10)
    venue.sell(ALICE, 3, 10, self_trade=OLDEST)
    done, release, level = venue.events[2:5]
    assert done == OrderDone(1, ALICE, GEM_USD, 0, Reason.SELF_TRADE, 3, 0)
    assert type(release).__name__ == "BalanceChanged"
    assert venue.entries() == [(ALICE, USD, 30, -30), (ALICE, GEM, -3, 3)]
    assert type(level).__name__ == "BookLevelChanged"


@pytest.mark.parametrize(
    ("maker", "taker", "trades"),
    [
        pytest.param((0, 9, 10), {"side": 1, "amount": 9}, [2, "INSUFFICIENT_FUNDS"], id="a market sell: the two GEM that were there"),
        pytest.param((1, 2, 10), {"side": 0, "amount": 2}, [2, "FILLED"], id="a market buy with money for all"),
        pytest.param((1, 9, 10), {"side": 0, "amount": 9}, [5, "INSUFFICIENT_FUNDS"], id="a market buy: the 50 USD that were there"),
        pytest.param((1, 9, 10), {"side": 0, "funds": 90}, [5, "INSUFFICIENT_FUNDS"], id="by funds that were not there"),
    ],
)
def test_what_an_allowed_self_trade_brings_back_is_not_paid_again(
    venue: Venue, maker: tuple[int, int, int], taker: dict[str, int], trades: list[object]
) -> None:
    """Else one coin would pay for as many trades as the order has units."""
    side, amount, price = maker
    venue.place(ALICE, side, amount=amount, price=price)
    venue.leave_only(ALICE, GEM, 2)
    venue.leave_only(ALICE, USD, 50)
    venue.place(ALICE, type=Type.MARKET, self_trade=ALLOW, **taker)
    done = venue.only(OrderDone)[-1]
    assert [*(trade.amount for trade in venue.only(TradeExecuted)), Reason(done.reason).name] == trades


@pytest.mark.parametrize(
    ("markets_mode", "orders_mode", "trades"),
    [
        pytest.param(0, 0, 1, id="market 0 is allow"),
        pytest.param(ALLOW, 0, 1, id="market allows"),
        pytest.param(NEWEST, 0, 0, id="market forbids"),
        pytest.param(NEWEST, ALLOW, 1, id="the order's own mode wins: allow"),
        pytest.param(ALLOW, NEWEST, 0, id="the order's own mode wins: cancel-newest"),
    ],
)
def test_whose_mode(new_engine: Callable[[], Engine | Twin], markets_mode: int, orders_mode: int, trades: int) -> None:
    venue = Venue.furnished(new_engine(), self_trade=markets_mode)
    venue.sell(ALICE, 1, 10, self_trade=NEWEST)  # the resting order's mode is of no interest
    venue.buy(ALICE, 1, 10, self_trade=orders_mode)
    assert len(venue.only(TradeExecuted)) == trades


def test_allowed_self_trade_moves_between_the_accounts_own_pockets_and_pays_fees_on_both_sides(venue: Venue) -> None:
    venue.do("set_account_fees", ALICE, 100_000, 200_000)
    venue.sell(ALICE, 10, 50)
    venue.buy(ALICE, 10, 50, self_trade=ALLOW)
    assert venue.balances(ALICE) == [(RICH - 2, 0), (RICH - 50, 0)]
    assert venue.entries() == [
        (ALICE, USD, -500, 0),
        (ALICE, GEM, 8, 0),
        (ALICE, GEM, 0, -10),
        (ALICE, USD, 450, 0),
        (1, GEM, 2, 0),
        (1, USD, 50, 0),
    ]


@pytest.mark.parametrize("mode", [NEWEST, BOTH])
def test_an_order_over_funds_that_meets_itself(venue: Venue, mode: int) -> None:
    venue.sell(ALICE, 1, 10)
    outcome = venue.buy(ALICE, type=Type.MARKET, funds=100, self_trade=mode)
    assert outcome.status == OrderStatus.DONE
    assert venue.story()[-1] == "done 2 SELF_TRADE"


def test_filled_comes_before_self_trade(venue: Venue) -> None:
    """The taker is filled by Bob's order; Alice's own order behind it is none of its business."""
    venue.sell(BOB, 1, 10)
    venue.sell(ALICE, 1, 10)
    venue.buy(ALICE, 1, 10, self_trade=BOTH)
    assert venue.story() == ["accepted 3", "trade 1 at 10: 3 takes 1", "done 1 FILLED", "SELL 10 has 1 in 1", "done 3 FILLED"]
