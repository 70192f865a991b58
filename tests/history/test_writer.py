"""The writer's thread: following, catching up, lagging, failing."""

import asyncio
import threading

import pytest

from cambist.history import History, HistoryAhead, HistoryFailed, HistoryWriter, Page
from cambist.history.fold import Cursor, Rows
from cambist.history.port import HistoryWrites
from tests.history.scenes import Recorded, Venue, random_day
from tests.support.history_places import HistoryPlace
from tests.support.waiting import ticks, until


class Gated(HistoryWrites):
    """A store whose batches wait until they are let through, or fail."""

    def __init__(self, inner: HistoryWrites) -> None:
        self.inner = inner
        self.gate = threading.Event()
        self.gate.set()
        self.at_gate = False
        self.error: Exception | None = None
        self.batches = 0

    @property
    def check_seconds(self) -> float | None:
        return self.inner.check_seconds

    @property
    def cursor(self) -> Cursor:
        return self.inner.cursor

    def open(self, journal: int) -> None:
        self.inner.open(journal)

    def check(self) -> None:
        self.inner.check()

    def apply(self, rows: Rows) -> None:
        self.at_gate = True
        assert self.gate.wait(10)
        self.at_gate = False
        if self.error is not None:
            raise self.error
        self.batches += 1
        self.inner.apply(rows)

    def clear(self) -> None:
        self.inner.clear()

    def close(self) -> None:
        self.inner.close()


@pytest.fixture
def store(place: HistoryPlace) -> Gated:
    return Gated(place.writes())


async def test_a_reader_sees_what_he_was_told(store: Gated, place: HistoryPlace, venue: Venue) -> None:
    writer = HistoryWriter(store)
    writer.start()
    history = History(place.reads(), writer.reached)
    for raw, last in venue.runs:
        assert writer.feed(raw, last)
    for number in range(20):
        placed = venue.place(16, 0, 100 + number, 10**6, tag=str(number))
        assert writer.feed(venue.cut(), venue.last_seq)
        await history.reached(placed.seq)
        (order,) = await history.orders(16, Page(limit=1))
        assert (order.id, order.tag) == (placed.id, str(number))
    writer.close()
    await history.reached(writer.applied_seq)
    with pytest.raises(HistoryFailed, match="closed"):
        await history.reached(writer.applied_seq + 1)
    history.close()


async def test_runs_twice_and_runs_in_parts_are_taken_once(store: Gated, venue: Venue) -> None:
    random_day(venue, 1, 100)
    writer = HistoryWriter(store)
    writer.start()
    for raw, last in venue.runs:
        writer.feed(raw, last)
        writer.feed(raw, last)
    both = b"".join(raw for raw, _ in venue.runs[-3:])
    venue.place(16, 0, 100, 10**6)
    writer.feed(both + venue.cut(), venue.last_seq)
    await writer.reached(venue.last_seq)
    assert writer.failure is None
    writer.close()


async def test_a_new_writer_first_reads_what_it_lacks_from_the_source(store: Gated, venue: Venue) -> None:
    random_day(venue, 2, 100)
    venue.folded_into(store)
    random_day(venue, 3, 100)
    writer = HistoryWriter(store, venue.source())
    writer.start()
    assert writer.behind
    await writer.reached(venue.last_seq)
    await until(lambda: not writer.behind)
    venue.place(16, 0, 100, 10**6)
    assert writer.feed(venue.cut(), venue.last_seq)
    await writer.reached(venue.last_seq)
    writer.close()


async def test_too_much_at_once_is_dropped_and_read_from_the_source(store: Gated, place: HistoryPlace, venue: Venue) -> None:
    writer = HistoryWriter(store, Recorded(venue.runs), max_bytes=20_000)
    writer.start()
    await writer.reached(venue.last_seq)
    await until(lambda: not writer.behind)
    store.gate.clear()
    answers = []
    for number in range(400):
        venue.place(16, number % 2, 100, 10**6)
        raw = venue.cut()
        answers.append(writer.feed(raw, venue.last_seq))
        assert writer.queued_bytes <= 20_000
    assert answers[0]
    assert not answers[-1]
    assert writer.behind
    waiting = asyncio.ensure_future(writer.reached(venue.last_seq))
    await until(lambda: store.at_gate)
    assert not waiting.done()
    store.gate.set()
    await waiting
    await until(lambda: not writer.behind)
    venue.place(17, 0, 90, 10**6)
    assert writer.feed(venue.cut(), venue.last_seq)
    await writer.reached(venue.last_seq)
    reads = place.reads()
    assert len(reads.orders(16, Page(limit=1_000))) == 400
    reads.close()
    writer.close()


async def test_a_hole_in_what_is_fed_is_filled_from_the_source(store: Gated, venue: Venue) -> None:
    source = Recorded(list(venue.runs))
    writer = HistoryWriter(store, source)
    writer.start()
    await writer.reached(venue.last_seq)
    await until(lambda: not writer.behind)
    for number in range(3):
        venue.place(16, 0, 100 + number, 10**6)
        venue.cut()
    source.recorded = venue.runs
    assert writer.feed(*venue.runs[-1])
    await writer.reached(venue.last_seq)
    assert writer.failure is None
    writer.close()


async def test_a_store_that_knows_more_than_the_journal_is_refused(store: Gated, venue: Venue) -> None:
    random_day(venue, 2, 50)
    venue.folded_into(store)
    with pytest.raises(HistoryAhead, match="rebuild"):
        HistoryWriter(store, Recorded(venue.runs[:1])).start()


async def test_a_failure_is_loud_and_blocks_nobody(store: Gated, place: HistoryPlace, venue: Venue) -> None:
    heard: list[BaseException] = []
    writer = HistoryWriter(store, on_failure=heard.append)
    writer.start()
    store.error = OSError("no space left")
    waiting = asyncio.ensure_future(writer.reached(venue.last_seq))
    await ticks()
    for raw, last in venue.runs:
        writer.feed(raw, last)
    with pytest.raises(HistoryFailed) as caught:
        await waiting
    assert isinstance(caught.value.__cause__, OSError)
    assert writer.failure is heard[0] is store.error
    assert not writer.feed(b"", venue.last_seq)
    with pytest.raises(HistoryFailed):
        await writer.reached(venue.last_seq)
    writer.close()

    after = HistoryWriter(place.writes(), venue.source())
    after.start()
    await after.reached(venue.last_seq)
    after.close()


async def test_a_source_that_ends_too_early_is_a_failure(store: Gated, venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cambist.history.writer.SOURCE_ATTEMPTS", 3)
    writer = HistoryWriter(store, Recorded(list(venue.runs)))
    writer.start()
    await writer.reached(venue.last_seq)
    await until(lambda: not writer.behind)
    venue.place(16, 0, 100, 10**6)
    venue.engine.take_events()
    venue.place(16, 0, 100, 10**6)
    writer.feed(venue.cut(), venue.last_seq)
    await until(lambda: writer.failure is not None)
    assert "durable" in str(writer.failure)
    writer.close()


async def test_what_was_fed_is_stored_before_close_returns(store: Gated, place: HistoryPlace, venue: Venue) -> None:
    random_day(venue, 9, 200)
    writer = HistoryWriter(store)
    writer.start()
    for raw, last in venue.runs:
        writer.feed(raw, last)
    writer.close()
    again = place.writes()
    assert again.cursor.seq == venue.last_seq
    again.close()


async def test_many_frames_share_a_batch(store: Gated, venue: Venue) -> None:
    writer = HistoryWriter(store)
    store.gate.clear()
    writer.start()
    random_day(venue, 4, 500, cut_every=1)
    for raw, last in venue.runs:
        writer.feed(raw, last)
    store.gate.set()
    await writer.reached(venue.last_seq)
    assert store.batches <= 3
    writer.close()


async def test_a_waiter_that_gave_up_is_forgotten(store: Gated, venue: Venue) -> None:
    writer = HistoryWriter(store)
    writer.start()
    waiting = asyncio.ensure_future(writer.reached(venue.last_seq))
    await ticks()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    for raw, last in venue.runs:
        writer.feed(raw, last)
    await writer.reached(venue.last_seq)
    writer.close()
