"""The operator's pages and the public books, in a browser: what each role sees and may do, on a real server."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.processes import Running, cambist, serving
from tests.web.visitor import Screen, Visitor

CONFIGURATION = """
[wallet]
block_seconds = 3600
approve_above = { BTC = "0.5" }

[backup]
directory = "../backups"
"""
ROLES = {"olga": "operator", "otto": "operator", "sam": "support", "ada": "auditor"}
SECTIONS = [
    # path, what shows that it is there
    ("/operator", "The venue takes orders"),
    ("/operator/users", "olga"),
    ("/operator/users/alice", "API keys"),
    ("/operator/markets", "BTC/USD"),
    ("/operator/withdrawals", "Withdrawals above the limit"),
    ("/operator/orders", "buy"),
    ("/operator/ledger/alice", "The books balance"),
    ("/operator/audit", "Change a role"),
]


@dataclass
class Office:
    """A sandbox with people of every role, open orders, and a withdrawal of alice's that waits."""

    running: Running
    data: Path

    @property
    def url(self) -> str:
        return self.running.url


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    configuration = folder / "cambist.toml"
    configuration.write_text(CONFIGURATION)
    data = folder / "data"
    users = ",".join(["alice", "bob", "carl", *ROLES])
    with serving(folder, "sandbox", "--seed", "7", "--users", users, "--config", configuration, "--data", data) as running:
        for name, role in ROLES.items():
            done = cambist("user", "role", name, role, "--data", data)
            assert done.returncode == 0, done.stderr
        yield Office(running, data)


@pytest.fixture
def clerk(office: Office, visit: Callable[..., Visitor]) -> Callable[..., Visitor]:
    """Logs somebody in and opens a page."""

    def enter(name: str, path: str = "/operator", screen: Screen = Screen.DESKTOP, theme: str = "dark") -> Visitor:
        visitor = visit(office.url, screen, theme).demo(name)
        return visitor.open(path)

    return enter


def asked(visitor: Visitor, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """(status, reply) of the native API, asked by the page's own session."""
    token = visitor.page.evaluate("async () => (await (await fetch('/cambist/v1/session')).json()).csrf_token")
    reply = visitor.context.request.fetch(
        f"{visitor.url}/cambist/v1{path}",
        method=method,
        data=body,
        headers={"cambist-csrf": token, "origin": visitor.url, "idempotency-key": f"{method}{path}{body}"[:64].encode().hex()[:64]},
    )
    return reply.status, reply.json()


def confirm(page: Page, button: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


LOOKS = [(Screen.DESKTOP, "dark"), (Screen.DESKTOP, "light"), (Screen.PHONE, "dark"), (Screen.PHONE, "light")]


@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
def test_every_section(screen: Screen, theme: str, clerk: Callable[..., Visitor], photographs: Path) -> None:
    visitor = clerk("olga", "/operator", screen, theme)
    for path, words in SECTIONS:
        visitor.open(path)
        expect(visitor.page.get_by_role("main")).to_contain_text(words)
        expect(visitor.page.get_by_role("status", name="Loading")).to_have_count(0)
        name = path.strip("/").replace("/", "-")
        visitor.check(photographs, f"{name}-{screen.name.lower()}-{theme}")


def test_a_user_is_found_frozen_and_let_in_again(clerk: Callable[..., Visitor], visit: Callable[..., Visitor], office: Office) -> None:
    carl = visit(office.url).demo("carl")
    page = clerk("olga", "/operator/users").page
    page.get_by_label("Find a user").fill("car")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="carl").click()
    page.get_by_role("button", name="Freeze").click()
    confirm(page, "Freeze carl")
    expect(page.get_by_role("region", name="User")).to_contain_text("frozen since")
    assert asked(carl, "GET", "/balances")[0] == 401
    page.get_by_role("button", name="Let in again").click()
    confirm(page, "Let carl in")
    expect(page.get_by_role("region", name="User")).not_to_contain_text("frozen since")
    visit(office.url).demo("carl")


def test_a_market_is_halted_opened_and_given_other_terms(clerk: Callable[..., Visitor], office: Office) -> None:
    visitor = clerk("olga", "/operator/markets")
    page = visitor.page
    row = page.get_by_role("row").filter(has_text="LTC/USD")
    trader = clerk("alice", "/trade/ltc_usd").page.get_by_role("main")
    expect(trader).to_contain_text("Live")
    page.get_by_role("button", name="Halt LTC/USD").click()
    confirm(page, "Halt it")
    expect(row).to_contain_text("halted")
    expect(trader).to_contain_text("halted")  # without loading anything anew
    page.get_by_role("button", name="Open LTC/USD").click()
    confirm(page, "Open it")
    expect(row).not_to_contain_text("halted")

    page.get_by_role("button", name="Terms of LTC/USD").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Taker fee").fill("a fifth")
    dialog.get_by_label("Highest price").fill("0.00000001")
    confirm(page, "Set limits and fees")
    expect(dialog).to_contain_text("Write a per cent such as 0.2.")
    dialog.get_by_label("Taker fee").fill("0.35")
    dialog.get_by_label("Highest price").fill("100000")
    confirm(page, "Set limits and fees")
    expect(row).to_contain_text("0.35%")
    fees = next(market for market in asked(visitor, "GET", "/markets")[1] if market["name"] == "ltc_usd")
    assert (fees["taker_fee_ppm"], Decimal(fees["max_price"])) == (3500, Decimal(100_000))


def test_an_asset_and_a_market_are_created(clerk: Callable[..., Visitor]) -> None:
    visitor = clerk("olga", "/operator/markets")
    page = visitor.page
    page.get_by_role("button", name="New asset").click()
    confirm(page, "Create it")
    expect(page.get_by_role("dialog")).to_contain_text("A code such as BTC.")
    page.get_by_role("dialog").get_by_label("Code").fill("shl")
    confirm(page, "Create SHL")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="New market").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Base").select_option("SHL")
    dialog.get_by_label("Quote").select_option("USD")
    confirm(page, "Create SHL/USD")
    expect(page.get_by_role("row").filter(has_text="SHL/USD")).to_contain_text("open")
    visitor.open("/trade/shl_usd")
    expect(page).to_have_url(re.compile("/trade/shl_usd"))


def test_two_operators_let_a_large_withdrawal_go(
    clerk: Callable[..., Visitor], visit: Callable[..., Visitor], office: Office, photographs: Path
) -> None:
    alice, bob = visit(office.url).demo("alice"), visit(office.url).demo("bob")
    address = asked(bob, "POST", "/addresses/BTC")[1]["address"]
    status, withdrawal = asked(alice, "POST", "/withdrawals", {"asset": "BTC", "amount": "0.75", "address": address})
    assert (status, withdrawal["status"]) == (201, "approval"), withdrawal

    olga = clerk("olga", "/operator/withdrawals")
    waiting = olga.page.get_by_role("article", name="Withdrawal of alice")
    expect(olga.page.get_by_role("link", name="Approvals 1 waiting")).to_be_visible()
    olga.photograph(photographs, "operator-withdrawals-one-waits")
    waiting.get_by_role("button", name="Let it go").click()
    olga.photograph(photographs, "operator-withdrawals-dialog")
    confirm(olga.page, "Let it go")
    expect(waiting).to_contain_text("You have let it go; another operator must too")
    expect(waiting.get_by_role("button", name="Let it go")).to_be_disabled()
    assert olga.accessibility_findings() == []

    otto = clerk("otto", "/operator/withdrawals")
    waiting = otto.page.get_by_role("article", name="Withdrawal of alice")
    expect(waiting).to_contain_text("olga has let it go; it needs one more")
    waiting.get_by_role("button", name="Let it go").click()
    confirm(otto.page, "Let it go")
    expect(waiting).to_have_count(0)
    assert asked(alice, "GET", f"/withdrawals/{withdrawal['id']}")[1]["status"] in ("waiting", "sent")


def test_a_large_withdrawal_is_refused_and_the_money_is_back(
    clerk: Callable[..., Visitor], visit: Callable[..., Visitor], office: Office
) -> None:
    bob, alice = visit(office.url).demo("bob"), visit(office.url).demo("alice")
    before = asked(bob, "GET", "/balances")[1]
    address = asked(alice, "POST", "/addresses/BTC")[1]["address"]
    assert asked(bob, "POST", "/withdrawals", {"asset": "BTC", "amount": "0.6", "address": address})[0] == 201
    page = clerk("olga", "/operator/withdrawals").page
    waiting = page.get_by_role("article", name="Withdrawal of bob")
    waiting.get_by_role("button", name="Refuse").click()
    page.get_by_role("dialog").get_by_label("Why").fill("an address that was reported")
    confirm(page, "Refuse it")
    expect(waiting).to_have_count(0)
    assert asked(bob, "GET", "/balances")[1] == before


def test_two_operators_make_a_third(clerk: Callable[..., Visitor]) -> None:
    olga = clerk("olga", "/operator/users/bob").page
    olga.get_by_role("button", name="Change role").click()
    olga.get_by_role("dialog").get_by_label("Role").select_option("operator")
    confirm(olga, "Give this role")
    expect(olga.get_by_role("status").filter(has_text="Another operator must say so too")).to_be_visible()
    otto = clerk("otto", "/operator/withdrawals").page
    asked_for = otto.get_by_role("article", name="Change a role")
    expect(asked_for).to_contain_text("user bob · role operator")
    expect(asked_for).to_contain_text("olga asked for it")
    expect(asked_for.get_by_role("button", name="Refuse")).to_be_visible()
    asked_for.get_by_role("button", name="Approve").click()
    expect(asked_for).to_have_count(0)
    otto.goto(otto.url.replace("/withdrawals", "/users/bob"))
    expect(otto.get_by_role("region", name="User")).to_contain_text("operator")
    otto.get_by_role("button", name="Change role").click()
    otto.get_by_role("dialog").get_by_label("Role").select_option("none")
    confirm(otto, "Give this role")
    page = clerk("olga", "/operator/withdrawals").page
    page.get_by_role("article", name="Change a role").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("article", name="Change a role")).to_have_count(0)


def test_anybody_s_order_is_found_and_cancelled(clerk: Callable[..., Visitor], visit: Callable[..., Visitor], office: Office) -> None:
    alice = visit(office.url).demo("alice")
    order = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "1", "amount": "0.5"}
    status, placed = asked(alice, "POST", "/orders", order)
    assert status == 201, placed
    page = clerk("olga", "/operator/orders").page
    page.get_by_label("Or one order's number").fill(placed["id"])
    row = page.get_by_role("row").filter(has_text="alice")
    expect(row).to_contain_text("BTC/USD")
    page.get_by_role("button", name=f"Cancel order {placed['id']}").click()
    confirm(page, f"Cancel order {placed['id']}")
    expect(row).not_to_contain_text("open")
    assert asked(alice, "GET", f"/orders/{placed['id']}")[1]["status"] == "cancelled"
    page.get_by_label("Or one order's number").fill("999999999")
    expect(page.get_by_role("main")).to_contain_text("No order has this number.")


@pytest.mark.parametrize("name", ["sam", "ada"])
def test_who_may_only_look_is_offered_nothing_else_and_refused_by_the_server(
    name: str, clerk: Callable[..., Visitor], photographs: Path
) -> None:
    visitor = clerk(name, "/operator")
    for path, words in SECTIONS:
        visitor.open(path)
        main = visitor.page.get_by_role("main")
        expect(main).to_contain_text(words)
        expect(main).to_contain_text("you may look at everything here, and change nothing")
        expect(visitor.page.get_by_role("status", name="Loading")).to_have_count(0)
        offered = [button.inner_text() for button in main.get_by_role("button").all()]
        assert set(offered) <= {"More", "Older", "Look again", "Copy hash"}, path
    visitor.photograph(photographs, f"operator-{ROLES[name]}-audit")
    status, problem = asked(visitor, "POST", "/operator/user/freeze", {"user": "alice"})
    assert (status, problem["code"]) == (403, "scope-missing")


def test_who_has_no_role_finds_no_operator_s_pages(clerk: Callable[..., Visitor], photographs: Path) -> None:
    visitor = clerk("alice", "/operator")
    expect(visitor.page.get_by_role("main")).to_contain_text("For the venue's operators")
    expect(visitor.page.get_by_role("navigation", name="Pages").get_by_role("link", name="Operator")).to_have_count(0)
    visitor.photograph(photographs, "operator-no-role")


def test_snapshots_and_backups_are_written_on_demand(clerk: Callable[..., Visitor]) -> None:
    page = clerk("olga").page
    page.get_by_role("button", name="Write a snapshot now").click()
    expect(page.get_by_role("status").filter(has_text="is on disk")).to_be_visible()
    page.get_by_role("button", name="Start a backup now").click()
    expect(page.get_by_role("region", name="Snapshots and backups")).to_contain_text("by olga from 127.0.0.1")
    expect(page.get_by_role("region", name="Snapshots and backups")).to_contain_text("done")


def test_the_audit_log_is_narrowed_down(clerk: Callable[..., Visitor]) -> None:
    page = clerk("ada", "/operator/audit").page
    page.get_by_label("About", exact=True).select_option("user")
    expect(page.get_by_role("main")).to_contain_text("Change a role")
    expect(page.get_by_role("table", name="Audit log")).to_contain_text("user olga")
    about = page.get_by_label("Whom it was about")
    for nobody, words in (("nobody", "there is no user nobody"), ("@999999", "there is no account @999999")):
        about.fill(nobody)
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.get_by_role("main")).to_contain_text("No records fit")
    about.fill("sam")
    expect(page.get_by_role("table", name="Audit log").get_by_role("row")).to_have_count(2)
    about.fill("")
    page.get_by_label("Who asked").fill("olga")
    expect(page.get_by_role("alert")).to_have_count(0)


# --- the books ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
def test_anybody_may_look_at_the_books(
    screen: Screen, theme: str, office: Office, visit: Callable[..., Visitor], photographs: Path
) -> None:
    visitor = visit(office.url, screen, theme).open("/books")
    page = visitor.page
    expect(page.get_by_role("region", name="Conservation check")).to_contain_text("The books balance, to the last digit")
    sheet = visitor.context.request.get(f"{office.url}/cambist/v1/books").json()
    expect(page.get_by_role("region", name="Books").get_by_role("row")).to_have_count(len(sheet["assets"]) + 1)
    visitor.photograph(photographs, f"books-{screen.name.lower()}-{theme}")
    assert visitor.accessibility_findings() == []


def test_books_that_do_not_balance_are_said_to_be_wrong(office: Office, visit: Callable[..., Visitor], photographs: Path) -> None:
    visitor = visit(office.url)
    sheet = visitor.context.request.get(f"{office.url}/cambist/v1/books").json()
    sheet["assets"][0]["fees"] = "123.00000001"
    visitor.page.route("**/cambist/v1/books", lambda route: route.fulfill(json=sheet))
    visitor.open("/books")
    verdict = visitor.page.get_by_role("region", name="Conservation check")
    expect(verdict).to_contain_text(f"The books do not balance: {sheet['assets'][0]['asset']}")
    visitor.photograph(photographs, "books-wrong")
    assert visitor.accessibility_findings() == []


def test_books_that_cannot_be_had_say_so_and_come_back(office: Office, visit: Callable[..., Visitor], photographs: Path) -> None:
    visitor = visit(office.url)
    visitor.tolerated = ["ERR_FAILED"]
    visitor.page.route("**/cambist/v1/books", lambda route: route.abort())
    visitor.open("/books")
    expect(visitor.page.get_by_role("main")).to_contain_text("This could not be loaded")
    visitor.photograph(photographs, "books-error")
    visitor.page.unroute("**/cambist/v1/books")
    visitor.page.get_by_role("button", name="Try again").click()
    expect(visitor.page.get_by_role("main")).to_contain_text("The books balance")
