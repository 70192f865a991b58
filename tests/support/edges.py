"""A leader and its edges in one process, on a log in memory, with a wire that loses what a test wants it to lose."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.units import AccountId, AssetId, MarketId
from cambist.exchange import EmbeddedCommands, RemoteCommands, Sequencer
from cambist.exchange.command_service import CommandService
from cambist.exchange.edge_messages import decode_answer
from cambist.exchange.log_follower import LogFollower
from cambist.exchange.pending_commands import PendingCommands
from tests.support.immediate import ImmediateCommands
from tests.support.memory_journal import MemoryLog
from tests.support.waiting import ticks

BTC, USD, BTC_USD = AssetId(0), AssetId(1), MarketId(0)
ALICE = _core.FIRST_USER_ACCOUNT
BOB = AccountId(ALICE + 1)
PATIENCE = 5.0


class RisingNonces:
    """Each key's nonces must rise; once-only ones, which are negative, are all new."""

    def __init__(self) -> None:
        self.marks: dict[int, int] = {}

    def judge(self, key_id: int, nonce: int) -> bool:
        if nonce < 0:
            return True
        if nonce <= self.marks.get(key_id, 0):
            return False
        self.marks[key_id] = nonce
        return True

    def last(self, key_id: int) -> int:
        return self.marks.get(key_id, 0)


class Leader:
    """One opening of the log, with everything that leads. `begin` makes the venue that the tests trade on."""

    def __init__(self, journal: Any, engine: _core.Engine, nonces: RisingNonces, clock: Callable[[], int]) -> None:
        self.journal, self.engine, self.nonces = journal, engine, nonces
        self.failures: list[BaseException] = []
        loop = asyncio.get_running_loop()
        self.sequencer = Sequencer(engine, journal, clock, loop, on_failure=self.failures.append, checkpoint_every=50)
        self.commands = ImmediateCommands(EmbeddedCommands(engine, self.sequencer, nonces))
        self.service = CommandService(engine, self.sequencer, nonces)

    def begin(self) -> None:
        commands = self.commands
        commands.create_asset("BTC", 16, 8)
        commands.create_asset("USD", 16, 8)
        limits = {"min_price": 1, "max_price": 10**8, "min_amount": 1, "max_amount": 10**15, "min_total": 0}
        commands.create_market(BTC, USD, 3, 8, self_trade=1, maker_ppm=2_000, taker_ppm=2_000, **limits)
        for number, account in enumerate((ALICE, BOB)):
            commands.open_account()
            commands.deposit(2 * number + 1, account, USD, 10**24)
            commands.deposit(2 * number + 2, account, BTC, 10**24)
        self.sequencer.drain()


@dataclass
class Edge:
    """An edge on the log. `lost` says which of its batches get lost, by their number from 1."""

    cluster: "Cluster"
    number: int
    lost: Callable[[int], bool] = lambda _number: False
    now: float = 0.0
    answers_lost: bool = False
    batches: list[tuple[int, bytes]] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = _core.Engine()
        self.nonces: dict[int, int] = {}
        loop = asyncio.get_running_loop()
        self.pending = PendingCommands(
            self.number, self.engine, self, lambda key: self.nonces.get(key, 0), loop, patience_seconds=PATIENCE, timer=lambda: self.now
        )
        self.follower = LogFollower(self.engine, self.pending, self.failures.append)
        self.commands = RemoteCommands(self.pending)
        self._frames = self.cluster.log_reader()

    def send(self, epoch: int, batch: bytes) -> None:
        self.batches.append((epoch, batch))
        if not self.lost(len(self.batches)):
            self.cluster.deliver(self, batch)

    def read_log(self) -> None:
        """Applies every frame that is durable."""
        for frame in self._frames:
            self.follower.apply(frame)
        if not self.cluster.silent:
            self.follower.opened(self.cluster.leader.journal.epoch)

    def elapse(self, seconds: float) -> None:
        """Lets time pass in steps of 100 ms."""
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.pending.look()

    async def settled(self, *given: "asyncio.Future[Any]") -> None:
        """Returns once these are decided, or nothing moves any more."""
        for _ in range(50):
            await ticks()
            if not self.cluster.silent:
                self.cluster.leader.sequencer.drain()
            self.read_log()
            if all(future.done() for future in given):
                return


class Cluster:
    """The log, who leads, and the edges."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.time = 1_000_000
        self.silent = False
        """Whether nobody takes commands."""
        self._numbers = count(1)
        self.leader = Leader(self.log.open(), _core.Engine(), RisingNonces(), lambda: self.time)
        self.leader.begin()

    def log_reader(self) -> Any:
        return self.leader.journal.read(1)

    def edge(self, **settings: Any) -> Edge:
        edge = Edge(self, next(self._numbers), **settings)
        edge.read_log()
        return edge

    def deliver(self, edge: Edge, batch: bytes) -> None:
        if self.silent:
            return
        answer = self.leader.service.take(batch)
        if answer is not None and not edge.answers_lost:
            decoded = decode_answer(answer.encode())
            assert decoded is not None
            edge.pending.answered(decoded)

    def kill_leader(self) -> None:
        """What it had not made durable is lost with it."""
        self.leader.sequencer.close()
        self.silent = True

    def take_over(self) -> None:
        """Another node leads: its state and its nonces are those of the log."""
        journal = self.log.open()
        engine, nonces = _core.Engine(), RisingNonces()
        for event in _core.decode_events(engine.replay(journal, events=True)):
            if isinstance(event, _core.CommandApplied) and event.meta:
                meta = Meta.decode(event.meta)
                if meta.nonce:
                    nonces.judge(meta.key_id, meta.nonce)
        self.leader = Leader(journal, engine, nonces, lambda: self.time)
        self.silent = False
