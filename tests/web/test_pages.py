"""Every page in dark and light and on a phone: it shows what it should, axe finds nothing, nothing sticks out, and it is photographed."""

import json
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
    ("/foo/bar", "", "Page not found"),
    ("/wallet/deposit", "", "Log in to see this"),
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


def test_an_unknown_address_has_the_page_with_the_status_of_one(sandbox: Running, visit: Callable[..., Visitor]) -> None:
    visitor = visit(sandbox.url)
    reply = visitor.page.goto(f"{sandbox.url}/foo")
    assert reply is not None
    assert reply.status == 404
    expect(visitor.page.get_by_role("heading", name="Page not found")).to_be_visible()
    visitor.page.get_by_role("main").get_by_role("link", name="All markets").click()
    expect(visitor.page).to_have_url(re.compile("/markets$"))


def test_who_logs_in_is_where_he_wanted_to_be(sandbox: Running, visit: Callable[..., Visitor]) -> None:
    visitor = visit(sandbox.url).open("/wallet/coupons")
    main = visitor.page.get_by_role("main")
    main.get_by_role("link", name="Sign up").click()
    main.get_by_role("link", name="Log in").click()
    main.get_by_role("group", name="Log in as a demo user").get_by_role("button", name="carol").click()
    expect(visitor.page).to_have_url(re.compile("/wallet/coupons$"))
    expect(main).to_contain_text("Redeem a coupon")


BROKEN = [
    # path, what is asked for there, what shows once it is there
    ("/trade/btc_usd", "/candles", "1m"),
    ("/wallet/history", "/ledger", "Deposit"),
    ("/wallet/deposit", "/deposits", "Nothing has come yet"),
    ("/security/keys", "/keys", "BTC-e"),
    ("/security/log", "/account/events", "Logged in"),
    ("/merchant", "/merchant/orders", "You have asked for nothing yet"),
    ("/programs", "/keys/snippets", "import hashlib"),
    ("/books", "/books", "The books balance"),
]
REFUSED = {"type": "about:blank", "title": "Unavailable", "status": 503, "code": "unavailable", "detail": "The venue cannot do this now."}


@pytest.mark.parametrize(("path", "asked", "words"), BROKEN, ids=[row[0] for row in BROKEN])
def test_what_could_not_be_loaded_says_so_and_is_asked_for_again(
    path: str, asked: str, words: str, sandbox: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    visitor = visit(sandbox.url).demo("carol")
    visitor.tolerated = ["503"]
    pattern = re.compile(rf"/cambist/v1(/markets/btc_usd)?{asked}(\?|$)")
    body = json.dumps({**REFUSED, "field": None, "order_id": None, "retryable": True, "retry_after": None})
    visitor.page.route(pattern, lambda route: route.fulfill(status=503, body=body, content_type="application/problem+json"))
    visitor.open(path)
    main = visitor.page.get_by_role("main")
    expect(main).to_contain_text("could not be loaded")
    visitor.check(photographs, f"broken-{path.strip('/').replace('/', '-')}")
    visitor.page.unroute(pattern)
    main.get_by_role("button", name="Try again").click()
    expect(main).to_contain_text(words)
    expect(main).not_to_contain_text("could not be loaded")


def test_prices_that_cannot_be_had_are_no_prices_of_nothing(sandbox: Running, visit: Callable[..., Visitor], photographs: Path) -> None:
    visitor = visit(sandbox.url).demo("carol")
    visitor.tolerated = ["503"]
    visitor.page.route(re.compile("/cambist/v1/tickers"), lambda route: route.fulfill(status=503, body="{}"))
    for path in ("/markets", "/wallet"):
        visitor.open(path)
        expect(visitor.page.get_by_role("alert")).to_contain_text("Prices cannot be had now")
        expect(visitor.page.get_by_role("main")).not_to_contain_text("not counted for want of one")
        visitor.check(photographs, f"broken-prices-{path.strip('/')}")
    visitor.page.unroute(re.compile("/cambist/v1/tickers"))
