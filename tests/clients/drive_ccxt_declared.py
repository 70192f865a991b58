"""Drives an unmodified ccxt's BTSE class through all that it declares for spot markets, request by request and error by error.

usage: drive_ccxt_declared.py CONFIG   (JSON: url; limited: one with rate limits; alice, bob, reader: each with key and secret)
Prints `passed: name` for each situation; an assertion that fails ends it with a traceback. Nothing of Cambist is here.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.async_support as ccxt_async

SYMBOL = "BTC/USD"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
HOUR = 3_600_000
MARKET, WALLET, TRADE = "/public-api/market/v1", "/public-api/wallet/v1/user", "/spot/api/v4/trade"
CONTRACTS = {
    "close_position", "create_order_with_take_profit_and_stop_loss", "create_reduce_only_order", "fetch_funding_rate",
    "fetch_funding_rate_history", "fetch_funding_rates", "fetch_leverage", "fetch_leverage_tiers", "fetch_margin_mode",
    "fetch_market_leverage_tiers", "fetch_open_interest", "fetch_open_interests", "fetch_position_mode", "fetch_positions",
    "fetch_positions_for_symbol", "set_leverage", "set_margin_mode", "set_position_mode",
}  # fmt: skip
"""What it declares for swaps and futures."""
KINDS = {"spot", "swap", "future", "sandbox", "public_api", "private_api"}
"""Names in `has` that are no methods."""
called: set[str] = set()


class Recorded:
    """An exchange that notes which of its methods are called."""

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange

    def __getattr__(self, name: str) -> Any:
        called.add(name)
        return getattr(self.exchange, name)


def exchange(url: str, user: dict[str, Any], module: Any = ccxt) -> Any:
    made = module.btse({"apiKey": user["key"], "secret": user["secret"], "enableRateLimit": False})
    made.urls["api"] = {"public": url, "private": url}
    return Recorded(made)


def raised(call: Callable[..., Any], *arguments: Any, **params: Any) -> Any:
    try:
        call(*arguments, **params)
    except ccxt.BaseError as error:
        return error
    return None


def requests(alice: Any, config: Any, **_: Any) -> None:
    """Each kind of request: what ccxt sends is what stands here, and it is answered."""
    alice.load_markets()
    since = alice.milliseconds() // HOUR * HOUR - HOUR
    asked = [
        ("fetch_time", (), "/spot/api/v3.3/time"),
        ("fetch_markets", (), f"{MARKET}/markets"),
        ("fetch_ticker", (SYMBOL,), f"{MARKET}/ticker/24hr?symbol=BTC-USD"),
        ("fetch_tickers", (), f"{MARKET}/ticker/24hr"),
        ("fetch_order_book", (SYMBOL, 1), f"{MARKET}/orderbook?symbol=BTC-USD&depth=1"),
        ("fetch_trades", (SYMBOL,), f"{MARKET}/trades?symbol=BTC-USD"),
        ("fetch_ohlcv", (SYMBOL, "1h"), f"{MARKET}/klines?symbol=BTC-USD&resolution=60&limit=300"),
        ("fetch_ohlcv", (SYMBOL, "1h", since), f"{MARKET}/klines?symbol=BTC-USD&resolution=60&limit=300&start={since // 1000}"),
        (
            "fetch_ohlcv",
            (SYMBOL, "1h", since, 2, {"until": since + HOUR}),
            f"{MARKET}/klines?symbol=BTC-USD&resolution=60&limit=2&start={since // 1000}&end={(since + HOUR) // 1000}",
        ),
        ("fetch_balance", (), f"{WALLET}/assets"),
        ("fetch_ledger", ("USD", since, 10), f"{WALLET}/walletHistory?walletType=SPOT&asset=USD&startTime={since}&pageSize=10"),
        ("fetch_trading_fees", (), f"{TRADE}/fees"),
        ("fetch_trading_fee", (SYMBOL,), f"{TRADE}/fees?symbol=BTC-USD"),
        ("fetch_open_orders", (), f"{TRADE}/orders"),
        ("fetch_open_orders", (SYMBOL,), f"{TRADE}/orders?symbol=BTC-USD"),
        ("fetch_my_trades", (SYMBOL, since, 5), f"{TRADE}/trade_history?symbol=BTC-USD&startTime={since}&count=5"),
    ]
    for method, arguments, path in asked:
        getattr(alice, method)(*arguments)
        assert alice.exchange.last_request_url == config["url"] + path, alice.exchange.last_request_url


def orders(alice: Any, config: Any, **_: Any) -> None:
    """The bodies of orders: sizes as texts, a market buy by its money."""
    where = f"{config['url']}{TRADE}/orders"

    def sent(path: str = "", **body: Any) -> None:
        assert alice.exchange.last_request_url == where + path, alice.exchange.last_request_url
        text = alice.exchange.last_request_body
        assert (json.loads(text) if text else {}) == body, text

    base = {"symbol": "BTC-USD", "orderSide": "BUY"}
    limit = {**base, "orderType": "LIMIT", "orderSize": "0.5", "orderPrice": "100"}
    first = alice.create_limit_buy_order(SYMBOL, 0.5, 100)
    sent(**limit)
    assert alice.create_limit_order(SYMBOL, "buy", 0.5, 100, {"clientOrderId": "tag"})["clientOrderId"] == "tag"
    sent(**limit, clOrderId="tag")
    assert alice.create_post_only_order(SYMBOL, "limit", "buy", 0.5, 100)["postOnly"]
    sent(**limit, postOnly=True)
    for kind, params in (("stopLossPrice", "STOP_LOSS_LIMIT"), ("takeProfitPrice", "TAKE_PROFIT_LIMIT")):
        alice.create_order(SYMBOL, "limit", "buy", 0.5, 100, {kind: 90})
        trigger = {"triggerOrderType": params, "triggerPrice": "90", "triggerPriceType": "LAST_PRICE"}
        sent("/algo", **{**limit, "orderType": "CONDITIONAL", **trigger})
    alice.edit_order(first["id"], SYMBOL, "limit", "buy", 0.25, 101)
    sent(symbol="BTC-USD", orderId=first["id"], orderSize="0.25", orderPrice="101")
    assert alice.edit_order_with_client_order_id("tag", SYMBOL, "limit", "buy", 0.25, 101)["price"] == 101
    sent(symbol="BTC-USD", clOrderId="tag", orderSize="0.25", orderPrice="101")
    assert alice.fetch_open_order(first["id"], SYMBOL)["remaining"] == 0.25
    assert alice.exchange.last_request_url.startswith(f"{config['url']}{TRADE}/order?")
    assert alice.cancel_order_with_client_order_id("tag", SYMBOL)["status"] == "canceled"
    sent("?clOrderId=tag&symbol=BTC-USD")
    assert alice.cancel_order(first["id"], SYMBOL)["status"] == "canceled"
    sent(f"?orderId={first['id']}&symbol=BTC-USD")
    assert len(alice.cancel_all_orders(SYMBOL)) == 3
    sent("/all?symbol=BTC-USD")
    assert alice.cancel_all_orders() == []
    sent("/all?symbol=ALL")
    alice.cancel_all_orders_after(0)
    sent("/cancel_all_after", timeout=0)


def trading(alice: Any, bob: Any, **_: Any) -> None:
    """Every way to trade, and the stops; afterwards the books balance to the last decimal."""
    before = [total(user) for user in (alice, bob)]
    alice.create_limit_sell_order(SYMBOL, 3, 1000, {"clientOrderId": "offer"})
    assert bob.create_market_buy_order(SYMBOL, 500, {"createMarketBuyOrderRequiresPrice": False})["filled"] == 0.5
    assert bob.create_market_order(SYMBOL, "buy", 0.5, 1000)["filled"] == 0.5
    alice.create_limit_buy_order(SYMBOL, 2, 999)
    assert bob.create_market_sell_order(SYMBOL, 0.25)["average"] == 999
    waiting = [alice.create_trigger_order(SYMBOL, "limit", "sell", 0.1, 1100, 1090)]
    millisecond = alice.milliseconds()
    while alice.milliseconds() == millisecond:
        pass  # ccxt's nonce: the next order says the same, and with the same nonce it would be the same signed request, refused
    waiting += [
        alice.create_take_profit_order(SYMBOL, "limit", "sell", 0.1, 1100, 1090),
    ]
    assert [(order["status"], order["triggerPrice"]) for order in waiting] == [("open", 1090)] * 2
    # ccxt sends these two as plain orders with a field that BTSE has not: passed over, they would trade at once.
    assert type(raised(alice.create_stop_order, SYMBOL, "limit", "sell", 0.1, 1100, 1090)) is ccxt.BadRequest
    assert type(raised(alice.create_stop_market_order, SYMBOL, "sell", 0.1, 1090)) is ccxt.BadRequest
    trailing = alice.create_trailing_amount_order(SYMBOL, "TRAILING", "sell", 0.1, None, 9)
    assert (trailing["info"]["status"], trailing["triggerPrice"]) == (9, 990)
    assert alice.fetch_balance()["BTC"]["used"] == 2.3
    alice.cancel_all_orders(SYMBOL)
    first, *_rest = alice.fetch_my_trades(SYMBOL)
    assert alice.fetch_order_trades(first["order"], SYMBOL)[0]["id"] == first["id"]
    for user, expected in zip((alice, bob), before, strict=True):
        for trade in user.fetch_my_trades(SYMBOL):
            sign = 1 if trade["side"] == "buy" else -1
            size, cost = Decimal(str(trade["amount"])), Decimal(str(trade["price"])) * Decimal(str(trade["amount"]))
            fee = Decimal(str(trade["fee"]["cost"]))
            expected["BTC"] += sign * size
            expected["USD"] -= sign * cost
            expected[trade["fee"]["currency"]] -= fee
        assert total(user) == expected


def total(user: Any) -> dict[str, Decimal]:
    rows = user.fetch_balance()["info"]
    return {row["asset"]: Decimal(row["totalAmount"]) for row in rows if row["asset"] in ("BTC", "USD")}


def money(alice: Any, **_: Any) -> None:
    (deposit,) = alice.fetch_deposits("USD")
    assert alice.fetch_deposits_withdrawals("USD") == [deposit]
    assert alice.fetch_withdrawals("USD") == []
    assert alice.fetch_ledger("USD")[0]["id"] == deposit["id"]


def pages(alice: Any, **_: Any) -> None:
    """Own trades by limit and by time: what one page ends with, the next goes on from."""
    trades = alice.fetch_my_trades(SYMBOL)
    assert len(trades) == 3
    assert alice.fetch_my_trades(SYMBOL, limit=1) == trades[-1:]
    assert alice.fetch_my_trades(SYMBOL, since=trades[0]["timestamp"]) == trades
    assert alice.fetch_my_trades(SYMBOL, params={"until": trades[-1]["timestamp"]}) == trades
    assert alice.fetch_my_trades(SYMBOL, params={"afterSerialId": trades[0]["info"]["serialId"], "count": 1}) == trades[1:2]


def declared(alice: Any, **_: Any) -> None:
    """Whatever it says that it has was called above."""
    names = {alice.exchange.un_camel_case(name) for name, has in alice.exchange.has.items() if has is True}
    assert names - called - CONTRACTS - KINDS == set()
    assert raised(alice.create_reduce_only_order, SYMBOL, "limit", "buy", 0.1, 100).__class__ is ccxt.BadRequest
    assert alice.fetch_open_orders() == []


async def at_once(config: Any, calls: int) -> None:
    """So many calls together, at an exchange that counts them."""
    limited = exchange(config["limited"], config["limited_alice"], ccxt_async).exchange
    try:
        await limited.load_markets()
        await asyncio.gather(*(limited.fetch_balance() for _ in range(calls)))
    finally:
        await limited.close()


def errors(alice: Any, bob: Any, config: Any, **_: Any) -> None:
    """Each class of ccxt's errors, from what makes it."""
    users = (config["alice"], {**config["alice"], "secret": "x"}, config["nobody"])
    late, wrong, nobody = (exchange(config["url"], user) for user in users)
    late.exchange.options["timeDifference"] = 120_000
    reader = exchange(config["url"], config["reader"])
    bob.create_limit_sell_order(SYMBOL, 1, 1000)

    buy = alice.create_limit_buy_order
    long = {"symbol": "BTC-USD", "resolution": "1", "start": 1, "end": 10**9}
    expected: list[tuple[type[Exception], Callable[[], Any]]] = [
        (ccxt.InsufficientFunds, lambda: buy(SYMBOL, 900_000, 9000)),
        (ccxt.InsufficientFunds, lambda: alice.create_market_sell_order(SYMBOL, 90_000)),
        (ccxt.InsufficientFunds, lambda: alice.create_order(SYMBOL, "market", "buy", None, None, {"cost": 10**9})),
        (ccxt.OrderNotFound, lambda: alice.cancel_order(UNKNOWN_ID, SYMBOL)),
        (ccxt.OrderNotFound, lambda: alice.edit_order(UNKNOWN_ID, SYMBOL, "limit", "buy", 1, 100)),
        (ccxt.OrderNotFound, lambda: alice.fetch_open_order(UNKNOWN_ID, SYMBOL)),
        (ccxt.InvalidOrder, lambda: buy(SYMBOL, 900_000_000, 9000)),
        (ccxt.InvalidOrder, lambda: buy(SYMBOL, 0.00001, 9000)),
        (ccxt.InvalidOrder, lambda: buy(SYMBOL, 1, 0.001)),
        (ccxt.InvalidOrder, lambda: buy(SYMBOL, 1, 1000, {"postOnly": True})),
        (ccxt.InvalidOrder, lambda: buy(SYMBOL, 2, 1000, {"timeInForce": "FOK"})),
        (ccxt.BadSymbol, lambda: alice.publicGetPublicApiMarketV1Orderbook({"symbol": "XXX-USD"})),
        (ccxt.BadRequest, lambda: buy(SYMBOL, 1, 100, {"orderColour": "green"})),
        (ccxt.BadRequest, lambda: alice.privateGetPublicApiWalletV1UserWalletHistory({"walletType": "SPOT"})),
        (ccxt.BadRequest, lambda: alice.publicGetPublicApiMarketV1Klines(long)),
        (ccxt.AuthenticationError, wrong.fetch_balance),
        (ccxt.AuthenticationError, nobody.fetch_balance),
        # ccxt has no class of its own for a key that lacks a right: it reads the number of BTSE, which is the same.
        (ccxt.AuthenticationError, lambda: reader.create_limit_buy_order(SYMBOL, 1, 100)),
        (ccxt.InvalidNonce, late.fetch_balance),
        (ccxt.RateLimitExceeded, lambda: asyncio.run(at_once(config, 100))),
        (ccxt.ExchangeNotAvailable, lambda: alice.create_limit_buy_order("LTC/USD", 1, 1)),
    ]  # fmt: skip
    for number, (kind, call) in enumerate(expected):
        error = raised(call)
        assert type(error) is kind, (number, kind, error)
    assert reader.fetch_balance()["USD"]["total"] > 0
    assert alice.fetch_open_orders() == []


SITUATIONS = (
    requests,
    orders,
    trading,
    money,
    pages,
    declared,
    errors,
)


def main() -> None:
    with open(sys.argv[1]) as file:
        config = json.load(file)
    parts = {"config": config, "alice": exchange(config["url"], config["alice"]), "bob": exchange(config["url"], config["bob"])}
    for situation in SITUATIONS:
        situation(**parts)
        print("passed:", situation.__name__, flush=True)


if __name__ == "__main__":
    main()
