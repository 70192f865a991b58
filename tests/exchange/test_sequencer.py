"""The sequencer on a real engine and a real journal: order, time, the barrier, and what happens when the disk gives way."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderStatus, OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.exchange import EmbeddedCommands, JournalStopped, Sequencer
from cambist.exchange.commands import NO_META
from cambist.exchange.sequencer import Frame
from tests.core.broken import broken_engine
from tests.support.immediate import ImmediateCommands
from tests.support.waiting import ticks, until

SEGMENT = 64 * 1024
BTC, USD, BTC_USD = 0, 1, 0
ALICE = _core.FIRST_USER_ACCOUNT


class NoNonces:
    """Takes every nonce."""

    def judge(self, key_id: int, nonce: int) -> bool:
        return True

    def last(self, key_id: int) -> int:
        return 0


@dataclass
class Floor:
    """An exchange with one market and one funded account, and the files under it."""

    journal: _core.Journal
    directory: Path
    now: int = 1_000_000
    failures: list[BaseException] = field(default_factory=list)
    sequencer: Sequencer = field(init=False)
    engine: _core.Engine = field(init=False)
    commands: ImmediateCommands = field(init=False)

    def open(self, checkpoint_every: int = 1_000, waits: bool = False) -> None:
        engine = _core.Engine()
        loop = asyncio.get_running_loop()
        sequencer = Sequencer(
            engine,
            self.journal,
            lambda: self.now,
            loop,
            on_failure=self.failures.append,
            checkpoint_every=checkpoint_every,
            waits=waits,
        )
        self.sequencer, self.engine = sequencer, engine
        commands = self.commands = ImmediateCommands(EmbeddedCommands(engine, sequencer, NoNonces()))
        commands.create_asset("BTC", 16, 8)
        commands.create_asset("USD", 16, 8)
        limits = {"min_price": 1, "max_price": 10**8, "min_amount": 1, "max_amount": 10**15, "min_total": 0}
        created = commands.create_market(BTC, USD, 3, 8, self_trade=1, maker_ppm=2_000, taker_ppm=2_000, **limits)
        assert created.code == RejectReason.OK
        commands.open_account()
        commands.deposit(1, ALICE, USD, 10**24)
        commands.deposit(2, ALICE, BTC, 10**24)
        sequencer.drain()

    def bid(self, price: int = 1_000, expire_at: int = 0, meta: Meta = NO_META) -> _core.Outcome:
        tif = TimeInForce.GTD if expire_at else TimeInForce.GTC
        outcome: _core.Outcome = self.commands.place(
            ALICE, BTC_USD, Side.BUY, OrderType.LIMIT, tif, price, 10**8, expire_at=expire_at, meta=meta
        )
        return outcome

    def frames(self) -> list[_core.Frame]:
        return list(_core.ReadOnlyJournal(str(self.directory)).read())


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    floor = Floor(_core.Journal.open(str(tmp_path / "journal"), SEGMENT), tmp_path / "journal")
    floor.open()
    yield floor
    floor.sequencer.close()
    floor.journal.close()


async def test_commands_of_one_tick_share_one_frame_and_one_barrier(floor: Floor) -> None:
    before = len(floor.frames())
    first, second = floor.bid(), floor.bid()
    barrier = floor.sequencer.barrier()
    assert barrier is not None
    assert barrier is floor.sequencer.barrier()
    await barrier
    frames = floor.frames()[before:]
    assert [(frame.first_seq, frame.count) for frame in frames] == [(first.seq, 2)]
    assert floor.sequencer.durable_seq == second.seq
    assert floor.sequencer.backlog == 0


async def test_the_barrier_opens_only_when_the_journal_has_the_command(floor: Floor) -> None:
    outcome = floor.bid()
    barrier = floor.sequencer.barrier()
    assert barrier is not None
    assert not barrier.done()
    assert floor.sequencer.durable_seq < outcome.seq
    await barrier
    assert floor.journal.last().durable_seq >= outcome.seq
    assert floor.sequencer.barrier() is None


async def test_where_it_waits_each_ticks_commands_are_published_at_its_end(tmp_path: Path) -> None:
    floor = Floor(_core.Journal.open(str(tmp_path / "journal"), SEGMENT), tmp_path / "journal")
    floor.open(waits=True)
    frames: list[int] = []
    floor.sequencer.subscribe(lambda frame: frames.append(frame.last_seq))
    given = []
    for _ in range(20):
        given.append(floor.bid().seq)
        barrier = floor.sequencer.barrier()
        await ticks()
        assert floor.sequencer.barrier() is None
        assert barrier is not None
        assert barrier.done()
    assert frames == given
    floor.sequencer.close()
    floor.journal.close()


async def test_a_read_between_flush_and_sync_waits_for_that_sync(floor: Floor) -> None:
    floor.bid()
    await ticks()  # one tick: the frame is handed over, its sync has not been heard of
    barrier = floor.sequencer.barrier()
    if barrier is not None:
        await barrier
    assert floor.sequencer.durable_seq == floor.sequencer.applied_seq


async def test_followers_hear_each_durable_command_once_in_order(floor: Floor) -> None:
    heard: list[int] = []

    def follower(frame: Frame) -> None:
        assert floor.journal.last().durable_seq >= frame.last_seq
        heard.extend(event.seq for event in _core.decode_events(frame.events) if isinstance(event, _core.CommandApplied))
        assert heard[-1] == frame.last_seq

    floor.sequencer.subscribe(follower)
    start = floor.sequencer.applied_seq
    for burst in (3, 1, 7):
        for _ in range(burst):
            floor.bid()
        await ticks()
    barrier = floor.sequencer.barrier()
    if barrier is not None:
        await barrier
    assert heard == list(range(start + 1, start + 12))


async def test_time_never_goes_back_even_when_the_clock_does(floor: Floor) -> None:
    floor.bid()
    floor.now -= 500_000
    assert floor.sequencer.stamp() == 1_000_000
    assert floor.bid().code == RejectReason.OK


async def test_an_order_that_ended_by_now_is_gone_before_the_next_command(floor: Floor) -> None:
    order = floor.bid(expire_at=floor.now + 10)
    floor.now += 10
    assert floor.commands.cancel(ALICE, order.id).code == RejectReason.ORDER_NOT_LIVE


async def test_an_order_ends_in_a_quiet_market_too(floor: Floor) -> None:
    order = floor.bid(expire_at=floor.now + 10)
    floor.now += 10
    floor.sequencer.advance()
    assert floor.engine.order(order.id) is None
    floor.sequencer.drain()


async def test_state_hashes_are_recorded_every_so_many_commands(tmp_path: Path) -> None:
    floor = Floor(_core.Journal.open(str(tmp_path / "journal"), SEGMENT), tmp_path / "journal")
    floor.open(checkpoint_every=10)
    for _ in range(30):
        floor.bid()
        floor.sequencer.drain()
    floor.sequencer.checkpoint()
    floor.sequencer.close()
    floor.journal.close()
    recorded = [frame for frame in floor.frames() if frame.kind == 2]
    assert len(recorded) >= 3
    assert recorded[-1].payload == floor.engine.state_hash()
    again = _core.Engine()
    again.replay(_core.ReadOnlyJournal(str(floor.directory)))
    assert again.state_hash() == floor.engine.state_hash()


async def test_when_the_journal_refuses_a_frame_nothing_is_told_and_nothing_more_is_taken(floor: Floor) -> None:
    heard: list[int] = []
    floor.sequencer.subscribe(lambda frame: heard.append(frame.last_seq))
    floor.journal.close()
    floor.bid()
    barrier = floor.sequencer.barrier()
    assert barrier is not None
    with pytest.raises(JournalStopped):
        await barrier
    assert heard == []
    assert len(floor.failures) == 1
    with pytest.raises(JournalStopped):
        floor.bid()
    late = floor.sequencer.barrier()
    assert late is not None
    with pytest.raises(JournalStopped):
        await late
    with pytest.raises(JournalStopped):
        floor.sequencer.drain()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 512 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"NOT TESTED on a really full disk, mounting a tmpfs needs root: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


async def test_what_was_applied_in_the_tick_in_which_it_is_closed_breaks_nothing(floor: Floor) -> None:
    floor.sequencer.drain()
    floor.commands.note(Meta())
    waiting = floor.sequencer.barrier()
    assert waiting is not None
    floor.sequencer.close()
    floor.journal.close()
    await ticks(3)
    assert floor.failures == []
    assert isinstance(waiting.exception(), JournalStopped)


async def test_a_command_that_breaks_the_ledger_is_neither_journaled_nor_acknowledged(tmp_path: Path) -> None:
    journal = _core.Journal.open(str(tmp_path / "journal"), SEGMENT)
    failures: list[BaseException] = []
    engine = broken_engine()
    sequencer = Sequencer(engine, journal, lambda: 2_000_000, asyncio.get_running_loop(), on_failure=failures.append)
    commands = ImmediateCommands(EmbeddedCommands(engine, sequencer, NoNonces()))
    commands.cancel(ALICE, 1)
    barrier = sequencer.barrier()
    assert barrier is not None
    with pytest.raises(JournalStopped):
        await barrier
    assert [type(failure) for failure in failures] == [_core.LedgerViolation]
    assert list(journal.read()) == []
    with pytest.raises(JournalStopped):
        commands.cancel(ALICE, 1)
    journal.close()


def fill(small_disk: Path) -> Path:
    """The file that takes all the space that a journal has not reserved."""
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (512 * 1024 - 5 * SEGMENT))
    with filler.open("ab", buffering=0) as file:
        try:
            while file.write(b"x" * 4096) == 4096:
                pass
        except OSError:
            pass  # full, as intended
    return filler


async def test_on_a_full_disk_orders_and_money_wait_cancels_work_and_space_brings_all_back(small_disk: Path) -> None:
    floor = Floor(_core.Journal.open(str(small_disk / "journal"), SEGMENT, space_retry_seconds=0), small_disk / "journal")
    floor.open()
    placed = []
    filler = fill(small_disk)
    while (outcome := floor.bid()).code == RejectReason.OK:
        placed.append(outcome.id)
        floor.sequencer.drain()
    assert outcome.code == RejectReason.JOURNAL_FULL
    assert floor.commands.deposit(3, ALICE, USD, 1).code == RejectReason.JOURNAL_FULL
    assert floor.commands.replace(ALICE, placed[0], amount=1).code == RejectReason.JOURNAL_FULL

    cancelled = floor.commands.cancel(ALICE, placed[0])
    assert (cancelled.code, cancelled.status) == (RejectReason.OK, OrderStatus.DONE)
    floor.sequencer.drain()

    filler.unlink()
    await until(lambda: floor.sequencer.has_space)  # looking makes the writer try again
    assert floor.bid().code == RejectReason.OK
    floor.sequencer.drain()
    floor.sequencer.close()
    floor.journal.close()
    again = _core.Engine()
    again.replay(_core.ReadOnlyJournal(str(floor.directory)))
    assert again.state_hash() == floor.engine.state_hash()


async def test_an_order_refused_for_want_of_space_uses_its_nonce_up_until_the_last_byte_and_for_good(small_disk: Path) -> None:
    """The note that says so is all that is written: it is small, and goes where cancels go."""
    floor = Floor(_core.Journal.open(str(small_disk / "journal"), SEGMENT, space_retry_seconds=0), small_disk / "journal")
    floor.open()
    fill(small_disk)
    while floor.bid().code == RejectReason.OK:
        floor.sequencer.drain()
    acknowledged: list[int] = []

    def refused() -> None:
        nonce = len(acknowledged) + 1
        assert floor.bid(meta=Meta(key_id=7, nonce=nonce)).code == RejectReason.JOURNAL_FULL
        floor.sequencer.drain()
        acknowledged.append(nonce)
        assert floor.commands.cancel(ALICE, 1 << 60).code == RejectReason.ORDER_NOT_FOUND, "cancels are still looked at"

    while not floor.failures:
        with suppress(JournalStopped):
            refused()
    assert len(acknowledged) > SEGMENT // 1_000
    assert isinstance(floor.failures[0], _core.JournalError)
    floor.sequencer.close()
    floor.journal.close()
    metas = [Meta.decode(meta) for frame in floor.frames() if frame.kind == 1 for _, _, _, meta in _core.decode_commands(frame.payload)]
    assert [meta.nonce for meta in metas if meta.key_id == 7] == acknowledged
