"""The main calls on a command port that answers later, as one over a network does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.mtgox.floor import Floor, Trader
from tests.support.waiting import until

ADDRESS = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
SHOP = {"currency": "BTC", "amount": "1", "return_success": "https://a.example/", "return_failure": "https://a.example/"}


class LateFloor(Floor):
    late = True


@pytest.fixture
async def floor(folder: Path) -> AsyncIterator[Floor]:
    floor = LateFloor(folder)
    yield floor
    await floor.merchants.outbox.close()
    floor.close()


async def test_orders(floor: Floor, alice: Trader, bob: Trader) -> None:
    asked = await floor.order(bob, "ask", "100", "2")
    assert [order["oid"] for order in await floor.returned(bob, "generic/orders")] == [asked]
    bought = await floor.order(alice, "bid", "100", "0.5")
    result = await floor.returned(alice, "generic/order/result", type="bid", order=bought)
    assert result["total_spent"]["value"] == "50"
    market = await floor.returned(alice, "BTCUSD/order/add", type="bid", amount_int=10**8)
    assert (await floor.returned(alice, "generic/order/result", type="bid", order=market))["total_amount"]["value"] == "1"
    assert (await floor.returned(bob, "generic/order/cancel", oid=asked))["oid"] == asked
    assert await floor.returned(bob, "generic/orders") == []
    poor = floor.trader("poor")
    invalid = await floor.order(poor, "bid", "100", "1")
    assert [(order["oid"], order["status"]) for order in await floor.returned(poor, "generic/orders")] == [(invalid, "invalid")]
    await floor.returned(poor, "generic/order/cancel", oid=invalid)
    assert await floor.returned(poor, "generic/orders") == []


async def test_v0_tells_what_is_open_as_of_its_command(floor: Floor, alice: Trader) -> None:
    async def v0(name: str, **fields: object) -> Any:
        body = alice.form(**fields)
        return await floor.json("POST", f"/api/0/{name}.php", body, alice.headers(body))

    floor.late_commands.hold()
    calls = [asyncio.ensure_future(v0("buyBTC", amount="1", price=price)) for price in ("10", "11", "12")]
    await until(lambda: floor.late_commands.waiting == 3)
    floor.late_commands.release()
    answers = await asyncio.gather(*calls)
    assert [len(answer["orders"]) for answer in answers] == [1, 2, 3]
    assert [order["price"] for order in answers[1]["orders"]] == [10, 11]
    left = await v0("cancelOrder", oid=answers[0]["oid"])
    assert [order["price"] for order in left["orders"]] == [11, 12]


async def test_coins_and_payments(floor: Floor, alice: Trader, bob: Trader) -> None:
    assert (await floor.returned(alice, "generic/bitcoin/address"))["addr"]
    assert list(await floor.returned(alice, "generic/bitcoin/send_simple", address=ADDRESS, amount_int=10**8)) == ["trx"]
    assert floor.available(alice, "BTC") == "99"
    made = await floor.returned(bob, "generic/merchant/order/create", **SHOP)
    paid = await floor.returned(alice, "generic/merchant/order/pay", transaction=made["transaction"])
    assert paid["status"] == "paid"
    assert floor.available(bob, "BTC") == "101"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("generic/info", {}),
        ("BTCUSD/order/add", {"type": "bid", "amount_int": 10**8, "price_int": 10**6}),
        ("BTCUSD/order/add", {"type": "bid", "amount_int": 10**8, "price_int": 10**8 - 1}),
        ("BTCUSD/order/add", {}),
        ("generic/order/cancel", {"oid": "x"}),
        ("generic/order/result", {"type": "bid", "order": "x"}),
        ("generic/bitcoin/address", {}),
        ("generic/bitcoin/send_simple", {"address": ADDRESS, "amount_int": 10**8}),
        ("generic/bitcoin/send_simple", {"address": "x", "amount_int": 10**8}),
        ("generic/merchant/order/create", SHOP),
        ("generic/merchant/order/pay", {"transaction": "x"}),
        ("generic/hotp_gen", {}),
    ],
)
async def test_a_request_that_is_sent_again_while_the_first_is_on_its_way(
    floor: Floor, alice: Trader, path: str, fields: dict[str, Any]
) -> None:
    body = alice.form(**fields)
    floor.late_commands.hold()
    calls = [asyncio.ensure_future(floor.send("POST", f"/api/1/{path}", body, alice.headers(body))) for _ in range(3)]
    await until(lambda: floor.late_commands.waiting == 3)
    floor.late_commands.release()
    first, *again = await asyncio.gather(*calls)
    assert b"Invalid nonce" not in first.body
    assert all(b"Invalid nonce" in reply.body for reply in again)
    assert len(floor.nonces(alice)) == 1
    assert len(floor.engine.open_orders(alice.account)) == (1 if "price_int" in fields else 0)
