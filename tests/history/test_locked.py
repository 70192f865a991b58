"""Another process has the history file locked: nothing is lost, nobody waits for ever, and history follows again by itself."""

import pytest

from cambist.history import History, HistoryBehind, HistoryFailed, HistoryLocked, HistoryWriter, Page
from cambist.history.fold import Cursor, Fold
from tests.history.scenes import Venue, random_day
from tests.support.history_places import HistoryPlace
from tests.support.waiting import until


async def test_the_writer_waits_for_the_lock_and_catches_up(place: HistoryPlace, venue: Venue) -> None:
    heard: list[BaseException] = []
    writer = HistoryWriter(place.writes(), on_failure=heard.append)
    writer.start()
    history = History(place.reads(), writer.reached)
    for raw, last in venue.runs:
        writer.feed(raw, last)
    await history.reached(venue.last_seq)
    before = writer.applied_seq
    with place.locked():
        venue.place(16, 0, 100, 10**6, tag="late")
        assert writer.feed(venue.cut(), venue.last_seq)
        with pytest.raises(HistoryBehind):
            await history.reached(venue.last_seq, within=0.5)
        await until(lambda: writer.blocked)
        # What is known to hang is not waited for again.
        with pytest.raises(HistoryBehind, match="another process"):
            await history.reached(venue.last_seq, within=0.0)
        # What history has is still to be read, and money went on meanwhile.
        assert writer.applied_seq == before
        assert await history.orders(16, Page(limit=1), tag="late") == []
        assert writer.feed(b"", venue.last_seq)
    await history.reached(venue.last_seq)
    (order,) = await history.orders(16, Page(limit=1), tag="late")
    assert order.seq == venue.last_seq
    assert (writer.blocked, writer.failure, heard) == (None, None, [])
    writer.close()
    history.close()


async def test_the_longest_wait_is_cut_short_when_the_lock_is_old(place: HistoryPlace, venue: Venue) -> None:
    writer = HistoryWriter(place.writes())
    writer.start()
    with place.locked():
        for raw, last in venue.runs:
            writer.feed(raw, last)
        for _ in range(3):
            with pytest.raises(HistoryBehind):
                await writer.reached(venue.last_seq, within=0.3)
    await writer.reached(venue.last_seq, within=None)
    writer.close()


async def test_an_end_in_the_middle_of_a_lock_leaves_the_rest_to_the_next_start(place: HistoryPlace, venue: Venue) -> None:
    random_day(venue, 4, 50)
    writer = HistoryWriter(place.writes())
    writer.start()
    with place.locked():
        for raw, last in venue.runs:
            writer.feed(raw, last)
        await until(lambda: writer.blocked)
        writer.close()
        with pytest.raises(HistoryFailed, match="closed"):
            await writer.reached(venue.last_seq)
    after = HistoryWriter(place.writes(), venue.source())
    after.start()
    await after.reached(venue.last_seq)
    after.close()


def test_a_locked_store_is_as_it_was(place: HistoryPlace, venue: Venue) -> None:
    store = place.writes()
    fold = Fold(store.cursor)
    for raw, _ in venue.runs:
        fold.feed(raw)
    rows = fold.rows()
    with place.locked():
        with pytest.raises(HistoryLocked, match="locked by another process"):
            store.apply(rows)
        assert store.cursor == Cursor()
    store.apply(rows)
    assert store.cursor.seq == venue.last_seq
    store.close()
