"""Snapshot files: the whole state at one seq, so that a start replays only what came after.

A file is `DIR/snapshots/<seq, 20 digits>.snapshot`: the header below, then the canonical state of docs/internals/core.md.
It is written beside its name, synced, renamed, and the directory synced: a name that is there means a whole file.
"""

import hashlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from cambist import _core

_MAGIC = b"CAMBSNAP"
_VERSION = 1
_HEADER = struct.Struct("<8sIIQQ32s32s")
"""magic, version, zero, seq, length of the state, state hash (BLAKE3 of it), BLAKE2b-256 of the state's bytes."""


class SnapshotDamaged(Exception):
    """args: (text, file). The state can still be had from an older snapshot or the journal's beginning."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    seq: int
    file: Path


class Snapshots:
    """The snapshot directory of one venue."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def list(self) -> list[Snapshot]:
        """All there are by name, newest first."""
        found = [Snapshot(int(path.stem), path) for path in self.directory.glob("*.snapshot") if path.stem.isdigit()]
        return sorted(found, key=lambda snapshot: snapshot.seq, reverse=True)

    def write(self, seq: int, state: bytes, state_hash: bytes) -> Snapshot:
        """Keeps a state. The caller has seen to it that everything up to `seq` is durable in the journal."""
        self.directory.mkdir(exist_ok=True)
        file = self.directory / f"{seq:020d}.snapshot"
        draft = file.with_suffix(".draft")
        header = _HEADER.pack(_MAGIC, _VERSION, 0, seq, len(state), state_hash, _checksum(state))
        with draft.open("wb") as opened:
            opened.write(header)
            opened.write(state)
            opened.flush()
            os.fsync(opened.fileno())
        draft.rename(file)
        sync_directory(self.directory)
        return Snapshot(seq, file)

    def load(self, snapshot: Snapshot) -> _core.Engine:
        """The engine as it was. SnapshotDamaged when any byte is not what was written."""
        content = snapshot.file.read_bytes()
        if len(content) < _HEADER.size:
            raise SnapshotDamaged("the file is cut short", snapshot.file)
        magic, version, _, seq, length, state_hash, checksum = _HEADER.unpack_from(content)
        state = content[_HEADER.size :]
        if magic != _MAGIC or version != _VERSION:
            raise SnapshotDamaged("this is no snapshot of a version that this program reads", snapshot.file)
        if seq != snapshot.seq or length != len(state) or checksum != _checksum(state):
            raise SnapshotDamaged("checksum, length or seq do not fit", snapshot.file)
        try:
            engine = _core.Engine.restore(state)
        except ValueError as error:
            raise SnapshotDamaged(f"the state can not be restored: {error}", snapshot.file) from None
        if engine.seq != seq or engine.state_hash() != state_hash:
            raise SnapshotDamaged("the restored state has another hash", snapshot.file)
        return engine

    def prune(self, keep: int) -> None:
        """Removes all but the `keep` newest, and what an interrupted write left."""
        for snapshot in self.list()[keep:]:
            snapshot.file.unlink(missing_ok=True)
        for draft in self.directory.glob("*.draft"):
            draft.unlink(missing_ok=True)


def _checksum(state: bytes) -> bytes:
    return hashlib.blake2b(state, digest_size=32).digest()


def sync_directory(directory: Path) -> None:
    """Makes renames and new names in it durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
