"""Every endpoint with every scope, and with everybody else's ids: the cases are made from the table of routes, so none is left out."""

import json
import re
from collections.abc import Awaitable, Callable

import pytest

from cambist.dialects.native.endpoint import Endpoint
from cambist.dialects.native.routes import ENDPOINTS
from cambist.dialects.native.scopes import KEY_SCOPES, ROLE_SCOPES, SESSION_SCOPES, Effect, Scope
from cambist.directory import Passkey, Role
from tests.dialects.native.floor import BASE, Browser, Floor, Trader, problem_of

REFUSED = {"unauthenticated", "scope-missing", "session-required"}
OF_THE_VENUE = {"market": "btc_usd", "asset": "BTC", "payment": "0" * 32}
"""Parameters of paths that name what is everybody's; a payment's id is for everybody who was given it."""
ORDER = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "900", "amount": "0.1", "client_order_id": "of-bob"}


async def bobs_order(floor: Floor, bob: Trader) -> str:
    return str((await floor.call(bob, "POST", "/orders", ORDER))["id"])


async def bobs_client_order_id(floor: Floor, bob: Trader) -> str:
    await bobs_order(floor, bob)
    return "of-bob"


async def bobs_session(floor: Floor, bob: Trader) -> str:
    return str((await Browser(floor).log_in(bob.user.name))["id"])


async def bobs_finished_order(floor: Floor, bob: Trader) -> str:
    order = await bobs_order(floor, bob)
    await floor.call(bob, "DELETE", f"/orders/{order}")
    return order


async def bobs_withdrawal(floor: Floor, bob: Trader) -> str:
    address = (await floor.call(bob, "POST", "/addresses/BTC"))["address"]
    return str((await floor.call(bob, "POST", "/withdrawals", {"asset": "BTC", "amount": "1", "address": address}))["id"])


async def bobs_transfer(floor: Floor, bob: Trader) -> str:
    return str((await floor.call(bob, "POST", "/coupons", {"asset": "BTC", "amount": "1"}))["transfer_id"])


async def bobs_merchant_order(floor: Floor, bob: Trader) -> str:
    said = {"asset": "BTC", "amount": "1", "description": "A hat", "success_url": "http://s.example", "failure_url": "http://f.example"}
    return str((await floor.call(bob, "POST", "/merchant/orders", said))["id"])


async def bobs_key(floor: Floor, bob: Trader) -> str:
    return str(bob.key.id)


async def bobs_passkey(floor: Floor, bob: Trader) -> str:
    made = floor.directory.passkeys.add(bob.user, "of-bob", "cambist.example", b"of bob", b"a key", 0, synced=False)
    assert isinstance(made, Passkey)
    return str(made.id)


OF_BOB: dict[str, tuple[Callable[[Floor, Trader], Awaitable[str]], str]] = {
    "order": (bobs_order, "999999"),
    "client_order_id": (bobs_client_order_id, "of-nobody"),
    "session": (bobs_session, "999999"),
    "withdrawal": (bobs_withdrawal, "f" * 32),
    "transfer": (bobs_transfer, "f" * 32),
    "merchant_order": (bobs_merchant_order, "f" * 32),
    "key": (bobs_key, "999999"),
    "passkey": (bobs_passkey, "999999"),
}
"""Parameters of paths that name what is somebody's: what makes one of bob's, and one that is nobody's."""


def titled(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def filled(endpoint: Endpoint, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], endpoint.path)


def parameters(endpoint: Endpoint) -> list[str]:
    return re.findall(r"\{(\w+)\}", endpoint.path)


BODIES = {"/account/passkeys/{passkey}": {"name": "mine"}}

NOBODY_S = {**OF_THE_VENUE, **{name: nobody for name, (_, nobody) in OF_BOB.items()}}


def test_every_parameter_of_a_path_is_in_the_tables() -> None:
    names = {name for endpoint in ENDPOINTS for name in parameters(endpoint)}
    assert names == OF_THE_VENUE.keys() | OF_BOB.keys()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=titled)
async def test_each_scope_opens_its_own_endpoints_and_no_other(floor: Floor, endpoint: Endpoint) -> None:
    user = floor.user("alice", USD="1000")
    path = filled(endpoint, NOBODY_S)
    for scope in sorted(KEY_SCOPES):
        key = floor.keyed(user, frozenset({scope}))
        reply = await floor.reply(key, endpoint.method, path, {} if endpoint.signature().body is not None else None)
        opened = endpoint.scope is Scope.PUBLIC or endpoint.scope.value == scope
        code = json.loads(reply.content)["code"] if reply.status >= 400 else ""
        assert (code not in REFUSED) is opened, f"{scope}: {reply.status} {code}"
    reply = await floor.send(endpoint.method, BASE + path, b"{}", {b"content-type": b"application/json"})
    if endpoint.scope is not Scope.PUBLIC:
        assert problem_of(reply) == (401, "unauthenticated")
    for role in (None, *Role):
        floor.directory.set_role(user, role)
        browser = Browser(floor)
        await browser.log_in("alice")
        reply = await browser.reply(endpoint.method, path, {} if endpoint.signature().body is not None else None)
        opened = endpoint.scope is Scope.PUBLIC or endpoint.scope in SESSION_SCOPES | (ROLE_SCOPES[role] if role else set())
        code = json.loads(reply.content)["code"] if reply.status >= 400 else ""
        assert (code not in REFUSED) is opened, f"{role}: {reply.status} {code}"


CHANGES = [endpoint for endpoint in ENDPOINTS if endpoint.scope is not Scope.PUBLIC and endpoint.effect is not Effect.READ]


@pytest.mark.parametrize("endpoint", CHANGES, ids=titled)
async def test_no_change_without_the_csrf_token_or_from_another_site(floor: Floor, endpoint: Endpoint) -> None:
    floor.directory.set_role(floor.user("alice", USD="1000"), Role.OPERATOR)
    browser = Browser(floor)
    await browser.log_in("alice")
    path = filled(endpoint, NOBODY_S)
    body: dict[str, str] | None = {} if endpoint.signature().body is not None else None
    for headers in ({"cambist-csrf": ""}, {"cambist-csrf": "0" * 32}, {"origin": "http://evil.example"}, {"origin": "null"}):
        assert await browser.problem(endpoint.method, path, body, headers) == (403, "csrf-wrong"), headers
    if body is not None:
        assert await browser.problem(endpoint.method, path, body, {"content-type": "text/plain"}) == (415, "content-type-wrong")


OWNED = [
    (endpoint, name, make)
    for endpoint in ENDPOINTS
    for name in parameters(endpoint)
    if name in OF_BOB
    for make in ((OF_BOB[name][0], bobs_finished_order) if name == "order" else (OF_BOB[name][0],))
]


@pytest.mark.parametrize(("endpoint", "name", "make"), OWNED, ids=[f"{titled(row[0])} {row[2].__name__}" for row in OWNED])
async def test_what_is_another_s_is_answered_as_what_is_not_there(
    floor: Floor, alice: Trader, bob: Trader, endpoint: Endpoint, name: str, make: Callable[[Floor, Trader], Awaitable[str]]
) -> None:
    nobody = OF_BOB[name][1]
    theirs = await make(floor, bob)
    body = BODIES.get(endpoint.path, {"amount": "0.2"}) if endpoint.signature().body is not None else None
    before = floor.state()
    browser = Browser(floor)
    await browser.log_in(alice.user.name)
    replies = []
    for asked in (theirs, nobody):
        path = filled(endpoint, {**OF_THE_VENUE, name: asked})
        if endpoint.scope is not Scope.ACCOUNT:
            replies.append(await floor.reply(alice, endpoint.method, path, body))
        replies.append(await browser.reply(endpoint.method, path, body))
    assert {problem_of(reply) for reply in replies} == {(404, "not-found")}
    assert len({reply.content for reply in replies}) == 1, "what is said of bob's tells it from what is not there"
    assert floor.state() == before


def test_a_row_without_a_scope_or_an_effect_is_no_row() -> None:
    def run() -> None:
        """Nothing."""

    with pytest.raises(TypeError):
        Endpoint("GET", "/x", run=run)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="has no scope"):
        Endpoint("GET", "/x", "", run)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="does not say what it changes"):
        Endpoint("POST", "/x", Scope.TRADE, run)
    assert Endpoint("POST", "/x", Scope.TRADE, run, Effect.COMMAND).scope is Scope.TRADE
