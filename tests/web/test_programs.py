"""The programs that the page hands out are the server's, filled in and copied whole; tests/app/test_snippets.py runs each of them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.processes import Running
from tests.web.visitor import LOOKS, Screen, Visitor


def run(program: str, folder: Path) -> str:
    """What a Python program prints that is started in a folder."""
    line = [sys.executable, "-I", "-"]
    done = subprocess.run(line, input=program, capture_output=True, text=True, timeout=120, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_key(visitor: Visitor, api: str, signature: str = "") -> None:
    visitor.open("/security/keys")
    visitor.page.get_by_role("main").get_by_label("API", exact=True).select_option(api)
    if signature:
        visitor.page.get_by_label("Programs sign with").select_option(signature)
    visitor.page.get_by_role("button", name="Make the key").click()


def pick_newest_key(visitor: Visitor, api: str) -> None:
    visitor.open("/programs")
    visitor.page.get_by_role("main").get_by_label("API", exact=True).select_option(api)
    chooser = visitor.page.get_by_role("main").get_by_label("Key", exact=True)
    chooser.select_option(index=chooser.locator("option").count() - 1)


def copied(visitor: Visitor) -> str:
    visitor.page.get_by_role("button", name="Copy program").click()
    expect(visitor.page.get_by_role("button", name="Copied")).to_be_visible()
    text: str = visitor.page.evaluate("navigator.clipboard.readText()")
    return text


def reader(visitor: Visitor) -> Visitor:
    """Somebody whose clipboard can be read."""
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return visitor


def test_a_program_is_copied_with_its_secret_and_runs(sandbox: Running, visit: Callable[..., Visitor], tmp_path: Path) -> None:
    alice = reader(visit(sandbox.url).demo("alice"))
    make_key(alice, "expie")
    alice.page.get_by_role("button", name="Done").click()
    pick_newest_key(alice, "expie")
    program = alice.page.get_by_test_id("program")
    expect(program).to_contain_text("YOUR-TOKEN")
    alice.page.get_by_role("button", name="Put the secret in").click()
    expect(program).not_to_contain_text("YOUR-")
    text = copied(alice)
    assert text.strip() == program.inner_text().strip()
    assert "USD" in run(text, tmp_path)
    alice.page.get_by_role("tab", name="curl").click()
    expect(program).to_contain_text("curl -sS")


def test_a_private_key_made_in_the_browser_signs(
    sandbox: Running, visit: Callable[..., Visitor], photographs: Path, tmp_path: Path
) -> None:
    alice = reader(visit(sandbox.url).demo("alice"))
    with alice.page.expect_download() as saved:
        make_key(alice, "native", "pair")
    file = saved.value.suggested_filename
    saved.value.save_as(tmp_path / file)
    expect(alice.page.get_by_role("dialog")).to_contain_text(file)
    alice.check(photographs, "security-key-pair-made")
    alice.page.get_by_role("button", name="Done").click()
    pick_newest_key(alice, "native")
    expect(alice.page.get_by_role("button", name="Put the secret in")).to_have_count(0)
    assert "USD" in run(copied(alice), tmp_path)


@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
def test_the_page_of_programs_can_be_read_by_everybody(
    screen: Screen, theme: str, sandbox: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    alice = visit(sandbox.url, screen, theme).demo("alice").open("/programs")
    expect(alice.page.get_by_test_id("program")).to_contain_text("SECRET")
    expect(alice.page.get_by_role("main").get_by_role("status", name="Loading")).to_have_count(0)
    alice.check(photographs, f"programs-{screen.name.lower()}-{theme}")
