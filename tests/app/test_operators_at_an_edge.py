"""An operator's page behind a load balancer: whatever it asks for at an edge is done by the node that leads, once, on the record."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cambist.api_types.funds import RequestWithdrawal
from cambist.client import ApiProblem, AsyncClient, Credentials, calls
from tests.cluster import conftest
from tests.support.edge_sites import Site, done
from tests.support.history_places import PostgresPlace
from tests.support.nats_servers import NatsServers
from tests.support.postgresql import Server, postgresql
from tests.support.processes import Running
from tests.support.waiting import until, wait_until

__all__ = ["postgresql"]
servers = conftest.servers
PASSWORD = "correct horse battery"


@pytest.fixture
def site(tmp_path: Path, servers: NatsServers, postgresql: Server) -> Iterator[Site]:
    """Where operators approve withdrawals of more than 5 BTC."""
    place = PostgresPlace(postgresql)
    with ExitStack() as opened:
        made = Site(tmp_path, servers, place, place.database, opened, '[wallet]\napprove_above = { BTC = "5" }\n')
        made.start("serve", "one")
        wait_until(lambda: made.leads("one"))
        yield made


class Browser:
    """An operator's, at one edge after the other: a load balancer sends them anywhere."""

    def __init__(self, *edges: Running) -> None:
        self.edges = list(edges)
        self.cookie = self.csrf = ""

    def ask(self, method: str, path: str, fields: Any = None, **headers: str) -> tuple[int, Any]:
        edge = self.edges[0]
        self.edges.append(self.edges.pop(0))
        sent = {"content-type": "application/json", "origin": edge.url, "cookie": self.cookie, "cambist-csrf": self.csrf} | headers
        body = None if fields is None else json.dumps(fields).encode()
        request = urllib.request.Request(f"{edge.url}/cambist/v1{path}", body, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                self.cookie = (answer.headers["set-cookie"] or self.cookie).partition(";")[0]
                said = json.load(answer)
                self.csrf = said.get("csrf_token", self.csrf) if isinstance(said, dict) else self.csrf
                return answer.status, said
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["code"]

    async def call(self, method: str, path: str, fields: Any = None) -> Any:
        """The answer to what must be done."""
        status, said = await asyncio.to_thread(self.ask, method, path, fields)
        assert status < 300, (path, status, said)
        return said

    async def problem(self, method: str, path: str, fields: Any = None, **headers: str) -> tuple[int, str]:
        status, said = await asyncio.to_thread(self.ask, method, path, fields, **headers)
        assert status >= 400, (path, status, said)
        return status, said


async def logged_in(site: Site, *edges: Running) -> Browser:
    def make() -> None:
        done("user", "add", "olga", "--password", PASSWORD, "--data", site.data("one"))
        done("user", "role", "olga", "operator", "--data", site.data("one"))

    await asyncio.to_thread(make)
    browser = Browser(*edges)
    await browser.call("POST", "/session", {"name": "olga", "password": PASSWORD})
    return browser


async def test_an_operator_looks_after_the_venue_through_edges(site: Site) -> None:
    alice = site.user("alice", "BTC=10,USD=1000", "native", "read,trade,funds")
    edges = [site.edge("e1"), site.edge("e2")]
    browser = await logged_in(site, *edges)
    async with AsyncClient(edges[0].url, Credentials(alice["key"], alice["secret"])) as client:
        address = await client.send(calls.create_deposit_address("BTC"))
        assert address.address is not None
        withdrawal = await client.send(calls.request_withdrawal(RequestWithdrawal(asset="BTC", amount="6", address=address.address)))
        (waits,) = await browser.call("GET", "/operator/withdrawal/list")
        assert (waits["id"], waits["amount"]) == (withdrawal.id, "6")
        await browser.call("POST", "/operator/withdrawal/approve", {"id": withdrawal.id})
        assert await browser.problem("POST", "/operator/withdrawal/approve", {"id": withdrawal.id}) == (409, "approval-not-awaited")

    halted = await browser.call("POST", "/operator/market/status", {"name": "btc_usd", "halted": True})
    assert halted["status"] == "halted"
    for edge in edges:  # whoever asked at the one sees it at the other
        with urllib.request.urlopen(f"{edge.url}/cambist/v1/markets/btc_usd") as answer:
            assert json.load(answer)["status"] == "halted"
    totals = await browser.call("GET", "/operator/ledger/totals")
    assert {row["sum"] for row in totals} == {"0"}
    assert (await browser.call("GET", "/operator/status"))["condition"]["ready"] is True

    frozen = await browser.call("POST", "/operator/user/freeze", {"user": "alice"})
    assert frozen["changed"] is True

    for edge in edges:
        async with AsyncClient(edge.url, Credentials(alice["key"], alice["secret"])) as client:
            await shut_out(client)
    records = (await browser.call("GET", "/operator/audit/list?limit=20"))["rows"]
    done_by = {record["operation"]: record["by"] for record in records if record["outcome"] == "done" and record["by"].startswith("@")}
    assert set(done_by) >= {"withdrawal.approve", "market.status", "user.freeze"}
    assert all(by.endswith(" from 127.0.0.1") for by in done_by.values())
    await rejections(browser)
    await takeover(site, browser)


async def shut_out(client: AsyncClient) -> None:
    """Returns once the client's key counts no more: an edge hears of it within a second."""
    while (code := await problem_code(client)) is None:
        pass
    assert code == "key-unknown"


async def problem_code(client: AsyncClient) -> str | None:
    """Why the client's balances cannot be had; None when they can."""
    try:
        await client.send(calls.list_balances())
    except ApiProblem as refused:
        return refused.problem.code
    return None


async def rejections(browser: Browser) -> None:
    """What an edge refuses as the venue of one machine does."""
    assert await browser.problem("POST", "/operator/user/freeze", {"user": "nobody"}) == (404, "user-unknown")
    assert (await browser.problem("POST", "/operator/user/freeze", {"user": "alice"}, origin="http://evil.example"))[0] == 403
    assert (await browser.problem("POST", "/operator/user/freeze", {"user": "alice"}, **{"cambist-csrf": "0" * 32}))[0] == 403
    stranger = Browser(*browser.edges)
    assert await stranger.problem("GET", "/operator/user/list") == (401, "unauthenticated")


async def takeover(site: Site, browser: Browser) -> None:
    """While nobody leads a request waits, and is done by whoever does next."""
    await asyncio.to_thread(site.second_node)
    await until(lambda: site.running["two"].metric("cambist_cluster_may_lead") == 1)
    await asyncio.to_thread(site.running["one"].kill)
    unfrozen = await browser.call("POST", "/operator/user/unfreeze", {"user": "alice"})
    assert unfrozen["changed"] is True
    assert await asyncio.to_thread(site.leads, "two")


@pytest.mark.parametrize("role", ["support"])
async def test_who_may_only_look_changes_nothing_through_an_edge(site: Site, role: str) -> None:
    edge = site.edge("e1")
    browser = await logged_in(site, edge)
    await asyncio.to_thread(done, "user", "role", "olga", role, "--data", site.data("one"))

    async def looks() -> bool:
        return (await asyncio.to_thread(browser.ask, "POST", "/operator/market/status", {"name": "btc_usd", "halted": True}))[0] == 403

    for _ in range(50):
        if await looks():
            break
    assert await browser.problem("POST", "/operator/market/status", {"name": "btc_usd", "halted": True}) == (403, "scope-missing")
    assert isinstance(await browser.call("GET", "/operator/user/list"), list)
