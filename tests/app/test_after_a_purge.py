"""Whoever is wholly new once the log's beginning is gone: an edge and a node begin with the state that the others share."""

import asyncio
import json
import shutil

from cambist.client import AsyncClient, Credentials, calls
from tests.cluster import conftest
from tests.support.btce_client import BtceClient
from tests.support.edge_sites import Site, done, site
from tests.support.postgresql import postgresql
from tests.support.processes import cambist
from tests.support.waiting import until

__all__ = ["postgresql", "site"]
servers = conftest.servers


def new_node(site: Site, name: str) -> None:
    """As the how-to has it: a few small files, and nothing of the journal."""
    data = site.data(name)
    data.mkdir(parents=True)
    for file in ("format", "master.key", "provisioned.json"):
        shutil.copy(site.data("one") / file, data)
    site.start("serve", name)


def agree(site: Site, nodes: int) -> bool:
    status = json.loads(done("cluster", "status", "--data", site.data("one"), "--json"))
    rows = status["nodes"]
    compared = len(rows) == nodes and status["agree"] and status["checkpoint"] > 0
    return compared and all(row["lag"] == 0 and not row["trouble"] for row in rows)


async def test_a_new_edge_and_a_new_node_begin_with_what_is_shared_and_agree(site: Site) -> None:
    alice, merchant = site.user("alice", "USD=1000"), site.user("merchant", "USD=1", "native")
    async with AsyncClient(site.running["one"].url, Credentials(merchant["key"], merchant["secret"])) as shop:
        address = await shop.send(calls.create_deposit_address("BTC"))
    client = BtceClient(site.running["one"].port, alice["key"], alice["secret"])
    for rate in range(10, 30):
        assert (await client.call("Trade", pair="btc_usd", type="buy", rate=str(rate), amount="0.1")).result
    last = int(site.running["one"].metric("cambist_durable_seq"))
    refused = await asyncio.to_thread(purge, site, last)
    assert "the newest shared state that is whole is at command 0" in refused
    await asyncio.to_thread(done, "snapshot", "--data", site.data("one"))
    assert await asyncio.to_thread(purge, site, last) == ""
    for rate in range(30, 40):
        assert (await client.call("Trade", pair="btc_usd", type="buy", rate=str(rate), amount="0.1")).result
    await client.close()

    edge = await asyncio.to_thread(site.edge, "e1")
    assert "a state that another node shared is here" in edge.log.read_text()
    await asyncio.to_thread(new_node, site, "two")
    assert "a state that another node shared is here" in site.running["two"].log.read_text()
    async with AsyncClient(edge.url, Credentials(merchant["key"], merchant["secret"])) as shop:
        assert await shop.send(calls.show_deposit_address("BTC")) == address, "what the log does not have any more"
    over = BtceClient(edge.port, alice["key"], alice["secret"], client.nonce)
    active = await over.call("ActiveOrders", pair="btc_usd")
    assert active.result is not None, active.reply
    assert len(active.result) == 30
    await asyncio.to_thread(done, "cluster", "hand-over", "--to", "two", "--data", site.data("one"))
    placed = await over.call("Trade", pair="btc_usd", type="buy", rate="50", amount="0.1")
    assert placed.result is not None, placed.reply
    await over.close()
    await until(lambda: agree(site, 2))
    # The edge compared its own state with the checkpoint that begins the new epoch: it would have ended otherwise.
    await until(lambda: edge.metric("cambist_applied_seq") == site.running["two"].metric("cambist_durable_seq"))
    assert edge.readiness()[0] == 200
    assert not list(site.data("e1").glob("shared*")), "nothing is left of what was fetched"
    async with AsyncClient(site.running["two"].url, Credentials(merchant["key"], merchant["secret"])) as shop:
        assert await shop.send(calls.show_deposit_address("BTC")) == address


def purge(site: Site, up_to: int) -> str:
    """Why it is refused; empty when it is done."""
    answer = cambist("cluster", "purge", "--up-to", str(up_to), "--yes", "--data", site.data("one"))
    return "" if answer.returncode == 0 else answer.stderr
