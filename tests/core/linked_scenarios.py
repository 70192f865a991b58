"""Stories of linked markets, for the vectors: GEM in USD and in OIL, where OIL is money like any other. See `tests.core.scenarios`."""

from collections.abc import Callable

from tests.core.venue import ALICE, BOB, CAROL, DAVE, GEM, GEM_OIL, GEM_USD, MARKET, NOON, OIL, OIL_USD, USD, Venue
from tests.twin.words import CONVERSION, MAX_RATE, POST_ONLY, PPM, RATE_ONE, U64_MAX, WORLD, SelfTrade, Tif, Type

FOK, IOC = {"tif": Tif.FOK}, {"tif": Tif.IOC}
OF_OIL = {"market": GEM_OIL}


def link(venue: Venue, rate: int = 2 * RATE_ONE, fee_ppm: int = 0, max_age: int = 0, funds: int = 10**9) -> None:
    """GEM/USD and GEM/OIL are one group, an OIL is worth so many USD, and the conversion account has so much of both."""
    venue.do("create_linked_group", GEM, USD, fee_ppm, max_age)
    venue.do("link_market", 0, GEM_USD)
    venue.do("link_market", 0, GEM_OIL)
    venue.do("set_conversion_rates", 0, [(OIL, rate)])
    for asset in (USD, OIL):
        if funds:
            venue.transfer(WORLD, CONVERSION, asset, funds)


def linking(venue: Venue) -> None:
    for base, anchor, fee in ((GEM, 99, 0), (99, USD, 0), (GEM, GEM, 0), (GEM, USD, PPM + 1), (GEM, USD, PPM), (OIL, USD, 0)):
        venue.do("create_linked_group", base, anchor, fee, 5)
    venue.do("create_asset", "YEN", 18, 0)
    venue.do("create_market", GEM, 3, **{**MARKET, "price_scale": 13, "max_price": 2**30, "max_amount": 2**30})
    for group, market in ((9, 0), (0, 9), (0, OIL_USD), (0, GEM_OIL), (0, GEM_OIL), (1, GEM_OIL), (0, GEM_USD), (0, 3), (1, OIL_USD)):
        venue.do("link_market", group, market)
    for market in (9, 3, GEM_OIL):
        venue.do("unlink_market", market)
    for group, fee, age in ((9, 0, 0), (0, PPM + 1, 0), (0, 1, U64_MAX)):
        venue.do("set_linked_group_terms", group, fee, age)
    for group, rates in (
        (9, []),
        (0, []),
        (0, [(OIL, 1), (99, 1)]),
        (0, [(USD, 1)]),
        (0, [(GEM, 1)]),
        (0, [(OIL, 1), (OIL, 1)]),
        (0, [(3, 1), (OIL, 1)]),
        (0, [(OIL, MAX_RATE + 1)]),
        (0, [(OIL, MAX_RATE), (3, 1)]),
        (0, [(OIL, 0)]),
    ):
        venue.do("set_conversion_rates", group, rates)


def buying_and_selling_across(venue: Venue) -> None:
    venue.do("set_market_fees", GEM_USD, 10_000, 250_000)
    venue.do("set_market_fees", GEM_OIL, 20_000, 125_000)
    link(venue, rate=RATE_ONE * 3 // 2, fee_ppm=100_000)
    for price in (3, 4, 5):
        venue.sell(BOB, 7, price, **OF_OIL)
        venue.sell(CAROL, 7, price * 2)
    venue.buy(ALICE, 30, 7)
    venue.buy(ALICE, type=Type.MARKET, funds=100)
    venue.buy(ALICE, 9, type=Type.MARKET)
    venue.do("cancel_all", BOB)
    venue.do("cancel_all", CAROL)
    for price in (9, 8, 7):
        venue.buy(BOB, 7, price, **OF_OIL)
        venue.buy(CAROL, 7, price)
    venue.sell(ALICE, 20, 6)
    venue.sell(ALICE, 9, type=Type.MARKET)
    venue.sell(ALICE, 20, 1, **IOC)


def a_conversion_account_that_runs_out(venue: Venue) -> None:
    link(venue, funds=0)
    venue.transfer(WORLD, CONVERSION, OIL, 35)
    venue.sell(BOB, 9, 10, **OF_OIL)
    venue.sell(CAROL, 9, 30)
    venue.buy(ALICE, 9, 30, **FOK)
    venue.buy(ALICE, 13, 30, **FOK)
    venue.buy(ALICE, 5, 30)
    venue.buy(DAVE, 1, 30)
    venue.sell(ALICE, 4, 8, **OF_OIL)
    venue.do("set_linked_group_terms", 0, 0, 5)
    venue.now = NOON + 6
    venue.buy(ALICE, 1, 30)


def crossing_orders(venue: Venue) -> None:
    link(venue)
    venue.sell(BOB, 5, 10, **OF_OIL)
    venue.buy(ALICE, 5, 20, flags=POST_ONLY)
    venue.buy(ALICE, 5, 19, flags=POST_ONLY)
    venue.do("replace_order", ALICE, 2, 20)
    venue.do("set_market_status", GEM_OIL, 1)
    venue.do("replace_order", ALICE, 2, 20)
    venue.do("set_market_status", GEM_OIL, 0)
    for mode in SelfTrade:
        venue.buy(BOB, 1, 20, self_trade=mode, **IOC)
        venue.buy(BOB, 1, 20, self_trade=mode, **FOK)
    venue.sell(BOB, 5, 10, **OF_OIL)
    venue.buy(CAROL, 3, 60, type=Type.STOP_LIMIT, stop_price=10, **OF_OIL)
    venue.buy(CAROL, 3, 60, type=Type.STOP_LIMIT, stop_price=20)
    venue.buy(ALICE, 1, 25)


LINKED_SCENARIOS: list[Callable[[Venue], None]] = [
    linking,
    buying_and_selling_across,
    a_conversion_account_that_runs_out,
    crossing_orders,
]
