"""Drives an unmodified wexapi through everything that it can do. Runs inside wexapi's own environment: nothing of Cambist is here.

usage: drive_wexapi.py CONFIG   (JSON: host, port, alice and bob each with key and secret; certificate trust comes from SSL_CERT_FILE)
Prints `passed: name` for each situation; an assertion that fails ends it with a traceback.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import wexapi
import wexapi.common
import wexapi.trade

PAIR = "btc_usd"


def connect(config: dict[str, Any]) -> Any:
    wexapi.common.wex_domain = f"{config['host']}:{config['port']}"
    return wexapi.common.WexConnection()


def trader(connection: Any, user: dict[str, str], nonce: int = 0) -> Any:
    handler = wexapi.keyhandler.KeyHandler()
    handler.add_key(user["key"], user["secret"], nonce)
    return wexapi.trade.TradeApi(user["key"], handler, connection)


def raised(call: Callable[..., Any], kind: type[Exception] = Exception) -> Any:
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} came")


def refused(call: Callable[..., Any], text: str) -> None:
    error = raised(call)
    assert text in str(error), f"expected {text!r}, got {error!r}"


def public_before_any_trade(public: Any, info: Any, **_: Any) -> None:
    assert PAIR in info.pair_names
    assert "btc" in info.currencies
    assert "usd" in info.currencies
    assert info.pairs[PAIR].decimal_places == 3
    assert info.pairs[PAIR].min_amount == Decimal("0.001")
    assert info.pairs[PAIR].fee == Decimal("0.2")
    assert info.pairs[PAIR].hidden is False
    assert abs(int(info.server_time) - time.time()) < 3600
    assert public.get_depth(PAIR, info) == ([], [])
    assert public.get_trade_history(PAIR, info) == []
    assert public.get_ticker(PAIR, info).vol == 0


def unknown_pairs(public: Any, info: Any, alice: Any, **_: Any) -> None:
    assert public.get_ticker("usd_btc") is None
    for call in (info.validate_pair, alice.active_orders, lambda pair: alice.trade(pair, "buy", Decimal(1), Decimal(1))):
        assert "btc_usd" in str(raised(lambda call=call: call("usd_btc"), wexapi.common.InvalidTradePairException))


def empty_lists(alice: Any, **_: Any) -> None:
    assert alice.active_orders() == []
    assert alice.active_orders(PAIR) == []
    assert alice.trade_history() == []


def account(alice: Any, **_: Any) -> None:
    account = alice.get_info()
    assert account.open_orders == 0
    assert account.transaction_count == 0
    assert account.info_rights
    assert account.trade_rights
    assert account.funds["btc"] > 10
    assert account.funds["usd"] > 10_000
    assert abs(account.server_time - time.time()) < 3600


def resting_order(alice: Any, public: Any, **_: Any) -> None:
    before = alice.get_info().funds["usd"]
    result = alice.trade(PAIR, "buy", Decimal("100.5"), Decimal("2"))
    assert result.received == 0
    assert result.remains == 2
    assert result.order_id > 0
    assert result.funds["usd"] == before - 201
    (order,) = alice.active_orders(PAIR)
    assert (order.order_id, order.pair, order.type, order.amount, order.rate, order.status) == (
        result.order_id, PAIR, "buy", 2, Decimal("100.5"), 0,
    )  # fmt: skip
    assert abs(order.timestamp_created - time.time()) < 3600
    shown = alice.order_info(result.order_id)
    assert (shown.start_amount, shown.amount, shown.status) == (2, 2, 0)
    assert alice.get_info().open_orders == 1
    assert public.get_depth(PAIR) == ([], [[Decimal("100.5"), 2]])


def partial_and_full_fills(alice: Any, bob: Any, public: Any, **_: Any) -> None:
    (order,) = alice.active_orders()
    sold = bob.trade(PAIR, "sell", Decimal("0.1"), Decimal("0.75"))
    assert (sold.received, sold.remains, sold.order_id) == (Decimal("0.75"), 0, 0)
    shown = alice.order_info(order.order_id)
    assert (shown.start_amount, shown.amount, shown.status) == (2, Decimal("1.25"), 0)
    sold = bob.trade(PAIR, "sell", Decimal("100.5"), Decimal("2"))
    assert (sold.received, sold.remains) == (Decimal("1.25"), Decimal("0.75"))
    assert sold.order_id > order.order_id
    assert alice.order_info(order.order_id).status == 1
    assert alice.order_info(order.order_id).amount == 0
    assert public.get_depth(PAIR, limit=1) == ([[Decimal("100.5"), Decimal("0.75")]], [])
    newest, oldest = public.get_trade_history(PAIR, limit=2)
    assert newest.tid > oldest.tid
    assert (newest.type, newest.price, newest.amount) == ("ask", Decimal("100.5"), Decimal("1.25"))
    ticker = public.get_ticker(PAIR)
    assert (ticker.last, ticker.high, ticker.low, ticker.avg, ticker.vol_cur, ticker.vol) == (
        Decimal("100.5"), Decimal("100.5"), Decimal("100.5"), Decimal("100.5"), 2, 201,
    )  # fmt: skip
    assert (ticker.buy, ticker.sell) == (Decimal("100.5"), 0)
    refused(lambda: alice.cancel_order(order.order_id), "bad status")


def cancelling(alice: Any, bob: Any, **_: Any) -> None:
    (rest,) = bob.active_orders()
    before = bob.get_info().funds["btc"]
    done = bob.cancel_order(rest.order_id)
    assert done.order_id == rest.order_id
    assert done.funds["btc"] == before + Decimal("0.75")
    assert bob.order_info(rest.order_id).status == 3
    refused(lambda: bob.cancel_order(rest.order_id), "bad status")
    untouched = bob.trade(PAIR, "sell", Decimal("9000"), Decimal("1")).order_id
    refused(lambda: alice.cancel_order(untouched), "invalid order")
    refused(lambda: alice.order_info(untouched), "invalid order")
    bob.cancel_order(untouched)
    assert bob.order_info(untouched).status == 2
    refused(lambda: bob.cancel_order(10**9), "invalid order")


def refused_orders(alice: Any, **_: Any) -> None:
    orders = alice.get_info().open_orders
    refused(lambda: alice.trade(PAIR, "buy", Decimal(10000), Decimal(100000)), "It is not enough USD for purchase")
    refused(lambda: alice.trade(PAIR, "sell", Decimal(10000), Decimal(100000)), "It is not enough BTC for sell")
    refused(lambda: alice.trade(PAIR, "buy", Decimal("0.05"), Decimal(1)), "Price per BTC must be greater than 0.1 USD.")
    refused(lambda: alice.trade(PAIR, "buy", Decimal(10001), Decimal(1)), "Price per BTC must be lower than 10000 USD.")
    # The client itself refuses an amount below the minimum, which it knows from `info`.
    raised(lambda: alice.trade(PAIR, "buy", Decimal(1), Decimal("0.0001")), wexapi.common.InvalidTradeAmountException)
    assert alice.get_info().open_orders == orders


def trade_history_pages(alice: Any, bob: Any, **_: Any) -> None:
    own = alice.trade(PAIR, "buy", Decimal(50), Decimal(5)).order_id
    for amount in (1, 2, 1):
        bob.trade(PAIR, "sell", Decimal(50), Decimal(amount))
    bob.trade("ltc_usd", "sell", Decimal(5), Decimal(10))
    alice.trade("ltc_usd", "buy", Decimal(5), Decimal(1))
    alice.cancel_order(own)
    trades = alice.trade_history()
    ids = [trade.transaction_id for trade in trades]
    assert len(ids) == 6
    assert ids == sorted(ids, reverse=True)
    assert [trade.is_your_order for trade in trades] == [False, True, True, True, True, True]
    assert trades[1].order_id == own
    assert {trade.type for trade in trades} == {"buy"}
    assert (trades[2].pair, trades[2].amount, trades[2].rate) == (PAIR, 2, 50)

    def listed(**filters: Any) -> list[int]:
        return [trade.transaction_id for trade in alice.trade_history(**filters)]

    assert listed(order="ASC") == ids[::-1]
    assert listed(count_number=2) == ids[:2]
    assert listed(from_number=2, count_number=2) == ids[2:4]
    assert listed(from_number=6) == []
    assert listed(from_id=ids[3], end_id=ids[1]) == ids[1:4]
    assert listed(from_id=ids[3], end_id=ids[1], order="ASC") == ids[1:4][::-1]
    assert listed(pair="ltc_usd") == ids[:1]
    assert listed(since=0) == ids[::-1], "since forces ASC and reaches back a week at most"
    assert listed(end=int(time.time()) + 3600, order="DESC") == ids[::-1]
    assert listed(end=1) == []
    (mirror,) = [trade for trade in bob.trade_history() if trade.transaction_id == ids[1]]
    assert (mirror.type, mirror.order_id, mirror.is_your_order) == ("sell", own, False)


def transaction_history_pages(alice: Any, bob: Any, **_: Any) -> None:
    rows = alice.trans_history()
    ids = [row.transaction_id for row in rows]
    assert ids == sorted(ids, reverse=True)
    texts = [row.desc for row in rows]
    assert any(text.startswith("In payment for a warrant :order:") for text in texts)
    assert any(text.startswith("Cancel order :order:") for text in texts)
    (bought,) = [row for row in rows if row.desc.startswith("Buy 1 LTC (-0.2%) from order :order:")]
    assert bought.desc.endswith(": by price 5 USD")
    assert (bought.type, bought.amount, bought.currency, bought.status) == (5, 5, "USD", 2)
    sold = [row for row in bob.trans_history() if row.desc.startswith("Sell 0.75 BTC from order :order:")]
    assert sold[0].desc.endswith(": by price 100.5 USD total 75.375 USD (-0.2%)")
    assert (sold[0].type, sold[0].amount) == (4, Decimal("75.22425"))

    def listed(**filters: Any) -> list[int]:
        return [row.transaction_id for row in alice.trans_history(**filters)]

    assert listed(order="ASC") == ids[::-1]
    assert listed(from_number=1, count_number=3) == ids[1:4]
    assert listed(from_id=ids[4], end_id=ids[2]) == ids[2:5]
    assert sorted(listed(since=1), reverse=True) == ids
    refused(lambda: alice.trans_history(end=1), "no transactions")


def nonces(alice: Any, config: dict[str, Any], connection: Any, **_: Any) -> None:
    used = alice.handler.get_key(alice.key).nonce
    behind = trader(connection, config["alice"], used - 5)
    error = raised(behind.get_info, wexapi.trade.InvalidNonceException)
    # The client takes the two last numbers of the text for other things than they are; that is its own affair.
    assert (error.expected_nonce, error.actual_nonce) == (used - 4, used + 1)
    behind.raise_if_invalid_nonce = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert behind.get_info().transaction_count == 0
    refused(alice.get_info, f"{used + 1}")


SITUATIONS = (
    public_before_any_trade,
    unknown_pairs,
    empty_lists,
    account,
    resting_order,
    partial_and_full_fills,
    cancelling,
    refused_orders,
    trade_history_pages,
    transaction_history_pages,
    nonces,
)


def main() -> None:
    with open(sys.argv[1]) as file:
        config = json.load(file)
    connection = connect(config)
    parts = {
        "config": config,
        "connection": connection,
        "info": wexapi.public.InfoApi(connection),
        "public": wexapi.public.PublicApi(connection),
        "alice": trader(connection, config["alice"]),
        "bob": trader(connection, config["bob"]),
    }
    for situation in SITUATIONS:
        situation(**parts)
        print("passed:", situation.__name__, flush=True)


if __name__ == "__main__":
    main()
