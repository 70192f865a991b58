"""Pairs of which one order cancels the other, and trailing stops: v3's own fields, v4's algo orders, and what sockets tell of them."""

from typing import Any

import pytest

from tests.dialects.btse.floor import V3, Floor, Trader
from tests.dialects.btse.test_sockets import SPOT, Open, sockets  # noqa: F401 (a fixture)
from tests.dialects.btse.test_vendor_pages import ORDER, STANDING, V33, lacks

TRADE = "/spot/api/v4/trade"
PAIR: dict[str, Any] = {"side": "BUY", "type": "OCO", "txType": "LIMIT", "size": 1, "price": 900, "stopPrice": 1100, "triggerPrice": 1090}
TRAILING: dict[str, Any] = {"side": "SELL", "type": "MARKET", "txType": "STOP", "size": 1, "trailValue": 10}


@pytest.fixture
async def traded(floor: Floor, alice: Trader, bob: Trader) -> Floor:
    """The last price is 1000."""
    await trade(floor, alice, bob, "1000")
    return floor


async def trade(floor: Floor, buyer: Trader, seller: Trader, price: str, size: str = "1") -> None:
    await floor.order(seller, side="SELL", price=price, size=size)
    await floor.order(buyer, side="BUY", price=price, size=size)


async def place(floor: Floor, trader: Trader, version: str = V3, **fields: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await floor.call(trader, "POST", f"{version}/order", symbol="BTC-USD", **fields)
    return rows


async def opened(floor: Floor, trader: Trader) -> list[tuple[str, float, float]]:
    rows = await floor.call(trader, "GET", f"{V3}/user/open_orders", symbol="BTC-USD")
    return [(row["orderState"], row["price"], row["triggerPrice"]) for row in rows]


@pytest.mark.parametrize("version", [V3, V33])
async def test_a_pair_answers_a_row_for_each_order(traded: Floor, alice: Trader, version: str) -> None:
    rows = await place(traded, alice, version, **PAIR, clOrderID="pair")
    assert [(row["status"], row["orderType"], row["price"], row["triggerPrice"], row["trigger"], row["clOrderID"]) for row in rows] == [
        (2, 76, 900, 0, False, "pair"),
        (9, 76, 1100, 1090, True, "pair"),
    ]
    if version == V33:
        assert [lacks(row, ORDER) for row in rows] == [set(), set()]
    assert await opened(traded, alice) == [("STATUS_ACTIVE", 900, 0), ("STATUS_INACTIVE", 1100, 1090)]
    found = await traded.call(alice, "GET", f"{version}/order", orderID=rows[1]["orderID"])
    assert (found["status"], found["triggerStopPrice"]) == (9, 1100)
    if version == V33:
        assert lacks(found, f"{STANDING} status") == set()


@pytest.mark.parametrize("leg", [0, 1], ids=["limit order", "stop"])
async def test_cancelling_one_of_a_pair_answers_both(traded: Floor, alice: Trader, leg: int) -> None:
    before = traded.state()
    rows = await place(traded, alice, **PAIR)
    answer = await traded.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD", orderID=rows[leg]["orderID"])
    assert [(row["status"], row["orderID"]) for row in answer] == [(6, row["orderID"]) for row in rows]
    assert await opened(traded, alice) == []
    assert traded.state() == before


async def test_cancelling_by_the_client_s_id_and_the_whole_market_answer_both(traded: Floor, alice: Trader) -> None:
    for fields in ({"clOrderID": "pair"}, {}):
        await place(traded, alice, **PAIR, clOrderID="pair")
        answer = await traded.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD", **fields)
        assert [row["status"] for row in answer] == [6, 6]


async def test_a_fill_of_the_limit_order_ends_the_stop(traded: Floor, alice: Trader, bob: Trader) -> None:
    rows = await place(traded, alice, **PAIR)
    await traded.order(bob, side="SELL", price="900", size="0.25")
    assert await opened(traded, alice) == [("STATUS_ACTIVE", 900, 0)]
    assert (await traded.call(alice, "GET", f"{V3}/order", orderID=rows[1]["orderID"]))["status"] == 6


async def test_a_limit_order_that_trades_at_once_leaves_no_stop(traded: Floor, alice: Trader, bob: Trader) -> None:
    await traded.order(bob, side="SELL", price="900", size="0.25")
    rows = await place(traded, alice, **PAIR)
    assert [(row["status"], row["fillSize"]) for row in rows] == [(5, 0.25), (6, 0)]


async def test_a_stop_that_is_reached_ends_the_limit_order(traded: Floor, alice: Trader, bob: Trader) -> None:
    rows = await place(traded, alice, **PAIR)
    await trade(traded, bob, bob, "1090")
    statuses = [(await traded.call(alice, "GET", f"{V3}/order", orderID=row["orderID"]))["status"] for row in rows]
    assert statuses == [6, 10]


async def test_a_pair_whose_stop_is_reached_when_it_comes(traded: Floor, alice: Trader) -> None:
    rows = await place(traded, alice, **{**PAIR, "triggerPrice": 950, "stopPrice": 940})
    assert [(row["status"], row["trigger"]) for row in rows] == [(6, False), (10, True)]


async def test_a_pair_that_is_not_covered_is_reported_in_a_row(traded: Floor, alice: Trader) -> None:
    before = traded.state()
    (row,) = await place(traded, alice, **{**PAIR, "size": 999_999})
    assert (row["status"], row["orderID"]) == (8, "")
    assert traded.state() == before


async def test_each_order_of_a_pair_can_be_amended_in_price(traded: Floor, alice: Trader) -> None:
    limit, stop = await place(traded, alice, **PAIR)
    path, base = f"{V3}/order", {"symbol": "BTC-USD"}
    (row,) = await traded.call(alice, "PUT", path, **base, orderID=limit["orderID"], type="PRICE", value=910)
    assert (row["status"], row["price"]) == (123, 910)
    (row,) = await traded.call(alice, "PUT", path, **base, orderID=stop["orderID"], type="ALL", orderPrice=1200, triggerPrice=1150)
    assert (row["status"], row["price"], row["triggerPrice"]) == (123, 1200, 1150)
    assert await opened(traded, alice) == [("STATUS_ACTIVE", 910, 0), ("STATUS_INACTIVE", 1200, 1150)]
    http, code, words = await traded.error(alice, "PUT", path, **base, orderID=limit["orderID"], type="SIZE", value=2)
    assert (http, code) == (400, -2)
    assert "do not go together" in words


async def test_pairs_may_bear_the_same_client_s_id(traded: Floor, alice: Trader) -> None:
    first = await place(traded, alice, **PAIR, clOrderID="again")
    second = await place(traded, alice, **PAIR, clOrderID="again")
    assert len({row["orderID"] for row in first + second}) == 4
    answer = await traded.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD", clOrderID="again")
    assert [row["orderID"] for row in answer] == [row["orderID"] for row in first + second]


@pytest.mark.parametrize(
    ("fields", "shown", "trigger", "after"),
    [
        pytest.param({}, (10, 0), 990, 1040, id="sell"),
        pytest.param({"side": "BUY", "price": 500, "size": None}, (10, 0), 1010, 960, id="buy, by money"),
        pytest.param({"trailValue": 2.5, "trailValueType": "PERCENTAGE"}, (2.5, 2.5), 975, 1023.75, id="sell by percent"),
    ],
)
async def test_a_trailing_stop_follows_the_price(
    traded: Floor, alice: Trader, bob: Trader, fields: dict[str, Any], shown: tuple[float, float], trigger: float, after: float
) -> None:
    (row,) = await place(traded, alice, **{**TRAILING, **fields})
    assert (row["status"], row["orderType"], row["triggerPrice"]) == (9, 77, trigger)
    price = "1050" if fields.get("side") != "BUY" else "950"
    await trade(traded, bob, bob, price)
    (standing,) = await traded.call(alice, "GET", f"{V3}/user/open_orders", symbol="BTC-USD")
    assert (standing["trailValue"], standing["triggerTrailingStopDeviation"]) == shown
    assert (standing["triggerPrice"], standing["orderState"]) == (after, "STATUS_INACTIVE")
    (cancelled,) = await traded.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD", orderID=row["orderID"])
    assert (cancelled["status"], cancelled["triggerPrice"]) == (6, after)


async def test_a_trailing_stop_sells_when_the_price_comes_back(traded: Floor, alice: Trader, bob: Trader) -> None:
    (row,) = await place(traded, alice, **TRAILING)
    await traded.order(bob, side="BUY", price="1030", size="2")
    await trade(traded, bob, bob, "1050")
    await traded.order(bob, side="SELL", price="1030", size="0.5")
    found = await traded.call(alice, "GET", f"{V3}/order", orderID=row["orderID"])
    assert (found["status"], found["averageFillPrice"], found["triggerPrice"]) == (4, 1030, 1040)


async def test_a_market_without_trades_has_nothing_to_follow(floor: Floor, alice: Trader) -> None:
    (row,) = await place(floor, alice, **TRAILING)
    assert (row["status"], row["orderID"]) == (15, "")
    assert "last price" in row["message"]


# --- v4


async def algo(floor: Floor, trader: Trader, **fields: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await floor.call(trader, "POST", f"{TRADE}/orders/algo", symbol="BTC-USD", **fields)
    return rows


OCO: dict[str, Any] = {
    "orderSide": "SELL",
    "orderType": "OCO",
    "orderSize": "1",
    "takeProfitOrderPrice": "1100",
    "stopLossTriggerPrice": "900",
}
TRAIL: dict[str, Any] = {"orderSide": "SELL", "orderType": "TRAILING", "orderSize": "1", "trailValue": "10", "trailValueType": "DISTANCE"}


@pytest.mark.parametrize("price", [{}, {"stopLossOrderPrice": "890", "stopLossTriggerPriceType": "LAST_PRICE"}], ids=["market", "limit"])
async def test_an_oco_order_of_v4(traded: Floor, alice: Trader, price: dict[str, str]) -> None:
    rows = await algo(traded, alice, **OCO, **price)
    expected = [(2, 76, 1100, 0), (9, 76 if price else 77, 890 if price else 0, 900)]
    assert [(row["status"], row["type"], row["orderPrice"], row["triggerPrice"]) for row in rows] == expected
    answer = await traded.call(alice, "DELETE", f"{TRADE}/orders", symbol="BTC-USD", orderId=rows[0]["orderId"])
    assert [row["status"] for row in answer] == [6, 6]


@pytest.mark.parametrize(
    ("fields", "trigger"),
    [
        pytest.param({}, 990, id="by distance"),
        pytest.param({"trailValue": "1.5", "trailValueType": "PERCENTAGE", "triggerPriceType": "LAST_PRICE"}, 985, id="by percent"),
        pytest.param({"orderSide": "BUY", "orderSize": None, "quoteOrderSize": "500"}, 1010, id="a buy by money"),
    ],
)
async def test_a_trailing_order_of_v4(traded: Floor, alice: Trader, fields: dict[str, Any], trigger: float) -> None:
    (row,) = await algo(traded, alice, **{**TRAIL, **fields})
    assert (row["status"], row["type"], row["triggerPrice"]) == (9, 77, trigger)
    (found,) = await traded.call(alice, "GET", f"{TRADE}/orders", symbol="BTC-USD")
    assert (found["orderState"], found["trailValueType"]) == ("STATUS_INACTIVE", fields.get("trailValueType", "DISTANCE"))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({**OCO, "takeProfitOrderPrice": None}, -2),
        ({**OCO, "stopLossTriggerPrice": None}, -2),
        ({**OCO, "orderSize": None}, -2),
        ({**OCO, "orderSide": "BUY", "takeProfitOrderPrice": "800"}, -2),
        ({**OCO, "stopLossTriggerPrice": "1200"}, -2),
        ({**OCO, "stopLossTriggerPriceType": "INDEX_PRICE"}, -2),
        ({**OCO, "timeInForce": "FOK"}, -2),
        ({**OCO, "orderSize": "99999"}, 51523),
        ({**TRAIL, "trailValue": None}, -2),
        ({**TRAIL, "trailValueType": "MILES"}, -2),
        ({**TRAIL, "trailValue": "1000"}, 302),
        ({**TRAIL, "trailValue": "101", "trailValueType": "PERCENTAGE"}, 302),
        ({**TRAIL, "triggerPriceType": "MARK_PRICE"}, -2),
        ({**TRAIL, "triggerPrice": "5"}, -2),
        ({**TRAIL, "orderSize": "99999"}, 51523),
    ],
)
async def test_what_is_refused_of_algo_orders_changes_nothing(traded: Floor, alice: Trader, fields: dict[str, Any], code: int) -> None:
    before = traded.state()
    http, got, _ = await traded.error(alice, "POST", f"{TRADE}/orders/algo", symbol="BTC-USD", **fields)
    assert (http, got) == (400, code)
    assert traded.state() == before


# --- sockets


async def test_both_orders_of_a_pair_are_notified(sockets: Open, traded: Floor, alice: Trader, bob: Trader) -> None:  # noqa: F811
    async with sockets(SPOT) as client:
        assert await client.login(alice)
        await client.subscribe("notificationApiV2")
        limit, stop = await place(traded, alice, **PAIR)
        await traded.order(bob, side="SELL", price="900", size="1")
        seen = [(await client.receive())["data"] for _ in range(4)]
        found = {(row["orderID"], row["status"], row["txType"]) for row in seen}
        assert found == {(limit["orderID"], 2, 3), (stop["orderID"], 9, 3), (limit["orderID"], 4, 3), (stop["orderID"], 6, 3)}
        await client.nothing_waits()


async def test_a_trailing_stop_is_notified_with_the_trigger_it_came_to(sockets: Open, traded: Floor, alice: Trader, bob: Trader) -> None:  # noqa: F811
    async with sockets(SPOT) as client:
        assert await client.login(alice)
        await client.subscribe("notificationApiV2")
        await place(traded, alice, **TRAILING)
        assert ((first := (await client.receive())["data"])["status"], first["triggerPrice"]) == (9, 990)
        await trade(traded, bob, bob, "1050")
        await traded.order(bob, side="BUY", price="1030", size="2")
        await traded.order(bob, side="SELL", price="1030", size="0.5")
        rows = [(await client.receive())["data"] for _ in range(2)]
        assert [(row["status"], row["triggerPrice"]) for row in rows] == [(10, 1040), (4, 1040)]
        await client.nothing_waits()
