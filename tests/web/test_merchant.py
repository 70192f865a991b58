"""Asking for a payment and paying it in a browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.processes import Running
from tests.web.visitor import LOOKS, Screen, Visitor

HOSTILE = '<img src=x onerror="window.hurt=1"> shoes & "socks"'


def fill(visitor: Visitor, label: str, text: str) -> None:
    visitor.page.get_by_label(label, exact=True).fill(text)


def ask_for_payment(visitor: Visitor, amount: str, what: str) -> str:
    """The page to pay at."""
    visitor.open("/merchant")
    visitor.page.get_by_role("main").get_by_label("Asset", exact=True).select_option("USD")
    fill(visitor, "Amount", amount)
    fill(visitor, "What for", what)
    fill(visitor, "Page after paying", "https://shop.example/thanks")
    fill(visitor, "Page when nothing came of it", "https://shop.example/cart")
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
