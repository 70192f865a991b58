"""Attacks on logins: codes shown twice, codes and passwords guessed from everywhere at once, sessions planted, and races with their end."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cambist.api_types.accounts import Session
from cambist.dialect_kit.messages import Reply
from cambist.dialects.native.endpoint import BASE, Endpoint
from cambist.dialects.native.routes import ENDPOINTS
from cambist.dialects.native.scopes import Scope
from cambist.directory import User
from cambist.directory.login import CODE
from tests.dialects.native.floor import Browser, Floor
from tests.dialects.native.test_accounts import code, with_codes
from tests.dialects.native.test_passkeys import browser_of, enrolled, logged_in
from tests.support.authenticator import Authenticator

SECOND = 1_000_000
STEP = 30 * SECOND
HOUR = 3_600 * SECOND
PASSWORD = "a password"
Door = Callable[[Browser, str, str], Awaitable[Reply]]


# --- doors: whatever asks for a password, and for a code where codes are on -----------------------------------------------------
async def at_login(browser: Browser, password: str, shown: str) -> Reply:
    fresh = browser.elsewhere()
    return await fresh.reply("POST", "/session", {"name": "alice", "password": password, "code": shown})


def in_session(method: str, path: str, **more: str) -> Door:
    async def door(browser: Browser, password: str, shown: str) -> Reply:
        reply = await browser.reply(method, path, {"password": password, "code": shown, **more})
        browser.csrf = json.loads(reply.content).get("csrf_token", browser.csrf)
        return reply

    return door


DOORS: dict[tuple[str, str], Door] = {
    ("POST", "/session"): at_login,
    ("POST", "/session/proof"): in_session("POST", "/session/proof"),
    ("PUT", "/account/password"): in_session("PUT", "/account/password", new_password=PASSWORD),
    ("POST", "/account/recovery-codes"): in_session("POST", "/account/recovery-codes"),
    ("POST", "/account/totp/remove"): in_session("POST", "/account/totp/remove"),
}
NAMES = list(DOORS)


def asks_for_a_password(endpoint: Endpoint) -> bool:
    return {"password", "code"} <= set(getattr(endpoint.signature().body, "__struct_fields__", ()))


def test_every_door_is_in_the_table() -> None:
    assert {(each.method, each.path) for each in ENDPOINTS if asks_for_a_password(each)} == DOORS.keys()


def said(reply: Reply) -> str:
    decoded: dict[str, Any] = json.loads(reply.content)
    return str(decoded["code"]) if reply.status >= 400 else "done"


async def careful(floor: Floor) -> tuple[Browser, str, list[str]]:
    """Somebody with one-time codes, in their own browser: (browser, secret, recovery codes); the next code was not shown yet."""
    floor.user("alice")
    browser = Browser(floor)
    await browser.log_in("alice")
    secret, recovery = await with_codes(floor, browser)
    floor.clock.now += STEP
    return browser, secret, recovery


def wrong(secret: str, floor: Floor) -> str:
    good = {code(secret, floor, step) for step in range(-1, 2)}
    return next(text for text in (f"{number:06d}" for number in range(4)) if text not in good)


# --- one-time codes ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["one-time", "recovery"])
@pytest.mark.parametrize("second", NAMES, ids=" ".join)
@pytest.mark.parametrize("first", [name for name in NAMES if name[1] != "/account/totp/remove"], ids=" ".join)
async def test_a_code_that_one_door_took_no_door_takes_again(
    floor: Floor, first: tuple[str, str], second: tuple[str, str], kind: str
) -> None:
    browser, secret, recovery = await careful(floor)
    shown = code(secret, floor) if kind == "one-time" else recovery[0]
    used = await DOORS[first](browser, PASSWORD, shown)
    assert used.status < 300, used.content
    assert said(await DOORS[second](browser, PASSWORD, shown)) == "code-wrong"


@pytest.mark.parametrize("kind", ["one-time", "recovery"])
@pytest.mark.parametrize("door", [("POST", "/session"), ("POST", "/session/proof")], ids=" ".join)
async def test_of_many_who_show_a_code_at_once_one_comes_in(floor: Floor, door: tuple[str, str], kind: str) -> None:
    browser, secret, recovery = await careful(floor)
    shown = code(secret, floor) if kind == "one-time" else recovery[0]
    replies = await asyncio.gather(*(DOORS[door](browser, PASSWORD, shown) for _ in range(4)))
    assert Counter(said(reply) for reply in replies) == {"done": 1, "code-wrong": 3}


async def test_a_code_of_before_is_none_after_the_clock_went_back(floor: Floor) -> None:
    browser, secret, _ = await careful(floor)
    shown = code(secret, floor)
    assert said(await at_login(browser, PASSWORD, shown)) == "done"
    floor.clock.ahead = 60 * SECOND  # the machine's clock shows a minute less than the venue's
    assert said(await at_login(browser, PASSWORD, shown)) == "code-wrong"
    assert said(await at_login(browser, PASSWORD, code(secret, floor))) == "code-wrong", "of a step that is over"


@pytest.mark.parametrize("together", [False, True], ids=["one after another", "all at once"])
async def test_who_has_the_password_guesses_few_codes_from_everywhere_and_shuts_nobody_out(floor: Floor, together: bool) -> None:
    """They have hundreds of networks and an open session, try at every door, codes and recovery codes; the owner comes in all the while."""
    owner, secret, recovery = await careful(floor)
    thief = Browser(floor, "203.0.113.1")
    thief.cookies = {"cambist-session": owner.cookies["cambist-session"]}
    thief.csrf = owner.csrf
    guesses = [(name, Browser(floor, f"203.0.{number}.7"), f"{number:06d}") for number in range(8) for name in NAMES]
    guesses += [(("POST", "/session"), Browser(floor, f"203.1.{number}.7"), f"aaaa-bbbb-cccc-dd{number:02d}") for number in range(20)]

    async def guess(name: tuple[str, str], browser: Browser, shown: str) -> str:
        if name != ("POST", "/session"):
            browser.cookies, browser.csrf = thief.cookies, thief.csrf
        return said(await DOORS[name](browser, PASSWORD, shown if len(shown) > 6 else wrong(secret, floor)))

    answers = (
        Counter(await asyncio.gather(*(guess(*each) for each in guesses))) if together else Counter([await guess(*e) for e in guesses])
    )
    assert answers == {"code-wrong": CODE.at_once, "code-paused": len(guesses) - CODE.at_once}
    assert said(await DOORS["POST", "/session/proof"](owner, PASSWORD, code(secret, floor))) == "done"
    assert said(await DOORS["POST", "/session"](owner, PASSWORD, recovery[0])) == "done"
    looked_at = 0
    for _ in range(24):
        floor.clock.now += HOUR
        answers = Counter([await guess(*each) for each in guesses[:12]])
        looked_at += answers["code-wrong"]
    assert looked_at <= 24 * HOUR // CODE.each


async def test_codes_are_not_confirmed_by_guessing_with_a_stolen_session(floor: Floor) -> None:
    floor.user("alice")
    owner = Browser(floor)
    await owner.log_in("alice")
    secret = (await owner.call("POST", "/account/totp"))["secret"]
    floor.clock.now += 10 * 60 * SECOND
    for shown in (wrong(secret, floor), code(secret, floor)):
        assert await owner.problem("POST", "/account/totp/confirm", {"code": shown}) == (403, "proof-required")


# --- passwords --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name in NAMES if name != ("POST", "/session")], ids=" ".join)
async def test_a_stolen_session_guesses_few_passwords_and_the_owner_proves_theirs(floor: Floor, name: tuple[str, str]) -> None:
    owner, secret, _ = await careful(floor)
    thief = Browser(floor, "203.0.113.1")
    thief.cookies, thief.csrf = {"cambist-session": owner.cookies["cambist-session"]}, owner.csrf
    answers = [said(await DOORS[name](thief, f"guess {number}", "")) for number in range(5)]
    assert answers == ["login-wrong"] * 5
    waiting = [asyncio.ensure_future(DOORS[name](thief, f"guess {number}", "")) for number in range(8)]
    owners = await DOORS["POST", "/session/proof"](owner, PASSWORD, code(secret, floor))
    assert said(owners) == "done"
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    kinds = [row["kind"] for row in (await owner.call("GET", "/account/events?limit=7"))["rows"]]
    assert kinds.count("login-failed") >= 5


async def test_a_passkey_comes_in_while_strangers_used_up_all_that_passwords_and_codes_have(floor: Floor) -> None:
    phone = await enrolled(floor, await logged_in(floor))
    for number in range(100):
        reply = await Browser(floor, f"203.0.{number}.7").reply("POST", "/session", {"name": "alice", "password": "guess"})
        assert said(reply) == "login-wrong"
    browser = browser_of(floor, "198.51.100.77")
    options = await browser.call("POST", "/session/passkey/options")
    await browser.call("POST", "/session/passkey", {"credential": phone.get(options)})


# --- sessions that somebody else chose --------------------------------------------------------------------------------------
async def planted_login(floor: Floor, browser: Browser, _phone: Authenticator) -> None:
    await browser.log_in("alice")


async def planted_sign_up(floor: Floor, browser: Browser, _phone: Authenticator) -> None:
    await browser.call("POST", "/users", {"name": "maria", "password": "correct horse"})


async def planted_passkey(floor: Floor, browser: Browser, phone: Authenticator) -> None:
    options = await browser.call("POST", "/session/passkey/options")
    await browser.call("POST", "/session/passkey", {"credential": phone.get(options)})


async def planted_password(floor: Floor, browser: Browser, _phone: Authenticator) -> None:
    """What an attacker put there before, the owner's login must have replaced; and their change of password replaces it again."""
    await browser.log_in("alice")
    await browser.call("PUT", "/account/password", {"password": PASSWORD, "new_password": "another password"})


OPENERS = {
    ("POST", "/session"): planted_login,
    ("POST", "/users"): planted_sign_up,
    ("POST", "/session/passkey"): planted_passkey,
    ("PUT", "/account/password"): planted_password,
}
KEEP_IT = {("GET", "/session"), ("POST", "/session/proof"), ("POST", "/session/proof/passkey")}
"""What answers with the session that is there."""
DEMO = ("POST", "/session/demo")
"""Of sandboxes: test_venue.py."""


def test_everything_that_opens_a_session_is_in_the_table() -> None:
    answering = {(each.method, each.path) for each in ENDPOINTS if each.signature().reply is Session}
    assert answering == OPENERS.keys() | KEEP_IT | {DEMO}


@pytest.mark.parametrize("kind", ["nobody's", "the attacker's own", "one that has ended"])
@pytest.mark.parametrize("opener", OPENERS, ids=" ".join)
async def test_a_session_that_was_planted_is_nobody_s_afterwards(floor: Floor, opener: tuple[str, str], kind: str) -> None:
    phone = await enrolled(floor, await logged_in(floor))
    floor.user("mallory")
    attacker = browser_of(floor, "203.0.113.9")
    await attacker.log_in("mallory")
    name = "__Host-cambist-session"
    planted = "f" * 64 if kind == "nobody's" else attacker.cookies[name]
    if kind == "one that has ended":
        await attacker.call("DELETE", "/session")
    victim = browser_of(floor)
    victim.cookies[name] = planted
    await OPENERS[opener](floor, victim, phone)
    assert victim.cookies[name] != planted
    assert (await victim.call("GET", "/session"))["profile"]["name"] != "mallory"
    with_planted = browser_of(floor, "203.0.113.9")
    with_planted.cookies[name] = planted
    assert await with_planted.problem("GET", "/session") == (401, "unauthenticated")


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.scope is not Scope.PUBLIC][:12], ids=lambda each: each.name)
async def test_a_session_is_taken_from_its_cookie_alone(floor: Floor, endpoint: Endpoint) -> None:
    floor.user("alice")
    owner = Browser(floor)
    await owner.log_in("alice")
    token = owner.cookies["cambist-session"]
    path = BASE + endpoint.path.replace("{order}", "1").replace("{client_order_id}", "x")
    for headers, query in (
        ({b"authorization": b"Bearer " + token.encode()}, b""),
        ({b"cambist-session": token.encode()}, b""),
        ({b"cookie": b"x-cambist-session=" + token.encode()}, b""),
        ({}, b"cambist-session=" + token.encode()),
    ):
        reply = await floor.send(endpoint.method, path, b"{}", {b"content-type": b"application/json", **headers}, query)
        assert reply.status == 401, headers


# --- races ------------------------------------------------------------------------------------------------------------------
async def test_a_login_that_a_new_password_overtook_opens_nothing(floor: Floor) -> None:
    """The old password was right when it was looked at."""
    alice = floor.user("alice")
    moment = floor.directory.sessions.moment()
    found = floor.directory.login.authenticate("alice", PASSWORD)
    assert isinstance(found, User)
    floor.directory.set_password(alice, "another password")
    assert floor.directory.sessions.open_since(moment, found, HOUR) is None
    assert floor.directory.sessions.of(alice) == []
    assert floor.directory.sessions.open_since(floor.directory.sessions.moment(), found, HOUR) is not None


async def test_a_login_that_a_freeze_overtook_opens_nothing(floor: Floor) -> None:
    alice, bob = floor.user("alice"), floor.user("bob")
    moment = floor.directory.sessions.moment()
    floor.directory.freeze(alice)
    assert floor.directory.sessions.open_since(moment, alice, HOUR) is None
    assert floor.directory.sessions.open_since(moment, bob, HOUR) is not None, "others are not touched"


async def test_logins_and_changes_of_a_password_at_once_leave_no_session_of_the_old_one(floor: Floor) -> None:
    alice = floor.user("alice")
    owner = Browser(floor)
    await owner.log_in("alice")
    attackers = [Browser(floor, f"203.0.113.{number}") for number in range(8)]
    logins = [attacker.reply("POST", "/session", {"name": "alice", "password": PASSWORD}) for attacker in attackers]
    change = owner.call("PUT", "/account/password", {"password": PASSWORD, "new_password": "another password"})
    await asyncio.gather(*logins[:4], change, *logins[4:])
    assert len(floor.directory.sessions.of(alice)) == 1, "the owner's new one"
    assert (await owner.call("GET", "/session"))["profile"]["name"] == "alice"
