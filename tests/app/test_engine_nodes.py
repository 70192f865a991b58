"""Engine nodes under load: whatever ends the one that leads, the other goes on, nothing acknowledged is lost, nothing happens twice."""

import asyncio
import os
import random
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.failing_nodes import Cluster, EngineNode, make_cluster, so
from tests.app.test_durability import trade
from tests.support.nats_servers import NatsServers, running_servers
from tests.support.processes import cambist, command
from tests.support.waiting import PATIENCE, until, wait_until

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
        await so(lambda: first.follows)

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
        await so(lambda: second.leads and first.follows)
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


def test_the_drill_goes_as_its_page_says(cluster: Cluster) -> None:
    """docs/how-to/failover-drill.md, block by block, without load."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "failover-drill.md").read_text()
    status, hand_over, kill, stand_still = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    first, second = cluster.nodes

    def run(block: str, node: EngineNode) -> str:
        line = block.replace("cambist ", f"{shlex.join(command())} ")
        environment = {**os.environ, "CAMBIST_DATA": str(node.data), "PID": str(node.process.process.pid)}
        done = subprocess.run(["bash", "-ec", line], capture_output=True, text=True, env=environment, timeout=PATIENCE * 2)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "one" in run(status, first)
    assert "Node two leads" in run(hand_over, first)
    wait_until(lambda: first.follows)
    run(kill, second)
    wait_until(lambda: first.leads)
    second.start()
    wait_until(lambda: second.follows)
    run(stand_still, first)
    wait_until(lambda: second.leads)
    wait_until(lambda: first.follows)
    cluster.check()


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
