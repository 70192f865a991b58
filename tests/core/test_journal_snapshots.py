"""Snapshots from Python: whole or not counted, and of one journal."""

from pathlib import Path

import pytest

from cambist._core import JournalError, SnapshotOrigin, load_snapshot, snapshot_files, write_snapshot

ORIGIN = SnapshotOrigin(7, 3, 41, b"h" * 32)


@pytest.fixture
def directory(tmp_path: Path) -> str:
    return str(tmp_path / "snapshots")


def test_it_reads_back_with_its_origin(directory: str) -> None:
    assert snapshot_files(directory) == []
    for seq in (10, 30, 20):
        path = write_snapshot(directory, seq, ORIGIN, b"state %d" % seq)
        snapshot = load_snapshot(path)
        assert snapshot is not None
        assert (snapshot.seq, snapshot.path, snapshot.state) == (seq, path, b"state %d" % seq)
        origin = snapshot.origin
        assert origin is not None
        assert (origin.journal_identity, origin.epoch, origin.frame_seq, origin.frame_hash) == (7, 3, 41, b"h" * 32)
    assert [seq for seq, _ in snapshot_files(directory)] == [30, 20, 10]


def test_a_corrupt_one_is_none(directory: str) -> None:
    path = Path(write_snapshot(directory, 20, ORIGIN, b"newer"))
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert load_snapshot(str(path)) is None


def test_one_that_is_gone_is_not_found(directory: str) -> None:
    path = Path(write_snapshot(directory, 20, ORIGIN, b"newer"))
    path.unlink()
    with pytest.raises(FileNotFoundError):
        load_snapshot(str(path))


def test_only_so_many_are_kept(directory: str) -> None:
    for seq in range(1, 7):
        write_snapshot(directory, seq, ORIGIN, b"", keep=2)
    assert [seq for seq, _ in snapshot_files(directory)] == [6, 5]


def test_an_origin_needs_a_whole_hash() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SnapshotOrigin(7, 3, 41, b"short")


def test_a_place_that_cannot_be_written_is_a_journal_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(JournalError, match="cannot create"):
        write_snapshot(str(tmp_path / "file" / "below"), 1, ORIGIN, b"")
