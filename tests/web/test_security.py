"""Keys and security in a browser: keys with their secrets, password, one-time codes, passkeys, sessions, and what happened."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import expect

from tests.support.processes import Running
from tests.web.visitor import LOOKS, Screen, Visitor

PARTS = ["keys", "login", "sessions", "log"]
HOSTILE = '<img src=x onerror="window.hurt=1"><b>x</b>'


def one_time_code(secret: str) -> str:
    """RFC 6238 with SHA-1, 30 s and six digits, as authenticator apps do it."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, int(time.time() // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def press(visitor: Visitor, name: str | re.Pattern[str]) -> None:
    visitor.page.get_by_role("button", name=name, exact=isinstance(name, str)).click()


def fill(visitor: Visitor, label: str, text: str) -> None:
    visitor.page.get_by_label(label, exact=True).fill(text)


def test_a_key_is_made_shown_once_more_and_revoked(sandbox: Running, visit: Callable[..., Visitor], photographs: Path) -> None:
    user = visit(sandbox.url).sign_up("keymaker").open("/security/keys")
    expect(user.page.get_by_role("main")).to_contain_text("You have no keys")
    fill(user, "Only from these addresses (may stay empty)", "not an address")
    press(user, "Make the key")
    expect(user.page.get_by_role("alert")).to_contain_text("An address is one of IPv4 or IPv6")
    fill(user, "Only from these addresses (may stay empty)", "192.0.2.7, 2001:db8::/32")
    user.page.get_by_label("trade", exact=True).uncheck()
    press(user, "Make the key")
    secret = user.page.get_by_test_id("credential-secret").inner_text()
    assert len(secret) >= 32
    user.photograph(photographs, "security-key-made")
    press(user, "Done")
    row = user.page.get_by_role("region", name="Your keys").get_by_role("row").filter(has_text="Cambist")
    expect(row).to_contain_text("192.0.2.7")
    expect(row).not_to_contain_text("trade")
    press(user, re.compile("Show the secret"))
    expect(user.page.get_by_test_id("credential-secret")).to_have_text(secret)
    press(user, "Done")
    row.get_by_role("button", name=re.compile("Revoke")).click()
    user.page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(user.page.get_by_role("main")).to_contain_text("You have no keys")
    user.open("/security/log")
    expect(user.page.get_by_role("region", name="Security log")).to_contain_text("API key revoked")


def test_a_public_key_is_pasted_in_the_place_of_a_secret(sandbox: Running, visit: Callable[..., Visitor], photographs: Path) -> None:
    user = visit(sandbox.url).sign_up("signer").open("/security/keys")
    user.page.get_by_label("Programs sign with").select_option("public")
    fill(user, "Its public key", "no key at all")
    press(user, "Make the key")
    expect(user.page.get_by_role("alert")).to_contain_text("This is no Ed25519 public key")
    user.check(photographs, "security-public-key-wrong")
    public = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    fill(user, "Its public key", pem.replace("\n", " "))
    press(user, "Make the key")
    expect(user.page.get_by_test_id("credential-public_key")).to_have_text(public.public_bytes_raw().hex())
    press(user, "Done")
    row = user.page.get_by_role("region", name="Your keys").get_by_role("row").filter(has_text="Ed25519")
    expect(row).to_have_count(1)
    expect(row.get_by_role("button", name=re.compile("Show the secret"))).to_have_count(0)


def test_a_new_password_ends_the_other_sessions(sandbox: Running, visit: Callable[..., Visitor]) -> None:
    here, there = visit(sandbox.url).sign_up("changer"), visit(sandbox.url)
    there.log_in("changer")
    here.open("/security/sessions")
    sessions = here.page.get_by_role("region", name="Sessions")
    expect(sessions.get_by_role("row")).to_have_count(3)
    here.open("/security/login")
    fill(here, "Present password", "wrong horse")
    fill(here, "New password", "another horse")
    fill(here, "New password again", "another horse")
    press(here, "Change password")
    expect(here.page.get_by_role("alert")).to_contain_text("This is not your password.")
    fill(here, "Present password", "correct horse")
    press(here, "Change password")
    expect(here.page.get_by_role("status").filter(has_text="The password is changed")).to_be_visible()
    here.open("/security/sessions")
    expect(sessions.get_by_role("row")).to_have_count(2)
    there.open("/wallet")
    expect(there.page.get_by_role("main")).to_contain_text("Log in to see this")


def test_one_time_codes_are_switched_on_and_a_recovery_code_stands_in(
    sandbox: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    user = visit(sandbox.url).sign_up("careful").open("/security/login")
    press(user, "Switch on")
    secret = user.page.get_by_test_id("totp-secret").inner_text()
    drawing = user.page.get_by_role("img", name="QR code for your authenticator app")
    assert drawing.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    user.check(photographs, "security-codes-enrol")
    dialog = user.page.get_by_role("dialog")
    fill(user, "The code that it shows", "000000")
    dialog.get_by_role("button", name="Switch on").click()
    expect(dialog.get_by_role("alert")).to_contain_text("wrong or was used before")
    fill(user, "The code that it shows", one_time_code(secret))
    dialog.get_by_role("button", name="Switch on").click()
    listed = user.page.get_by_test_id("recovery-codes").get_by_role("listitem")
    expect(listed).to_have_count(10)
    codes = listed.all_inner_texts()
    user.check(photographs, "security-recovery-codes")
    press(user, "I have kept them")
    expect(user.page.get_by_role("main")).to_contain_text("10 recovery codes are left")
    elsewhere = visit(sandbox.url).log_in("careful", code=codes[0])
    expect(elsewhere.page).to_have_url(re.compile("/trade"))


def test_a_passkey_is_added_logs_in_is_renamed_and_removed(sandbox: Running, visit: Callable[..., Visitor], photographs: Path) -> None:
    user = visit(sandbox.url.replace("127.0.0.1", "localhost"))
    devtools = user.context.new_cdp_session(user.page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "automaticPresenceSimulation": True}})
    user.sign_up("keyless").open("/security/login")
    fill(user, "What to call it", HOSTILE)
    press(user, "Add a passkey")
    row = user.page.get_by_role("region", name="Passkeys").get_by_role("row").filter(has_text="localhost")
    expect(row).to_contain_text(HOSTILE)
    assert user.page.evaluate("window.hurt") is None, "a name is text"
    row.get_by_role("button", name=re.compile("Rename")).click()
    fill(user, "Name", "Phone")
    user.page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(row).to_contain_text("Phone")
    user.check(photographs, "security-passkey")
    press(user, "Log out")
    expect(user.page.get_by_role("main")).to_contain_text("Log in to see this")
    user.open("/login")
    press(user, "Log in with a passkey")
    expect(user.page).to_have_url(re.compile("/trade"))
    user.open("/security/login")
    row.get_by_role("button", name=re.compile("Remove")).click()
    user.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(user.page.get_by_role("main")).to_contain_text("You have no passkeys")


@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
def test_every_part_of_keys_and_security_can_be_read_by_everybody(
    screen: Screen, theme: str, sandbox: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    alice = visit(sandbox.url, screen, theme).demo("alice")
    for part in PARTS:
        alice.open(f"/security/{part}")
        expect(alice.page.get_by_role("main").get_by_role("status", name="Loading")).to_have_count(0)
        expect(alice.page.get_by_role("tabpanel")).to_be_visible()
        alice.check(photographs, f"security-{part}-{screen.name.lower()}-{theme}")
