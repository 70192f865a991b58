"""The native API of a real server in a process of its own, by raw clients."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.native.floor import BASE
from tests.support.processes import Running, cambist, serving


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("sandbox"), "sandbox", "--seed", "7") as running:
        yield running


def get(sandbox: Running, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"{sandbox.url}{BASE}{path}", timeout=30) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_market_data_of_a_sandbox(sandbox: Running) -> None:
    status, markets = get(sandbox, "/markets")
    assert status == 200
    names = [market["name"] for market in markets]
    assert "btc_usd" in names
    for name in names:
        for path in ("", "/book?depth=5000", "/trades?limit=500", "/trades/history?limit=500", "/candles?limit=1000", "/ticker"):
            status, found = get(sandbox, f"/markets/{name}{path}")
            assert status == 200, found
    assert len(get(sandbox, "/tickers")[1]) == len(names)
    assert get(sandbox, "/markets/nothing")[1]["code"] == "market-unknown"


def test_the_gateway_s_errors_have_the_form_of_a_problem(sandbox: Running) -> None:
    status, said = get(sandbox, "/nothing")
    assert (status, said["code"], said["retryable"]) == (404, "not-found", False)


class Visitor:
    """A browser of a few lines, on a socket of its own."""

    def __init__(self, running: Running) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
        self._cookies: dict[str, str] = {}
        self.csrf = ""

    def ask(self, method: str, path: str, fields: Any = None) -> tuple[int, Any]:
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()), "cambist-csrf": self.csrf}
        body = None if fields is None else json.dumps(fields).encode()
        self._connection.request(method, BASE + path, body, {**headers, "content-type": "application/json"})
        reply = self._connection.getresponse()
        for sent in reply.headers.get_all("set-cookie") or []:
            name, _, value = sent.partition(";")[0].partition("=")
            self._cookies[name] = value
        decoded = json.loads(reply.read())
        self.csrf = decoded.get("csrf_token", self.csrf) if isinstance(decoded, dict) else self.csrf
        return reply.status, decoded


def test_a_person_trades_and_an_operator_looks_after_them(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data) as running:
        maria, olga = Visitor(running), Visitor(running)
        for visitor, name in ((maria, "maria"), (olga, "olga")):
            assert visitor.ask("POST", "/users", {"name": name, "password": "correct horse"})[0] == 201
        assert cambist("fund", "maria", "USD=1000", "--data", data).returncode == 0
        order = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "100", "amount": "0.5"}
        status, placed = maria.ask("POST", "/orders", order)
        assert (status, placed["status"]) == (201, "open")
        assert maria.ask("GET", "/balances")[1][0]["held"] == "50"
        assert maria.ask("GET", "/operator/status")[0] == 403
        assert olga.ask("GET", "/operator/status")[1]["code"] == "scope-missing"
        shown = cambist("user", "role", "olga", "operator", "--data", data)
        assert shown.stdout == "olga has the role operator now.\n"
        assert olga.ask("GET", "/operator/order/list?user=maria")[1][0]["id"] == int(placed["id"])
        status, frozen = olga.ask("POST", "/operator/user/freeze", {"user": "maria", "cancel_orders": True})
        assert (status, frozen["cancelled"]) == (200, 1)
        assert maria.ask("GET", "/balances")[0] == 401
        assert {row["sum"] for row in olga.ask("GET", "/operator/ledger/totals")[1]} == {"0"}
    with serving(tmp_path, "serve", "--data", data) as running:
        olga, maria = Visitor(running), Visitor(running)
        assert olga.ask("POST", "/session", {"name": "olga", "password": "correct horse"})[0] == 201
        assert olga.ask("GET", "/operator/audit/list?limit=1")[1]["rows"][0]["operation"] == "user.freeze"
        said = {"name": "maria", "password": "correct horse"}
        assert maria.ask("POST", "/session", said)[1]["code"] == "user-frozen"
