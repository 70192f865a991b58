"""v3.1 and v3.2: shapes as their documents and clients have them, status numbers, amendments, the dead man's switch."""

import json
from typing import Any

import pytest

from cambist import _core
from cambist.domain.transfers import TransferKind
from tests.dialects.btse.floor import V3, Floor, Trader
from tests.dialects.btse.test_v2_public import form

V31 = "/spot/api/v3.1"
ORDER_KEYS = [
    "status", "symbol", "orderType", "price", "side", "size", "orderID", "timestamp", "triggerPrice", "stopPrice", "trigger", "message",
    "averageFillPrice", "fillSize", "clOrderID", "stealth", "deviation", "postOnly", "originalSize", "remainingSize", "time_in_force",
]  # fmt: skip


@pytest.fixture
async def traded(floor: Floor, alice: Trader, bob: Trader) -> Floor:
    """2 BTC traded at 1000, alice being the maker with the tag "offer"; an offer at 1010.5, a bid at 999."""
    await floor.order(alice, side="SELL", price="1000", size="2", clOrderID="offer")
    await floor.order(bob, side="BUY", price="1000", size="2")
    await floor.order(alice, side="SELL", price="1010.5", size="0.5")
    await floor.order(bob, side="BUY", price="999", size="1")
    return floor


@pytest.mark.parametrize("version", [V31, V3])
async def test_market_summary(traded: Floor, version: str) -> None:
    rows = await traded.public(f"{version}/market_summary?symbol=BTC-USD")
    expected = {
        "symbol": "BTC-USD", "last": 1000, "lowestAsk": 1010.5, "highestBid": 999, "percentageChange": 0, "volume": 2000, "high24Hr": 1000,
        "low24Hr": 1000, "base": "BTC", "quote": "USD", "active": True, "size": 2, "minValidPrice": 0.1, "minPriceIncrement": 0.001,
        "minOrderSize": 0.001, "maxOrderSize": 1000000, "minSizeIncrement": 1e-08, "openInterest": 0, "openInterestUSD": 0,
        "contractStart": 0, "contractEnd": 0, "timeBasedContract": False, "openTime": 0, "closeTime": 0, "startMatching": 0,
        "inactiveTime": 0, "fundingRate": 0, "contractSize": 0, "maxPosition": 0, "minRiskLimit": 0, "maxRiskLimit": 0,
        "availableSettlement": None, "futures": False, "isMarketOpenToOtc": False, "isMarketOpenToSpot": True,
    }  # fmt: skip
    assert rows == [expected]
    assert list(rows[0]) == list(expected)
    assert len(await traded.public(f"{version}/market_summary")) == 4


async def test_public_data(traded: Floor) -> None:
    assert (await traded.public(f"{V3}/price?symbol=BTC-USD")) == [
        {"symbol": "BTC-USD", "indexPrice": 1000, "lastPrice": 1000, "markPrice": 0}
    ]
    minute = traded.clock.now // 60_000_000 * 60
    assert await traded.public(f"{V3}/ohlcv?symbol=BTC-USD&resolution=1") == [[minute, 1000, 1000, 1000, 1000, 2]]
    candles = await traded.public(f"{V3}/ohlcv?symbol=BTC-USD&resolution=1440")
    assert [(candle[1:], candle[0] % 86_400) for candle in candles] == [([1000, 1000, 1000, 1000, 2], 0)]
    assert await traded.public(f"{V3}/ohlcv?symbol=BTC-USD&resolution=60&end=1000000000000") == []
    trades = await traded.public(f"{V3}/trades?symbol=BTC-USD")
    assert trades == [{"price": 1000, "size": 2, "side": "BUY", "symbol": "BTC-USD", "serialId": 1, "timestamp": traded.now_ms}]
    assert await traded.public(f"{V3}/trades?symbol=BTC-USD&startTime={traded.now_ms}") == trades
    assert await traded.public(f"{V3}/trades?symbol=BTC-USD&endTime={traded.now_ms - 1}") == []
    book = await traded.public(f"{V3}/orderbook/L2?symbol=BTC-USD&depth=1")
    assert book == {
        "buyQuote": [{"price": "999", "size": "1"}], "sellQuote": [{"price": "1010.5", "size": "0.5"}],
        "timestamp": traded.now_ms, "symbol": "BTC-USD",
    }  # fmt: skip
    assert await traded.public(f"{V31}/time") == {"iso": "2026-11-18T11:06:40.000Z", "epoch": 1_795_000_000}


async def test_an_order_answers_one_row(floor: Floor, alice: Trader) -> None:
    row = await floor.order(alice, side="BUY", price=100.5, size=2, clOrderID="c-1")
    assert list(row) == ORDER_KEYS
    assert row | {"orderID": ""} == {
        "status": 2, "symbol": "BTC-USD", "orderType": 76, "price": 100.5, "side": "BUY", "size": 2, "orderID": "",
        "timestamp": floor.now_ms, "triggerPrice": 0, "stopPrice": None, "trigger": False, "message": "", "averageFillPrice": 0,
        "fillSize": 0, "clOrderID": "c-1", "stealth": 1, "deviation": 1, "postOnly": False, "originalSize": 2, "remainingSize": 2,
        "time_in_force": "GTC",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"price": "1000", "size": "1"}, (4, 76, 1000, 1000, 1, 0)),
        ({"price": "1000", "size": "3"}, (5, 76, 1000, 1000, 2, 1)),
        ({"price": "1000", "size": "3", "time_in_force": "IOC"}, (6, 76, 1000, 1000, 2, 1)),
        ({"price": "999", "size": "3", "time_in_force": "IOC"}, (6, 76, 999, 0, 0, 3)),
        ({"type": "MARKET", "size": "1"}, (4, 77, 1000, 1000, 1, 0)),
        ({"type": "MARKET", "price": "1500"}, (4, 77, 1000, 1000, 1.5, 0)),
        ({"type": "MARKET", "size": "3"}, (6, 77, 1000, 1000, 2, 1)),
        ({"txType": "STOP", "triggerPrice": "1005", "price": "1006", "size": "1"}, (9, 76, 1006, 0, 0, 1)),
        ({"type": "MARKET", "txType": "Stop", "triggerPrice": "1005", "price": "500"}, (9, 77, 0, 0, 0, 0)),
    ],
)
async def test_statuses(floor: Floor, alice: Trader, bob: Trader, fields: dict[str, Any], expected: tuple[float, ...]) -> None:
    await floor.order(bob, side="SELL", price="1000", size="2")
    row = await floor.order(alice, side="BUY", **fields)
    assert (row["status"], row["orderType"], row["price"], row["averageFillPrice"], row["fillSize"], row["remainingSize"]) == expected
    found = await floor.call(alice, "GET", f"{V3}/order", orderID=row["orderID"])
    assert (found["status"], found["averageFillPrice"], found["filledSize"], found["remainingSize"]) == (
        expected[0], expected[3], expected[4], expected[5],
    )  # fmt: skip


async def test_taking_a_profit(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.order(bob, side="BUY", price="1000", size="5")
    await floor.order(alice, side="SELL", price="1000", size="1")
    trigger = {"txType": "TRIGGER", "type": "LIMIT"}
    profit = await floor.order(alice, side="SELL", price="1100", size="1", triggerPrice="1050", **trigger)
    assert (profit["status"], profit["triggerPrice"]) == (9, 1050)
    loss = await floor.order(alice, side="SELL", price="1100", size="1", triggerPrice="950", txType="STOP")
    await floor.order(alice, side="SELL", price="1051", size="0.1")
    await floor.order(bob, side="BUY", price="1051", size="0.1")
    found = {row["orderID"]: row["triggered"] for row in await floor.call(alice, "GET", f"{V3}/user/open_orders")}
    assert found == {profit["orderID"]: True, loss["orderID"]: False}
    await floor.order(bob, side="BUY", price="1100", size="1")
    (row,) = await floor.call(alice, "GET", f"{V3}/user/trade_history", symbol="BTC-USD", orderID=profit["orderID"])
    assert (row["triggerType"], row["triggerPrice"]) == (1002, 1050)


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"price": "1000", "size": "101"}, 8, "Insufficient balance"),
        ({"type": "MARKET", "size": "101"}, 8, "Insufficient balance"),
        ({"price": "999", "size": "3", "time_in_force": "FOK"}, 15, "A fill-or-kill order cannot be filled"),
        ({"price": "1000", "size": "1", "postOnly": "True"}, 15, "A post-only order would trade at once"),
    ],
)
async def test_what_the_exchange_refuses_is_a_row(
    floor: Floor, alice: Trader, bob: Trader, fields: dict[str, Any], status: int, message: str
) -> None:
    floor.fund(bob.account, "BTC", "200")
    await floor.order(bob, side="SELL", price="1000", size="200")
    before = floor.state()
    row = await floor.order(alice, side="BUY", **fields)
    assert list(row) == ORDER_KEYS
    assert (row["status"], row["message"], row["orderID"]) == (status, message, "")
    assert floor.state() == before


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"type": "PEG", "stealth": 10, "deviation": -1}, -2, "index price"),
        ({"type": "OCO", "stopPrice": 1}, -2, "triggerPrice"),
        ({"type": "OCO", "triggerPrice": 2}, -2, "stopPrice"),
        ({"type": "OCO", "triggerPrice": 1, "stopPrice": 2}, -2, "do not go together"),
        ({"type": "OCO", "triggerPrice": 2, "stopPrice": 2, "txType": "STOP"}, -2, "txType"),
        ({"type": "OCO", "triggerPrice": 2, "stopPrice": 2, "time_in_force": "IOC"}, -2, "do not go together"),
        ({"type": "OCO", "triggerPrice": 2, "stopPrice": 2, "triggerPriceType": "INDEX_PRICE"}, -2, "LAST_PRICE"),
        ({"txType": "TRIGGER"}, -2, "triggerPrice"),
        ({"txType": "STOP"}, -2, "triggerPrice"),
        ({"trailValue": 10}, -2, "type MARKET and txType STOP"),
        ({"trailValue": 10, "type": "MARKET", "txType": "STOP", "triggerPrice": 5}, -2, "type MARKET and txType STOP"),
        ({"trailValue": 10, "type": "MARKET", "txType": "STOP", "trailValueType": "MILES"}, -2, "trailValueType"),
        ({"trailValue": "0.00001", "type": "MARKET", "txType": "STOP"}, -2, "trailValue"),
        ({"trailValue": 101, "type": "MARKET", "txType": "STOP", "trailValueType": "PERCENTAGE"}, 302, "trail value"),
        ({"txType": "SOMETIMES"}, -2, "txType"),
        ({"type": "HOPE"}, -2, "type"),
        ({"price": "0"}, 302, "Invalid order price"),
        ({"price": 0.0}, 302, "Invalid order price"),
        ({"price": "00"}, 302, "Invalid order price"),
        ({"price": ""}, 302, "Invalid order price"),
        ({"price": None}, 302, "Invalid order price"),
        ({"price": None, "Price": "1"}, -2, "Unknown request parameter: Price"),
        ({"type": "MARKET", "price": None, "size": None}, 301, "Invalid order size"),
        ({"type": "MARKET", "price": "0", "size": ""}, 301, "Invalid order size"),
        ({"txType": "STOP", "triggerPrice": None}, -2, "triggerPrice"),
        ({"txType": "STOP", "triggerPrice": "0.0"}, -2, "triggerPrice"),
        ({"size": "0"}, 301, "Invalid order size"),
    ],
)
async def test_what_cannot_be_is_refused_in_words(floor: Floor, alice: Trader, fields: dict[str, Any], code: int, words: str) -> None:
    good = {"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": "1", "size": "1"}
    for path in ("order", "order/peg"):
        http, got, message = await floor.error(alice, "POST", f"{V3}/{path}", **{**good, **fields})
        assert (http, got) == (400, code)
        assert words in message


async def test_open_orders_and_one_order(floor: Floor, alice: Trader, bob: Trader) -> None:
    first = await floor.order(alice, side="BUY", price="100", size="2", clOrderID="c")
    await floor.order(bob, side="SELL", price="100", size="0.5")
    await floor.order(alice, side="SELL", price="900", size="1", txType="STOP", triggerPrice="50")
    rows = await floor.call(alice, "GET", f"{V3}/user/open_orders", symbol="BTC-USD")
    expected = {
        "orderType": 76, "price": 100, "size": 2, "side": "BUY", "orderValue": 200, "filledSize": 0.5, "pegPriceMin": 0, "pegPriceMax": 0,
        "pegPriceDeviation": 0, "cancelDuration": 0, "timestamp": floor.now_ms, "orderID": first["orderID"], "triggerOrder": False,
        "triggerPrice": 0, "triggerOriginalPrice": 0, "triggerOrderType": 0, "triggerTrailingStopDeviation": 0, "triggerStopPrice": 0,
        "symbol": "BTC-USD", "trailValue": 0, "averageFillPrice": 100, "fillSize": 0.5, "clOrderID": "c", "orderState": "STATUS_ACTIVE",
        "timeInForce": "GTC", "triggered": False,
    }  # fmt: skip
    assert rows[0] == expected
    assert (rows[1]["orderState"], rows[1]["triggerOrder"], rows[1]["triggerPrice"]) == ("STATUS_INACTIVE", True, 50)
    for query in ({"orderID": first["orderID"]}, {"clOrderID": "c"}):
        assert [row["orderID"] for row in await floor.call(alice, "GET", f"{V3}/user/open_orders", **query)] == [first["orderID"]]
        found = await floor.call(alice, "GET", f"{V3}/order", **query)
        assert (found["orderID"], found["status"], found["quote"], found["remainingSize"]) == (first["orderID"], 5, "USD", 1.5)
        assert await floor.error(bob, "GET", f"{V3}/order", **query) == (400, 16, "Order not found")


async def test_cancels(floor: Floor, alice: Trader, bob: Trader) -> None:
    rows = [await floor.order(alice, side="BUY", price="100", size="2", clOrderID=f"c{number}") for number in range(4)]
    path = f"{V31}/order"
    one = await floor.call(alice, "DELETE", path, symbol="BTC-USD", orderId=rows[0]["orderID"])
    assert [list(row) for row in one] == [ORDER_KEYS]
    assert (one[0]["status"], one[0]["orderID"], one[0]["clOrderID"], one[0]["size"]) == (6, rows[0]["orderID"], "c0", 2)
    assert (await floor.call(bob, "DELETE", path, symbol="BTC-USD", orderID=rows[1]["orderID"]))[0]["status"] == 16
    assert (await floor.call(alice, "DELETE", path, symbol="LTC-USD", orderID=rows[1]["orderID"]))[0]["status"] == 16
    assert (await floor.call(alice, "DELETE", path, symbol="BTC-USD", clOrderID="c1"))[0]["status"] == 6
    rest = await floor.call(alice, "DELETE", path, symbol="BTC-USD")
    assert [(row["status"], row["clOrderID"]) for row in rest] == [(6, "c2"), (6, "c3")]
    assert await floor.call(alice, "DELETE", path, symbol="BTC-USD") == []
    assert await floor.error(alice, "DELETE", path) == (400, -2, "symbol parameter is mandatory")


async def amend(floor: Floor, trader: Trader, uuid: str, **fields: Any) -> Any:
    return (await floor.call(trader, "PUT", f"{V3}/order", symbol="BTC-USD", orderID=uuid, **fields))[0]


async def sell_into(floor: Floor, bob: Trader, size: str) -> None:
    await floor.order(bob, side="SELL", price="100", size=size, time_in_force="IOC")


@pytest.mark.parametrize(
    ("change", "keeps"),
    [
        ({"type": "SIZE", "value": "0.5"}, True),
        ({"type": "SIZE", "value": "2"}, False),
        ({"type": "ALL", "orderPrice": "100", "orderSize": "0.75"}, True),
        ({"type": "PRICE", "value": "100"}, True),
    ],
)
async def test_an_amended_order_keeps_its_priority_only_when_it_shrinks(
    floor: Floor, alice: Trader, bob: Trader, change: dict[str, Any], keeps: bool
) -> None:
    carol = floor.trader("carol", USD="100000")
    first = await floor.order(alice, side="BUY", price="100", size="1")
    await floor.order(carol, side="BUY", price="100", size="1")
    row = await amend(floor, alice, first["orderID"], **change)
    assert (row["status"], row["orderID"]) == (123, first["orderID"])
    await sell_into(floor, bob, "0.1")
    served = await floor.call(alice, "GET", f"{V3}/user/trade_history", symbol="BTC-USD")
    assert bool(served) is keeps


async def test_amending_price_and_trigger(floor: Floor, alice: Trader, bob: Trader) -> None:
    first = await floor.order(alice, side="BUY", price="100", size="1", clOrderID="c")
    row = (await floor.call(alice, "PUT", f"{V3}/order", symbol="BTC-USD", clOrderID="c", type="price", value=101.5))[0]
    assert (row["status"], row["price"], row["size"], row["clOrderID"]) == (123, 101.5, 1, "c")
    stop = await floor.order(alice, side="SELL", price="50", size="1", txType="STOP", triggerPrice="60")
    row = await amend(floor, alice, stop["orderID"], type="TRIGGERPRICE", value="61")
    assert (row["status"], row["triggerPrice"]) == (123, 61)
    await floor.order(bob, side="SELL", price="105", size="1")
    row = await amend(floor, alice, first["orderID"], type="PRICE", value="105")
    assert (row["status"], row["fillSize"], row["averageFillPrice"]) == (4, 1, 105)


async def test_amendments_that_are_refused_change_nothing(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = await floor.order(alice, side="BUY", price="100", size="2")
    await sell_into(floor, bob, "1")
    before = floor.state()
    uuid = order["orderID"]
    assert (await amend(floor, bob, uuid, type="PRICE", value="99"))["status"] == 16
    assert (await amend(floor, alice, uuid, type="SIZE", value="20000"))["status"] == 8
    base = {"symbol": "BTC-USD", "orderID": uuid}
    for fields, code in (
        ({"type": "SIZE", "value": "0.5"}, 301),
        ({"type": "PRICE", "value": "0.01"}, 302),
        ({"type": "PRICE", "value": "0"}, -2),
        ({"type": "PRICE"}, -2),
        ({"type": "LUCK", "value": "1"}, -2),
        ({"type": "TRIGGERPRICE", "value": "10"}, -2),
    ):
        assert (await floor.error(alice, "PUT", f"{V3}/order", **base, **fields))[1] == code, fields
    assert floor.state() == before


async def test_trade_history(traded: Floor, alice: Trader, bob: Trader) -> None:
    rows = await traded.call(alice, "GET", f"{V3}/user/trade_history", symbol="BTC-USD")
    assert rows == [
        {
            "tradeId": rows[0]["tradeId"], "orderId": rows[0]["orderId"], "clOrderID": "offer", "username": "alice", "side": "SELL",
            "orderType": 76, "triggerType": 0, "price": 1000, "size": 2, "filledPrice": 1000, "filledSize": 2, "triggerPrice": 0,
            "base": "BTC", "quote": "USD", "symbol": "BTC-USD", "feeCurrency": "USD", "feeAmount": 4, "wallet": "SPOT@", "realizedPnl": 0,
            "total": 0, "serialId": 1, "timestamp": traded.now_ms, "averageFillPrice": 1000,
        }
    ]  # fmt: skip
    other = (await traded.call(bob, "GET", f"{V3}/user/trade_history", symbol="BTC-USD"))[0]
    assert (other["tradeId"], other["side"], other["feeCurrency"], other["feeAmount"]) == (rows[0]["tradeId"], "BUY", "BTC", 0.004)
    for query in ({"orderID": rows[0]["orderId"]}, {"clOrderID": "offer"}, {"startTime": traded.now_ms}, {"endTime": traded.now_ms}):
        assert await traded.call(alice, "GET", f"{V3}/user/trade_history", symbol="BTC-USD", **query) == rows
    for query in ({"clOrderID": "none"}, {"startTime": traded.now_ms + 1}, {"endTime": traded.now_ms - 1}, {"symbol": "LTC-USD"}):
        assert await traded.call(alice, "GET", f"{V3}/user/trade_history", **{"symbol": "BTC-USD", **query}) == []
    traded.clock.now += 7 * 86_400_000_000 + 2_000_000
    assert await traded.call(alice, "GET", f"{V3}/user/trade_history", symbol="BTC-USD") == []


async def test_wallet_fees_and_wallet_history(floor: Floor, alice: Trader) -> None:
    await floor.order(alice, side="BUY", price="100", size="1")
    rows = await floor.call(alice, "GET", f"{V3}/user/wallet")
    assert rows[0] == {"available": 99900, "currency": "USD", "total": 100000}
    assert form(rows[:1]) == form([{"available": 520.52, "currency": "USD", "total": 5566.5566}])
    fees = await floor.call(alice, "GET", f"{V31}/user/fees", symbol="BTC-USD")
    assert fees == [{"makerFee": 0.002, "symbol": "BTC-USD", "takerFee": 0.002}]
    assert len(await floor.call(alice, "GET", f"{V3}/user/fees")) == 4
    usd = floor.catalogue.assets.by_code("USD")
    assert usd is not None
    floor.immediate.transfer(77, alice.account, 2, usd.id, TransferKind.COUPON_CREATE, 5 * 10**16)
    floor.immediate.transfer(78, alice.account, 3, usd.id, TransferKind.WITHDRAWAL, 3 * 10**16, pending=True)
    history = await floor.call(alice, "GET", f"{V3}/user/wallet_history", currency="USD")
    assert [(row["type"], row["amount"], row["status"]) for row in history] == [
        ("Withdraw", 3, "PENDING"), ("token voucher out", 5, "COMPLETED"), ("Deposit", 100000, "COMPLETED"),
    ]  # fmt: skip
    reference = {
        "amount": 21.35823825, "currency": "USD", "description": "String", "fees": 0.06, "orderId": "20181213000239", "status": "COMPLETED",
        "timestamp": 1571630174639, "type": "Transfer_In", "username": "btseUser", "wallet": "Wallet", "txid": "", "currencyNetwork": "",
    }  # fmt: skip
    assert form(history[0]) == form(reference)
    assert list(history[0]) == list(reference)
    assert (await floor.error(alice, "GET", f"{V3}/user/wallet_history", currency="XYZ"))[0] == 400


# --- the dead man's switch ------------------------------------------------------------------------------------------------


async def arm(floor: Floor, trader: Trader, timeout: int) -> None:
    assert await floor.call(trader, "POST", f"{V3}/order/cancelAllAfter", timeout=timeout) == {}


def live(floor: Floor, trader: Trader) -> int:
    return len(floor.engine.open_orders(trader.account))


def move(floor: Floor, seconds: int) -> None:
    """Time passes, and the venue notices."""
    floor.clock.now += seconds * 1_000_000
    floor.sequencer.advance()


async def test_cancel_all_after_fires_exactly_once(floor: Floor, alice: Trader, bob: Trader) -> None:
    first = await floor.order(alice, side="BUY", price="100", size="1", clOrderID="c")
    await floor.order(alice, symbol="LTC-USD", side="BUY", price="1", size="1")
    await floor.order(bob, side="BUY", price="100", size="1")
    await arm(floor, alice, 60_000)
    assert floor.engine.cancel_after(alice.account) == floor.clock.now + 60_000_000
    move(floor, 59)
    assert live(floor, alice) == 2
    move(floor, 1)
    assert (live(floor, alice), live(floor, bob)) == (0, 1)
    ended = await floor.call(alice, "GET", f"{V3}/order", clOrderID="c")
    assert (ended["orderID"], ended["status"]) == (first["orderID"], 6)
    await floor.order(alice, side="BUY", price="100", size="1")
    move(floor, 600)
    assert live(floor, alice) == 1


async def test_a_second_call_gives_more_time_and_zero_takes_it_back(floor: Floor, alice: Trader) -> None:
    await floor.order(alice, side="BUY", price="100", size="1")
    for _ in range(5):
        await arm(floor, alice, 10_000)
        move(floor, 9)
    assert live(floor, alice) == 1
    await arm(floor, alice, 0)
    move(floor, 60)
    assert live(floor, alice) == 1


async def test_a_switch_is_part_of_the_state_and_its_call_of_the_journal(floor: Floor, alice: Trader) -> None:
    await arm(floor, alice, 60_000)
    restored = _core.Engine.restore(floor.engine.snapshot())
    assert restored.cancel_after(alice.account) == floor.clock.now + 60_000_000
    assert len(floor.nonces(alice)) == 1


@pytest.mark.parametrize("timeout", [None, "", -1, "soon", 1.5, 7 * 86_400_000 + 1, True])
async def test_odd_timeouts(floor: Floor, alice: Trader, timeout: Any) -> None:
    body = json.dumps({"timeout": timeout}).encode()
    assert (await floor.reply(alice, "POST", f"{V3}/order/cancelAllAfter", body=body)).status == 400
