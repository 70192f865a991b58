"""People: signing up, logging in and out, second factors, sessions; and what must not work."""

import base64
import re
from collections.abc import Iterable
from pathlib import Path

import pyotp
import pytest

from cambist.dialects.native import Settings
from cambist.directory import marks
from tests.dialects.native.floor import Browser, Floor, problem_of

SECOND = 1_000_000
HOUR = 3_600 * SECOND


def code(secret: str, floor: Floor, step: int = 0) -> str:
    return pyotp.TOTP(secret).at(floor.clock.wall() // SECOND + 30 * step)


async def with_codes(floor: Floor, browser: Browser) -> tuple[str, list[str]]:
    """(secret, recovery codes) after codes were switched on."""
    enrolment = await browser.call("POST", "/account/totp")
    codes = (await browser.call("POST", "/account/totp/confirm", {"code": code(enrolment["secret"], floor)}))["codes"]
    return enrolment["secret"], codes


async def test_from_signing_up_to_the_first_order(floor: Floor) -> None:
    browser = Browser(floor)
    session = await browser.call("POST", "/users", {"name": "Maria", "password": "correct horse"})
    assert session["profile"]["name"] == "Maria"
    assert not session["profile"]["second_factor"]
    floor.fund(session["profile"]["account"], "USD", "100")
    order = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "900", "amount": "0.1"}
    placed = await browser.call("POST", "/orders", order, {"idempotency-key": "first"})
    assert placed["status"] == "open"
    assert (await browser.call("GET", "/orders"))["rows"][0]["id"] == placed["id"]


@pytest.mark.parametrize(
    ("name", "password", "status", "said"),
    [
        ("alice", "long enough", 409, "name-taken"),
        ("ALICE", "long enough", 409, "name-taken"),
        ("a", "long enough", 422, "name-invalid"),
        ("<script>", "long enough", 422, "name-invalid"),
        ("maria", "short", 422, "password-too-short"),
        ("maria", "x" * 1_025, 422, "password-too-long"),
        ("maria", "x" * 3_000, 400, "request-invalid"),
    ],
)
async def test_who_cannot_sign_up_opens_no_account(floor: Floor, name: str, password: str, status: int, said: str) -> None:
    floor.user("alice")
    before = floor.engine.accounts
    assert await Browser(floor).problem("POST", "/users", {"name": name, "password": password}) == (status, said)
    assert floor.engine.accounts == before


async def test_signing_up_is_bounded_for_a_network(floor: Floor) -> None:
    for number in range(10):
        await Browser(floor).call("POST", "/users", {"name": f"user{number}", "password": "long enough"})
    reply = await Browser(floor).reply("POST", "/users", {"name": "another", "password": "long enough"})
    assert problem_of(reply) == (429, "rate-limited")
    assert dict(reply.headers)[b"retry-after"] == b"3600"
    await Browser(floor, client="198.51.100.9").call("POST", "/users", {"name": "another", "password": "long enough"})


async def test_a_closed_sign_up(folder: Path) -> None:
    floor = Floor(folder, Settings(sign_up=False))
    assert await Browser(floor).problem("POST", "/users", {"name": "maria", "password": "long enough"}) == (403, "sign-up-closed")
    floor.close()


async def test_a_login_from_another_site_s_page_is_refused(floor: Floor) -> None:
    floor.user("alice")
    said = {"name": "alice", "password": "a password"}
    browser = Browser(floor)
    assert await browser.problem("POST", "/session", said, {"origin": "http://evil.example"}) == (403, "csrf-wrong")
    assert await browser.problem("POST", "/session", said, {"content-type": "text/plain"}) == (415, "content-type-wrong")
    assert await browser.problem("POST", "/users", said, {"origin": "http://evil.example"}) == (403, "csrf-wrong")


@pytest.mark.parametrize(("scheme", "name", "secure"), [("http", "cambist-session", False), ("https", "__Host-cambist-session", True)])
async def test_the_cookie_is_for_the_server_alone(floor: Floor, scheme: str, name: str, secure: bool) -> None:
    floor.user("alice")
    browser = Browser(floor, scheme=scheme)
    await browser.log_in("alice")
    attributes = set(browser.attributes[name].split("; "))
    assert {"Path=/", "HttpOnly", "SameSite=Strict"} <= attributes
    assert ("Secure" in attributes) is secure
    assert re.fullmatch("[0-9a-f]{64}", browser.cookies[name])
    assert (await browser.call("GET", "/session"))["profile"]["name"] == "alice"


async def test_over_tls_only_the_cookie_of_this_host_counts(floor: Floor) -> None:
    floor.user("alice")
    plain, secure = Browser(floor), Browser(floor, scheme="https")
    await plain.log_in("alice")
    secure.cookies = dict(plain.cookies)
    assert await secure.problem("GET", "/session") == (401, "unauthenticated")


async def test_the_session_s_id_is_another_one_after_each_login(floor: Floor) -> None:
    floor.user("alice")
    browser = Browser(floor)
    browser.cookies["cambist-session"] = "f" * 64  # what an attacker may have put there
    await browser.log_in("alice")
    first = browser.cookies["cambist-session"]
    assert first != "f" * 64
    await browser.log_in("alice")
    assert browser.cookies["cambist-session"] != first
    stolen = Browser(floor)
    stolen.cookies["cambist-session"] = first
    assert await stolen.problem("GET", "/session") == (401, "unauthenticated")
    assert len(await browser.call("GET", "/account/sessions")) == 1


async def test_logging_out_ends_the_session_and_its_time_does_too(floor: Floor) -> None:
    floor.user("alice")
    browser = Browser(floor)
    await browser.log_in("alice")
    kept = dict(browser.cookies)
    await browser.call("DELETE", "/session")
    assert browser.cookies["cambist-session"] == ""
    browser.cookies = kept
    assert await browser.problem("GET", "/session") == (401, "unauthenticated")
    await browser.log_in("alice")
    floor.clock.now += 168 * HOUR
    assert await browser.problem("GET", "/session") == (401, "unauthenticated")


async def test_one_s_own_sessions_are_listed_and_ended(floor: Floor) -> None:
    floor.user("alice")
    here, there = Browser(floor), Browser(floor, client="198.51.100.9")
    await here.log_in("alice")
    theirs = await there.log_in("alice")
    rows = await here.call("GET", "/account/sessions")
    assert [(row["address"], row["agent"], row["current"]) for row in rows] == [
        ("198.51.100.9", "A browser", False),
        ("192.0.2.1", "A browser", True),
    ]
    await here.call("DELETE", f"/account/sessions/{theirs['id']}")
    assert await there.problem("GET", "/session") == (401, "unauthenticated")


async def test_a_frozen_user_has_no_session_and_gets_none(floor: Floor) -> None:
    user = floor.user("alice")
    browser = Browser(floor)
    await browser.log_in("alice")
    floor.directory.freeze(user)
    assert await browser.problem("GET", "/session") == (401, "unauthenticated")
    assert await browser.problem("POST", "/session", {"name": "alice", "password": "a password"}) == (403, "user-frozen")


async def test_wrong_logins(floor: Floor) -> None:
    floor.user("alice")
    browser = Browser(floor)
    for name, password in (("alice", "another"), ("nobody", "a password"), ("", ""), ("alice\x00", "a password")):
        assert await browser.problem("POST", "/session", {"name": name, "password": password}) == (401, "login-wrong")
    assert "cambist-session" not in browser.cookies


async def test_a_new_password_ends_every_other_session(floor: Floor) -> None:
    floor.user("alice")
    here, there = Browser(floor), Browser(floor, client="198.51.100.9")
    await here.log_in("alice")
    await there.log_in("alice")
    change = {"password": "a password", "new_password": "another password"}
    assert await here.problem("PUT", "/account/password", {**change, "password": "wrong"}) == (401, "login-wrong")
    assert await here.problem("PUT", "/account/password", {**change, "new_password": "short"}) == (422, "password-too-short")
    before = here.cookies["cambist-session"]
    await here.call("PUT", "/account/password", change)
    assert here.cookies["cambist-session"] != before
    assert (await here.call("GET", "/session"))["profile"]["name"] == "alice"
    assert await there.problem("GET", "/session") == (401, "unauthenticated")
    assert await there.problem("POST", "/session", {"name": "alice", "password": "a password"}) == (401, "login-wrong")
    await there.log_in("alice", "another password")
    floor.sequencer.drain()
    assert [meta.memo["directory"][0] for meta in floor.metas if meta.memo and marks.WORD in meta.memo] == ["password"]


async def test_one_time_codes_are_enrolled_asked_for_and_taken_once(floor: Floor) -> None:
    user = floor.user("alice")
    browser = Browser(floor)
    await browser.log_in("alice")
    enrolment = await browser.call("POST", "/account/totp")
    assert enrolment["uri"].startswith("otpauth://totp/Cambist:alice?secret=" + enrolment["secret"])
    assert enrolment["qr_svg"].startswith('<svg xmlns="http://www.w3.org/2000/svg"'), "an image by itself"
    assert len(base64.b32decode(enrolment["secret"])) == 20
    assert await browser.problem("POST", "/account/totp/confirm", {"code": "000000"}) == (401, "code-wrong")
    first = code(enrolment["secret"], floor)
    assert len((await browser.call("POST", "/account/totp/confirm", {"code": first}))["codes"]) == 10
    assert await browser.problem("POST", "/account/totp") == (409, "totp-active")
    other = Browser(floor)
    said = {"name": "alice", "password": "a password"}
    assert await other.problem("POST", "/session", said) == (401, "code-required")
    assert await other.problem("POST", "/session", {**said, "code": first}) == (401, "code-wrong")
    assert await other.problem("POST", "/session", {**said, "password": "wrong", "code": first}) == (401, "login-wrong")
    floor.clock.now += 30 * SECOND
    second = code(enrolment["secret"], floor)
    await other.log_in("alice", code=second)
    assert await other.problem("POST", "/session", {**said, "code": second}) == (401, "code-wrong")
    assert floor.directory.totp.active(user)


async def test_codes_cannot_be_guessed_for_long(floor: Floor) -> None:
    floor.user("alice")
    browser = Browser(floor)
    await browser.log_in("alice")
    secret, _ = await with_codes(floor, browser)
    wrong = next(text for text in ("111111", "222222") if text not in {code(secret, floor, step) for step in (-1, 0, 1)})
    said = {"name": "alice", "password": "a password", "code": wrong}
    answers = [await browser.problem("POST", "/session", said) for _ in range(7)]
    assert answers[:5] == [(401, "code-wrong")] * 5
    assert answers[5:] == [(429, "code-paused")] * 2


async def test_a_recovery_code_opens_once(floor: Floor) -> None:
    floor.user("alice")
    browser = Browser(floor)
    await browser.log_in("alice")
    _, codes = await with_codes(floor, browser)
    other = Browser(floor)
    session = await other.log_in("alice", code=codes[0].upper().replace("-", " "))
    assert session["profile"]["recovery_codes"] == 9
    said = {"name": "alice", "password": "a password", "code": codes[0]}
    assert await other.problem("POST", "/session", said) == (401, "code-wrong")
    renewed = await other.call("POST", "/account/recovery-codes", {"password": "a password", "code": codes[1]})
    assert not set(renewed["codes"]) & set(codes)
    assert await other.problem("POST", "/session", {**said, "code": codes[2]}) == (401, "code-wrong")
    await other.log_in("alice", code=renewed["codes"][0])


async def test_codes_are_switched_off_by_whoever_has_one(floor: Floor) -> None:
    floor.user("alice")
    browser = Browser(floor)
    await browser.log_in("alice")
    assert await browser.problem("POST", "/account/totp/remove", {"password": "a password"}) == (409, "totp-inactive")
    _, codes = await with_codes(floor, browser)
    assert await browser.problem("POST", "/account/totp/remove", {"password": "a password"}) == (401, "code-required")
    assert await browser.problem("POST", "/account/totp/remove", {"password": "wrong", "code": codes[0]}) == (401, "login-wrong")
    profile = await browser.call("POST", "/account/totp/remove", {"password": "a password", "code": codes[0]})
    assert (profile["second_factor"], profile["recovery_codes"]) == (False, 0)
    await Browser(floor).log_in("alice")


async def test_what_happened_can_be_read(floor: Floor) -> None:
    floor.user("alice")
    browser = Browser(floor)
    await Browser(floor, client="198.51.100.9").problem("POST", "/session", {"name": "alice", "password": "guess"})
    await browser.log_in("alice")
    await with_codes(floor, browser)
    page = await browser.call("GET", "/account/events?limit=3")
    rest = await browser.call("GET", f"/account/events?limit=3&cursor={page['next']}")
    kinds = [(row["kind"], row["address"]) for row in (*page["rows"], *rest["rows"])]
    assert kinds == [
        ("recovery-codes-renewed", "192.0.2.1"),
        ("codes-on", "192.0.2.1"),
        ("logged-in", "192.0.2.1"),
        ("login-failed", "198.51.100.9"),
    ]


async def test_a_key_cannot_do_what_is_for_people(floor: Floor) -> None:
    alice = floor.trader("alice")
    for method, path in (("GET", "/session"), ("POST", "/account/totp"), ("GET", "/account/sessions")):
        assert await floor.problem(alice, method, path) == (403, "session-required")
    assert (await floor.call(alice, "GET", "/account"))["name"] == "alice"


def secrets(floor: Floor, browsers: Iterable[Browser], *more: str) -> list[bytes]:
    tokens = [browser.cookies.get("cambist-session", "") for browser in browsers]
    return [text.encode() for text in (*tokens, *more) if text]


async def test_no_secret_is_in_a_file_in_clear(floor: Floor, tmp_path: Path) -> None:
    floor.user("alice")
    browser = Browser(floor)
    await browser.log_in("alice")
    secret, codes = await with_codes(floor, browser)
    floor.sequencer.drain()
    files = [path.read_bytes() for path in (tmp_path / "venue").iterdir() if path.is_file()]
    for text in secrets(floor, [browser], secret, "a password", *codes, *(each.replace("-", "") for each in codes)):
        assert not any(text in content for content in files)
