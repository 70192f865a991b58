"""A phone in one hand: nothing is scrolled sideways, everything is large enough for a finger, and the keyboard covers nothing."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from cambist.client import calls
from tests.support.processes import Running, serving
from tests.web.trading import client_of, limit
from tests.web.visitor import Screen, Visitor

Visit = Callable[..., Visitor]
WITH_KEYBOARD = ViewportSize(width=360, height=330)
"""What a small phone has left of its screen while its keyboard is shown."""
PAGES = [
    "/markets",
    "/wallet",
    "/wallet/deposit/BTC",
    "/wallet/withdraw/BTC",
    "/wallet/transfer",
    "/wallet/coupons",
    "/wallet/history",
    "/security/keys",
    "/security/login",
    "/security/sessions",
    "/security/log",
    "/merchant",
    "/programs",
    "/books",
]
LOOKS = [(Screen.PHONE, "light"), (Screen.SMALL_PHONE, "dark")]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox in which alice has bought something, and has an order left."""
    folder = tmp_path_factory.mktemp("quiet")
    with serving(folder, "sandbox", "--quiet", "--seed", "7", "--data", folder / "data") as running:
        with client_of(running, "bob") as bob, client_of(running, "alice") as alice:
            bob.send(calls.place_order(limit("sell", "280.125", "0.12345678")))
            alice.send(calls.place_order(limit("buy", "280.125", "0.12345678")))
            alice.send(calls.place_order(limit("buy", "270.125", "1234.5")))
        yield running


def at(visitor: Visitor, path: str) -> Page:
    visitor.demo("alice").open(path)
    expect(visitor.page.get_by_role("main").get_by_role("status", name=re.compile("Loading"))).to_have_count(0)
    return visitor.page


@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits(path: str, screen: Screen, theme: str, quiet: Running, visit: Visit, photographs: Path) -> None:
    visitor = visit(quiet.url, screen, theme)
    at(visitor, path)
    visitor.check(photographs, "-".join(["fits", *path.strip("/").split("/"), screen.name.lower(), theme]))


@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
def test_the_trade_page_fits_in_every_part(screen: Screen, theme: str, quiet: Running, visit: Visit, photographs: Path) -> None:
    visitor = visit(quiet.url, screen, theme)
    page = at(visitor, "/trade/btc_usd")
    look = f"{screen.name.lower()}-{theme}"
    for part in ("Chart", "Book", "Trades", "Orders"):
        page.get_by_role("tab", name=part, exact=False).first.click()
        visitor.check(photographs, f"fits-trade-{part.lower()}-{look}")
    for part in ("Order history", "Fills", "Balances", "Open orders"):
        page.get_by_role("tab", name=part).click()
        visitor.check(photographs, f"fits-trade-{part.lower().replace(' ', '-')}-{look}")
    for what in ("Change order", "As each API words order"):
        page.get_by_role("button", name=re.compile(what)).tap()
        expect(page.get_by_role("dialog")).not_to_contain_text("Loading")
        visitor.check(photographs, f"fits-trade-{what.lower().replace(' ', '-')}-{look}")
        page.get_by_role("button", name="Close").tap()


def test_a_row_is_a_card_that_leaves_nothing_out(quiet: Running, visit: Visit) -> None:
    page = at(visit(quiet.url, Screen.SMALL_PHONE), "/trade/btc_usd")
    page.get_by_role("tab", name="Orders").click()
    page.get_by_role("tab", name="Fills").click()
    row = page.get_by_role("table", name="Fills").get_by_role("row").last
    for title in ("Side", "Price", "Amount", "Fee", "Role", "When"):
        cell = row.locator(f"[data-title='{title}']")
        expect(cell).to_be_in_viewport(ratio=1)
        expect(cell).not_to_be_empty()


def test_the_keyboard_of_the_phone_covers_neither_the_field_nor_the_button(quiet: Running, visit: Visit, photographs: Path) -> None:
    visitor = visit(quiet.url, Screen.SMALL_PHONE)
    page = at(visitor, "/trade/btc_usd")
    page.get_by_role("button", name="▲ Buy").tap()
    form = page.get_by_role("form", name="Order")
    submit = form.locator("[type=submit]")
    page.set_viewport_size(WITH_KEYBOARD)  # as the page's own viewport asks for
    assert "interactive-widget=resizes-content" in (page.locator("meta[name=viewport]").get_attribute("content") or "")
    for label in ("Price", "Amount", "Total"):
        field = form.get_by_label(label, exact=True)
        expect(field).to_have_attribute("inputmode", "decimal")
        field.focus()
        expect(field).to_be_in_viewport(ratio=1)
        expect(submit).to_be_in_viewport(ratio=1)
        upper, lower = field.bounding_box(), submit.bounding_box()
        assert upper is not None
        assert lower is not None
        assert upper["y"] + upper["height"] <= lower["y"], f"the button covers {label}"
    visitor.photograph(photographs, "trade-phone-with-keyboard")


def test_the_menu_closes_when_one_has_gone_where_it_leads_or_elsewhere(quiet: Running, visit: Visit, photographs: Path) -> None:
    visitor = visit(quiet.url, Screen.SMALL_PHONE).open("/markets")
    page = visitor.page
    menu = page.get_by_role("button", name="Menu")
    menu.tap()
    visitor.check(photographs, "fits-menu")
    page.get_by_role("heading", name="Markets").dispatch_event("pointerdown")
    expect(menu).to_have_attribute("aria-expanded", "false")
    menu.press("Enter")
    page.keyboard.press("Escape")
    expect(menu).to_have_attribute("aria-expanded", "false")
    expect(menu).to_be_focused()
    menu.tap()
    page.get_by_role("banner").get_by_role("button", name="alice").tap()
    expect(menu).to_have_attribute("aria-expanded", "false")
    menu.tap()
    visitor.check(photographs, "fits-menu-logged-in")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Wallet").tap()
    expect(menu).to_have_attribute("aria-expanded", "false")
