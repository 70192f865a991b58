"""What asks people to prove once more who they are: every such row of the table of routes, and how they do it."""

import pyotp
import pytest

from cambist.dialects.native import Settings
from cambist.dialects.native.endpoint import Endpoint
from cambist.dialects.native.routes import ENDPOINTS
from cambist.dialects.native.scopes import OF_PEOPLE, Effect, Scope
from cambist.directory import Role
from cambist.operations.operation import Effect as OperationEffect
from cambist.operations.registry import OPERATIONS
from tests.dialects.native.floor import Browser, Floor, Trader
from tests.dialects.native.test_matrices import NOBODY_S, filled, titled

SECOND = 1_000_000
MINUTE = 60 * SECOND
PROOF = [endpoint for endpoint in ENDPOINTS if endpoint.proof]
WITHOUT = {
    ("DELETE", "/withdrawals/{withdrawal}"): "takes money back",
    ("POST", "/coupons/redeem"): "brings money",
    ("POST", "/merchant/orders"): "brings money",
    ("DELETE", "/merchant/orders/{merchant_order}"): "moves none",
}
"""What moves money and asks for no proof, and why."""


def test_whatever_takes_money_out_of_an_account_asks_for_a_proof() -> None:
    moving = {(each.method, each.path) for each in ENDPOINTS if each.scope is Scope.FUNDS and each.effect is not Effect.READ}
    with_proof = {(each.method, each.path) for each in PROOF}
    assert moving - with_proof == set(WITHOUT)


WITHOUT_OPERATIONS = {
    "user.add": "gives what signing up gives to everybody",
    "user.freeze": "shuts out",
    "key.revoke": "shuts out",
    "order.cancel": "gives its owner's money back",
    "order.cancel-all": "gives its owner's money back",
    "withdrawal.refuse": "gives its owner's money back",
    "approval.withdraw": "takes back a word",
    "market.status": "stops trading, or goes on with it as it was",
    "asset.create": "nobody has any of it",
    "market.create": "nobody trades in it yet",
    "snapshot": "writes a file of the venue's own",
    "backup.start": "writes where the configuration says",
}
"""What operators change without a proof, and why: none of it moves money, lowers what protects somebody or gives rights."""


def test_an_operator_s_change_asks_for_a_proof_unless_it_lets_nothing_go() -> None:
    changing = {name for name, operation in OPERATIONS.items() if operation.effect is OperationEffect.CHANGE}
    assert changing - {name for name, operation in OPERATIONS.items() if operation.proof} == WITHOUT_OPERATIONS.keys()
    served = {each.path.removeprefix("/operator/").replace("/", "."): each.proof for each in ENDPOINTS if each.scope is Scope.OPERATOR}
    assert served == {name: OPERATIONS[name].proof for name in served}
    assert {name for name, proof in served.items() if proof} == {
        "user.role", "user.unfreeze", "second-factor.remove", "fees.set", "market.terms", "withdrawal.approve",
    }  # fmt: skip


async def stale(floor: Floor) -> Browser:
    """Somebody who logged in ten minutes ago."""
    browser = Browser(floor)
    await browser.log_in("alice")
    floor.clock.now += 10 * MINUTE
    return browser


@pytest.mark.parametrize("endpoint", PROOF, ids=titled)
async def test_no_old_login_is_enough(floor: Floor, endpoint: Endpoint) -> None:
    user = floor.user("alice", USD="1000", BTC="10")
    floor.directory.set_role(user, Role.OPERATOR)
    browser, path = await stale(floor), filled(endpoint, NOBODY_S)
    body: dict[str, str] | None = {} if endpoint.signature().body is not None else None
    before = floor.state()
    headers = {"idempotency-key": "the first"} if endpoint.effect is not Effect.READ else {}
    assert await browser.problem(endpoint.method, path, body, headers) == (403, "proof-required")
    assert floor.state() == before
    if endpoint.scope not in OF_PEOPLE:
        reply = await floor.reply(floor.keyed(user), endpoint.method, path, body)
        assert b"proof-required" not in reply.content, "a key's signature is one"
    session = await browser.call("POST", "/session/proof", {"password": "a password"})
    assert session["proved_until"] == floor.clock.now + 10 * MINUTE
    reply = await browser.reply(endpoint.method, path, body, headers)
    assert b"proof-required" not in reply.content, "under the same Idempotency-Key too"


async def test_a_proof_holds_for_this_session_and_a_while(floor: Floor) -> None:
    floor.user("alice")
    browser = await stale(floor)
    other = Browser(floor, "198.51.100.9")
    await other.log_in("alice")
    assert await browser.problem("POST", "/keys", {"api": "native"}) == (403, "proof-required")
    await browser.call("POST", "/session/proof", {"password": "a password"})
    floor.clock.now += 10 * MINUTE - 1
    await browser.call("POST", "/keys", {"api": "native"})
    assert (await browser.call("GET", "/session"))["proved_until"] == floor.clock.now + 1
    floor.clock.now += 1
    for each in (browser, other):
        assert await each.problem("POST", "/keys", {"api": "native"}) == (403, "proof-required")


@pytest.mark.parametrize("settings", [Settings(proof_minutes=1)])
async def test_how_long_it_holds_is_a_setting(floor: Floor) -> None:
    floor.user("alice")
    browser = Browser(floor)
    assert (await browser.log_in("alice"))["proved_until"] == floor.clock.now + MINUTE
    floor.clock.now += MINUTE
    assert await browser.problem("POST", "/keys", {"api": "native"}) == (403, "proof-required")


async def test_each_of_two_operators_proves_who_they_are(floor: Floor) -> None:
    for name in ("alice", "otto"):
        floor.directory.set_role(floor.user(name), Role.OPERATOR)
    floor.user("bob")
    alice, otto, said = await stale(floor), Browser(floor), {"user": "bob", "role": "operator"}
    await otto.log_in("otto")
    assert (await otto.reply("POST", "/operator/user/role", said)).status == 202
    assert await alice.problem("POST", "/operator/user/role", said) == (403, "proof-required")
    assert [row["asked_by"] for row in await otto.call("GET", "/operator/approval/list")] == ["otto"]
    await alice.call("POST", "/session/proof", {"password": "a password"})
    assert await alice.call("POST", "/operator/user/role", said) == {"name": "bob", "role": "operator"}


async def test_wrong_proofs_are_counted_as_wrong_logins_are(floor: Floor) -> None:
    floor.user("alice")
    browser = await stale(floor)
    assert await browser.problem("POST", "/session/proof", {"password": "guess"}) == (401, "login-wrong")
    kinds = [row["kind"] for row in (await browser.call("GET", "/account/events"))["rows"]]
    assert kinds == ["login-failed", "logged-in"]
    await browser.call("POST", "/session/proof", {"password": "a password"})
    kinds = [row["kind"] for row in (await browser.call("GET", "/account/events"))["rows"]]
    assert kinds[0] == "identity-proved"


async def test_with_codes_a_proof_needs_one_that_is_new(floor: Floor) -> None:
    floor.user("alice")
    browser = Browser(floor)
    await browser.log_in("alice")
    secret = (await browser.call("POST", "/account/totp"))["secret"]
    code = pyotp.TOTP(secret).at(floor.clock.wall() // SECOND)
    await browser.call("POST", "/account/totp/confirm", {"code": code})
    assert await browser.problem("POST", "/session/proof", {"password": "a password"}) == (401, "code-required")
    assert await browser.problem("POST", "/session/proof", {"password": "a password", "code": code}) == (401, "code-wrong")
    floor.clock.now += 30 * SECOND
    code = pyotp.TOTP(secret).at(floor.clock.wall() // SECOND)
    await browser.call("POST", "/session/proof", {"password": "a password", "code": code})


async def test_a_key_proves_nothing_for_a_session(floor: Floor, alice: Trader) -> None:
    assert await floor.problem(alice, "POST", "/session/proof", {"password": "a password"}) == (403, "session-required")
