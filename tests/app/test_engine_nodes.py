"""Engine nodes under load: whatever ends the one that leads, the other goes on, nothing acknowledged is lost, nothing happens twice."""

import asyncio
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.failing_nodes import Cluster, make_cluster, so
from tests.app.test_durability import trade
from tests.support.nats_servers import NatsServers, running_servers
from tests.support.processes import cambist
from tests.support.waiting import until

SEED = 20261130


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[NatsServers]:
    """Of each test its own: some are killed."""
    with running_servers(tmp_path) as started:
        yield started


@pytest.fixture
def cluster(tmp_path: Path, servers: NatsServers) -> Iterator[Cluster]:
    made = make_cluster(tmp_path, servers)
    made.start()
    yield made
    for node in made.nodes:
        if node.running is not None and node.running.process.poll() is None:
            node.running.process.send_signal(signal.SIGCONT)
            node.running.kill()


async def test_the_other_node_trades_on_when_the_one_that_leads_is_killed(cluster: Cluster) -> None:
    first, second = cluster.nodes

    async def killed() -> None:
        first.process.kill()
        await so(lambda: second.leads)
        await asyncio.to_thread(first.start)

    await cluster.under_load(trade, killed, random.Random(SEED))
    await cluster.hear_late()
    print(f"pause: {cluster.pause:.2f} s")
    await asyncio.to_thread(cluster.check)


async def test_a_node_that_stood_still_while_another_took_over_acknowledges_nothing_new_and_follows(cluster: Cluster) -> None:
    first, second = cluster.nodes

    async def stood_still() -> None:
        first.process.process.send_signal(signal.SIGSTOP)
        await so(lambda: second.leads)
        acknowledged = len(cluster.answers)
        await until(lambda: len(cluster.answers) > acknowledged + 20)
        first.process.process.send_signal(signal.SIGCONT)
        await so(lambda: first.metric("cluster_may_lead") == 1 and not first.leads)

    await cluster.under_load(trade, stood_still, random.Random(SEED))
    await cluster.hear_late()
    print(f"pause: {cluster.pause:.2f} s")
    await asyncio.to_thread(cluster.check)


async def test_a_node_hands_over_and_follows(cluster: Cluster) -> None:
    first, second = cluster.nodes

    async def handed_over() -> None:
        done = await asyncio.to_thread(cambist, "cluster", "hand-over", "--to", "two", "--data", first.data)
        assert done.returncode == 0, done.stderr
        assert "Node two leads" in done.stdout
        await so(lambda: second.leads and first.metric("cluster_may_lead") == 1)
        status = await asyncio.to_thread(cluster.status)
        assert {row["node"]: row["leads"] for row in status["nodes"]} == {"one": False, "two": True}

    await cluster.under_load(trade, handed_over, random.Random(SEED))
    await cluster.hear_late()
    print(f"pause: {cluster.pause:.2f} s")
    await so(lambda: cluster.status()["agree"] and cluster.status()["checkpoint"] > 0)
    await asyncio.to_thread(cluster.check)


async def test_trading_goes_on_when_the_server_is_killed_that_leads_the_log(cluster: Cluster, servers: NatsServers) -> None:
    async def killed() -> None:
        victim = servers.named(await log_leader(servers))
        victim.kill()
        acknowledged = len(cluster.answers)
        await until(lambda: len(cluster.answers) > acknowledged + 20)
        await asyncio.to_thread(victim.start)

    await cluster.under_load(trade, killed, random.Random(SEED))
    await cluster.hear_late()
    print(f"pause: {cluster.pause:.2f} s")
    await asyncio.to_thread(cluster.check)


async def log_leader(servers: NatsServers) -> str:
    """The server that leads the log's stream."""
    import nats

    client = await nats.connect(servers.urls)
    try:
        info = await client.jetstream().stream_info("failing-log")
    finally:
        await client.close()
    assert info.cluster is not None
    assert info.cluster.leader is not None
    return info.cluster.leader
