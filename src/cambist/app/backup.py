"""Backups of a running venue, and venues made from them.

A backup is a data directory without what can be made again, and `backup.json`: what it holds, and the hash of every file.

Order is what makes copies of several files one moment. The directory comes first: it may know no account that the journal does not
have. Then the journal, up to a frame that is durable by then. The simulated coin network, which stands for the world outside, comes
last: what the journal says was sent must have been sent there too, while a payment that the journal does not know yet is found and
booked by the venue that is made from the backup.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cambist import _core
from cambist.app import regular_files
from cambist.app.data_directory import DataDirectory, sync_directory
from cambist.app.errors import Exit, OperatorError, of_system
from cambist.exchange.journal_port import JournalPort
from cambist.operations.context import Backup

if TYPE_CHECKING:
    from cambist.app.venue import Venue

MANIFEST = "backup.json"
MOST_MANIFEST = 64 << 20
CHUNK = 1 << 20
SEGMENT_HEAD = 4096
_FRAME_HEAD = 88
_FRAME_UNIT = 64
"""A frame is its head and its payload, up to the next multiple of the unit (docs/reference/journal-format.md)."""


class FileEntry(msgspec.Struct, frozen=True):
    """A file of a backup: its size, how many of its first bytes are not zero for sure, and their hash (BLAKE2b, 256 bits, hex)."""

    size: int
    bytes: int
    hash: str


class Manifest(msgspec.Struct, frozen=True):
    """`backup.json`. `time` in µs since 1970; `files` by their path below the backup."""

    format: int
    seq: int
    time: int
    version: str
    files: dict[str, FileEntry]


async def write(venue: Venue, target: Path, *, with_master_key: bool) -> Backup | str:
    """Copies the venue into `target`, which appears as a whole; a sentence when that is not possible there. OSError, OperatorError DISK."""
    complaint = _complaint(venue.files, target)
    if complaint is not None:
        return complaint
    draft = target.with_name(f"{target.name}.partial")
    draft.mkdir(mode=0o700)
    try:
        files: dict[str, FileEntry] = {}
        await venue.write_views()
        await asyncio.to_thread(venue.directory.copy_to, draft / venue.files.directory.name)
        await venue.durable()
        seq = await asyncio.to_thread(_copy_files, venue, draft, with_master_key, files)
        await asyncio.to_thread(venue.chain.copy_to, draft / venue.files.chain.name)
        manifest = await asyncio.to_thread(_finish, venue, draft, seq, files)
        draft.rename(target)
        sync_directory(target.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Backup(seq, str(target), sum(entry.bytes for entry in manifest.files.values()))


def _complaint(files: DataDirectory, target: Path) -> str | None:
    if not target.is_absolute():
        return f"{target}: name the backup's directory by its whole path"
    if not target.parent.is_dir():
        return f"{target.parent}: there is no such directory on the venue's machine"
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        return f"{target}: something is there already; a backup goes into a directory of its own"
    if files.path.resolve() in (target.resolve(), *target.resolve().parents):
        return f"{target}: this lies in the venue's own data directory"
    if target.with_name(f"{target.name}.partial").exists():
        return f"{target}.partial is there: another backup is under way, or was cut off; remove it"
    return None


def _copy_files(venue: Venue, draft: Path, with_master_key: bool, files: dict[str, FileEntry]) -> int:
    """Everything but the databases; the command up to which the journal was copied. On a thread: the journal may be large."""
    own = venue.files
    seq, journal = copy_journal(venue.journal, own.journal, draft / "journal")
    files |= {f"journal/{name}": entry for name, entry in journal.items()}
    for snapshot_seq, path in venue.snapshots.files():
        if snapshot_seq <= seq and _core.load_snapshot(path) is not None:
            (draft / "snapshots").mkdir(mode=0o700)
            source = Path(path)
            files[f"snapshots/{source.name}"] = copy_file(source, draft / "snapshots" / source.name)
            break
    singles = [own.path / "format", own.config, own.sandbox, own.provisioned, own.audit]
    for source in [*singles, own.master_key] if with_master_key else singles:
        if source.exists():
            files[source.name] = copy_file(source, draft / source.name)
    return seq


def copy_journal(journal: JournalPort, source: Path, target: Path) -> tuple[int, dict[str, FileEntry]]:
    """Copies a file journal that may be written meanwhile, up to a command that is durable; gives that command and the files.

    `state` first: the point that it names must lie in what is copied. JournalError, OSError.
    """
    target.mkdir(mode=0o700)
    files = {name: copy_file(source / name, target / name) for name in ("format", "state")}
    seq = journal.last().durable_seq
    for segment, count in segments(journal, source, seq):
        files[segment.name] = copy_file(segment, target / segment.name, segment.stat().st_size, count)
    return seq, files


def segments(journal: JournalPort, folder: Path, seq: int) -> Iterator[tuple[Path, int]]:
    """(segment, bytes of it that count) up to the frame that holds command `seq`, state hashes behind it included.

    Behind that the copy is zero: what the writer puts there meanwhile would be copied in part. A segment that begins with the next
    command has nothing but its header for us, which `state` may name.
    """
    segments = sorted(folder.glob("*.seg"))
    last, end = (segments[0].name if segments else ""), SEGMENT_HEAD
    for frame in journal.read(max(seq, 1)):
        if frame.count and frame.first_seq > seq:
            break
        last, length = Path(frame.file).name, _FRAME_HEAD + len(frame.payload)
        end = frame.offset + -(-length // _FRAME_UNIT) * _FRAME_UNIT
    for segment in segments:
        if segment.name < last:
            yield segment, segment.stat().st_size
        elif segment.name == last:
            yield segment, end
        elif int(segment.stem.partition("-")[2]) == seq + 1:
            yield segment, SEGMENT_HEAD


def copy_file(source: Path, target: Path, size: int | None = None, count: int | None = None) -> FileEntry:
    """Copies the first `count` bytes (all), makes the copy `size` bytes long, and syncs it. OSError."""
    digest = hashlib.blake2b(digest_size=32)
    with source.open("rb") as opened, target.open("xb") as copy:
        os.fchmod(copy.fileno(), 0o600)
        left = count if count is not None else source.stat().st_size
        copied = 0
        while left and (chunk := opened.read(min(CHUNK, left))):
            digest.update(chunk)
            copy.write(chunk)
            copied += len(chunk)
            left -= len(chunk)
        copy.truncate(size if size is not None else copied)
        copy.flush()
        os.fsync(copy.fileno())
    return FileEntry(size if size is not None else copied, copied, digest.hexdigest())


def entry_of(file: Path, count: int | None = None) -> FileEntry:
    """What a manifest says of a file as it is. OSError."""
    digest = hashlib.blake2b(digest_size=32)
    size = file.stat().st_size
    left = size if count is None else count
    with file.open("rb") as opened:
        while left and (chunk := opened.read(min(CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
    return FileEntry(size, size if count is None else count, digest.hexdigest())


def _finish(venue: Venue, draft: Path, seq: int, files: dict[str, FileEntry]) -> Manifest:
    for database in (venue.files.directory, venue.files.chain):
        copy = draft / database.name
        copy.chmod(0o600)
        files[database.name] = entry_of(copy)
    manifest = Manifest(1, seq, venue.clock(), version("cambist"), dict(sorted(files.items())))
    with (draft / MANIFEST).open("xb") as opened:
        os.fchmod(opened.fileno(), 0o600)
        opened.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        opened.flush()
        os.fsync(opened.fileno())
    for folder in (draft / "journal", draft / "snapshots", draft):
        if folder.is_dir():
            sync_directory(folder)
    return manifest


def read_manifest(backup: Path) -> Manifest:
    """OperatorError NOT_A_VENUE, DAMAGED."""
    try:
        manifest = msgspec.json.decode(regular_files.read(backup / MANIFEST, MOST_MANIFEST), type=Manifest)
    except FileNotFoundError:
        raise OperatorError(f"{backup}: there is no backup here ({MANIFEST} is missing)", Exit.NOT_A_VENUE) from None
    except OSError as error:
        raise of_system(error) from None
    except (ValueError, regular_files.Unsuitable) as error:  # msgspec.DecodeError, or UnicodeDecodeError
        raise OperatorError(f"{backup / MANIFEST} is damaged: {error}", Exit.DAMAGED) from None
    if manifest.format != 1:
        raise OperatorError(f"{backup}: a backup of format {manifest.format}, and this program reads format 1", Exit.NOT_A_VENUE)
    return manifest


def check(backup: Path, manifest: Manifest) -> None:
    """Every file is what was written. OperatorError DAMAGED, PERMISSION names the first that is not, or may not be read."""
    for name, expected in manifest.files.items():
        try:
            found = entry_of(backup / name, expected.bytes)
        except PermissionError as error:
            raise of_system(error) from None
        except OSError as error:
            raise OperatorError(f"{backup / name}: {error.strerror}, but the backup has this file", Exit.DAMAGED) from None
        if found != expected:
            raise OperatorError(f"{backup / name} is not what was backed up", Exit.DAMAGED)
