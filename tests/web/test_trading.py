"""People trade with the page: from signing up to the first trade, with each other, with the keyboard alone, on a phone, through a restart.

The sandbox has no traders of its own here: what happens is what these tests do.
"""

import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from cambist.api_types.orders import CancelOrders, CancelQuery
from cambist.client import calls
from tests.support.processes import Running, serving, start
from tests.support.waiting import wait_until
from tests.web.trading import client_of, limit, public
from tests.web.visitor import Screen, Visitor

Visit = Callable[..., Visitor]
MARKET = "/trade/btc_usd"


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("quiet")
    with serving(folder, "sandbox", "--quiet", "--seed", "7", "--data", folder / "data") as running:
        yield running


@pytest.fixture
def empty_book(quiet: Running) -> Running:
    """The same sandbox, in which nobody has an order."""
    for name in ("alice", "bob", "carol"):
        with client_of(quiet, name) as client:
            client.send(calls.cancel_all_orders(CancelQuery()))
    return quiet


def place(running: Running, name: str, side: str, price: str, amount: str) -> str:
    with client_of(running, name) as client:
        return client.send(calls.place_order(limit(side, price, amount))).id


def at(visitor: Visitor, name: str) -> Visitor:
    visitor.demo(name).open(MARKET)
    expect(visitor.page.locator(".dot.live")).to_be_visible()
    return visitor


def field(visitor: Visitor, label: str) -> Locator:
    return visitor.page.get_by_role("form", name="Order").get_by_label(label, exact=True)


def tab(visitor: Visitor, name: str) -> Locator:
    """The panel behind a tab of one's own things."""
    visitor.page.get_by_role("tab", name=re.compile(f"^{name}")).click()
    return visitor.page.get_by_label("Your orders and balances").get_by_role("tabpanel")


def book_rows(visitor: Visitor, side: str) -> list[list[str]]:
    """[price, amount] of each row that is shown, from the best price outwards."""
    rows: list[list[str]] = visitor.page.evaluate(
        """side => [...document.querySelectorAll(`tr.${side}`)].map(row => [...row.querySelectorAll('button')].map(cell =>
            [...cell.childNodes].filter(node => !node.classList?.contains('own')).map(node => node.textContent).join('').trim()))""",
        side,
    )
    plain = [[re.sub(r"\s", "", cell) for cell in row] for row in rows]
    return plain if side == "buy" else plain[::-1]


# --- from signing up to the first trade ---------------------------------------------------------------------------------------------------
def test_from_signing_up_to_the_first_trade(empty_book: Running, visit: Visit, photographs: Path) -> None:
    maria = visit(empty_book.url).sign_up("Maria")
    maria.open(MARKET)
    expect(maria.page.get_by_text("The book is empty")).to_be_visible()
    expect(tab(maria, "Balances")).to_contain_text("Your account is empty")
    maria.photograph(photographs, "trade-first-visit")
    maria.page.get_by_role("form", name="Order").get_by_role("button", name="Faucet").click()
    faucet = maria.page.get_by_role("dialog", name="Faucet")
    faucet.get_by_label("Amount").fill("1000")
    faucet.get_by_role("button", name="Give Maria 1000 USD").click()
    expect(tab(maria, "Balances")).to_contain_text("1 000.00")
    place(empty_book, "alice", "sell", "250", "2")
    field(maria, "Price").fill("251")
    field(maria, "Amount").fill("1.5")
    form = maria.page.get_by_role("form", name="Order")
    expect(form).to_contain_text("375 USD")  # all of it trades at once, at 250
    form.get_by_role("button", name="Buy 1.5 BTC at 251").click()
    expect(maria.page.get_by_role("status").filter(has_text="Filled: 1.5 BTC at ")).to_be_visible()
    expect(tab(maria, "Fills")).to_contain_text("taker")
    expect(tab(maria, "Order history").get_by_role("row").nth(1)).to_contain_text(re.compile(r"251\.\d+250\.\d+.*filled"))  # limit, average
    expect(maria.page.locator(".told")).to_contain_text(re.compile(r"O\s*250"))
    expect(tab(maria, "Balances")).to_contain_text("1.49")
    maria.photograph(photographs, "trade-first-trade")


# --- with each other ----------------------------------------------------------------------------------------------------------------------
def test_two_people_trade_with_each_other(empty_book: Running, visit: Visit, photographs: Path) -> None:
    alice, bob = at(visit(empty_book.url), "alice"), at(visit(empty_book.url), "bob")
    alice.page.get_by_role("button", name="▼ Sell BTC").click()
    field(alice, "Price").fill("260.5")
    field(alice, "Amount").fill("2")
    alice.page.get_by_role("button", name="Sell 2 BTC at 260.5").click()
    expect(tab(alice, "Open orders")).to_contain_text("260.500")
    expect(alice.page.get_by_text("Your order at")).to_be_attached()
    expect(bob.page.get_by_role("button", name="260.500")).to_be_visible()
    assert bob.page.get_by_text("Your order at").count() == 0, "a stranger's order is marked as one's own"
    bob.page.get_by_role("button", name="2.00000000").click()
    expect(field(bob, "Price")).to_have_value("260.5")
    expect(field(bob, "Amount")).to_have_value("2")
    field(bob, "Amount").fill("0.5")
    bob.page.get_by_role("button", name="Buy 0.5 BTC at 260.5").click()
    expect(tab(alice, "Open orders")).to_contain_text("25%")
    expect(alice.page.get_by_role("status").filter(has_text="filled 0.5 at 260.5")).to_be_visible()
    expect(alice.page.get_by_label("Newest trades")).to_contain_text("0.50000000")
    alice.photograph(photographs, "trade-partly-filled")
    alice.page.get_by_role("button", name=re.compile("Cancel order")).click()
    expect(tab(alice, "Open orders")).to_contain_text("No open orders")
    expect(bob.page.get_by_text("The book is empty")).to_be_visible()


def test_an_order_is_amended_in_the_table_and_by_dragging_its_line(empty_book: Running, visit: Visit, photographs: Path) -> None:
    for price in ("290", "310"):  # trades: the chart has a candle, and the order's price is beside it
        place(empty_book, "carol", "sell", price, "0.01")
        place(empty_book, "bob", "buy", price, "0.01")
    order = place(empty_book, "alice", "buy", "299.5", "1")
    alice = at(visit(empty_book.url), "alice")
    alice.page.get_by_role("button", name=f"Change order {order}").click()
    dialog = alice.page.get_by_role("dialog")
    dialog.get_by_label("Price").fill("299.9")
    alice.photograph(photographs, "trade-amend")
    dialog.get_by_role("button", name="Change", exact=True).click()
    expect(tab(alice, "Open orders")).to_contain_text("299.900")
    chart = alice.page.get_by_label("Chart", exact=True).get_by_role("img")
    box = chart.bounding_box()
    assert box is not None
    x, found = box["x"] + box["width"] / 2, None
    for y in range(int(box["y"]) + 5, int(box["y"] + box["height"]) - 5, 5):
        alice.page.mouse.move(x, y)
        if "near" in (chart.get_attribute("class") or ""):
            found = y
            break
    assert found is not None, "no order's line is near any place of the chart"
    alice.page.mouse.down()
    alice.page.mouse.move(x, found + 40, steps=4)
    alice.photograph(photographs, "trade-dragging")
    alice.page.mouse.up()
    expect(alice.page.get_by_role("status").filter(has_text=f"Order {order} moved")).to_be_visible()
    with client_of(empty_book, "alice") as client:
        moved_to = client.send(calls.find_order(order)).price
    assert moved_to is not None
    assert float(moved_to) < 299.9


# --- the book -----------------------------------------------------------------------------------------------------------------------------
def random_orders(running: Running, name: str, seed: int, count: int) -> None:
    """So many orders, and among them cancellations of those that rest."""
    draw = random.Random(seed)
    with client_of(running, name) as client:
        live: list[str] = []
        for _ in range(count):
            while live and draw.random() < 0.2:
                client.send(calls.cancel_orders(CancelOrders(ids=[live.pop(draw.randrange(len(live)))])))
            side = draw.choice(("buy", "sell"))
            price = draw.randrange(200_000, 200_800) if side == "buy" else draw.randrange(200_700, 201_500)
            placed = client.send(
                calls.place_order(limit(side, f"{price // 1000}.{price % 1000:03}", f"0.{draw.randrange(100, 99_999):05}"))
            )
            if placed.status == "open":
                live.append(placed.id)


def test_the_book_on_the_screen_is_the_server_s_after_a_thousand_random_orders(empty_book: Running, visit: Visit) -> None:
    carol = at(visit(empty_book.url), "carol")
    workers = [threading.Thread(target=random_orders, args=(empty_book, name, seed, 500)) for seed, name in enumerate(("alice", "bob"))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for step in (1, 10, 100):
        carol.page.get_by_label("Group prices by").select_option(str(step))
        book = public(empty_book, f"/markets/btc_usd/book?depth=100&step={step}")
        said = {"buy": book["bids"], "sell": book["asks"]}
        wait_until(lambda said=said, step=step: matches(carol, said, step))  # type: ignore[misc]
    region = carol.page.get_by_role("region", name="Order book")
    assert region.get_attribute("data-state") == "live"
    assert carol.page.get_by_title("nothing was lost").count() == 1, "no message was lost on the way"


def matches(visitor: Visitor, said: dict[str, list[list[str]]], step: int) -> bool:
    """Whether the rows that there is room for are the server's, at both sides, and there are some."""
    for side in ("buy", "sell"):
        shown = book_rows(visitor, side)
        if len(shown) <= 3 or shown != [_row(price, amount, step) for price, amount in said[side]][: len(shown)]:
            return False
    return True


def _row(price: str, amount: str, step: int) -> list[str]:
    """As the page writes a level: prices with the decimals that a step leaves, amounts with all of the market's."""
    decimals = 3 - (len(str(step)) - 1)
    whole, _, fraction = price.partition(".")
    shown = f"{whole}.{fraction.ljust(3, '0')[:decimals]}" if decimals else whole
    count, _, rest = amount.partition(".")
    return [shown, f"{count}.{rest.ljust(8, '0')}"]


# --- interruptions ------------------------------------------------------------------------------------------------------------------------
def test_the_page_comes_back_by_itself_when_the_server_restarts(tmp_path: Path, visit: Visit, photographs: Path) -> None:
    line = ("sandbox", "--quiet", "--seed", "7", "--data", tmp_path / "data")
    running = start(tmp_path, *line)
    try:
        alice = visit(running.url)
        alice.tolerated = ["ERR_CONNECTION_REFUSED", "WebSocket", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "status of 503"]
        at(alice, "alice")
        place(running, "alice", "sell", "270", "1")
        expect(tab(alice, "Open orders")).to_contain_text("270.000")
        alice.page.evaluate("window.notLoadedAgain = true")
        running.terminate()
        expect(alice.page.get_by_text(re.compile("The connection is lost|Connecting again"))).to_be_visible()
        alice.photograph(photographs, "trade-connection-lost")
        running = start(tmp_path, *line, port=str(running.port))
        expect(alice.page.get_by_text("Live")).to_be_visible()
        expect(alice.page.get_by_text("The connection is lost")).to_be_hidden()
        place(running, "bob", "buy", "269", "0.75")
        expect(alice.page.get_by_role("button", name="269.000")).to_be_visible()
        expect(tab(alice, "Open orders")).to_contain_text("270.000")
        field(alice, "Price").fill("268")
        field(alice, "Amount").fill("0.25")
        alice.page.get_by_role("button", name="Buy 0.25 BTC at 268").click()
        expect(tab(alice, "Open orders")).to_contain_text("268.000")
        assert alice.page.evaluate("window.notLoadedAgain") is True
    finally:
        running.terminate()


def test_an_order_is_shown_as_being_sent_until_the_server_has_answered(empty_book: Running, visit: Visit, photographs: Path) -> None:
    alice = at(visit(empty_book.url), "alice")
    held: list[object] = []
    alice.page.route("**/cambist/v1/orders", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    field(alice, "Price").fill("255")
    field(alice, "Amount").fill("0.25")
    alice.page.get_by_role("button", name="Buy 0.25 BTC at 255").click()
    expect(alice.page.get_by_role("button", name="Sending")).to_be_visible()
    expect(tab(alice, "Open orders")).to_contain_text("sending")
    alice.photograph(photographs, "trade-sending")
    wait_until(lambda: bool(held))
    held[0].continue_()  # type: ignore[attr-defined]
    expect(alice.page.get_by_role("button", name=re.compile("Cancel order"))).to_be_visible()
    expect(tab(alice, "Open orders")).not_to_contain_text("sending")


# --- what is wrong is said before anything is sent ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("price", "amount", "words"),
    [
        ("abc", "1", "This is no number."),
        ("100.12345", "1", "At most 3 decimals."),
        ("100", "0.0001", "At least 0.001 BTC."),
        ("100", "99999999", "At most"),
        ("", "1", "This is needed."),
    ],
)
def test_mistakes_are_said_in_words_and_nothing_is_sent(
    price: str, amount: str, words: str, empty_book: Running, visit: Visit, photographs: Path
) -> None:
    alice = at(visit(empty_book.url), "alice")
    sent: list[str] = []
    alice.page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    field(alice, "Price").fill(price)
    field(alice, "Amount").fill(amount)
    alice.page.get_by_role("form", name="Order").get_by_role("button", name=re.compile("^Buy [0-9]")).click()
    expect(alice.page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    assert sent == []
    alice.photograph(photographs, f"trade-mistake-{words.split(maxsplit=1)[0].lower()}-{amount}")


# --- the keyboard alone -------------------------------------------------------------------------------------------------------------------
def test_a_market_order_leaves_the_time_in_force_of_limit_orders_alone(empty_book: Running, visit: Visit) -> None:
    """Else the next limit order would be immediate-or-cancel without having been asked to be."""
    alice = at(visit(empty_book.url), "alice")
    form = alice.page.get_by_role("form", name="Order")
    kind, force = form.get_by_label("Order type"), form.get_by_label("Time in force")
    kind.select_option("Market")
    expect(force).to_have_value("ioc")
    force.select_option("Fill or kill")
    kind.select_option("Limit")
    expect(force).to_have_value("gtc")
    force.select_option("Until a time")
    kind.select_option("Stop, then market")
    expect(force).to_have_value("ioc")
    kind.select_option("Stop, then limit")
    expect(force).to_have_value("gtd")


def test_nobody_is_told_what_he_has_before_he_has_logged_in(empty_book: Running, visit: Visit) -> None:
    stranger = visit(empty_book.url).open(MARKET)
    field(stranger, "Price").fill("100")
    field(stranger, "Amount").fill("5")
    form = stranger.page.get_by_role("form", name="Order")
    expect(form).to_contain_text("500 USD")
    expect(form.get_by_role("alert")).to_have_count(0)
    form.get_by_role("link", name="Log in to trade").click()
    stranger.page.get_by_role("main").get_by_role("group", name="Log in as a demo user").get_by_role("button", name="bob").click()
    expect(stranger.page).to_have_url(re.compile(MARKET))


def focus_by_tabbing(visitor: Visitor, words: str) -> None:
    """Presses Tab until the element of that label has the focus."""
    for _ in range(60):
        visitor.page.keyboard.press("Tab")
        here = visitor.page.evaluate(
            "() => { const e = document.activeElement; return e.labels?.[0]?.textContent ?? e.getAttribute('aria-label') ?? e.textContent }"
        )
        if here.strip() == words:
            return
    raise AssertionError(f"Tab never comes to {words}")


def test_trading_with_the_keyboard_alone(empty_book: Running, visit: Visit, photographs: Path) -> None:
    alice = visit(empty_book.url).open("/login")
    expect(alice.page.get_by_role("heading", name="Demo users")).to_be_visible()
    password = next(user["password"] for user in empty_book.ready["users"] if user["name"] == "alice")
    keys = alice.page.keyboard
    focus_by_tabbing(alice, "Name")
    keys.type("alice")
    focus_by_tabbing(alice, "Password")
    keys.type(password)
    keys.press("Enter")
    expect(alice.page).to_have_url(re.compile("/trade"))
    expect(alice.page.get_by_text("Live")).to_be_visible()
    keys.press("Slash")
    keys.type("ltc/usd")
    expect(alice.page.get_by_role("listbox", name="Markets").get_by_role("option").first).to_contain_text("LTC/USD")
    alice.photograph(photographs, "trade-search")
    keys.press("Enter")
    expect(alice.page).to_have_url(re.compile("/trade/ltc_usd"))
    expect(alice.page.get_by_text("Live")).to_be_visible()
    keys.press("s")
    keys.type("3")
    keys.press("Shift+Tab")
    keys.type("40.5")
    keys.press("ArrowUp")
    keys.press("Shift+ArrowUp")
    expect(field(alice, "Price")).to_have_value("40.500011")
    keys.press("Enter")
    expect(tab(alice, "Open orders")).to_contain_text("40.500011")
    keys.press("Shift+C")
    expect(tab(alice, "Open orders")).to_contain_text("No open orders")
    keys.press("Shift+Slash")
    expect(alice.page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    alice.photograph(photographs, "trade-help")
    assert alice.accessibility_findings() == []
    keys.press("Escape")
    expect(alice.page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


# --- a phone, colours ---------------------------------------------------------------------------------------------------------------------
def test_trading_on_a_phone(empty_book: Running, visit: Visit, photographs: Path) -> None:
    place(empty_book, "bob", "sell", "280", "1")
    alice = at(visit(empty_book.url, Screen.PHONE), "alice")
    for part in ("Chart", "Book", "Trades", "Orders"):
        alice.page.get_by_role("tab", name=part).click()
        alice.photograph(photographs, f"trade-phone-{part.lower()}")
        assert alice.accessibility_findings() == []
        assert alice.page.evaluate("document.documentElement.scrollWidth") <= Screen.PHONE.value[0]
    alice.page.get_by_role("button", name="▲ Buy").click()
    field(alice, "Price").fill("280")
    field(alice, "Amount").fill("0.5")
    alice.photograph(photographs, "trade-phone-ticket")
    submit = alice.page.get_by_role("button", name="Buy 0.5 BTC at 280")
    box = submit.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= Screen.PHONE.value[1], "the button that sends the order is below the screen"
    submit.tap()
    expect(alice.page.get_by_role("status").filter(has_text="Filled: 0.5 BTC")).to_be_visible()
    expect(alice.page.get_by_role("dialog", name="Buy BTC")).to_be_hidden()


def test_the_desktop_needs_no_scrolling(empty_book: Running, visit: Visit) -> None:
    alice = at(visit(empty_book.url), "alice")
    for selector in ("html", "main", ".ticket"):
        over = alice.page.evaluate("s => { const e = document.querySelector(s); return e.scrollHeight - e.clientHeight }", selector)
        assert over <= 0, f"{selector} is {over} pixels higher than the screen"


def test_the_theme_is_kept(empty_book: Running, visit: Visit) -> None:
    alice = visit(empty_book.url, theme="dark").open(MARKET)
    assert alice.page.evaluate("document.documentElement.dataset.theme") == "dark"
    alice.page.get_by_role("button", name="Light colours").click()
    alice.open(MARKET)
    assert alice.page.evaluate("document.documentElement.dataset.theme") == "light"
    assert json.loads(alice.page.evaluate("localStorage.getItem('cambist-preferences')"))["theme"] == "light"
