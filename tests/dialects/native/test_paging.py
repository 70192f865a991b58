"""Every endpoint that answers in parts: a cursor is there only where more is, however many rows there are and however they are cut."""

import typing
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cambist.api_types.values import Page
from cambist.dialects.native.endpoint import Endpoint
from cambist.dialects.native.routes import ENDPOINTS
from cambist.dialects.native.scopes import OPERATORS, Scope
from cambist.directory import Role
from cambist.directory.security_events import SecurityEventKind
from tests.dialects.native.floor import Browser, Floor, Trader
from tests.dialects.native.test_funds import HAT

ORDER = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "900", "amount": "0.1"}
Make = Callable[[Floor, Trader, int], Awaitable[None]]


async def trades(floor: Floor, alice: Trader, count: int) -> None:
    bob = floor.trader("bob", BTC="100")
    for _ in range(count):
        await floor.call(bob, "POST", "/orders", {**ORDER, "side": "sell"})
        await floor.call(alice, "POST", "/orders", ORDER)
    await floor.call(alice, "GET", "/fills")  # which waits for history


async def open_orders(floor: Floor, alice: Trader, count: int) -> None:
    """With finished ones between them, and others of another market."""
    for _ in range(count):
        await floor.call(alice, "POST", "/orders", ORDER)
        await floor.call(alice, "POST", "/orders", {**ORDER, "market": "ltc_usd", "price": "10"})
        done = await floor.call(alice, "POST", "/orders", ORDER)
        await floor.call(alice, "DELETE", f"/orders/{done['id']}")


async def many_finished_below(floor: Floor, alice: Trader, count: int) -> None:
    await finished_orders(floor, alice, 4)
    await open_orders(floor, alice, count)


async def finished_orders(floor: Floor, alice: Trader, count: int) -> None:
    for _ in range(count):
        done = await floor.call(alice, "POST", "/orders", ORDER)
        await floor.call(alice, "DELETE", f"/orders/{done['id']}")


async def events(floor: Floor, alice: Trader, count: int) -> None:
    for _ in range(count - 1):  # the login that asks for them is one
        floor.directory.security_events.record(alice.user, SecurityEventKind.LOGGED_OUT, "192.0.2.1")


async def deposits(floor: Floor, alice: Trader, count: int) -> None:
    address = (await floor.call(alice, "POST", "/addresses/BTC"))["address"]
    for _ in range(count):
        floor.chain.simulate_deposit(address, "1")
    await floor.wallet.run_due(floor.clock.now)
    floor.sequencer.drain()


async def withdrawals(floor: Floor, alice: Trader, count: int) -> None:
    address = (await floor.call(alice, "POST", "/addresses/BTC"))["address"]
    for _ in range(count):
        await floor.call(alice, "POST", "/withdrawals", {"asset": "BTC", "amount": "1", "address": address})


async def coupons(floor: Floor, alice: Trader, count: int) -> None:
    for _ in range(count):
        await floor.call(alice, "POST", "/coupons", {"asset": "BTC", "amount": "1"})


async def merchant_orders(floor: Floor, alice: Trader, count: int) -> None:
    for _ in range(count):
        await floor.call(alice, "POST", "/merchant/orders", HAT)


async def records(floor: Floor, alice: Trader, count: int) -> None:
    """With others between them, and more of them before."""
    operator = Browser(floor)
    floor.directory.set_role(floor.user("olga"), Role.OPERATOR)
    await operator.log_in("olga")
    for _ in range(4):
        await operator.call("POST", "/operator/user/unfreeze", {"user": "alice"})
    for _ in range(count):
        await operator.call("POST", "/operator/market/status", {"name": "btc_usd", "halted": False})
        await operator.call("POST", "/operator/user/unfreeze", {"user": "alice"})


SCENES: dict[str, list[tuple[str, Make]]] = {
    "/markets/{market}/trades/history": [("/markets/btc_usd/trades/history?", trades)],
    "/orders": [
        ("/orders?state=open&market=btc_usd&", open_orders),
        ("/orders?state=finished&", finished_orders),
        ("/orders?state=all&market=ltc_usd&", open_orders),
    ],
    "/account/events": [("/account/events?", events)],
    "/fills": [("/fills?", trades), ("/fills?market=btc_usd&", trades)],
    "/ledger": [("/ledger?business=trade&asset=BTC&", trades)],
    "/deposits": [("/deposits?", deposits)],
    "/withdrawals": [("/withdrawals?", withdrawals)],
    "/transfers": [("/transfers?kind=coupon-create&", coupons)],
    "/coupons": [("/coupons?", coupons)],
    "/merchant/orders": [("/merchant/orders?", merchant_orders)],
    "/operator/order/open": [
        ("/operator/order/open?market=btc_usd&", many_finished_below),
        ("/operator/order/open?market=ltc_usd&", open_orders),
    ],
    "/operator/audit/list": [("/operator/audit/list?operation=market&", records)],
}
"""By path: what is asked, and what makes so many rows."""
CASES = [(path, *scene) for path, scenes in SCENES.items() for scene in scenes]


def in_parts(endpoint: Endpoint) -> bool:
    reply = endpoint.signature().reply
    return typing.get_origin(reply) is Page or "next" in getattr(reply, "__struct_fields__", ())


def test_every_endpoint_that_answers_in_parts_is_in_the_table() -> None:
    assert {endpoint.path for endpoint in ENDPOINTS if in_parts(endpoint)} == SCENES.keys()


async def asked(floor: Floor, browser: Browser, path: str) -> Any:
    endpoint = path.partition("?")[0]
    public = any(each.path == endpoint.replace("btc_usd", "{market}") and each.scope is Scope.PUBLIC for each in ENDPOINTS)
    return await floor.public(path) if public else await browser.call("GET", path)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
@pytest.mark.parametrize(("path", "query", "make"), CASES, ids=[case[1].rstrip("?&") for case in CASES])
async def test_parts_are_full_follow_each_other_and_end(floor: Floor, path: str, query: str, make: Make, count: int) -> None:
    alice = floor.trader("alice", BTC="100", LTC="1000", USD="100000")
    await make(floor, alice, count)
    of_operators = any(endpoint.path == path and endpoint.scope in OPERATORS for endpoint in ENDPOINTS)
    if of_operators:
        floor.directory.set_role(alice.user, Role.AUDITOR)
    browser = Browser(floor)
    await browser.log_in("alice")
    word = "before" if path == "/operator/order/open" else "cursor"
    whole = await asked(floor, browser, f"{query}limit=500")
    number = max(1, count) if make is events else count
    assert (len(whole["rows"]), whole["next"]) == (number, None)
    for limit in range(1, number + 2):
        found, parts, more = [], [], ""
        while True:
            part = await asked(floor, browser, f"{query}limit={limit}{more}")
            found += part["rows"]
            parts.append(len(part["rows"]))
            if part["next"] is None:
                break
            more = f"&{word}={part['next']}"
        assert found == whole["rows"]
        assert parts[:-1] == [limit] * ((max(number, 1) - 1) // limit), "all but the last are full"
        assert 0 < parts[-1] <= limit or number == 0, "none is empty unless nothing is there at all"


@pytest.mark.parametrize("cursor", ["0", "1", "9" * 18, "9" * 20])
@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if in_parts(each)], ids=lambda endpoint: endpoint.path)
async def test_a_cursor_that_was_never_given_does_no_harm(floor: Floor, endpoint: Endpoint, cursor: str) -> None:
    alice = floor.trader("alice", BTC="100", LTC="1000", USD="100000")
    floor.directory.set_role(alice.user, Role.AUDITOR)
    browser = Browser(floor)
    await browser.log_in("alice")
    word = "before" if endpoint.path == "/operator/order/open" else "cursor"
    reply = await browser.reply("GET", f"{endpoint.path.replace('{market}', 'btc_usd')}?{word}={cursor}")
    assert reply.status in (200, 400, 409), reply.content
