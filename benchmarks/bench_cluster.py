"""What an order that comes over an edge costs the node that leads: processor time of its whole process, on three real servers."""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
from pathlib import Path

from benchmarks.report import AT_MOST, ROOT, Row, Settings, Target

from cambist import _core
from cambist.account_streams.events import AccountStreams
from cambist.app.entropy import system_clock, system_entropy
from cambist.cluster.command_channel import CommandReceiver
from cambist.cluster.journal import JetStreamJournal
from cambist.cluster.settings import LogSettings
from cambist.domain.transfers import TransferKind
from cambist.exchange import EmbeddedCommands, Sequencer
from cambist.exchange.command_service import CommandService
from cambist.marketdata.marketdata import MarketData
from tests.support.edges import RisingNonces
from tests.support.immediate import ImmediateCommands
from tests.support.nats_servers import running_servers
from tests.support.waiting import until

GROUP = "cluster"
USERS = 100
BTC, USD, MARKET = 0, 1, 0
TARGET = Target(AT_MOST, 8)
LOADS = ((20_000, 100), (10_000, 20), (1_000, 1))
"""Orders a second, and how many of them come in one batch: what an edge gives in one tick."""


def measure(settings: Settings) -> list[Row]:
    seconds = 2 if settings.quick else 10
    rows = []
    with tempfile.TemporaryDirectory(dir=settings.scratch) as scratch, running_servers(Path(scratch)) as servers:
        for rate, batch in LOADS:
            log = LogSettings(tuple(servers.urls), "leader", f"bench{batch}", max_bytes=1 << 30)
            journal = JetStreamJournal(log, Path(scratch) / log.name, system_entropy)
            try:
                micros, frames = asyncio.run(_lead(journal, rate, batch, seconds))
            finally:
                journal.close()
            words = f"processor time of the leader per order over an edge, {rate:,}/s, {batch} in a batch"
            detail = {"orders": rate * seconds, "frames": frames}
            rows.append(Row(GROUP, words, micros, "us", TARGET if batch == LOADS[0][1] else None, f"{frames:,} frames", detail))
    return rows


async def _lead(journal: JetStreamJournal, rate: int, batch: int, seconds: int) -> tuple[float, int]:
    """(µs of this process's processors an order, frames that were written). The edge is another process."""
    loop = asyncio.get_running_loop()
    engine, clock, nonces = _core.Engine(), system_clock(), RisingNonces()
    failures: list[BaseException] = []
    sequencer = Sequencer(engine, journal, clock.__call__, loop, on_failure=failures.append)
    _furnish(ImmediateCommands(EmbeddedCommands(engine, sequencer, nonces)))
    sequencer.drain()
    market_data, streams = MarketData([MARKET], clock.__call__), AccountStreams()
    frames: list[int] = []
    sequencer.subscribe(lambda frame: frames.append(frame.last_seq))
    sequencer.subscribe(lambda frame: market_data.apply(frame.events))
    sequencer.subscribe(lambda frame: streams.apply(frame.events))
    service = CommandService(engine, sequencer, nonces)
    CommandReceiver(journal.node.connection, journal.epoch, loop, service.take)
    orders = rate * seconds
    arguments = [journal.node.settings.name, str(journal.epoch), str(rate), str(batch), str(orders), *journal.node.settings.servers]
    load = [sys.executable, "-m", "benchmarks.edge_load", *arguments]
    edge = await asyncio.create_subprocess_exec(*load, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert edge.stdout is not None
    await edge.stdout.readline()  # it has everything encoded, and begins
    before = _processor_seconds()
    await until(lambda: failures or edge.returncode or (service.taken == orders and not sequencer.backlog), 10.0 * seconds)
    spent = _processor_seconds() - before
    await edge.wait()
    if failures or service.taken != orders or service.malformed:
        raise RuntimeError(f"{service.taken} of {orders} orders were taken: {failures}")
    sequencer.close()
    return spent / orders * 1e6, len(frames)


def _furnish(commands: ImmediateCommands) -> None:
    commands.create_asset("BTC", 16, 8)
    commands.create_asset("USD", 16, 8)
    limits = {"min_price": 1, "max_price": 10**8, "min_amount": 1, "max_amount": 10**15, "min_total": 0}
    commands.create_market(BTC, USD, 3, 8, self_trade=1, maker_ppm=2_000, taker_ppm=2_000, **limits)
    for user in range(USERS):
        account = commands.open_account().id
        for asset in (BTC, USD):
            commands.transfer(2 * user + asset + 1, _core.WORLD, account, asset, TransferKind.DEPOSIT, 10**26)


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
