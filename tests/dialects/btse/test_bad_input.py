"""What strangers and broken clients send: this API's own rejection, never a 5xx, and nobody's money or order touched by it."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.btse.floor import V2, V3, Floor, Trader, error_of, signed_headers

V4 = "/spot/api/v4/trade"
BODIES = [
    b"[]", b"null", b"1", b'"text"', b"{", b"}", b"{}}", b"\xff\xfe", b"\x00", b'{"symbol":', b'{"symbol":"\\ud800"}', b'{"a":NaN}',
    b"symbol=BTC-USD&side=BUY", b"[" * 60_000, b'{"a":' * 20_000, b"\xef\xbb\xbf{}", '{"symbol":"BTC-USD"}'.encode("utf-16"),
]  # fmt: skip
SIGNED = [
    ("GET", f"{V2}/account"), ("POST", f"{V2}/order"), ("GET", f"{V2}/pending"), ("POST", f"{V2}/fills"), ("POST", f"{V2}/deleteOrder"),
    ("POST", f"{V3}/order"), ("GET", f"{V3}/order"), ("PUT", f"{V3}/order"), ("DELETE", f"{V3}/order"), ("POST", f"{V3}/order/peg"),
    ("POST", f"{V3}/order/cancelAllAfter"), ("GET", f"{V3}/user/open_orders"), ("GET", f"{V3}/user/trade_history"),
    ("POST", f"{V4}/orders"), ("GET", f"{V4}/orders"), ("PUT", f"{V4}/orders"), ("DELETE", f"{V4}/orders"), ("POST", f"{V4}/orders/algo"),
    ("DELETE", f"{V4}/orders/all"), ("POST", f"{V4}/orders/cancel_all_after"), ("GET", f"{V4}/order"), ("GET", f"{V4}/trade_history"),
    ("GET", "/public-api/wallet/v1/user/assets"), ("GET", "/public-api/wallet/v1/user/walletHistory"),
    ("GET", f"{V3}/user/fees"), ("GET", f"{V3}/user/wallet"), ("GET", f"{V3}/user/wallet_history"),
]  # fmt: skip
PUBLIC = [
    *(f"{V2}/{name}" for name in ("market_summary", "markets", "time")),
    *(f"{V2}/{name}/BTC-USD" for name in ("orderbook", "ticker", "stats", "trades")),
    *(f"/public-api/market/v1/{name}" for name in ("markets", "orderbook", "trades", "klines", "ticker/24hr")),
    *(f"{V3}/{name}" for name in ("market_summary", "ohlcv", "price", "orderbook", "orderbook/L2", "trades", "time")),
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=[str(number) for number in range(len(BODIES))])
async def test_bodies_that_are_no_object(floor: Floor, alice: Trader, body: bytes) -> None:
    before = floor.state()
    for path in (f"{V2}/order", f"{V3}/order"):
        reply = await floor.reply(alice, "POST", path, body=body)
        assert error_of(path, reply)[:2] in ((400, -2), (400, -7006))
        assert len(reply.body) < 500
    assert floor.state() == before


NAMES = [
    *("symbol", "side", "type", "price", "amount", "size", "funds", "tag", "client_oid", "clOrderID", "order_id", "orderID", "stop"),
    *("stop_price", "triggerPrice", "txType", "time_in_force", "post_only", "postOnly", "stp", "value", "orderPrice", "orderSize"),
    *("timeout", "after", "before", "limit", "count", "startTime", "endTime", "start", "end", "resolution", "group", "depth", "currency"),
    *("limit_bids", "limit_asks", "orderSide", "orderType", "quoteOrderSize", "orderId", "clOrderId", "triggerOrderType", "timeInForce"),
    *("asset", "historyTypes", "page", "pageSize", "walletType", "totalAmountMode", "beforeSerialId", "afterSerialId"),
]
WORDS = [
    "BTC-USD",
    "btc-usd",
    "LTC-BTC",
    "BUY",
    "SELL",
    "LIMIT",
    "MARKET",
    "STOP",
    "IOC",
    "FOK",
    "DAY",
    "PRICE",
    "SIZE",
    "ALL",
    "1",
    "0",
    "0.5",
]
texts = st.sampled_from(WORDS) | st.text(max_size=12) | st.integers(-(10**30), 10**30).map(str)
values: st.SearchStrategy[Any] = (
    texts
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.none()
    | st.just([])
    | st.just({})
)


def only_safe(reply: Any, path: str) -> None:
    """200, or a rejection in the generation's form; nothing from 500 on."""
    if reply.status != 200:
        assert 400 <= error_of(path, reply)[0] < 500
    else:
        json.loads(reply.content)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(SIGNED), st.dictionaries(st.sampled_from(NAMES), values, max_size=8), st.binary(max_size=30))
async def test_signed_requests_by_chance(floor: Floor, where: tuple[str, str], fields: dict[str, Any], query: bytes) -> None:
    known = floor.directory.user("dave")
    dave = floor.trader("dave", BTC="10", USD="1000") if known is None else Trader(known, floor.directory.keys(known)[0])
    method, path = where
    body = json.dumps(fields).encode()
    before = floor.state()
    headers = signed_headers(dave.key.key, dave.key.secret, path, floor.nonce(), body)
    if floor.counter % 500 == 0:
        floor.clock.now += 1_000_000
    reply = await floor.send(method, path, body, headers, query)
    only_safe(reply, path)
    if reply.status != 200:
        assert floor.state() == before
    assert all(sum(row) == 0 for row in floor.engine.totals())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PUBLIC), st.dictionaries(st.sampled_from(NAMES), texts, max_size=5), st.binary(max_size=30))
async def test_public_requests_by_chance(floor: Floor, path: str, fields: dict[str, str], more: bytes) -> None:
    from urllib.parse import urlencode

    before = floor.engine.seq
    query = urlencode({name: value.encode("utf-8", "surrogatepass") for name, value in fields.items()}).encode()
    only_safe(await floor.send("GET", path, query=query + b"&" + more), path)
    assert floor.engine.seq == before


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["/spot/v2/", "/v2/", "/v2/ticker/", "/spot/v2/trades/", "/spot/api/v3.1/", "/spot/api/v3.2/order"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?#"), max_size=30),
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]),
)
async def test_paths_by_chance(floor: Floor, prefix: str, rest: str, method: str) -> None:
    if floor.router.find(method, prefix + rest)[0].dialect == "btse":
        only_safe(await floor.send(method, prefix + rest), prefix + rest)


@pytest.mark.parametrize("field", ["order_id", "symbol", "limit", "after"])
@pytest.mark.parametrize("value", [-1, "-1", 1.5, "1e3", "١", [], {}, True, "x" * 10_000, "\x00", 10**40])
async def test_odd_values_of_fills(floor: Floor, alice: Trader, field: str, value: Any) -> None:
    reply = await floor.reply(alice, "POST", f"{V2}/fills", {field: value})
    only_safe(reply, V2)
    assert reply.status == 400 or value in (True, 1.5) or (value == 10**40)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"symbol":"BTC-USD","side":"BUY","side":"SELL","type":"LIMIT","price":100,"size":1}', "side"),
        (b'{"symbol":"BTC-USD","side":"BUY","type":"LIMIT","price":100,"size":1,"price":101}', "price"),
        (b'{"symbol":"BTC-USD","side":"BUY","type":"LIMIT","price":100,"size":1,"s\\u0069ze":2}', "size"),
    ],
)
@pytest.mark.parametrize("path", [f"{V2}/order", f"{V3}/order"])
async def test_a_member_with_two_values_is_refused(floor: Floor, alice: Trader, path: str, body: bytes, name: str) -> None:
    before = floor.state()
    reply = await floor.reply(alice, "POST", path, body=body)
    assert error_of(path, reply)[2] == f"Invalid request parameters: {name}"
    assert floor.state() == before


async def test_a_cancel_that_names_two_orders_cancels_neither(floor: Floor, alice: Trader) -> None:
    orders = [await floor.order(alice, side="BUY", price=100, size=1) for _ in range(2)]
    named = "&".join(f"orderID={order['orderID']}" for order in orders).encode()
    before = floor.state()
    path = f"{V3}/order"
    headers = signed_headers(alice.key.key, alice.key.secret, path.removeprefix("/spot"), floor.nonce())
    reply = await floor.send("DELETE", path, b"", headers, b"symbol=BTC-USD&" + named)
    assert error_of(path, reply)[2] == "Invalid request parameters: orderID"
    assert floor.state() == before
