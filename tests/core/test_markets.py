"""Set-up: accounts, assets, markets, their limits and their status."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from tests.core.faults import Fault, pairs, single
from tests.core.venue import ALICE, BOB, GEM, GEM_USD, MARKET, NOON, OIL, OIL_USD, RICH, USD, Venue
from tests.twin.events import (
    AccountOpened,
    AssetCreated,
    CommandApplied,
    MarketCreated,
    MarketLimitsSet,
    MarketStatusSet,
    MaxOpenOrdersSet,
    Outcome,
)
from tests.twin.snapshot import canonical_bytes
from tests.twin.state import Asset, Market, State
from tests.twin.words import MAX_ATOMS, U64_MAX, Code

LIMITS = {"min_price": 1, "max_price": 10, "min_amount": 1, "max_amount": 10, "min_total": 0}


def test_accounts_are_numbered_after_the_system_accounts(venue: Venue) -> None:
    assert venue.engine.accounts == 20
    outcome = venue.do("open_account", meta=b"new")
    assert outcome == Outcome(seq=venue.engine.seq, id=20)
    assert venue.events == [CommandApplied(outcome.seq, NOON, 1, 0, 20, b"new"), AccountOpened(20)]
    assert venue.do("open_account").id == 21


# --- assets


@pytest.mark.parametrize(
    ("code", "scale", "display_scale", "expected"),
    [
        pytest.param("AB", 0, 0, Code.OK, id="two letters"),
        pytest.param("ABCDEFGHIJKL", 0, 0, Code.OK, id="twelve letters"),
        pytest.param("1INCH", 18, 18, Code.OK, id="a digit, and the largest scales"),
        pytest.param("99", 18, 0, Code.OK, id="only digits"),
        pytest.param("", 0, 0, Code.ASSET_INVALID, id="no letters"),
        pytest.param("A", 0, 0, Code.ASSET_INVALID, id="one letter"),
        pytest.param("btc", 0, 0, Code.ASSET_INVALID, id="small letters"),
        pytest.param("A B", 0, 0, Code.ASSET_INVALID, id="a blank"),
        pytest.param("A_B", 0, 0, Code.ASSET_INVALID, id="an underscore"),
        pytest.param("A\0B", 0, 0, Code.ASSET_INVALID, id="a zero in the middle"),
        pytest.param("\0AB", 0, 0, Code.ASSET_INVALID, id="a zero in front"),
        pytest.param("AB", 19, 0, Code.ASSET_INVALID, id="scale 19"),
        pytest.param("AB", 255, 255, Code.ASSET_INVALID, id="absurd scales"),
        pytest.param("AB", 2, 3, Code.ASSET_INVALID, id="shows more than there is"),
        pytest.param("GEM", 0, 0, Code.ASSET_EXISTS, id="code taken"),
        pytest.param("GEM", 19, 0, Code.ASSET_INVALID, id="code taken and scale 19: the scale first"),
        pytest.param("GEM", 2, 3, Code.ASSET_INVALID, id="code taken and shows more than there is"),
        pytest.param("GEMS", 0, 0, Code.OK, id="longer than one that is taken"),
    ],
)
def test_create_asset(venue: Venue, code: str, scale: int, display_scale: int, expected: Code) -> None:
    outcome = venue.do("create_asset", code, scale, display_scale)
    assert outcome == Outcome(expected, seq=venue.engine.seq, id=3 if expected == Code.OK else 0)
    created = [AssetCreated(3, code, scale, display_scale)] if expected == Code.OK else []
    assert venue.events == [CommandApplied(outcome.seq, NOON, 2, expected, outcome.id, b""), *created]


def test_a_code_that_cannot_be_written_is_an_error(venue: Venue) -> None:
    with pytest.raises(OverflowError):
        venue.do("create_asset", "ABCDEFGHIJKLM", 0, 0)


def test_65535_assets_and_no_more(venue: Venue) -> None:
    state = State(assets=[Asset(f"A{number}".encode().ljust(12, b"\0"), 0, 0) for number in range(65_534)])
    full = Venue(type(venue.engine).restore(canonical_bytes(state)))
    assert full.do("create_asset", "LAST", 0, 0).id == 65_534
    assert full.do("create_asset", "ONEMORE", 0, 0).code == Code.ASSET_INVALID
    assert full.do("create_asset", "LAST", 0, 0).code == Code.ASSET_EXISTS


# --- markets

FRESH = {"base": USD, "quote": GEM, **MARKET}
FAULTS = [
    Fault("unknown base", Code.ASSET_NOT_FOUND, {"base": 5}),
    Fault("unknown quote", Code.ASSET_NOT_FOUND, {"quote": 5}),
    Fault("base is quote", Code.MARKET_INVALID, {"base": OIL, "quote": OIL}),
    Fault("taken", Code.MARKET_EXISTS, {"base": GEM, "quote": USD}),
    Fault("self-trade 5", Code.ENUM_INVALID, {"self_trade": 5}),
    Fault("price scale beyond the quote's", Code.MARKET_INVALID, {"price_scale": 1}),
    Fault("amount scale beyond the base's", Code.MARKET_INVALID, {"amount_scale": 1}),
    Fault("absurd scales", Code.MARKET_INVALID, {"price_scale": 255, "amount_scale": 255}),
    Fault("lowest price 0", Code.MARKET_INVALID, {"min_price": 0}),
    Fault("lowest price above the highest", Code.MARKET_INVALID, {"min_price": 10**6 + 1}),
    Fault("smallest amount 0", Code.MARKET_INVALID, {"min_amount": 0}),
    Fault("smallest amount above the largest", Code.MARKET_INVALID, {"min_amount": 10**7 + 1}),
    Fault("largest total above 2^96", Code.MARKET_INVALID, {"max_price": 2**48, "max_amount": 2**48 + 1}),
    Fault("smallest total above 2^96", Code.MARKET_INVALID, {"min_total": MAX_ATOMS + 1}),
    Fault("absurd limits", Code.MARKET_INVALID, {"max_price": U64_MAX, "max_amount": U64_MAX, "min_total": 2**128 - 1}),
    Fault("maker's fee above all", Code.FEE_INVALID, {"maker_ppm": 1_000_001}),
    Fault("taker's fee above all", Code.FEE_INVALID, {"taker_ppm": 1_000_001}),
]


@pytest.mark.parametrize("fault", single(FAULTS))
def test_a_faulty_market_is_refused_and_changes_nothing(venue: Venue, fault: Fault) -> None:
    before = venue.engine.snapshot()
    outcome = venue.do("create_market", **{**FRESH, **fault.fields})
    assert outcome == Outcome(fault.code, seq=venue.engine.seq)
    assert venue.events == [CommandApplied(outcome.seq, NOON, 3, fault.code, 0, b"")]
    assert venue.engine.snapshot()[8:] == before[8:]


@pytest.mark.parametrize(("first", "second"), pairs(FAULTS))
def test_of_two_faults_the_first_in_the_page_names_the_rejection(venue: Venue, first: Fault, second: Fault) -> None:
    assert venue.do("create_market", **{**FRESH, **first.fields, **second.fields}).code == first.code


def test_a_market_is_created_open(venue: Venue) -> None:
    base = venue.do("create_asset", "FIN", 8, 8).id
    quote = venue.do("create_asset", "MIL", 16, 8).id
    rules = {
        "price_scale": 5,
        "amount_scale": 6,
        "self_trade": 3,
        "min_price": 2,
        "max_price": 2**30,
        "min_amount": 4,
        "max_amount": 2**40,
        "min_total": 9,
        "maker_ppm": 10,
        "taker_ppm": 1_000_000,
    }
    outcome = venue.do("create_market", base, quote, **rules, meta=b"m")
    assert outcome == Outcome(seq=venue.engine.seq, id=3)
    assert venue.events == [
        CommandApplied(outcome.seq, NOON, 3, 0, 3, b"m"),
        MarketCreated(3, base, quote, 5, 6, 3, 2, 2**30, 4, 2**40, 9, 10, 1_000_000),
    ]
    market = venue.engine.market(3)
    assert {name: getattr(market, name) for name in rules} == rules
    assert (market.base, market.quote, market.status, market.last_price) == (base, quote, 0, 0)
    assert (market.quote_unit, market.base_unit) == (10**5, 10**2)


@pytest.mark.parametrize(
    ("scales", "quote_scale", "base_scale", "expected"),
    [
        pytest.param((2, 1), 3, 1, Code.OK, id="both to the limit"),
        pytest.param((2, 2), 3, 5, Code.MARKET_INVALID, id="price and amount scale together beyond the quote's"),
        pytest.param((0, 2), 3, 1, Code.MARKET_INVALID, id="amount scale beyond the base's"),
        pytest.param((9, 9), 18, 18, Code.OK, id="large scales"),
    ],
)
def test_scales(venue: Venue, scales: tuple[int, int], quote_scale: int, base_scale: int, expected: Code) -> None:
    base = venue.do("create_asset", "FIN", base_scale, 0).id
    quote = venue.do("create_asset", "MIL", quote_scale, 0).id
    rules = {"price_scale": scales[0], "amount_scale": scales[1], "max_price": 100, "max_amount": 100}
    assert venue.create_market(base, quote, **rules).code == expected


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param({"max_price": 2**48, "max_amount": 2**48}, Code.OK, id="largest total exactly 2^96"),
        pytest.param({"max_price": 2**33, "max_amount": 2**63}, Code.OK, id="the same otherwise"),
        pytest.param({"max_price": 2**32, "max_amount": U64_MAX}, Code.OK, id="just below 2^96"),
        pytest.param({"max_price": 2**32 + 1, "max_amount": U64_MAX}, Code.MARKET_INVALID, id="just above 2^96"),
        pytest.param({"min_price": 7, "max_price": 7, "min_amount": 3, "max_amount": 3}, Code.OK, id="one price, one amount"),
        pytest.param({"min_total": MAX_ATOMS}, Code.OK, id="smallest total 2^96"),
        pytest.param({"min_price": 0}, Code.MARKET_INVALID, id="lowest price 0"),
        pytest.param({"min_amount": 0}, Code.MARKET_INVALID, id="smallest amount 0"),
        pytest.param({"max_price": 0}, Code.MARKET_INVALID, id="highest price below the lowest"),
        pytest.param({"max_amount": 0}, Code.MARKET_INVALID, id="largest amount below the smallest"),
    ],
)
@pytest.mark.parametrize("command", ["create_market", "set_market_limits"])
def test_limits(venue: Venue, command: str, limits: dict[str, int], expected: Code) -> None:
    if command == "create_market":
        assert venue.create_market(USD, GEM, **limits).code == expected
    else:
        assert venue.do("set_market_limits", GEM_USD, **{**LIMITS, **limits}).code == expected


def test_the_largest_amount_is_bounded_by_the_atoms_of_the_base_too(venue: Venue) -> None:
    """Base of scale 18, amounts in whole units: 2^36 of them are below 2^96 atoms, 2^37 are above."""
    base = venue.do("create_asset", "FINE", 18, 0).id
    market = venue.create_market(base, USD, max_price=1, max_amount=2**36)
    assert market.code == Code.OK
    limits = {**LIMITS, "max_price": 1}
    assert venue.do("set_market_limits", market.id, **{**limits, "max_amount": 2**37}).code == Code.MARKET_INVALID
    assert venue.do("set_market_limits", market.id, **{**limits, "max_amount": 2**96 // 10**18}).code == Code.OK
    assert venue.do("set_market_limits", market.id, **{**limits, "max_amount": 2**96 // 10**18 + 1}).code == Code.MARKET_INVALID


def test_both_directions_of_two_assets_are_two_markets(venue: Venue) -> None:
    assert venue.create_market(USD, GEM).code == Code.OK
    assert venue.create_market(USD, GEM).code == Code.MARKET_EXISTS


def test_65534_markets_and_no_more(venue: Venue) -> None:
    state = State(assets=[Asset(f"A{number}".encode().ljust(12, b"\0"), 0, 0) for number in range(257)])
    pairs_of_assets = list(permutations(range(257), 2))
    rules: dict[str, Any] = {**MARKET, "status": 0, "base_unit": 1, "quote_unit": 1}
    state.markets = [Market(base=base, quote=quote, **rules) for base, quote in pairs_of_assets[:65_533]]
    full = Venue(type(venue.engine).restore(canonical_bytes(state)))
    (last, one_more), taken = pairs_of_assets[65_533:65_535], pairs_of_assets[0]
    assert full.create_market(*last).id == 65_533
    assert full.create_market(*one_more).code == Code.MARKET_INVALID
    assert full.create_market(*taken).code == Code.MARKET_EXISTS


# --- changes


def test_limits_are_told_and_live_orders_stay(venue: Venue) -> None:
    venue.buy(ALICE, 20, 20)
    limits = {**LIMITS, "min_total": 3}
    outcome = venue.do("set_market_limits", GEM_USD, **limits)
    assert outcome == Outcome(seq=venue.engine.seq)
    assert venue.events[1:] == [MarketLimitsSet(GEM_USD, 1, 10, 1, 10, 3)]
    assert venue.engine.live_orders(GEM_USD) == 1
    assert venue.sell(BOB, 10, 10).filled == 10  # at 20, above today's highest price
    market = venue.engine.market(GEM_USD)
    assert {name: getattr(market, name) for name in limits} == limits
    assert venue.engine.market(OIL_USD).max_price == MARKET["max_price"]


@pytest.mark.parametrize(
    ("command", "fields", "expected"),
    [
        pytest.param("set_market_limits", {**LIMITS, "market": 3}, Code.MARKET_NOT_FOUND, id="limits: unknown market"),
        pytest.param("set_market_limits", {**LIMITS, "market": 3, "min_price": 0}, Code.MARKET_NOT_FOUND, id="limits: before the limits"),
        pytest.param("set_market_limits", {**LIMITS, "market": 0, "min_price": 0}, Code.MARKET_INVALID, id="limits: no limits"),
        pytest.param("set_market_status", {"market": 3, "status": 1}, Code.MARKET_NOT_FOUND, id="status: unknown market"),
        pytest.param("set_market_status", {"market": 0xFFFF, "status": 2}, Code.MARKET_NOT_FOUND, id="status: before the status"),
        pytest.param("set_market_status", {"market": 0, "status": 2}, Code.ENUM_INVALID, id="status: 2"),
    ],
)
def test_rejections(venue: Venue, command: str, fields: dict[str, int], expected: Code) -> None:
    before = venue.engine.snapshot()
    assert venue.do(command, **fields) == Outcome(expected, seq=venue.engine.seq)
    assert [type(event) for event in venue.events] == [CommandApplied]
    assert venue.engine.snapshot()[8:] == before[8:]


def test_a_halt_refuses_orders_and_nothing_else(venue: Venue) -> None:
    venue.buy(ALICE, 5, 10)
    for _ in range(2):  # the second time it changes nothing and is told all the same
        assert venue.do("set_market_status", GEM_USD, 1) == Outcome(seq=venue.engine.seq)
        assert venue.events[1:] == [MarketStatusSet(GEM_USD, 1)]
    assert venue.buy(ALICE, 5, 10).code == Code.MARKET_HALTED
    assert venue.do("replace_order", ALICE, 1, amount=4).code == Code.MARKET_HALTED
    assert venue.buy(ALICE, 5, 10, market=OIL_USD).code == Code.OK
    assert venue.transfer(ALICE, BOB, USD, 1).code == Code.OK
    assert venue.do("cancel_order", ALICE, 1).code == Code.OK
    venue.do("set_market_status", GEM_USD, 0)
    assert venue.events[1:] == [MarketStatusSet(GEM_USD, 0)]
    assert venue.buy(ALICE, 5, 10).code == Code.OK


def test_the_largest_number_of_open_orders_is_told(venue: Venue) -> None:
    for count in (0, 5, 5, 2**32 - 1):
        assert venue.do("set_max_open_orders", count) == Outcome(seq=venue.engine.seq)
        assert venue.events[1:] == [MaxOpenOrdersSet(count)]


def test_assets_are_shared_between_markets(venue: Venue) -> None:
    venue.buy(ALICE, 1, 10)
    venue.buy(ALICE, 1, 20, market=OIL_USD)
    assert venue.balances(ALICE) == [(RICH, 0), (RICH - 30, 30)]


def test_every_command_counts(venue: Venue) -> None:
    """seq is the number of commands applied, refused ones included."""
    before = venue.engine.seq
    outcomes = [venue.do("note"), venue.do("cancel_order", ALICE, 99), venue.do_at(0, "note"), venue.do("open_account")]
    assert [outcome.seq for outcome in outcomes] == [before + 1, before + 2, before + 3, before + 4]
    assert [outcome.code for outcome in outcomes] == [Code.OK, Code.ORDER_NOT_FOUND, Code.TIME_WENT_BACK, Code.OK]


def test_meta_is_carried_and_never_looked_at(venue: Venue) -> None:
    before = venue.engine.snapshot()
    for meta in (b"", b"\0" * 4_096, bytes(range(256))):
        outcome = venue.do("note", meta)
        assert venue.events == [CommandApplied(outcome.seq, NOON, 31, 0, 0, meta)]
    assert venue.engine.snapshot()[8:] == before[8:]
    with pytest.raises(OverflowError):
        venue.do("note", b"\0" * 4_097)
    assert replace(outcome, seq=0) == Outcome()
