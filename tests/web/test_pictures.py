"""The pictures of the pages: the tutorial "Open a venue" is done in a browser, step by step, and photographed; and the README's.

`make pictures` leaves them in docs/images (CAMBIST_PICTURES names the folder), otherwise they are thrown away: what is tested then is that
the tutorial goes as it says.
"""

import base64
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.documents.blocks import blocks
from tests.support.processes import Running, cambist, serving
from tests.tidy.test_tidy import ROOT
from tests.web.visitor import Screen, Visitor

IMAGES = ROOT / "docs" / "images"
TUTORIAL = ROOT / "docs" / "tutorial" / "open-a-venue.md"
START, *COMMANDS = (line.split()[1:] for block in blocks(TUTORIAL) for line in block.commands if line.startswith("cambist "))
"""The tutorial's own: how the venue is started, and what is done in a second terminal."""
TAKEN = ("trade", "venue-operator", "venue-new-market", "venue-first-order", "venue-first-trade", "venue-books")
QUALITY = 82
PASSWORD = "correct horse battery"
MARKET = "GOLD/USD"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wanted = os.environ.get("CAMBIST_PICTURES")
    folder = Path(wanted) if wanted else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def picture(visitor: Visitor, folder: Path, name: str) -> None:
    """What the screen shows, small enough for a page."""
    assert name in TAKEN
    taken = visitor.context.new_cdp_session(visitor.page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    (folder / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    """As `cambist serve` starts one, its first operator given in the place of asked for."""
    folder = tmp_path_factory.mktemp("venue")
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    data = folder / "venue"
    assert START == ["serve", "--data", "./venue"]
    with serving(folder, "serve", "--data", data, "--operator", "olga", "--operator-password-file", secret) as running:
        yield running, data


def done(*line: str | Path) -> None:
    ran = cambist(*line)
    assert ran.returncode == 0, ran.stderr


def fill(visitor: Visitor, label: str, text: str) -> None:
    visitor.page.get_by_label(label, exact=True).fill(text)


def make_market(olga: Visitor, pictures: Path) -> None:
    olga.open("/operator/markets")
    olga.page.get_by_role("button", name="New asset").click()
    fill(olga, "Code", "GOLD")
    fill(olga, "Decimals in the ledger", "4")
    fill(olga, "Decimals that people see", "4")
    olga.page.get_by_role("button", name="Create GOLD").click()
    expect(olga.page.get_by_role("status").filter(has_text="GOLD")).to_be_visible()
    olga.page.get_by_role("button", name="New market").click()
    olga.page.get_by_label("Base: what is bought and sold").select_option("GOLD")
    olga.page.get_by_label("Quote: what is paid").select_option("USD")
    fill(olga, "Decimals of prices", "2")
    fill(olga, "Decimals of amounts", "4")
    fill(olga, "Lowest price", "1")
    fill(olga, "Highest price", "1000000")
    fill(olga, "Smallest amount", "0.001")
    fill(olga, "Largest amount", "10000")
    picture(olga, pictures, "venue-new-market")
    olga.page.get_by_role("button", name=f"Create {MARKET}").click()
    expect(olga.page.get_by_role("row").filter(has_text=MARKET)).to_be_visible()


def order(visitor: Visitor, side: str, price: str, amount: str) -> None:
    form = visitor.page.get_by_role("form", name="Order")
    form.get_by_role("button", name=re.compile(f"{side} GOLD$")).first.click()
    form.get_by_label("Price", exact=True).fill(price)
    form.get_by_label("Amount", exact=True).fill(amount)
    form.get_by_role("button", name=re.compile(f"^{side} {amount} GOLD at")).click()


def test_open_a_venue(venue: tuple[Running, Path], visit: Callable[..., Visitor], pictures: Path) -> None:
    running, data = venue
    olga = visit(running.url).log_in("olga", PASSWORD).open("/operator")
    expect(olga.page.get_by_role("main")).to_contain_text("The venue takes orders")
    picture(olga, pictures, "venue-operator")
    make_market(olga, pictures)

    maria, otto = visit(running.url).sign_up("maria", PASSWORD), visit(running.url).sign_up("otto", PASSWORD)
    for line in COMMANDS:
        done(*line, "--data", data)
    otto.open("/trade/gold_usd")
    order(otto, "Sell", "2650", "2")
    expect(otto.page.get_by_role("tab", name="Open orders")).to_contain_text("1")
    maria.open("/trade/gold_usd")
    expect(maria.page.get_by_role("button", name="2 650.00").or_(maria.page.locator("tr.sell button")).first).to_be_visible()
    picture(otto, pictures, "venue-first-order")
    order(maria, "Buy", "2650", "1.5")
    expect(maria.page.get_by_role("status").filter(has_text="Filled: 1.5 GOLD")).to_be_visible()
    maria.page.get_by_role("tab", name="Fills").click()
    expect(maria.page.get_by_label("Your orders and balances")).to_contain_text("taker")
    picture(maria, pictures, "venue-first-trade")

    anybody = visit(running.url).open("/books")
    expect(anybody.page.get_by_role("main")).to_contain_text("The books balance, to the last digit")
    picture(anybody, pictures, "venue-books")


def test_the_readme_s_picture_shows_a_market_that_moves(sandbox: Running, visit: Callable[..., Visitor], pictures: Path) -> None:
    alice = visit(sandbox.url, Screen.DESKTOP, "dark").demo("alice").open("/trade/btc_usd")
    expect(alice.page.get_by_role("region", name="Order book")).to_have_attribute("data-state", "live")
    expect(alice.page.get_by_role("main").get_by_role("status", name=re.compile("Loading"))).to_have_count(0)
    alice.page.locator("tr.buy button").nth(9).click()
    alice.page.get_by_role("button", name="25%", exact=True).click()
    alice.page.get_by_role("form", name="Order").get_by_role("button", name=re.compile("^(Buy|Sell) .* BTC at")).click()
    expect(alice.page.get_by_role("status").filter(has_text="is in the book")).to_be_visible()
    alice.page.get_by_role("button", name="Dismiss").first.click()
    picture(alice, pictures, "trade")


def test_the_pages_have_each_picture_and_no_other() -> None:
    assert {path.stem for path in IMAGES.glob("*.webp")} == set(TAKEN)
    assert all(path.stat().st_size < 100_000 for path in IMAGES.glob("*.webp"))
    shown = (ROOT / "README.md").read_text() + TUTORIAL.read_text()
    assert set(re.findall(r"images/([a-z-]+)\.webp", shown)) == set(TAKEN)
