"""What an order that comes over an edge costs the node that leads, how long it takes there and back, and how fast an edge catches up.

On three real servers on this machine; over HTTP as benchmarks/edge_http.py says.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks import edge_http
from benchmarks.report import AT_LEAST, AT_MOST, ROOT, Row, Settings, Target

from cambist import _core
from cambist.account_streams.events import AccountStreams
from cambist.app.entropy import system_clock, system_entropy
from cambist.cluster.command_channel import CommandReceiver
from cambist.cluster.connection import Connection
from cambist.cluster.edge import EdgeLog
from cambist.cluster.journal import JetStreamJournal
from cambist.cluster.settings import LogSettings
from cambist.domain.orders import OrderType, TimeInForce
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, MarketId
from cambist.exchange import EmbeddedCommands, Sequencer
from cambist.exchange.command_service import CommandService
from cambist.marketdata.marketdata import MarketData
from cambist.merchant import MerchantService
from cambist.wallet import WalletService
from tests.support.edges import RisingNonces
from tests.support.immediate import ImmediateCommands
from tests.support.nats_servers import NatsServers, running_servers
from tests.support.waiting import until

GROUP = "cluster"
USERS = 100
BTC, USD, MARKET = 0, 1, 0
TARGET = Target(AT_MOST, 8)
CATCH_UP = Target(AT_LEAST, 0.3)
LOADS = ((50_000, 250), (10_000, 20), (1_000, 1))
"""Orders a second, and how many of them come in one batch: what an edge gives in one tick."""


def measure(settings: Settings) -> list[Row]:
    seconds = 2 if settings.quick else 10
    rows = []
    with tempfile.TemporaryDirectory(dir=settings.scratch) as scratch, running_servers(Path(scratch)) as servers:
        for rate, batch in LOADS:
            log = LogSettings(tuple(servers.urls), "leader", f"bench{batch}", max_bytes=1 << 30)
            journal = JetStreamJournal(log, Path(scratch) / log.name, system_entropy)
            try:
                journal.lead()
                micros, frames = asyncio.run(_lead(journal, rate, batch, seconds))
                if batch == LOADS[0][1]:
                    speed = asyncio.run(_catch_up(log, rate * seconds))
                    rows.append(
                        Row(GROUP, "an edge's catching up from the stream", speed / 1e6, "M/s", CATCH_UP, f"{rate * seconds:,} orders")
                    )
            finally:
                journal.close()
            words = f"processor time of the leader per order over an edge, {rate:,}/s, {batch} in a batch"
            detail = {"orders": rate * seconds, "frames": frames}
            rows.append(Row(GROUP, words, micros, "us", TARGET if batch == LOADS[0][1] else None, f"{frames:,} frames", detail))
        rows += _latencies(servers, Path(scratch), seconds)
    return rows + edge_http.measure(GROUP, settings)


def _latencies(servers: NatsServers, scratch: Path, seconds: int) -> list[Row]:
    log = LogSettings(tuple(servers.urls), "leader", "latency", max_bytes=1 << 30)
    journal = JetStreamJournal(log, scratch / log.name, system_entropy)
    try:
        journal.lead()
        waits = sorted(asyncio.run(_there_and_back(journal, seconds)))
    finally:
        journal.close()
    words = "order over an edge and back, 1,000/s, "
    at = {"p50": (len(waits) // 2, Target(AT_MOST, 5)), "p99": (len(waits) * 99 // 100, Target(AT_MOST, 25))}
    return [Row(GROUP, words + name, waits[place] * 1e3, "ms", target, f"{len(waits):,} orders") for name, (place, target) in at.items()]


async def _there_and_back(journal: JetStreamJournal, seconds: int) -> list[float]:
    """Seconds from giving each order to knowing its outcome; leader and edge share this process."""
    leader = _Leader(journal)
    connection = Connection(journal.node.settings)
    engine = _core.Engine()
    edge = EdgeLog(connection, engine, None, lambda _key: 0, leader.failures.append, patience_seconds=60.0)
    edge.begin()
    waits: list[float] = []

    async def order(number: int) -> None:
        began = perf_counter()
        account = AccountId(_core.FIRST_USER_ACCOUNT + number % USERS)
        price = 50_000 + number % 100 - 50
        done = await edge.commands.place(
            account, MarketId(MARKET), number % 2, OrderType.LIMIT, TimeInForce.GTC, price, 10**6, read=lambda view: view.seq
        )
        if done.outcome.code:
            raise RuntimeError(f"an order was refused: {done.outcome.code}")
        waits.append(perf_counter() - began)

    try:
        await until(lambda: engine.seq == leader.engine.seq)
        loop = asyncio.get_running_loop()
        due, orders = loop.time(), []
        for number in range(1_000 * seconds):
            orders.append(asyncio.create_task(order(number)))
            due += 0.001
            await asyncio.sleep(max(0.0, due - loop.time()))
        await asyncio.gather(*orders)
    finally:
        edge.close()
        leader.sequencer.close()
        connection.close()
    return waits


async def _catch_up(log: LogSettings, orders: int) -> float:
    """Commands a second of an edge that begins with nothing, with everything that it folds from them."""
    connection = Connection(log)
    engine = _core.Engine()
    failures: list[BaseException] = []
    edge = EdgeLog(connection, engine, None, lambda _key: 0, failures.append, patience_seconds=60.0)
    market_data = MarketData([MARKET], system_clock().__call__)
    edge.follower.subscribe(lambda frame: market_data.apply(frame.events))
    edge.follower.subscribe(lambda frame: WalletService.event_filter.of(frame.events))
    edge.follower.subscribe(lambda frame: MerchantService.event_filter.of(frame.events))
    nonces = RisingNonces()
    edge.follower.subscribe(lambda frame: [nonces.judge(key, nonce) for key, nonce, _, _ in _core.used_nonces(frame.events)])
    began = perf_counter()
    try:
        edge.begin()
        while not await edge.reached_tip(within=1.0):
            if failures:
                raise failures[0]
        return orders / (perf_counter() - began)
    finally:
        edge.close()
        connection.close()


class _Leader:
    """What leads on a journal, with a market and users that have money."""

    def __init__(self, journal: JetStreamJournal) -> None:
        loop = asyncio.get_running_loop()
        self.failures: list[BaseException] = []
        self.engine, self.clock, nonces = _core.Engine(), system_clock(), RisingNonces()
        self.sequencer = Sequencer(self.engine, journal, self.clock.__call__, loop, on_failure=self.failures.append)
        _furnish(ImmediateCommands(EmbeddedCommands(self.engine, self.sequencer, nonces)))
        self.sequencer.drain()
        self.service = CommandService(self.engine, self.sequencer, nonces)
        CommandReceiver(journal.node.connection, journal.epoch, loop, self.service.take)


async def _lead(journal: JetStreamJournal, rate: int, batch: int, seconds: int) -> tuple[float, int]:
    """(µs of this process's processors an order, frames that were written). The edge is another process."""
    leader = _Leader(journal)
    sequencer, service, failures = leader.sequencer, leader.service, leader.failures
    market_data, streams = MarketData([MARKET], leader.clock.__call__), AccountStreams()
    frames: list[int] = []
    sequencer.subscribe(lambda frame: frames.append(frame.last_seq))
    sequencer.subscribe(lambda frame: market_data.apply(frame.events))
    sequencer.subscribe(lambda frame: streams.apply(frame.events))
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
