"""The conformance suite of the journal's port on both implementations, and what stands on the port: replay, verification, history."""

import base64
import itertools
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cambist import _core
from cambist._core import Journal, JournalDamaged
from cambist.app.errors import Exit, OperatorError
from cambist.app.recovery import JournalEvents, recover, replayed, replayed_events, unmoved
from cambist.app.snapshots import Snapshots, origin_of_now
from cambist.app.upkeep import examine_journal
from cambist.exchange.journal_port import JournalPort
from tests.support.journal_suite import JournalSuite, Place
from tests.support.memory_journal import MemoryLog

SEGMENT = 16 * 1024


class JournalFiles:
    """The place of a file journal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def open(self) -> Journal:
        return Journal.open(str(self.directory), SEGMENT)


class TestFileJournal(JournalSuite):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return JournalFiles(tmp_path / "journal")

    @pytest.fixture
    def other_place(self, tmp_path: Path) -> Place:
        return JournalFiles(tmp_path / "other")


class TestMemoryJournal(JournalSuite):
    @pytest.fixture
    def place(self) -> Place:
        return MemoryLog()

    @pytest.fixture
    def other_place(self) -> Place:
        return MemoryLog()


NewPlace = Callable[[], Place]


@pytest.fixture(params=["files", "memory"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> NewPlace:
    """Makes a place of each implementation, another one at each call."""
    numbers = itertools.count()
    return MemoryLog if request.param == "memory" else lambda: JournalFiles(tmp_path / f"journal-{next(numbers)}")


def accounts_and_assets() -> Iterator[tuple[int, int, int, bytes, bytes]]:
    """(first seq, count, time, records, state hash after them) of a small venue's life, in appends of different sizes."""
    engine = _core.Engine()
    for number in range(40):
        for at in range(number % 5 + 1):
            time = 1_000 * number + at
            if number % 7 == 0 and at == 0:
                engine.create_asset(time, f"A{number}", 8, 8)
            else:
                engine.open_account(time, b"meta of %d" % number)
        first, count, time, records = engine.take_commands()
        yield first, count, time, records, engine.state_hash()


def write_life(journal: JournalPort, *, wrong_hash: bool = False) -> bytes:
    """Journals it with state hashes now and then; returns the last state hash."""
    state_hash = b""
    for number, (first, count, time, records, state_hash) in enumerate(accounts_and_assets()):
        journal.append(first - 1, journal.epoch, count, time, records)
        if number % 10 == 9:
            journal.checkpoint(first + count - 1, journal.epoch, bytes(32) if wrong_hash else state_hash)
        journal.wait()
    return state_hash


@pytest.fixture
def journal(new_place: NewPlace) -> Iterator[JournalPort]:
    journal = new_place().open()
    yield journal
    journal.close()


@pytest.mark.parametrize("frames", [1, 3, 1 << 20])
def test_replay_leads_to_the_same_state_in_stretches_of_any_size(journal: JournalPort, frames: int) -> None:
    state_hash = write_life(journal)
    engine = _core.Engine()
    while engine.seq < journal.last().seq:
        before = engine.seq
        for _ in range(2):  # a frame may be a state hash, which leads no further
            engine.replay(journal, frames=frames)
        assert engine.seq > before
    assert engine.state_hash() == state_hash


def test_replay_stops_in_the_middle_of_a_frame_and_goes_on_from_there(journal: JournalPort) -> None:
    state_hash = write_life(journal)
    engine = _core.Engine()
    for until in (1, 2, 4, 9, 10, 11, 60):
        engine.replay(journal, until)
        assert engine.seq == until
    engine.replay(journal)
    assert engine.state_hash() == state_hash


def test_replay_answers_the_events_of_each_command_once(journal: JournalPort) -> None:
    write_life(journal)
    wanted = _core.Engine()
    events = b"".join(wanted.apply_batch(frame.payload)[1] for frame in journal.read() if frame.kind == 1)
    engine = _core.Engine()
    runs = []
    while engine.seq < journal.last().seq:
        runs.append(engine.replay(journal, events=True, event_bytes=500))
    assert len(runs) > 5
    assert b"".join(runs) == events == b"".join(replayed_events(_core.Engine(), journal))


def test_replay_finds_a_state_hash_that_is_not_the_states(journal: JournalPort) -> None:
    write_life(journal, wrong_hash=True)
    with pytest.raises(JournalDamaged, match="another hash") as damaged:
        _core.Engine().replay(journal)
    _, file, offset = damaged.value.args
    checkpoint = next(frame for frame in journal.read() if frame.kind == 2)
    assert (file, offset) == (checkpoint.file, checkpoint.offset)


def test_replay_of_a_log_with_a_flipped_bit_names_the_place() -> None:
    log = MemoryLog()
    journal = log.open()
    write_life(journal)
    broken = bytearray(log.frames[20])
    broken[90] ^= 4
    log.frames[20] = bytes(broken)
    with pytest.raises(OperatorError, match=r"memory, offset 21: .*CRC") as trouble:
        list(replayed(_core.Engine(), journal))
    assert trouble.value.code == Exit.DAMAGED


def test_what_a_journal_in_python_raises_comes_out_of_a_replay_as_it_is() -> None:
    class Unwell:
        identity = 1

        def read(self, from_seq: int = 1) -> Iterator[_core.Frame]:
            yield from ()
            raise ZeroDivisionError("of my own")

    with pytest.raises(ZeroDivisionError, match="of my own"):
        _core.Engine().replay(Unwell())


def test_recovery_from_snapshot_and_tail_is_recovery_from_the_beginning(journal: JournalPort, tmp_path: Path) -> None:
    state_hash = write_life(journal)
    last = journal.last().seq
    snapshots = Snapshots(tmp_path / "snapshots", journal)
    half = _core.Engine()
    half.replay(journal, last // 2)
    snapshots.write(half.seq, origin_of_now(journal), half.snapshot(), 3)
    heard: list[int] = []

    def feed(events: object) -> None:
        heard.extend(event.seq for event in events if isinstance(event, _core.CommandApplied))  # type: ignore[attr-defined]

    for views_have in (0, last // 2, last // 2 + 3, last):
        heard.clear()
        engine = recover(snapshots, journal, last, views_have, feed)
        assert engine.state_hash() == state_hash
        assert heard == list(range(views_have + 1, last + 1))
    with pytest.raises(OperatorError, match=f"ends at {last}, but a view knows command {last + 1}"):
        recover(snapshots, journal, last, last + 1, feed)


def test_history_catches_up_from_any_command_up_to_what_is_durable(journal: JournalPort, tmp_path: Path) -> None:
    write_life(journal)
    until = journal.last().seq - 3
    source = JournalEvents(Snapshots(tmp_path / "snapshots", journal), journal, lambda: until)
    for after in (0, 1, 50, until):
        seqs = [event.seq for run, _ in source.runs(after) for event in _core.decode_events(run) if isinstance(event, _core.CommandApplied)]
        assert seqs == list(range(after + 1, until + 1))


def test_verification_compares_each_snapshot_with_the_state_that_the_journal_leads_to(journal: JournalPort, tmp_path: Path) -> None:
    state_hash = write_life(journal)
    snapshots = Snapshots(tmp_path / "snapshots", journal)
    for seq in (10, 30, journal.last().seq):
        engine = _core.Engine()
        engine.replay(journal, seq)
        snapshots.write(seq, origin_of_now(journal), engine.snapshot(), 5)
    findings = examine_journal(journal, snapshots, None, unmoved)
    assert (findings.commands, findings.snapshots, findings.state_hash) == (journal.last().seq, 3, state_hash.hex())
    snapshots.write(20, origin_of_now(journal), engine.snapshot(), 5)
    with pytest.raises(OperatorError, match="leads to another state than this snapshot holds"):
        examine_journal(journal, snapshots, None, unmoved)


class TestForeignSnapshots:
    """A snapshot that is not of the journal beside it is named by `verify` and passed over by a start."""

    def check(self, snapshots: Snapshots, journal: JournalPort, path: str, words: str) -> None:
        with pytest.raises(OperatorError) as trouble:
            examine_journal(journal, snapshots, None, unmoved)
        assert path in str(trouble.value)
        assert words in str(trouble.value)
        assert trouble.value.code == Exit.DAMAGED
        with capture_logs() as logs:
            assert snapshots.newest() is None
            assert snapshots.newest() is None
        assert [(entry["log_level"], entry["file"]) for entry in logs] == [("warning", path)]
        assert words in logs[0]["reason"]
        assert snapshots.engine(1 << 60).seq == 0

    def test_one_of_another_journal(self, journal: JournalPort, new_place: NewPlace, tmp_path: Path) -> None:
        write_life(journal)
        other = new_place().open()
        write_life(other)
        engine = _core.Engine()
        engine.replay(other, 20)
        snapshots = Snapshots(tmp_path / "snapshots", journal)
        path = snapshots.write(20, origin_of_now(other), engine.snapshot(), 3)
        other.close()
        self.check(snapshots, journal, path, "of another venue's journal")

    def test_one_of_a_copy_of_this_journal_that_went_on_by_itself(self, journal: JournalPort, tmp_path: Path) -> None:
        write_life(journal)
        last = journal.last()
        snapshots = Snapshots(tmp_path / "snapshots", journal)
        origin = _core.SnapshotOrigin(journal.identity, journal.epoch, last.durable_seq, bytes([1]) * 32)
        path = snapshots.write(20, origin, _core.Engine().snapshot(), 3)
        self.check(snapshots, journal, path, "a copy of this venue that went on by itself")

    def test_one_from_later_than_this_copy_of_the_journal(self, journal: JournalPort, tmp_path: Path) -> None:
        write_life(journal)
        last = journal.last()
        snapshots = Snapshots(tmp_path / "snapshots", journal)
        origin = _core.SnapshotOrigin(journal.identity, journal.epoch, last.durable_seq + 1, last.hash)
        path = snapshots.write(20, origin, _core.Engine().snapshot(), 3)
        self.check(snapshots, journal, path, "or the journal is an older copy")

    def test_it_does_not_hide_an_older_one_of_the_journals_own(self, journal: JournalPort, tmp_path: Path) -> None:
        write_life(journal)
        engine = _core.Engine()
        engine.replay(journal, 20)
        snapshots = Snapshots(tmp_path / "snapshots", journal)
        snapshots.write(20, origin_of_now(journal), engine.snapshot(), 3)
        snapshots.write(30, _core.SnapshotOrigin(journal.identity + 1, 1, 0, bytes(32)), b"", 3)
        found = snapshots.newest()
        assert found is not None
        assert found.seq == 20


FIRST_VERSION = (
    b"c-nJz3ifjh2=-uPfB+UKy$mWKdHfCkxomxPdyeCO=5n_Gm9MQYx9gf?z!y=YoBqj11g3rmH-v_n1EZN4"
    b"P=SCt0|OI-Q;0J{gd;TA1&PPNAPA)YLjlAb>x<5@elVf`3|IiF+;HMSLg1+0o<$oO2m$oahXDW&G^qs"
)
"""The file of a snapshot at 4, as a program wrote it that knew no origins yet; zlib, base 85."""


def test_a_snapshot_from_before_origins_were_written_down_is_taken_and_compared(journal: JournalPort, tmp_path: Path) -> None:
    engine = _core.Engine()
    engine.create_asset(1_000, "BTC", 16, 8)
    engine.create_asset(1_000, "USD", 16, 8)
    engine.open_account(2_000, b"a meta")
    engine.transfer(3_000, 1, _core.WORLD, _core.FIRST_USER_ACCOUNT, 0, 1, 0, 5 * 10**16)
    first, count, time, records = engine.take_commands()
    journal.append(first - 1, journal.epoch, count, time, records)
    journal.wait()
    (tmp_path / f"{4:020}.snapshot").write_bytes(zlib.decompress(base64.b85decode(FIRST_VERSION)))
    snapshots = Snapshots(tmp_path, journal)
    found = snapshots.newest()
    assert found is not None
    assert (found.seq, found.origin, found.state) == (4, None, engine.snapshot())
    assert examine_journal(journal, snapshots, None, unmoved).snapshots == 1
