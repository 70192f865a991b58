"""Every page in dark and light and on a phone: it shows what it should, axe finds nothing, nothing sticks out, and it is photographed."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.processes import Running
from tests.web.visitor import Screen, Visitor

LOOKS = [(Screen.DESKTOP, "dark"), (Screen.DESKTOP, "light"), (Screen.PHONE, "dark"), (Screen.PHONE, "light")]
PAGES = [
    # path, who looks ("" is nobody), what shows that it is there
    ("/trade/btc_usd", "", "BTC/USD"),
    ("/trade/btc_usd", "alice", "BTC/USD"),
    ("/trade/xyz_usd", "", "There is no market"),
    ("/markets", "", "BTC/USD"),
    ("/login", "", "Demo users"),
    ("/sign-up", "", "Password again"),
]


@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
@pytest.mark.parametrize(("path", "who", "words"), PAGES, ids=[f"{row[0]} {row[1]}".strip() for row in PAGES])
def test_a_page(
    path: str, who: str, words: str, screen: Screen, theme: str, sandbox: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    visitor = visit(sandbox.url, screen, theme)
    if who:
        visitor.demo(who)
    visitor.open(path)
    expect(visitor.page.get_by_role("main")).to_contain_text(words)
    expect(visitor.page.get_by_role("complementary", name="Play money")).to_contain_text("PLAY MONEY")
    expect(visitor.page.get_by_role("main").get_by_role("status", name=re.compile("Loading"))).to_have_count(0)
    visitor.check(photographs, "-".join([*path.strip("/").split("/"), *([who] if who else []), screen.name.lower(), theme]))
