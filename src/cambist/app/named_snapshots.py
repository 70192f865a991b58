"""A sandbox's named snapshots on disk: each a directory that holds all of the venue's files, and what was in memory only.

They are copied file by file while nothing changes them: SQLite's main file and its log beside it, the journal up to its last frame.
Segments that are complete never change any more, so copies share them (hard links) where the file system can.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from cambist import _core
from cambist.app import regular_files
from cambist.app.backup import segments
from cambist.app.data_directory import sync_directory
from cambist.app.errors import Exit, OperatorError, of_system
from cambist.exchange.journal_port import JournalPort

FOLDER = "named-snapshots"
"""In the data directory: one directory for each."""
START = "start"
"""The one of when the sandbox was first served; only another start replaces it."""
MEMORY = "memory.msgpack"
MOST_MEMORY = 1 << 30
RESTORING = "restoring"
"""Names the snapshot that is being restored, or says ANEW: a start that finds it does it again."""
ANEW = "/"
FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DATABASES = ("directory.sqlite", "history.sqlite", "wallet.sqlite", "chain.sqlite", "merchant.sqlite")
_FILES = (
    "format", "config.toml", "sandbox.json", "provisioned.json", "audit.jsonl", "master.key",
    *_DATABASES, *(f"{name}-wal" for name in _DATABASES),
)  # fmt: skip


class SavedState(msgspec.Struct, frozen=True):
    """What is in memory only, and what a sandbox was started with.

    `time` of the sandbox's clock, µs; `pace` as `--clock` (0: manual); `parts` by name, each as its owner writes it (MessagePack).
    """

    format: int
    version: str
    seed: int
    seq: int
    time: int
    pace: float
    preset: str
    segment_mebibytes: int
    loopback_callbacks: bool
    configuration: bytes
    """Says whether another sandbox has the same traders: only one that has can go on from here."""
    parts: dict[str, bytes]


def name_complaint(name: str) -> str:
    """Why a snapshot cannot have this name; empty when it can."""
    if _NAME.fullmatch(name):
        return ""
    return f'"{name[:80]}" is no name: letters, digits, dots, dashes and underscores, at most 64, and a letter or digit first'


class NamedSnapshots:
    """Those of one data directory. `synced`: whether what is written must survive a power cut."""

    def __init__(self, path: Path, synced: bool) -> None:
        self.path = path
        self._synced = synced

    def folder(self, name: str) -> Path:
        """Where the snapshot of that name is, or would be."""
        return self.path / FOLDER / name

    def names(self) -> list[str]:
        """In order of name, the start first."""
        found: list[str] = []
        with suppress(FileNotFoundError):
            found = [entry.name for entry in (self.path / FOLDER).iterdir() if _NAME.fullmatch(entry.name) and (entry / MEMORY).exists()]
        return sorted(found, key=lambda name: (name != START, name))

    def save(self, target: Path, journal: JournalPort, core: bytes, saved: SavedState) -> None:
        """Copies everything into `target`, in the place of what is there: it appears as a whole. OSError, JournalError.

        Nothing may be written meanwhile; `core` is the core's state after the journal's last command.
        """
        draft = target.with_name(f".{target.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        try:
            for name in _FILES:
                if (self.path / name).exists():
                    _copy(self.path / name, draft / name)
            for name in _DATABASES:
                _fold_log(draft / name)
            last = journal.last()
            _copy_journal(journal, self.path / "journal", draft / "journal", last.durable_seq)
            (draft / "snapshots").mkdir(mode=0o700)
            origin = _core.SnapshotOrigin(journal.identity, journal.epoch, last.durable_seq, last.hash)
            _core.write_snapshot(str(draft / "snapshots"), saved.seq, origin, core, 1)
            (draft / MEMORY).write_bytes(msgspec.msgpack.encode(saved))
            if self._synced:
                _sync(draft)
            old = target.with_name(f".{target.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            if target.exists():
                target.rename(old)
            draft.rename(target)
            shutil.rmtree(old, ignore_errors=True)
            if self._synced:
                sync_directory(target.parent)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def restore(self, name: str) -> None:
        """Makes the venue's files those of a snapshot. Nobody has them open. OSError."""
        self._begin(name)
        replace_files(self.folder(name), self.path)
        self._end()

    def remove_venue(self) -> None:
        """Removes the venue's files, for another start; nobody has them open. OSError."""
        self._begin(ANEW)
        for name in _FILES:
            if name not in ("format", "config.toml"):
                (self.path / name).unlink(missing_ok=True)
        for folder in ("journal", "snapshots"):
            shutil.rmtree(self.path / folder, ignore_errors=True)
        self._end()

    def _begin(self, what: str) -> None:
        marker = self.path / RESTORING
        marker.write_text(what)
        if self._synced:
            _sync_file(marker)
            sync_directory(self.path)

    def _end(self) -> None:
        if self._synced:
            _sync(self.path, (*_FILES, "journal", "snapshots"))
        (self.path / RESTORING).unlink()

    def finish_restoring(self) -> None:
        """After a start found that it was cut off. OSError."""
        with suppress(FileNotFoundError):
            name = (self.path / RESTORING).read_text()
            if name == ANEW:
                self.remove_venue()
            elif not name_complaint(name) and self.folder(name).is_dir():
                self.restore(name)

    def remove(self, name: str) -> None:
        """OSError."""
        shutil.rmtree(self.folder(name))


def replace_files(source: Path, target: Path) -> None:
    """Makes the venue's files in `target` those of `source`. OSError."""
    for name in _FILES:
        if (source / name).exists():
            (target / name).unlink(missing_ok=True)
            _copy(source / name, target / name)
        else:
            (target / name).unlink(missing_ok=True)
    (target / "journal").mkdir(mode=0o700, exist_ok=True)
    for old in (target / "journal").iterdir():
        if old.suffix != ".pre" and old.name != "lock":  # what is preallocated belongs to nobody
            old.unlink()
    names = sorted(entry.name for entry in (source / "journal").iterdir())
    complete = [name for name in names if name.endswith(".seg")][:-1]
    for name in names:
        copy = _link if name in complete else _copy_segment if name.endswith(".seg") else _copy
        copy(source / "journal" / name, target / "journal" / name)
    shutil.rmtree(target / "snapshots", ignore_errors=True)
    (target / "snapshots").mkdir(mode=0o700)
    for file in (source / "snapshots").iterdir():
        _copy(file, target / "snapshots" / file.name)


def read(folder: Path) -> SavedState:
    """What a snapshot has beside the venue's files. OperatorError NOT_A_VENUE, DAMAGED, PERMISSION."""
    try:
        saved = msgspec.msgpack.decode(regular_files.read(folder / MEMORY, MOST_MEMORY), type=SavedState)
    except (FileNotFoundError, NotADirectoryError):
        raise OperatorError(f"{folder}: there is no snapshot of a sandbox here ({MEMORY} is missing)", Exit.NOT_A_VENUE) from None
    except OSError as error:
        raise of_system(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, regular_files.Unsuitable) as error:
        raise OperatorError(f"{folder / MEMORY} is damaged: {error}", Exit.DAMAGED) from None
    if saved.format != FORMAT:
        raise OperatorError(f"{folder}: a snapshot of format {saved.format}, and this program reads format {FORMAT}", Exit.NOT_A_VENUE)
    return saved


def _copy_journal(journal: JournalPort, source: Path, target: Path, seq: int) -> None:
    target.mkdir(mode=0o700)
    for name in ("format", "state"):
        _copy(source / name, target / name)
    found = list(segments(journal, source, seq))
    for segment, count in found:
        size = segment.stat().st_size
        if count == size:
            _link(segment, target / segment.name)
        else:
            _copy_beginning(segment, target / segment.name, count, size)


def _fold_log(database: Path) -> None:
    """Puts what is in the log beside a database into it, so that who opens a copy of it need not."""
    if database.with_name(f"{database.name}-wal").exists():
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)


def _copy_segment(source: Path, target: Path) -> None:
    """Without the zeroes that nobody has written yet, whose room is reserved as the journal does it."""
    size = source.stat().st_size
    with source.open("rb") as opened, target.open("xb") as copy:
        os.posix_fallocate(copy.fileno(), 0, size)
        end = 0
        while end < size and (start := _next_data(opened.fileno(), end, size)) < size:
            end = os.lseek(opened.fileno(), start, os.SEEK_HOLE)
            while start < end:
                start += os.pwrite(copy.fileno(), os.pread(opened.fileno(), min(1 << 20, end - start), start), start)
    target.chmod(0o600)


def _next_data(descriptor: int, start: int, size: int) -> int:
    """Where the file has anything but a hole from `start` on; `size` when nowhere."""
    try:
        return os.lseek(descriptor, start, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size
        raise


def _copy_beginning(source: Path, target: Path, count: int, size: int) -> None:
    """The first `count` bytes, and nothing behind them up to `size`."""
    with source.open("rb") as opened, target.open("xb") as copy:
        left = count
        while left and (chunk := opened.read(min(1 << 20, left))):
            copy.write(chunk)
            left -= len(chunk)
        copy.truncate(size)
    target.chmod(0o600)


def _sync(folder: Path, names: Iterable[str] | None = None) -> None:
    for entry in folder.iterdir() if names is None else (folder / name for name in names):
        if entry.is_dir():
            _sync(entry)
        elif entry.exists():
            _sync_file(entry)
    sync_directory(folder)


def _sync_file(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
