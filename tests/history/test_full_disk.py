"""The disk of history is full: nothing is lost or counted twice, nobody waits for ever, and history follows again by itself."""

import sqlite3
from pathlib import Path

import pytest

from cambist.history import History, HistoryBehind, HistoryUnwritable, HistoryWriter, Page
from cambist.history.fold import Fold
from cambist.history.sqlite import SqliteReads, SqliteWrites
from tests.history.scenes import Venue, random_day
from tests.support.small_disks import no_file_longer_than
from tests.support.waiting import until


def log_size(path: Path) -> int:
    """Bytes of the write-ahead log: SQLite adds to its end."""
    return path.with_name(f"{path.name}-wal").stat().st_size


async def test_history_follows_again_when_there_is_room(path: Path, venue: Venue) -> None:
    heard: list[BaseException] = []
    writer = HistoryWriter(SqliteWrites(path), on_failure=heard.append)
    writer.start()
    history = History(SqliteReads(path), writer.reached)
    for raw, last in venue.runs:
        writer.feed(raw, last)
    await history.reached(venue.last_seq)
    with no_file_longer_than(log_size(path)):
        venue.place(16, 0, 100, 10**6, tag="late")
        assert writer.feed(venue.cut(), venue.last_seq)
        await until(lambda: writer.blocked is not None)
        with pytest.raises(HistoryBehind, match="is the disk full"):
            await history.reached(venue.last_seq, within=0.0)
        assert await history.orders(16, Page(limit=1), tag="late") == []
    await history.reached(venue.last_seq)
    (order,) = await history.orders(16, Page(limit=1), tag="late")
    assert order.seq == venue.last_seq
    assert (writer.blocked, writer.failure, heard) == (None, None, [])
    writer.close()
    history.close()


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    rows = {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in tables}
    connection.close()
    return rows


def test_what_could_not_be_stored_is_stored_once_when_it_is_given_again(path: Path, tmp_path: Path, venue: Venue) -> None:
    """Candles are joined with those in the file, and memos are encoded: neither may happen twice."""
    random_day(venue, 4, 200)
    store, other = SqliteWrites(path), SqliteWrites(tmp_path / "other.sqlite")
    for raw, _ in venue.runs:
        fold = Fold(store.cursor)
        fold.feed(raw)
        rows = fold.rows()
        with no_file_longer_than(log_size(path)), pytest.raises(HistoryUnwritable):
            store.apply(rows)
        store.apply(rows)
        fold = Fold(other.cursor)
        fold.feed(raw)
        other.apply(fold.rows())
    store.close()
    other.close()
    found = content(path)
    assert found == content(tmp_path / "other.sqlite")
    assert found["candles"]
    assert found["transfers"]
