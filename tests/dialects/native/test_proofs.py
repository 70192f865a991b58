"""What asks people to prove once more who they are: every such row of the table of routes, and how they do it."""

import pyotp
import pytest

from cambist.dialects.native import Settings
from cambist.dialects.native.endpoint import Endpoint
from cambist.dialects.native.routes import ENDPOINTS
from cambist.dialects.native.scopes import Effect, Scope
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


async def stale(floor: Floor) -> Browser:
    """Somebody who logged in ten minutes ago."""
    browser = Browser(floor)
    await browser.log_in("alice")
    floor.clock.now += 10 * MINUTE
    return browser


@pytest.mark.parametrize("endpoint", PROOF, ids=titled)
async def test_no_old_login_is_enough(floor: Floor, endpoint: Endpoint) -> None:
    user = floor.user("alice", USD="1000", BTC="10")
    browser, path = await stale(floor), filled(endpoint, NOBODY_S)
    body: dict[str, str] | None = {} if endpoint.signature().body is not None else None
    before = floor.state()
    headers = {"idempotency-key": "the first"} if endpoint.effect is not Effect.READ else {}
    assert await browser.problem(endpoint.method, path, body, headers) == (403, "proof-required")
    assert floor.state() == before
    if endpoint.scope is not Scope.ACCOUNT:
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
