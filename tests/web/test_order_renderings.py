"""One order as each API words it, on the page: every look photographed, by keyboard alone, and what is copied."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from cambist.api_types.orders import CancelQuery, PlaceOrder
from cambist.api_types.renderings import OrderRendering
from cambist.client import calls
from tests.support.processes import Running, serving
from tests.web.trading import client_of, limit
from tests.web.visitor import LOOKS, Screen, Visitor

Visit = Callable[..., Visitor]
APIS = ["BTC-e", "WEX", "Expie", "Mt.Gox", "BTSE", "Cambist"]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("quiet")
    with serving(folder, "sandbox", "--quiet", "--seed", "7", "--data", folder / "data") as running:
        yield running


@pytest.fixture
def order(quiet: Running) -> str:
    """Alice's order to sell 2 at 260, of which bob has bought 0.5; nothing else is open."""
    for name in ("alice", "bob"):
        with client_of(quiet, name) as client:
            client.send(calls.cancel_all_orders(CancelQuery()))
    with client_of(quiet, "alice") as alice, client_of(quiet, "bob") as bob:
        placed = alice.send(calls.place_order(limit("sell", "260", "2")))
        bob.send(calls.place_order(limit("buy", "260", "0.5")))
    return placed.id


def rendering(running: Running, order: str, api: str, version: str = "") -> OrderRendering:
    with client_of(running, "alice") as client:
        found = client.send(calls.render_order(order)).renderings
    (one,) = [each for each in found if (each.api, each.version) == (api, version)]
    return one


def opened(visitor: Visitor, order: str, tab: str = "") -> Locator:
    """The dialog of an order, opened from the list of open orders or from that behind a tab."""
    page = visitor.demo("alice").open("/trade/btc_usd").page
    if tab:
        page.get_by_role("tab", name=tab).click()
    page.get_by_role("button", name=f"As each API words order {order}").click()
    dialog = page.get_by_role("dialog", name=f"Order {order} as each API words it")
    expect(dialog.get_by_role("tab")).to_have_count(len(APIS))
    return dialog


def panel(dialog: Locator) -> Locator:
    return dialog.get_by_role("tabpanel")


@pytest.mark.parametrize(("screen", "theme"), LOOKS, ids=[f"{screen.name.lower()}-{theme}" for screen, theme in LOOKS])
def test_an_order_is_read_in_the_words_of_every_api(
    screen: Screen, theme: str, quiet: Running, order: str, visit: Visit, photographs: Path
) -> None:
    alice = visit(quiet.url, screen, theme)
    dialog = opened(alice, order, "Orders" if screen is Screen.PHONE else "")
    for api in APIS:
        dialog.get_by_role("tab", name=api, exact=True).click()
        expect(panel(dialog)).to_contain_text("Request that places it")
        alice.check(photographs, f"order-{api.lower()}-{screen.name.lower()}-{theme}")
    assert dialog.evaluate("e => e.scrollWidth - e.clientWidth") <= 0, "the dialog is wider than itself"


def test_by_keyboard_alone(quiet: Running, order: str, visit: Visit) -> None:
    alice = visit(quiet.url)
    page = alice.demo("alice").open("/trade/btc_usd").page
    button = page.get_by_role("button", name=f"As each API words order {order}")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=f"Order {order} as each API words it")
    expect(panel(dialog)).to_contain_text("POST /tapi")
    dialog.get_by_role("tab", name="BTC-e").focus()
    for api in APIS[1:]:
        page.keyboard.press("ArrowRight")
        expect(dialog.get_by_role("tab", name=api, exact=True)).to_be_focused()
    expect(panel(dialog)).to_contain_text("POST /cambist/v1/orders")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_versions_are_chosen_and_what_is_copied_is_what_goes_over_the_wire(quiet: Running, order: str, visit: Visit) -> None:
    alice = visit(quiet.url)
    alice.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog = opened(alice, order)
    dialog.get_by_role("tab", name="BTSE").click()
    version = dialog.get_by_label("Version")
    expect(version).to_have_value("v4")
    version.select_option("v2.1")
    expect(panel(dialog)).to_contain_text("POST /spot/v2/order")
    shown = rendering(quiet, order, "BTSE", "v2.1")
    assert shown.request is not None
    assert shown.pushes is not None

    def copied(what: str) -> str:
        dialog.get_by_role("button", name=what).click()
        expect(dialog.get_by_role("button", name=what.replace("Copy", "Copied"))).to_be_visible()
        text: str = alice.page.evaluate("navigator.clipboard.readText()")
        return text

    assert copied("Copy: the reply") == shown.reply
    assert copied(f"Copy: what {shown.rows[0].source} answers") == shown.rows[0].body
    assert copied(f"Copy: push 1, {shown.pushes[0].source}") == shown.pushes[0].body
    request = copied("Copy: the request")
    assert request.startswith("POST /spot/v2/order\n")
    assert request.endswith(f"\n\n{shown.request.body}")
    dialog.get_by_role("tab", name="BTC-e").click()
    expect(panel(dialog)).to_contain_text("This API has no private stream.")


@pytest.mark.parametrize(("screen", "theme"), [LOOKS[0], LOOKS[3]], ids=["desktop-dark", "phone-light"])
def test_what_an_api_cannot_express_is_said_in_a_sentence(
    screen: Screen, theme: str, quiet: Running, order: str, visit: Visit, photographs: Path
) -> None:
    with client_of(quiet, "alice") as client:
        stop = PlaceOrder(market="btc_usd", side="sell", type="stop-limit", price="200", stop_price="210", amount="1")
        number = client.send(calls.place_order(stop)).id
    alice = visit(quiet.url, screen, theme)
    dialog = opened(alice, number, "Orders" if screen is Screen.PHONE else "")
    expect(panel(dialog)).to_contain_text("BTC-e has no stop orders")
    expect(panel(dialog)).not_to_contain_text("Request that places it")
    expect(panel(dialog)).to_contain_text("method=ActiveOrders")
    alice.check(photographs, f"order-inexpressible-{screen.name.lower()}-{theme}")


def test_an_order_that_has_ended_is_opened_from_the_history(quiet: Running, order: str, visit: Visit, photographs: Path) -> None:
    with client_of(quiet, "alice") as client:
        client.send(calls.cancel_order(order))
    alice = visit(quiet.url)
    dialog = opened(alice, order, "Order history")
    expect(panel(dialog)).not_to_contain_text("method=ActiveOrders")
    expect(panel(dialog)).to_contain_text("method=OrderInfo")
    alice.check(photographs, "order-ended-desktop-dark")
