"""Drives an unmodified ccxt's BTSE class by its unified methods: every one that it declares for spot markets.

usage: drive_ccxt_unified.py CONFIG   (JSON: url, alice and bob each with key and secret)
Prints `passed: name` for each situation; an assertion that fails ends it with a traceback. Nothing of Cambist is here.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import ccxt
import ccxt.async_support as ccxt_async

SYMBOL = "BTC/USD"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def exchange(config: dict[str, Any], user: dict[str, Any], module: Any = ccxt) -> Any:
    made = module.btse({"apiKey": user["key"], "secret": user["secret"], "enableRateLimit": False})
    made.urls["api"] = {"public": config["url"], "private": config["url"]}
    return made


def raised(call: Callable[..., Any], *arguments: Any, **params: Any) -> Any:
    try:
        call(*arguments, **params)
    except ccxt.BaseError as error:
        return error
    return None


def refused(kind: type, call: Callable[..., Any], *arguments: Any, **params: Any) -> None:
    error = raised(call, *arguments, **params)
    assert type(error) is kind, repr(error)


def markets(alice: Any, **_: Any) -> None:
    market = alice.load_markets()[SYMBOL]
    assert (market["id"], market["spot"], market["active"]) == ("BTC-USD", True, True)
    assert market["precision"]["price"] > 0
    assert market["precision"]["amount"] == 1e-8
    assert market["limits"]["amount"]["min"] > 0
    assert abs(alice.fetch_time() / 1000 - time.time()) < 60


def money(alice: Any, **_: Any) -> None:
    balance = alice.fetch_balance()
    assert balance["USD"]["total"] == balance["USD"]["free"] > 0
    assert balance["USD"]["used"] == 0
    assert alice.fetch_trading_fee(SYMBOL)["maker"] == alice.fetch_trading_fees()[SYMBOL]["taker"] == 0.002
    deposit = alice.fetch_deposits("USD")[0]
    assert (deposit["type"], deposit["status"], deposit["currency"]) == ("deposit", "ok", "USD")
    assert deposit["amount"] == balance["USD"]["total"]
    assert alice.fetch_deposits_withdrawals("USD") == [deposit]
    assert alice.fetch_withdrawals("USD") == []
    entry = alice.fetch_ledger("USD")[0]
    assert (entry["direction"], entry["type"], entry["amount"], entry["id"]) == ("in", "transaction", deposit["amount"], deposit["id"])


def limit_orders(alice: Any, bob: Any, **_: Any) -> None:
    placed = alice.create_order(SYMBOL, "limit", "buy", 0.5, 1000.5, {"clientOrderId": "first", "postOnly": True})
    assert (placed["status"], placed["clientOrderId"], placed["price"], placed["amount"]) == ("open", "first", 1000.5, 0.5)
    assert (placed["filled"], placed["postOnly"], placed["timeInForce"]) == (0, True, "GTC")
    book = alice.fetch_order_book(SYMBOL, 5)
    assert (book["bids"], book["asks"]) == ([[1000.5, 0.5]], [])
    assert alice.fetch_balance()["USD"]["used"] == 500.25
    assert [order["id"] for order in alice.fetch_open_orders(SYMBOL)] == [placed["id"]]
    assert alice.fetch_open_order(placed["id"], SYMBOL)["status"] == "open"
    assert alice.fetch_open_order(None, SYMBOL, {"clientOrderId": "first"})["id"] == placed["id"]
    edited = alice.edit_order(placed["id"], SYMBOL, "limit", "buy", 0.75, 1001)
    assert (edited["id"], edited["status"], edited["price"], edited["amount"]) == (placed["id"], "open", 1001, 0.75)
    sold = bob.create_order(SYMBOL, "market", "sell", 0.25)
    assert (sold["status"], sold["type"], sold["filled"], sold["average"]) == ("closed", "market", 0.25, 1001)
    open_order = alice.fetch_open_orders()[0]
    assert (open_order["filled"], open_order["remaining"], open_order["average"]) == (0.25, 0.5, 1001)
    # What is to remain open, and what the whole is to be.
    assert alice.edit_order(placed["id"], SYMBOL, "limit", "buy", 0.4)["amount"] == 0.65
    assert alice.edit_order(placed["id"], SYMBOL, "limit", "buy", 0.5, None, {"totalAmountMode": True})["remaining"] == 0.25
    cancelled = alice.cancel_order(placed["id"], SYMBOL)
    assert (cancelled["status"], cancelled["filled"], cancelled["remaining"]) == ("canceled", 0.25, 0.25)


def own_trades(alice: Any, bob: Any, **_: Any) -> None:
    (trade,) = alice.fetch_my_trades(SYMBOL)
    assert (trade["side"], trade["price"], trade["amount"], trade["fee"]) == ("buy", 1001, 0.25, {"cost": 0.0005, "currency": "BTC"})
    assert alice.fetch_order_trades(trade["order"], SYMBOL) == [trade]
    assert alice.fetch_order_trades(None, SYMBOL, params={"clientOrderId": "first"}) == [trade]
    assert alice.fetch_my_trades(SYMBOL, since=alice.milliseconds() + 60_000) == []
    assert bob.fetch_my_trades(SYMBOL)[0]["id"] == trade["id"]


def public_data(alice: Any, **_: Any) -> None:
    trade = alice.fetch_trades(SYMBOL, limit=5)[0]
    assert (trade["side"], trade["price"], trade["amount"]) == ("sell", 1001, 0.25)
    for timeframe in ("1m", "1h", "1d"):
        candle = alice.fetch_ohlcv(SYMBOL, timeframe, limit=5)[-1]
        assert candle[1:] == [1001, 1001, 1001, 1001, 250.25]
        assert alice.fetch_ohlcv(SYMBOL, timeframe, since=candle[0], limit=5) == [candle]
    ticker = alice.fetch_ticker(SYMBOL)
    assert (ticker["last"], ticker["baseVolume"], ticker["quoteVolume"]) == (1001, 0.25, 250.25)
    assert alice.fetch_tickers()[SYMBOL]["last"] == 1001
    assert list(alice.fetch_tickers([SYMBOL])) == [SYMBOL]


def market_orders(alice: Any, bob: Any, **_: Any) -> None:
    bob.create_limit_sell_order(SYMBOL, 2, 1000)
    bought = alice.create_order(SYMBOL, "market", "buy", 0.5, 1000)
    assert (bought["status"], bought["filled"], bought["average"]) == ("closed", 0.5, 1000)
    assert alice.create_order(SYMBOL, "market", "buy", None, None, {"cost": 250})["filled"] == 0.25
    assert alice.create_limit_buy_order(SYMBOL, 0.25, 1000)["status"] == "closed"
    assert alice.create_order(SYMBOL, "limit", "buy", 5, 1000, {"timeInForce": "IOC"})["filled"] == 1
    refused(ccxt.InvalidOrder, alice.create_order, SYMBOL, "limit", "buy", 5, 1000, {"timeInForce": "FOK"})


def stop_orders(alice: Any, bob: Any, **_: Any) -> None:
    stop = alice.create_order(SYMBOL, "market", "sell", 0.25, None, {"stopLossPrice": 900})
    assert (stop["status"], stop["type"], stop["triggerPrice"]) == ("open", "market", 900) or stop["status"] == "closed"
    limited = alice.create_order(SYMBOL, "limit", "sell", 0.25, 890, {"stopLossPrice": 900})
    assert (limited["status"], limited["price"], limited["triggerPrice"]) == ("open", 890, 900)
    assert alice.edit_order(limited["id"], SYMBOL, "limit", "sell", None, None, {"triggerPrice": 905})["triggerPrice"] == 905
    bob.create_limit_buy_order(SYMBOL, 2, 900)
    alice.create_order(SYMBOL, "market", "sell", 0.1)
    assert alice.fetch_open_orders() == []
    assert {trade["order"] for trade in alice.fetch_my_trades(SYMBOL)} >= {stop["id"], limited["id"]}
    bob.cancel_all_orders(SYMBOL)
    refused(ccxt.BadRequest, alice.create_order, SYMBOL, "PEG", "sell", 0.25, 950, {})


def pairs_and_trailing_stops(alice: Any, bob: Any, **_: Any) -> None:
    bob.create_limit_buy_order(SYMBOL, 0.1, 900)
    alice.create_order(SYMBOL, "market", "sell", 0.1)
    for params in ({"triggerPrice": 800, "stopPrice": 790}, {"triggerPrice": 800}):
        pair = alice.create_order(SYMBOL, "OCO", "sell", 0.25, 950, params)
        assert (pair["status"], pair["price"], pair["amount"]) == ("open", 950, 0.25)
        assert [order["triggerPrice"] for order in alice.fetch_open_orders()] == [None, 800]
        assert alice.cancel_order(pair["id"], SYMBOL)["status"] == "canceled"
        assert alice.fetch_open_orders() == []
    refused(ccxt.BadRequest, alice.create_order, SYMBOL, "OCO", "sell", 0.25, 950, {"stopPrice": 1})
    for params, trigger in (({"trailingAmount": 5}, 895), ({"trailingPercent": 1}, 891)):
        stop = alice.create_order(SYMBOL, "TRAILING", "sell", 0.25, None, params)
        # ccxt's own status says "closed" of every market order, one that waits too.
        assert (stop["info"]["status"], stop["triggerPrice"]) == (9, trigger)
        assert alice.cancel_order(stop["id"], SYMBOL)["status"] == "canceled"
    spent = alice.create_order(SYMBOL, "TRAILING", "buy", None, None, {"cost": 50, "trailingAmount": 5})
    assert (spent["info"]["status"], spent["triggerPrice"]) == (9, 905)
    alice.cancel_all_orders(SYMBOL)


def cancels(alice: Any, **_: Any) -> None:
    for number in range(3):
        alice.create_limit_buy_order(SYMBOL, 0.1, 100 + number, {"clientOrderId": f"c{number}"})
    assert alice.cancel_order(None, SYMBOL, {"clientOrderId": "c1"})["clientOrderId"] == "c1"
    assert [order["status"] for order in alice.cancel_all_orders(SYMBOL)] == ["canceled", "canceled"]
    alice.create_limit_buy_order("LTC/USD", 1, 1)
    assert [order["symbol"] for order in alice.cancel_all_orders()] == ["LTC/USD"]
    alice.create_limit_buy_order(SYMBOL, 0.1, 100)
    assert alice.cancel_all_orders_after(60_000)["success"]
    assert alice.cancel_all_orders_after(0)["success"]
    assert len(alice.fetch_open_orders()) == 1
    alice.cancel_all_orders_after(1)
    end = time.monotonic() + 30
    while alice.fetch_open_orders():
        assert time.monotonic() < end


def rejections(alice: Any, config: Any, **_: Any) -> None:
    refused(ccxt.InsufficientFunds, alice.create_limit_buy_order, SYMBOL, 900_000, 9000)
    refused(ccxt.InsufficientFunds, alice.create_order, SYMBOL, "market", "sell", 90_000)
    refused(ccxt.OrderNotFound, alice.cancel_order, UNKNOWN_ID, SYMBOL)
    refused(ccxt.OrderNotFound, alice.fetch_open_order, UNKNOWN_ID, SYMBOL)
    refused(ccxt.OrderNotFound, alice.edit_order, UNKNOWN_ID, SYMBOL, "limit", "buy", 1, 100)
    refused(ccxt.InvalidOrder, alice.create_limit_buy_order, SYMBOL, 900_000_000, 9000)
    refused(ccxt.BadRequest, alice.publicGetPublicApiMarketV1Klines, {"symbol": "BTC-USD", "resolution": "1", "start": 1, "end": 10**9})
    refused(ccxt.BadSymbol, alice.publicGetPublicApiMarketV1Orderbook, {"symbol": "XXX-USD"})
    refused(ccxt.BadRequest, alice.privateGetPublicApiWalletV1UserWalletHistory, {"walletType": "SPOT"})
    for stranger in ({"key": alice.apiKey, "secret": "wrong"}, {"key": "nobody", "secret": "wrong"}):
        refused(ccxt.AuthenticationError, exchange(config, stranger).fetch_balance)
    late = exchange(config, {"key": alice.apiKey, "secret": alice.secret})
    late.options["timeDifference"] = 120_000
    refused(ccxt.InvalidNonce, late.fetch_balance)


def version_3_3(alice: Any, **_: Any) -> None:
    assert abs(alice.publicGetSpotApiV33Time()["epoch"] - time.time()) < 60
    assert alice.publicGetSpotApiV33MarketSummary({"symbol": "BTC-USD"})[0]["symbol"] == "BTC-USD"
    order = {"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": 100, "size": 0.1}
    (placed,) = alice.privatePostSpotApiV33Order(order)
    assert (placed["status"], placed["originalOrderBaseSize"], placed["orderCurrency"]) == (2, 0.1, "base")
    (opened,) = alice.privateGetSpotApiV33UserOpenOrders({"symbol": "BTC-USD"})
    assert (opened["orderID"], opened["currentOrderBaseSize"]) == (placed["orderID"], 0.1)
    assert alice.privateDeleteSpotApiV33Order({"symbol": "BTC-USD", "orderID": placed["orderID"]})[0]["status"] == 6
    assert "avgFilledPrice" in alice.privateGetSpotApiV33UserTradeHistory({"symbol": "BTC-USD"})[0]


def asynchronous(config: Any, **_: Any) -> None:
    async def trade() -> None:
        alice, bob = (exchange(config, config[name], ccxt_async) for name in ("alice", "bob"))
        try:
            placed = await asyncio.gather(*(alice.create_limit_buy_order(SYMBOL, 0.1, 500 + number) for number in range(10)))
            assert {order["status"] for order in placed} == {"open"}
            assert (await bob.create_order(SYMBOL, "market", "sell", 0.1))["average"] == 509
            assert len(await alice.cancel_all_orders(SYMBOL)) == 9
        finally:
            await asyncio.gather(alice.close(), bob.close())

    asyncio.run(trade())


SITUATIONS = (
    markets,
    money,
    limit_orders,
    own_trades,
    public_data,
    market_orders,
    stop_orders,
    pairs_and_trailing_stops,
    cancels,
    rejections,
    version_3_3,
    asynchronous,
)


def main() -> None:
    with open(sys.argv[1]) as file:
        config = json.load(file)
    parts = {"config": config, "alice": exchange(config, config["alice"]), "bob": exchange(config, config["bob"])}
    for situation in SITUATIONS:
        situation(**parts)
        print("passed:", situation.__name__, flush=True)


if __name__ == "__main__":
    main()
