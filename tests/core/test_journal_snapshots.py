"""Snapshots from Python: whole or not counted."""

from pathlib import Path

import pytest

from cambist._core import JournalError, list_snapshots, read_snapshot, write_snapshot


@pytest.fixture
def directory(tmp_path: Path) -> str:
    return str(tmp_path / "snapshots")


def test_the_newest_one_not_beyond_the_seq_is_read(directory: str) -> None:
    assert read_snapshot(directory) is None
    assert list_snapshots(directory) == []
    for seq in (10, 20, 30):
        path = write_snapshot(directory, seq, b"state %d" % seq)
        assert Path(path).exists()
    assert read_snapshot(directory) == (30, b"state 30")
    assert read_snapshot(directory, 29) == (20, b"state 20")
    assert read_snapshot(directory, 9) is None


def test_a_corrupt_one_is_passed_over(directory: str) -> None:
    write_snapshot(directory, 10, b"older")
    newest = Path(write_snapshot(directory, 20, b"newer"))
    newest.write_bytes(newest.read_bytes()[:-1] + b"!")
    assert read_snapshot(directory) == (10, b"older")
    assert [(seq, valid) for seq, _, valid in list_snapshots(directory)] == [(20, False), (10, True)]


def test_only_so_many_are_kept(directory: str) -> None:
    for seq in range(1, 7):
        write_snapshot(directory, seq, b"", keep=2)
    assert [seq for seq, _, _ in list_snapshots(directory)] == [6, 5]


def test_a_place_that_cannot_be_written_is_a_journal_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(JournalError, match="cannot create"):
        write_snapshot(str(tmp_path / "file" / "below"), 1, b"")
