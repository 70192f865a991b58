"""What a page is told before anybody has logged in, and the demo users of a sandbox."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cambist import __version__
from cambist.dialect_kit.venue_services import SandboxFacts
from cambist.dialects.native import Settings
from tests.dialects.native.floor import Browser, Floor
from tests.dialects.native.test_accounts import with_codes

VENUE = {"version": __version__, "kind": "sandbox", "sign_up": True, "demo_users": [], "sandbox": None}
"""What strangers are told of a sandbox."""


@pytest.fixture
async def sandbox(folder: Path) -> AsyncIterator[Floor]:
    """A floor whose users alice and bob are demo users; carol is not."""
    floor = Floor(folder, Settings())
    floor.services = replace(floor.services, sandbox=SandboxFacts(7, "x60", "calm", lambda: ["alice", "bob"]))
    floor.restart_dialect()
    for name in ("alice", "bob", "carol"):
        floor.user(name)
    yield floor
    floor.close()


def browser_at(floor: Floor, client: str = "127.0.0.1", host: str = "127.0.0.1:8700") -> Browser:
    browser = Browser(floor, client=client)
    browser.headers |= {"host": host, "origin": f"http://{host}"}
    return browser


async def test_a_venue_has_no_demo_users(floor: Floor) -> None:
    floor.user("alice")
    browser = browser_at(floor)
    assert await browser.call("GET", "/venue") == {**VENUE, "kind": "venue"}
    assert await browser.problem("POST", "/session/demo", {"name": "alice"}) == (404, "not-found")


async def test_a_demo_user_of_a_sandbox_logs_in_without_a_password(sandbox: Floor) -> None:
    browser = browser_at(sandbox)
    assert await browser.call("GET", "/venue") == {
        **VENUE,
        "demo_users": ["alice", "bob"],
        "sandbox": {"seed": 7, "clock": "x60", "preset": "calm", "control": "/sandbox"},
    }
    assert (await browser.call("POST", "/session/demo", {"name": "bob"}))["profile"]["name"] == "bob"
    assert (await browser.call("GET", "/account"))["name"] == "bob"
    assert await browser.problem("POST", "/session/demo", {"name": "carol"}) == (404, "not-found")


@pytest.mark.parametrize(
    ("client", "host"),
    [
        ("192.0.2.1", "127.0.0.1:8700"),
        ("192.0.2.1", "sandbox.example"),
        ("127.0.0.1", "rebound.example:8700"),  # another site's name that leads here
    ],
)
async def test_demo_users_are_for_browsers_on_the_sandbox_s_machine(client: str, host: str, sandbox: Floor) -> None:
    browser = browser_at(sandbox, client, host)
    assert await browser.call("GET", "/venue") == VENUE, "users' passwords follow from the seed"
    assert await browser.problem("POST", "/session/demo", {"name": "alice"}) == (404, "not-found")


async def test_another_site_s_page_logs_no_demo_user_in(sandbox: Floor) -> None:
    said = await browser_at(sandbox).problem("POST", "/session/demo", {"name": "alice"}, {"origin": "http://evil.example"})
    assert said == (403, "csrf-wrong")


async def test_a_demo_user_with_one_time_codes_needs_them(sandbox: Floor) -> None:
    browser = browser_at(sandbox)
    await browser.call("POST", "/session/demo", {"name": "alice"})
    await with_codes(sandbox, browser)
    assert await browser_at(sandbox).problem("POST", "/session/demo", {"name": "alice"}) == (401, "code-required")


async def test_a_frozen_demo_user_stays_out(sandbox: Floor) -> None:
    bob = sandbox.directory.user("bob")
    assert bob is not None
    sandbox.directory.freeze(bob)
    assert await browser_at(sandbox).problem("POST", "/session/demo", {"name": "bob"}) == (403, "user-frozen")
