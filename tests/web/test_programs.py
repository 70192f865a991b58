"""The programs that the page hands out: each is copied from it and run."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from scripts.web import node

from tests.support.processes import Running
from tests.web.visitor import LOOKS, Screen, Visitor

APIS = ["native", "btce", "wex", "btse", "expie", "mtgox"]
TITLES = {"native": "Cambist", "btce": "BTC-e", "wex": "WEX", "btse": "BTSE", "expie": "Expie", "mtgox": "Mt.Gox"}


def run(language: str, program: str) -> str:
    """What it prints. Nothing else may be needed than the language itself."""
    lines = {
        "Python": [sys.executable, "-I", "-"],
        "JavaScript": [node()[0], "--input-type=module", "-"],
        "curl": ["bash", "-eu", "-s"],
    }
    done = subprocess.run(lines[language], input=program, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("api", APIS)
def test_programs_run_as_they_are_copied(api: str, sandbox: Running, visit: Callable[..., Visitor]) -> None:
    alice = visit(sandbox.url).demo("alice")
    alice.context.grant_permissions(["clipboard-read", "clipboard-write"])
    alice.open("/security/keys")
    alice.page.get_by_role("main").get_by_label("API", exact=True).select_option(api)
    alice.page.get_by_role("button", name="Make the key").click()
    alice.page.get_by_role("button", name="Done").click()
    expect(alice.page.get_by_role("region", name="Your keys")).to_contain_text(TITLES[api])
    alice.open("/programs")
    alice.page.get_by_role("main").get_by_label("API", exact=True).select_option(api)
    chooser = alice.page.get_by_role("main").get_by_label("Key", exact=True)
    chooser.select_option(index=chooser.locator("option").count() - 1)
    alice.page.get_by_role("button", name="Put the secret in").click()
    program = alice.page.get_by_test_id("program")
    expect(program).not_to_contain_text("YOUR-")
    for language in ("Python", "JavaScript", "curl"):
        if language == "curl" and (shutil.which("curl") is None or shutil.which("openssl") is None):
            continue
        alice.page.get_by_role("tab", name=language).click()
        alice.page.get_by_role("button", name="Copy program").click()
        expect(alice.page.get_by_role("button", name="Copied")).to_be_visible()
        copied = alice.page.evaluate("navigator.clipboard.readText()")
        assert copied == program.inner_text() or copied.strip() == program.inner_text().strip()
        said = run(language, copied)
        assert "USD" in said.upper(), f"{language} prints no balances: {said[:400]}"
        assert "error" not in said.lower()[:60] or '"error":[]' in said.replace(" ", ""), said[:400]


@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
def test_the_page_of_programs_can_be_read_by_everybody(
    screen: Screen, theme: str, sandbox: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    alice = visit(sandbox.url, screen, theme).demo("alice").open("/programs")
    expect(alice.page.get_by_test_id("program")).to_contain_text("SECRET")
    expect(alice.page.get_by_role("main").get_by_role("status", name="Loading")).to_have_count(0)
    alice.check(photographs, f"programs-{screen.name.lower()}-{theme}")
