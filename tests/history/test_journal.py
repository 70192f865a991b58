"""History against a real journal on disk."""

from collections.abc import Iterator
from pathlib import Path

from cambist import _core
from cambist.history.port import HistoryWrites, StoreReads
from cambist.history.writer import HistoryWriter, rebuild
from tests.history.scenes import Venue, random_day
from tests.support.history_places import HistoryPlace, content


class Replayed:
    """Events of a journal directory, through a core of its own."""

    def __init__(self, directory: Path, last_seq: int) -> None:
        self.journal = _core.ReadOnlyJournal(str(directory))
        self.last_seq = last_seq

    def runs(self, after_seq: int) -> Iterator[tuple[bytes, int]]:
        engine = _core.Engine()
        while engine.seq < after_seq:
            engine.replay(self.journal, until_seq=after_seq)
        while True:
            before = engine.seq
            events = engine.replay(self.journal, events=True, frames=3)
            if engine.seq == before:
                return
            yield events, engine.seq


async def test_rebuilt_and_caught_up_from_the_journal_equals_followed(tmp_path: Path, place: HistoryPlace) -> None:
    venue = Venue()
    engine = venue.engine
    journal = _core.Journal.open(str(tmp_path / "journal"))
    for day in range(10):
        random_day(venue, day, 40)
        _, count, time, records = engine.take_commands()
        journal.append(journal.last().seq, journal.epoch, count, time, records)
    journal.wait()
    source = Replayed(tmp_path / "journal", engine.seq)

    places = [place.another() for _ in range(3)]
    followed, rebuilt, caught_up = (each.writes() for each in places)
    venue.folded_into(followed)
    heard: list[int] = []
    assert rebuild(rebuilt, source, heard.append) == engine.seq == heard[-1]
    writer = HistoryWriter(caught_up, source)
    writer.start()
    await writer.reached(engine.seq)
    assert followed.cursor == rebuilt.cursor == caught_up.cursor
    writer.close()
    journal.close()
    assert content(places[0]) == content(places[1]) == content(places[2])
    wanted, *others = (each.reads() for each in places)
    for account in range(engine.accounts):
        for other in others:
            assert other.entries(account) == wanted.entries(account)
            assert other.orders(account) == wanted.orders(account)
            assert other.transfers(account) == wanted.transfers(account)
    stores: list[StoreReads | HistoryWrites] = [followed, rebuilt, wanted, *others]
    for store in stores:
        store.close()
