"""v2's endpoints for the owner of a key: reference shapes, orders in every spelling, cancels, fills."""

from typing import Any

import pytest

from cambist.dialects.btse import Flavour, Settings
from cambist.dialects.btse.ids import ORDER_IDS
from tests.dialects.btse.floor import V2, V3, Floor, Trader
from tests.dialects.btse.test_v2_public import form

OLD = Settings(v2_flavour=Flavour.V2_0)


async def place(floor: Floor, trader: Trader, **fields: Any) -> str:
    """Places a v2 order; its id."""
    answer = await floor.call(trader, "POST", f"{V2}/order", **{"symbol": "BTC-USD", "type": "LIMIT", **fields})
    assert list(answer) == ["id"]
    return str(answer["id"])


async def test_account(floor: Floor, alice: Trader) -> None:
    await place(floor, alice, side="BUY", price=100.5, amount=2)
    rows = await floor.call(alice, "GET", f"{V2}/account")
    assert form(rows[:1]) == form([{"available": "string", "currency": "string", "total": "string"}])
    assert rows[0] == {"available": "99799", "currency": "USD", "total": "100000"}
    assert [row["currency"] for row in rows] == ["USD", "BTC", "LTC", "ETH", "EUR"]


@pytest.mark.parametrize(
    "fields",
    [
        {"side": "BUY", "type": "LIMIT", "time_in_force": "gtc"},
        {"side": "buy", "type": "limit"},
        {"side": "Buy", "type": "Limit", "time_in_force": "GTC", "tag": "a tag"},
        {"side": "BUY", "client_oid": 17, "funds": 0, "stop": "", "stop_price": 0, "stp": "", "created_at": 0, "id": "", "status": ""},
    ],
)
async def test_the_spellings_of_real_clients(floor: Floor, alice: Trader, fields: dict[str, Any]) -> None:
    uuid = await place(floor, alice, price=100, amount=1.5, **fields)
    order = floor.engine.open_orders(alice.account)[0]
    assert (order.price, order.amount, order.side, ORDER_IDS.text(order.order_id)) == (100_000, 150_000_000, 0, uuid)


async def test_pending(floor: Floor, alice: Trader) -> None:
    uuid = await place(floor, alice, side="BUY", price="100.5", amount="2", tag="mine")
    await place(floor, alice, side="SELL", price="2000", amount="0.00100001", symbol="BTC-USD")
    rows = await floor.call(alice, "GET", f"{V2}/pending", symbol="BTC-USD")
    assert rows[0] == {
        "amount": 2, "created_at": "2026-11-18 11:06:40", "id": uuid, "price": 100.5, "symbol": "BTC-USD", "side": 66,
        "status": "STATUS_ACTIVE", "tag": "mine", "type": 76,
    }  # fmt: skip
    assert (rows[1]["side"], rows[1]["amount"]) == (83, 0.00100001)
    reference = {
        "amount": 0, "created_at": "string", "id": "string", "price": 0, "symbol": "string", "side": 0, "status": "string",
        "tag": "string", "type": 0,
    }  # fmt: skip
    assert form(rows) == form([reference, reference])
    assert list(rows[0]) == list(reference)
    assert await floor.call(alice, "GET", f"{V2}/pending", symbol="LTC-USD") == []


@pytest.mark.parametrize("settings", [OLD])
async def test_the_old_flavour_answers_three_calls_its_own_way(floor: Floor, alice: Trader, settings: Settings) -> None:
    uuid = await place(floor, alice, side="BUY", price="100", amount="1")
    row = (await floor.call(alice, "GET", f"{V2}/pending"))[0]
    assert (row["side"], row["type"]) == ("BUY", "LIMIT")
    assert await floor.call(alice, "POST", f"{V2}/deleteOrder", order_id=uuid, symbol="BTC-USD") == {"code": 6, "time": floor.now_ms}
    assert (await floor.call(alice, "POST", f"{V2}/deleteOrder", order_id=uuid, symbol="BTC-USD"))["code"] == -1


async def test_fills(floor: Floor, alice: Trader, bob: Trader) -> None:
    maker = await place(floor, bob, side="SELL", price="1000", amount="1", tag="offer")
    taker = await place(floor, alice, side="BUY", price="1000", amount="0.4")
    await place(floor, alice, side="BUY", price="1000", amount="0.6")
    rows = await floor.call(bob, "POST", f"{V2}/fills", order_id=maker)
    assert rows[1] == {
        "amount": 0.4, "created_at": "2026-11-18 11:06:40", "fee": 0.8, "id": 1, "order_id": maker, "price": 1000,
        "symbol": "BTC-USD", "side": "SELL", "tag": "offer", "trade_id": rows[1]["trade_id"],
    }  # fmt: skip
    reference = {
        "amount": 0, "created_at": "yyyy-MM-dd HH:mm:ss", "fee": 0, "id": 0, "order_id": "string", "price": 0, "symbol": "string",
        "side": "string", "tag": "string", "trade_id": "string",
    }  # fmt: skip
    assert form(rows) == form([reference, reference])
    mine = await floor.call(alice, "POST", f"{V2}/fills", symbol="BTC-USD")
    assert [(row["id"], row["side"], row["fee"]) for row in mine] == [(2, "BUY", 0.0012), (1, "BUY", 0.0008)]
    assert {row["trade_id"] for row in mine} == {row["trade_id"] for row in rows}
    assert mine[1]["order_id"] == taker


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({}, [4, 3, 2, 1]),
        ({"limit": 2}, [4, 3]),
        ({"limit": "2"}, [4, 3]),
        ({"after": 2}, [3, 4]),
        ({"after": 1, "limit": 2}, [2, 3]),
        ({"before": "3"}, [2, 1]),
        ({"after": 1, "before": 4}, [3, 2]),
        ({"after": 0, "before": 0, "limit": 0, "username": "string"}, [4, 3, 2, 1]),
        ({"symbol": "LTC-USD"}, []),
    ],
)
async def test_pages_of_fills(floor: Floor, alice: Trader, bob: Trader, fields: dict[str, Any], ids: list[int]) -> None:
    await place(floor, bob, side="SELL", price="1000", amount="4")
    for _ in range(4):
        await place(floor, alice, side="BUY", price="1000", amount="1")
    assert [row["id"] for row in await floor.call(alice, "POST", f"{V2}/fills", **fields)] == ids


async def test_a_strangers_order_has_no_fills_for_us(floor: Floor, alice: Trader, bob: Trader) -> None:
    maker = await place(floor, bob, side="SELL", price="1000", amount="1")
    await place(floor, alice, side="BUY", price="1000", amount="1")
    assert await floor.error(alice, "POST", f"{V2}/fills", order_id=maker) == (400, 16, "Order not found")


async def test_delete_order(floor: Floor, alice: Trader, bob: Trader) -> None:
    uuid = await place(floor, alice, side="BUY", price="100", amount="1", tag="t1")
    path = f"{V2}/deleteOrder"
    for stranger in ({"order_id": uuid, "symbol": "BTC-USD"}, {"tag": "t1", "symbol": "BTC-USD"}):
        assert (await floor.call(bob, "POST", path, **stranger))[0]["success"] is False
    rows = await floor.call(alice, "POST", path, order_id=uuid, symbol="BTC-USD", coin_name="string")
    assert rows == [{"code": 6, "data": {"id": uuid, "symbol": "BTC-USD", "tag": "t1"}, "msg": "", "success": True, "time": floor.now_ms}]
    assert list(rows[0]) == ["code", "data", "msg", "success", "time"]
    assert not floor.engine.open_orders(alice.account)
    again = await floor.call(alice, "POST", path, order_id=uuid, symbol="BTC-USD")
    assert again == [{"code": 16, "data": {}, "msg": "Order not found", "success": False, "time": floor.now_ms}]


async def test_a_cancel_that_comes_too_late_says_so(floor: Floor, alice: Trader, bob: Trader) -> None:
    uuid = await place(floor, alice, side="BUY", price="100", amount="1")
    await place(floor, bob, side="SELL", price="100", amount="1")
    rows = await floor.call(alice, "POST", f"{V2}/deleteOrder", order_id=uuid, symbol="BTC-USD")
    assert (rows[0]["code"], rows[0]["success"]) == (4, False)


async def test_delete_by_tag_and_by_market(floor: Floor, alice: Trader) -> None:
    for number in range(3):
        await place(floor, alice, side="BUY", price="100", amount="1", tag=f"t{number}")
    await place(floor, alice, symbol="LTC-USD", side="BUY", price="1", amount="1")
    path = f"{V2}/deleteOrder"
    rows = await floor.call(alice, "POST", path, tag="t1", symbol="BTC-USD")
    assert [row["data"]["tag"] for row in rows] == ["t1"]
    assert (await floor.call(alice, "POST", path, order_id=rows[0]["data"]["id"], symbol="LTC-USD"))[0]["success"] is False
    rows = await floor.call(alice, "POST", path, symbol="BTC-USD")
    assert [(row["code"], row["data"]["tag"]) for row in rows] == [(6, "t0"), (6, "t2")]
    assert await floor.call(alice, "POST", path, symbol="BTC-USD") == []
    assert await floor.error(alice, "POST", path) == (400, -2, "symbol parameter is mandatory")
    assert len(floor.engine.open_orders(alice.account)) == 1


# --- what an order may say ------------------------------------------------------------------------------------------------


@pytest.fixture
async def book(floor: Floor, bob: Trader) -> Floor:
    """Offers of 1 BTC at 1000 and at 1001; a bid of 1 BTC at 900."""
    await place(floor, bob, side="SELL", price="1000", amount="1")
    await place(floor, bob, side="SELL", price="1001", amount="1")
    await place(floor, bob, side="BUY", price="900", amount="1")
    return floor


async def filled(floor: Floor, trader: Trader) -> list[tuple[float, float]]:
    rows = await floor.call(trader, "POST", f"{V2}/fills")
    return [(row["price"], row["amount"]) for row in rows]


async def test_market_by_amount(book: Floor, alice: Trader) -> None:
    await place(book, alice, side="BUY", type="MARKET", amount="1.5")
    assert await filled(book, alice) == [(1001, 0.5), (1000, 1)]


async def test_market_by_funds(book: Floor, alice: Trader) -> None:
    await place(book, alice, side="BUY", type="market", funds="1500.5")
    assert await filled(book, alice) == [(1001, 0.5), (1000, 1)]


async def test_immediate_and_killed(book: Floor, alice: Trader) -> None:
    await place(book, alice, side="BUY", price="1000", amount="1.5", time_in_force="ioc")
    assert await filled(book, alice) == [(1000, 1)]
    assert not book.engine.open_orders(alice.account)
    error = await book.error(
        alice, "POST", f"{V2}/order", symbol="BTC-USD", side="BUY", type="LIMIT", price="1001", amount="2", time_in_force="FOK"
    )
    assert error == (400, 15, "A fill-or-kill order cannot be filled")


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("HALFMIN", 30), ("fivemin", 300), ("HOUR", 3_600), ("TWELVEHOUR", 43_200), ("DAY", 86_400), ("WEEK", 604_800),
        ("MONTH", 2_592_000),
    ],
)  # fmt: skip
async def test_timed_orders_end_by_the_clock(floor: Floor, alice: Trader, word: str, seconds: int) -> None:
    await place(floor, alice, side="BUY", price="100", amount="1", time_in_force=word)
    floor.clock.now += seconds * 1_000_000 - 1
    floor.sequencer.advance()
    rows = await floor.call(alice, "GET", f"{V3}/user/open_orders")
    assert [(row["timeInForce"], row["cancelDuration"]) for row in rows] == [(word.upper(), seconds * 1_000)]
    floor.clock.now += 1
    floor.sequencer.advance()
    assert await floor.call(alice, "GET", f"{V2}/pending") == []


async def test_post_only(book: Floor, alice: Trader) -> None:
    fields = {"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "amount": "1", "post_only": True}
    assert await book.error(alice, "POST", f"{V2}/order", price="1000", **fields) == (400, 15, "A post-only order would trade at once")
    await place(book, alice, price="999", **{**fields, "post_only": "true"})


async def test_stops(book: Floor, alice: Trader, bob: Trader) -> None:
    await place(book, alice, side="BUY", price="1001", amount="0.5", stop="entry", stop_price="1000")
    await place(book, alice, side="SELL", type="MARKET", amount="0.25", stop="loss", stop_price="950")
    rows = await book.call(alice, "GET", f"{V2}/pending")
    assert [(row["status"], row["type"]) for row in rows] == [("STATUS_INACTIVE", 76), ("STATUS_INACTIVE", 77)]
    await place(book, bob, side="BUY", price="1000", amount="0.1")
    assert await filled(book, alice) == [(1000, 0.5)]
    await place(book, bob, side="SELL", price="900", amount="0.1")
    assert await filled(book, alice) == [(900, 0.25), (1000, 0.5)]


@pytest.mark.parametrize(("side", "word", "before", "reached"), [("SELL", "entry", "1000", "1001"), ("BUY", "loss", "1000", "900")])
async def test_a_stop_on_the_other_side_takes_a_profit(
    book: Floor, alice: Trader, bob: Trader, side: str, word: str, before: str, reached: str
) -> None:
    await place(book, bob, side="BUY", price=before, amount="0.1")
    order = {"price": "950", "amount": "0.5"} if side == "BUY" else {"price": "1100", "amount": "0.5"}
    await place(book, alice, side=side, stop=word, stop_price="950" if side == "BUY" else "1000.5", **order)
    (row,) = await book.call(alice, "GET", f"{V2}/pending")
    assert row["status"] == "STATUS_INACTIVE"
    if side == "BUY":
        await place(book, bob, side="SELL", price=reached, amount="0.1")
    else:
        await place(book, bob, side="BUY", price=reached, amount="0.95")
    (row,) = await book.call(alice, "GET", f"{V2}/pending")
    assert row["status"] == "STATUS_ACTIVE"


@pytest.mark.parametrize(("word", "resting", "filled_amount"), [("cn", 1, 0), ("CO", 0, 0), ("cb", 0, 0), ("allow", 0, 1)])
async def test_self_trade(floor: Floor, alice: Trader, word: str, resting: int, filled_amount: int) -> None:
    await place(floor, alice, side="SELL", price="1000", amount="1")
    await place(floor, alice, side="BUY", price="1000", amount="1", stp=word, time_in_force="IOC")
    assert len(floor.engine.open_orders(alice.account)) == resting
    assert len(await filled(floor, alice)) == filled_amount


async def test_a_tag_may_be_used_again_and_a_cancel_by_it_ends_all_that_bear_it(floor: Floor, alice: Trader, bob: Trader) -> None:
    ids = [await place(floor, alice, side="BUY", price=str(100 + number), amount="1", client_oid=7) for number in range(3)]
    other = await place(floor, alice, symbol="LTC-USD", side="BUY", price="1", amount="1", tag="7")
    await place(floor, alice, side="BUY", price="100", amount="1", tag="8")
    await place(floor, bob, side="BUY", price="100", amount="1", tag="7")
    await place(floor, bob, side="SELL", price="102", amount="1")
    path = f"{V2}/deleteOrder"
    rows = await floor.call(alice, "POST", path, tag="7", symbol="BTC-USD")
    assert [(row["code"], row["data"]["id"]) for row in rows] == [(6, ids[0]), (6, ids[1])]
    assert [row["data"]["id"] for row in await floor.call(alice, "POST", path, tag="7")] == [other]
    assert (await floor.call(alice, "POST", path, tag="7"))[0]["code"] == 16
    assert [row["tag"] for row in await floor.call(alice, "GET", f"{V2}/pending")] == ["8"]
    assert len(floor.engine.open_orders(bob.account)) == 1


GOOD = {"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": "100", "amount": "1"}
BAD_ORDERS: list[tuple[dict[str, Any], tuple[int, int, str]]] = [
    ({"symbol": ""}, (400, -2, "symbol parameter is mandatory")),
    ({"symbol": "XXX-USD"}, (400, -7006, "Unsupported symbol")),
    ({"side": "HOLD"}, (400, -2, "Invalid request parameters: side")),
    ({"type": "OTC"}, (400, -2, "Invalid request parameters: type")),
    ({"stp": "dc"}, (400, -2, "Invalid request parameters: stp")),
    ({"price": ""}, (400, 302, "Invalid order price")),
    ({"price": "0.0999"}, (400, -2, "Invalid request parameters: price")),
    ({"price": "0.099"}, (400, 302, "Invalid order price")),
    ({"price": "10000.001"}, (400, 302, "Invalid order price")),
    ({"price": "1e25"}, (400, 302, "Invalid order price")),
    ({"price": "-1"}, (400, -2, "Invalid request parameters: price")),
    ({"price": True}, (400, -2, "Invalid request parameters: price")),
    ({"price": []}, (400, -2, "Invalid request parameters: price")),
    ({"price": "NaN"}, (400, -2, "Invalid request parameters: price")),
    ({"amount": None}, (400, 301, "Invalid order size")),
    ({"amount": "0.000999"}, (400, 301, "Invalid order size")),
    ({"amount": 1e-9}, (400, -2, "Invalid request parameters: amount")),
    ({"amount": "2000000"}, (400, 300, "Invalid order size: maximum exceeded")),
    ({"amount": "2000"}, (400, 8, "Insufficient balance")),
    ({"funds": "5"}, (400, -2, "These order parameters do not go together")),
    ({"type": "MARKET", "amount": "0", "funds": "1000000"}, (400, 8, "Insufficient balance")),
    ({"type": "MARKET", "amount": "1", "funds": "10"}, (400, -2, "These order parameters do not go together")),
    ({"type": "MARKET", "side": "SELL", "amount": "101"}, (400, 8, "Insufficient balance")),
    ({"type": "MARKET", "amount": "2000000"}, (400, 300, "Invalid order size: maximum exceeded")),
    ({"time_in_force": "FOREVER"}, (400, -2, "Invalid request parameters: time_in_force")),
    ({"post_only": "perhaps"}, (400, -2, "Invalid request parameters: post_only")),
    ({"post_only": True, "time_in_force": "IOC"}, (400, -2, "These order parameters do not go together")),
    ({"stop": "entry"}, (400, -2, "stop_price parameter is mandatory")),
    ({"stop": "sometime", "stop_price": "90"}, (400, -2, "Invalid request parameters: stop")),
    ({"tag": "x" * 129}, (400, -2, "Invalid request parameters: tag")),
    ({"tag": "a\nb"}, (400, -2, "Invalid request parameters: tag")),
    ({"tag": ["x"]}, (400, -2, "Invalid request parameters: tag")),
]


@pytest.mark.parametrize(("change", "error"), BAD_ORDERS, ids=[str(number) for number in range(len(BAD_ORDERS))])
async def test_a_refused_order_changes_nothing(floor: Floor, alice: Trader, change: dict[str, Any], error: tuple[int, int, str]) -> None:
    before = floor.state()
    http, code, message = await floor.error(alice, "POST", f"{V2}/order", **{**GOOD, **change})
    assert (http, code) == error[:2]
    assert error[2] is None or message == error[2]
    assert floor.state() == before
    assert len(floor.nonces(alice)) == 1


async def test_a_halted_market_takes_cancels_only(floor: Floor, alice: Trader) -> None:
    uuid = await place(floor, alice, side="BUY", price="100", amount="1")
    floor.immediate.set_market_status(0, 1)
    assert await floor.error(alice, "POST", f"{V2}/order", **GOOD) == (400, 1, "Market is unavailable")
    assert (await floor.error(alice, "POST", f"{V2}/order", **{**GOOD, "type": "MARKET"}))[1] == 1
    assert (await floor.call(alice, "POST", f"{V2}/deleteOrder", order_id=uuid))[0]["code"] == 6


async def test_a_full_disk_refuses_orders_and_says_what_to_do(floor: Floor, alice: Trader) -> None:
    floor.journal.space_low = True
    assert (await floor.error(alice, "POST", f"{V2}/order", **GOOD))[:2] == (503, 17)
    assert len(floor.nonces(alice)) == 1
