"""The wallet in a browser: what there is, how it comes and how it leaves, and every state of it photographed."""

import csv
import itertools
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.support.processes import Running
from tests.support.sandbox_control import done
from tests.web.visitor import LOOKS, Screen, Visitor

WALLET_TABS = ["balances", "deposit", "withdraw", "transfer", "coupons", "history"]


def control(running: Running, path: str, **fields: Any) -> Any:
    """A change by the sandbox's control API."""
    return done(running, "POST", f"/sandbox/{path}", fields)


def main_of(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("main")


def choose(visitor: Visitor, label: str, value: str) -> None:
    main_of(visitor).get_by_label(label, exact=True).select_option(value)


def fill(visitor: Visitor, label: str, text: str) -> None:
    visitor.page.get_by_label(label, exact=True).fill(text)


def press(visitor: Visitor, name: str | re.Pattern[str]) -> None:
    exact = isinstance(name, str)
    visitor.page.get_by_role("button", name=name, exact=exact).click()


def address_of(visitor: Visitor, asset: str) -> str:
    """The user's deposit address, made where there is none."""
    visitor.open(f"/wallet/deposit/{asset}")
    address = visitor.page.get_by_test_id("address")
    make = visitor.page.get_by_role("button", name="Make an address")
    expect(address.or_(make)).to_be_visible()
    if make.is_visible():
        make.click()
    expect(address).to_be_visible()
    return address.inner_text()


# --- journeys -------------------------------------------------------------------------------------------------------------------------
def test_coins_come_in_and_are_credited_without_loading_anything_anew(sandbox: Running, visit: Callable[..., Visitor]) -> None:
    alice = visit(sandbox.url).demo("alice")
    address = address_of(alice, "BTC")
    drawing = alice.page.get_by_role("img", name="QR code of your BTC address")
    assert drawing.evaluate("image => image.naturalWidth") > 0, "the QR code is drawn"
    paid = control(sandbox, "deposits", account="alice", asset="BTC", amount="0.125")
    assert paid["address"] == address
    row = alice.page.get_by_role("region", name="Deposits").get_by_role("row").filter(has_text="0.125")
    expect(row).to_contain_text("waits for confirmations")
    control(sandbox, "blocks", asset="BTC", count=3)
    expect(row).to_contain_text("credited")


def test_in_a_sandbox_one_sends_the_coins_oneself(sandbox: Running, visit: Callable[..., Visitor]) -> None:
    """Nobody else would: its coin network is simulated."""
    user = visit(sandbox.url).sign_up("payer")
    address_of(user, "BTC")
    main = user.page.get_by_role("main")
    main.get_by_label("Coins to send").fill("0.000000001")
    main.get_by_role("button", name="Send BTC to it").click()
    expect(main.get_by_role("alert")).to_have_text("BTC has at most 8 decimals.")
    main.get_by_label("Coins to send").fill("0.75")
    main.get_by_role("button", name="Send BTC to it").click()
    row = user.page.get_by_role("region", name="Deposits").get_by_role("row").filter(has_text="0.75")
    expect(row).to_contain_text("waits for confirmations")
    control(sandbox, "blocks", asset="BTC", count=3)
    expect(row).to_contain_text("credited")


def test_coins_leave_after_a_look_at_the_address(sandbox: Running, visit: Callable[..., Visitor]) -> None:
    alice, bob = visit(sandbox.url).demo("alice"), visit(sandbox.url).demo("bob")
    address = address_of(bob, "BTC")
    alice.open("/wallet/withdraw/BTC")
    press(alice, "Check")
    expect(main_of(alice)).to_contain_text("Write a number such as 0.25.")
    expect(main_of(alice)).to_contain_text("Where shall the coins go?")
    fill(alice, "Amount", "0.123456789")
    expect(main_of(alice)).to_contain_text("BTC has at most 8 decimals.")
    fill(alice, "Amount", "99999999")
    expect(main_of(alice)).to_contain_text(re.compile(r"You have .* BTC\."))
    fill(alice, "Amount", "0.25")
    fill(alice, "To the address", "nonsense")
    press(alice, "Check")
    confirm = alice.page.get_by_role("button", name="Send 0.25 BTC")
    expect(confirm).to_be_disabled()
    alice.page.get_by_label("I have compared the address.", exact=False).check()
    confirm.click()
    expect(main_of(alice)).to_contain_text("This is no address of the asset's network.")
    fill(alice, "To the address", address)
    press(alice, "Check")
    alice.page.get_by_label("I have compared the address.", exact=False).check()
    confirm.click()
    row = alice.page.get_by_role("region", name="Withdrawals").get_by_role("row").filter(has_text="0.25")
    expect(row).to_be_visible()
    for _ in range(2):  # it is sent with one block, and counts from the next
        control(sandbox, "blocks", asset="BTC", count=6)
    expect(row).to_contain_text(re.compile("on its way|arrived"))
    expect(bob.page.get_by_role("region", name="Deposits").get_by_role("row").filter(has_text="0.25").first).to_be_visible()


def test_money_goes_to_a_user_by_name(sandbox: Running, visit: Callable[..., Visitor]) -> None:
    alice, bob = visit(sandbox.url).demo("alice"), visit(sandbox.url).demo("bob")
    bob.open("/wallet/transfer")
    alice.open("/wallet/transfer/USD")
    fill(alice, "Receiver", "ALICE")
    expect(main_of(alice)).to_contain_text("This is yourself")
    fill(alice, "Receiver", "nobody-of-that-name")
    fill(alice, "Amount", "12.5")
    press(alice, "Send")
    press(alice, "Send 12.5 USD")
    expect(main_of(alice)).to_contain_text("There is no such user.")
    fill(alice, "Receiver", "bob")
    alice.page.get_by_label("Amount", exact=True).press("Enter")
    alice.page.get_by_role("button", name="Send 12.5 USD").press("Enter")
    sent = alice.page.get_by_role("region", name="Transfers between users").get_by_role("row").filter(has_text="to bob")
    expect(sent).to_contain_text("12.5")
    got = bob.page.get_by_role("region", name="Transfers between users").get_by_role("row").filter(has_text="from alice")
    expect(got).to_contain_text("12.5")


def test_a_coupon_is_redeemed_once(sandbox: Running, visit: Callable[..., Visitor], photographs: Path) -> None:
    alice, bob = visit(sandbox.url).demo("alice"), visit(sandbox.url).demo("bob")
    alice.open("/wallet/coupons")
    choose(alice, "Asset", "USD")
    fill(alice, "Amount", "3.75")
    press(alice, "Create")
    code = alice.page.get_by_test_id("coupon").inner_text()
    alice.photograph(photographs, "wallet-coupon-created")
    press(alice, "I have kept it")
    expect(alice.page.get_by_text(code)).to_have_count(0)
    row = alice.page.get_by_role("region", name="Coupons that you created").get_by_role("row").filter(has_text="3.75")
    expect(row).to_contain_text("not redeemed")
    bob.open("/wallet/coupons")
    fill(bob, "Code", code.lower())
    press(bob, "Redeem")
    expect(bob.page.get_by_role("status").filter(has_text="are yours")).to_contain_text("3.75")
    alice.open("/wallet/coupons")
    fill(alice, "Code", code)
    press(alice, "Redeem")
    expect(main_of(alice)).to_contain_text(re.compile("There is no such coupon|was redeemed before"))
    expect(row).not_to_contain_text("not redeemed")


def test_a_coupon_may_be_created_before_it_is_known_what_one_has(sandbox: Running, visit: Callable[..., Visitor]) -> None:
    carol = visit(sandbox.url).demo("carol")
    carol.tolerated = ["ERR_FAILED"]
    carol.page.route(re.compile("socket-worker"), lambda route: route.abort())  # nothing of the stream comes
    carol.open("/wallet/coupons")
    choose(carol, "Asset", "USD")
    fill(carol, "Amount", "2.25")
    expect(main_of(carol)).to_contain_text("Available –")
    press(carol, "Create")
    expect(carol.page.get_by_test_id("coupon")).to_be_visible()


def test_the_history_adds_up_and_is_saved_as_it_is(sandbox: Running, visit: Callable[..., Visitor], tmp_path: Path) -> None:
    carol = visit(sandbox.url).demo("carol")
    control(sandbox, "funds", account="carol", give="USD=100")
    control(sandbox, "funds", account="carol", give="USD=0.01")
    control(sandbox, "funds", account="carol", take="USD=40")
    carol.open("/wallet/history/USD")
    table = carol.page.get_by_role("region", name="History")
    expect(table.get_by_role("row")).not_to_have_count(0)
    with carol.page.expect_download() as downloading:
        press(carol, "Save as CSV")
    path = tmp_path / "ledger.csv"
    downloading.value.save_as(path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert downloading.value.suggested_filename == "ledger-USD.csv"
    assert {row["asset"] for row in rows} == {"USD"}
    for newer, older in itertools.pairwise(rows):
        change = Decimal(newer["available_change"]) + Decimal(newer["held_change"])
        assert Decimal(newer["total"]) == Decimal(older["total"]) + change, "each balance is the one before and the change"
    balance = Decimal(rows[0]["total"])
    carol.open("/wallet")
    shown = carol.page.get_by_role("region", name="Balances").get_by_role("row").filter(has_text="USD").get_by_title(str(balance))
    expect(shown.first).to_be_visible()


# --- how it looks ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
def test_every_part_of_the_wallet_can_be_read_by_everybody(
    screen: Screen, theme: str, sandbox: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    alice = visit(sandbox.url, screen, theme).demo("alice")
    for tab in WALLET_TABS:
        alice.open(f"/wallet/{tab}")
        if tab == "deposit":
            address_of(alice, "BTC")
        expect(main_of(alice).get_by_role("status", name="Loading")).to_have_count(0)
        alice.check(photographs, f"wallet-{tab}-{screen.name.lower()}-{theme}")
    alice.open("/wallet/withdraw/BTC")
    fill(alice, "Amount", "0.5")
    fill(alice, "To the address", address_of(visit(sandbox.url).demo("bob"), "BTC"))
    press(alice, "Check")
    alice.check(photographs, f"wallet-withdraw-check-{screen.name.lower()}-{theme}")


@pytest.mark.parametrize(("screen", "theme"), [(Screen.DESKTOP, "dark"), (Screen.PHONE, "light")], ids=["desktop-dark", "phone-light"])
def test_an_empty_wallet_says_what_to_do(
    screen: Screen, theme: str, sandbox: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    newcomer = visit(sandbox.url, screen, theme).sign_up(f"newcomer-{screen.name.lower()}")
    for tab, words in [
        ("balances", "Everything together"),
        ("deposit", "You have no"),
        ("withdraw", "Nothing has left yet"),
        ("transfer", "No transfers yet"),
        ("coupons", "No coupons yet"),
        ("history", "Nothing of this kind"),
    ]:
        newcomer.open(f"/wallet/{tab}")
        expect(main_of(newcomer)).to_contain_text(words)
        newcomer.check(photographs, f"wallet-{tab}-empty-{screen.name.lower()}-{theme}")
