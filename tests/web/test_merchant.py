"""Asking for a payment and paying it in a browser."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import expect

from tests.support.processes import Running, serving
from tests.web.visitor import LOOKS, Screen, Visitor

HOSTILE = '<img src=x onerror="window.hurt=1"> shoes & "socks"'


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One whose notices may go to this machine."""
    folder = tmp_path_factory.mktemp("sandbox")
    with serving(folder, "sandbox", "--seed", "7", "--loopback-callbacks", "--data", folder / "data") as running:
        yield running


def fill(visitor: Visitor, label: str, text: str) -> None:
    visitor.page.get_by_label(label, exact=True).fill(text)


@contextmanager
def shop_s_server() -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """(where notices go, those that came: timestamp, signature, body)."""
    came: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            came.append((self.headers["cambist-timestamp"], self.headers["cambist-signature"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/notices", came
    finally:
        server.shutdown()
        server.server_close()


def ask_for_payment(visitor: Visitor, amount: str, what: str, notify: str = "") -> str:
    """The page to pay at."""
    visitor.open("/merchant")
    visitor.page.get_by_role("main").get_by_label("Asset", exact=True).select_option("USD")
    fill(visitor, "Amount", amount)
    fill(visitor, "What for", what)
    fill(visitor, "Page after paying", "https://shop.example/thanks")
    fill(visitor, "Page when nothing came of it", "https://shop.example/cart")
    fill(visitor, "Address for notices (may stay empty)", notify)
    visitor.page.get_by_role("button", name="Ask for it").click()
    return visitor.page.get_by_test_id("pay-link").inner_text()


def test_a_payment_is_asked_for_and_paid(sandbox: Running, visit: Callable[..., Visitor], photographs: Path) -> None:
    shop, payer = visit(sandbox.url).demo("alice"), visit(sandbox.url).demo("bob")
    shop.open("/merchant")
    shop.page.get_by_role("button", name="Ask for it").click()
    for words in ("Write a number", "Say what is paid for.", "Where do payers come back to?"):
        expect(shop.page.get_by_role("main")).to_contain_text(words)
    link = ask_for_payment(shop, "19.99", HOSTILE)
    expect(shop.page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    payer.open(link.removeprefix(sandbox.url))
    expect(payer.page.get_by_role("heading", level=2)).to_have_text(HOSTILE)
    payer.check(photographs, "pay")
    payer.page.get_by_role("button", name="Pay 19.99 USD").click()
    expect(payer.page.get_by_role("main")).to_contain_text("You have paid.")
    expect(shop.page.get_by_role("main")).to_contain_text(re.compile("Everything was paid|takes no more"))
    expect(shop.page.get_by_role("region", name="What was paid")).to_contain_text("19.99")
    shop.check(photographs, "merchant-order-paid")
    assert shop.page.evaluate("window.hurt") is None
    assert payer.page.evaluate("window.hurt") is None


def test_notices_are_listed_and_signed_with_the_secret_that_is_shown(
    sandbox: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    with shop_s_server() as (url, came):
        shop, payer = visit(sandbox.url).demo("alice"), visit(sandbox.url).demo("bob")
        link = ask_for_payment(shop, "7", "A pen", url)
        notices = shop.page.get_by_role("main")
        expect(notices).to_contain_text("The first is sent when somebody pays")
        payer.open(link.removeprefix(sandbox.url))
        payer.page.get_by_role("button", name="Pay 7 USD").click()
        row = shop.page.get_by_role("region", name="Notices").get_by_role("row").filter(has_text="paid")
        expect(row).to_contain_text("acknowledged")
        shop.page.get_by_role("button", name="Show the secret").click()
        secret = shop.page.get_by_test_id("notice-secret").inner_text()
        shop.check(photographs, "merchant-order-notices")
        timestamp, signature, body = came[-1]
        shop.page.get_by_role("button", name="Replace the secret").click()
        shop.check(photographs, "merchant-order-replace-secret")
        shop.page.get_by_role("button", name="Replace it").click()
        expect(shop.page.get_by_role("main")).to_contain_text("the secret before it signs them too")
        assert shop.page.get_by_test_id("notice-secret").inner_text() != secret
    assert hmac.new(secret.encode(), timestamp.encode() + b"\n" + body, hashlib.sha256).hexdigest() == signature


def test_a_payment_that_nobody_has_begun_is_cancelled(sandbox: Running, visit: Callable[..., Visitor]) -> None:
    shop, payer = visit(sandbox.url).demo("alice"), visit(sandbox.url).demo("bob")
    link = ask_for_payment(shop, "3", "A mistake")
    shop.page.get_by_role("button", name="Cancel this payment").click()
    shop.page.get_by_role("button", name="Cancel it").click()
    expect(shop.page.get_by_role("main")).to_contain_text("It ended unpaid")
    payer.open(link.removeprefix(sandbox.url))
    expect(payer.page.get_by_role("main")).to_contain_text("It ended unpaid")


@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
def test_the_merchant_s_pages_can_be_read_by_everybody(
    screen: Screen, theme: str, sandbox: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    shop = visit(sandbox.url, screen, theme).demo("carol")
    ask_for_payment(shop, "5", "A book")
    shop.check(photographs, f"merchant-order-{screen.name.lower()}-{theme}")
    shop.open("/merchant")
    expect(shop.page.get_by_role("region", name="Payments that you asked for")).to_contain_text("A book")
    shop.check(photographs, f"merchant-{screen.name.lower()}-{theme}")
