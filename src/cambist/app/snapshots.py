"""The venue's snapshots: each says of which journal it is, and is taken for that journal alone.

One of another journal, or of a copy of this journal that went on by itself, holds a state that this journal never led to.
"""

from pathlib import Path

import structlog

from cambist import _core
from cambist.app.errors import Exit, OperatorError
from cambist.exchange.journal_port import JournalPort, JournalReads, holds


class SnapshotUnwritten(OSError):
    """The disk does not take a snapshot. The text says why."""


_log = structlog.get_logger("cambist.app")


def origin_of_now(journal: JournalPort) -> _core.SnapshotOrigin:
    """For a snapshot whose commands are all durable: the journal as it is, named by its last durable frame."""
    last = journal.last()
    return _core.SnapshotOrigin(journal.identity, journal.epoch, last.durable_seq, last.hash)


class Snapshots:
    """The snapshot files of a directory beside the journal that they should be of. May be used from any thread."""

    def __init__(self, directory: Path, journal: JournalReads) -> None:
        self.directory = directory
        self._journal = journal
        self._passed_over: set[str] = set()
        self._held: set[tuple[int, bytes]] = set()
        """(last seq, hash) of frames that the journal was seen to hold: it never loses one."""

    def files(self) -> list[tuple[int, str]]:
        """(seq, path) of each, newest first; whether they are whole is not looked at."""
        return _core.snapshot_files(str(self.directory))

    def why_foreign(self, snapshot: _core.Snapshot) -> str | None:
        """Why the snapshot is not of this journal; None when it is, or does not say. JournalDamaged (of the journal), JournalError."""
        origin = snapshot.origin
        if origin is None:
            return None
        if origin.journal_identity != self._journal.identity:
            return "the snapshot is of another venue's journal"
        frame = (origin.frame_seq, origin.frame_hash)
        if frame in self._held or holds(self._journal, *frame):
            self._held.add(frame)
            return None
        return (
            f"the snapshot was written when the journal ended with another command {origin.frame_seq} than it holds: it is of a copy "
            "of this venue that went on by itself, or the journal is an older copy"
        )

    def newest_seq(self) -> int:
        """Where the newest good one stands, 0 when there is none. As `newest`."""
        found = self.newest()
        return 0 if found is None else found.seq

    def newest(self, at_most: int | None = None) -> _core.Snapshot | None:
        """The newest good one that is not beyond `at_most`. What is damaged or foreign is named in the log once, and passed over.

        JournalDamaged (of the journal), JournalError.
        """
        for seq, path in self.files():
            if at_most is not None and seq > at_most:
                continue
            try:
                snapshot = _core.load_snapshot(path)
            except FileNotFoundError:
                continue
            trouble = "the snapshot is not what was written" if snapshot is None else self.why_foreign(snapshot)
            if trouble is None:
                return snapshot
            if path not in self._passed_over:
                self._passed_over.add(path)
                _log.warning("a snapshot is passed over", file=path, reason=trouble)
        return None

    def engine(self, at_most: int) -> _core.Engine:
        """An engine from the newest good snapshot that is not beyond `at_most`; a new one when there is none.

        OperatorError DAMAGED; JournalDamaged, JournalError.
        """
        snapshot = self.newest(at_most)
        if snapshot is None:
            return _core.Engine()
        try:
            return _core.Engine.restore(snapshot.state)
        except ValueError as error:
            raise OperatorError(f"{snapshot.path}: the snapshot cannot be restored: {error}; remove it", Exit.DAMAGED) from None

    def write(self, seq: int, origin: _core.SnapshotOrigin, state: bytes, keep: int) -> str:
        """Keeps the state after `seq`, and of older snapshots so many that there are `keep`. Returns the path. SnapshotUnwritten."""
        try:
            return _core.write_snapshot(str(self.directory), seq, origin, state, keep)
        except _core.JournalError as error:
            raise SnapshotUnwritten(str(error)) from None
