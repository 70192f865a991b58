"""Passkeys: enrolled, used to log in and to prove who one is, and everything that must not let anybody in."""

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from cambist.dialects.native import Settings
from cambist.directory import marks
from cambist.directory.passkeys import CHALLENGE_LIFETIME
from tests.dialects.native.floor import Browser, Floor, problem_of
from tests.support.authenticator import Authenticator, base64url

SECOND = 1_000_000
MINUTE = 60 * SECOND
ORIGIN = "https://cambist.example"


def browser_of(floor: Floor, client: str = "192.0.2.1") -> Browser:
    return Browser(floor, client, scheme="https")


async def logged_in(floor: Floor, name: str = "alice") -> Browser:
    if floor.directory.user(name) is None:
        floor.user(name, USD="1000")
    browser = browser_of(floor)
    await browser.log_in(name)
    return browser


async def enrolled(floor: Floor, browser: Browser, authenticator: Authenticator | None = None, name: str = "My phone") -> Authenticator:
    authenticator = authenticator or Authenticator(ORIGIN)
    options = await browser.call("POST", "/account/passkeys/options")
    await browser.call("POST", "/account/passkeys", {"name": name, "credential": authenticator.create(options)})
    return authenticator


async def log_in(browser: Browser, authenticator: Authenticator) -> Any:
    options = await browser.call("POST", "/session/passkey/options")
    return await browser.call("POST", "/session/passkey", {"credential": authenticator.get(options)})


async def test_a_passkey_is_enrolled_used_renamed_and_removed(floor: Floor) -> None:
    browser = await logged_in(floor)
    options = await browser.call("POST", "/account/passkeys/options")
    assert options["rp"] == {"id": "cambist.example", "name": "Cambist"}
    assert options["user"]["name"] == "alice"
    assert "alice" not in options["user"]["id"]
    assert options["authenticatorSelection"] == {"residentKey": "required", "requireResidentKey": True, "userVerification": "required"}
    phone = Authenticator(ORIGIN)
    made = await browser.call("POST", "/account/passkeys", {"name": "My phone", "credential": phone.create(options)})
    assert (made["name"], made["host"], made["used"]) == ("My phone", "cambist.example", None)
    elsewhere = browser_of(floor, "198.51.100.9")
    session = await log_in(elsewhere, phone)
    assert session["profile"]["name"] == "alice"
    assert (await elsewhere.call("GET", "/session"))["id"] == session["id"]
    (row,) = await browser.call("GET", "/account/passkeys")
    assert row["used"] == floor.clock.now
    again = await browser.call("POST", "/account/passkeys/options")
    assert again["excludeCredentials"] == [{"type": "public-key", "id": base64url(phone.credential)}]
    assert (await browser.call("PATCH", f"/account/passkeys/{row['id']}", {"name": "Old phone"}))["name"] == "Old phone"
    await browser.call("DELETE", f"/account/passkeys/{row['id']}")
    assert await browser.call("GET", "/account/passkeys") == []
    options = await elsewhere.call("POST", "/session/passkey/options")
    assert await elsewhere.problem("POST", "/session/passkey", {"credential": phone.get(options)}) == (401, "passkey-wrong")
    kinds = [row["kind"] for row in (await browser.call("GET", "/account/events"))["rows"]]
    assert kinds == ["passkey-removed", "passkey-renamed", "passkey-login", "passkey-added", "logged-in"]
    floor.sequencer.drain()
    assert [meta.memo["directory"] for meta in floor.metas if meta.memo and marks.WORD in meta.memo] == [
        ["passkey-removed", floor.directory.users()[0].account, int(row["id"])]
    ]


async def test_a_passkey_stands_for_password_and_code(floor: Floor) -> None:
    browser = await logged_in(floor)
    phone = await enrolled(floor, browser)
    await browser.call("POST", "/account/totp")
    floor.directory.totp.forget_secret(floor.directory.users()[0], "A" * 32)
    assert await browser_of(floor).problem("POST", "/session", {"name": "alice", "password": "a password"}) == (401, "code-required")
    await log_in(browser_of(floor), phone)


async def test_a_login_with_a_passkey_has_another_session_id(floor: Floor) -> None:
    browser = await logged_in(floor)
    phone = await enrolled(floor, browser)
    name = "__Host-cambist-session"
    fixed, before = browser.cookies[name], await browser.call("GET", "/session")
    session = await log_in(browser, phone)
    assert browser.cookies[name] != fixed
    assert (session["id"], session["csrf_token"]) != (before["id"], before["csrf_token"])
    planted = browser_of(floor)
    planted.cookies[name] = fixed
    assert await planted.problem("GET", "/session") == (401, "unauthenticated"), "the session before it has ended"


async def test_a_frozen_user_is_not_let_in(floor: Floor) -> None:
    phone = await enrolled(floor, await logged_in(floor))
    floor.directory.freeze(floor.directory.users()[0])
    browser = browser_of(floor)
    options = await browser.call("POST", "/session/passkey/options")
    assert await browser.problem("POST", "/session/passkey", {"credential": phone.get(options)}) == (403, "user-frozen")


def _changed(part: str, change: Callable[[bytes], bytes]) -> Callable[[dict[str, Any]], None]:
    def alter(credential: dict[str, Any]) -> None:
        octets = base64.urlsafe_b64decode(credential["response"][part] + "==")
        credential["response"][part] = base64url(change(octets))

    return alter


def _says(name: str, value: object) -> Callable[[bytes], bytes]:
    return lambda octets: json.dumps({**json.loads(octets), name: value}).encode()


WRONG: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("another signature", _changed("signature", lambda octets: octets[:-1] + bytes([octets[-1] ^ 1]))),
    ("no signature", _changed("signature", lambda _: b"")),
    ("another origin", _changed("clientDataJSON", _says("origin", "https://evil.example"))),
    ("another ceremony", _changed("clientDataJSON", _says("type", "webauthn.create"))),
    ("another challenge", _changed("clientDataJSON", _says("challenge", base64url(bytes(40))))),
    ("no challenge", _changed("clientDataJSON", lambda _: b"{}")),
    ("no JSON", _changed("clientDataJSON", lambda _: b"\xff\xfe")),
    ("deep JSON", _changed("clientDataJSON", lambda _: b'{"challenge":' + b"[" * 2_000)),
    ("another host", _changed("authenticatorData", lambda octets: bytes(32) + octets[32:])),
    ("nobody there", _changed("authenticatorData", lambda octets: octets[:32] + b"\x00" + octets[33:])),
    ("no data", _changed("authenticatorData", lambda _: b"")),
    ("another user", _changed("userHandle", lambda octets: bytes(len(octets)))),
    ("another passkey", lambda credential: credential.update(id=base64url(bytes(32)), rawId=base64url(bytes(32)))),
    ("two ids", lambda credential: credential.update(rawId=base64url(bytes(32)))),
]


@pytest.mark.parametrize(("alter"), [alter for _, alter in WRONG], ids=[words for words, _ in WRONG])
async def test_what_is_not_as_the_authenticator_signed_it_lets_nobody_in(floor: Floor, alter: Callable[[dict[str, Any]], None]) -> None:
    phone = await enrolled(floor, await logged_in(floor))
    browser = browser_of(floor)
    credential = phone.get(await browser.call("POST", "/session/passkey/options"))
    wrong = copy.deepcopy(credential)
    alter(wrong)
    assert await browser.problem("POST", "/session/passkey", {"credential": wrong}) == (401, "passkey-wrong")
    assert not browser.cookies
    await browser.call("POST", "/session/passkey", {"credential": credential})


async def test_an_unverified_owner_neither_enrols_nor_comes_in(floor: Floor) -> None:
    browser = await logged_in(floor)
    found = Authenticator(ORIGIN, verified=False)
    options = await browser.call("POST", "/account/passkeys/options")
    assert await browser.problem("POST", "/account/passkeys", {"name": "x", "credential": found.create(options)}) == (401, "passkey-wrong")
    phone = await enrolled(floor, browser)
    phone.verified = False
    options = await browser.call("POST", "/session/passkey/options")
    assert await browser.problem("POST", "/session/passkey", {"credential": phone.get(options)}) == (401, "passkey-wrong")


@pytest.mark.parametrize("counter", [0, None], ids=["counts", "counts nothing"])
async def test_an_answer_is_taken_once_and_for_five_minutes(floor: Floor, counter: int | None) -> None:
    phone = await enrolled(floor, await logged_in(floor), Authenticator(ORIGIN, counter))
    browser = browser_of(floor)
    first, second = [await browser.call("POST", "/session/passkey/options") for _ in range(2)]
    earlier = phone.get(first)
    credential = phone.get(second)
    await browser.call("POST", "/session/passkey", {"credential": credential})
    for stale in (credential, earlier):
        assert await browser_of(floor).problem("POST", "/session/passkey", {"credential": stale}) == (401, "passkey-wrong")
    floor.restart_dialect()
    assert await browser_of(floor).problem("POST", "/session/passkey", {"credential": credential}) == (401, "passkey-wrong")
    options = await browser.call("POST", "/session/passkey/options")
    floor.clock.now += CHALLENGE_LIFETIME + SECOND
    assert await browser_of(floor).problem("POST", "/session/passkey", {"credential": phone.get(options)}) == (401, "passkey-wrong")


async def test_a_challenge_is_good_for_what_it_was_given_for(floor: Floor) -> None:
    browser = await logged_in(floor)
    phone = await enrolled(floor, browser)
    for_login = await browser.call("POST", "/session/passkey/options")
    assert await browser.problem("POST", "/session/proof/passkey", {"credential": phone.get(for_login)}) == (401, "passkey-wrong")
    for_proof = await browser.call("POST", "/session/proof/passkey/options")
    assert await browser_of(floor).problem("POST", "/session/passkey", {"credential": phone.get(for_proof)}) == (401, "passkey-wrong")
    other = await logged_in(floor)
    assert await other.problem("POST", "/session/proof/passkey", {"credential": phone.get(for_proof)}) == (401, "passkey-wrong")
    enrolling = await other.call("POST", "/account/passkeys/options")
    made = Authenticator(ORIGIN).create(enrolling)
    assert await browser.problem("POST", "/account/passkeys", {"name": "x", "credential": made}) == (401, "passkey-wrong")


async def test_a_counter_that_went_back_is_refused_and_written_down(floor: Floor) -> None:
    browser = await logged_in(floor)
    phone = await enrolled(floor, browser)
    await log_in(browser_of(floor), phone)
    await log_in(browser_of(floor), phone)
    phone.counter = 1  # a copy that was made when there was one signature
    other = browser_of(floor)
    options = await other.call("POST", "/session/passkey/options")
    assert await other.problem("POST", "/session/passkey", {"credential": phone.get(options)}) == (401, "passkey-wrong")
    assert (await browser.call("GET", "/account/events?limit=1"))["rows"][0]["kind"] == "passkey-suspect"


async def test_somebody_else_s_passkey_proves_nothing(floor: Floor) -> None:
    alice, bob = await logged_in(floor), await logged_in(floor, "bob")
    theirs = await enrolled(floor, bob)
    options = await alice.call("POST", "/session/proof/passkey/options")
    assert options["allowCredentials"] == []
    assert await alice.problem("POST", "/session/proof/passkey", {"credential": theirs.get(options)}) == (401, "passkey-wrong")


async def test_one_credential_is_enrolled_once(floor: Floor) -> None:
    alice, bob = await logged_in(floor), await logged_in(floor, "bob")
    options = await alice.call("POST", "/account/passkeys/options")
    made = Authenticator(ORIGIN).create(options)
    await alice.call("POST", "/account/passkeys", {"name": "one", "credential": made})
    assert await alice.problem("POST", "/account/passkeys", {"name": "two", "credential": made}) == (409, "passkey-taken")
    assert await bob.problem("POST", "/account/passkeys", {"name": "two", "credential": made}) == (401, "passkey-wrong")


async def test_twenty_passkeys_are_the_most(floor: Floor) -> None:
    browser = await logged_in(floor)
    for _ in range(20):
        await enrolled(floor, browser)
        floor.clock.now += SECOND
    credential = Authenticator(ORIGIN).create(await browser.call("POST", "/account/passkeys/options"))
    assert await browser.problem("POST", "/account/passkeys", {"name": "x", "credential": credential}) == (409, "too-many-passkeys")


@pytest.mark.parametrize(
    ("scheme", "host", "there"),
    [
        ("https", "cambist.example", True),
        ("http", "localhost:8700", True),
        ("http", "cambist.example", False),
        ("http", "127.0.0.1:8700", False),
        ("https", "192.0.2.7", False),
        ("https", "[2001:db8::7]", False),
    ],
)
async def test_where_browsers_have_passkeys(floor: Floor, scheme: str, host: str, there: bool) -> None:
    browser = Browser(floor, scheme=scheme)
    browser.headers |= {"host": host, "origin": f"{scheme}://{host}"}
    if there:
        assert (await browser.call("POST", "/session/passkey/options"))["rpId"] == host.partition(":")[0]
    else:
        assert await browser.problem("POST", "/session/passkey/options") == (409, "passkeys-unavailable")


@pytest.mark.parametrize("settings", [Settings(origin="https://pub.example")])
async def test_the_configured_origin_counts_whatever_the_proxy_calls_this_server(floor: Floor) -> None:
    floor.user("alice")
    browser = Browser(floor)
    browser.headers |= {"host": "10.0.0.7:8700", "origin": ""}
    await browser.log_in("alice")
    phone = await enrolled(floor, browser, Authenticator("https://pub.example"))
    assert phone.host == "pub.example"
    await log_in(browser, phone)
    phone.origin = "http://10.0.0.7:8700"
    options = await browser.call("POST", "/session/passkey/options")
    assert await browser.problem("POST", "/session/passkey", {"credential": phone.get(options)}) == (401, "passkey-wrong")


async def test_a_passkey_of_one_host_is_none_at_another(floor: Floor) -> None:
    phone = await enrolled(floor, await logged_in(floor))
    other = browser_of(floor)
    other.headers |= {"host": "evil.example", "origin": "https://evil.example"}
    options = await other.call("POST", "/session/passkey/options")
    phone.host, phone.origin = "evil.example", "https://evil.example"
    assert await other.problem("POST", "/session/passkey", {"credential": phone.get(options)}) == (401, "passkey-wrong")


async def test_signatures_of_one_network_are_looked_at_for_a_while(floor: Floor) -> None:
    phone = await enrolled(floor, await logged_in(floor))
    attacker = browser_of(floor, "203.0.113.9")
    options = await attacker.call("POST", "/session/passkey/options")
    wrong = phone.get(options)
    wrong["response"]["signature"] = base64url(bytes(70))
    answers = [await attacker.problem("POST", "/session/passkey", {"credential": wrong}) for _ in range(32)]
    assert answers == [(401, "passkey-wrong")] * 30 + [(429, "rate-limited")] * 2
    await log_in(browser_of(floor), phone)


async def test_no_page_of_another_site_logs_somebody_in(floor: Floor) -> None:
    phone = await enrolled(floor, await logged_in(floor))
    browser = browser_of(floor)
    credential = phone.get(await browser.call("POST", "/session/passkey/options"))
    headers = {"origin": "https://evil.example"}
    assert await browser.problem("POST", "/session/passkey", {"credential": credential}, headers) == (403, "csrf-wrong")
    reply = await browser.reply("POST", "/session/passkey", {"credential": credential}, {"content-type": "text/plain"})
    assert problem_of(reply) == (415, "content-type-wrong")


async def test_a_passkey_proves_who_one_is(floor: Floor) -> None:
    browser = await logged_in(floor)
    phone = await enrolled(floor, browser)
    floor.clock.now += 10 * MINUTE
    assert await browser.problem("POST", "/keys", {"api": "native"}) == (403, "proof-required")
    options = await browser.call("POST", "/session/proof/passkey/options")
    assert options["allowCredentials"] == [{"type": "public-key", "id": base64url(phone.credential)}]
    session = await browser.call("POST", "/session/proof/passkey", {"credential": phone.get(options)})
    assert session["proved_until"] == floor.clock.now + 10 * MINUTE
    await browser.call("POST", "/keys", {"api": "native"})
