"""Drives an unmodified ccxt's BTSE class through v3.2: its implicit methods where it has them, its signed `request` for the others.

usage: drive_ccxt_btse.py CONFIG   (JSON: url, alice and bob each with key and secret)
Prints `passed: name` for each situation; an assertion that fails ends it with a traceback. Nothing of Cambist is here.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import ccxt

API = "spot/api/v3.2/"
MARKET = {"symbol": "BTC-USD"}


def exchange(config: dict[str, Any], user: dict[str, Any]) -> Any:
    made = ccxt.btse({"apiKey": user["key"], "secret": user["secret"], "enableRateLimit": False})
    made.urls["api"] = {"public": config["url"], "private": config["url"]}
    return made


def asked(client: Any, path: str, **params: Any) -> Any:
    return client.request(API + path, ["public"], "GET", {**MARKET, **params})


def own(client: Any, method: str, path: str, **params: Any) -> Any:
    return client.request(API + path, ["private"], method, params)


def order(client: Any, **params: Any) -> Any:
    rows = own(client, "POST", "order", **{**MARKET, "type": "LIMIT", **params})
    assert len(rows) == 1
    return rows[0]


def raised(call: Callable[..., Any], *arguments: Any, **params: Any) -> Any:
    try:
        call(*arguments, **params)
    except ccxt.BaseError as error:
        return error
    return None


def refused(kind: type[Exception], call: Callable[..., Any], *arguments: Any, **params: Any) -> None:
    error = raised(call, *arguments, **params)
    assert type(error) is kind, repr(error)


def public_data(alice: Any, **_: Any) -> None:
    assert abs(asked(alice, "time")["epoch"] - time.time()) < 60
    assert asked(alice, "market_summary")[0]["symbol"] == "BTC-USD"
    assert asked(alice, "price")[0]["symbol"] == "BTC-USD"
    assert asked(alice, "orderbook", group=1)["sellQuote"] == []
    assert asked(alice, "orderbook/L2", depth=5)["buyQuote"] == []
    assert asked(alice, "trades", count=10) == []
    assert asked(alice, "ohlcv", resolution="1") == []
    refused(ccxt.BadSymbol, asked, alice, "price", symbol="XXX-USD")


def wallet(alice: Any, **_: Any) -> None:
    rows = {row["currency"]: row for row in alice.privateGetSpotApiV32UserWallet()}
    assert rows["USD"]["available"] == rows["USD"]["total"] > 0
    history = alice.privateGetSpotApiV32UserWalletHistory({"currency": "USD"})
    assert [(row["type"], row["status"], row["username"]) for row in history] == [("Deposit", "COMPLETED", "alice")]
    assert own(alice, "GET", "user/fees", **MARKET)[0]["makerFee"] == 0.002


def orders(alice: Any, bob: Any, **_: Any) -> None:
    placed = order(alice, side="BUY", price=1000.5, size=0.5, clOrderID="first")
    assert (placed["status"], placed["orderType"], placed["clOrderID"]) == (2, 76, "first")
    assert own(alice, "GET", "order", clOrderID="first")["orderID"] == placed["orderID"]
    amended = own(alice, "PUT", "order", **MARKET, orderID=placed["orderID"], type="ALL", orderPrice=1001, orderSize=0.75)
    assert (amended[0]["status"], amended[0]["price"], amended[0]["size"]) == (123, 1001, 0.75)
    sold = order(bob, side="SELL", type="MARKET", size=0.25)
    assert (sold["status"], sold["averageFillPrice"]) == (4, 1001)
    opened = own(alice, "GET", "user/open_orders", **MARKET)
    assert [(row["orderID"], row["filledSize"], row["clOrderID"]) for row in opened] == [(placed["orderID"], 0.25, "first")]
    trades = own(alice, "GET", "user/trade_history", **MARKET, count=5)
    assert [(row["orderId"], row["filledSize"], row["filledPrice"], row["feeCurrency"]) for row in trades] == [
        (placed["orderID"], 0.25, 1001, "BTC")
    ]
    assert own(bob, "GET", "user/trade_history", **MARKET)[0]["tradeId"] == trades[0]["tradeId"]
    cancelled = own(alice, "DELETE", "order", **MARKET, orderID=placed["orderID"])
    assert [(row["status"], row["remainingSize"]) for row in cancelled] == [(6, 0.5)]
    assert asked(alice, "trades")[0]["size"] == 0.25
    assert asked(alice, "ohlcv", resolution="1440")[0][1:] == [1001, 1001, 1001, 1001, 0.25]


def dead_mans_switch(alice: Any, **_: Any) -> None:
    order(alice, side="BUY", price=1, size=1)
    own(alice, "POST", "order/cancelAllAfter", timeout=60000)
    own(alice, "POST", "order/cancelAllAfter", timeout=0)
    assert len(own(alice, "GET", "user/open_orders")) == 1
    own(alice, "POST", "order/cancelAllAfter", timeout=1)
    end = time.monotonic() + 30
    while own(alice, "GET", "user/open_orders"):
        assert time.monotonic() < end


def rejections(alice: Any, config: dict[str, Any], **_: Any) -> None:
    refused(ccxt.InsufficientFunds, order, alice, side="BUY", price=9000, size=900000)
    refused(ccxt.InvalidOrder, order, alice, side="BUY", price=0.01, size=1)
    refused(ccxt.InvalidOrder, order, alice, side="BUY", price=1000, size=0.0001)
    refused(ccxt.BadRequest, order, alice, side="BUY", type="PEG", price=1, size=1)
    refused(ccxt.BadRequest, own, alice, "POST", "order/peg", **MARKET, type="PEG", side="BUY", price=1, size=1)
    refused(ccxt.OrderNotFound, own, alice, "DELETE", "order", **MARKET, orderID="00000000-0000-4000-8000-000000000000")
    refused(ccxt.OrderNotFound, own, alice, "GET", "order", clOrderID="nobody's")
    refused(ccxt.AuthenticationError, exchange(config, {"key": alice.apiKey, "secret": "wrong"}).privateGetSpotApiV32UserWallet)
    late = exchange(config, {"key": alice.apiKey, "secret": alice.secret})
    late.options["timeDifference"] = 120_000
    refused(ccxt.InvalidNonce, late.privateGetSpotApiV32UserWallet)


SITUATIONS = (
    public_data,
    wallet,
    orders,
    dead_mans_switch,
    rejections,
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
