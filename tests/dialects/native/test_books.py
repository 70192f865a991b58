"""The public books: where all money is, whoever asks, and that it adds up."""

from decimal import Decimal

import pytest

from cambist.dialects.native import public_books
from cambist.dialects.native.public_books import SHARE, PublicBooks
from tests.dialects.native.floor import Floor, Trader

PARTS = ("users", "fees", "withdrawals", "coupons", "conversion", "world")


async def books(floor: Floor) -> dict[str, dict[str, str]]:
    """By asset."""
    return {row["asset"]: row for row in (await floor.public("/books"))["assets"]}


async def test_every_asset_adds_up_whatever_happens(floor: Floor, alice: Trader, bob: Trader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_books, "SHARE", 0)
    btc = (await books(floor))["BTC"]
    assert (btc["users"], btc["world"], btc["total"]) == ("200", "-200", "0")
    address = (await floor.call(bob, "POST", "/addresses/BTC"))["address"]
    await floor.call(bob, "POST", "/coupons", {"asset": "BTC", "amount": "1"})
    await floor.call(alice, "POST", "/orders", {"market": "btc_usd", "side": "sell", "type": "limit", "price": "1000", "amount": "2"})
    await floor.call(bob, "POST", "/orders", {"market": "btc_usd", "side": "buy", "type": "limit", "price": "1000", "amount": "1"})
    await floor.call(bob, "POST", "/withdrawals", {"asset": "BTC", "amount": "3", "address": address})
    found = await books(floor)
    assert (found["BTC"]["coupons"], found["BTC"]["held"]) == ("1", "4"), "a coupon; an order's rest and a withdrawal that waits"
    assert Decimal(found["USD"]["fees"]) > 0
    for row in found.values():
        assert row["total"] == "0"
        assert sum(Decimal(row[part]) for part in PARTS) == 0, row


async def test_sequence_and_hash_are_those_of_the_state(floor: Floor, alice: Trader) -> None:
    shown = await floor.public("/books")
    assert (shown["sequence"], shown["time"]) == (floor.engine.seq, floor.engine.time)
    assert shown["state_hash"] == floor.engine.state_hash().hex()


def test_they_are_made_again_only_when_that_costs_next_to_nothing(floor: Floor) -> None:
    now = [0.0]

    def timer() -> float:
        now[0] += 0.01
        return now[0]

    shown = PublicBooks(floor.engine, always=False, timer=timer)
    first = shown.shown()
    floor.user("carol")
    assert shown.shown() is first, "making them took 10 ms, so they are kept for 10 s"
    now[0] += 0.01 * SHARE
    assert shown.shown().sequence == floor.engine.seq
    always = PublicBooks(floor.engine, always=True, timer=timer)
    before = always.shown()
    floor.user("dave")
    assert always.shown().sequence == floor.engine.seq > before.sequence
