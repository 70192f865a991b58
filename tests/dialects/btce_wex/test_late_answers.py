"""Every method on a command port that answers later, as one over a network does."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.dialects.btce_wex.floor import Floor, Trader
from tests.support.waiting import until

ADDRESS = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"


class LateFloor(Floor):
    late = True


@pytest.fixture
async def floor(folder: Path) -> AsyncIterator[Floor]:
    floor = LateFloor(folder)
    yield floor
    floor.close()


async def test_every_method(floor: Floor, alice: Trader, bob: Trader) -> None:
    sold = await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate="100", amount="2")
    assert (sold["received"], sold["remains"], sold["funds"]["btc"]) == (0, 2, 98)
    bought = await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="100", amount="0.5")
    assert (bought["received"], bought["order_id"], bought["funds"]["usd"], bought["funds"]["btc"]) == (0.5, 0, 99950, 100.499)
    market = await floor.returned(alice, "Trade", pair="btc_usd", type="buy", mode="market", amount="0.5")
    assert (market["received"], market["funds"]["usd"]) == (0.5, 99900)
    order = str(sold["order_id"])
    assert (await floor.returned(bob, "ActiveOrders"))[order]["amount"] == 1
    assert (await floor.returned(bob, "OrderInfo", order_id=order))[order]["start_amount"] == 2
    assert len(await floor.returned(bob, "TradeHistory")) == 2
    cancelled = await floor.returned(bob, "CancelOrder", order_id=order)
    assert cancelled["funds"]["btc"] == 99
    assert await floor.error(bob, "CancelOrder", order_id=order) == "bad status"
    orders = [(await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate="100", amount="1"))["order_id"] for _ in range(2)]
    result = await floor.returned(bob, "CancelOrders", order_id=",".join(map(str, [*orders, order])))
    assert [answer["success"] for answer in result["cancel_result"].values()] == [1, 1, 0]
    assert result["funds"]["btc"] == 99
    withdrawn = await floor.returned(alice, "WithdrawCoin", coinName="BTC", amount="1", address=ADDRESS)
    assert withdrawn["funds"]["btc"] == 99.998
    coupon = await floor.returned(alice, "CreateCoupon", currency="USD", amount="900")
    assert coupon["funds"]["usd"] == 99000
    assert (await floor.returned(bob, "RedeemCoupon", coupon=coupon["coupon"]))["funds"]["usd"] == 100999.8
    assert await floor.error(bob, "nothing") == "invalid method"
    for trader in (alice, bob):
        assert floor.nonces(trader) == list(range(1, trader.nonce + 1))


def form(trader: Trader, method: str, nonce: int, **fields: str) -> tuple[Trader, bytes]:
    return trader, urlencode({"method": method, "nonce": nonce, **fields}).encode()


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("getInfo", {}),
        ("Trade", {"pair": "btc_usd", "type": "buy", "rate": "100", "amount": "1"}),
        ("Trade", {"pair": "nothing"}),
        ("CancelOrder", {"order_id": "7"}),
        ("WithdrawCoin", {"coinName": "BTC", "amount": "1", "address": ADDRESS}),
        ("CreateCoupon", {"currency": "USD", "amount": "1"}),
        ("TransHistory", {}),
        ("nothing", {}),
    ],
)
async def test_a_request_that_is_sent_again_while_the_first_is_on_its_way(
    floor: Floor, alice: Trader, method: str, fields: dict[str, str]
) -> None:
    floor.late_commands.hold()
    calls = [asyncio.ensure_future(floor.post(*form(alice, method, 5, **fields))) for _ in range(3)]
    await until(lambda: floor.late_commands.waiting == 3)
    floor.late_commands.release()
    first, *again = await asyncio.gather(*calls)
    assert not str(first.get("error", "")).startswith("invalid nonce")
    assert [answer["error"] for answer in again] == ["invalid nonce parameter; on key:5, you sent:'5', you should send:6"] * 2
    assert floor.nonces(alice) == [5]


async def test_funds_are_those_at_the_command_whatever_came_after(floor: Floor, alice: Trader) -> None:
    floor.late_commands.hold()
    order = {"pair": "btc_usd", "type": "buy", "rate": "100", "amount": "1"}
    calls = [asyncio.ensure_future(floor.post(*form(alice, "Trade", nonce, **order))) for nonce in (1, 2, 3)]
    await until(lambda: floor.late_commands.waiting == 3)
    floor.late_commands.release()
    answers: list[Any] = await asyncio.gather(*calls)
    assert [answer["return"]["funds"]["usd"] for answer in answers] == [99900, 99800, 99700]


async def test_an_order_that_trades_while_its_cancels_are_on_their_way(floor: Floor, alice: Trader, bob: Trader) -> None:
    ids = [(await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate="100", amount="1"))["order_id"] for _ in range(2)]
    floor.late_commands.hold()
    cancelling = asyncio.ensure_future(floor.returned(bob, "CancelOrders", order_id=f"{ids[0]},{ids[1]}"))
    await until(lambda: floor.late_commands.waiting == 1)
    # The market's best offer goes meanwhile.
    floor.immediate.place(alice.account, 0, 0, 0, 0, 100_000, 10**8)
    floor.late_commands.release()
    result = (await cancelling)["cancel_result"]
    assert json.dumps(result[str(ids[0])]) == '{"success": 0, "error": "invalid status"}'
    assert result[str(ids[1])] == {"success": 1}


async def test_withdrawals_and_coupons_that_are_asked_for_at_once(floor: Floor, alice: Trader) -> None:
    """Each has an id, and a code, of its own, though nothing happened between them."""
    floor.late_commands.hold()
    withdrawal = {"coinName": "BTC", "amount": "1", "address": ADDRESS}
    forms = [form(alice, "WithdrawCoin", nonce, **withdrawal) for nonce in (1, 2)]
    forms += [form(alice, "CreateCoupon", nonce, currency="USD", amount="1") for nonce in (3, 4)]
    calls = [asyncio.ensure_future(floor.post(*each)) for each in forms]
    await until(lambda: floor.late_commands.waiting == 4)
    floor.late_commands.release()
    answers: list[Any] = await asyncio.gather(*calls)
    assert [answer["success"] for answer in answers] == [1, 1, 1, 1], answers
    assert answers[2]["return"]["coupon"] != answers[3]["return"]["coupon"]
    assert floor.engine.balance(alice.account, 1) == (98 * 10**16, 2 * 10**16)
