"""Edges on a real log: commands over real servers, frames from the stream, a leader that is followed by another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest

from cambist import _core
from cambist._core import JournalDamaged, JournalError, SnapshotOrigin
from cambist.app.entropy import system_clock
from cambist.cluster.command_channel import CommandReceiver
from cambist.cluster.connection import Connection
from cambist.cluster.edge import EdgeLog
from cambist.cluster.edge_counts import EdgeCounts
from cambist.cluster.journal import JetStreamJournal
from cambist.cluster.log_tail import LogTail
from cambist.cluster.tips import encode_tip
from cambist.dialect_kit.rate_limits import SECOND, Budget, RateLimits, RateRules
from cambist.dialect_kit.shared_counts import SharedCounts
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.exchange import Done
from tests.cluster.conftest import LogPlace, NewLog
from tests.support.edges import ALICE, BTC_USD, Leader, RisingNonces
from tests.support.waiting import ticks, until


class Node:
    """A leader on the stream; `with_venue` for the first one, the others have theirs from the log."""

    def __init__(self, journal: JetStreamJournal, *, with_venue: bool) -> None:
        self.journal = journal
        engine = _core.Engine()
        engine.replay(journal)
        self.leader = Leader(journal, engine, RisingNonces(), system_clock(0).__call__)
        if with_venue:
            self.leader.begin()
        loop = asyncio.get_running_loop()
        self.receiver = CommandReceiver(journal.node.connection, journal.epoch, loop, self.leader.service.take)

    def close(self) -> None:
        self.leader.sequencer.close()
        self.journal.close()


class Running:
    """The nodes and edges of a test."""

    def __init__(self, log: LogPlace, opened: ExitStack) -> None:
        self.log = log
        self._opened = opened

    def leads(self, name: str, *, with_venue: bool = False) -> Node:
        node = Node(self.log.node(name).open(), with_venue=with_venue)
        self._opened.callback(node.close)
        return node

    def edge(self, name: str, engine: _core.Engine | None = None, origin: SnapshotOrigin | None = None) -> "RunningEdge":
        return RunningEdge(self.log.node(name), self._opened, engine or _core.Engine(), origin)


class RunningEdge:
    def __init__(self, log: LogPlace, opened: ExitStack, engine: _core.Engine, origin: SnapshotOrigin | None) -> None:
        self.failures: list[BaseException] = []
        self.engine = engine
        connection = Connection(log.settings)
        opened.callback(connection.close)
        self.log = EdgeLog(connection, engine, origin, lambda _key: 0, self.failures.append, patience_seconds=30.0)
        opened.callback(self.log.close)
        self.log.begin()

    async def bid(self, price: int) -> Done[int]:
        done: Done[int] = await self.log.commands.place(
            ALICE, BTC_USD, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, price, 10**8, read=lambda view: view.open_order_count(ALICE)
        )
        return done


@pytest.fixture
async def running(new_log: NewLog) -> AsyncIterator[Running]:
    with ExitStack() as opened:
        yield Running(new_log(), opened)


async def test_orders_over_two_edges_are_in_both_states(running: Running) -> None:
    node = running.leads("one", with_venue=True)
    edges = [running.edge("e1"), running.edge("e2")]
    done = await asyncio.gather(*(edges[at % 2].bid(1_000 + at) for at in range(40)))
    assert {each.outcome.code for each in done} == {RejectReason.OK}
    await until(lambda: all(edge.engine.seq == node.leader.engine.seq for edge in edges))
    assert {edge.engine.state_hash() for edge in edges} == {node.leader.engine.state_hash()}
    assert node.leader.engine.open_order_count(ALICE) == 40
    assert edges[0].log.number != edges[1].log.number


async def test_orders_go_on_with_the_next_leader_each_once(running: Running) -> None:
    first = running.leads("one", with_venue=True)
    edge = running.edge("e1")
    await edge.bid(999)
    given = []
    for at in range(30):
        given.append(asyncio.ensure_future(edge.bid(1_000 + at)))
        await ticks()
        if at == 15:
            # What it had taken and not made durable yet is lost with it.
            first.leader.sequencer.close()
            await first.receiver.close()
    second = running.leads("two")
    done = await asyncio.gather(*given)
    assert {each.outcome.code for each in done} == {RejectReason.OK}
    assert [each.read for each in done] == list(range(2, 32)), "each once, in the order in which they were given"
    await until(lambda: edge.engine.seq == second.leader.engine.seq)
    assert edge.engine.state_hash() == second.leader.engine.state_hash()


async def test_an_edge_begins_with_a_snapshot_of_this_log_only(running: Running) -> None:
    node = running.leads("one", with_venue=True)
    seq, state = node.leader.engine.seq, node.leader.engine.snapshot()
    last = node.journal.last()
    edge = running.edge("e1")
    await edge.bid(1_000)
    origin = SnapshotOrigin(node.journal.identity, node.journal.epoch, last.durable_seq, last.hash)
    second = running.edge("e2", _core.Engine.restore(state), origin)
    done = await second.bid(1_001)
    assert (done.read, second.engine.seq) == (2, seq + 2)
    with pytest.raises(JournalDamaged, match="another log"):
        running.edge("e3", _core.Engine.restore(state), SnapshotOrigin(7, 1, last.durable_seq, last.hash))
    elsewhere = running.edge("e4", _core.Engine.restore(state), SnapshotOrigin(node.journal.identity, 1, seq + 1, b"x" * 32))
    await until(lambda: bool(elsewhere.failures))
    assert isinstance(elsewhere.failures[0], JournalDamaged)


async def test_a_frame_that_is_told_wrong_is_read_from_the_log(running: Running) -> None:
    node = running.leads("one", with_venue=True)
    edge = running.edge("e1")
    await edge.bid(1_000)
    stranger = Connection(running.log.node("stranger").settings)
    try:
        for sent in (b"", b"x", encode_tip(0), *(encode_tip(edge.log.tail.tip + ahead, b"no frame") for ahead in range(1, 9))):
            stranger.run(stranger.client.publish(stranger.settings.tip, sent))
        stranger.run(stranger.client.flush())
        done = [await edge.bid(1_001 + at) for at in range(3)]
    finally:
        stranger.close()
    assert [each.read for each in done] == [2, 3, 4]
    assert edge.engine.state_hash() == node.leader.engine.state_hash()
    assert edge.failures == []


async def test_what_one_edge_admits_counts_at_the_other(running: Running) -> None:
    rules = RateRules({"orders": (Budget("key", 10, 3_600 * SECOND),)}, tiers=())
    limits = [RateLimits(rules, lambda: 5 * SECOND) for _ in range(2)]
    with ExitStack() as opened:
        for number, each in enumerate(limits):
            counts = SharedCounts(active=True)
            counts.share("a dialect", each)
            connection = Connection(running.log.node(f"e{number}").settings)
            opened.callback(connection.close)
            opened.callback(EdgeCounts(connection, number, counts).close)
        assert [limits[0].admit("orders", key=1) for _ in range(10)] == [0] * 10
        await until(lambda: len(limits[1]) == 1)
        assert limits[1].admit("orders", key=1) > 0
        assert limits[1].admit("orders", key=2) == 0


async def test_without_a_log_there_is_no_edge(running: Running) -> None:
    connection = Connection(running.log.settings)
    try:
        with pytest.raises(JournalError, match="no log"):
            await asyncio.to_thread(LogTail, connection, 0)
    finally:
        connection.close()
