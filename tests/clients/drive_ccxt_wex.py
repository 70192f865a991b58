"""Drives the `wex` class of an unmodified ccxt 1.18.1 through everything that it can do. Runs inside ccxt's own environment.

usage: drive_ccxt_wex.py CONFIG   (JSON: url; alice and bob each with key and secret; address: some BTC address)
Prints `passed: name` for each situation; an assertion that fails ends it with a traceback.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import ccxt

SYMBOL = "LTC/BTC"


def exchange(config: dict[str, Any], user: dict[str, Any]) -> Any:
    made = ccxt.wex({"apiKey": user["key"], "secret": user["secret"], "enableRateLimit": True, "rateLimit": 1})
    made.urls["api"] = {"public": config["url"] + "/api", "private": config["url"] + "/tapi"}
    # Its own nonce is the second, which would allow one call a second.
    counter = itertools.count(made.nonce())
    made.nonce = lambda: next(counter)
    return made


def raised(call: Callable[..., Any], *arguments: Any) -> Any:
    try:
        call(*arguments)
    except ccxt.BaseError as error:
        return error
    raise AssertionError("nobody refused")


def refused(kind: type[Exception], text: str, call: Callable[..., Any], *arguments: Any) -> None:
    error = raised(call, *arguments)
    assert type(error) is kind, f"expected {kind.__name__}, got {error!r}"
    assert text in str(error), f"expected {text!r}, got {error!r}"


def markets(alice: Any, **_: Any) -> None:
    market = alice.load_markets()[SYMBOL]
    assert market["id"] == "ltc_btc"
    assert market["active"]
    assert market["taker"] == 0.002
    assert market["precision"] == {"amount": 5, "price": 5}
    assert market["limits"]["amount"]["min"] == 0.01
    assert market["limits"]["price"] == {"min": 0.0001, "max": 10}
    assert market["limits"]["cost"]["min"] is None
    assert {"BTC/USD", "LTC/USD", "EUR/USD"} <= set(alice.symbols)
    # bcc_btc and bch_btc are both BCH/BTC to ccxt.
    assert {market["symbol"] for market in alice.fetch_markets()} == set(alice.symbols)


def public_before_any_trade(alice: Any, **_: Any) -> None:
    assert alice.fetch_ticker(SYMBOL)["baseVolume"] == 0
    book = alice.fetch_order_book(SYMBOL)
    assert (book["bids"], book["asks"]) == ([], [])
    assert alice.fetch_trades(SYMBOL) == []
    assert set(alice.fetch_tickers()) == set(alice.symbols)
    assert set(alice.fetch_tickers(["BTC/USD", SYMBOL])) == {"BTC/USD", SYMBOL}
    assert set(alice.fetch_order_books()) == set(alice.symbols)


def errors_of_the_public_api(alice: Any, **_: Any) -> None:
    refused(ccxt.ExchangeError, "Invalid pair name: usd_btc", alice.publicGetTickerPair, {"pair": "usd_btc"})
    refused(ccxt.ExchangeError, "Duplicated pair name: ltc_btc", alice.publicGetDepthPair, {"pair": "ltc_btc-ltc_btc"})
    assert list(alice.publicGetTickerPair({"pair": "usd_btc-ltc_btc", "ignore_invalid": 1})) == ["ltc_btc"]
    assert list(alice.publicGetInfo()) == ["server_time", "pairs"]


def balances(alice: Any, **_: Any) -> None:
    balance = alice.fetch_balance()
    assert balance["BTC"]["free"] > 10
    assert balance["BTC"]["total"] == balance["BTC"]["free"], "no open orders, so the total is known"
    assert balance["LTC"]["used"] == 0


def empty_lists(alice: Any, **_: Any) -> None:
    assert alice.fetch_open_orders() == []
    assert alice.fetch_open_orders(SYMBOL) == []
    refused(ccxt.ExchangeError, "no trades", alice.fetch_my_trades, SYMBOL)


def orders_and_fills(alice: Any, bob: Any, **_: Any) -> None:
    placed = alice.create_order(SYMBOL, "limit", "buy", 4, 0.01)
    assert (placed["status"], placed["filled"], placed["remaining"]) == ("open", 0, 4)
    assert alice.fetch_balance()["BTC"]["total"] is None
    book = alice.fetch_l2_order_book(SYMBOL)
    assert book["bids"] == [[0.01, 4]]
    sold = bob.create_limit_sell_order(SYMBOL, 1.5, 0.001)
    assert (sold["status"], sold["filled"], sold["remaining"]) == ("closed", 1.5, 0)
    order = alice.fetch_order(placed["id"], SYMBOL)
    assert (order["status"], order["amount"], order["filled"], order["remaining"], order["price"]) == ("open", 4, 1.5, 2.5, 0.01)
    assert [order["id"] for order in alice.fetch_open_orders(SYMBOL)] == [placed["id"]]
    rest = bob.create_limit_sell_order(SYMBOL, 3, 0.01)
    assert (rest["status"], rest["filled"], rest["remaining"]) == ("open", 2.5, 0.5)
    assert alice.fetch_order(placed["id"])["status"] == "closed"
    assert [order["id"] for order in alice.fetch_closed_orders(SYMBOL)] == [placed["id"]]
    assert len(alice.fetch_orders(SYMBOL)) == 1
    bob.cancel_order(rest["id"], SYMBOL)
    assert bob.fetch_order(rest["id"])["status"] == "canceled"


def market_data_after_trades(alice: Any, **_: Any) -> None:
    ticker = alice.fetch_ticker(SYMBOL)
    assert (ticker["last"], ticker["high"], ticker["low"], ticker["average"]) == (0.01, 0.01, 0.01, 0.01)
    assert (ticker["baseVolume"], ticker["quoteVolume"]) == (4, 0.04)
    assert abs(ticker["timestamp"] / 1000 - time.time()) < 3600
    trades = alice.fetch_trades(SYMBOL, limit=10)
    # It sorts by the second, so trades of one second have no order.
    assert sorted((trade["side"], trade["price"], trade["amount"]) for trade in trades) == [("sell", 0.01, 1.5), ("sell", 0.01, 2.5)]
    assert len(alice.fetch_trades(SYMBOL, limit=1)) == 1
    # Emulated from trades; its builder leaves out the last one.
    (candle,) = alice.fetch_ohlcv(SYMBOL, "1d")
    assert candle[1:5] == [0.01, 0.01, 0.01, 0.01]
    assert candle[5] in (1.5, 2.5)


def bid_and_ask(alice: Any, bob: Any, **_: Any) -> None:
    bid, ask = alice.create_limit_buy_order(SYMBOL, 1, 0.005), bob.create_limit_sell_order(SYMBOL, 1, 0.02)
    ticker = alice.fetch_ticker(SYMBOL)
    assert (ticker["bid"], ticker["ask"]) == (0.005, 0.02)
    edited = alice.edit_order(bid["id"], SYMBOL, "limit", "buy", 2, 0.006)
    assert alice.fetch_order_book(SYMBOL, limit=1)["bids"] == [[0.006, 2]]
    alice.cancel_order(edited["id"])
    bob.cancel_order(ask["id"])


def errors_of_orders(alice: Any, bob: Any, **_: Any) -> None:
    order = alice.create_limit_buy_order(SYMBOL, 1, 0.005)
    refused(ccxt.ExchangeError, "invalid order", bob.cancel_order, order["id"])
    alice.cancel_order(order["id"])
    refused(ccxt.OrderNotFound, "bad status", alice.cancel_order, order["id"])
    refused(ccxt.ExchangeError, "invalid order", alice.fetch_order, 10**9)
    refused(ccxt.ExchangeError, "invalid parameter: order_id", alice.cancel_order, "abc")
    refused(ccxt.InsufficientFunds, "It is not enough BTC for purchase", alice.create_limit_buy_order, SYMBOL, 900000, 9)
    refused(ccxt.InsufficientFunds, "It is not enough LTC for sell", alice.create_limit_sell_order, SYMBOL, 900000, 9)
    refused(ccxt.ExchangeError, "Value BTC must be greater than 0.01 BTC.", alice.create_limit_buy_order, SYMBOL, 0.001, 0.01)
    refused(ccxt.ExchangeError, "Price per LTC must be lower than 10 BTC.", alice.create_limit_sell_order, SYMBOL, 1, 11)
    wrong = {"pair": "btc_ltc", "type": "buy", "rate": 1, "amount": 1}
    refused(ccxt.ExchangeError, "You incorrectly entered one of fields.", alice.privatePostTrade, wrong)


def own_trades(alice: Any, bob: Any, **_: Any) -> None:
    # It loses the ids, which are the keys of the answer.
    mine = sorted(alice.fetch_my_trades(SYMBOL), key=lambda trade: trade["amount"])
    assert [(trade["side"], trade["amount"], trade["price"], trade["takerOrMaker"]) for trade in mine] == [
        ("buy", 1.5, 0.01, "maker"), ("buy", 2.5, 0.01, "maker"),
    ]  # fmt: skip
    assert {trade["takerOrMaker"] for trade in bob.fetch_my_trades(SYMBOL)} == {"taker"}
    assert mine[0]["fee"] == {"type": "maker", "currency": "LTC", "rate": 0.002, "cost": 0.003}
    assert len(alice.fetch_my_trades(SYMBOL, limit=1)) == 1
    assert len(alice.fetch_my_trades(SYMBOL, since=(int(time.time()) - 3600) * 1000)) == 2
    refused(ccxt.ExchangeError, "no trades", alice.fetch_my_trades, SYMBOL, (int(time.time()) + 3600) * 1000)
    ids = list(alice.privatePostTradeHistory()["return"])
    assert list(alice.privatePostTradeHistory({"from_id": ids[1], "end_id": ids[1]})["return"]) == ids[1:2]
    rows = alice.privatePostTransHistory({"count": 2, "order": "ASC"})["return"]
    assert len(rows) == 2
    refused(ccxt.ExchangeError, "invalid parameter: count", alice.privatePostTransHistory, {"count": "many"})


def money_out(alice: Any, config: dict[str, Any], **_: Any) -> None:
    before = alice.fetch_balance()["BTC"]["free"]
    sent = alice.withdraw("BTC", 0.25, config["address"])
    assert sent["id"] > 0
    assert sent["info"]["return"]["amountSent"] == 0.25
    assert alice.fetch_balance()["BTC"]["free"] == before - 0.25
    row = alice.privatePostTransHistory({"from_id": sent["id"], "end_id": sent["id"]})["return"][str(sent["id"])]
    assert (row["type"], row["amount"], row["currency"]) == (2, 0.25, "BTC")
    assert row["status"] in (1, 2, 3)
    refused(ccxt.ExchangeError, "invalid address", alice.withdraw, "BTC", 0.25, config["address"][::-1])
    refused(ccxt.InsufficientFunds, "It is not enough BTC for withdraw", alice.withdraw, "BTC", 900000, config["address"])
    refused(ccxt.ExchangeError, "invalid parameter: coinName", alice.fetch_deposit_address, "XYZ")
    # Addresses are generated elsewhere, as on the original; config says whether this user has one.
    if config["has_address"]:
        assert len(alice.fetch_deposit_address("BTC")["address"]) > 20
    else:
        refused(ccxt.ExchangeError, "address has not been generated yet", alice.fetch_deposit_address, "BTC")


def coupons(alice: Any, bob: Any, **_: Any) -> None:
    made = alice.privatePostCreateCoupon({"coinName": "USD", "amount": 7.5})["return"]
    assert made["coupon"].startswith("WEXUSD")
    assert len(made["coupon"]) == 46
    redeemed = bob.privatePostRedeemCoupon({"coupon": made["coupon"]})["return"]
    assert (redeemed["couponAmount"], redeemed["couponCurrency"]) == ("7.5", "USD")
    refused(ccxt.ExchangeError, "coupon has already been redeemed", alice.privatePostRedeemCoupon, {"coupon": made["coupon"]})
    refused(ccxt.ExchangeError, "invalid coupon", alice.privatePostRedeemCoupon, {"coupon": "WEXUSD" + "A" * 40})


def identities(alice: Any, config: dict[str, Any], **_: Any) -> None:
    stranger = exchange(config, {"key": alice.apiKey, "secret": "wrong"})
    refused(ccxt.ExchangeError, "invalid sign", stranger.fetch_balance)
    unknown = exchange(config, {"key": "NOBODY", "secret": "wrong"})
    refused(ccxt.ExchangeError, "invalid api key", unknown.fetch_balance)
    late = exchange(config, {"key": alice.apiKey, "secret": alice.secret})
    late.nonce = lambda: 1
    refused(ccxt.ExchangeError, "invalid nonce parameter; on key:", late.fetch_balance)
    alice.fetch_balance()


SITUATIONS = (
    markets,
    public_before_any_trade,
    errors_of_the_public_api,
    balances,
    empty_lists,
    orders_and_fills,
    market_data_after_trades,
    bid_and_ask,
    errors_of_orders,
    own_trades,
    money_out,
    coupons,
    identities,
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
