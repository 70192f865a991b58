"""Placing and cancelling on a command port that answers later, as one over a network does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cambist.domain.orders import Side
from tests.dialects.expie.conftest import opened
from tests.dialects.expie.floor import BUY, SELL, Floor, Trader
from tests.support.waiting import until


class LateFloor(Floor):
    late = True


@pytest.fixture
async def floor(folder: Path) -> AsyncIterator[Floor]:
    async with opened(folder, make=LateFloor) as floor:
        yield floor


async def test_every_call(floor: Floor, alice: Trader, bob: Trader) -> None:
    offered = await floor.limit(alice, "BCCBTC", SELL, "2", "0.1")
    assert (offered["left"], offered["deal_stock"]) == ("2", "0")
    # Whoever has the answer sees the order.
    assert (await floor.get("markets/BCCBTC/orders/_pending", alice))["records"] == [offered]
    bought = await floor.limit(bob, "BCCBTC", BUY, "0.5", "0.1")
    assert (bought["left"], bought["deal_stock"], bought["deal_fee"]) == ("0", "0.5", "0.0003")
    spent = await floor.post("markets/BCCBTC/orders", bob, side=BUY, amount="0.05")
    assert (spent["type"], spent["deal_stock"]) == (2, "0.5")
    assert len((await floor.get("markets/BCCBTC/orders/_finished", bob))["records"]) == 2
    assert len((await floor.get(f"markets/BCCBTC/orders/{offered['id']}", alice))["records"]) == 2
    client = await floor.socket(alice)
    await client.follow("order.subscribe", "BCCBTC")
    cancelled = await floor.post(f"markets/BCCBTC/orders/{offered['id']}/_cancel", alice)
    assert (cancelled["left"], cancelled["deal_stock"], cancelled["deal_money"]) == ("1", "1", "0.1")
    assert await client.push() == ("order.update", [3, cancelled])
    untouched = await floor.limit(alice, "BCCBTC", SELL, "1", "0.2")
    assert await floor.post(f"markets/BCCBTC/orders/{untouched['id']}/_cancel", alice) == untouched
    summary = {row["coin_code"]: row for row in await floor.get("balance/summary", alice)}
    assert (summary["BCC"]["balance"], summary["BCC"]["ex_freeze"]) == ("999", "0")
    assert await floor.refused("POST", f"markets/BCCBTC/orders/{untouched['id']}/_cancel", alice) == (404, 10, "order not found")
    assert await floor.refused("POST", "markets/BCCBTC/orders", alice, side=1, amount="0.0001", price="1") == (400, 11, "amount too small")


async def test_an_answer_has_time_and_rates_of_its_command(floor: Floor, alice: Trader) -> None:
    floor.late_commands.hold()
    placing = asyncio.ensure_future(floor.limit(alice, "BCCBTC", SELL, "2", "0.1"))
    await until(lambda: floor.late_commands.waiting == 1)
    floor.pass_time(3_000_000)
    floor.immediate.set_account_fees(alice.account, 100, 200)
    floor.late_commands.release()
    order = await placing
    assert (order["ctime"], order["maker_fee"], order["taker_fee"]) == (floor.clock.now / 1e6, "0.0001", "0.0002")
    assert (await floor.get("markets/BCCBTC/orders/_pending", alice))["records"] == [order]


async def test_an_order_that_trades_while_its_cancel_is_on_its_way(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = await floor.limit(alice, "BCCBTC", SELL, "2", "0.1")
    floor.late_commands.hold()
    cancelling = asyncio.ensure_future(floor.post(f"markets/BCCBTC/orders/{order['id']}/_cancel", alice))
    await until(lambda: floor.late_commands.waiting == 1)
    floor.immediate.place(bob.account, 0, Side.BUY, 0, 0, 100_000, 5_000)
    floor.late_commands.release()
    cancelled = await cancelling
    assert (cancelled["left"], cancelled["deal_stock"], cancelled["deal_money"]) == ("1.5", "0.5", "0.05")


async def test_money_that_is_gone_when_the_order_arrives(floor: Floor, alice: Trader) -> None:
    floor.late_commands.hold()
    placing = [asyncio.ensure_future(floor.refused("POST", "markets/BCCBTC/orders", alice, side=1, amount="600", price="1"))]
    await until(lambda: floor.late_commands.waiting == 1)
    floor.immediate.place(alice.account, 0, Side.SELL, 0, 0, 1_000_000, 6_000_000)
    floor.late_commands.release()
    assert await placing[0] == (400, 10, "balance not enough")
