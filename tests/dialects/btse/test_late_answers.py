"""Every call on a command port that answers later, as one over a network does."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cambist.dialects.btse import Settings
from tests.dialects.btse.floor import V2, V3, Floor, Trader, signed_headers
from tests.support.waiting import until


class LateFloor(Floor):
    late = True


@pytest.fixture
async def floor(folder: Path) -> AsyncIterator[Floor]:
    floor = LateFloor(folder, Settings())
    yield floor
    floor.close()


async def test_every_change_is_answered_as_it_was_applied(floor: Floor, alice: Trader, bob: Trader) -> None:
    sold = await floor.order(bob, side="SELL", price="100", size="2", clOrderID="offer")
    bought = await floor.order(alice, side="BUY", price="100", size="0.5")
    assert (sold["status"], bought["status"], bought["averageFillPrice"]) == (2, 4, 100)
    assert (await floor.order(alice, side="BUY", type="MARKET", size="0.5"))["fillSize"] == 0.5
    (row,) = await floor.call(bob, "GET", f"{V3}/user/open_orders")
    assert (row["clOrderID"], row["fillSize"], row["averageFillPrice"]) == ("offer", 1, 100)
    (row,) = await floor.call(bob, "PUT", f"{V3}/order", symbol="BTC-USD", clOrderID="offer", type="PRICE", value="110")
    assert (row["status"], row["price"], row["fillSize"], row["remainingSize"], row["averageFillPrice"]) == (123, 110, 1, 1, 100)
    await floor.order(alice, side="BUY", price="110", size="0.5")
    (row,) = await floor.call(bob, "DELETE", f"{V3}/order", symbol="BTC-USD", orderID=sold["orderID"])
    assert (row["status"], row["clOrderID"], row["fillSize"]) == (6, "offer", 1.5)
    assert row["averageFillPrice"] == pytest.approx(103.33333333)
    found = await floor.call(bob, "GET", f"{V3}/order", orderID=sold["orderID"])
    assert (found["status"], found["averageFillPrice"]) == (6, row["averageFillPrice"])
    for price in ("1", "2", "3"):
        await floor.call(alice, "POST", f"{V2}/order", symbol="BTC-USD", side="BUY", type="LIMIT", price=price, amount="1", tag="t")
    assert len(await floor.call(alice, "POST", f"{V2}/deleteOrder", symbol="BTC-USD", tag="t")) == 3
    assert await floor.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD") == []
    assert await floor.call(alice, "POST", f"{V3}/order/cancelAllAfter", timeout=60_000) == {}
    assert floor.engine.cancel_after(alice.account) == floor.clock.now + 60_000_000


async def test_a_cancel_of_all_tells_only_what_it_cancelled(floor: Floor, alice: Trader, bob: Trader) -> None:
    for price in ("100", "101"):
        await floor.order(alice, side="BUY", price=price, size="1", clOrderID=price)
    floor.late_commands.hold()
    cancelling = asyncio.ensure_future(floor.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD"))
    await until(lambda: floor.late_commands.waiting == 1)
    # Before the cancel arrives, one of the two is filled.
    floor.immediate.place(bob.account, 0, 1, 0, 1, 101_000, 100_000_000)
    floor.late_commands.release()
    assert [(row["clOrderID"], row["status"]) for row in await cancelling] == [("100", 6)]


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("POST", f"{V3}/order", {"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": "1", "size": "1"}),
        ("POST", f"{V3}/order", {"symbol": "nothing"}),
        ("PUT", f"{V3}/order", {"symbol": "BTC-USD", "orderID": "x", "type": "PRICE", "value": "1"}),
        ("POST", f"{V2}/deleteOrder", {"order_id": "x"}),
        ("POST", f"{V3}/order/cancelAllAfter", {"timeout": 5_000}),
        ("POST", f"{V3}/order/peg", {}),
    ],
)
async def test_a_request_that_is_sent_again_while_the_first_is_on_its_way_is_done_once(
    floor: Floor, alice: Trader, method: str, path: str, fields: dict[str, Any]
) -> None:
    body = json.dumps(fields).encode()
    headers = signed_headers(alice.key.key, alice.key.secret, path, floor.nonce(), body)
    floor.late_commands.hold()
    calls = [asyncio.ensure_future(floor.send(method, path, body, headers)) for _ in range(3)]
    await until(lambda: floor.late_commands.waiting == 3)
    floor.late_commands.release()
    replies = [await call for call in calls]
    assert [json.loads(reply.body).get("message") == "Invalid nonce" for reply in replies[1:]] == [True, True]
    assert b"Invalid nonce" not in replies[0].body
    assert len(floor.nonces(alice)) == 1
