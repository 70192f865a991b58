"""What the core's rules are exported by: short stories that together meet every command, rejection, ending and event.

Each begins in the furnished venue of `tests.core.venue`: three assets, three markets with prices and amounts in whole atoms, three rich
accounts and Dave, who has nothing. `tests.core.vectors` plays them on the twin and writes down what it did.
"""

from collections.abc import Callable
from itertools import product

from tests.core.venue import ALICE, BOB, CAROL, DAVE, GEM, GEM_OIL, GEM_USD, MARKET, NOON, OIL, OIL_USD, USD, Venue
from tests.twin.words import (
    ALL_MARKETS,
    BOTH_SIDES,
    MAX_ATOMS,
    NO_FEE_OVERRIDE,
    POST_ONLY,
    TAKE_PROFIT,
    TRAILS_BY_PPM,
    TRAILS_BY_PRICE,
    U64_MAX,
    WORLD,
    WORLD_MAY_OWE,
    SelfTrade,
    Side,
    Tif,
    Type,
)

FOK, IOC = {"tif": Tif.FOK}, {"tif": Tif.IOC}
LIMITS = {name: MARKET[name] for name in ("min_price", "max_price", "min_amount", "max_amount", "min_total")}
RATES = {"maker_ppm": 1_234, "taker_ppm": 333_333}


def until(time: int) -> dict[str, int]:
    return {"tif": Tif.GTD, "expire_at": NOON + time}


def setting_up(venue: Venue) -> None:
    for code, scale, display in (
        ("AB", 0, 0),
        ("ABCDEFGHIJKL", 18, 18),
        ("A", 0, 0),
        ("a1", 0, 0),
        ("GEM", 0, 0),
        ("X1", 19, 0),
        ("X1", 3, 4),
    ):
        venue.do("create_asset", code, scale, display)
    wide = {"price_scale": 6, "amount_scale": 12}
    venue.do("create_market", 4, GEM, **MARKET)
    venue.do("create_market", GEM, 4, **{**MARKET, **wide, "max_amount": 10**12})
    for base, quote, changed in (
        (GEM, USD, {}),
        (GEM, 99, {}),
        (GEM, GEM, {}),
        (USD, GEM, {"self_trade": 5}),
        (USD, GEM, {"price_scale": 1}),
        (USD, GEM, {"amount_scale": 1}),
        (USD, GEM, {"min_price": 0}),
        (USD, GEM, {"max_price": 0}),
        (USD, GEM, {"min_amount": 0}),
        (USD, GEM, {"max_amount": U64_MAX, "max_price": U64_MAX}),
        (USD, GEM, {"min_total": MAX_ATOMS + 1}),
        (USD, GEM, {"maker_ppm": 1_000_001}),
        (USD, GEM, {"taker_ppm": 1_000_001}),
        (USD, GEM, {"self_trade": 4, "maker_ppm": 1_000_000, "min_total": MAX_ATOMS}),
    ):
        venue.do("create_market", base, quote, **{**MARKET, **changed})
    for market, changed in (
        (GEM_USD, {"max_price": 20, "min_total": 7}),
        (99, {}),
        (GEM_USD, {"min_price": 21}),
        (GEM_USD, {"min_amount": 0}),
    ):
        venue.do("set_market_limits", market, **{**LIMITS, **changed})
    for market, status in ((GEM_USD, 1), (GEM_USD, 0), (GEM_USD, 2), (99, 0)):
        venue.do("set_market_status", market, status)
    for market, taker in ((GEM_USD, 7), (99, 7), (GEM_USD, 1_000_001), (GEM_USD, NO_FEE_OVERRIDE)):
        venue.do("set_market_fees", market, 5, taker)
    none = NO_FEE_OVERRIDE
    for account, maker, taker in ((ALICE, 1, 2), (99, 1, 2), (15, 1, 2), (ALICE, none, 2), (ALICE, 1, 1_000_001), (ALICE, none, none)):
        venue.do("set_account_fees", account, maker, taker)
    venue.do("set_max_open_orders", 3, meta=b"at most three")
    venue.do("open_account", meta=b"\x00" * 300)
    venue.do("note", meta=b"\xff" * 4_096)


def time_that_went_back(venue: Venue) -> None:
    venue.buy(ALICE, 5, 10)
    for command, arguments in (
        ("note", ()),
        ("open_account", ()),
        ("cancel_order", (ALICE, 1)),
        ("replace_order", (ALICE, 1, 11)),
        ("advance_time", ()),
    ):
        venue.do_at(NOON - 1, command, *arguments)
    venue.now -= 1
    venue.buy(ALICE, 5, 10)
    venue.now += 9
    venue.do("cancel_order", ALICE, 99)
    venue.do_at(NOON + 7, "note")


def orders_rejected(venue: Venue) -> None:
    venue.sell(BOB, 5, 20)
    venue.do("set_market_limits", GEM_USD, 2, 100, 2, 50, 30)
    limit = {"amount": 5, "price": 10}
    stop, market = {"type": Type.STOP_LIMIT, "stop_price": 50}, {"type": Type.MARKET, **IOC}
    by_funds = {**market, "funds": 100}
    stop_market = {"type": Type.STOP_MARKET, "stop_price": 50, **IOC}
    for account, changed in (
        (99, limit),
        (15, limit),
        (ALICE, {**limit, "market": 99}),
        *((ALICE, {**limit, name: 7}) for name in ("side", "type", "tif", "flags", "self_trade")),
        (ALICE, {**limit, "funds": 1}),
        (ALICE, {**market, "amount": 5, "price": 1}),
        (ALICE, {**market, "amount": 5, "tif": Tif.GTC}),
        (ALICE, {**market, "amount": 5, "flags": POST_ONLY}),
        (ALICE, {**by_funds, "side": Side.SELL}),
        (ALICE, {**by_funds, "amount": 5}),
        (ALICE, {**by_funds, **FOK}),
        (ALICE, {**stop_market, "amount": 5}),
        (ALICE, {**stop_market, "amount": 5, "side": Side.SELL, **FOK}),
        (ALICE, {**limit, "stop_price": 5}),
        (ALICE, {**limit, **stop, "stop_price": 0}),
        (ALICE, {**limit, **stop, "flags": POST_ONLY}),
        (ALICE, {**limit, **IOC, "flags": POST_ONLY}),
        (ALICE, {**limit, "flags": TAKE_PROFIT}),
        (ALICE, {**limit, "tif": Tif.GTD}),
        (ALICE, {**limit, "expire_at": NOON + 5}),
        (ALICE, {**limit, "price": 1}),
        (ALICE, {**limit, "price": 101}),
        (ALICE, {**limit, **stop, "stop_price": 1}),
        (ALICE, {**limit, **stop, "stop_price": 101}),
        (ALICE, {**limit, "amount": 1}),
        (ALICE, {**limit, "amount": 51}),
        (ALICE, {**by_funds, "funds": MAX_ATOMS + 1}),
        (ALICE, {**by_funds, "funds": 29}),
        (ALICE, {**limit, "price": 5}),
        (ALICE, {**limit, **until(0)}),
        (ALICE, {**limit, "price": 20, "flags": POST_ONLY}),
        (DAVE, limit),
        (DAVE, {**market, "amount": 5}),
        (DAVE, {**limit, "side": Side.SELL}),
        (DAVE, {**market, "amount": 5, "side": Side.SELL}),
        (DAVE, {**stop_market, "funds": 30}),
        (DAVE, {**stop_market, "amount": 5, "side": Side.SELL}),
        (ALICE, {**limit, "amount": 6, "price": 20, **FOK}),
        (ALICE, {**market, "amount": 6, **FOK}),
    ):
        venue.place(account, **{"side": Side.BUY, **changed})
    venue.deposit(DAVE, USD, 99)
    venue.buy(DAVE, 5, type=Type.MARKET, **FOK)
    venue.do("set_market_status", GEM_USD, 1)
    venue.buy(ALICE, 5, 10)


def too_many_orders(venue: Venue) -> None:
    venue.do("set_max_open_orders", 2)
    for market in (GEM_USD, OIL_USD, GEM_USD):
        venue.buy(ALICE, 1, 10, market=market)
    venue.buy(ALICE, 1, 10, type=Type.STOP_LIMIT, stop_price=20)
    venue.buy(ALICE, 1, 10, **IOC)
    venue.do("cancel_all", ALICE, OIL_USD)
    venue.buy(ALICE, 1, 10, type=Type.STOP_LIMIT, stop_price=20)


def client_ids(venue: Venue) -> None:
    for account, client_id in ((ALICE, 7), (ALICE, 7), (BOB, 7), (ALICE, 2**128 - 1)):
        venue.buy(account, 5, 10, client_id=client_id)
    venue.do("cancel_order", ALICE, 1)
    venue.buy(ALICE, 5, 10, client_id=7)
    venue.buy(ALICE, 5, 10, client_id=8, **IOC)
    venue.buy(ALICE, 5, 10, client_id=8)


def matching_with_fees(venue: Venue) -> None:
    venue.do("set_market_fees", GEM_USD, 1_234, 333_333)
    venue.do("set_account_fees", CAROL, 0, 1_000_000)
    for account, price, amount in ((BOB, 11, 5), (CAROL, 10, 3), (BOB, 10, 4), (CAROL, 12, 7)):
        venue.sell(account, amount, price)
    venue.do("set_market_fees", GEM_USD, 0, 0)
    venue.buy(ALICE, 2, 9)
    venue.buy(ALICE, 9, 11)
    venue.buy(CAROL, 9, 12, **IOC)
    venue.buy(ALICE, 2, 9)
    venue.sell(BOB, 3, 9, **FOK)
    venue.sell(CAROL, 9, 8)
    venue.buy(ALICE, 8, 8, flags=POST_ONLY)
    venue.buy(ALICE, 8, 7, flags=POST_ONLY, **until(5))
    venue.buy(ALICE, 1, 8, **FOK)


def market_orders(venue: Venue) -> None:
    for price, amount in ((10, 5), (11, 5), (12, 5)):
        venue.sell(BOB, amount, price)
        venue.buy(BOB, amount, price - 5)
    venue.buy(ALICE, 7, type=Type.MARKET)
    venue.sell(ALICE, 7, type=Type.MARKET)
    venue.sell(ALICE, 2, type=Type.MARKET, **FOK)
    venue.buy(ALICE, type=Type.MARKET, funds=23)
    venue.buy(ALICE, type=Type.MARKET, funds=1)
    venue.buy(ALICE, type=Type.MARKET, funds=12)
    venue.deposit(DAVE, USD, 30)
    venue.buy(DAVE, 4, type=Type.MARKET)
    venue.sell(DAVE, 9, type=Type.MARKET)
    venue.buy(DAVE, type=Type.MARKET, funds=10**9)
    venue.buy(ALICE, 99, type=Type.MARKET)
    venue.sell(ALICE, 99, type=Type.MARKET)
    venue.buy(ALICE, 1, type=Type.MARKET)


def self_trades(venue: Venue) -> None:
    """Every mode, in the order and in the market, as limit, market and fill-or-kill orders."""
    venue.do("set_market_fees", GEM_USD, 100_000, 200_000)
    markets = [GEM_USD]
    for mode in (SelfTrade.CANCEL_NEWEST, SelfTrade.CANCEL_OLDEST, SelfTrade.CANCEL_BOTH):
        base, quote = ((OIL, GEM), (USD, GEM), (USD, OIL))[mode - SelfTrade.CANCEL_NEWEST]
        markets.append(venue.create_market(base, quote, self_trade=mode).id)
    shapes: list[dict[str, int]] = [{"price": 10}, {"price": 10, **FOK}, {"type": Type.MARKET}]
    cases: list[tuple[int, int, dict[str, int]]] = [*product([GEM_USD], SelfTrade, shapes)]
    cases += product(markets[1:], [SelfTrade.MARKETS], shapes)
    for market, self_trade, shape in cases:
        venue.sell(BOB, 1, 9, market=market)
        venue.sell(ALICE, 2, 10, market=market)
        venue.sell(BOB, 2, 10, market=market)
        venue.buy(ALICE, 4, market=market, self_trade=self_trade, **shape)
        for account in (ALICE, BOB):
            venue.do("cancel_all", account)


def stops(venue: Venue) -> None:
    stop_limit, stop_market = {"type": Type.STOP_LIMIT}, {"type": Type.STOP_MARKET}
    venue.buy(ALICE, 5, 12, **stop_limit, stop_price=11)
    venue.buy(ALICE, 3, 11, **stop_limit, stop_price=11, tif=Tif.IOC)
    venue.buy(ALICE, 3, 10, **stop_limit, stop_price=12, tif=Tif.FOK)
    venue.buy(ALICE, **stop_market, stop_price=12, funds=40)
    venue.sell(BOB, 4, **stop_market, stop_price=9)
    venue.sell(BOB, 4, 7, **stop_limit, stop_price=8, **until(9))
    venue.sell(BOB, 2, 13, **stop_limit, stop_price=10)
    venue.sell(CAROL, 9, 12)
    venue.buy(CAROL, 9, 6)
    venue.trade_at(11)
    venue.trade_at(9)
    venue.trade_at(10)
    venue.buy(ALICE, 1, 12, **stop_limit, stop_price=10)
    venue.do("cancel_order", ALICE, 3)
    venue.do("cancel_all", BOB)


def stops_in_a_row(venue: Venue) -> None:
    """One trade reaches a stop whose trade reaches the next, in order of id where two are reached at once."""
    for price in (11, 12, 13, 14):
        venue.sell(BOB, 2, price)
    for price in (13, 12, 11):
        venue.buy(ALICE, 2, price + 1, type=Type.STOP_LIMIT, stop_price=price)
    venue.buy(CAROL, 1, 11)
    venue.buy(CAROL, 1, 11)
    venue.do("cancel_all", ALICE)


def stops_of_both_sides_reached_at_once(venue: Venue) -> None:
    """Before the first trade nothing is reached; that trade reaches all of them, and the oldest comes first."""
    for price in (8, 14):
        venue.buy(CAROL, 9, price // 3)
        venue.sell(CAROL, 9, price)
    venue.sell(BOB, 1, 10, type=Type.STOP_LIMIT, stop_price=12)
    venue.buy(ALICE, 1, 11, type=Type.STOP_LIMIT, stop_price=6)
    venue.sell(BOB, 2, 9, type=Type.STOP_LIMIT, stop_price=13)
    venue.buy(ALICE, 2, 10, type=Type.STOP_LIMIT, stop_price=7)
    venue.buy(BOB, 1, 8)


def stops_that_take_a_profit(venue: Venue) -> None:
    """They wait for the other direction than those that stop a loss, and both are reached in one order."""
    profit = {"type": Type.STOP_LIMIT, "flags": TAKE_PROFIT}
    venue.trade_at(10)
    venue.sell(BOB, 2, 14, **profit, stop_price=12)
    venue.buy(ALICE, 2, 6, **profit, stop_price=8)
    venue.buy(ALICE, 1, 2, type=Type.STOP_LIMIT, stop_price=12)
    venue.sell(BOB, 1, 11, type=Type.STOP_LIMIT, stop_price=8)
    venue.sell(BOB, 3, type=Type.STOP_MARKET, flags=TAKE_PROFIT, stop_price=9, **IOC)
    venue.buy(ALICE, type=Type.STOP_MARKET, flags=TAKE_PROFIT, stop_price=11, funds=30, **IOC)
    venue.sell(BOB, 5, 20, **profit, stop_price=30)
    venue.trade_at(12)
    venue.trade_at(8)
    venue.do("cancel_all", BOB)


def pairs(venue: Venue) -> None:
    """Each way in which one leg ends the other."""
    venue.trade_at(12)
    venue.sell_oco(ALICE, 5, 20, 8)
    venue.buy(BOB, 2, 20)
    venue.buy(BOB, 3, 20)
    venue.trade_at(12)
    venue.buy_oco(ALICE, 5, 10, 15, 16)
    venue.trade_at(15)
    venue.sell(BOB, 5, 16)
    venue.trade_at(12)
    first = venue.sell_oco(ALICE, 5, 20, 8, 7).id
    venue.do("cancel_order", ALICE, first)
    first = venue.buy_oco(ALICE, 5, 10, 18, 9).id
    venue.do("cancel_order", ALICE, first + 1)
    venue.sell_oco(ALICE, 5, 20, 8, flags=POST_ONLY, **until(5))
    first = venue.sell_oco(ALICE, 4, 20, 8, 7, **until(6), client_id=8, stop_client_id=9).id
    venue.now += 5
    venue.do("advance_time")
    venue.do("cancel_many", ALICE, [first + 1, first, 99])
    venue.sell_oco(ALICE, 5, 20, 8)
    venue.do("cancel_all", ALICE)
    venue.buy_oco(ALICE, 5, 10, 18, 19)
    venue.do("set_cancel_after", ALICE, venue.now + 1)
    venue.now += 1
    venue.do("advance_time")
    venue.sell(BOB, 2, 10)
    first = venue.buy_oco(ALICE, 5, 10, 18, 19, client_id=8, stop_client_id=10).id
    venue.do("cancel_order", ALICE, first)
    venue.sell_oco(ALICE, 5, 20, 16)
    venue.sell_oco(ALICE, 5, 21, 8, self_trade=SelfTrade.CANCEL_OLDEST)
    venue.buy(ALICE, 5, 22, self_trade=SelfTrade.CANCEL_BOTH)


def pairs_rejected(venue: Venue) -> None:
    venue.sell(BOB, 5, 20)
    venue.do("set_market_limits", GEM_USD, 2, 100, 2, 50, 30)
    pair = {"side": Side.BUY, "amount": 5, "price": 10, "stop_price": 15, "stop_limit_price": 16}
    sell = {**pair, "side": Side.SELL, "price": 16, "stop_limit_price": 14}
    for account, changed in (
        (99, pair),
        (15, pair),
        (ALICE, {**pair, "market": 99}),
        *((ALICE, {**pair, name: 7}) for name in ("side", "tif", "flags", "self_trade")),
        (ALICE, {**pair, "flags": TAKE_PROFIT}),
        (ALICE, {**pair, **IOC}),
        (ALICE, {**pair, "tif": Tif.GTD}),
        (ALICE, {**pair, "expire_at": NOON + 5}),
        (ALICE, {**sell, "stop_price": 0}),
        (ALICE, {**pair, "stop_limit_price": 0}),
        (ALICE, {**pair, "price": 15}),
        (ALICE, {**sell, "price": 15}),
        (ALICE, {**pair, "client_id": 7, "stop_client_id": 7}),
        (ALICE, {**pair, "price": 1}),
        (ALICE, {**sell, "price": 101}),
        (ALICE, {**pair, "stop_price": 101}),
        (ALICE, {**sell, "stop_price": 1}),
        (ALICE, {**sell, "stop_limit_price": 1}),
        (ALICE, {**pair, "stop_limit_price": 101}),
        (ALICE, {**pair, "amount": 1}),
        (ALICE, {**pair, "amount": 51}),
        (ALICE, {**pair, "price": 5}),
        (ALICE, {**sell, "stop_limit_price": 5}),
        (ALICE, {**pair, **until(0)}),
        (ALICE, {**pair, "price": 20, "stop_price": 21, "flags": POST_ONLY}),
        (DAVE, pair),
        (DAVE, sell),
    ):
        venue.oco(account, **changed)
    venue.transfer(ALICE, DAVE, USD, 79)
    venue.oco(DAVE, **pair)
    venue.transfer(ALICE, DAVE, USD, 1)
    venue.oco(DAVE, **pair, client_id=3, stop_client_id=4)
    venue.oco(DAVE, **pair, client_id=4, stop_client_id=5)
    venue.oco(DAVE, **pair, client_id=5, stop_client_id=3)
    venue.do("set_max_open_orders", 3)
    venue.oco(DAVE, **pair)
    venue.do("set_market_status", GEM_USD, 1)
    venue.oco(ALICE, **pair)
    venue.do_at(NOON - 1, "place_oco", ALICE, GEM_USD, 0, 0, 0, 0, 10, 5, 15, 16)
    deep = venue.create_market(OIL, GEM, max_amount=U64_MAX, max_price=8).id
    venue.deposit(ALICE, OIL, 2**70)
    venue.sell(ALICE, U64_MAX, 5, market=deep)
    venue.oco(ALICE, **{**sell, "market": deep, "price": 5, "stop_price": 4, "stop_limit_price": 3})


def pairs_replaced(venue: Venue) -> None:
    """Prices of both legs, amounts of neither; what the pair holds goes with the dearer one."""
    venue.trade_at(12)
    venue.leave_only(ALICE, USD, 100)
    venue.buy_oco(ALICE, 5, 10, 15, 16)
    for order_id, changes in (
        (3, {"price": 11}),
        (3, {"price": 11}),
        (3, {"amount": 4}),
        (4, {"amount": 6}),
        (3, {"price": 15}),
        (4, {"stop_price": 11}),
        (4, {"stop_price": 14}),
        (4, {"price": 20}),
        (4, {"price": 21}),
        (4, {"price": 5}),
        (3, {"price": 9}),
    ):
        venue.do("replace_order", ALICE, order_id, **changes)
    venue.sell(BOB, 2, 11)
    venue.do("replace_order", ALICE, 3, price=11)
    venue.do("replace_order", ALICE, 3, amount=7)
    venue.sell_oco(ALICE, 2, 20, 8)
    venue.do("replace_order", ALICE, 7, price=9)
    venue.do("replace_order", ALICE, 7, stop_price=13)
    venue.sell_oco(ALICE, 2, 20, 8, 7, self_trade=SelfTrade.CANCEL_NEWEST)
    venue.do("replace_order", ALICE, 8, price=11)


def trailing_stops(venue: Venue) -> None:
    """They follow the price one way and wait the other way; by ppm as far off as rounding up takes them."""
    at_market = {"type": Type.STOP_MARKET, **IOC}
    venue.trade_at(20)
    venue.trailing(ALICE, Side.SELL, 4, 1, trail=5)
    venue.trailing(ALICE, Side.SELL, 3, trail=250_001, flags=TRAILS_BY_PPM, **at_market)
    venue.trailing(ALICE, Side.SELL, 2, 40, trail=240_000, flags=TRAILS_BY_PPM)
    venue.trailing(ALICE, Side.BUY, 2, 30, trail=3, **until(9))
    venue.trailing(ALICE, Side.BUY, trail=200_000, flags=TRAILS_BY_PPM, funds=100, client_id=9, **at_market)
    venue.trailing(ALICE, Side.SELL, 1, 1, trail=4, **FOK)
    venue.sell(BOB, 1, 22)
    venue.sell(BOB, 1, 24)
    venue.buy(CAROL, 2, 24)
    venue.trailing(BOB, Side.SELL, 2, 1, trail=5)
    venue.trailing(BOB, Side.SELL, 2, 1, trail=4)
    venue.do("replace_order", ALICE, 5, stop_price=30)
    venue.do("replace_order", ALICE, 5, amount=3)
    venue.do("replace_order", BOB, 12, price=2, amount=5)
    venue.do("cancel_order", BOB, 12)
    venue.do("set_market_limits", GEM_USD, 20, 21, 1, 10, 0)
    venue.do("set_market_limits", GEM_USD, 1, 1_000, 1, 1_000, 0)
    venue.buy(BOB, 30, 17)
    for price in (20, 19, 18, 21, 25):
        venue.sell(BOB, 1, price)
        venue.buy(CAROL, 1, price)
    venue.trailing(ALICE, Side.SELL, 1, 1, trail=20, **until(9))
    venue.now += 20
    venue.do("advance_time")


def trailing_stops_rejected(venue: Venue) -> None:
    stop = {"side": Side.SELL, "amount": 5, "price": 10, "trail": 3}
    venue.trailing(ALICE, **stop)
    venue.trade_at(10)
    venue.do("set_market_limits", GEM_USD, 2, 12, 2, 50, 30)
    for account, changed in (
        (99, stop),
        (15, stop),
        (ALICE, {**stop, "market": 99}),
        *((ALICE, {**stop, name: 7}) for name in ("side", "type", "tif", "flags", "self_trade")),
        (ALICE, {**stop, "type": Type.LIMIT}),
        (ALICE, {**stop, "type": Type.MARKET, **IOC}),
        *((ALICE, {**stop, "flags": flags}) for flags in (0, 1, 4, 10, 24)),
        (ALICE, {**stop, "funds": 1}),
        (ALICE, {**stop, "type": Type.STOP_MARKET, **IOC}),
        (ALICE, {**stop, "trail": 0}),
        (ALICE, {**stop, "trail": 1_000_001, "flags": TRAILS_BY_PPM}),
        (ALICE, {**stop, "trail": 1_000_000, "flags": TRAILS_BY_PPM}),
        (ALICE, {**stop, "trail": 10}),
        (ALICE, {**stop, "trail": 9}),
        (ALICE, {**stop, "side": Side.BUY}),
        (ALICE, {**stop, "side": Side.BUY, "trail": U64_MAX}),
        (ALICE, {**stop, "price": 13}),
        (ALICE, {**stop, "amount": 1}),
        (ALICE, {**stop, "amount": 51}),
        (ALICE, {**stop, "price": 5}),
        (ALICE, {**stop, "side": Side.BUY, "trail": 2, "price": 0, "amount": 0, "funds": 29, "type": Type.STOP_MARKET, **IOC}),
        (ALICE, {**stop, "side": Side.BUY, "trail": 2, "price": 0, "amount": 0, "funds": MAX_ATOMS + 1, "type": Type.STOP_MARKET, **IOC}),
        (ALICE, {**stop, **until(0)}),
        (DAVE, stop),
        (ALICE, {**stop, "client_id": 3}),
        (ALICE, {**stop, "client_id": 3}),
    ):
        venue.trailing(account, **changed)
    venue.do("set_max_open_orders", 1)
    venue.trailing(ALICE, **stop)
    venue.do("set_market_status", GEM_USD, 1)
    venue.trailing(BOB, **stop)
    venue.do_at(NOON - 1, "place_trailing", ALICE, GEM_USD, 1, 2, 0, TRAILS_BY_PRICE, 0, 10, 5, 3)
    venue.do("set_max_open_orders", 9)
    deep = venue.create_market(OIL, GEM, max_amount=U64_MAX, max_price=8).id
    venue.deposit(BOB, OIL, 2**70)
    venue.deposit(BOB, GEM, 2**70)
    venue.trade_at(4, market=deep)
    venue.sell(BOB, U64_MAX, 5, market=deep)
    venue.trailing(BOB, **{**stop, "price": 5, "trail": 1, "market": deep})


def a_level_that_is_full(venue: Venue) -> None:
    deep = venue.create_market(OIL, GEM, max_amount=U64_MAX, max_price=8).id
    venue.deposit(ALICE, OIL, 2**70)
    venue.deposit(BOB, GEM, 2**70)
    half = 2**63
    venue.sell(ALICE, half, 5, market=deep)
    venue.sell(ALICE, half, 5, market=deep)
    venue.sell(ALICE, half - 1, 5, market=deep)
    venue.sell(ALICE, 1, 5, market=deep)
    venue.sell(ALICE, 5, 6, market=deep)
    venue.do("replace_order", ALICE, 3, 5)
    venue.do("replace_order", ALICE, 3, amount=U64_MAX)
    venue.sell(ALICE, 9, 5, market=deep, type=Type.STOP_LIMIT, stop_price=4)
    venue.buy(BOB, 5, 4, market=deep)
    venue.sell(CAROL, 1, 4, market=deep)
    venue.buy(BOB, market=deep, type=Type.MARKET, funds=2**67)


def replacing(venue: Venue) -> None:
    venue.do("set_market_limits", GEM_USD, 2, 100, 2, 50, 20)
    venue.buy(ALICE, 10, 10)
    venue.buy(ALICE, 5, 9, flags=POST_ONLY)
    venue.buy(ALICE, 5, 10, type=Type.STOP_LIMIT, stop_price=50)
    venue.buy(ALICE, type=Type.STOP_MARKET, stop_price=50, funds=60)
    venue.sell(ALICE, 5, type=Type.STOP_MARKET, stop_price=5)
    venue.sell(BOB, 9, 20)
    venue.sell(BOB, 4, 10)
    for account, order_id, changes in (
        (99, 1, {}),
        (ALICE, 0, {}),
        (ALICE, 99, {}),
        (ALICE, 7, {}),
        (BOB, 1, {}),
        (ALICE, 4, {"stop_price": 60}),
        (ALICE, 1, {"stop_price": 60}),
        (ALICE, 5, {"price": 5}),
        (ALICE, 1, {"price": 1}),
        (ALICE, 1, {"price": 101}),
        (ALICE, 3, {"stop_price": 1}),
        (ALICE, 3, {"stop_price": 101}),
        (ALICE, 1, {"amount": 1}),
        (ALICE, 1, {"amount": 51}),
        (ALICE, 1, {"amount": 4}),
        (ALICE, 1, {"amount": 5, "price": 2}),
        (ALICE, 2, {"price": 20}),
        (ALICE, 1, {}),
        (ALICE, 1, {"amount": 8}),
        (ALICE, 1, {"amount": 12}),
        (ALICE, 1, {"price": 11}),
        (ALICE, 3, {"stop_price": 40, "price": 12, "amount": 4}),
        (ALICE, 5, {"stop_price": 6, "amount": 6}),
        (ALICE, 1, {"price": 20}),
        (ALICE, 3, {"stop_price": 20}),
        (ALICE, 2, {"price": 21}),
    ):
        venue.do("replace_order", account, order_id, **changes)
    venue.leave_only(CAROL, USD, 100)
    order = venue.buy(CAROL, 10, 10)
    venue.do("replace_order", CAROL, order.id, price=11)
    venue.do("replace_order", CAROL, order.id, price=9, amount=11)
    venue.do("set_market_status", GEM_USD, 1)
    venue.do("replace_order", CAROL, order.id, price=8)


def cancelling(venue: Venue) -> None:
    for market, price in ((GEM_USD, 10), (GEM_USD, 10), (OIL_USD, 9), (GEM_OIL, 8)):
        venue.buy(ALICE, 5, price, market=market)
        venue.sell(ALICE, 5, price + 5, market=market)
    venue.buy(ALICE, 5, 10, type=Type.STOP_LIMIT, stop_price=50)
    venue.buy(BOB, 5, 10)
    for account, order_id in ((ALICE, 0), (ALICE, 99), (99, 1), (BOB, 1), (ALICE, 1), (ALICE, 1), (ALICE, 9)):
        venue.do("cancel_order", account, order_id)
    venue.do("set_market_status", GEM_USD, 1)
    venue.do("cancel_many", 99, [2])
    venue.do("cancel_many", ALICE, [2, 2, 99, 0, 10, 3])
    venue.do("cancel_many", ALICE, [])
    for account, market, side in ((99, ALL_MARKETS, BOTH_SIDES), (ALICE, 99, BOTH_SIDES), (ALICE, ALL_MARKETS, 2)):
        venue.do("cancel_all", account, market, side)
    for market, side in ((OIL_USD, Side.SELL), (GEM_OIL, BOTH_SIDES), (ALL_MARKETS, Side.BUY), (ALL_MARKETS, BOTH_SIDES)):
        venue.do("cancel_all", ALICE, market, side)


def time_that_has_come(venue: Venue) -> None:
    """Orders expire and cancel-afters fire, each at its hour, orders first."""
    venue.buy(ALICE, 1, 10, **until(30))
    venue.buy(BOB, 1, 10, **until(20))
    venue.sell(CAROL, 1, 30, **until(30))
    venue.buy(BOB, 1, 10, market=OIL_USD)
    venue.buy(BOB, 1, 60, type=Type.STOP_LIMIT, stop_price=50)
    venue.buy(ALICE, 1, 10, **until(10))
    venue.do("set_market_status", GEM_USD, 1)
    for account, due in (
        (99, 0),
        (15, 0),
        (ALICE, NOON),
        (ALICE, 1),
        (DAVE, 0),
        (ALICE, NOON + 99),
        (BOB, NOON + 20),
        (ALICE, NOON + 20),
        (DAVE, U64_MAX),
    ):
        venue.do("set_cancel_after", account, due)
    for time in (9, 20, 29, 99):
        venue.now = NOON + time
        venue.do("advance_time")
    venue.do("set_cancel_after", DAVE, 0)


def transferring(venue: Venue) -> None:
    move = {"transfer_id": 5, "source": ALICE, "destination": BOB, "asset": USD, "kind": 7, "pending": 0, "amount": 10}
    for changed in (
        {"source": 99},
        {"destination": 99},
        {"destination": ALICE},
        {"asset": 99},
        {"kind": 0},
        {"kind": 9},
        {"pending": 2},
        {"amount": 0},
        {"amount": MAX_ATOMS + 1},
        {"transfer_id": 0},
        {"source": DAVE},
        {"amount": 10**15 + 1},
        {},
        {},
        {"transfer_id": 6, "pending": 1, "kind": 2},
        {"transfer_id": 7, "pending": 1, "kind": 4, "amount": 99},
        {"transfer_id": 2**128 - 1, "pending": 1, "source": WORLD},
        {"transfer_id": 8, "source": BOB, "destination": WORLD, "kind": 2},
    ):
        venue.do("transfer", **{**move, **changed})
    for command, transfer_id in (
        ("post_transfer", 99),
        ("void_transfer", 99),
        ("post_transfer", 5),
        ("void_transfer", 5),
        ("post_transfer", 6),
        ("post_transfer", 6),
        ("void_transfer", 7),
        ("post_transfer", 7),
        ("post_transfer", 2**128 - 1),
    ):
        venue.do(command, transfer_id)


def a_world_that_owes_as_much_as_it_may(venue: Venue) -> None:
    for transfer_id, source, amount in ((1, WORLD, 11), (1, WORLD, 10), (2, WORLD, 1), (3, BOB, 5), (4, WORLD, 5)):
        fields = {"source": source, "destination": BOB if source == WORLD else WORLD, "asset": OIL, "kind": 1, "pending": 0}
        venue.do("transfer", transfer_id=transfer_id, amount=amount, **fields)


def halted(venue: Venue) -> None:
    venue.buy(ALICE, 5, 10)
    venue.do("set_market_status", GEM_USD, 1)
    venue.sell(BOB, 5, 10)
    venue.do("replace_order", ALICE, 1, 9)
    venue.sell(BOB, 5, 10, market=OIL_USD)
    venue.do("set_market_status", GEM_USD, 0)
    venue.sell(BOB, 2, 10)
    venue.do("set_market_status", GEM_USD, 1)
    venue.do("cancel_order", ALICE, 1)


SCENARIOS: list[Callable[[Venue], None]] = [
    setting_up,
    time_that_went_back,
    orders_rejected,
    too_many_orders,
    client_ids,
    matching_with_fees,
    market_orders,
    self_trades,
    stops,
    stops_in_a_row,
    stops_of_both_sides_reached_at_once,
    stops_that_take_a_profit,
    pairs,
    pairs_rejected,
    pairs_replaced,
    trailing_stops,
    trailing_stops_rejected,
    a_level_that_is_full,
    replacing,
    cancelling,
    time_that_has_come,
    transferring,
    halted,
]
OWING = WORLD_MAY_OWE - 10
"""What the world owes of OIL where `a_world_that_owes_as_much_as_it_may` begins: that takes 2^24 transfers, so the state is given."""
