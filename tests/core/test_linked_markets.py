"""Linked markets: one coin, several currencies. GEM in USD and in OIL, which here is money too; prices and amounts in whole atoms."""

from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from tests.core.linked_scenarios import link
from tests.core.venue import ALICE, BOB, CAROL, DAVE, GEM, GEM_OIL, GEM_USD, NOON, OIL, RICH, USD, Venue
from tests.twin.events import ConvertedTradeExecuted, TradeExecuted
from tests.twin.words import CONVERSION, FEES, POST_ONLY, PPM, RATE_ONE, WORLD, Code, OrderStatus, Reason, SelfTrade, Side, Tif, Type

IN_OIL = {"market": GEM_OIL}
IOC, FOK = {"tif": Tif.IOC}, {"tif": Tif.FOK}
HALF = RATE_ONE // 2


def trades(venue: Venue) -> list[tuple[int, int, int, int]]:
    """(maker's order, amount, price and total as the taker's market sees them), of the last command."""
    return [
        (trade.maker_order, trade.amount, trade.price, trade.total)
        for trade in venue.only(TradeExecuted) + venue.only(ConvertedTradeExecuted)
    ]


def conversion_account(venue: Venue) -> tuple[int, int]:
    """(USD, OIL)"""
    return venue.engine.balance(CONVERSION, USD)[0], venue.engine.balance(CONVERSION, OIL)[0]


@pytest.mark.parametrize(
    ("side", "resting", "limit", "rate", "fee_ppm", "amount", "price", "total"),
    [
        pytest.param(Side.BUY, 10, 25, 2 * RATE_ONE, 0, 5, 20, 100, id="buyer pays the converted price"),
        pytest.param(Side.BUY, 3, 9, RATE_ONE + HALF, 0, 3, 5, 14, id="buyer's price and total are rounded up, each once"),
        pytest.param(Side.BUY, 3, 9, RATE_ONE + HALF, 0, 2, 5, 9, id="a whole total is not rounded"),
        pytest.param(Side.BUY, 10, 25, 2 * RATE_ONE, 100_000, 5, 22, 110, id="buyer pays the conversion fee"),
        pytest.param(Side.SELL, 10, 1, 2 * RATE_ONE, 0, 5, 20, 100, id="seller gets the converted price"),
        pytest.param(Side.SELL, 3, 1, RATE_ONE + HALF, 0, 3, 4, 13, id="seller's price and total are rounded down, each once"),
        pytest.param(Side.SELL, 11, 1, 2 * RATE_ONE, 100_000, 5, 20, 100, id="seller pays the conversion fee"),
        pytest.param(Side.BUY, 9, 9, RATE_ONE // 3, 0, 7, 3, 21, id="a rate that is no round number"),
    ],
)
def test_a_trade_across_currencies(
    venue: Venue, side: int, resting: int, limit: int, rate: int, fee_ppm: int, amount: int, price: int, total: int
) -> None:
    link(venue, rate, fee_ppm)
    before = conversion_account(venue)
    venue.place(BOB, 1 - side, amount=amount, price=resting, **IN_OIL)
    assert venue.place(ALICE, side, amount=amount, price=limit).total == total
    assert trades(venue) == [(1, amount, price, total)]
    (trade,) = venue.only(ConvertedTradeExecuted)
    assert (trade.market, trade.resting_market, trade.resting_price, trade.resting_total) == (GEM_USD, GEM_OIL, resting, resting * amount)
    sign = 1 if side == Side.BUY else -1
    assert venue.balances(ALICE, (GEM, USD, OIL)) == [(RICH + sign * amount, 0), (RICH - sign * total, 0), (RICH, 0)]
    assert venue.balances(BOB, (GEM, USD, OIL)) == [(RICH - sign * amount, 0), (RICH, 0), (RICH + sign * resting * amount, 0)]
    assert conversion_account(venue) == (before[0] + sign * total, before[1] - sign * resting * amount)


def test_fees_are_taken_of_what_each_side_receives(venue: Venue) -> None:
    venue.do("set_market_fees", GEM_USD, 0, 100_000)
    venue.do("set_market_fees", GEM_OIL, 250_000, 0)
    link(venue)
    venue.sell(BOB, 10, 10, **IN_OIL)
    venue.buy(ALICE, 10, 20)
    (trade,) = venue.only(ConvertedTradeExecuted)
    assert (trade.maker_fee, trade.taker_fee) == (25, 1)  # OIL of 100, GEM of 10
    assert venue.entries() == [
        (ALICE, USD, -200, 0),
        (ALICE, GEM, 9, 0),
        (BOB, GEM, 0, -10),
        (BOB, OIL, 75, 0),
        (CONVERSION, USD, 200, 0),
        (CONVERSION, OIL, -100, 0),
        (FEES, GEM, 1, 0),
        (FEES, OIL, 25, 0),
    ]


def test_the_worked_example_of_the_page(new_engine: Any) -> None:
    """docs/explanation/one-coin-many-currencies.md, with the scales of the default venue."""
    venue = Venue(new_engine())
    for code in ("BTC", "USD", "EUR"):
        venue.do("create_asset", code, 16, 8)
    cents = 10**16
    for quote, decimals in ((1, 3), (2, 5)):
        limits = {"max_price": 10_000 * 10**decimals, "max_amount": 10**14}
        venue.create_market(0, quote, price_scale=decimals, amount_scale=8, maker_ppm=2_000, taker_ppm=2_000, **limits)
    alice, bob = venue.do("open_account").id, venue.do("open_account").id
    for account, asset in ((alice, 2), (bob, 0), (CONVERSION, 1)):
        venue.deposit(account, asset, 100 * cents)
    venue.do("create_linked_group", 0, 1, 2_500, 0)
    for market in (0, 1):
        venue.do("link_market", 0, market)
    venue.do("set_conversion_rates", 0, [(2, 1_085 * 10**9)])
    venue.sell(bob, 5 * 10**7, 5_560, market=0)
    venue.buy(alice, 5 * 10**7, 520_000, market=1)
    (trade,) = venue.only(ConvertedTradeExecuted)
    assert (trade.price, trade.total) == (513_724, 25_686_175_115_207_374)
    assert (trade.resting_price, trade.resting_total) == (5_560, 27_800_000_000_000_000)
    assert venue.balances(alice, (0, 2)) == [(4_990_000_000_000_000, 0), (100 * cents - trade.total, 0)]
    assert venue.engine.balance(bob, 1) == (27_744_400_000_000_000, 0)
    assert [venue.engine.balance(FEES, asset)[0] for asset in (0, 1)] == [10_000_000_000_000, 55_600_000_000_000]
    assert venue.engine.balance(CONVERSION, 2)[0] == trade.total
    gained = Fraction(trade.total * 1_085, 1_000) - trade.resting_total
    assert 0 <= gained - Fraction(trade.resting_total * 2_500, PPM) < 2


def test_the_events_of_a_trade(venue: Venue) -> None:
    link(venue)
    venue.sell(BOB, 5, 10, **IN_OIL)
    venue.buy(ALICE, 3, 20)
    (level,) = [line for line in venue.story() if line.startswith("SELL")]
    assert level == "SELL 10 has 2 in 1"
    assert (venue.engine.market(GEM_USD).last_price, venue.engine.market(GEM_OIL).last_price) == (20, 10)


def test_books_are_walked_by_effective_price_own_currency_first_then_by_age(venue: Venue) -> None:
    link(venue)
    venue.do("create_asset", "YEN", 0, 0)
    venue.create_market(GEM, 3)
    venue.do("link_market", 0, 3)
    venue.do("set_conversion_rates", 0, [(3, RATE_ONE)])
    venue.transfer(WORLD, CONVERSION, 3, 10**9)
    asks: tuple[tuple[int, dict[str, int]], ...] = (
        (20, {"market": 3}),
        (10, IN_OIL),
        (20, {}),
        (20, {"market": 3}),
        (9, IN_OIL),
        (10, IN_OIL),
        (21, {}),
    )
    for price, market in asks:
        venue.sell(BOB, 1, price, **market)
    venue.buy(ALICE, 9, 30)
    found = sorted(venue.only(TradeExecuted) + venue.only(ConvertedTradeExecuted), key=lambda trade: trade.trade_id)
    assert [(trade.maker_order, trade.price) for trade in found] == [(5, 18), (3, 20), (1, 20), (2, 20), (4, 20), (6, 20), (7, 21)]
    assert venue.engine.open_orders(ALICE)[0].remaining == 2


@pytest.mark.parametrize(
    ("limit", "amount"),
    [pytest.param(19, 0, id="one short of the effective price"), pytest.param(20, 5, id="at it"), pytest.param(21, 5, id="beyond it")],
)
def test_a_limit_is_never_violated(venue: Venue, limit: int, amount: int) -> None:
    link(venue)
    venue.sell(BOB, 5, 10, **IN_OIL)
    assert venue.buy(ALICE, 5, limit).filled == amount


@pytest.mark.parametrize(("rate", "fee_ppm"), [(RATE_ONE // 3, 0), (RATE_ONE * 7 // 3, 2_500), (RATE_ONE, PPM), (RATE_ONE + 1, 1)])
def test_a_bid_and_an_ask_cross_seen_from_either_side_or_from_neither(new_engine: Any, rate: int, fee_ppm: int) -> None:
    crossing = []
    for bid, ask in product(range(1, 12), repeat=2):
        seen = set()
        for first, second in (("buy", "sell"), ("sell", "buy")):
            venue = Venue.furnished(new_engine())
            link(venue, rate, fee_ppm)
            for side in (first, second):
                price, more = (bid, {}) if side == "buy" else (ask, IN_OIL)
                outcome = getattr(venue, side)(ALICE if side == "buy" else BOB, 1, price, **more)
            seen.add(outcome.filled)
        assert len(seen) == 1
        crossing.append(seen == {1})
        assert crossing[-1] == (ask * Fraction(rate * (PPM + fee_ppm), RATE_ONE * PPM) <= bid)
    assert {True, False} == set(crossing)


# --- the conversion account ----------------------------------------------------------------------------------------------


def test_what_the_conversion_account_cannot_pay_limits_the_amount_and_ends_that_book(venue: Venue) -> None:
    link(venue, funds=0)
    venue.transfer(WORLD, CONVERSION, OIL, 35)
    venue.sell(BOB, 9, 10, **IN_OIL)
    venue.sell(CAROL, 9, 30)
    venue.buy(ALICE, 5, 40)
    assert trades(venue) == [(2, 2, 30, 60), (1, 3, 20, 60)]  # three for 30 of the 35 OIL, the others at home
    assert conversion_account(venue) == (60, 5)


def test_the_conversion_account_pays_a_seller_of_another_currency(venue: Venue) -> None:
    link(venue, funds=0)
    venue.transfer(WORLD, CONVERSION, USD, 50)
    venue.buy(BOB, 9, 10, **IN_OIL)
    assert venue.sell(ALICE, 9, 1).filled == 2
    assert conversion_account(venue) == (10, 20)
    assert venue.engine.open_orders(ALICE)[0].remaining == 7


def test_an_empty_conversion_account_leaves_the_books_apart(venue: Venue) -> None:
    link(venue, funds=0)
    venue.sell(BOB, 5, 10, **IN_OIL)
    assert venue.buy(ALICE, 5, 20, flags=POST_ONLY).status == OrderStatus.RESTING
    assert venue.buy(CAROL, 5, 20, **IOC).filled == 0


@pytest.mark.parametrize(
    "apart",
    [
        pytest.param([("set_conversion_rates", 0, [(OIL, 0)])], id="no rate"),
        pytest.param([("set_linked_group_terms", 0, 0, 5)], id="rates too old"),
        pytest.param([("set_market_status", GEM_OIL, 1)], id="the other market halted"),
        pytest.param([("unlink_market", GEM_OIL)], id="the other market unlinked"),
        pytest.param([("unlink_market", GEM_USD)], id="the own market unlinked"),
        pytest.param([("set_market_limits", GEM_USD, 1, 19, 1, 100, 0)], id="beyond the own market's highest price"),
        pytest.param([("set_market_limits", GEM_USD, 21, 99, 1, 100, 0)], id="below the own market's lowest price"),
        pytest.param([("set_linked_group_terms", 0, 1, 0)], id="too dear with the fee"),
    ],
)
def test_what_keeps_books_apart(venue: Venue, apart: list[tuple[Any, ...]]) -> None:
    link(venue)
    venue.sell(BOB, 5, 10, **IN_OIL)
    for command in apart:
        assert venue.do(*command).code == Code.OK
    venue.now = NOON + 6
    limit = (
        {"price": 20}
        if venue.engine.market(GEM_USD).max_price >= 20 >= venue.engine.market(GEM_USD).min_price
        else {"price": 0, "type": Type.MARKET}
    )
    assert venue.buy(ALICE, 5, **{**limit, **IOC}).filled == 0


def test_a_rate_is_current_up_to_its_greatest_age(venue: Venue) -> None:
    link(venue, max_age=5)
    venue.sell(BOB, 5, 10, **IN_OIL)
    venue.now = NOON + 5
    assert venue.buy(ALICE, 1, 20).filled == 1
    venue.now = NOON + 6
    assert venue.buy(ALICE, 1, 20).filled == 0
    venue.do("set_conversion_rates", 0, [(OIL, 2 * RATE_ONE)])
    assert venue.buy(CAROL, 1, 20).filled == 1


def test_orders_that_have_come_to_cross_rest_until_one_is_a_taker(venue: Venue) -> None:
    link(venue)
    venue.sell(BOB, 5, 10, **IN_OIL)
    venue.buy(ALICE, 5, 15)
    venue.do("set_conversion_rates", 0, [(OIL, RATE_ONE)])
    assert [type(event).__name__ for event in venue.events] == ["CommandApplied", "ConversionRateSet"]
    assert venue.engine.open_order_count(ALICE) == 1
    venue.do("replace_order", ALICE, 2, 15, 6)
    assert trades(venue) == [(1, 5, 10, 50)]


# --- kinds of orders -----------------------------------------------------------------------------------------------------


def test_post_only_looks_at_all_books(venue: Venue) -> None:
    link(venue)
    venue.sell(BOB, 5, 10, **IN_OIL)
    assert venue.buy(ALICE, 5, 20, flags=POST_ONLY).code == Code.WOULD_CROSS
    assert venue.buy(ALICE, 5, 19, flags=POST_ONLY).status == OrderStatus.RESTING
    assert venue.do("replace_order", ALICE, 2, 20).code == Code.WOULD_CROSS


@pytest.mark.parametrize(("amount", "code"), [(9, Code.OK), (10, Code.FILL_OR_KILL_UNFILLABLE)])
def test_fill_or_kill_counts_all_books(venue: Venue, amount: int, code: Code) -> None:
    link(venue)
    venue.sell(BOB, 5, 10, **IN_OIL)
    venue.sell(CAROL, 4, 19)
    venue.sell(CAROL, 4, 21)
    assert venue.buy(ALICE, amount, 20, **FOK).code == code


def test_fill_or_kill_counts_what_the_conversion_account_can_pay(venue: Venue) -> None:
    link(venue, funds=0)
    venue.transfer(WORLD, CONVERSION, OIL, 35)
    venue.sell(BOB, 5, 10, **IN_OIL)
    assert venue.buy(ALICE, 4, 20, **FOK).code == Code.FILL_OR_KILL_UNFILLABLE
    assert venue.buy(ALICE, 3, 20, **FOK).filled == 3


def test_a_market_order_spends_its_funds_across_books(venue: Venue) -> None:
    link(venue)
    venue.sell(BOB, 2, 10, **IN_OIL)
    venue.sell(CAROL, 9, 21)
    outcome = venue.buy(ALICE, type=Type.MARKET, funds=85)
    assert (outcome.filled, outcome.total) == (4, 82)
    assert venue.story()[-1] == "done 3 FILLED"


def test_funds_that_cannot_buy_one_unit_at_the_converted_price_are_spent(venue: Venue) -> None:
    link(venue)
    venue.sell(BOB, 2, 10, **IN_OIL)
    assert venue.buy(ALICE, type=Type.MARKET, funds=39).filled == 1
    assert venue.story()[-1] == "done 2 FILLED"


@pytest.mark.parametrize(("side", "has"), [(Side.BUY, (USD, 45)), (Side.SELL, (GEM, 2))])
def test_a_market_order_pays_no_more_than_is_there(venue: Venue, side: int, has: tuple[int, int]) -> None:
    link(venue)
    venue.place(BOB, 1 - side, amount=5, price=10, **IN_OIL)
    venue.deposit(DAVE, *has)
    assert venue.place(DAVE, side, amount=5, type=Type.MARKET).filled == 2
    assert venue.story()[-1] == f"done 2 {Reason.INSUFFICIENT_FUNDS.name}"


@pytest.mark.parametrize(
    ("mode", "story"),
    [
        (SelfTrade.CANCEL_NEWEST, ["accepted 3", "done 3 SELF_TRADE"]),
        (
            SelfTrade.CANCEL_OLDEST,
            ["accepted 3", "done 1 SELF_TRADE", "SELL 10 gone", "trade", "done 2 FILLED", "SELL 11 gone", "done 3 FILLED"],
        ),
        (SelfTrade.CANCEL_BOTH, ["accepted 3", "done 1 SELF_TRADE", "SELL 10 gone", "done 3 SELF_TRADE"]),
        (SelfTrade.ALLOW, ["accepted 3", "trade", "done 1 FILLED", "SELL 10 gone", "done 3 FILLED"]),
    ],
)
def test_an_order_that_meets_its_own_account_in_another_market(venue: Venue, mode: int, story: list[str]) -> None:
    link(venue)
    venue.sell(ALICE, 1, 10, **IN_OIL)
    venue.sell(BOB, 1, 11, **IN_OIL)
    venue.buy(ALICE, 1, 30, self_trade=mode)
    assert ["trade" if line.startswith("trade") else line for line in venue.story()] == story


def test_a_converted_trade_sets_off_the_stops_of_both_markets_the_own_first(venue: Venue) -> None:
    link(venue)
    venue.buy(CAROL, 1, 11, type=Type.STOP_LIMIT, stop_price=10, **IN_OIL)
    venue.buy(CAROL, 1, 22, type=Type.STOP_LIMIT, stop_price=20)
    venue.sell(BOB, 9, 10, **IN_OIL)
    venue.buy(ALICE, 1, 20)
    triggered = [line for line in venue.story() if line.startswith("triggered")]
    assert triggered == ["triggered 2 at 20", "triggered 1 at 10"]
    assert venue.engine.open_order_count(CAROL) == 0


def test_cancels_expiry_and_the_dead_mans_switch_work_as_without_a_group(venue: Venue) -> None:
    link(venue)
    venue.sell(ALICE, 1, 10, **IN_OIL, tif=Tif.GTD, expire_at=NOON + 3)
    venue.sell(ALICE, 1, 10, **IN_OIL)
    venue.buy(ALICE, 1, 10)
    venue.do("set_cancel_after", ALICE, NOON + 5)
    venue.now = NOON + 4
    assert venue.do("advance_time").count == 1
    venue.now = NOON + 5
    assert venue.do("advance_time").count == 2
    assert venue.balances(ALICE, (GEM, USD, OIL)) == [(RICH, 0)] * 3


def test_other_markets_know_nothing_of_a_group(venue: Venue) -> None:
    link(venue)
    venue.sell(BOB, 1, 10, **IN_OIL)
    venue.buy(ALICE, 1, 1, market=1)
    assert venue.engine.linked_group_of(1) is None
    assert venue.engine.converted_depth(1, 0) == ([(1, 1)], [])


# --- the converted book --------------------------------------------------------------------------------------------------


def test_the_converted_book_adds_up_what_a_taker_could_take(venue: Venue) -> None:
    link(venue, fee_ppm=100_000)
    for price in (10, 11):
        venue.sell(BOB, 5, price, **IN_OIL)
    venue.sell(CAROL, 3, 22)
    venue.sell(CAROL, 3, 23)
    venue.buy(BOB, 4, 9, **IN_OIL)
    venue.buy(CAROL, 2, 16)
    assert venue.engine.converted_depth(GEM_USD, 0) == ([(16, 6)], [(22, 8), (23, 3), (25, 5)])
    assert venue.engine.converted_depth(GEM_USD, 2) == ([(16, 6)], [(22, 8), (23, 3)])
    assert venue.engine.converted_depth(GEM_OIL, 0) == ([(9, 4), (7, 2)], [(10, 5), (11, 5), (13, 6)])


def test_the_converted_book_ends_where_the_conversion_account_does(venue: Venue) -> None:
    link(venue, funds=0)
    venue.transfer(WORLD, CONVERSION, OIL, 35)
    for price in (10, 11):
        venue.sell(BOB, 3, price, **IN_OIL)
    assert venue.engine.converted_depth(GEM_USD, 0) == ([], [(20, 3)])


# --- restart -------------------------------------------------------------------------------------------------------------


def test_a_restored_group_goes_on_as_before(venue: Venue) -> None:
    link(venue, rate=RATE_ONE * 3 // 2, fee_ppm=1_000, max_age=9)
    venue.sell(BOB, 5, 10, **IN_OIL)
    restored = type(venue.engine).restore(venue.engine.snapshot())
    assert restored.snapshot() == venue.engine.snapshot()
    assert restored.converted_depth(GEM_USD, 0) == venue.engine.converted_depth(GEM_USD, 0) == ([], [(16, 5)])


def test_a_group_alone_changes_the_canonical_state(venue: Venue) -> None:
    before = venue.engine.snapshot()
    venue.do("create_linked_group", GEM, USD, 0, 0)
    after = venue.engine.snapshot()
    assert after[8:].startswith(before[8:])  # all but seq
    assert after[len(before) :] == bytes(4) + b"\x01\x00" + bytes([GEM, 0, USD, 0]) + bytes(4 + 8 + 2 + 2)
