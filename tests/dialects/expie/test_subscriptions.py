"""What a subscription takes, what it replaces, and what a refused one leaves alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.expie.floor import BUY, SECOND, SELL, Floor, Trader

INVALID = (1, "invalid argument")
LISTS = ["deals", "price", "state", "today"]


async def trade(floor: Floor, alice: Trader, bob: Trader, price: str, market: str = "BCCBTC") -> None:
    """Bob buys of alice; what is looked at once a second is looked at."""
    await floor.limit(alice, market, SELL, "1", price)
    await floor.limit(bob, market, BUY, "1", price)
    await floor.caught_up()
    floor.pass_time(SECOND)


@pytest.mark.parametrize("family", LISTS)
async def test_names_of_no_market_are_taken_and_silent(floor: Floor, alice: Trader, bob: Trader, family: str) -> None:
    client = await floor.socket()
    everything = [f"{base}{quote}" for base in ("BCC", "BTG", "ETC", "XYZ") for quote in ("USD", "CNY", "BTC")]
    await client.follow(f"{family}.subscribe", "NOSUCH", *everything, "", "x" * 200, "bccbtc")
    await client.quiet()
    client.pushes.clear()
    await trade(floor, alice, bob, "0.1")
    method, params = await client.push()
    assert (method, params[0]) == (f"{family}.update", "BCCBTC")
    assert await client.quiet()


@pytest.mark.parametrize("family", LISTS)
async def test_a_list_of_unknown_names_only_ends_the_old_one(floor: Floor, alice: Trader, bob: Trader, family: str) -> None:
    client = await floor.socket()
    await client.follow(f"{family}.subscribe", "BCCBTC")
    await client.quiet()
    client.pushes.clear()
    await client.follow(f"{family}.subscribe", "BCDUSD")
    await trade(floor, alice, bob, "0.1")
    assert await client.quiet()


@pytest.mark.parametrize("wrong", [["BTGBTC", 5], [None], [["BTGBTC"]], ["BTGBTC"] * 1_025])
@pytest.mark.parametrize("family", LISTS)
async def test_a_refused_list_leaves_the_old_one(floor: Floor, alice: Trader, bob: Trader, family: str, wrong: list[Any]) -> None:
    client = await floor.socket()
    await client.follow(f"{family}.subscribe", "BCCBTC")
    await client.quiet()
    client.pushes.clear()
    assert await client.error(f"{family}.subscribe", *wrong) == INVALID
    await trade(floor, alice, bob, "0.1", "BTGBTC")
    assert await client.quiet()
    await trade(floor, alice, bob, "0.1")
    assert (await client.push())[0] == f"{family}.update"


async def test_depth_and_candles_of_no_market(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket()
    await client.follow("depth.subscribe", "BCCBTC", 10, "0")
    await client.follow("kline.subscribe", "BCCBTC", 60)
    await client.push()
    # What is refused changes nothing ...
    for method, params in (
        ("depth.subscribe", ["NOSUCH", 11, "0"]),
        ("depth.subscribe", ["BTGBTC", 10, "0.3"]),
        ("depth.subscribe", ["BTGBTC", 10]),
        ("kline.subscribe", ["BTGBTC", 61]),
        ("kline.subscribe", ["BTGBTC"]),
    ):
        assert await client.error(method, *params) == INVALID
    await trade(floor, alice, bob, "0.1")
    assert (await client.push())[0] == "kline.update"
    # ... and what is taken takes the old one's place, also when nothing will ever come.
    await client.follow("depth.subscribe", "NOSUCH", 10, "0")
    await client.follow("kline.subscribe", "NOSUCH", 60)
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.2")
    await trade(floor, alice, bob, "0.1")
    assert await client.quiet()


async def test_private_lists_take_unknown_names_and_keep_the_old_one_when_refused(floor: Floor, alice: Trader) -> None:
    client = await floor.socket(alice)
    await client.follow("order.subscribe", "NOSUCH", "BCCBTC", "BCDXYZ")
    await client.follow("asset.subscribe", "XYZ", "bcc")
    assert await client.error("order.subscribe", "BTGBTC", 1) == INVALID
    assert await client.error("asset.subscribe", "BTG", {}) == INVALID
    await floor.limit(alice, "BTGBTC", SELL, "1", "0.1")
    assert await client.quiet()
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    assert {(await client.push())[0], (await client.push())[0]} == {"order.update", "asset.update"}
    assert await client.quiet()


async def test_a_market_that_comes_later_can_be_followed_then(floor: Floor, alice: Trader) -> None:
    client = await floor.socket()
    await client.follow("depth.subscribe", "BCCUSD", 10, "0")
    assert await client.quiet()
    outcome = floor.immediate.create_market(
        1, 4, 3, 8, self_trade=1, min_price=1, max_price=10**9, min_amount=1, max_amount=10**9, min_total=0, maker_ppm=0, taker_ppm=0
    )
    assert outcome.code == 0
    await client.follow("depth.subscribe", "BCCUSD", 10, "0")
    assert await client.push() == ("depth.update", [True, {"bids": [], "asks": []}, "BCCUSD"])
    assert len(await floor.get("markets")) == 5


async def test_a_limit_of_nothing(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(alice, "BCCBTC", SELL, "2", "0.1")
    await floor.limit(bob, "BCCBTC", BUY, "1", "0.1")
    client = await floor.socket(alice)
    assert await client.call("depth.query", "BCCBTC", 0, "0") == {"asks": [], "bids": []}
    assert await client.call("depth.query", "BCCBTC", 0, "0.01") == {"asks": [], "bids": []}
    assert await client.call("order.query", "BCCBTC", 0, 0) == {"limit": 0, "offset": 0, "total": 1, "records": []}
    bobs = await floor.socket(bob)
    assert await bobs.call("order.history", "BCCBTC", 0, 0, 0, 0, 0) == {"limit": 0, "offset": 0, "records": []}


async def test_a_state_counts_to_the_second(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket()
    for price in ("0.1", "0.2", "0.3"):
        await trade(floor, alice, bob, price)  # and a second passes
    for period, opened, volume in ((1, "0.3", "1"), (2, "0.2", "2"), (3, "0.1", "3"), (59, "0.1", "3")):
        state = await client.call("state.query", "BCCBTC", period)
        assert (state["open"], state["close"], state["volume"]) == (opened, "0.3", volume), period
    floor.pass_time(100 * SECOND)
    assert (await client.call("state.query", "BCCBTC", 100))["volume"] == "0"
    assert (await client.call("state.query", "BCCBTC", 101))["volume"] == "1"
    assert (await client.call("state.query", "BCCBTC", 102))["volume"] == "2"


async def test_today_without_a_deal_repeats_the_last_close_and_has_the_volume_of_24_hours(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket()
    nothing = {"open": "0", "last": "0", "high": "0", "low": "0", "volume": "0", "deal": "0"}
    assert await client.call("today.query", "BCCBTC") == nothing
    await trade(floor, alice, bob, "0.4")
    await trade(floor, alice, bob, "0.2")
    floor.pass_time((86_400 - floor.clock.now // SECOND % 86_400) * SECOND)  # midnight
    last = {"open": "0.2", "last": "0.2", "high": "0.2", "low": "0.2", "volume": "2", "deal": "0.6"}
    assert await client.call("today.query", "BCCBTC") == last
    await trade(floor, alice, bob, "0.3")
    today = {"open": "0.3", "last": "0.3", "high": "0.3", "low": "0.3", "volume": "3", "deal": "0.9"}
    assert await client.call("today.query", "BCCBTC") == today
    floor.pass_time(86_400 * SECOND)
    assert await client.call("today.query", "BCCBTC") == {name: "0.3" for name in ("open", "last", "high", "low")} | {
        "volume": "0",
        "deal": "0",
    }
