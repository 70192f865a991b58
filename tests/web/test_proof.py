"""What the server wants a proof for, once a login is older than the venue lets pass: the page asks, and then does what was asked for."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.processes import Running, cambist, serving
from tests.support.sandbox_control import done
from tests.web.visitor import LOOKS, Screen, Visitor


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox whose clock stands until it is moved."""
    folder = tmp_path_factory.mktemp("by-hand")
    given = folder / "given.toml"
    given.write_text("[dialects.native]\nproof_minutes = 7\n")
    with serving(folder, "sandbox", "--quiet", "--clock", "manual", "--data", folder / "data", "--config", given) as running:
        yield running


def send_money(visitor: Visitor, amount: str) -> None:
    visitor.page.get_by_label("Receiver", exact=True).fill("bob")
    visitor.page.get_by_label("Amount", exact=True).fill(amount)
    visitor.page.get_by_role("button", name="Send", exact=True).click()
    visitor.page.get_by_role("button", name=f"Send {amount} USD").click()


@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
def test_a_demo_user_says_who_they_are_and_the_transfer_goes_on(
    screen: Screen, theme: str, by_hand: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    alice = visit(by_hand.url, screen, theme).demo("alice").open("/wallet/transfer/USD")
    done(by_hand, "POST", "/sandbox/clock", {"advance": 8 * 60})
    send_money(alice, "1.25")
    dialog = alice.page.get_by_role("dialog", name="Is it you?")
    expect(dialog).to_contain_text("asks nothing for 7 minutes")
    alice.check(photographs, f"proof-{screen.name.lower()}-{theme}")
    dialog.get_by_role("button", name="Cancel").click()
    expect(alice.page.get_by_role("main")).to_contain_text("Nothing was done")
    alice.page.get_by_role("button", name="Send", exact=True).click()
    alice.page.get_by_role("button", name="Send 1.25 USD").click()
    dialog.get_by_role("button", name="I am alice, a demo user").click()
    expect(alice.page.get_by_role("status").filter(has_text="went to bob")).to_contain_text("1.25")


def test_a_password_is_asked_for_and_a_wrong_one_is_said_to_be(by_hand: Running, visit: Callable[..., Visitor]) -> None:
    user = visit(by_hand.url).sign_up("prover").open("/security/keys")
    done(by_hand, "POST", "/sandbox/clock", {"advance": 8 * 60})
    user.page.get_by_role("button", name="Make the key").click()
    dialog = user.page.get_by_role("dialog", name="Is it you?")
    dialog.get_by_label("Password").fill("wrong horse")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog.get_by_role("alert")).to_contain_text("This is not your password.")
    dialog.get_by_label("Password").fill("correct horse")
    dialog.get_by_label("Password").press("Enter")
    expect(user.page.get_by_test_id("credential-secret")).to_have_text(re.compile(".{32}"))
    user.page.get_by_role("button", name="Done").click()
    expect(user.page.get_by_role("region", name="Your keys").get_by_role("row")).to_have_count(2)


def test_an_operator_is_asked_on_top_of_what_they_are_about_to_do(
    by_hand: Running, visit: Callable[..., Visitor], photographs: Path
) -> None:
    olga = visit(by_hand.url).sign_up("olga")
    given = cambist("user", "role", "olga", "operator", "--data", by_hand.log.parent / "data")
    assert given.returncode == 0, given.stderr
    olga.open("/operator/users/bob")
    done(by_hand, "POST", "/sandbox/clock", {"advance": 11 * 60})
    main, doing = olga.page.get_by_role("region", name="User"), olga.page.get_by_role("dialog", name="Role of bob")
    main.get_by_role("button", name="Freeze").click()
    olga.page.get_by_role("dialog").get_by_role("button", name="Freeze bob").click()
    expect(main).to_contain_text("frozen since")
    main.get_by_role("button", name="Change role").click()
    doing.get_by_label("Role").select_option("support")
    doing.get_by_role("button", name="Give this role").click()
    question = olga.page.get_by_role("dialog", name="Is it you?")
    expect(question.get_by_label("Password")).to_be_focused()
    olga.check(photographs, "proof-operator")
    olga.page.keyboard.press("Escape")
    expect(doing.get_by_role("alert")).to_contain_text("Nothing was done")
    doing.get_by_role("button", name="Give this role").click()
    question.get_by_label("Password").fill("correct horse")
    question.get_by_label("Password").press("Enter")
    expect(olga.page.get_by_role("status").filter(has_text="bob has the role support now")).to_be_visible()
    expect(doing).to_be_hidden()
