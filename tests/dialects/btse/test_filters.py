"""Filters and spellings: honoured or refused, never passed over in silence."""

import json
from typing import Any

import pytest

from tests.dialects.btse.floor import V2, V3, Floor, Trader, error_of, signed_headers

ROWS = 6


@pytest.fixture
async def traded(floor: Floor, alice: Trader, bob: Trader) -> Floor:
    """Six trades of one second each; alice is the maker, every other order of hers bears the tag "even"."""
    for number in range(ROWS):
        await floor.order(alice, side="SELL", price="1000", size="1", clOrderID="even" if number % 2 else "odd")
        await floor.order(bob, side="BUY", price="1000", size="1")
        floor.clock.now += 1_000_000
    return floor


SERIALS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [6, 5, 4, 3, 2, 1]),
    ({"count": 2}, [6, 5]),
    ({"beforeSerialId": 4}, [3, 2, 1]),
    ({"beforeSerialId": 4, "count": 1}, [3]),
    ({"afterSerialId": 4}, [5, 6]),
    ({"afterSerialId": 2, "count": 2}, [3, 4]),
    ({"afterSerialId": 1, "beforeSerialId": 4}, [3, 2]),
]


@pytest.mark.parametrize(("fields", "ids"), SERIALS)
async def test_pages_by_serial_id(traded: Floor, alice: Trader, fields: dict[str, Any], ids: list[int]) -> None:
    query = "".join(f"&{name}={value}" for name, value in fields.items())
    assert [row["serialId"] for row in await traded.public(f"{V3}/trades?symbol=BTC-USD{query}")] == ids
    rows = await traded.call(alice, "GET", f"{V3}/user/trade_history", symbol="BTC-USD", **fields)
    assert [row["serialId"] for row in rows] == ids


async def test_paging_forward_by_after_misses_nothing(traded: Floor, alice: Trader) -> None:
    seen: list[int] = []
    while page := await traded.call(alice, "POST", f"{V2}/fills", after=seen[-1] if seen else 0, before=0 if seen else 2, limit=2):
        seen += [row["id"] for row in page]
    assert seen == [1, 2, 3, 4, 5, 6]
    public: list[int] = []
    while page := await traded.public(f"{V2}/trades/BTC-USD?limit=2&" + (f"after={public[-1]}" if public else "before=2")):
        public += [int(row["serial_id"]) for row in page]
    assert public == seen


@pytest.mark.parametrize("unit", [1, 1_000])
@pytest.mark.parametrize(("start", "end"), [("startTime", "endTime"), ("start", "end")])
async def test_times_in_seconds_and_in_milliseconds_under_both_names(traded: Floor, alice: Trader, unit: int, start: str, end: str) -> None:
    now = traded.clock.now // 1_000_000
    window = {start: (now - 4) * unit, end: (now - 3) * unit}
    query = "&".join(f"{name}={value}" for name, value in window.items())
    assert [row["serialId"] for row in await traded.public(f"{V3}/trades?symbol=BTC-USD&{query}")] == [4, 3]
    assert [row["serial_id"] for row in await traded.public(f"{V2}/trades/BTC-USD?{query}")] == ["4", "3"]
    rows = await traded.call(alice, "GET", f"{V3}/user/trade_history", symbol="BTC-USD", **window)
    assert [row["serialId"] for row in rows] == [4, 3]
    minute = now // 60 * 60
    candles = await traded.public(f"{V3}/ohlcv?symbol=BTC-USD&resolution=1&{start}={minute * unit}&{end}={now * unit}")
    assert [candle[0] for candle in candles][-1] == minute


@pytest.mark.parametrize("name", ["clOrderID", "clOrderId"])
async def test_orders_and_trades_by_a_tag(traded: Floor, alice: Trader, name: str) -> None:
    rows = await traded.call(alice, "GET", f"{V3}/user/trade_history", symbol="BTC-USD", **{name: "even"})
    assert [row["serialId"] for row in rows] == [6, 4, 2]
    newest = await traded.call(alice, "GET", f"{V3}/order", **{name: "odd"})
    history = {row["serialId"]: row["orderId"] for row in await traded.call(alice, "GET", f"{V3}/user/trade_history")}
    assert newest["orderID"] == history[5]
    for price in ("10", "11"):
        await traded.order(alice, side="BUY", price=price, size="1", **{name: "even"})
    rows = await traded.call(alice, "GET", f"{V3}/user/open_orders", **{name: "even"})
    assert [row["price"] for row in rows] == [10, 11]
    assert (await traded.call(alice, "GET", f"{V3}/order", **{name: "even"}))["price"] == 11
    rows = await traded.call(alice, "PUT", f"{V3}/order", symbol="BTC-USD", type="PRICE", value="12", **{name: "even"})
    assert [(row["status"], row["price"]) for row in rows] == [(123, 12)]
    rows = await traded.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD", **{name: "even"})
    assert [(row["status"], row["price"]) for row in rows] == [(6, 10), (6, 12)]


UNKNOWN: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", f"{V3}/user/trade_history", {"since": 5}),
    ("GET", f"{V3}/user/wallet_history", {"coin": "USD"}),
    ("GET", f"{V3}/user/open_orders", {"clorderid": "x"}),
    ("GET", f"{V3}/order", {"orderID": "x", "account": "y"}),
    ("DELETE", f"{V3}/order", {"symbol": "BTC-USD", "orderid": "x"}),
    ("PUT", f"{V3}/order", {"symbol": "BTC-USD", "orderID": "x", "type": "PRICE", "value": "1", "size": "2"}),
    ("POST", f"{V3}/order", {"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": "1", "size": "1", "triggerPrice": "2"}),
    ("POST", f"{V3}/order", {"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": "1", "size": "1", "postonly": True}),
    ("POST", f"{V3}/order/cancelAllAfter", {"timeout": 1_000, "symbol": "BTC-USD"}),
    ("POST", f"{V2}/deleteOrder", {"symbol": "BTC-USD", "orderId": "x"}),
    ("POST", f"{V2}/fills", {"symbol": "BTC-USD", "since": 5}),
    ("GET", f"{V2}/pending", {"coin": "BTC"}),
    ("POST", f"{V2}/order", {"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": "1", "amount": "1", "Price": "2"}),
]


@pytest.mark.parametrize(("method", "path", "fields"), UNKNOWN)
async def test_an_unknown_parameter_is_refused_and_changes_nothing(
    floor: Floor, alice: Trader, method: str, path: str, fields: dict[str, Any]
) -> None:
    await floor.order(alice, side="BUY", price="1", size="1")
    before = floor.state()
    http, code, message = await floor.error(alice, method, path, **fields)
    assert (http, code) == (400, -2)
    assert message.startswith("Unknown request parameter: ")
    assert floor.state() == before


EMPTY_IDS: list[tuple[str, str, str, bytes]] = [
    ("DELETE", f"{V3}/order", "symbol=BTC-USD&orderID=", b""),
    ("DELETE", f"{V3}/order", "symbol=BTC-USD&orderId", b""),
    ("DELETE", f"{V3}/order", "symbol=BTC-USD&clOrderID=", b""),
    ("DELETE", f"{V3}/order", "symbol=BTC-USD", b'{"orderID":null}'),
    ("POST", f"{V2}/deleteOrder", "", b'{"symbol":"BTC-USD","order_id":""}'),
    ("POST", f"{V2}/deleteOrder", "", b'{"symbol":"BTC-USD","order_id":null}'),
    ("POST", f"{V2}/deleteOrder", "", b'{"symbol":"BTC-USD","tag":""}'),
    ("POST", f"{V2}/deleteOrder", "order_id=0c5d2f4e", b'{"symbol":"BTC-USD"}'),
]
"""Cancels of one order that would end all of the market, if an id that says nothing, or stands in an unsigned query, were passed over."""


@pytest.mark.parametrize(("method", "path", "query", "body"), EMPTY_IDS)
async def test_a_cancel_whose_id_is_empty_cancels_nothing(
    floor: Floor, alice: Trader, method: str, path: str, query: str, body: bytes
) -> None:
    await floor.order(alice, side="BUY", price="1", size="1")
    before = floor.state()
    headers = signed_headers(alice.key.key, alice.key.secret, path.removeprefix("/spot"), floor.now_ms, body)
    reply = await floor.send(method, path, body, headers, query.encode())
    assert error_of(path, reply)[:2] == (400, -2)
    assert floor.state() == before


async def test_an_id_counts_although_another_is_empty(floor: Floor, alice: Trader) -> None:
    row = await floor.order(alice, side="BUY", price="1", size="1")
    await floor.order(alice, side="BUY", price="1", size="1")
    (ended,) = await floor.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD", orderID=row["orderID"], clOrderID="")
    assert ended["orderID"] == row["orderID"]
    assert len(await floor.call(alice, "GET", f"{V3}/user/open_orders")) == 1


@pytest.mark.parametrize(
    "path", [f"{V3}/trades?symbol=BTC-USD&since=1", f"{V3}/ohlcv?symbol=BTC-USD&resolution=1&limit=5", f"{V2}/trades/BTC-USD?page=2"]
)
async def test_public_lists_have_no_unknown_filters_either(floor: Floor, path: str) -> None:
    path, _, query = path.partition("?")
    reply = await floor.send("GET", path, query=query.encode())
    assert error_of(path, reply)[:2] == (400, -2)


async def test_paths_may_end_with_a_slash(floor: Floor, alice: Trader) -> None:
    for path in (f"{V2}/time/", f"{V2}/orderbook/BTC-USD/", f"{V3}/time/", f"{V3}/orderbook/L2/?symbol=BTC-USD"):
        assert await floor.public(path)
    assert await floor.call(alice, "GET", f"{V3}/user/open_orders/") == []
    assert (await floor.send("PATCH", f"{V3}/order/")).status == 405


async def test_a_book_says_its_symbol_before_its_time(floor: Floor) -> None:
    for path in (f"{V2}/orderbook/BTC-USD", f"{V3}/orderbook?symbol=BTC-USD"):
        assert list(await floor.public(path)) == ["buyQuote", "sellQuote", "symbol", "timestamp"]


@pytest.mark.parametrize("number", ["1e9999999999999999999", "1e-9999999999999999999", "1e999999", "9" * 64, "1" + "0" * 63, "1e400"])
async def test_numbers_of_any_size_are_refused_at_once(floor: Floor, alice: Trader, number: str) -> None:
    before = floor.state()
    for name in ("price", "amount", "funds", "stop_price"):
        fields = {"symbol": '"BTC-USD"', "side": '"BUY"', "type": '"LIMIT"', "price": "1", "amount": "1", name: number}
        for quote in ("", '"'):
            body = "{" + ",".join(f'"{key}":{quote + value + quote if key == name else value}' for key, value in fields.items()) + "}"
            reply = await floor.reply(alice, "POST", f"{V2}/order", body=body.encode())
            assert error_of(V2, reply)[0] == 400, (name, body)
    assert floor.state() == before


async def test_an_idempotency_key_places_one_order(floor: Floor, alice: Trader) -> None:
    async def place(key: str, tag: str = "") -> tuple[int, str]:
        body = json.dumps({"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": "1", "size": "1", "clOrderID": tag}).encode()
        headers = signed_headers(alice.key.key, alice.key.secret, f"{V3}/order", floor.nonce(), body)
        reply = await floor.send("POST", f"{V3}/order", body, headers | ({b"idempotency-key": key.encode()} if key else {}))
        (row,) = json.loads(reply.body)
        return row["status"], row["message"]

    refused = (15, "Duplicate order: its idempotency key was used before")
    assert [await place("a"), await place("a"), await place("b"), await place("")] == [(2, ""), refused, (2, ""), (2, "")]
    assert [await place("a", "tag"), await place("a", "tag"), await place("", "tag")] == [(2, ""), refused, (2, "")]
    assert len(floor.engine.open_orders(alice.account)) == 5
