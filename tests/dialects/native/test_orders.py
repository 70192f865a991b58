"""Placing, changing, cancelling and showing orders of every type."""

import json
from typing import Any

import msgspec
import pytest

from cambist.api_types import orders as api
from cambist.api_types.values import Page
from tests.dialects.native.floor import Floor, Trader, problem_of

LIMIT = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "900", "amount": "0.1"}


async def place(floor: Floor, trader: Trader, **fields: Any) -> api.OrderPlaced:
    """An order with the fields of LIMIT but those that are given; None leaves one out."""
    said = {name: value for name, value in {**LIMIT, **fields}.items() if value is not None}
    return msgspec.convert(await floor.call(trader, "POST", "/orders", said), api.OrderPlaced)


async def find(floor: Floor, trader: Trader, order: str) -> api.Order:
    decoded = await floor.call(trader, "GET", f"/orders/{order}")
    shown = msgspec.convert(decoded, api.Order)
    assert json.loads(msgspec.json.encode(shown)) == decoded
    return shown


async def traded(floor: Floor, alice: Trader, bob: Trader, price: str = "1000") -> None:
    """So that the market has a last price."""
    await place(floor, alice, side="sell", price=price, amount="1")
    await place(floor, bob, price=price, amount="0.5")


AT_MARKET: dict[str, Any] = {"type": "market", "price": None}
CASES: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({}, "open", {"type": "limit", "time_in_force": "gtc"}),
    ({"post_only": True}, "open", {"post_only": True}),
    ({"time_in_force": "ioc"}, "cancelled", {"reason": "unfilled"}),
    ({"time_in_force": "gtd", "expires": 1_795_000_900_000_000}, "open", {"expires": 1_795_000_900_000_000, "time_in_force": "gtd"}),
    ({"price": "1000", "time_in_force": "fok"}, "filled", {"filled": "0.1", "total": "100", "reason": "filled"}),
    (AT_MARKET, "filled", {"type": "market", "filled": "0.1", "price": None, "time_in_force": "ioc"}),
    ({**AT_MARKET, "amount": None, "funds": "200"}, "filled", {"funds": "200", "filled": "0.2", "amount": None, "remaining": None}),
    ({"type": "stop-limit", "stop_price": "1100"}, "waiting", {"type": "stop-limit", "stop_price": "1100"}),
    ({"type": "stop-market", "price": None, "amount": None, "funds": "50", "stop_price": "1100"}, "waiting", {"type": "stop-market"}),
    ({"type": "take-profit-limit", "stop_price": "950"}, "waiting", {"type": "take-profit-limit"}),
    ({"type": "take-profit-market", "side": "sell", "price": None, "stop_price": "1100"}, "waiting", {"type": "take-profit-market"}),
    (
        {"type": "trailing-stop-market", "side": "sell", "price": None, "trail": "10"},
        "waiting",
        {"type": "trailing-stop-market", "trail": "10", "stop_price": "990", "trail_ppm": None},
    ),
    (
        {"type": "trailing-stop-limit", "side": "sell", "trail_ppm": 50_000},
        "waiting",
        {"type": "trailing-stop-limit", "trail_ppm": 50_000, "stop_price": "950", "price": "900"},
    ),
]


@pytest.mark.parametrize(("fields", "status", "shown"), CASES, ids=[str(number) for number in range(len(CASES))])
async def test_every_type_of_order(
    floor: Floor, alice: Trader, bob: Trader, fields: dict[str, Any], status: str, shown: dict[str, Any]
) -> None:
    await traded(floor, alice, bob)
    placed = await place(floor, bob, client_order_id="mine", **fields)
    assert (placed.status, placed.client_order_id) == (status, "mine")
    order = await find(floor, bob, placed.id)
    assert (order.status, order.client_order_id, order.created) == (status, "mine", placed.time)
    assert {name: getattr(order, name) for name in shown} == shown
    assert await floor.call(bob, "GET", "/orders/by-client-id/mine") == msgspec.to_builtins(order)


@pytest.mark.parametrize(
    ("fields", "status", "code", "field"),
    [
        ({"market": "btc_eur"}, 404, "market-unknown", "market"),
        ({"market": "nothing"}, 404, "market-unknown", "market"),
        ({"price": None}, 422, "order-invalid", "price"),
        ({"price": "0"}, 422, "order-invalid", "price"),
        ({"price": "0.0001"}, 422, "too-many-decimals", "price"),
        ({"price": "0.001"}, 422, "price-too-low", None),
        ({"price": "10001"}, 422, "price-too-high", None),
        ({"price": "99999999999999999999999"}, 422, "price-too-high", "price"),
        ({"price": "9" * 30}, 422, "price-too-high", "price"),
        ({**AT_MARKET, "amount": None, "funds": "9" * 30}, 422, "total-too-large", "funds"),
        ({"price": 900}, 400, "request-invalid", "price"),
        ({"price": "9e2"}, 400, "request-invalid", "price"),
        ({"price": "-1"}, 400, "request-invalid", "price"),
        ({"amount": "0.0001"}, 422, "amount-too-small", None),
        ({"amount": "1000001"}, 422, "amount-too-large", None),
        ({"amount": None}, 422, "order-invalid", "amount"),
        ({"funds": "5"}, 422, "order-invalid", "amount"),
        ({"amount": None, "funds": "5"}, 422, "order-invalid", "funds"),
        ({"side": "long"}, 400, "request-invalid", "side"),
        ({"type": "market"}, 422, "order-invalid", "price"),
        ({"type": "market", "price": None, "time_in_force": "gtc"}, 422, "order-invalid", "time_in_force"),
        ({"type": "stop-limit"}, 422, "order-invalid", "stop_price"),
        ({"stop_price": "5"}, 422, "order-invalid", "stop_price"),
        ({"type": "stop-market", "price": None, "stop_price": "5"}, 422, "order-invalid", "funds"),
        ({"type": "trailing-stop-limit"}, 422, "order-invalid", "trail"),
        ({"type": "trailing-stop-limit", "trail": "1", "trail_ppm": 5}, 422, "order-invalid", "trail"),
        ({"type": "trailing-stop-limit", "trail": "1"}, 409, "no-last-price", None),
        ({"trail": "1"}, 422, "order-invalid", "trail"),
        ({"expires": 5}, 422, "order-invalid", "expires"),
        ({"time_in_force": "gtd"}, 422, "order-invalid", "expires"),
        ({"time_in_force": "gtd", "expires": 5}, 422, "already-expired", None),
        ({"time_in_force": "ioc", "post_only": True}, 422, "order-invalid", "post_only"),
        ({"time_in_force": "fok"}, 409, "fill-or-kill-unfillable", None),
        ({"amount": "200"}, 409, "insufficient-funds", None),
        ({"client_order_id": "with blanks"}, 400, "request-invalid", "client_order_id"),
        ({"colour": "red"}, 400, "request-invalid", None),
    ],
)
async def test_what_is_no_order_changes_nothing(
    floor: Floor, bob: Trader, fields: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    before = floor.state()
    said = {name: value for name, value in {**LIMIT, **fields}.items() if value is not None}
    reply = await floor.reply(bob, "POST", "/orders", said)
    assert problem_of(reply) == (status, code), reply.content
    assert json.loads(reply.content)["field"] == field
    assert floor.state() == before


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b'{"market":"btc_usd","market":"ltc_usd"}', b"\xff", b"[" * 5_000])
async def test_a_body_that_is_no_object(floor: Floor, bob: Trader, body: bytes) -> None:
    assert problem_of(await floor.reply(bob, "POST", "/orders", body=body)) == (400, "request-invalid")


async def test_a_limit_of_the_market_is_named(floor: Floor, bob: Trader) -> None:
    reply = await floor.reply(bob, "POST", "/orders", {**LIMIT, "amount": "0.0001"})
    assert json.loads(reply.content)["detail"] == "The amount is below the market's smallest, 0.001 BTC."


async def test_a_market_buy_spends_the_whole_of_large_funds(floor: Floor, alice: Trader, bob: Trader) -> None:
    await place(floor, alice, side="sell", price="1000", amount="100")
    placed = await place(floor, bob, **AT_MARKET, amount=None, funds="90000.5")
    assert (placed.filled, placed.total, placed.status) == ("90.0005", "90000.5", "filled")


async def test_post_only_that_would_trade(floor: Floor, alice: Trader, bob: Trader) -> None:
    await traded(floor, alice, bob)
    assert await floor.problem(bob, "POST", "/orders", {**LIMIT, "price": "1000", "post_only": True}) == (409, "would-cross")


async def test_a_pair_ends_together(floor: Floor, bob: Trader) -> None:
    said = {"market": "btc_usd", "side": "sell", "amount": "1", "price": "1200", "stop_price": "900", "client_order_id": "two"}
    placed = msgspec.convert(await floor.call(bob, "POST", "/orders/pair", said), api.OrderPlaced)
    assert placed.stop_id is not None
    limit, stop = await find(floor, bob, placed.id), await find(floor, bob, placed.stop_id)
    assert [(leg.type, leg.status, leg.pair) for leg in (limit, stop)] == [("limit", "open", True), ("stop-market", "waiting", True)]
    await floor.call(bob, "DELETE", f"/orders/{placed.id}")
    assert [(await find(floor, bob, leg)).reason for leg in (placed.id, placed.stop_id)] == ["cancelled", "one-cancels-other"]
    assert await floor.problem(bob, "POST", "/orders/pair", {**said, "price": "800"}) == (422, "order-invalid")
    assert await floor.problem(bob, "POST", "/orders/pair", {**said, "side": "buy", "price": "800"}) == (422, "order-invalid")


async def test_a_client_order_id_is_taken_once(floor: Floor, bob: Trader) -> None:
    first = await place(floor, bob, client_order_id="once")
    reply = await floor.reply(bob, "POST", "/orders", {**LIMIT, "client_order_id": "once"})
    assert problem_of(reply) == (409, "client-order-id-used")
    assert json.loads(reply.content)["order_id"] == first.id


async def test_an_idempotency_key_places_one_order(floor: Floor, bob: Trader) -> None:
    key = {"idempotency-key": "k-1"}
    first = await floor.reply(bob, "POST", "/orders", LIMIT, headers=key)
    again = await floor.reply(bob, "POST", "/orders", LIMIT, headers=key)
    assert (again.status, again.content) == (201, first.content)
    assert (b"idempotent-replayed", b"true") in list(again.headers)
    assert await floor.problem(bob, "POST", "/orders", {**LIMIT, "price": "901"}, headers=key) == (422, "idempotency-key-reused")
    floor.restart_dialect()
    after = await floor.call(bob, "POST", "/orders", LIMIT, headers=key)
    assert (after["id"], after["client_order_id"]) == (json.loads(first.content)["id"], "k-1")
    assert await floor.problem(bob, "POST", "/orders", {**LIMIT, "side": "sell"}, headers={"idempotency-key": "k-1"}) == (
        422,
        "idempotency-key-reused",
    )
    assert len(floor.engine.open_orders(bob.account)) == 1
    assert await floor.problem(bob, "POST", "/orders", LIMIT, headers={"idempotency-key": "é"}) == (400, "idempotency-key-invalid")


async def test_another_s_idempotency_key_is_another(floor: Floor, alice: Trader, bob: Trader) -> None:
    key = {"idempotency-key": "shared"}
    first = await floor.call(alice, "POST", "/orders", LIMIT, headers=key)
    second = await floor.call(bob, "POST", "/orders", LIMIT, headers=key)
    assert first["id"] != second["id"]


async def test_an_order_is_replaced(floor: Floor, bob: Trader) -> None:
    placed = await place(floor, bob)
    changed = msgspec.convert(await floor.call(bob, "PATCH", f"/orders/{placed.id}", {"price": "950", "amount": "0.3"}), api.OrderReplaced)
    assert (changed.status, changed.remaining, changed.filled) == ("open", "0.3", "0")
    shown = await find(floor, bob, placed.id)
    assert (shown.price, shown.amount) == ("950", "0.3")
    for body, status, code in (
        ({}, 400, "request-invalid"),
        ({"price": "0"}, 422, "order-invalid"),
        ({"amount": "0.00001"}, 422, "amount-too-small"),
        ({"stop_price": "5"}, 422, "order-invalid"),
    ):
        assert await floor.problem(bob, "PATCH", f"/orders/{placed.id}", body) == (status, code)


async def test_cancels(floor: Floor, bob: Trader) -> None:
    placed = [await place(floor, bob, price=str(900 + number)) for number in range(6)]
    one = msgspec.convert(await floor.call(bob, "DELETE", f"/orders/{placed[0].id}"), api.OrderCancelled)
    assert (one.id, one.remaining) == (placed[0].id, "0.1")
    reply = await floor.reply(bob, "DELETE", f"/orders/{placed[0].id}")
    assert problem_of(reply) == (409, "order-not-live")
    some = await floor.call(bob, "POST", "/orders/cancel", {"ids": [placed[0].id, placed[1].id, placed[2].id, "999", "x"]})
    assert some == {"count": 2}
    sale = await place(floor, bob, side="sell", price="2000")
    assert await floor.call(bob, "DELETE", "/orders?market=ltc_usd") == {"count": 0}
    assert await floor.call(bob, "DELETE", "/orders?market=btc_usd&side=buy") == {"count": 3}
    assert [order.order_id for order in floor.engine.open_orders(bob.account)] == [int(sale.id)]
    assert await floor.call(bob, "DELETE", "/orders") == {"count": 1}


async def test_the_dead_man_s_switch(floor: Floor, bob: Trader) -> None:
    await place(floor, bob)
    armed = await floor.call(bob, "PUT", "/orders/cancel-after", {"seconds": 60})
    assert armed == {"due": floor.clock.now + 60_000_000}
    assert await floor.call(bob, "GET", "/orders/cancel-after") == armed
    assert await floor.call(bob, "PUT", "/orders/cancel-after", {"seconds": 0}) == {"due": None}
    assert await floor.problem(bob, "PUT", "/orders/cancel-after", {"seconds": -1}) == (400, "request-invalid")


async def test_lists_come_in_pages(floor: Floor, bob: Trader) -> None:
    ids = [(await place(floor, bob, price=str(900 + number))).id for number in range(7)]
    await floor.call(bob, "DELETE", f"/orders/{ids[3]}")
    for state, wanted in (("open", [each for each in reversed(ids) if each != ids[3]]), ("all", ids[::-1]), ("finished", [ids[3]])):
        rows: list[str] = []
        cursor = ""
        while True:
            page = msgspec.convert(await floor.call(bob, "GET", f"/orders?state={state}&limit=2{cursor}"), Page[api.Order])
            rows += [order.id for order in page.rows]
            if page.next is None:
                break
            cursor = f"&cursor={page.next}"
        assert rows == wanted, state
    assert (await floor.call(bob, "GET", "/orders?market=ltc_usd"))["rows"] == []
