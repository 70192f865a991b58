"""The native journal as Python uses it: appending, being woken, reading back, refusing, recovering."""

import asyncio
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist._core import Frame, Journal, JournalDamaged, JournalError, JournalFailed, JournalLocked, ReadOnlyJournal

SEGMENT = 64 * 1024
COMMANDS, CHECKPOINT = 1, 2


@pytest.fixture
def directory(tmp_path: Path) -> str:
    return str(tmp_path / "journal")


@pytest.fixture
def journal(directory: str) -> Iterator[Journal]:
    journal = Journal.open(directory, SEGMENT)
    yield journal
    journal.close()


def record(seq: int) -> bytes:
    return f"<command {seq}>".encode()


def append(journal: Journal, count: int = 1) -> int:
    last = journal.last().seq
    commands = b"".join(map(record, range(last + 1, last + count + 1)))
    return journal.append(last, journal.epoch, count, 1_000 + last + count, commands)


def append_singly(journal: Journal, count: int) -> None:
    """Each command durable before the next: each is a frame of its own."""
    for _ in range(count):
        append(journal)
        journal.wait()


def payload(frames: list[Frame]) -> bytes:
    return b"".join(frame.payload for frame in frames if frame.kind == COMMANDS)


def segment_files(directory: str) -> list[Path]:
    return sorted(Path(directory).glob("*.seg"))


def contents(directory: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(directory).iterdir() if path.name != "lock"}


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 4]))


def run_child(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)


class TestAppending:
    def test_commands_read_back_as_they_were_handed_in(self, journal: Journal, directory: str) -> None:
        assert append(journal, 3) == 3
        assert append(journal, 2) == 5
        assert journal.last().seq == 5
        assert journal.wait() == journal.last().durable_seq == 5
        frames = list(ReadOnlyJournal(directory).read())
        assert payload(frames) == b"".join(map(record, range(1, 6)))
        assert (frames[0].first_seq, frames[-1].first_seq + frames[-1].count - 1) == (1, 5)
        assert frames[-1].time == 1_005
        assert {frame.epoch for frame in frames} == {journal.epoch} == {1}
        assert len({frame.hash for frame in frames}) == len(frames)
        assert all(len(frame.hash) == 32 and Path(frame.file).exists() for frame in frames)

    def test_a_wrong_expectation_or_epoch_is_refused_and_changes_nothing(self, journal: Journal) -> None:
        append(journal)
        for expected, epoch in [(0, 1), (2, 1), (1, 0), (1, 2)]:
            with pytest.raises(JournalError) as refused:
                journal.append(expected, epoch, 1, 0, b"no")
            assert not isinstance(refused.value, JournalFailed)
        with pytest.raises(JournalError, match="at least one command"):
            journal.append(1, 1, 0, 0, b"")
        assert append(journal) == 2

    def test_a_checkpoint_stands_behind_its_seq(self, journal: Journal, directory: str) -> None:
        append(journal, 2)
        with pytest.raises(JournalError, match="expected last seq 1"):
            journal.checkpoint(1, journal.epoch, bytes(32))
        with pytest.raises(ValueError, match="32 bytes"):
            journal.checkpoint(2, journal.epoch, b"short")
        journal.checkpoint(2, journal.epoch, b"h" * 32)
        append(journal)
        journal.wait()
        kinds = [(frame.kind, frame.first_seq, frame.count) for frame in ReadOnlyJournal(directory).read()]
        assert kinds == [(COMMANDS, 1, 2), (CHECKPOINT, 2, 0), (COMMANDS, 3, 1)]
        # Whoever starts behind a checkpoint gets it first: it vouches for the state that he starts with.
        assert [frame.kind for frame in ReadOnlyJournal(directory).read(3)] == [CHECKPOINT, COMMANDS]

    def test_a_burst_loses_nothing_and_is_joined(self, journal: Journal, directory: str) -> None:
        for _ in range(3_000):
            append(journal)
        assert journal.wait() == 3_000
        frames = list(ReadOnlyJournal(directory).read())
        assert payload(frames) == b"".join(map(record, range(1, 3_001)))
        assert len(frames) < 3_000
        assert len(segment_files(directory)) > 0

    def test_the_eventfd_wakes_a_selector(self, journal: Journal) -> None:
        append(journal)
        assert select.select([journal.fileno()], [], [], None)[0]
        # A second signal may be on its way only for another frame: there is none.
        assert journal.acknowledge() == 1
        assert not select.select([journal.fileno()], [], [], 0)[0]

    async def test_the_eventfd_wakes_an_event_loop(self, journal: Journal) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[int] = loop.create_future()

        def woken() -> None:
            if journal.acknowledge() == 7 and not done.done():
                done.set_result(journal.last().durable_seq)

        loop.add_reader(journal.fileno(), woken)
        for _ in range(7):
            append(journal)
        assert await done == 7
        loop.remove_reader(journal.fileno())

    def test_closing_twice_is_closing_once(self, journal: Journal) -> None:
        append(journal)
        journal.close()
        journal.close()
        assert journal.last().durable_seq == 1
        with pytest.raises(JournalError, match="closed"):
            append(journal)


class TestOpening:
    def test_every_opening_has_a_higher_epoch_and_keeps_the_log(self, directory: str) -> None:
        for round_ in range(4):
            journal = Journal.open(directory, SEGMENT)
            assert (journal.epoch, journal.last().seq, journal.last().durable_seq) == (round_ + 1, round_ * 2, round_ * 2)
            assert journal.cut is None
            append(journal, 2)
            journal.close()
        assert payload(list(ReadOnlyJournal(directory).read())) == b"".join(map(record, range(1, 9)))

    def test_a_second_process_is_told_who_has_it(self, journal: Journal, directory: str) -> None:
        child = run_child("import sys; from cambist._core import Journal; Journal.open(sys.argv[1])", directory)
        assert "JournalLocked" in child.stderr
        assert f"process {os.getpid()}" in child.stderr
        with pytest.raises(JournalLocked):
            Journal.open(directory)
        append(journal)
        assert journal.wait() == 1

    def test_nothing_is_made_unless_wanted(self, directory: str) -> None:
        with pytest.raises(JournalError, match="no journal"):
            Journal.open(directory, create=False)
        assert not Path(directory).exists()
        with pytest.raises(JournalError):
            list(ReadOnlyJournal(directory).read())

    def test_a_segment_must_have_a_size(self, directory: str) -> None:
        with pytest.raises(JournalError, match="at least"):
            Journal.open(directory, 100)

    def test_damage_is_refused_by_name_and_left_alone(self, directory: str) -> None:
        journal = Journal.open(directory, SEGMENT)
        append_singly(journal, 20)
        journal.close()
        frame = list(ReadOnlyJournal(directory).read())[9]
        flip(Path(frame.file), frame.offset + 90)
        before = contents(directory)
        with pytest.raises(JournalDamaged) as damaged:
            Journal.open(directory, SEGMENT)
        reason, file, offset = damaged.value.args
        assert (file, offset) == (frame.file, frame.offset)
        assert "CRC" in reason
        assert contents(directory) == before
        with pytest.raises(JournalDamaged):
            list(ReadOnlyJournal(directory).read())

    def test_a_missing_segment_is_refused(self, directory: str) -> None:
        journal = Journal.open(directory, 16 * 1024)
        append_singly(journal, 300)
        journal.close()
        files = segment_files(directory)
        assert len(files) > 2
        for file in files:
            kept = file.read_bytes()
            file.unlink()
            with pytest.raises(JournalDamaged):
                Journal.open(directory, 16 * 1024)
            file.write_bytes(kept)
        Journal.open(directory, 16 * 1024).close()


class TestReading:
    def test_it_starts_at_the_frame_that_holds_the_seq(self, journal: Journal, directory: str) -> None:
        for _ in range(3):
            append(journal, 4)
            journal.wait()
        assert next(ReadOnlyJournal(directory).read(6)).first_seq == 5
        assert list(ReadOnlyJournal(directory).read(13)) == []

    def test_a_reader_at_the_end_goes_on_when_there_is_more(self, journal: Journal, directory: str) -> None:
        append(journal)
        journal.wait()
        frames = ReadOnlyJournal(directory).read()
        assert [frame.first_seq for frame in frames] == [1]
        append(journal)
        journal.wait()
        assert [frame.first_seq for frame in frames] == [2]


KILLED_CHILD = """
import select, sys
from cambist._core import Journal

journal = Journal.open(sys.argv[1], 64 * 1024)
told = journal.last().durable_seq
while True:
    for _ in range(journal.last().seq % 4 + 1):
        seq = journal.last().seq + 1
        journal.append(seq - 1, journal.epoch, 1, seq, b"<command %d>" % seq)
    while told < journal.last().seq:
        select.select([journal.fileno()], [], [])
        told = journal.acknowledge()
        print(told, flush=True)
"""


class TestEnds:
    @pytest.mark.parametrize("answers", [1, 2, 3, 5, 11, 29, 61, 127])
    def test_nothing_told_is_lost_when_the_process_is_killed(self, directory: str, answers: int) -> None:
        acknowledged = 0
        for _ in range(2):
            with subprocess.Popen([sys.executable, "-c", KILLED_CHILD, directory], stdout=subprocess.PIPE, text=True) as child:
                assert child.stdout is not None
                told = [int(next(child.stdout)) for _ in range(answers)]
                child.kill()
                # A kill may cut the last line short.
                told += [int(line) for line in child.stdout if line.endswith("\n")]
            assert max(told) > acknowledged
            journal = Journal.open(directory, SEGMENT)
            assert journal.last().seq >= max(told)
            acknowledged = journal.last().seq
            journal.close()
            assert payload(list(ReadOnlyJournal(directory).read())) == b"".join(map(record, range(1, acknowledged + 1)))

    def test_a_write_that_really_fails_ends_the_journal(self, directory: str) -> None:
        # A file size limit makes the kernel refuse writes behind it: EFBIG from the very call that a bad disk would fail.
        child = run_child(
            """
import resource, sys
from cambist._core import Journal, JournalFailed

journal = Journal.open(sys.argv[1], 64 * 1024)
for seq in range(1, 6):
    journal.append(seq - 1, 1, 1, seq, b"<command %d>" % seq)
    journal.wait()
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
journal.append(5, 1, 1, 6, b"lost")
for call in (journal.wait, journal.acknowledge, lambda: journal.append(6, 1, 1, 7, b""), journal.close):
    try:
        call()
    except JournalFailed as error:
        print("failed", error)
print(journal.last().durable_seq)
""",
            directory,
        )
        lines = child.stdout.splitlines()
        assert lines[-1] == "5", child
        assert len(lines) == 5
        assert all("the process must stop" in line for line in lines[:-1])
        journal = Journal.open(directory, SEGMENT)
        assert journal.last().seq == 5
        journal.close()


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


def fill(place: Path) -> Path:
    """Takes all the space that is left."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096) == 4096:
                pass
        except OSError:
            pass
    return filler


class TestFullDisk:
    def test_the_reserve_is_used_then_appending_is_refused_then_space_is_found_again(self, small_disk: Path) -> None:
        directory = str(small_disk / "journal")
        journal = Journal.open(directory, SEGMENT, space_retry_seconds=0)
        append_singly(journal, 1)
        assert not journal.space_low
        filler = fill(small_disk)

        low_at: list[int] = []

        def append_for_ever() -> None:
            while True:
                append(journal, 50)
                journal.wait()
                if journal.space_low:
                    low_at.append(journal.last().seq)

        with pytest.raises(JournalError, match="no space") as refused:
            append_for_ever()
        assert not isinstance(refused.value, JournalFailed)
        assert 0 < low_at[0] < journal.last().seq
        assert journal.wait() == journal.last().seq
        last = journal.last().seq
        assert payload(list(ReadOnlyJournal(directory).read())) == b"".join(map(record, range(1, last + 1)))

        filler.unlink()
        append_singly(journal, 3)
        assert not journal.space_low
        journal.close()
        assert payload(list(ReadOnlyJournal(directory).read())) == b"".join(map(record, range(1, last + 4)))

    def test_a_full_disk_does_not_keep_a_journal_from_opening(self, small_disk: Path) -> None:
        directory = str(small_disk / "journal")
        journal = Journal.open(directory, SEGMENT)
        append_singly(journal, 5)
        journal.close()
        fill(small_disk)
        journal = Journal.open(directory, SEGMENT)
        append_singly(journal, 5)
        journal.close()
        assert payload(list(ReadOnlyJournal(directory).read())) == b"".join(map(record, range(1, 11)))

    def test_a_new_journal_needs_space(self, small_disk: Path) -> None:
        filler = fill(small_disk)
        with pytest.raises(JournalError, match="cannot"):
            Journal.open(str(small_disk / "journal"), SEGMENT)
        filler.unlink()
        Journal.open(str(small_disk / "journal"), SEGMENT).close()
