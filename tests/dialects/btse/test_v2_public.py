"""v2's public endpoints, with the example responses of the reference as the measure."""

import json
from typing import Any

import pytest

from cambist.dialects.btse import Flavour, Settings
from tests.dialects.btse.floor import V2, V3, Floor, Trader, error_of


def form(value: Any) -> Any:
    """The shape of a decoded answer: keys in order, types instead of values; int and float are one JSON type."""
    if isinstance(value, dict):
        return {key: form(item) for key, item in value.items()}
    if isinstance(value, list):
        return [form(item) for item in value]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


@pytest.fixture
async def traded(floor: Floor, alice: Trader, bob: Trader) -> Floor:
    """One trade of 2 BTC at 1000, an offer at 1010.5, bids at 999.123 and 998."""
    await floor.order(alice, side="SELL", price="1000", size="2")
    await floor.order(bob, side="BUY", price="1000", size="2")
    await floor.order(alice, side="SELL", price="1010.5", size="0.5")
    await floor.order(bob, side="BUY", price="999.123", size="1")
    await floor.order(bob, side="BUY", price="998", size="3")
    return floor


async def test_market_summary(traded: Floor) -> None:
    summary = await traded.public(f"{V2}/market_summary")
    assert list(summary) == ["BTC-USD", "LTC-USD", "LTC-BTC", "EUR-USD"]
    assert summary["BTC-USD"] == {
        "high24hr": "1000", "highest_bid": "999.123", "last": "1000", "low24hr": "1000", "lowest_ask": "1010.5",
        "percent_change": "0", "volume": "2000",
    }  # fmt: skip
    assert set(summary["EUR-USD"].values()) == {"0"}


async def test_markets(traded: Floor) -> None:
    row = (await traded.public(f"{V2}/markets"))[0]
    assert row == {
        "base_currency": "BTC", "base_increment_size": 1e-08, "base_max_size": 1000000, "base_min_size": 0.001, "id": "BTC-USD",
        "quote_currency": "USD", "quote_increment": 0.001, "quote_min_price": 0.1, "status": "active", "symbol": "BTC-USD",
    }  # fmt: skip
    reference = {
        "base_currency": "string", "base_increment_size": 0, "base_max_size": 0, "base_min_size": 0, "id": "string",
        "quote_currency": "string", "quote_increment": 0, "quote_min_price": 0, "status": "string",
    }  # fmt: skip
    assert list(row)[:-1] == list(reference)
    assert form({key: row[key] for key in reference}) == form(reference)


async def test_a_halted_market_is_inactive(floor: Floor) -> None:
    floor.immediate.set_market_status(0, 1)
    assert [row["status"] for row in await floor.public(f"{V2}/markets")] == ["inactive", "active", "active", "active"]


async def test_orderbook(traded: Floor) -> None:
    book = await traded.public(f"{V2}/orderbook/BTC-USD")
    assert book == {
        "buyQuote": [{"price": "999.123", "size": "1"}, {"price": "998", "size": "3"}],
        "sellQuote": [{"price": "1010.5", "size": "0.5"}],
        "symbol": "BTC-USD",
        "timestamp": traded.now_ms,
    }


@pytest.mark.parametrize(
    ("query", "bids", "asks"),
    [
        ("?group=0", [("999.123", "1"), ("998", "3")], [("1010.5", "0.5")]),
        ("?group=1", [("999.12", "1"), ("998", "3")], [("1010.5", "0.5")]),
        ("?group=6", [("999", "1"), ("998", "3")], [("1011", "0.5")]),
        ("?group=8", [("990", "4")], [("1020", "0.5")]),
        ("?limit_bids=1", [("999.123", "1")], [("1010.5", "0.5")]),
        ("?limit_bids=1&limit_asks=1&group=8", [("990", "4")], [("1020", "0.5")]),
    ],
)
async def test_grouping_and_limits(traded: Floor, query: str, bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> None:
    for path in (f"{V2}/orderbook/BTC-USD{query}", f"{V3}/orderbook{query}&symbol=BTC-USD"):
        book = await traded.public(path)
        assert [(quote["price"], quote["size"]) for quote in book["buyQuote"]] == bids
        assert [(quote["price"], quote["size"]) for quote in book["sellQuote"]] == asks


async def test_sellers_are_listed_best_first(traded: Floor, alice: Trader) -> None:
    await traded.order(alice, side="SELL", price="1005", size="0.1")
    book = await traded.public(f"{V2}/orderbook/btc-usd")
    assert [quote["price"] for quote in book["sellQuote"]] == ["1005", "1010.5"]


async def test_ticker_and_stats(traded: Floor) -> None:
    ticker = await traded.public(f"{V2}/ticker/BTC-USD")
    assert ticker == {
        "ask": "1010.5", "bid": "999.123", "price": "1000", "size": "2", "time": "2026-11-18T11:06:40.000Z", "volume": "2000",
    }  # fmt: skip
    stats = await traded.public(f"{V2}/stats/BTC-USD")
    assert stats == {
        "close": "1000", "high": "1000", "low": "1000", "open": "1000", "time": "2026-11-18T11:06:40.000Z", "volume": "2000",
    }  # fmt: skip


async def test_trades(traded: Floor, alice: Trader, bob: Trader) -> None:
    await traded.order(alice, side="SELL", price="999", size="0.25")
    rows = await traded.public(f"{V2}/trades/BTC-USD")
    assert [(row["type"], row["price"], row["amount"], row["serial_id"]) for row in rows] == [
        ("sell", 999.123, 0.25, "2"), ("buy", 1000, 2, "1"),
    ]  # fmt: skip
    reference = [{"amount": 0, "price": 0, "serial_id": "string", "symbol": "string", "time": "string", "type": "string"}]
    assert form(rows[:1]) == form(reference)
    assert len(await traded.public(f"{V2}/trades/BTC-USD?limit=1")) == 1


async def test_time(floor: Floor) -> None:
    assert await floor.public(f"{V2}/time") == {"iso": "2026-11-18T11:06:40.000Z", "epoch": 1_795_000_000}
    assert await floor.public("/v2/time") == await floor.public(f"{V2}/time")


@pytest.mark.parametrize("settings", [Settings(v2_flavour=Flavour.V2_0)])
async def test_time_in_the_old_flavour_is_a_text(floor: Floor, settings: Settings) -> None:
    assert (await floor.public(f"{V2}/time"))["epoch"] == "1795000000"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (f"{V2}/ticker/XYZ-USD", (400, -7006, "Unsupported symbol")),
        (f"{V2}/orderbook/BTC-USD?group=9", (400, -2, "Invalid request parameters: group")),
        (f"{V2}/orderbook/BTC-USD?limit_asks=-1", (400, -2, "Invalid request parameters: limit_asks")),
        (f"{V2}/trades/BTC-USD?limit=many", (400, -2, "Invalid request parameters: limit")),
        (f"{V2}/nothing", (404, -1, "There is no such endpoint")),
        ("/v2/orderbook", (404, -1, "There is no such endpoint")),
        (f"{V3}/orderbook", (400, -2, "symbol parameter is mandatory")),
        (f"{V3}/ohlcv?symbol=BTC-USD&resolution=7", (400, -2, "Invalid request parameters: resolution")),
        (f"{V3}/trades?symbol=BTC-USD&count=501", (400, -2, "Can't support count more than 500")),
    ],
)
async def test_what_is_wrong_is_said_in_the_generations_form(floor: Floor, path: str, error: tuple[int, int, str]) -> None:
    path, _, query = path.partition("?")
    assert error_of(path, await floor.send("GET", path, query=query.encode())) == error


async def test_a_wrong_method_names_the_right_ones(floor: Floor) -> None:
    reply = await floor.send("PATCH", f"{V3}/order")
    assert error_of(V3, reply) == (405, -1, "This endpoint does not answer that method")
    assert dict(reply.headers) == {b"allow": b"DELETE, GET, POST, PUT"}
    assert json.loads((await floor.send("POST", f"{V2}/ticker/BTC-USD")).body)["code"] == 405
