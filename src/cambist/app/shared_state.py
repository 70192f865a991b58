"""A venue's state as all nodes and edges share it: a snapshot of the core, and the views that are folded from the same log.

A view that begins with a snapshot lacks what came before it, so both go together. The views of a set are never behind its snapshot.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import structlog

from cambist import _core
from cambist.app.data_directory import DataDirectory, sync_directory
from cambist.app.venue import Copies
from cambist.cluster.connection import Connection
from cambist.cluster.shared_states import SharedStates

_log = structlog.get_logger("cambist.app")

STATE = "state.snapshot"


def _work(files: DataDirectory) -> Path:
    return files.path / "shared.tmp"


def share(connection: Connection, files: DataDirectory, seq: int, snapshot: Path, copies: Copies) -> bool:
    """Has others begin with the state after command `seq`, and views that know that command; whether it could be done, which is logged.
    OSError, sqlite3.Error. For any thread but the venue's."""
    work = _work(files)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700)
    try:
        for name, copy in copies.items():
            copy(work / name)
        return SharedStates(connection).publish(seq, {STATE: snapshot, **{name: work / name for name in copies}})
    finally:
        shutil.rmtree(work, ignore_errors=True)


def adopt(connection: Connection, files: DataDirectory, identity: int, beyond_seq: int) -> int:
    """Puts the newest shared state of the log with that identity in the place of the snapshot and the views here, when it is beyond
    `beyond_seq`; none of them may be open. Returns its seq, 0 when there was none.

    One that is cut off leaves views that are whole, each of its own moment, so that the next start does it again. What cannot be kept here
    is logged, and no error: whoever starts reads the log from further back.
    """
    work, views = _work(files), (files.wallet, files.merchant)
    try:
        seq = SharedStates(connection).fetch(work, frozenset({STATE, *(view.name for view in views)}), beyond_seq)
        if not seq:
            return 0
        state = (work / STATE).rename(work / f"{seq:020}.snapshot")
        snapshot = _core.load_snapshot(str(state))
        if snapshot is None or snapshot.origin is None or snapshot.origin.journal_identity != identity:
            _log.warning("a shared state is passed over", seq=seq, reason="its snapshot is not what was written, or of another log")
            return 0
        for view in views:
            _replace(view, work / view.name)
        files.snapshots.mkdir(mode=0o700, exist_ok=True)
        state.rename(files.snapshots / state.name)
        for directory in (files.path, files.snapshots):
            sync_directory(directory)
        _log.info("a state that another node shared is here", seq=seq)
        return seq
    except OSError as error:
        _log.warning("a shared state could not be kept", error=str(error))
        return 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _replace(view: Path, new: Path) -> None:
    """A log beside it would be taken for the new file's."""
    for file in (view, view.with_name(f"{view.name}-wal"), view.with_name(f"{view.name}-shm")):
        file.unlink(missing_ok=True)
    new.rename(view)
