"""v3.3, v4 and public-api: shapes key for key, envelopes, errors, pages, and what these generations do otherwise than v3.2."""

import json
from typing import Any

import pytest

from cambist.domain.transfers import TransferKind
from tests.dialects.btse.floor import Floor, Trader, signed_headers

V33, TRADE, MARKET, WALLET = "/spot/api/v3.3", "/spot/api/v4/trade", "/public-api/market/v1", "/public-api/wallet/v1/user"
SIZES = [
    "originalOrderBaseSize", "originalOrderQuoteSize", "currentOrderBaseSize", "currentOrderQuoteSize", "remainingOrderBaseSize",
    "remainingOrderQuoteSize", "filledBaseSize", "totalFilledBaseSize",
]  # fmt: skip


async def place(floor: Floor, trader: Trader, **fields: Any) -> Any:
    """The one row of a v4 order; a LIMIT order in BTC-USD unless said otherwise."""
    body = {"symbol": "BTC-USD", "orderType": "LIMIT", **fields}
    (row,) = await floor.call(trader, "POST", f"{TRADE}/orders{'/algo' if 'triggerPrice' in fields else ''}", **body)
    return row


async def data(floor: Floor, path: str) -> Any:
    """What is in the envelope of a public answer."""
    return opened(floor, await floor.public(f"{MARKET}/{path}"))


def opened(floor: Floor, answer: Any) -> Any:
    assert {key: value for key, value in answer.items() if key != "data"} == {
        "code": 1, "msg": "Success", "success": True, "time": floor.now_ms,
    }  # fmt: skip
    return answer["data"]


async def refused(floor: Floor, trader: Trader, method: str, path: str, **fields: Any) -> tuple[int, int, str]:
    """(HTTP status, code, msg) of a call that must fail; checks the body's form."""
    reply = await floor.reply(trader, method, path, fields)
    body = json.loads(reply.body)
    assert list(body) == ["code", "msg", "time", "data", "success"]
    assert (body["time"], body["data"], body["success"]) == (floor.now_ms, None, False)
    return reply.status, body["code"], body["msg"]


@pytest.fixture
async def traded(floor: Floor, alice: Trader, bob: Trader) -> Floor:
    """2 BTC traded at 1000, alice being the maker with the tag "offer"; an offer at 1010.5, a bid at 999."""
    await place(floor, alice, orderSide="SELL", orderPrice="1000", orderSize="2", clOrderId="offer")
    await place(floor, bob, orderSide="BUY", orderPrice="1000", orderSize="2")
    await place(floor, alice, orderSide="SELL", orderPrice="1010.5", orderSize="0.5")
    await place(floor, bob, orderSide="BUY", orderPrice="999", orderSize="1")
    return floor


# --- public-api -----------------------------------------------------------------------------------------------------------


async def test_markets(traded: Floor) -> None:
    symbols = (await data(traded, "markets"))["symbols"]
    assert len(symbols) == 4
    assert symbols[0] == {
        "symbol": "BTC-USD", "type": "Spot", "category": "CRYPTO", "tradeCurrency": "BTC", "baseCurrency": "BTC", "quoteCurrency": "USD",
        "displayName": "BTC", "active": True, "minOrderPrice": "0.1", "minPriceIncrement": "0.001", "pricePrecision": 3,
        "minOrderSize": "0.001", "maxOrderSize": "1000000", "minSizeIncrement": "0.00000001", "sizePrecision": 8,
    }  # fmt: skip
    assert [row["symbol"] for row in (await data(traded, "markets?symbol=ltc-usd"))["symbols"]] == ["LTC-USD"]


async def test_book_and_trades(traded: Floor) -> None:
    assert await data(traded, "orderbook?symbol=BTC-USD&depth=1") == {
        "timestamp": traded.now_ms, "bids": [["999", "1"]], "asks": [["1010.5", "0.5"]],
    }  # fmt: skip
    expected = [{"id": 1, "timestamp": traded.now_ms, "price": "1000", "size": "2", "quoteSize": "2000", "side": "BUY"}]
    assert await data(traded, "trades?symbol=BTC-USD&limit=500") == expected
    assert await data(traded, "trades?symbol=BTC-USD&limit=500") == expected
    await place(traded, traded.trader("carol", BTC="1"), orderSide="SELL", orderPrice="999", orderSize="0.5")
    assert [row["id"] for row in await data(traded, "trades?symbol=BTC-USD&limit=500")] == [2, 1]


async def test_tickers(traded: Floor) -> None:
    row = await data(traded, "ticker/24hr?symbol=BTC-USD")
    now = traded.clock.now // 1_000_000
    assert row == {
        "symbol": "BTC-USD", "lastPrice": "1000", "openPrice": "1000", "highPrice": "1000", "lowPrice": "1000", "amount": "2",
        "volume": "2000", "openTime": now - 86_400, "closeTime": now, "priceChange": "0", "priceChangePercent": "0",
        "prevClosePrice": "1000", "bidPrice": "999", "bidQty": "1", "askPrice": "1010.5", "askQty": "0.5",
    }  # fmt: skip
    assert [each["symbol"] for each in await data(traded, "ticker/24hr")] == ["BTC-USD", "LTC-USD", "LTC-BTC", "EUR-USD"]
    await place(traded, traded.trader("carol", BTC="1"), orderSide="SELL", orderPrice="999", orderSize="0.5")
    row = await data(traded, "ticker/24hr?symbol=BTC-USD")
    assert (row["priceChange"], row["priceChangePercent"]) == ("-1", "-0.001")


async def test_candles_go_forward_from_a_start(traded: Floor, alice: Trader, bob: Trader) -> None:
    first = traded.clock.now // 60_000_000 * 60
    for _ in range(3):
        traded.clock.now += 60_000_000
        await place(traded, alice, orderSide="SELL", orderPrice="999", orderSize="0.1")
    candles = await data(traded, "klines?symbol=BTC-USD&resolution=1&limit=300")
    assert [candle[0] for candle in candles] == [str(first + minutes * 60) for minutes in (3, 2, 1, 0)]
    assert candles[-1] == [str(first), "1000", "1000", "1000", "1000", "2000"]
    forward = await data(traded, f"klines?symbol=BTC-USD&resolution=1&limit=2&start={first}")
    assert [candle[0] for candle in forward] == [str(first + 60), str(first)]
    window = await data(traded, f"klines?symbol=BTC-USD&resolution=1&limit=10&start={first + 60}&end={first + 120}")
    assert [candle[0] for candle in window] == [str(first + 120), str(first + 60)]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{MARKET}/orderbook", 400, -2),
        (f"{MARKET}/orderbook?symbol=XXX-USD", 400, -7006),
        (f"{MARKET}/klines?symbol=BTC-USD&resolution=2", 400, -2),
        (f"{MARKET}/klines?symbol=BTC-USD&resolution=1&start=1&end=1000000000", 400, 10010004),
        (f"{MARKET}/trades?symbol=BTC-USD&since=1", 400, -2),
        (f"{MARKET}/nothing", 404, -1),
        (f"{WALLET}/assets", 401, 10002),
        (f"{TRADE}/orders", 401, 10002),
        (f"{V33}/user/wallet", 401, 10002),
    ],
)
async def test_errors_have_the_unified_form(floor: Floor, path: str, status: int, code: int) -> None:
    path, _, query = path.partition("?")
    reply = await floor.send("GET", path, query=query.encode())
    body = json.loads(reply.body)
    assert (reply.status, list(body)) == (status, ["code", "msg", "time", "data", "success"])
    assert (body["code"], body["success"]) == (code, False)


# --- wallet ---------------------------------------------------------------------------------------------------------------


async def test_assets(floor: Floor, alice: Trader) -> None:
    await place(floor, alice, orderSide="BUY", orderPrice="100", orderSize="1")
    rows = opened(floor, await floor.call(alice, "GET", f"{WALLET}/assets"))
    assert rows[0] == {
        "asset": "USD", "type": "FIAT", "totalAmount": "100000", "availableAmount": "99900",
        "availableActions": ["DEPOSIT", "WITHDRAW", "SEND_TO"], "cryptoNetwork": {"depositNetworks": [], "withdrawalNetworks": []},
    }  # fmt: skip
    assert [row["asset"] for row in rows] == ["USD", "BTC", "LTC", "ETH", "EUR"]


async def test_wallet_history_by_type_and_page(floor: Floor, alice: Trader) -> None:
    usd = floor.catalogue.assets.by_code("USD")
    assert usd is not None
    for number in range(4):
        floor.immediate.transfer(70 + number, alice.account, 2, usd.id, TransferKind.COUPON_CREATE, (5 + number) * 10**16)
    floor.immediate.transfer(78, alice.account, 3, usd.id, TransferKind.WITHDRAWAL, 3 * 10**16, pending=True)

    async def asked(**fields: Any) -> list[tuple[str, str, str]]:
        rows = opened(floor, await floor.call(alice, "GET", f"{WALLET}/walletHistory", asset="USD", walletType="SPOT", **fields))
        return [(row["type"], row["amount"], row["status"]) for row in rows]

    sends = [("SEND", str(8 - number), "COMPLETED") for number in range(4)]
    everything = [("WITHDRAW", "3", "PENDING"), *sends, ("DEPOSIT", "100000", "COMPLETED")]
    assert await asked() == everything
    assert await asked(pageSize=2, page=2) == everything[2:4]
    assert await asked(historyTypes='["DEPOSIT","WITHDRAW"]') == [everything[0], everything[-1]]
    assert await asked(historyTypes='["SEND"]', pageSize=1, page=2) == sends[1:2]
    assert await asked(historyTypes="DEPOSIT") == everything[-1:]
    assert await asked(endTime=floor.now_ms - 1) == []
    row = opened(floor, await floor.call(alice, "GET", f"{WALLET}/walletHistory", asset="USD"))[0]
    assert list(row) == [
        "transactionTime", "type", "walletName", "asset", "netAmount", "amount", "transactionRef", "status", "description", "fees",
        "cryptoNetwork", "toAddress", "confirmTimes", "txId",
    ]  # fmt: skip
    assert (await refused(floor, alice, "GET", f"{WALLET}/walletHistory"))[1] == 11000001
    assert (await refused(floor, alice, "GET", f"{WALLET}/walletHistory", asset="USD", walletType="CROSS"))[1] == -2


async def test_wallet_paths_are_signed_whole(floor: Floor, alice: Trader) -> None:
    path = f"{WALLET}/assets"
    headers = signed_headers(alice.key.key, alice.key.secret, path, floor.nonce())
    assert (await floor.send("GET", path, headers=headers)).status == 200


# --- v4 orders ------------------------------------------------------------------------------------------------------------


async def test_an_order_key_for_key(floor: Floor, alice: Trader) -> None:
    row = await place(floor, alice, orderSide="BUY", orderPrice="100.5", orderSize="2", clOrderId="c", postOnly=True)
    assert row | {"orderId": ""} == {
        "orderId": "", "clOrderId": "c", "status": 2, "market": "BTC-USD", "type": 76, "orderSide": "BUY", "orderPrice": 100.5,
        "triggerPrice": 0, "postOnly": True, "timestamp": floor.now_ms, "orderDetailType": None, "message": None,
        "userQuoteCurrency": "USD", "orderCurrency": "base", "originalOrderBaseSize": 2, "originalOrderQuoteSize": None,
        "currentOrderBaseSize": 2, "currentOrderQuoteSize": None, "remainingOrderBaseSize": 2, "remainingOrderQuoteSize": None,
        "filledBaseSize": 0, "totalFilledBaseSize": 0, "avgFilledPrice": 0, "time_in_force": "GTC",
    }  # fmt: skip


async def test_a_market_buy_names_its_money_and_everything_else_its_size(traded: Floor, alice: Trader, bob: Trader) -> None:
    row = await place(traded, bob, orderType="MARKET", orderSide="BUY", quoteOrderSize="101.05")
    assert (row["status"], row["orderCurrency"], row["originalOrderQuoteSize"], row["filledBaseSize"]) == (4, "quote", 101.05, 0.1)
    base = {"symbol": "BTC-USD", "orderType": "MARKET"}
    for fields in (
        {"orderSide": "BUY", "orderSize": "1"},
        {"orderSide": "SELL", "quoteOrderSize": "10"},
        {"orderSide": "BUY", "quoteOrderSize": "10", "orderSize": "1"},
        {"orderSide": "SELL", "orderSize": "0"},
    ):
        assert (await refused(traded, alice, "POST", f"{TRADE}/orders", **base, **fields))[:2] == (400, -2)


ERRORS: list[tuple[dict[str, Any], tuple[int, int]]] = [
    ({"orderSize": "99999"}, (400, 51523)),
    ({"orderSize": "1", "orderPrice": "0"}, (400, -2)),
    ({"orderSize": "1", "orderPrice": None}, (400, -2)),
    ({"orderSize": "1", "orderPrice": "0.01"}, (400, 302)),
    ({"orderSize": "0.0001"}, (400, 301)),
    ({"orderSize": "1", "orderSide": "HOLD"}, (400, -2)),
    ({"orderSize": "1", "orderType": "OCO"}, (400, -2)),
    ({"orderSize": "1", "timeInForce": "LATER"}, (400, -2)),
    ({"orderSize": "1", "price": "5"}, (400, -2)),
]


@pytest.mark.parametrize(("fields", "expected"), ERRORS)
async def test_what_is_refused_is_an_error_and_changes_nothing(
    floor: Floor, alice: Trader, fields: dict[str, Any], expected: tuple[int, int]
) -> None:
    before = floor.state()
    good = {"symbol": "BTC-USD", "orderType": "LIMIT", "orderSide": "BUY", "orderPrice": "100"}
    assert (await refused(floor, alice, "POST", f"{TRADE}/orders", **{**good, **fields}))[:2] == expected
    assert floor.state() == before


async def test_stops_and_what_is_none_here(traded: Floor, alice: Trader, bob: Trader) -> None:
    base = {"orderType": "CONDITIONAL", "triggerPriceType": "LAST_PRICE"}
    stop = await place(traded, alice, **base, orderSide="SELL", triggerOrderType="STOP_LOSS", orderSize="0.5", triggerPrice="999.5")
    rise = await place(traded, bob, **base, orderSide="BUY", triggerOrderType="STOP_LOSS", quoteOrderSize="50", triggerPrice="1005")
    limit = {"triggerOrderType": "STOP_LOSS_LIMIT", "orderPrice": "990", "orderSize": "0.25"}
    third = await place(traded, alice, **base, **limit, orderSide="SELL", triggerPrice="999")
    assert [(row["status"], row["type"], row["triggerPrice"]) for row in (stop, rise, third)] == [
        (9, 77, 999.5),
        (9, 77, 1005),
        (9, 76, 999),
    ]
    opened_rows = await traded.call(alice, "GET", f"{TRADE}/orders", symbol="BTC-USD")
    assert [row["orderState"] for row in opened_rows] == ["STATUS_ACTIVE", "STATUS_INACTIVE", "STATUS_INACTIVE"]
    await place(traded, alice, orderSide="SELL", orderPrice="999", orderSize="0.1")
    found = await traded.call(alice, "GET", f"{TRADE}/order", orderId=stop["orderId"])
    assert (found["status"], found["orderState"], found["filledBaseSize"]) == (4, "ORDER_FULLY_TRANSACTED", 0.5)
    rows = [
        await place(traded, alice, **base, orderSide="SELL", triggerOrderType="TAKE_PROFIT", orderSize="0.5", triggerPrice="1020"),
        await place(
            traded, bob, **base, orderSide="BUY", triggerOrderType="TAKE_PROFIT_LIMIT", orderSize="1", orderPrice="900", triggerPrice="950"
        ),
    ]
    assert [(row["status"], row["type"], row["triggerPrice"]) for row in rows] == [(9, 77, 1020), (9, 76, 950)]
    for fields in ({"orderType": "PEG"}, {"orderType": "TWAP"}):
        body = {"symbol": "BTC-USD", "orderSide": "SELL", "orderSize": "1", "triggerPrice": "1", **fields}
        assert (await refused(traded, alice, "POST", f"{TRADE}/orders/algo", **body))[:2] == (400, -2)


async def test_amending_what_remains_and_what_is_whole(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = await place(floor, alice, orderSide="BUY", orderPrice="100", orderSize="2", clOrderId="c")
    await place(floor, bob, orderSide="SELL", orderPrice="100", orderSize="0.5")
    path, base = f"{TRADE}/orders", {"symbol": "BTC-USD", "orderId": order["orderId"]}
    (row,) = await floor.call(alice, "PUT", path, **base, orderSize="1")
    assert (row["status"], row["currentOrderBaseSize"], row["remainingOrderBaseSize"]) == (123, 1.5, 1)
    (row,) = await floor.call(alice, "PUT", path, symbol="BTC-USD", clOrderId="c", orderSize="1", totalAmountMode=True, orderPrice="101")
    assert (row["orderPrice"], row["currentOrderBaseSize"], row["remainingOrderBaseSize"], row["avgFilledPrice"]) == (101, 1, 0.5, 100)
    assert (await refused(floor, alice, "PUT", path, **base))[1] == -2
    assert (await refused(floor, bob, "PUT", path, **base, orderSize="1"))[:2] == (400, 16)


async def test_cancels(floor: Floor, alice: Trader, bob: Trader) -> None:
    orders = [await place(floor, alice, orderSide="BUY", orderPrice="100", orderSize="1", clOrderId=tag) for tag in ("a", "b", "b", "c")]
    await place(floor, alice, symbol="LTC-USD", orderSide="BUY", orderPrice="1", orderSize="1")
    path = f"{TRADE}/orders"
    assert [row["status"] for row in await floor.call(alice, "DELETE", path, symbol="BTC-USD", orderId=orders[0]["orderId"])] == [6]
    assert len(await floor.call(alice, "DELETE", path, symbol="BTC-USD", clOrderId="b")) == 2
    assert (await refused(floor, alice, "DELETE", path, symbol="BTC-USD"))[1] == -2
    assert (await refused(floor, bob, "DELETE", path, symbol="BTC-USD", orderId=orders[3]["orderId"]))[:2] == (400, 16)
    assert [row["clOrderId"] for row in await floor.call(alice, "DELETE", f"{path}/all", symbol="BTC-USD")] == ["c"]
    assert [row["market"] for row in await floor.call(alice, "DELETE", f"{path}/all", symbol="ALL")] == ["LTC-USD"]
    assert opened(floor, await floor.call(alice, "POST", f"{path}/cancel_all_after", timeout=60_000)) is None
    assert floor.engine.cancel_after(alice.account) == floor.clock.now + 60_000_000


async def test_own_trades_and_fees(traded: Floor, alice: Trader) -> None:
    (row,) = opened(traded, await traded.call(alice, "GET", f"{TRADE}/trade_history", symbol="BTC-USD"))
    assert row | {"tradeId": "", "orderId": ""} == {
        "serialId": 1, "tradeId": "", "orderId": "", "clOrderId": "offer", "symbol": "BTC-USD", "base": "BTC", "quote": "USD",
        "orderSide": "SELL", "orderType": 76, "triggerType": 0, "triggerPrice": 0, "price": 1000, "size": 2, "filledSize": 2,
        "feeCurrency": "USD", "feeAmount": 4, "timestamp": traded.now_ms,
    }  # fmt: skip
    for query in ({"orderId": row["orderId"]}, {"clOrderID": "offer"}, {"startTime": traded.now_ms}):
        assert opened(traded, await traded.call(alice, "GET", f"{TRADE}/trade_history", symbol="BTC-USD", **query)) == [row]
    assert opened(traded, await traded.call(alice, "GET", f"{TRADE}/trade_history", symbol="BTC-USD", clOrderId="none")) == []
    fees = await traded.call(alice, "GET", f"{TRADE}/fees", symbol="BTC-USD")
    assert fees == [{"makerFee": 0.002, "symbol": "BTC-USD", "takerFee": 0.002}]


# --- v3.3 -----------------------------------------------------------------------------------------------------------------


async def test_v3_3_names_sizes_by_their_currency(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = {"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": "100", "size": "2", "clOrderID": "c"}
    (row,) = await floor.call(alice, "POST", f"{V33}/order", **order)
    assert list(row) == [
        "status", "symbol", "orderType", "price", "side", "orderID", "timestamp", "triggerPrice", "stopPrice", "trigger", "message",
        "clOrderID", "stealth", "deviation", "postOnly", "orderDetailType", *SIZES, "orderCurrency", "avgFilledPrice", "time_in_force",
    ]  # fmt: skip
    await place(floor, bob, orderSide="SELL", orderPrice="100", orderSize="0.5")
    (row,) = await floor.call(alice, "GET", f"{V33}/user/open_orders", symbol="BTC-USD")
    assert [row[name] for name in SIZES] == [2, None, 2, None, 1.5, None, 0.5, 0.5]
    assert not {"size", "filledSize", "fillSize", "averageFillPrice"} & row.keys()
    found = await floor.call(alice, "GET", f"{V33}/order", clOrderID="c")
    assert (found["status"], found["avgFilledPrice"], found["remainingOrderBaseSize"]) == (5, 100, 1.5)
    (trade,) = await floor.call(alice, "GET", f"{V33}/user/trade_history", symbol="BTC-USD")
    assert trade["avgFilledPrice"] == 100
    assert await floor.public(f"{V33}/time") == {"iso": "2026-11-18T11:06:40.000Z", "epoch": 1_795_000_000}
    row = (await floor.call(alice, "POST", f"{V33}/order", **{**order, "size": "99999"}))[0]
    assert (row["status"], row["message"]) == (8, "Insufficient balance")
