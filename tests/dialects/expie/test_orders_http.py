"""Placing, cancelling and looking at orders over HTTP: what is taken, what is refused, and in which words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from cambist.domain.markets import MarketStatus
from cambist.domain.orders import Side
from tests.dialects.expie.floor import BUY, SELL, Floor, Trader

INVALID = (400, 1, "invalid argument")
NO_TOKEN = (401, 6, "require authentication")
UNKNOWN = (404, 4, "method not found")


async def test_a_limit_order_that_trades_at_once(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.2")
    order = await floor.limit(bob, "BCCBTC", BUY, "3", "0.25")
    shown = {name: order[name] for name in ("deal_stock", "deal_money", "deal_fee", "left", "price", "type", "maker_fee", "taker_fee")}
    assert shown == {
        "deal_stock": "2",
        "deal_money": "0.3",
        "deal_fee": "0.0012",
        "left": "1",
        "price": "0.25",
        "type": 1,
        "maker_fee": "0.0006",
        "taker_fee": "0.0006",
    }
    assert (await floor.get("markets/BCCBTC/orders/_pending", bob))["records"] == [order]
    cancelled = await floor.post(f"markets/BCCBTC/orders/{order['id']}/_cancel", bob)
    assert cancelled | {"mtime": 0} == order | {"mtime": 0}  # the time of its command there, of its last trade here
    finished = (await floor.get("markets/BCCBTC/orders/_finished", bob))["records"]
    assert [(row["id"], row["deal_stock"]) for row in finished] == [(order["id"], "2")]
    assert "left" not in finished[0]


async def test_a_cancel_is_no_update(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = await floor.limit(alice, "BCCBTC", SELL, "2", "0.1")
    floor.pass_time(5_000_000)
    await floor.limit(bob, "BCCBTC", BUY, "0.5", "0.1")
    traded = floor.clock.now / 1e6
    client = await floor.socket(alice)
    await client.follow("order.subscribe", "BCCBTC")
    floor.pass_time(5_000_000)
    cancelled = await floor.post(f"markets/BCCBTC/orders/{order['id']}/_cancel", alice)
    assert (cancelled["ctime"], cancelled["mtime"], cancelled["left"]) == (order["ctime"], traded, "1.5")
    (finished,) = (await floor.get("markets/BCCBTC/orders/_finished", alice))["records"]
    assert finished["ftime"] == traded
    assert await client.push() == ("order.update", [3, cancelled])


async def test_a_market_buy_spends_money(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.3")
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.4")
    order = await floor.post("markets/BCCBTC/orders", bob, side=BUY, amount="0.4999")
    shown = {name: order[name] for name in ("amount", "price", "type", "deal_stock", "deal_money", "left", "maker_fee")}
    # 1 for 0.3, then as many ten-thousandths as 0.1999 buys at 0.4.
    assert shown == {
        "amount": "0.4999",
        "price": "0",
        "type": 2,
        "deal_stock": "1.4997",
        "deal_money": "0.49988",
        "left": "0.00002",
        "maker_fee": "0",
    }
    assert await floor.get("markets/BCCBTC/orders/_pending", bob) == {"records": [], "total": 0, "limit": 20, "offset": 0}
    assert floor.engine.balance(bob.account, 0) == (int((100 - 0.49988) * 10**16) // 10**11 * 10**11, 0)


async def test_a_market_sell_sells_stock_as_far_as_there_are_bids(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(alice, "BCCBTC", BUY, "1", "0.3")
    order = await floor.post("markets/BCCBTC/orders", bob, side=SELL, amount=3)
    assert [order[name] for name in ("amount", "deal_stock", "deal_money", "deal_fee", "left")] == ["3", "1", "0.3", "0.00018", "2"]
    assert floor.engine.open_orders(bob.account) == []


@pytest.mark.parametrize("ppm", [0, 1, 333, 2_000, 999_999])
@pytest.mark.parametrize("side", [BUY, SELL])
async def test_the_fee_of_the_reply_is_the_sum_of_the_deals_fees(floor: Floor, alice: Trader, bob: Trader, ppm: int, side: int) -> None:
    """In BTCUSD a fee of one ppm may be less than an atom, and every deal's is rounded up."""
    floor.immediate.set_account_fees(bob.account, ppm, ppm)
    for number in range(1, 6):
        await floor.limit(alice, "BTCUSD", 3 - side, f"0.0100000{number}", f"100.0{number}")
    order = await floor.limit(bob, "BTCUSD", side, "0.06", "101" if side == BUY else "100")
    assert order["deal_stock"] == "0.05000015"
    deals = (await floor.get(f"markets/BTCUSD/orders/{order['id']}", bob))["records"]
    assert len(deals) == 5
    assert Decimal(order["deal_fee"]) == sum(Decimal(deal["fee"]) for deal in deals)
    assert Decimal(order["deal_money"]) == sum(Decimal(deal["deal"]) for deal in deals)


async def test_further_decimals_are_cut_off(floor: Floor, alice: Trader) -> None:
    order = await floor.limit(alice, "BCCBTC", SELL, "1.00009", "0.1000009")
    assert (order["amount"], order["price"]) == ("1", "0.1")
    order = await floor.limit(alice, "BCCBTC", SELL, "1.5E+0", "10e-2")
    assert (order["amount"], order["price"]) == ("1.5", "0.1")


@pytest.mark.parametrize(
    ("fields", "rejection"),
    [
        ({"amount": "1", "price": "0.1"}, INVALID),
        ({"side": 1, "price": "0.1"}, INVALID),
        ({"side": 0, "amount": "1", "price": "0.1"}, INVALID),
        ({"side": 3, "amount": "1", "price": "0.1"}, INVALID),
        ({"side": "sell", "amount": "1", "price": "0.1"}, INVALID),
        ({"side": True, "amount": "1", "price": "0.1"}, INVALID),
        ({"side": 1.0, "amount": "1", "price": "0.1"}, INVALID),
        ({"side": 1, "amount": "-1", "price": "0.1"}, INVALID),
        ({"side": 1, "amount": "", "price": "0.1"}, INVALID),
        ({"side": 1, "amount": "1", "price": ""}, INVALID),
        ({"side": 1, "amount": "1", "price": "0"}, INVALID),
        ({"side": 1, "amount": "1", "price": "0.0000001"}, INVALID),
        ({"side": 1, "amount": "1", "price": "NaN"}, INVALID),
        ({"side": 1, "amount": "1", "price": [1]}, INVALID),
        ({"side": 1, "amount": 0.1, "price": None}, INVALID),
        ({"side": 1, "amount": 0.1, "price": " "}, INVALID),
        ({"side": 1, "amount": 0.1, "price": 0}, INVALID),
        ({"side": 1, "amount": 0.1, "price": 0.0}, INVALID),
        ({"side": 1, "amount": 0.1, "price": "00"}, INVALID),
        ({"side": 1, "amount": 0.1, "price": "0.0"}, INVALID),
        ({"side": 1, "amount": 0.1, "price": {}}, INVALID),
        ({"side": 1, "amount": 0.1, "Price": 0.1}, INVALID),
        ({"side": 1, "amount": 0.1, "prize": None}, INVALID),
        ({"side": 1, "amount": 0.1, "limit": "0.1"}, INVALID),
        ({"side": 1, "amount": None, "price": "0.1"}, INVALID),
        ({"side": None, "amount": "1", "price": "0.1"}, INVALID),
        ({"side": 1, "amount": "1", "price": False}, INVALID),
        ({"side": 1, "amount": "1", "price": "1e999"}, INVALID),
        ({"side": 1, "amount": "1", "price": "1e9999999999999999999"}, INVALID),
        ({"side": 1, "amount": "1e999"}, INVALID),
        ({"side": 2, "amount": "1e999"}, INVALID),
        ({"side": 2, "amount": "1e40"}, INVALID),
        ({"side": 1, "amount": "1844674407370955.1616", "price": "0.1"}, INVALID),
        ({"side": 1, "amount": 10**25, "price": "0.1"}, INVALID),
        ({"side": 1, "amount": "9" * 60, "price": "0.1"}, INVALID),
        ({"side": 1, "amount": "1", "price": "9" * 18}, INVALID),
        ({"side": 1, "amount": "1000.0001", "price": "0.1"}, (400, 10, "balance not enough")),
        ({"side": 2, "amount": "1000.01", "price": "0.1"}, (400, 10, "balance not enough")),
        ({"side": 1, "amount": "0.0009", "price": "0.1"}, (400, 11, "amount too small")),
        ({"side": 1, "amount": "0", "price": "0.1"}, (400, 11, "amount too small")),
        ({"side": 1, "amount": "1000.0001"}, (400, 10, "balance not enough")),
        ({"side": 2, "amount": "100.01"}, (400, 10, "balance not enough")),
        ({"side": 2, "amount": "1"}, (400, 12, "no enough trader")),
        ({"side": 1, "amount": "0.0009"}, (400, 11, "amount too small")),
        ({"side": 1, "amount": "0"}, (400, 11, "amount too small")),
    ],
)
async def test_orders_that_are_refused(
    floor: Floor, alice: Trader, bob: Trader, fields: dict[str, Any], rejection: tuple[int, int, str]
) -> None:
    await floor.limit(bob, "BCCBTC", BUY, "1", "0.05")  # so that a market sell would find somebody, and a market buy nobody
    before = floor.engine.next_order_id, floor.engine.totals()
    assert await floor.refused("POST", "markets/BCCBTC/orders", alice, **fields) == rejection
    assert (floor.engine.next_order_id, floor.engine.totals()) == before


async def test_a_market_buy_below_the_least_amount(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(bob, "BCCBTC", SELL, "1", "0.5")
    assert await floor.refused("POST", "markets/BCCBTC/orders", alice, side=2, amount="0.00049") == (400, 11, "amount too small")
    assert (await floor.post("markets/BCCBTC/orders", alice, side=2, amount="0.0005"))["deal_stock"] == "0.001"


@pytest.mark.parametrize(
    "body",
    [
        b'{"side":1,"amount":1e9999999999999999999}',
        b'{"side":1,"amount":1e9999999999999999999,"price":1}',
        b'{"side":1,"amount":1,"price":1e-9999999999999999999}',
        b'{"side":1e9999999999999999999,"amount":1}',
        b'{"side":1,"amount":%b}' % (b"9" * 5_000),
        b'{"side":1,"amount":1,"price":%b}' % (b"9" * 400),
        b'{"side":1,"amount":0.%b,"price":1}' % (b"1" * 400),
        b"side=1&amount=0.1&price",
        b"side=1&amount=0.1&price=",
        b"side=1&amount=0.1&Price=0.1",
        b"side=1&amount=0.1&" + b"x&" * 100 + b"price=0.1",
        b"side=1&amount=0.1&price=0.1&price=",
    ],
)
async def test_bodies_that_make_no_market_order_and_no_error_of_ours(floor: Floor, alice: Trader, bob: Trader, body: bytes) -> None:
    await floor.limit(bob, "BCCBTC", BUY, "1", "0.05")
    before = floor.state()
    answer = await floor.http("POST", "/v1/markets/BCCBTC/orders", body, alice.token)
    assert (answer.status, answer.json) == (400, {"error": {"code": 1, "message": "invalid argument"}})
    assert floor.state() == before


@pytest.mark.parametrize("number", [b"1e9999999999999999999", b"1e999", b"1e-999", b'"9e19"', b'"%b"' % (b"9" * 60)])
@pytest.mark.parametrize("name", [b"limit", b"offset", b"interval"])
async def test_huge_numbers_elsewhere(floor: Floor, alice: Trader, name: bytes, number: bytes) -> None:
    body = b'{"%b":%b}' % (name, number)
    path = "depth" if name == b"interval" else "orders/_pending"
    answer = await floor.http("GET", f"/v1/markets/BCCBTC/{path}", body, alice.token)
    assert (answer.status, answer.json) == (400, {"error": {"code": 1, "message": "invalid argument"}})


async def test_a_market_order_may_name_its_market(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(bob, "BCCBTC", BUY, "1", "0.05")
    assert (await floor.post("markets/BCCBTC/orders", alice, side=1, amount="0.1", market="BCCBTC"))["type"] == 2


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"side":1', b"\xff\xfe", b'{"side":' + b"[" * 5_000, b"nonsense"])
async def test_bodies_that_are_none(floor: Floor, alice: Trader, body: bytes) -> None:
    answer = await floor.http("POST", "/v1/markets/BCCBTC/orders", body, alice.token)
    assert (answer.status, answer.json) == (400, {"error": {"code": 1, "message": "invalid argument"}})


async def test_market_orders_can_be_switched_off(open_floor: Callable[..., Awaitable[Floor]]) -> None:
    floor = await open_floor(market_orders=False)
    alice = floor.trader("alice", BCC="10")
    assert await floor.refused("POST", "markets/BCCBTC/orders", alice, side=1, amount="1") == (400, 1, "market orders are disabled")
    assert not any(market["market_order_enabled"] for market in await floor.get("markets"))


async def test_a_halted_market(floor: Floor, alice: Trader) -> None:
    order = await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    floor.immediate.set_market_status(0, MarketStatus.HALTED)
    unavailable = (503, 3, "service unavailable")
    assert await floor.refused("POST", "markets/BCCBTC/orders", alice, side=1, amount="1", price="0.1") == unavailable
    assert await floor.refused("POST", "markets/BCCBTC/orders", alice, side=1, amount="1") == unavailable
    assert [market["enabled"] for market in await floor.get("markets")] == [False, True, True, True]
    assert (await floor.post(f"markets/BCCBTC/orders/{order['id']}/_cancel", alice))["left"] == "1"


async def test_a_full_disk(floor: Floor, alice: Trader) -> None:
    order = await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    floor.journal.space_low = True
    assert (await floor.refused("POST", "markets/BCCBTC/orders", alice, side=1, amount="1", price="0.1"))[:2] == (503, 3)
    assert (await floor.post(f"markets/BCCBTC/orders/{order['id']}/_cancel", alice))["id"] == order["id"]


async def test_cancels_that_are_refused(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    path = f"markets/BCCBTC/orders/{order['id']}/_cancel"
    not_found = (404, 10, "order not found")
    assert await floor.refused("POST", path, bob) == (403, 11, "user not match")
    assert await floor.refused("POST", f"markets/BTGBTC/orders/{order['id']}/_cancel", alice) == not_found
    assert await floor.refused("POST", "markets/BCCBTC/orders/999/_cancel", alice) == not_found
    assert await floor.refused("POST", f"markets/BCCBTC/orders/{10**18 * 9}/_cancel", alice) == not_found
    await floor.post(path, alice)
    assert await floor.refused("POST", path, alice) == not_found
    assert await floor.refused("GET", path, alice) == (405, 4, "method not found")


async def test_pages_of_orders(floor: Floor, alice: Trader, bob: Trader) -> None:
    for _order in range(25):
        await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    await floor.limit(alice, "BTGBTC", SELL, "1", "0.1")
    page = await floor.get("markets/BCCBTC/orders/_pending", alice)
    assert ([row["id"] for row in page["records"]], page["total"]) == (list(range(25, 5, -1)), 25)
    page = await floor.get("markets/BCCBTC/orders/_pending?offset=20&limit=101", alice)
    assert ([row["id"] for row in page["records"]], page["offset"], page["limit"]) == ([5, 4, 3, 2, 1], 20, 101)
    await floor.limit(bob, "BCCBTC", BUY, "20", "0.1")
    page = await floor.get("markets/BCCBTC/orders/_finished?offset=18&limit=10", alice)
    assert [row["id"] for row in page["records"]] == [2, 1]
    page = await floor.get("markets/BCCBTC/orders/27?limit=3&offset=1", bob)
    assert [row["deal_order_id"] for row in page["records"]] == [19, 18, 17]
    for query in ("limit=0", "limit=102", "limit=x", "limit=-1", "offset=-1", "offset=1e3", "limit=", "offset=99999999999999999"):
        assert await floor.refused("GET", f"markets/BCCBTC/orders/_pending?{query}", alice) == INVALID
        assert await floor.refused("GET", f"markets/BCCBTC/orders/_finished?{query}", alice) == INVALID
        assert await floor.refused("GET", f"balance/history?coin_code=BTC&{query}", alice) == INVALID


async def test_the_deals_of_an_order_are_its_owners(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    path = f"markets/BCCBTC/orders/{order['id']}"
    assert await floor.get(path, alice) == {"records": [], "limit": 20, "offset": 0}
    for trader, elsewhere in ((bob, path), (alice, path.replace("BCC", "BTG")), (alice, "markets/BCCBTC/orders/77")):
        assert await floor.refused("GET", elsewhere, trader) == (404, 10, "order not found")


async def test_orders_of_other_apis(floor: Floor, alice: Trader, bob: Trader) -> None:
    # A waiting stop, and a market buy by amount: neither can be placed here, both can be seen.
    floor.immediate.place(alice.account, 0, Side.SELL, 2, 0, 90_000, 10_000, stop_price=95_000)
    await floor.limit(bob, "BCCBTC", SELL, "1", "0.2")
    floor.immediate.place(alice.account, 0, Side.BUY, 1, 1, 0, 20_000)
    (stop,) = (await floor.get("markets/BCCBTC/orders/_pending", alice))["records"]
    assert (stop["type"], stop["price"], stop["left"]) == (1, "0.09", "1")
    (bought,) = (await floor.get("markets/BCCBTC/orders/_finished", alice))["records"]
    assert (bought["type"], bought["amount"], bought["deal_stock"], bought["maker_fee"]) == (2, "2", "1", "0")


# --- paths and tokens -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "rejection"),
    [
        ("GET", "", UNKNOWN),
        ("OPTIONS", "markets", (405, 4, "method not found")),
        ("GET", "nothing", UNKNOWN),
        ("GET", "markets/BCCBTC", UNKNOWN),
        ("GET", "markets/BCCBTC/trades", UNKNOWN),
        ("GET", "markets/BCCBTC/orders/x", UNKNOWN),
        ("GET", "markets/BCCBTC/orders/-1", UNKNOWN),
        ("POST", "markets/BCCBTC/orders/1/_close", UNKNOWN),
        ("POST", "markets/BCCBTC/orders/1/_cancel/2", UNKNOWN),
        ("GET", "balance", UNKNOWN),
        ("POST", "markets", (405, 4, "method not found")),
        ("DELETE", "markets/BCCBTC/depth", (405, 4, "method not found")),
        ("GET", "markets/BCCBTC/orders", (405, 4, "method not found")),
        ("POST", "balance/summary", (405, 4, "method not found")),
        ("GET", "markets/NOSUCH/depth", INVALID),
        ("GET", "markets/NOSUCH/ticker", INVALID),
        ("GET", f"markets/{'X' * 60}/ticker", INVALID),
        ("GET", "markets/BCCBTC/depth?limit=0", INVALID),
        ("GET", "markets/BCCBTC/depth?limit=102", INVALID),
        ("GET", "markets/BCCBTC/depth?interval=x", INVALID),
        ("POST", "markets/BCCBTC/orders", NO_TOKEN),
        ("POST", "markets/NOSUCH/orders", NO_TOKEN),
        ("POST", "markets/BCCBTC/orders/1/_cancel", NO_TOKEN),
        ("GET", "markets/BCCBTC/orders/_pending", NO_TOKEN),
        ("GET", "markets/BCCBTC/orders/_finished", NO_TOKEN),
        ("GET", "markets/BCCBTC/orders/1", NO_TOKEN),
        ("GET", "balance/summary", NO_TOKEN),
        ("GET", "balance/history?coin_code=BTC", NO_TOKEN),
    ],
)
async def test_strangers(floor: Floor, method: str, path: str, rejection: tuple[int, int, str]) -> None:
    assert await floor.refused(method, path) == rejection


async def test_errors_have_the_same_form_everywhere_below_the_prefix(floor: Floor) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        for path in ("/v1", "/v1/", "/v1//", "/v1/x", "/v1?x=1", "/v1/%ff/%2f", "/v1/markets/%00/ticker/x"):
            answer = await floor.http(method, path)
            assert (answer.status, answer.json) == (404, {"error": {"code": 4, "message": "method not found"}}), (method, path)
        assert (await floor.http(method, "/ws")).status == 426
    for path, status in (("/v1", 404), ("/v1/", 405), ("/v1/markets/BCCBTC/depth", 405), ("/ws", 405), ("/ws/", 404), ("/ws/x", 404)):
        answer = await floor.http("OPTIONS", path)
        assert (answer.status, answer.json["error"]["code"]) == (status, 4)
    answer = await floor.http("POST", "/v1/markets/BCCBTC/orders", b"x" * 200_000)
    assert (answer.status, answer.json) == (413, {"error": {"code": 1, "message": "invalid argument"}})


async def test_every_path_that_is_served_has_its_errors_worded(floor: Floor) -> None:
    prefixes = [errors.prefix for errors in floor.service.path_errors]
    paths = [route.path for route in floor.service.routes] + [route.path for route in floor.service.sockets]
    for path in paths:
        assert any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes), path


async def test_paths_are_tolerant(floor: Floor, alice: Trader) -> None:
    assert len(await floor.get("markets/")) == 4
    assert len(await floor.get("/market")) == 4
    assert await floor.get("market/bccbtc/depth?limit=1&interval=0.01") == {"bids": [], "asks": []}
    assert (await floor.http("GET", "/ws")).status == 426


@pytest.mark.parametrize("token", ["0" * 64, "x" * 64, "", "F" * 64, "é" * 32, "0" * 63, "Bearer", "a b"])
async def test_tokens_that_are_none(floor: Floor, alice: Trader, token: str) -> None:
    for headers in ({"authorization": f"Bearer {token}"}, {"access_token": token}, {"authorization": f"Basic {alice.token}"}):
        answer = await floor.http("GET", "/v1/balance/summary", **headers)
        assert (answer.status, answer.json["error"]["code"]) == (401, 6)


async def test_scopes_and_addresses(floor: Floor) -> None:
    reader = floor.trader("reader", scopes=frozenset({"read"}), BCC="1")
    dealer = floor.trader("dealer", scopes=frozenset({"trade"}), BCC="1")
    elsewhere = floor.trader("elsewhere", ip_allow=("192.0.2.7",))
    lacks = (403, 6, "the token lacks the scope for this")
    assert await floor.refused("POST", "markets/BCCBTC/orders", reader, side=1, amount="1", price="1") == lacks
    assert await floor.refused("POST", "markets/BCCBTC/orders/1/_cancel", reader) == lacks
    assert await floor.refused("GET", "balance/summary", dealer) == lacks
    assert await floor.refused("GET", "balance/summary", elsewhere) == NO_TOKEN
    assert (await floor.limit(dealer, "BCCBTC", SELL, "1", "1"))["left"] == "1"
    floor.directory.revoke(dealer.key)
    assert await floor.refused("POST", "markets/BCCBTC/orders/1/_cancel", dealer) == NO_TOKEN


async def test_the_token_itself_is_nowhere_to_be_found(floor: Floor, alice: Trader) -> None:
    assert alice.token not in repr(alice.key)
    assert alice.key.key != alice.token
    assert floor.directory.find_key(alice.token) is None


async def test_history_that_stopped(floor: Floor, alice: Trader, monkeypatch: pytest.MonkeyPatch) -> None:
    from cambist.history import History, HistoryFailed

    async def failed(_self: History, _seq: int) -> None:
        raise HistoryFailed

    monkeypatch.setattr(History, "reached", failed)
    assert await floor.refused("GET", "balance/history?coin_code=BTC", alice) == (503, 3, "service unavailable")
    client = await floor.socket(alice)
    assert await client.error("asset.history", "", "", 0, 0, 0, 10) == (3, "service unavailable")
    assert (await floor.limit(alice, "BCCBTC", SELL, "1", "1"))["left"] == "1"


@pytest.mark.parametrize(
    "body",
    [
        b'{"side":1,"side":2,"amount":"0.01","price":"7"}',
        b'{"side":2,"amount":"0.01","price":"7","price":"8"}',
        b'{"side":2,"amount":"0.01","amount":"0.02","price":"7"}',
        b'{"side":2,"amount":"0.01","price":"7","\\u0070rice":"8"}',
        b"side=1&side=2&amount=0.01&price=7",
        b"side=2&amount=0.01&price=7&price=8",
    ],
)
async def test_a_field_with_two_values_is_refused(floor: Floor, alice: Trader, body: bytes) -> None:
    before = floor.state()
    answer = await floor.http("POST", "/v1/markets/BCCBTC/orders", body, alice.token)
    assert (answer.status, answer.json) == (400, {"error": {"code": 1, "message": "invalid argument"}})
    assert floor.state() == before


@pytest.mark.parametrize("body", [b'{"side":2,"side":2,"amount":"0.01","price":"7"}', b"side=2&side=2&amount=0.01&price=7"])
async def test_a_field_that_says_the_same_twice_is_taken(floor: Floor, alice: Trader, body: bytes) -> None:
    answer = await floor.http("POST", "/v1/markets/BCCBTC/orders", body, alice.token)
    assert (answer.status, answer.json["side"], answer.json["price"]) == (200, BUY, "7")
