"""A directory whose restoring was cut off is restored whole by the next start."""

import os
from pathlib import Path

import pytest

from cambist.app import named_snapshots
from cambist.app.errors import Exit, OperatorError
from cambist.app.named_snapshots import NamedSnapshots, name_complaint, read


def venue(path: Path, word: str) -> None:
    """Files as a venue has them, all with one word in them."""
    for folder in ("journal", "snapshots"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    for name in ("format", "directory.sqlite", "journal/state", "journal/1.seg", "journal/2.seg", "snapshots/1.snapshot"):
        (path / name).write_text(word)


def words(path: Path) -> dict[str, str]:
    names = ("format", "directory.sqlite", "history.sqlite", "journal/state", "journal/1.seg", "journal/2.seg", "journal/3.seg")
    return {name: (path / name).read_text() for name in names if (path / name).exists()}


@pytest.mark.parametrize("cut_at", [1, 2, 4, 6])
def test_a_restoring_that_was_cut_off_is_finished(cut_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots = NamedSnapshots(tmp_path, synced=True)
    venue(snapshots.folder("then"), "then")
    venue(tmp_path, "now")
    (tmp_path / "history.sqlite").write_text("now")
    (tmp_path / "journal/3.seg").write_text("now")
    copied = 0
    copy = named_snapshots._copy

    def cut(source: Path, target: Path) -> None:
        nonlocal copied
        copied += 1
        if copied == cut_at:
            raise OSError("the machine stops here")
        copy(source, target)

    monkeypatch.setattr(named_snapshots, "_copy", cut)
    monkeypatch.setattr(named_snapshots, "_link", cut)
    monkeypatch.setattr(named_snapshots, "_copy_segment", cut)
    with pytest.raises(OSError, match="stops here"):
        snapshots.restore("then")
    monkeypatch.undo()
    NamedSnapshots(tmp_path, synced=True).finish_restoring()
    assert words(tmp_path) == words(snapshots.folder("then"))
    assert not (tmp_path / named_snapshots.RESTORING).exists()
    (tmp_path / "format").write_text("later")
    NamedSnapshots(tmp_path, synced=True).finish_restoring()
    assert (tmp_path / "format").read_text() == "later"


@pytest.mark.parametrize("written", [[], [(0, 5)], [(4096, 100_000), (900_000, 10)], [(0, 1 << 20)]])
def test_the_last_segment_is_copied_with_the_room_that_is_reserved_in_it(written: list[tuple[int, int]], tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for path in (source, target):
        venue(path, "then")
    segment = source / "journal" / "2.seg"
    with segment.open("wb") as opened:
        os.posix_fallocate(opened.fileno(), 0, 1 << 20)
        for offset, count in written:
            os.pwrite(opened.fileno(), b"x" * count, offset)
    named_snapshots.replace_files(source, target)
    copy = target / "journal" / "2.seg"
    assert copy.read_bytes() == segment.read_bytes()
    assert copy.stat().st_blocks * 512 >= 1 << 20
    assert copy.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "good"),
    [("a", True), ("before-the-crash_2.1", True), ("", False), (".", False), ("..", False), ("-a", False), ("a/b", False), ("ä", False)],
)
def test_names(name: str, good: bool) -> None:
    assert (name_complaint(name) == "") is good


@pytest.mark.parametrize(("content", "code"), [(None, Exit.NOT_A_VENUE), (b"garbage", Exit.DAMAGED), (b"", Exit.DAMAGED)])
def test_what_is_no_snapshot_is_refused(content: bytes | None, code: Exit, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / named_snapshots.MEMORY).write_bytes(content)
    with pytest.raises(OperatorError) as refused:
        read(tmp_path)
    assert refused.value.code == code
