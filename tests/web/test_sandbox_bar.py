"""The bar that drives a sandbox, in a browser: clock, faucet, faults, report, demo users, and a page that works while time stands still."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.processes import Running, serving
from tests.support.sandbox_control import done
from tests.web.visitor import Screen, Visitor

LOOKS = [(Screen.DESKTOP, "dark"), (Screen.DESKTOP, "light"), (Screen.PHONE, "dark"), (Screen.PHONE, "light")]


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox whose clock stands until it is moved."""
    folder = tmp_path_factory.mktemp("still")
    with serving(folder, "sandbox", "--seed", "11", "--clock", "manual", "--data", folder / "data") as running:
        yield running


def bar(page: Page) -> Locator:
    """The bar itself, opened where it is folded away."""
    more = page.get_by_role("complementary", name="Play money").get_by_role("button", name="Sandbox")
    if more.is_visible() and more.get_attribute("aria-expanded") == "false":
        more.click()
    return page.get_by_role("group", name="Sandbox", exact=True)


def time_of(page: Page) -> str:
    shown = bar(page).get_by_role("time")
    expect(shown).to_have_text(re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"))
    return shown.inner_text()


@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
def test_it_says_what_the_sandbox_runs_with(
    screen: Screen, theme: str, still: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    visitor = visit(still.url, screen, theme).demo("alice").open("/markets")
    expect(visitor.page.get_by_role("complementary", name="Play money")).to_contain_text("PLAY MONEY")
    shown = bar(visitor.page)
    for words in ("11", "calm", "paused", "Report"):
        expect(shown).to_contain_text(words)
    time_of(visitor.page)
    name = f"sandbox-bar-{screen.name.lower()}-{theme}"
    visitor.photograph(photographs, name)
    assert visitor.accessibility_findings() == []
    bar(visitor.page).get_by_role("button", name="Faults").click()
    expect(visitor.page.get_by_role("dialog")).to_contain_text("nothing goes wrong on purpose")
    visitor.photograph(photographs, f"{name}-faults")
    assert visitor.accessibility_findings() == []
    wide = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0


def test_a_clock_that_stands_is_stepped_moved_played_and_paused(still: Running, visit: Callable[..., Visitor], photographs: Path) -> None:
    visitor = visit(still.url).open("/markets")
    page, clock = visitor.page, bar(visitor.page).get_by_role("time")
    began = time_of(page)
    bar(page).get_by_role("button", name="+1 min").click()
    expect(clock).not_to_have_text(began)
    moved = time_of(page)
    for _ in range(3):
        bar(page).get_by_role("button", name="Step to what is due next").click()
    bar(page).get_by_label("Speed").select_option("60")
    bar(page).get_by_role("button", name="Play the clock").click()
    expect(bar(page)).to_contain_text("plays ×60")
    expect(clock).not_to_have_text(moved)
    visitor.photograph(photographs, "sandbox-bar-playing")
    bar(page).get_by_role("button", name="Pause the clock").click()
    expect(bar(page)).to_contain_text("paused")
    assert time_of(page) > moved


def test_the_page_works_while_time_stands_still(still: Running, visit: Callable[..., Visitor]) -> None:
    visitor = visit(still.url).demo("bob")
    page = visitor.page
    for path, words in (("/markets", "BTC/USD"), ("/books", "The books balance"), ("/trade/btc_usd", "BTC/USD")):
        visitor.open(path)
        expect(page.get_by_role("main")).to_contain_text(words)
    before = time_of(page)
    bar(page).get_by_role("button", name="Faucet").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Asset").select_option("BTC")
    dialog.get_by_label("Amount").fill("a lot")
    dialog.get_by_role("button", name="Give bob").click()
    expect(dialog).to_contain_text("An amount above 0.")
    dialog.get_by_label("Amount").fill("12.5")
    dialog.get_by_role("button", name="Give bob 12.5 BTC").click()
    expect(page.get_by_role("status").filter(has_text="bob has 12.5 BTC more.")).to_be_visible()
    balances = {row["asset"]: row for row in visitor.context.request.get(f"{still.url}/cambist/v1/balances").json()}
    assert balances["BTC"]["available"] == "112.5"
    assert time_of(page) == before


def test_the_last_day_is_the_venue_s_own(still: Running, visit: Callable[..., Visitor]) -> None:
    page = visit(still.url).open("/markets").page
    bar(page).get_by_role("button", name="+1 min").click()
    expect(page.get_by_role("row").filter(has_text="BTC/USD")).not_to_contain_text("–")
    page.reload()
    expect(page.get_by_role("img", name="BTC/USD over the last 24 hours").locator("path")).to_have_count(1)


def test_a_fault_is_armed_fires_and_is_disarmed(still: Running, visit: Callable[..., Visitor], photographs: Path) -> None:
    visitor = visit(still.url).open("/markets")
    page = visitor.page
    bar(page).get_by_role("button", name="Faults").click()
    form = page.get_by_role("form", name="Arm a fault")
    form.get_by_label("What goes wrong").select_option("halt")
    form.get_by_role("button", name="Arm it").click()
    expect(form).to_contain_text("Say which market.")
    form.get_by_label("What goes wrong").select_option("rate-limit")
    form.get_by_label("API", exact=True).select_option("btce_wex")
    form.get_by_label("How often").fill("2")
    form.get_by_role("button", name="Arm it").click()
    armed = page.get_by_role("region", name="Armed faults")
    expect(armed).to_contain_text("Too many requests meets API btce_wex")
    for _ in range(2):
        visitor.context.request.get(f"{still.url}/api/3/ticker/btc_usd")
    expect(page.get_by_role("region", name="Faults that fired")).to_contain_text("/api/3/ticker/btc_usd")
    visitor.photograph(photographs, "sandbox-faults-fired")
    expect(armed).to_contain_text("nothing goes wrong on purpose")

    form.get_by_label("What goes wrong").select_option("socket-close")
    form.get_by_label("API", exact=True).select_option("native")
    form.get_by_label("Close code").fill("4001")
    form.get_by_label("How often").fill("1")
    form.get_by_text("More: whom it meets").click()
    for label, text in (("Path", "/cambist/v1/str*"), ("Let so many pass first", "1000"), ("Then at every nth", "2")):
        form.get_by_label(label, exact=True).fill(text)
    form.get_by_label("Chance in per cent").fill("101")
    form.get_by_role("button", name="Arm it").click()
    expect(form).to_contain_text("Above 0, and at most 100.")
    visitor.check(photographs, "sandbox-faults-more")
    form.get_by_label("Chance in per cent").fill("12.5")
    form.get_by_role("button", name="Arm it").click()
    expect(armed).to_contain_text("path /cambist/v1/str*, fires after 1000, every 2nd, with a chance of 12.5 %")
    (plan,) = (each["plan"] for each in done(still, "GET", "/sandbox/faults")["armed"])
    assert {name: plan[name] for name in ("code", "count", "skip", "every", "probability")} == {
        "code": 4001,
        "count": 1,
        "skip": 1000,
        "every": 2,
        "probability": 0.125,
    }
    armed.get_by_role("button", name="Disarm socket-close").click()

    for label in ("Path", "Let so many pass first", "Then at every nth", "Chance in per cent", "How often at most"):
        form.get_by_label(label, exact=True).fill("")
    form.get_by_label("API", exact=True).select_option("")
    form.get_by_label("What goes wrong").select_option("maintenance")
    form.get_by_role("button", name="Arm it").click()
    armed.get_by_role("button", name="Disarm maintenance").click()
    expect(armed).to_contain_text("nothing goes wrong on purpose")


def test_demo_users_are_one_click_away_and_so_is_the_report(still: Running, visit: Callable[..., Visitor]) -> None:
    visitor = visit(still.url).demo("alice")
    page = visitor.page
    bar(page).get_by_role("button", name="carol").click()
    expect(page.get_by_title(re.compile("^Account"))).to_contain_text("carol")
    href = bar(page).get_by_role("link", name="Report").get_attribute("href")
    reply = visitor.context.request.get(f"{still.url}{href}")
    assert reply.status == 200


def test_a_clock_that_runs_by_itself_is_shown_and_not_offered_to_be_stopped(sandbox: Running, visit: Callable[..., Visitor]) -> None:
    page = visit(sandbox.url).open("/markets").page
    first = time_of(page)
    expect(bar(page).get_by_role("time")).not_to_have_text(first)
    expect(bar(page)).to_contain_text("real")
    expect(bar(page).get_by_role("button", name="Step to what is due next")).to_have_count(0)


def test_a_real_venue_has_no_such_bar(tmp_path: Path, visit: Callable[..., Visitor]) -> None:
    with serving(tmp_path, "serve", "--data", tmp_path / "data") as running:
        page = visit(running.url).open("/books").page
        expect(page.get_by_role("main")).to_contain_text("The books balance")
        expect(page.get_by_role("complementary", name="Play money")).to_have_count(0)
