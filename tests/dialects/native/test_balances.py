"""Balances, fees, fills and the ledger."""

from typing import Any

import msgspec

from cambist.api_types import balances as api
from cambist.api_types.values import Page
from tests.dialects.native.floor import Floor, Trader

SALE = {"market": "btc_usd", "side": "sell", "type": "limit", "price": "1000", "amount": "2"}
PURCHASE = {**SALE, "side": "buy", "amount": "0.5", "client_order_id": "p"}


async def pages(floor: Floor, trader: Trader, path: str, kind: Any) -> list[Any]:
    """All rows, two at a time."""
    rows: list[Any] = []
    cursor = ""
    while True:
        page = msgspec.convert(await floor.call(trader, "GET", f"{path}limit=2{cursor}"), Page[kind])
        rows += page.rows
        if page.next is None:
            return rows
        cursor = f"&cursor={page.next}"


async def test_money_is_shown_where_it_is(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.call(alice, "POST", "/orders", SALE)
    await floor.call(bob, "POST", "/orders", PURCHASE)
    shown = {row.asset: row for row in msgspec.convert(await floor.call(alice, "GET", "/balances"), list[api.Balance])}
    assert (shown["BTC"].available, shown["BTC"].held, shown["BTC"].total) == ("98", "1.5", "99.5")
    assert (shown["USD"].available, shown["EUR"].total) == ("100499", "0")
    fees = msgspec.convert(await floor.call(alice, "GET", "/fees"), list[api.Fees])
    assert fees[0] == api.Fees(market="btc_usd", maker_ppm=2000, taker_ppm=2000)


async def test_a_trade_is_a_fill_of_each_side(floor: Floor, alice: Trader, bob: Trader) -> None:
    sale = await floor.call(alice, "POST", "/orders", SALE)
    purchase = await floor.call(bob, "POST", "/orders", PURCHASE)
    (sold,) = await pages(floor, alice, "/fills?", api.Fill)
    (bought,) = await pages(floor, bob, f"/fills?order={purchase['id']}&", api.Fill)
    assert (sold.trade_id, sold.order_id, sold.role, sold.side, sold.fee, sold.fee_asset) == (
        bought.trade_id, sale["id"], "maker", "sell", "1", "USD",
    )  # fmt: skip
    assert (bought.order_id, bought.client_order_id, bought.role, bought.fee, bought.fee_asset) == (
        purchase["id"], "p", "taker", "0.001", "BTC",
    )  # fmt: skip
    assert await pages(floor, bob, "/fills?market=ltc_usd&", api.Fill) == []
    assert await floor.problem(alice, "GET", f"/fills?order={purchase['id']}") == (404, "not-found")


async def test_the_ledger_adds_up(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.call(alice, "POST", "/orders", SALE)
    await floor.call(bob, "POST", "/orders", PURCHASE)
    entries = await pages(floor, alice, "/ledger?", api.LedgerEntry)
    assert [entry.id for entry in entries] == sorted((entry.id for entry in entries), key=int, reverse=True)
    assert {entry.business for entry in entries} == {"trade", "hold", "transfer"}
    newest = {entry.asset: entry for entry in reversed(entries)}
    assert (newest["BTC"].available, newest["BTC"].held, newest["USD"].available) == ("98", "1.5", "100499")
    of_btc = await pages(floor, alice, "/ledger?asset=BTC&business=hold&", api.LedgerEntry)
    assert [(entry.available_change, entry.held_change, entry.order_id is not None) for entry in of_btc] == [("-2", "2", True)]
    assert await floor.problem(alice, "GET", "/ledger?asset=XXX") == (404, "asset-unknown")
