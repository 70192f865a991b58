"""Fees: parts per million of what is received, rounded up to the atom, at the rates of the day on which the order was placed."""

import pytest

from tests.core.venue import ALICE, BOB, CAROL, GEM, GEM_USD, OIL_USD, RICH, USD, Venue
from tests.twin.events import AccountFeesSet, BalanceChanged, CommandApplied, MarketFeesSet, Outcome, TradeExecuted
from tests.twin.words import FEES, NO_FEE_OVERRIDE, Code, Tif, Type

PPM = 1_000_000


def fees_of(venue: Venue) -> tuple[int, int]:
    (trade,) = venue.only(TradeExecuted)
    return trade.maker_fee, trade.taker_fee


@pytest.mark.parametrize(
    ("received", "ppm", "fee"),
    [
        pytest.param(1, 0, 0, id="free"),
        pytest.param(1, 1, 1, id="one part per million of one: one"),
        pytest.param(1_000_000, 1, 1, id="one part per million of a million: exactly one"),
        pytest.param(1_000_001, 1, 2, id="a little more: two"),
        pytest.param(500, 2_000, 1, id="0.2 % of 500: exactly one"),
        pytest.param(501, 2_000, 2, id="0.2 % of 501: rounded up"),
        pytest.param(999, 999_999, 999, id="almost all, rounded up: all"),
        pytest.param(999, PPM, 999, id="all of it, and never more"),
        pytest.param(3, 333_333, 1, id="a third of three"),
        pytest.param(3, 333_334, 2, id="a little more than a third of three"),
    ],
)
def test_what_is_taken(venue: Venue, received: int, ppm: int, fee: int) -> None:
    """Alice takes goods and pays in goods; Bob made the offer and pays nothing."""
    venue.do("set_account_fees", ALICE, 0, ppm)
    venue.sell(BOB, received, 1)
    venue.buy(ALICE, received, 1)
    assert fees_of(venue) == (0, fee)
    assert venue.balances(ALICE) == [(RICH + received - fee, 0), (RICH - received, 0)]
    assert venue.balances(FEES) == [(fee, 0), (0, 0)]


def test_the_buyer_pays_in_base_and_the_seller_in_quote(venue: Venue) -> None:
    venue.do("set_market_fees", GEM_USD, 100_000, 200_000)
    venue.buy(BOB, 10, 30)
    venue.sell(ALICE, 10, 30)
    assert fees_of(venue) == (1, 60)
    assert venue.balances(BOB) == [(RICH + 9, 0), (RICH - 300, 0)]
    assert venue.balances(ALICE) == [(RICH - 10, 0), (RICH + 240, 0)]
    assert venue.balances(FEES) == [(1, 0), (60, 0)]


@pytest.mark.parametrize(
    ("maker_ppm", "taker_ppm", "entries"),
    [
        pytest.param(0, 0, 4, id="no fees: nothing for the fees account"),
        pytest.param(1, 0, 5, id="the maker's only"),
        pytest.param(0, 1, 5, id="the taker's only"),
        pytest.param(1, 1, 6, id="both"),
    ],
)
def test_the_fees_account_is_told_only_of_fees(venue: Venue, maker_ppm: int, taker_ppm: int, entries: int) -> None:
    venue.do("set_market_fees", GEM_USD, maker_ppm, taker_ppm)
    venue.sell(BOB, 1, 1)
    venue.buy(ALICE, 1, 1)
    changes = venue.only(BalanceChanged)
    assert len(changes) == entries
    assert [change.account for change in changes[:4]] == [ALICE, ALICE, BOB, BOB]
    assert all(change.account == FEES and change.change_available > 0 for change in changes[4:])


def test_a_fee_of_everything_leaves_a_balance_event_of_nothing(venue: Venue) -> None:
    venue.do("set_market_fees", GEM_USD, PPM, PPM)
    venue.sell(BOB, 2, 3)
    venue.buy(ALICE, 2, 3)
    assert venue.entries() == [
        (ALICE, USD, -6, 0),
        (ALICE, GEM, 0, 0),
        (BOB, GEM, 0, -2),
        (BOB, USD, 0, 0),
        (FEES, GEM, 2, 0),
        (FEES, USD, 6, 0),
    ]


def test_each_trade_of_a_walk_is_rounded_by_itself(venue: Venue) -> None:
    venue.do("set_account_fees", ALICE, 0, 1)
    for price in (10, 11, 12):
        venue.sell(BOB, 1, price)
    venue.buy(ALICE, 3, 12)
    assert [trade.taker_fee for trade in venue.only(TradeExecuted)] == [1, 1, 1]


def test_rates_are_fixed_when_the_order_is_placed(venue: Venue) -> None:
    venue.do("set_market_fees", GEM_USD, 100_000, 0)
    venue.sell(BOB, 10, 10)
    venue.do("set_market_fees", GEM_USD, 500_000, 200_000)
    venue.do("set_account_fees", BOB, 900_000, 900_000)
    venue.buy(ALICE, 10, 10)
    assert fees_of(venue) == (10, 2)


def test_an_override_goes_before_every_markets_rates_and_ends_when_it_is_taken_back(venue: Venue) -> None:
    for market in (GEM_USD, OIL_USD):
        venue.do("set_market_fees", market, 1_000, 2_000)
    assert venue.engine.account_fees(ALICE, OIL_USD) == (1_000, 2_000)
    venue.do("set_account_fees", ALICE, 0, 5)
    assert [venue.engine.account_fees(ALICE, market) for market in (GEM_USD, OIL_USD)] == [(0, 5), (0, 5)]
    assert venue.engine.account_fees(BOB, GEM_USD) == (1_000, 2_000)
    venue.do("set_account_fees", ALICE, NO_FEE_OVERRIDE, NO_FEE_OVERRIDE)
    assert venue.engine.account_fees(ALICE, GEM_USD) == (1_000, 2_000)


def test_a_makers_and_a_takers_rate_of_the_same_order(venue: Venue) -> None:
    """An order takes with one rate, rests, and makes with the other."""
    venue.do("set_account_fees", ALICE, 100_000, 300_000)
    venue.sell(BOB, 10, 10)
    venue.buy(ALICE, 30, 10)
    assert fees_of(venue) == (0, 3)
    venue.sell(CAROL, 20, 10)
    assert fees_of(venue) == (2, 0)


def test_fees_of_a_market_with_scales_are_in_atoms(venue: Venue) -> None:
    """Base: 3 decimals, amounts in tenths, 100 atoms each. Quote: 6 decimals, price in hundredths: 1,000 atoms a unit of each."""
    base = venue.do("create_asset", "FIN", 3, 2).id
    quote = venue.do("create_asset", "MIL", 6, 2).id
    market = venue.create_market(base, quote, price_scale=2, amount_scale=1, maker_ppm=1_500, taker_ppm=2_500).id
    venue.deposit(BOB, base, 700)
    venue.deposit(ALICE, quote, 10**6)
    venue.sell(BOB, 7, 13, market=market)
    venue.buy(ALICE, 7, 13, market=market)
    (trade,) = venue.only(TradeExecuted)
    assert (trade.total, trade.maker_fee, trade.taker_fee) == (91_000, 137, 2)  # 136.5 and 1.75, rounded up
    assert venue.balances(ALICE, [base, quote]) == [(698, 0), (909_000, 0)]
    assert venue.balances(BOB, [base, quote]) == [(0, 0), (90_863, 0)]


# --- setting them


@pytest.mark.parametrize(
    ("command", "fields", "expected"),
    [
        pytest.param("set_market_fees", {"market": 3, "maker_ppm": PPM + 1}, Code.MARKET_NOT_FOUND, id="unknown market, before the fee"),
        pytest.param("set_market_fees", {"maker_ppm": PPM + 1}, Code.FEE_INVALID, id="maker above all"),
        pytest.param("set_market_fees", {"taker_ppm": PPM + 1}, Code.FEE_INVALID, id="taker above all"),
        pytest.param(
            "set_market_fees", {"maker_ppm": NO_FEE_OVERRIDE, "taker_ppm": NO_FEE_OVERRIDE}, Code.FEE_INVALID, id="a market has rates"
        ),
        pytest.param("set_market_fees", {"maker_ppm": PPM, "taker_ppm": PPM}, Code.OK, id="all"),
        pytest.param(
            "set_account_fees", {"account": 20, "maker_ppm": PPM + 1}, Code.ACCOUNT_NOT_FOUND, id="unknown account, before the fee"
        ),
        pytest.param("set_account_fees", {"account": 15, "maker_ppm": PPM + 1}, Code.SYSTEM_ACCOUNT, id="system account, before the fee"),
        pytest.param("set_account_fees", {"maker_ppm": PPM + 1}, Code.FEE_INVALID, id="account: maker above all"),
        pytest.param("set_account_fees", {"taker_ppm": PPM + 1}, Code.FEE_INVALID, id="account: taker above all"),
        pytest.param("set_account_fees", {"maker_ppm": NO_FEE_OVERRIDE}, Code.FEE_INVALID, id="only the maker's taken back"),
        pytest.param("set_account_fees", {"taker_ppm": NO_FEE_OVERRIDE}, Code.FEE_INVALID, id="only the taker's taken back"),
        pytest.param("set_account_fees", {"maker_ppm": NO_FEE_OVERRIDE, "taker_ppm": NO_FEE_OVERRIDE}, Code.OK, id="both taken back"),
    ],
)
def test_rejections(venue: Venue, command: str, fields: dict[str, int], expected: Code) -> None:
    whose = {"market": GEM_USD} if command == "set_market_fees" else {"account": ALICE}
    before = venue.engine.snapshot()
    assert venue.do(command, **{**whose, "maker_ppm": 1, "taker_ppm": 2, **fields}) == Outcome(expected, seq=venue.engine.seq)
    assert (venue.engine.snapshot()[8:] == before[8:]) is (expected != Code.OK or NO_FEE_OVERRIDE in fields.values())


@pytest.mark.parametrize("again", [False, True], ids=["the first time", "and again, changing nothing"])
def test_each_setting_is_told(venue: Venue, again: bool) -> None:
    for _ in range(1 + again):
        venue.do("set_market_fees", OIL_USD, 7, 8)
        assert venue.events[1:] == [MarketFeesSet(OIL_USD, 7, 8)]
        venue.do("set_account_fees", ALICE, 9, 10, meta=b"why")
        seq, now = venue.engine.seq, venue.now
        assert venue.events == [CommandApplied(seq, now, 7, 0, 0, b"why"), AccountFeesSet(ALICE, 9, 10)]
    venue.do("set_account_fees", ALICE, NO_FEE_OVERRIDE, NO_FEE_OVERRIDE)
    assert venue.events[1:] == [AccountFeesSet(ALICE, NO_FEE_OVERRIDE, NO_FEE_OVERRIDE)]


def test_a_market_order_pays_out_of_what_it_gets_and_needs_nothing_on_top(venue: Venue) -> None:
    venue.do("set_market_fees", GEM_USD, 0, 250_000)
    venue.sell(BOB, 8, 10)
    venue.leave_only(ALICE, USD, 80)
    outcome = venue.buy(ALICE, 8, type=Type.MARKET, tif=Tif.FOK)
    assert (outcome.code, outcome.filled) == (Code.OK, 8)
    assert venue.balances(ALICE) == [(RICH + 6, 0), (0, 0)]
