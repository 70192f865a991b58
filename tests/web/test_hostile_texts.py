"""Texts that strangers supply, shown by a real page in a real browser: each stays a text, whoever looks at it and wherever."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.authenticator import Authenticator
from tests.support.processes import Running, cambist, serving
from tests.web.visitor import Visitor

CORPUS = {
    "image": '<img src=x onerror="window.hurt=1">',
    "script": '"><script>window.hurt=1</script>',
    "element": "</td></table><svg/onload=window.hurt=1>",
    "address": "javascript:window.hurt=1//",
    "attribute": "' onmouseover='window.hurt=1' x='",
    "template": "${window.hurt=1}{{constructor.constructor('window.hurt=1')()}}",
    "direction": "\u202ecod.exe",
}
WITHOUT_BLANKS = "<img/src=x/onerror=window.hurt=1>"


@dataclass
class Scene:
    """`payments`: by their texts, the ids of what is to be paid."""

    running: Running
    payments: dict[str, str]


SHOWN = {"/security/sessions", "/security/login", "/merchant", "/operator/audit"}
"""Where each of the texts must stand, as it was sent."""


class Stranger:
    """Somebody with a program instead of a browser."""

    def __init__(self, running: Running, name: str, agent: str) -> None:
        person = next(user for user in running.ready["users"] if user["name"] == name)
        self.url = running.url
        self._http = httpx.Client(trust_env=False, timeout=30)
        said = {"name": name, "password": person["password"]}
        reply = self._http.post(f"{self.url}/cambist/v1/session", json=said, headers={b"user-agent": agent.encode()})
        assert reply.is_success, reply.text
        self._csrf = reply.json()["csrf_token"]

    def ask(self, method: str, path: str, body: object = None, status: int = 0) -> dict[str, object]:
        headers = {"cambist-csrf": self._csrf, "origin": self.url}
        reply = self._http.request(method, f"{self.url}/cambist/v1{path}", json=body, headers=headers)
        assert reply.status_code == status or (status == 0 and reply.is_success), reply.text
        decoded: dict[str, object] = reply.json()
        return decoded


@pytest.fixture(scope="module")
def scene(venue: Running) -> Scene:
    """Everything that keeps a text has each of them."""
    data, payments = venue.log.parent / "data", {}
    olga = Stranger(venue, "olga", CORPUS["image"])
    for name, text in CORPUS.items():
        alice = Stranger(venue, "alice", text)
        order = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "1", "amount": "0.01"}
        alice.ask("POST", "/orders", {**order, "client_order_id": f"{WITHOUT_BLANKS}{name}"})
        said = {"asset": "BTC", "amount": "1", "description": text, "data": text}
        urls = {"success_url": f"https://s.example.com/?{WITHOUT_BLANKS}", "failure_url": "https://f.example.com/'onclick='window.hurt=1"}
        payments[text] = str(alice.ask("POST", "/merchant/orders", {**said, **urls})["id"])
        made = Authenticator(venue.url).create(alice.ask("POST", "/account/passkeys/options"))
        alice.ask("POST", "/account/passkeys", {"name": text, "credential": made})
        olga.ask("POST", "/operator/market/status", {"name": text, "halted": True}, status=404)
        olga.ask("POST", "/operator/key/revoke", {"key": text}, status=404)
        funded = cambist("fund", "alice", "USD=1", "--reference", f"{text} {name}", "--data", data)
        assert funded.returncode == 0, funded.stderr
    return Scene(venue, payments)


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With an operator, reached by a name, so that passkeys are possible."""
    folder = tmp_path_factory.mktemp("sandbox")
    with serving(folder, "sandbox", "--quiet", "--users", "alice,bob,olga", "--data", folder / "data") as running:
        running.ready["url"] = running.url.replace("127.0.0.1", "localhost")
        assert cambist("user", "role", "olga", "operator", "--data", folder / "data").returncode == 0
        yield running


def unhurt(visitor: Visitor) -> None:
    main = visitor.page.get_by_role("main")
    expect(main.get_by_role("status", name="Loading")).to_have_count(0)
    for hovered in main.locator("[title], td, a").all()[:60]:
        hovered.dispatch_event("mouseover")
    assert visitor.page.evaluate("window.hurt") is None, visitor.page.url
    assert main.locator("img[src='x'], svg[onload], script").count() == 0
    assert visitor.page.evaluate("[...document.querySelectorAll('a')].filter(link => link.protocol === 'javascript:').length") == 0


@pytest.mark.parametrize(
    ("who", "paths"),
    [
        ("alice", ["/security/sessions", "/security/login", "/security/log", "/merchant", "/wallet", "/wallet/history", "/trade/btc_usd"]),
        ("olga", ["/operator/users/alice", "/operator/orders/alice", "/operator/ledger/alice", "/operator/audit", "/operator/withdrawals"]),
    ],
)
def test_its_owner_and_operators_see_it_as_it_was_sent(
    who: str, paths: list[str], scene: Scene, visit: Callable[..., Visitor], photographs: Path
) -> None:
    visitor = visit(scene.running.url).demo(who)
    for path in paths:
        visitor.open(path)
        for name, text in CORPUS.items() if path in SHOWN else ():
            if (name, path) == ("direction", "/security/sessions"):
                continue  # a request's fields have no such characters
            # In the audit log it would turn the words behind it around.
            shown = text.replace("\u202e", "\\u202e") if path == "/operator/audit" else text
            expect(visitor.page.get_by_role("main")).to_contain_text(shown)
        unhurt(visitor)
        visitor.photograph(photographs, f"hostile-{path.strip('/').replace('/', '-')}")


def test_who_is_to_pay_sees_it_as_it_was_sent(scene: Scene, visit: Callable[..., Visitor], photographs: Path) -> None:
    payer = visit(scene.running.url).demo("bob")
    for text, payment in scene.payments.items():
        payer.open(f"/pay/{payment}")
        expect(payer.page.get_by_role("main")).to_contain_text(text)
        unhurt(payer)
    payer.photograph(photographs, "hostile-payment")
    payer.open("/sandbox/report")
    assert payer.page.evaluate("window.hurt") is None


@pytest.mark.parametrize("path", ["trade", "pay", "wallet/deposit", "security", "operator/users", "operator/audit"])
def test_what_a_link_of_a_stranger_says_is_on_no_page(path: str, venue: Running, visit: Callable[..., Visitor]) -> None:
    visitor = visit(venue.url)
    for text in CORPUS.values():
        link = f"{venue.url}/{path}/{quote(text, safe='')}"
        assert httpx.get(link, trust_env=False).status_code == 404
        reply = visitor.page.goto(link)
        assert reply is not None
        assert reply.status == 404
        expect(visitor.page.get_by_role("main")).to_have_text(re.compile(r"^\s*Page not found\s+The address may be mistyped"))
        unhurt(visitor)


def test_an_account_s_own_page_is_there_by_its_address(venue: Running, visit: Callable[..., Visitor]) -> None:
    olga = visit(venue.url).demo("olga").open("/operator/users/alice")
    olga.page.get_by_role("link", name="Audit log about them").click()
    olga.page.reload()
    expect(olga.page.get_by_label("Whom it was about")).to_have_value("@16")
