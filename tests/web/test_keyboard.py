"""Whoever has no mouse always sees where they are, and never loses their place."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from cambist.client import calls
from tests.support.processes import Running, serving
from tests.web.trading import client_of, limit
from tests.web.visitor import Visitor

Visit = Callable[..., Visitor]
MOST_STOPS = 30
FOCUSED = """() => {
    const found = document.activeElement
    if (found === document.body) return null
    const box = found.getBoundingClientRect()
    const surrounded = [found, found.parentElement].some(each => getComputedStyle(each).outlineStyle !== "none")
    const seen = box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth
    return [`${found.tagName} ${found.ariaLabel ?? found.textContent.trim().slice(0, 40)}`, surrounded && seen]
}"""
PAGES = ["/trade/btc_usd", "/markets", "/wallet", "/wallet/transfer", "/security", "/security/keys", "/merchant", "/programs", "/books"]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("quiet")
    with serving(folder, "sandbox", "--quiet", "--seed", "7", "--data", folder / "data") as running:
        yield running


def at(visitor: Visitor, path: str) -> Page:
    visitor.demo("alice").open(path)
    expect(visitor.page.get_by_role("main").get_by_role("status", name=re.compile("Loading"))).to_have_count(0)
    return visitor.page


@pytest.mark.parametrize("path", PAGES)
def test_each_stop_of_the_tab_key_is_seen(path: str, quiet: Running, visit: Visit) -> None:
    page = at(visit(quiet.url), path)
    unseen: list[str] = []
    stops = 0
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None:
            break
        stops += 1
        if not found[1]:
            unseen.append(found[0])
    assert stops > 10, f"only {stops} stops"
    assert not unseen


def test_another_page_has_the_focus_at_its_beginning_and_a_view_of_it_keeps_the_place(quiet: Running, visit: Visit) -> None:
    page = at(visit(quiet.url), "/trade/btc_usd")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Wallet").press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page.get_by_role("tab", name="Balances")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Balances")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("/wallet/deposit"))
    expect(page.get_by_role("tab", name="Deposit")).to_be_focused()


def test_what_is_taken_away_leaves_the_focus_with_what_stands_nearest(quiet: Running, visit: Visit) -> None:
    with client_of(quiet, "alice") as client:
        for price in ("100", "101", "102"):
            client.send(calls.place_order(limit("buy", price, "0.1")))
    page = at(visit(quiet.url), "/trade/btc_usd")
    cancel = page.get_by_role("button", name=re.compile("^Cancel order"))
    expect(cancel).to_have_count(3)
    names = [cancel.nth(place).get_attribute("aria-label") or "" for place in range(3)]
    cancel.nth(1).focus()
    for next_name in (names[2], names[0]):
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=next_name)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No open orders")).to_be_visible()
    expect(page.get_by_role("tab", name="Open orders")).to_be_focused()


def test_a_pointer_leaves_nothing_behind_that_enter_would_press(quiet: Running, visit: Visit) -> None:
    with client_of(quiet, "alice") as client:
        for price in ("100", "101"):
            client.send(calls.place_order(limit("buy", price, "0.1")))
    page = at(visit(quiet.url), "/trade/btc_usd")
    cancel = page.get_by_role("button", name=re.compile("^Cancel order"))
    expect(cancel).to_have_count(2)
    cancel.first.click()
    expect(cancel).to_have_count(1)
    expect(cancel).not_to_be_focused()
    page.keyboard.press("Shift+C")
    expect(cancel).to_have_count(0)


DIALOGS = [
    # where, what opens it
    ("/trade/btc_usd", "Keyboard shortcuts"),
    ("/trade/btc_usd", "BTC/USD"),
    ("/trade/btc_usd", "Faucet"),
    ("/trade/btc_usd", "Faults"),
]


@pytest.mark.parametrize(("path", "opener"), DIALOGS, ids=[row[1] for row in DIALOGS])
def test_a_dialog_keeps_the_focus_and_gives_it_back(path: str, opener: str, quiet: Running, visit: Visit) -> None:
    page = at(visit(quiet.url), path)
    button = page.get_by_role("button", name=opener, exact=True)
    button.press("Enter")
    dialog = page.get_by_role("dialog")
    inside = "() => document.querySelector('dialog[open]').contains(document.activeElement) || document.activeElement === document.body"
    expect(dialog).to_be_visible()
    assert page.evaluate("document.querySelector('dialog[open]').contains(document.activeElement)")
    for key in ["Tab"] * 12 + ["Shift+Tab"] * 12:
        page.keyboard.press(key)
        assert page.evaluate(inside), page.evaluate(FOCUSED)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()


def test_a_dialog_that_is_done_gives_the_focus_back(quiet: Running, visit: Visit) -> None:
    page = at(visit(quiet.url), "/wallet")
    faucet = page.get_by_role("button", name="Faucet")
    faucet.press("Enter")
    page.get_by_role("dialog").get_by_label("Amount").press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(faucet).to_be_focused()


def test_letters_in_a_list_and_arrows_over_types_change_nothing_else(quiet: Running, visit: Visit) -> None:
    page = at(visit(quiet.url), "/trade/btc_usd")
    form = page.get_by_role("form", name="Order")
    kind, force = form.get_by_label("Order type"), form.get_by_label("Time in force")
    kind.focus()
    page.keyboard.type("s")  # what a list finds by its first letter
    expect(kind).to_have_value("stop-limit")
    expect(form.get_by_role("button", name="▲ Buy BTC")).to_have_attribute("aria-pressed", "true")
    expect(force).to_have_value("gtc")
    page.keyboard.press("ArrowUp")
    expect(kind).to_have_value("market")
    expect(force).to_have_value("ioc")
    page.keyboard.press("ArrowUp")
    expect(kind).to_have_value("limit")
    expect(force).to_have_value("gtc")


def test_arrows_move_the_price_that_has_the_focus(quiet: Running, visit: Visit) -> None:
    page = at(visit(quiet.url), "/trade/btc_usd")
    form = page.get_by_role("form", name="Order")
    form.get_by_label("Order type").select_option("stop-limit")
    form.get_by_label("Price", exact=True).fill("250")
    trigger = form.get_by_label("Trigger price")
    trigger.fill("240")
    trigger.press("ArrowUp")
    trigger.press("Shift+ArrowDown")
    expect(trigger).to_have_value("239.991")
    expect(form.get_by_label("Price", exact=True)).to_have_value("250")
