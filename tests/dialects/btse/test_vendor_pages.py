"""The vendor's pages of v3.3, example by example: every key of an answer is there, every documented parameter is taken.

What v4 and public-api answer is checked whole in test_unified.py, and by ccxt's own parser in test_clients.py.
"""

from typing import Any

import pytest

from tests.dialects.btse.floor import Floor, Trader

V33 = "/spot/api/v3.3"
SIZES = (
    "originalOrderBaseSize originalOrderQuoteSize currentOrderBaseSize currentOrderQuoteSize remainingOrderBaseSize remainingOrderQuoteSize"
)
ORDER = (
    "status symbol orderType price side orderID timestamp triggerPrice stopPrice trigger message clOrderID stealth deviation postOnly "
    f"orderDetailType {SIZES} filledBaseSize totalFilledBaseSize orderCurrency avgFilledPrice time_in_force"
)
STANDING = (
    "orderID orderType price side orderValue pegPriceMin pegPriceMax pegPriceDeviation timestamp triggerOrder triggerPrice "
    "triggerOriginalPrice triggerOrderType triggerTrailingStopDeviation triggerStopPrice symbol trailValue quote clOrderID timeInForce "
    f"{SIZES} totalFilledBaseSize orderCurrency avgFilledPrice triggered"
)
PUBLIC = [
    (
        "market_summary",
        "symbol last lowestAsk highestBid percentageChange volume high24Hr low24Hr base quote active size minValidPrice minPriceIncrement "
        "minOrderSize maxOrderSize minSizeIncrement openInterest openInterestUSD contractStart contractEnd timeBasedContract openTime "
        "closeTime startMatching inactiveTime fundingRate contractSize maxPosition minRiskLimit maxRiskLimit availableSettlement futures "
        "isMarketOpenToOtc isMarketOpenToSpot",
    ),
    ("price", "symbol indexPrice lastPrice markPrice"),
    ("orderbook?symbol=BTC-USD&group=1&limit_bids=1&limit_asks=1", "buyQuote sellQuote timestamp symbol"),
    ("orderbook/L2?symbol=BTC-USD&depth=1", "buyQuote sellQuote timestamp symbol"),
    ("trades?symbol=BTC-USD&count=1", "price size side symbol serialId timestamp"),
    ("time", "iso epoch"),
]
OPEN = f"{STANDING} requestId vendorName botID cancelDuration orderState orderDetailType orderDetail"
TRADE = (
    "tradeId orderId clOrderID username side orderType triggerType price size filledPrice filledSize triggerPrice base quote symbol "
    "feeCurrency feeAmount wallet realizedPnl total serialId timestamp avgFilledPrice"
)
TRANSFER = "amount currency description fees orderId status timestamp type username wallet txid currencyNetwork"


def lacks(answer: Any, keys: str) -> set[str]:
    """Keys of the vendor's example that an answer, or its first row, does not have."""
    row: dict[str, Any] = answer[0] if isinstance(answer, list) else answer
    return set(keys.split()) - row.keys()


@pytest.fixture
async def traded(floor: Floor, alice: Trader, bob: Trader) -> Floor:
    """One trade, and an order of alice's that rests with the tag "mine"."""
    await floor.order(bob, side="SELL", price="100", size="1")
    await floor.order(alice, side="BUY", price="100", size="1")
    await floor.order(alice, side="BUY", price="90", size="1", clOrderID="mine")
    return floor


@pytest.mark.parametrize(("path", "keys"), PUBLIC, ids=[path.partition("?")[0] for path, _ in PUBLIC])
async def test_public_answers_have_the_documented_keys(traded: Floor, path: str, keys: str) -> None:
    assert lacks(await traded.public(f"{V33}/{path}"), keys) == set()


@pytest.mark.parametrize(
    ("method", "path", "fields", "keys"),
    [
        ("GET", "order", {"clOrderID": "mine"}, f"{STANDING} status"),
        ("GET", "user/open_orders", {"symbol": "BTC-USD", "clOrderID": "mine"}, OPEN),
        ("PUT", "order", {"symbol": "BTC-USD", "clOrderID": "mine", "type": "PRICE", "value": 91}, f"{ORDER} originalPrice"),
        ("DELETE", "order", {"symbol": "BTC-USD", "clOrderID": "mine"}, ORDER),
        ("GET", "user/trade_history", {"symbol": "BTC-USD"}, TRADE),
        ("GET", "user/fees", {"symbol": "BTC-USD"}, "makerFee symbol takerFee"),
        ("GET", "user/wallet", {}, "available currency total"),
        ("GET", "user/wallet_history", {"currency": "USD"}, TRANSFER),
    ],
)
async def test_private_answers_have_the_documented_keys(
    traded: Floor, alice: Trader, method: str, path: str, fields: dict[str, Any], keys: str
) -> None:
    assert lacks(await traded.call(alice, method, f"{V33}/{path}", **fields), keys) == set()


async def test_an_amended_order_tells_the_price_it_had(traded: Floor, alice: Trader) -> None:
    (row,) = await traded.call(alice, "PUT", f"{V33}/order", symbol="BTC-USD", clOrderID="mine", type="PRICE", value="91.5")
    assert (row["status"], row["price"], row["originalPrice"]) == (123, 91.5, 90)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (f"{V33}/order", {"side": "BUY", "type": "MARKET", "price": "60"}),
        ("/spot/api/v4/trade/orders", {"orderSide": "BUY", "orderType": "MARKET", "quoteOrderSize": "60"}),
    ],
)
async def test_an_order_by_money_has_no_sizes_in_base_but_what_was_filled(
    floor: Floor, alice: Trader, bob: Trader, path: str, fields: dict[str, str]
) -> None:
    await floor.order(bob, side="SELL", price="100", size="0.5")
    (row,) = await floor.call(alice, "POST", path, symbol="BTC-USD", **fields)
    assert {name: row[name] for name in row if name.endswith("Size")} == {
        "originalOrderBaseSize": None, "originalOrderQuoteSize": 60, "currentOrderBaseSize": None, "currentOrderQuoteSize": 60,
        "remainingOrderBaseSize": None, "remainingOrderQuoteSize": 10, "filledBaseSize": 0.5, "totalFilledBaseSize": 0.5,
    }  # fmt: skip
    assert row["orderCurrency"] == "quote"


@pytest.mark.parametrize("path", [f"{V33}/user/trade_history", "/spot/api/v4/trade/trade_history"])
async def test_an_own_trade_tells_the_size_of_its_order_as_it_was_given(floor: Floor, alice: Trader, bob: Trader, path: str) -> None:
    await floor.order(bob, side="SELL", price="100", size="2")
    await floor.order(alice, side="BUY", type="MARKET", price="50")
    await floor.order(alice, side="BUY", type="MARKET", size="0.25")
    answer = await floor.call(alice, "GET", path, symbol="BTC-USD")
    rows = answer["data"] if isinstance(answer, dict) else answer
    assert [(row["size"], row["filledSize"]) for row in rows] == [(0.25, 0.25), (50, 0.5)]


ORDERS: list[tuple[str, dict[str, Any], tuple[int, int]]] = [
    ("market", {"size": 10, "type": "MARKET"}, (4, 77)),
    ("market by money", {"price": 500, "type": "MARKET"}, (4, 77)),
    ("market stop", {"price": 1000, "type": "MARKET", "txType": "Stop", "triggerPrice": 750}, (9, 77)),
    ("market take profit", {"price": 1000, "type": "MARKET", "txType": "TRIGGER", "triggerPrice": 64}, (9, 77)),
    ("limit", {"size": 10, "price": 90, "type": "LIMIT"}, (2, 76)),
    ("limit stop", {"size": 10, "price": 340, "type": "LIMIT", "txType": "Stop", "triggerPrice": 320}, (9, 76)),
    (
        "every field, those of other kinds empty",
        {
            "size": 1, "price": 90, "type": "LIMIT", "txType": "LIMIT", "time_in_force": "DAY", "stopPrice": 0.0, "triggerPrice": 0.0,
            "trailValue": 0.0, "postOnly": True, "clOrderID": "c", "stealth": 100, "deviation": 1, "triggerPriceType": "LAST_PRICE",
        },
        (2, 76),
    ),
]  # fmt: skip


@pytest.mark.parametrize("path", ["order", "order/peg"])
@pytest.mark.parametrize(("fields", "expected"), [row[1:] for row in ORDERS], ids=[row[0] for row in ORDERS])
async def test_the_documented_orders_are_taken_at_both_addresses(
    floor: Floor, alice: Trader, bob: Trader, path: str, fields: dict[str, Any], expected: tuple[int, int]
) -> None:
    await floor.order(bob, side="SELL", price="100", size="10")
    await floor.order(bob, side="BUY", price="100", size="1")
    await floor.order(bob, side="SELL", price="100", size="10")
    (row,) = await floor.call(alice, "POST", f"{V33}/{path}", **{"symbol": "BTC-USD", "side": "BUY", **fields})
    assert (row["status"], row["orderType"]) == expected
    assert lacks(row, ORDER) == set()


async def test_a_trigger_by_an_index_that_is_not_there_is_refused_in_words(floor: Floor, alice: Trader) -> None:
    order = {"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "txType": "STOP", "price": 120, "size": 1, "triggerPrice": 110}
    status, code, message = await floor.error(alice, "POST", f"{V33}/order", **order, triggerPriceType="INDEX_PRICE")
    assert (status, code) == (400, -2)
    assert "LAST_PRICE" in message


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("user/trade_history", {"symbol": "BTC-USD", "count": 1, "isMatchSymbol": "true"}),
        ("user/trade_history", {"symbol": "BTC-USD", "startTime": 1, "endTime": 2}),
        ("user/wallet_history", {"currency": "USD", "count": 1, "useNewSymbolNaming": "true"}),
        ("user/open_orders", {"symbol": "BTC-USD", "orderID": "00000000-0000-4000-8000-000000000000"}),
    ],
)
async def test_documented_filters_are_taken(traded: Floor, alice: Trader, path: str, fields: dict[str, Any]) -> None:
    assert isinstance(await traded.call(alice, "GET", f"{V33}/{path}", **fields), list)
