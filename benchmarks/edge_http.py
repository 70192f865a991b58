"""Orders over HTTP through an edge: a venue of real processes on this machine, and clients that send at a rate, whatever it does.

Three log servers that sync what they store, PostgreSQL, one engine node, which leads, and one edge. Nothing is bound to a processor.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.load import BadReply, Load, Result
from benchmarks.orders import FUNDS, Client
from benchmarks.process import CAMBIST, family_processor_seconds
from benchmarks.report import AT_MOST, Row, Settings, Target
from scripts.local_cluster import LocalCluster, wait_until

from cambist.app import admin_client

CONNECTIONS = 64
RATE = 1_000
RUNS = 3
SUCCESS = b'{"success":1'
AT = ((50, Target(AT_MOST, 5)), (99, Target(AT_MOST, 25)))


@dataclass(frozen=True, slots=True)
class Run:
    result: Result
    processor_us: dict[str, float]
    """Of each process, for an order."""

    def figures(self) -> dict[str, Any]:
        return {**self.result.figures(), "processor_us_per_order": self.processor_us}


def measure(group: str, settings: Settings) -> list[Row]:
    seconds, runs = (3, 1) if settings.quick else (15, RUNS)
    with _venue(settings) as cluster:
        clients = _clients(cluster)
        load = Load("127.0.0.1", cluster.edges[0].port, CONNECTIONS)
        try:
            _wait_for_keys(load, clients)
            _run(cluster, load, clients, 3)  # the book fills, and everything has been called once
            found = [_run(cluster, load, clients, seconds) for _ in range(runs)]
        finally:
            load.close()
    detail = {"runs": [run.figures() for run in found]}
    busy = max(run.result.busy for run in found)
    note = f"{runs} runs of {seconds} s; generator {busy:.0%} of a processor"
    return [
        Row(
            group,
            f"order over HTTP through an edge, {RATE:,}/s, p{percent}",
            median(run.result.percentile(percent) for run in found) * 1e3,
            "ms",
            target,
            note,
            detail,
        )
        for percent, target in AT
    ]


@contextmanager
def _venue(settings: Settings) -> Iterator[LocalCluster]:
    folder = settings.scratch / "edge-http"
    folder.mkdir()
    cluster = LocalCluster(folder, str(CAMBIST), [0], node_names=["one"])
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def _clients(cluster: LocalCluster) -> list[Client]:
    """People with money, one key each."""
    found = []
    with admin_client.admin_client(cluster.data(cluster.nodes[0])) as ask:
        for number in range(CONNECTIONS):
            name = f"trader{number:02}"
            ask("user.add", {"name": name})
            ask("fund", {"user": name, "amounts": FUNDS})
            key = ask("key.create", {"user": name, "dialect": "btce"})
            found.append(Client(number, key["credentials"], f"127.0.0.1:{cluster.edges[0].port}"))
    return found


def _wait_for_keys(load: Load, clients: list[Client]) -> None:
    """Until the edge has heard of the last one's key and money."""

    def known() -> bool:
        try:
            load.alone(clients[-1].number, clients[-1].accounts(1), SUCCESS)
        except BadReply:
            return False
        return True

    wait_until(known, "the last key")


def _run(cluster: LocalCluster, load: Load, clients: list[Client], seconds: int) -> Run:
    each = RATE * seconds // CONNECTIONS
    requests = [client.trades(each) for client in clients]
    before = {process.name: family_processor_seconds(process.pid) for process in cluster.processes}
    result = load.open_run(requests, RATE, SUCCESS)
    spent = {process.name: family_processor_seconds(process.pid) - before[process.name] for process in cluster.processes}
    return Run(result, {name: round(used / result.requests * 1e6, 1) for name, used in spent.items()})
