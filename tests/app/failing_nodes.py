"""Two engine nodes on three real NATS servers under load, to be killed, stopped and handed over; and what must be true afterwards.

Clients go where they are answered, as they would behind a load balancer that looks at /readyz. Every request of theirs is looked up in the
journal in the end, as `killed_venue.py` says: acknowledged ones are there once with their numbers, and so is at most what got no answer.
"""

import asyncio
import contextlib
import json
import random
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.local_cluster import free_ports

from cambist.dialects.btce_wex.errors import UNAVAILABLE
from tests.app.killed_venue import Fleet, Load, check_history, check_round, make_venue
from tests.support.btce_client import BtceClient, Exchanged
from tests.support.nats_servers import NatsServers
from tests.support.processes import Running, cambist, start
from tests.support.waiting import until, wait_until


async def so(condition: Callable[[], object]) -> None:
    """Returns when it is so, looked at beside the clients' loop: a node that stands still answers nobody."""
    await asyncio.to_thread(wait_until, condition)


LOOK_SECONDS = 0.5
"""How long a load balancer waits for /readyz."""
HUNG_SECONDS = 1.0
"""After so long without an answer a client tries the other node; what it asked stays asked."""


class Elsewhere(ConnectionError):
    """The node says that another one leads."""


@dataclass
class Late:
    """A request that got no answer in time, and the connection on which one may still come."""

    sent: Exchanged
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass
class EngineNode:
    name: str
    data: Path
    home: Path
    config: Path
    port: int
    running: Running | None = None

    def start(self) -> None:
        self.running = start(self.home, "serve", "--data", self.data, "--config", self.config, port=str(self.port))

    @property
    def process(self) -> Running:
        assert self.running is not None
        return self.running

    def metric(self, name: str) -> float:
        """-1 while it does not answer."""
        try:
            return self.process.metric(f"cambist_{name}")
        except (OSError, ValueError):
            return -1.0

    def ready(self) -> bool:
        """As a load balancer sees it."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=LOOK_SECONDS) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    @property
    def follows(self) -> bool:
        """In a process that never led, and could."""
        return self.metric("cluster_take_overs_total") == 0 and self.metric("cluster_may_lead") == 1

    @property
    def leads(self) -> bool:
        return self.metric("cluster_leads") == 1


@dataclass
class Cluster:
    """Two nodes, and clients that trade with whichever leads."""

    servers: NatsServers
    fleet: Fleet
    key_ids: dict[str, int]
    nodes: list[EngineNode]
    answers: list[float] = field(default_factory=list)
    """When each acknowledgement came, in seconds of the machine's steady clock."""
    late: list[Late] = field(default_factory=list)
    _ready: dict[int, bool] = field(default_factory=dict)
    """By port."""
    _ended: bool = False

    def start(self) -> None:
        """The first node leads, the second one is made from a backup of it and follows."""
        self.nodes[0].start()
        wait_until(lambda: self.nodes[0].leads)
        saved = self.nodes[0].home / "saved"
        for arguments in (("backup", saved, "--data", self.nodes[0].data), ("restore", saved, "--data", self.nodes[1].data)):
            answer = cambist(*arguments)
            assert answer.returncode == 0, answer.stderr
        self.nodes[1].start()
        wait_until(lambda: self.nodes[1].follows)

    @property
    def leader(self) -> EngineNode:
        return next(node for node in self.nodes if node.leads)

    @property
    def pause(self) -> float:
        """The longest time without any acknowledgement, in seconds."""
        return max(later - earlier for earlier, later in zip(self.answers, self.answers[1:], strict=False))

    # --- load ----------------------------------------------------------------------------------------------------------------
    async def under_load(self, trade: Load, event: Callable[[], Awaitable[None]], dice: random.Random) -> None:
        """Trades before, during and after what happens; returns when every client has been acknowledged something since."""
        coupons: list[str] = []
        self.fleet.connect(self.nodes[0].port)
        for client in self.fleet.clients:
            client.answered = lambda client=client: self._answered(client)  # type: ignore[misc]
        watching = asyncio.create_task(self._watch())
        tasks = [asyncio.create_task(self._trade(client, trade, random.Random(dice.random()), coupons)) for client in self.fleet.clients]
        try:
            await until(lambda: len(self.answers) > 100)
            await event()
            since = len(self.answers)
            await until(lambda: len(self.answers) > since + 100)
        finally:
            self._ended = True
            await asyncio.gather(watching, *tasks)
        for client in self.fleet.clients:
            await client.close()

    async def _watch(self) -> None:
        while not self._ended:
            for node in self.nodes:
                self._ready[node.port] = await asyncio.to_thread(node.ready)

    def _answered(self, client: BtceClient) -> None:
        sent = client.sent[-1]
        if sent.reply is not None and sent.reply.get("error") == UNAVAILABLE:
            raise Elsewhere
        if sent.result is not None:
            self.answers.append(time.monotonic())

    async def _trade(self, client: BtceClient, trade: Load, dice: random.Random, coupons: list[str]) -> None:
        while not self._ended:
            await until(lambda: self._ended or any(self._ready.values()))
            client.port = next((port for port, ready in self._ready.items() if ready), self.nodes[0].port)
            task = asyncio.create_task(trade(client, dice, coupons))
            asked = -1
            while not task.done():
                # One that is not answered any more is left; what it asked last may be answered all the same.
                await asyncio.wait({task}, timeout=HUNG_SECONDS)
                if asked == len(client.sent) or self._ended:
                    task.cancel()
                    await asyncio.wait({task})
                asked = len(client.sent)
            if not task.cancelled():
                assert isinstance(task.exception(), ConnectionError | OSError), task.exception()
            if client.sent and client.sent[-1].reply is None and client._reader is not None and client._writer is not None:
                self.late.append(Late(client.sent[-1], client._reader, client._writer))
            elif client._writer is not None:
                client._writer.close()
            client._reader = client._writer = None

    async def hear_late(self) -> None:
        """Takes in what came late on connections that were left, until they end: what it says has to be true too."""
        for late in self.late:
            with contextlib.suppress(OSError, TimeoutError):
                late.writer.write_eof()
                content = await asyncio.wait_for(late.reader.read(), 30.0)
                _, found, body = content.partition(b"\r\n\r\n")
                if found:
                    late.sent.reply = dict(json.loads(body))
            late.writer.close()

    # --- afterwards ------------------------------------------------------------------------------------------------------------
    def status(self) -> dict[str, Any]:
        answer = cambist("cluster", "status", "--data", self.nodes[0].data, "--json")
        assert answer.returncode == 0, answer.stderr
        found: dict[str, Any] = json.loads(answer.stdout)
        return found

    def check(self) -> None:
        """Both nodes run and come to the same; then both end, and every journal has all that was acknowledged, once."""

        def level() -> bool:
            applied = [node.metric("applied_seq") for node in self.nodes]
            return applied[0] == applied[1] > 0 and sum(node.leads for node in self.nodes) == 1

        wait_until(level)
        leader = self.leader
        for node in sorted(self.nodes, key=lambda node: node is leader):  # who leads ends last: nobody takes over
            assert node.process.terminate() == 0
        found = []
        for node in self.nodes:
            check_round(node.data, self.fleet, self.key_ids)
            check_history(node.data)
            answer = cambist("verify", "--data", node.data, "--json")
            assert answer.returncode == 0, answer.stderr
            verified = json.loads(answer.stdout)
            found.append({key: verified[key] for key in ("commands", "state_hash", "assets")})
        assert found[0] == found[1]


def make_cluster(directory: Path, servers: NatsServers) -> Cluster:
    """A venue of one machine with funded users, which the first start brings to the servers, and where a second one shall be."""
    data, fleet, key_ids = make_venue(directory, "USD=1000000,BTC=1000")
    text = (data / "config.toml").read_text()
    nodes = []
    for name, place, port in zip(("one", "two"), (data, directory / "copy"), free_ports(2), strict=True):
        home = directory / f"home-{name}"
        home.mkdir()
        config = home / "config.toml"
        cluster = f'[cluster]\nservers = {json.dumps(servers.urls)}\nname = "failing"\nnode = "{name}"\nlog_gibibytes = 1\n'
        before, _, after = text.partition("[cluster]\n")
        config.write_text(before + cluster + "\n[log]" + after.partition("\n[log]")[2])
        nodes.append(EngineNode(name, place, home, config, port))
    return Cluster(servers, fleet, key_ids, nodes)
