"""How long nobody gets an answer when the leader, or the server that leads the log, dies, and when the lead is handed over.

On a venue of processes on this machine, under the load of scripts/failover_rounds.py: orders and transfers are counted after each round.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import nats
from benchmarks.process import CAMBIST
from benchmarks.report import AT_MOST, Row, Settings, Target
from scripts.failover_rounds import SETTINGS, Rounds
from scripts.local_cluster import LOG, SERVERS, LocalCluster, Process

GROUP = "failover"
ROUNDS = 3
TRADED_SECONDS = 3.0
"""Before and after each blow."""


def measure(settings: Settings) -> list[Row]:
    count = 1 if settings.quick else ROUNDS
    folder = settings.scratch / "failover"
    folder.mkdir()
    cluster = LocalCluster(folder, str(CAMBIST), [0, 0], SETTINGS)
    try:
        cluster.start()
        rounds = Rounds(cluster, TRADED_SECONDS)
        kinds = rounds.kinds()
        rows = [
            _row(rounds, "pause when the leader dies", kinds["leader-killed"], count, 10),
            _row(rounds, "pause when the log's leader dies", partial(_restarted, partial(_log_leader, cluster)), count, 10),
            _row(rounds, "pause of a planned hand-over", kinds["planned-hand-over"], count, 1),
        ]
    finally:
        cluster.stop()
    return rows


def _row(rounds: Rounds, words: str, act: Callable[[], None], count: int, most: float) -> Row:
    """The longest of its rounds."""
    pauses = [rounds.run(words, act) for _ in range(count)]
    note = f"{count} rounds, median {median(pauses):.2f} s"
    return Row(GROUP, words, max(pauses), "s", Target(AT_MOST, most), note, {"pauses": [round(pause, 3) for pause in pauses]})


def _log_leader(cluster: LocalCluster) -> Process:
    """The server that leads the log, as the servers say."""
    return cluster.servers[SERVERS.index(asyncio.run(_stream_leader(cluster.server_urls)))]


async def _stream_leader(servers: list[str]) -> str:
    client = await nats.connect(servers)
    try:
        info = await client.jetstream().stream_info(f"{LOG}-log")
    finally:
        await client.close()
    assert info.cluster is not None
    return str(info.cluster.leader)


def _restarted(which: Callable[[], Process]) -> None:
    process = which()
    process.kill()
    time.sleep(TRADED_SECONDS)
    process.start()
    process.wait_ready()
