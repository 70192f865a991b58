"""The public methods, member by member as the reference and the recorded answers have them."""

import json
from typing import Any

import pytest

from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.history.port import Page
from cambist.marketdata import MarketData
from tests.dialects.mtgox.floor import DAY, NOON, SECOND, Floor, Trader
from tests.support.floor import one_process
from tests.support.immediate import immediately

VALUE = ["value", "value_int", "display", "display_short", "currency"]


async def traded(floor: Floor, alice: Trader, bob: Trader) -> None:
    """A book of 5.535 to 5.561 and a last trade of 5.559 in BTCUSD."""
    await floor.order(alice, "bid", "5.414", "2")
    await floor.order(bob, "ask", "5.414", "0.5")
    await floor.order(alice, "bid", "5.559", "1")
    await floor.order(bob, "ask", "5.559", "1")
    await floor.order(bob, "ask", "5.561", "3")
    await floor.order(alice, "bid", "5.535", "4.25")


async def test_ticker(floor: Floor, alice: Trader, bob: Trader) -> None:
    await traded(floor, alice, bob)
    ticker = await floor.public("BTCUSD/public/ticker")
    assert list(ticker) == [
        "high", "low", "avg", "vwap", "vol", "last_local", "last_orig", "last_all", "last", "buy", "sell", "item", "now",
    ]  # fmt: skip
    assert ticker["high"] == {
        "value": "5.559", "value_int": "555900", "display": "$5.55900", "display_short": "$5.56", "currency": "USD",
    }  # fmt: skip
    assert ticker["vol"] == {
        "value": "1.5", "value_int": "150000000", "display": "1.50000000\xa0BTC", "display_short": "1.50\xa0BTC", "currency": "BTC",
    }  # fmt: skip
    assert ticker["low"]["value"] == "5.414"
    assert ticker["avg"]["value_int"] == "548650"
    # (5.414 * 0.5 + 5.559) / 1.5 = 5.510666...
    assert (ticker["vwap"]["value"], ticker["vwap"]["value_int"]) == ("5.51067", "551067")
    for name in ("last_local", "last_orig", "last_all", "last"):
        assert ticker[name]["value_int"] == "555900"
    assert (ticker["buy"]["value_int"], ticker["sell"]["value_int"]) == ("553500", "556100")
    assert (ticker["item"], ticker["now"]) == ("BTC", str(floor.clock.now))
    for name, value in ticker.items():
        if name not in ("item", "now"):
            assert list(value) == VALUE
            assert all(isinstance(text, str) for text in value.values())


async def test_ticker_fast(floor: Floor, alice: Trader, bob: Trader) -> None:
    await traded(floor, alice, bob)
    ticker = await floor.public("BTCUSD/ticker_fast")
    assert list(ticker) == ["last_local", "last_orig", "last_all", "last", "buy", "sell", "now"]
    assert ticker["last_local"]["value"] == "5.559"


async def test_before_any_trade_and_a_day_after_the_last(floor: Floor, alice: Trader, bob: Trader) -> None:
    ticker = await floor.public("BTCEUR/ticker")
    assert {ticker[name]["value"] for name in ("high", "low", "avg", "vwap", "last", "buy", "sell")} == {"0"}
    assert ticker["sell"]["display"] == "0.00000 €"
    assert ticker["vol"]["value"] == "0"
    await traded(floor, alice, bob)
    floor.clock.now += 2 * DAY
    ticker = await floor.public("BTCUSD/ticker")
    assert {ticker[name]["value"] for name in ("high", "low", "avg", "vwap", "last")} == {"5.559"}
    assert ticker["vol"]["value_int"] == "0"


async def test_yen_have_three_decimals(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.order(alice, "bid", "12345.678", "1", "BTCJPY")
    ticker = await floor.public("BTCJPY/ticker")
    assert ticker["buy"] == {
        "value": "12345.678", "value_int": "12345678", "display": "¥12,345.678", "display_short": "¥12,345.68", "currency": "JPY",
    }  # fmt: skip


DEPTH_PATHS = ("BTCUSD/public/depth", "BTCUSD/depth", "BTCUSD/depth/fetch", "BTCUSD/public/depth/fetch", "btcusd/depth/")


@pytest.mark.parametrize("path", DEPTH_PATHS)
async def test_depth(floor: Floor, alice: Trader, bob: Trader, path: str) -> None:
    await traded(floor, alice, bob)
    await floor.order(bob, "ask", "7", "1")
    depth = await floor.public(path)
    assert list(depth) == ["asks", "bids"]
    stamp = str(NOON)
    assert depth["asks"] == [{"price": 5.561, "amount": 3, "price_int": "556100", "amount_int": "300000000", "stamp": stamp}]
    assert depth["bids"] == [
        {"price": 5.414, "amount": 1.5, "price_int": "541400", "amount_int": "150000000", "stamp": stamp},
        {"price": 5.535, "amount": 4.25, "price_int": "553500", "amount_int": "425000000", "stamp": stamp},
    ]


@pytest.mark.parametrize("path", ["BTCUSD/public/fulldepth", "BTCUSD/fulldepth", "BTCUSD/depth/full"])
async def test_full_depth_shows_what_is_far_away_too(floor: Floor, alice: Trader, bob: Trader, path: str) -> None:
    await traded(floor, alice, bob)
    floor.clock.now += SECOND
    await floor.order(bob, "ask", "9999", "1")
    await floor.order(alice, "bid", "0.1", "1")
    depth = await floor.public(path)
    assert [level["price"] for level in depth["asks"]] == [5.561, 9999]
    assert [level["price"] for level in depth["bids"]] == [0.1, 5.414, 5.535]
    assert depth["asks"][1]["stamp"] == str(NOON + SECOND)


@pytest.mark.parametrize("name", ["depth/fetch", "depth/full", "depth", "fulldepth"])
async def test_depth_of_v2_says_when_it_was(floor: Floor, alice: Trader, bob: Trader, name: str) -> None:
    await traded(floor, alice, bob)
    for _ in range(2):
        floor.clock.now += SECOND
        data = (await floor.json("GET", f"/api/2/BTCUSD/money/{name}"))["data"]
        assert list(data) == ["asks", "bids", "now"]
        assert data["now"] == str(floor.clock.now)
        v1 = await floor.public(f"BTCUSD/{name}")
        assert {"asks": data["asks"], "bids": data["bids"]} == v1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "path",
    [
        "/api/0", "/api/0/", "/api/0/nothing", "/api/0/nothing.php", "/api/0/data/", "/api/0/%00",
        "/api/1", "/api/1/", "/api/1/BTCUSD", "/api/1/BTCUSD/", "/api/1/BTCUSD/tikcer", "/api/1/BTCUSD/Ticker",
        "/api/1/generic/nothing", "/api/1/%", "/api/2/money", "/api/2/money/", "/api/2/BTCUSD/money/", "/api/2/BTCUSD/money/nothing",
        "/api/2/money/Info", "/api/2/BTCUSD/money/ticker/x",
    ],
)  # fmt: skip
async def test_what_is_not_found_is_said_in_the_versions_own_form(floor: Floor, path: str, method: str) -> None:
    reply = await floor.send(method, path)
    assert reply.status in (404, 405)
    answer = json.loads(reply.body)
    assert list(answer) == (["error"] if path.startswith("/api/0") else ["result", "error", "token"])


@pytest.mark.parametrize("path", ["/api/0/data/ticker.php", "/api/1/BTCUSD/ticker", "/api/2/BTCUSD/money/ticker", "/api/1/generic/info"])
async def test_other_http_methods_are_refused_in_the_same_form(floor: Floor, path: str) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        reply = await floor.send(method, path)
        assert (reply.status, json.loads(reply.body)["error"]) == (405, "GET and POST only")


TRADE = ["date", "price", "amount", "price_int", "amount_int", "tid", "price_currency", "item", "trade_type", "primary", "properties"]


async def test_trades(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.order(alice, "bid", "3.5599", "3.6900096", "BTCEUR")
    await floor.order(bob, "ask", "3.5599", "3.6900096", "BTCEUR")
    (trade,) = await floor.public("BTCEUR/public/trades")
    assert list(trade) == TRADE
    assert trade == {
        "date": NOON // SECOND,
        "price": "3.5599",
        "amount": "3.6900096",
        "price_int": "355990",
        "amount_int": "369000960",
        "tid": str(NOON),
        "price_currency": "EUR",
        "item": "BTC",
        "trade_type": "ask",
        "primary": "Y",
        "properties": "limit",
    }
    assert await floor.public("BTCUSD/public/trades") == []


async def test_properties_tell_what_kind_of_order_the_taker_s_was(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.order(alice, "bid", "10", "5")
    await floor.order(bob, "ask", "10", "1")
    market = await floor.returned(bob, "BTCUSD/order/add", type="ask", amount_int=100000000)
    stop = floor.immediate.place(bob.account, 0, Side.SELL, OrderType.STOP_MARKET, TimeInForce.IOC, 0, 10**8, stop_price=10_000)
    assert stop.code == 0
    await floor.order(bob, "ask", "10", "1")
    kinds = ["limit", "market", "market", "limit"]  # the stop is triggered as it comes
    assert [trade["properties"] for trade in await floor.public("BTCUSD/trades")] == kinds
    # What only the histories know, what an account is told of its own, and what memory takes up at the next start say the same.
    page = Page(newest_first=False)
    await floor.services.history.reached(floor.engine.seq)
    assert [trade.taker_market for trade in await floor.services.history.market_trades(0, page)] == [kind == "market" for kind in kinds]
    for trader in (alice, bob):
        assert [trade["properties"] for trade in await floor.returned(trader, "generic/private/trades")] == kinds
        rows = await floor.returned(trader, "generic/wallet/history", currency="BTC", type="in" if trader is alice else "out")
        assert [row["Trade"]["Properties"] for row in reversed(rows["result"])] == kinds
    result = await floor.returned(bob, "generic/order/result", type="ask", order=market)
    assert [trade["properties"] for trade in result["trades"]] == ["market"]
    again = MarketData((0,), floor.clock)
    await again.load(floor.services.history)
    assert [trade.taker_market for trade in again.trades(0, 10)] == [False, True, True, False]


async def test_trades_since_an_id(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.order(alice, "bid", "10", "100")
    for _ in range(5):
        floor.clock.now += 12 * 3600 * SECOND
        await floor.order(bob, "ask", "10", "1")
    floor.sequencer.drain()
    everything = await floor.public("BTCUSD/trades?since=0")
    tids = [trade["tid"] for trade in everything]
    assert len(tids) == 5
    assert sorted(tids, key=int) == tids
    assert [trade["tid"] for trade in await floor.public("BTCUSD/trades")] == tids[2:]
    assert [trade["tid"] for trade in await floor.public(f"BTCUSD/trades/fetch?since={tids[2]}")] == tids[3:]
    assert [trade["tid"] for trade in await floor.public(f"BTCUSD/trades?since={int(tids[2]) - 1}")] == tids[2:]
    assert await floor.public("BTCUSD/trades?since=9223372036854775807") == []
    body = f"since={tids[3]}&primary=Y".encode()
    assert [trade["tid"] for trade in (await floor.json("POST", "/api/1/BTCUSD/public/trades", body))["return"]] == tids[4:]
    refused = await floor.json("GET", "/api/1/BTCUSD/trades?since=x")
    assert refused == {"result": "error", "error": 'Invalid parameter "since" (should be a trade id)', "token": "invalid_parameter"}


@pytest.mark.parametrize("path", ["BTCUSD/public/cancelledtrades", "BTCUSD/cancelledtrades", "BTCUSD/trades/cancelled"])
async def test_cancelled_trades(floor: Floor, path: str) -> None:
    assert await floor.public(path) == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("USD", ("US Dollar", "$", "5", "before", "N")),
        ("jpy", ("Japanese Yen", "¥", "3", "before", "N")),
        ("EUR", ("Euro", "EUR", "5", "after", "N")),
        ("BTC", ("Bitcoin", "BTC", "8", "after", "Y")),
    ],
)
async def test_currency(floor: Floor, code: str, expected: tuple[str, ...]) -> None:
    words = await floor.public(f"generic/public/currency?currency={code}")
    assert tuple(words[name] for name in ("name", "symbol", "decimals", "symbol_position", "virtual")) == expected
    posted = await floor.json("POST", "/api/1/generic/public/currency", f"currency={code}".encode())
    assert posted["return"] == words
    if code == "USD":
        assert words["ticker_channel"] == "d5f06780-30a8-4a48-a2f8-7ed181b4a13f"
        assert words["depth_channel"] == "24e67e0d-1cad-4cc0-9e7a-f8523ef460fe"


async def test_unknown_currency(floor: Floor) -> None:
    refused = await floor.json("GET", "/api/1/generic/currency?currency=XYZ")
    assert refused["error"] == 'Invalid parameter "currency" (should be a known currency)'


@pytest.mark.parametrize("path", ["generic/public/order/lag", "generic/order/lag", "generic/lag"])
async def test_lag_of_an_idle_engine(floor: Floor, path: str) -> None:
    floor.sequencer.drain()
    assert await floor.public(path) == {"lag": 0, "lag_secs": 0, "lag_text": "0.000000 seconds", "length": "0"}


@one_process
async def test_lag_is_the_age_of_what_waits_for_the_disk(floor: Floor, alice: Trader) -> None:
    floor.sequencer.drain()
    floor.journal.held = True
    place = floor.immediate.place
    for price in (10_000, 11_000, 12_000):
        place(alice.account, 0, 0, 0, 0, price, 10**8)
    floor.clock.now += 535_998
    route, match = floor.router.find("GET", "/api/1/generic/order/lag")
    from cambist.dialect_kit.messages import Request

    reply: Any = immediately(route.handler(Request("GET", "/api/1/generic/order/lag", headers={b"user-agent": b"x"}, match=match)))  # type: ignore[arg-type]
    assert json.loads(reply.body)["return"] == {"lag": 535998, "lag_secs": 0.535998, "lag_text": "0.535998 seconds", "length": "3"}


@pytest.mark.parametrize(
    ("side", "amount", "answer"),
    [
        ("bid", "100000000", {"amount": 556100}),
        ("bid", "300000000.0", {"amount": 1668300}),
        ("ask", "500000000", {"amount": 4 * 553500 + 553500 // 4 + 541400 * 3 // 4}),
        ("ask", "999900000000", "Not enough offers for this amount"),
        ("buy", "1", 'Invalid parameter "type" (should be ask or bid)'),
        ("bid", "0", 'Invalid parameter "amount" (should be a whole number above zero)'),
        ("bid", "1.5", 'Invalid parameter "amount" (should be a whole number above zero)'),
    ],
)
async def test_quote(floor: Floor, alice: Trader, bob: Trader, side: str, amount: str, answer: Any) -> None:
    await traded(floor, alice, bob)
    for path in ("order/quote", "quote"):
        reply = await floor.json("GET", f"/api/1/BTCUSD/{path}?type={side}&amount={amount}")
        assert reply.get("return", reply.get("error")) == answer


async def test_raw_and_pretty(floor: Floor) -> None:
    for query in ("raw", "raw=", "raw=1"):
        reply = await floor.send("GET", f"/api/1/BTCUSD/public/depth?{query}")
        assert reply.body == b'{"asks":[],"bids":[]}'
    reply = await floor.send("GET", "/api/1/BTCUSD/public/trades?raw&since=0")
    assert reply.body == b"[]"
    assert b"\n    " in (await floor.send("GET", "/api/1/BTCUSD/public/depth?raw&pretty")).body


async def test_a_long_answer_is_shared_and_not_indented_for_each_who_asks(floor: Floor, alice: Trader) -> None:
    for price in range(1_000, 1_700):
        await floor.order(alice, "bid", str(price / 1000), "1")
    plain, indented = [await floor.send("GET", f"/api/1/BTCUSD/fulldepth{query}") for query in ("", "?pretty")]
    assert len(plain.content) > 65_536
    assert indented.content == plain.content


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("BTCUSD/nothing", "Method not found"),
        ("BTCXXX/ticker", "Unknown currency pair"),
        ("LTCUSD/ticker", "Unknown currency pair"),
        ("EURUSD/ticker", "Unknown currency pair"),
        ("generic/ticker", "This method is called on a currency pair, as in BTCUSD"),
        ("BTCUSD/public", "Method not found"),
    ],
)
async def test_what_there_is_not(floor: Floor, path: str, error: str) -> None:
    answer = await floor.json("GET", f"/api/1/{path}", status=404)
    assert answer["error"] == error


async def test_a_pair_of_two_coins(floor: Floor) -> None:
    ticker = await floor.public("LTCBTC/ticker")
    assert (ticker["last"]["value"], ticker["last"]["currency"], ticker["item"]) == ("0", "BTC", "LTC")


@pytest.mark.parametrize("agent", [None, b"", b"  "])
@pytest.mark.parametrize("path", ["/api/1/BTCUSD/ticker", "/api/2/BTCUSD/money/ticker", "/api/0/data/ticker.php"])
async def test_a_request_names_its_user_agent(floor: Floor, agent: bytes | None, path: str) -> None:
    headers = {} if agent is None else {b"user-agent": agent}
    answer = await floor.json("GET", path, headers=headers, status=403)
    assert answer["error"] == "A User-Agent header is required"


async def test_quotes_walk_the_book_as_deep_as_it_is(floor: Floor, alice: Trader, bob: Trader) -> None:
    for step in range(60):
        await floor.order(alice, "bid", f"{90 - step}", f"0.{step + 10}")
        await floor.order(bob, "ask", f"{100 + step}", f"0.{step + 10}")
    depth = await floor.public("BTCUSD/fulldepth")
    for kind, levels in (("bid", depth["asks"]), ("ask", depth["bids"][::-1])):
        amount = cost = 0
        for level in levels:
            price, offered = int(level["price_int"]), int(level["amount_int"])
            half = await floor.public(f"BTCUSD/order/quote?type={kind}&amount={amount + offered // 2}")
            assert half == {"amount": (cost + offered // 2 * price) // 10**8}
            amount, cost = amount + offered, cost + offered * price
            assert await floor.public(f"BTCUSD/order/quote?type={kind}&amount={amount}") == {"amount": cost // 10**8}
        beyond = await floor.json("GET", f"/api/1/BTCUSD/order/quote?type={kind}&amount={amount + 1}")
        assert beyond["token"] == "not_enough_depth"
