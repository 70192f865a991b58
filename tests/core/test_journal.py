"""The native journal as Python uses it: appending, being woken, reading back, refusing, recovering."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist._core import (
    Frame,
    Journal,
    JournalDamaged,
    JournalError,
    JournalFailed,
    JournalLocked,
    ReadOnlyJournal,
    decode_frame,
    encode_frame,
)

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
    """What the port asks of every journal is in `tests/exchange/test_journal_port.py`; here is what is the files' own."""

    def test_a_burst_loses_nothing_and_is_joined(self, journal: Journal, directory: str) -> None:
        for _ in range(3_000):
            append(journal)
        assert journal.wait() == 3_000
        frames = list(journal.read())
        assert payload(frames) == b"".join(map(record, range(1, 3_001)))
        assert len(frames) < 3_000
        assert {frame.file for frame in frames} <= set(map(str, segment_files(directory)))


class TestOpening:
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


class TestReadingTheFilesAlone:
    def test_it_reads_beside_a_running_writer_and_when_there_is_none(self, directory: str) -> None:
        journal = Journal.open(directory, SEGMENT)
        append_singly(journal, 3)
        files = ReadOnlyJournal(directory)
        assert files.identity == journal.identity
        frames = files.read()
        assert [frame.first_seq for frame in frames] == [1, 2, 3]
        append_singly(journal, 1)
        assert [frame.first_seq for frame in frames] == [4]
        journal.close()
        assert [frame.first_seq for frame in files.read(3)] == [3, 4]

    def test_it_changes_nothing_and_locks_nobody_out(self, directory: str) -> None:
        journal = Journal.open(directory, SEGMENT)
        append_singly(journal, 3)
        journal.close()
        before = contents(directory)
        files = ReadOnlyJournal(directory)
        assert len(list(files.read())) == 3
        assert contents(directory) == before
        Journal.open(directory, SEGMENT).close()


class TestFrames:
    def test_a_frame_reads_back_and_any_flipped_bit_is_damage(self) -> None:
        encoded = encode_frame(7, 3, COMMANDS, 41, 3, 1_700_000_000_000_000, b"p" * 32, b"three small records")
        frame = decode_frame(encoded, 7, "somewhere", 5)
        assert (frame.kind, frame.epoch, frame.first_seq, frame.count, frame.last_seq) == (COMMANDS, 3, 41, 3, 43)
        assert (frame.time, frame.prev_hash, frame.payload) == (1_700_000_000_000_000, b"p" * 32, b"three small records")
        assert (frame.file, frame.offset, len(frame.hash), len(encoded) % 64) == ("somewhere", 5, 32, 0)
        for at in range(len(encoded)):
            broken = bytearray(encoded)
            broken[at] ^= 1 << at % 8
            with pytest.raises(JournalDamaged) as damaged:
                decode_frame(bytes(broken), 7, "somewhere", 5)
            assert damaged.value.args[1:] == ("somewhere", 5)

    def test_a_frame_of_another_journal_is_damage(self) -> None:
        encoded = encode_frame(7, 3, COMMANDS, 41, 3, 0, bytes(32), b"")
        with pytest.raises(JournalDamaged, match="another journal"):
            decode_frame(encoded, 8, "somewhere", 5)

    @pytest.mark.parametrize(
        ("kind", "first_seq", "count", "prev_hash", "words"),
        [
            (COMMANDS, 1, 0, bytes(32), "contradicts itself"),
            (COMMANDS, 0, 1, bytes(32), "contradicts itself"),
            (COMMANDS, (1 << 64) - 1, 1, bytes(32), "contradicts itself"),
            (CHECKPOINT, 1, 1, bytes(32), "contradicts itself"),
            (CHECKPOINT, 1, 0, bytes(32), "contradicts itself"),  # a state hash has 32 bytes, not none
            (3, 1, 1, bytes(32), "kind"),
            (COMMANDS, 1, 1, b"short", "32 bytes"),
        ],
    )
    def test_what_no_reader_would_take_is_not_encoded(self, kind: int, first_seq: int, count: int, prev_hash: bytes, words: str) -> None:
        with pytest.raises(ValueError, match=words):
            encode_frame(7, 3, kind, first_seq, count, 0, prev_hash, b"")


KILLED_CHILD = """
import select, sys
from cambist._core import Journal

journal = Journal.open(sys.argv[1], 64 * 1024)
durable = journal.last().durable_seq
while True:
    for _ in range(journal.last().seq % 4 + 1):
        seq = journal.last().seq + 1
        journal.append(seq - 1, journal.epoch, 1, seq, b"<command %d>" % seq)
    while durable < journal.last().seq:
        select.select([journal.fileno()], [], [])
        durable = journal.acknowledge()
        print(durable, flush=True)
"""


class TestEnds:
    @pytest.mark.parametrize("answers", [1, 2, 3, 5, 11, 29, 61, 127])
    def test_nothing_told_is_lost_when_the_process_is_killed(self, directory: str, answers: int) -> None:
        acknowledged = 0
        for _ in range(2):
            with subprocess.Popen([sys.executable, "-c", KILLED_CHILD, directory], stdout=subprocess.PIPE, text=True) as child:
                assert child.stdout is not None
                durable = [int(next(child.stdout)) for _ in range(answers)]
                child.kill()
                # A kill may cut the last line short.
                durable += [int(line) for line in child.stdout if line.endswith("\n")]
            assert max(durable) > acknowledged
            journal = Journal.open(directory, SEGMENT)
            assert journal.last().seq >= max(durable)
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
