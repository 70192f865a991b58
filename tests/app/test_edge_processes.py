"""`cambist edge` as processes: two engine nodes, two edges, three NATS servers and PostgreSQL, and a leader that is killed."""

import asyncio
import json
from pathlib import Path

import pytest

from cambist.api_types.stream import Done, LoggedOut
from cambist.app.errors import Exit
from cambist.app.monitoring import DIRECTORY_AWAY
from cambist.client import AsyncClient, Credentials, calls
from cambist.client.stream import AsyncStream
from tests.cluster import conftest
from tests.support.btce_client import BtceClient
from tests.support.edge_sites import Site, done, site
from tests.support.postgresql import Server, postgresql
from tests.support.processes import cambist
from tests.support.waiting import until

__all__ = ["postgresql", "site"]
servers = conftest.servers


async def test_orders_go_on_over_edges_when_the_leader_is_killed_and_each_is_there_once(site: Site) -> None:
    alice, bob = site.user("alice", "USD=1000000"), site.user("bob", "USD=1000000")
    site.second_node()
    edges = [site.edge("e1"), site.edge("e2")]
    clients = [BtceClient(edge.port, key["key"], key["secret"]) for edge, key in zip(edges, (alice, bob), strict=True)]
    placed: list[list[int]] = [[], []]
    ending = False

    async def trade(number: int) -> None:
        client = clients[number]
        while not ending:
            exchanged = await client.call("Trade", pair="btc_usd", type="buy", rate=str(10 + len(placed[number]) % 50), amount="0.01")
            assert exchanged.result is not None, exchanged.reply
            placed[number].append(int(exchanged.result["order_id"]))

    tasks = [asyncio.create_task(trade(number)) for number in (0, 1)]
    try:
        await until(lambda: all(len(orders) > 10 for orders in placed))
        await asyncio.to_thread(site.running["one"].kill)
        before = [len(orders) for orders in placed]
        await until(lambda: all(len(orders) > known + 10 for orders, known in zip(placed, before, strict=True)))
    finally:
        ending = True
        await asyncio.gather(*tasks)
    for number, (client, orders) in enumerate(zip(clients, placed, strict=True)):
        other = BtceClient(edges[1 - number].port, client.key, client.secret, client.nonce)
        active = await other.call("ActiveOrders", pair="btc_usd")
        assert active.result is not None, active.reply
        assert sorted(map(int, active.result)) == orders, "each once, in order, and nothing else"
        await other.close()
        await client.close()
    assert await asyncio.to_thread(site.leads, "two")


async def test_a_node_takes_over_while_the_database_is_away_and_status_says_what_does_not_work(site: Site, postgresql: Server) -> None:
    alice = site.user("alice", "USD=1000")
    site.second_node()
    edge = site.edge("e1")
    client = BtceClient(edge.port, alice["key"], alice["secret"])

    def degraded() -> list[str]:
        nodes = json.loads(done("cluster", "status", "--data", site.data("two"), "--json"))["nodes"]
        return [node["degraded"] for node in nodes]

    await until(lambda: site.running["two"].metric("cambist_cluster_may_lead") == 1)
    await asyncio.to_thread(postgresql.stop)
    try:
        await asyncio.to_thread(site.running["one"].kill)
        placed = await client.call("Trade", pair="btc_usd", type="buy", rate="100", amount="1")
        assert placed.result is not None, placed.reply
        assert await asyncio.to_thread(site.leads, "two")
        said = "history does not follow; " + DIRECTORY_AWAY
        await until(lambda: site.running["two"].degraded().startswith(said))
        await until(lambda: degraded()[0].startswith(said))
        assert await asyncio.to_thread(edge.degraded) == "history cannot be asked; " + DIRECTORY_AWAY
    finally:
        await asyncio.to_thread(postgresql.start)
    await until(lambda: site.running["two"].degraded() == edge.degraded() == "")
    await until(lambda: degraded() == [""])
    await until(lambda: site.running["two"].metric("cambist_history_seq") == site.running["two"].metric("cambist_durable_seq"))
    mine = await client.call("ActiveOrders", pair="btc_usd")
    assert mine.result is not None
    assert len(mine.result) == 1
    await client.close()


async def test_an_edge_tells_whom_it_waits_for_and_ends_in_order(site: Site) -> None:
    alice = site.user("alice", "USD=1000")
    edge = site.edge("e1")
    assert edge.ready["edge"] >= 1
    client = BtceClient(edge.port, alice["key"], alice["secret"])
    placed = await client.call("Trade", pair="btc_usd", type="buy", rate="100", amount="1")
    assert placed.result is not None
    await client.close()
    done("key", "revoke", alice["key"], "--data", site.data("one"))

    async def refused() -> bool:
        asked = BtceClient(edge.port, alice["key"], alice["secret"], 100)
        try:
            return (await asked.call("getInfo")).result is None
        finally:
            await asked.close()

    for _ in range(20):
        if await refused():
            break
    assert await refused()
    assert await asyncio.to_thread(edge.terminate) == Exit.OK
    again = site.edge("e1")
    assert again.ready["edge"] > edge.ready["edge"]


async def test_a_key_that_is_revoked_elsewhere_ends_what_an_open_socket_showed_to_it(site: Site) -> None:
    alice = site.user("alice", "USD=1000", "native")
    edge = site.edge("e1")
    credentials = Credentials(alice["key"], alice["secret"])
    async with AsyncClient(edge.url, credentials) as client:
        made = await client.send(calls.create_deposit_address("BTC"))
        assert await client.send(calls.show_deposit_address("BTC")) == made
    async with AsyncStream(edge.url, credentials) as stream:
        await stream.subscribe("orders")
        heard = [await stream.receive() for _ in range(2)]
        assert isinstance(heard[0], Done), heard
        revoked = asyncio.create_task(asyncio.to_thread(done, "key", "revoke", alice["key"], "--data", site.data("one")))
        async with asyncio.timeout(60):
            while not isinstance(await stream.receive(), LoggedOut):
                pass
        await revoked


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "an edge needs cluster.servers and history.url"),
        ('[cluster]\nservers = ["nats://127.0.0.1:4222"]\nnode = "e"\n', "an edge needs history.url"),
        (
            '[cluster]\nservers = ["nats://127.0.0.1:4222"]\nnode = "e"\n[history]\nurl = "postgresql://a@127.0.0.1/b"\n',
            "master.key is missing: copy it from an engine node",
        ),
    ],
)
def test_what_cannot_be_an_edge_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "edge.toml"
    file.write_text(text)
    answer = cambist("edge", "--data", tmp_path / "edge", "--config", file, "--port", "0")
    assert answer.returncode == Exit.CONFIGURATION
    assert complaint in answer.stderr
