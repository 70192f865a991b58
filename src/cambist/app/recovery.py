"""From files to a running state: the newest good snapshot, the journal behind it, and the views that are not there yet."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import structlog

from cambist import _core
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, Trouble
from cambist.app.snapshots import SnapshotDamaged

FRAMES_AT_A_TIME = 512
"""Journal frames per call into the core: enough to be fast, few enough for a progress bar."""

Feed = Callable[[Sequence[_core.Event]], None]
Moved = Callable[[int], None]

_log = structlog.get_logger("cambist.app")


def open_journal(directory: DataDirectory, segment_bytes: int) -> _core.Journal:
    """The venue's journal, its torn tail cut. Trouble BUSY, DAMAGED, DISK."""
    try:
        return _core.Journal.open(str(directory.journal), segment_bytes)
    except _core.JournalLocked:
        raise Trouble(f"{directory.journal}: another process has the journal open", Exit.BUSY) from None
    except _core.JournalDamaged as error:
        raise damaged(error) from None
    except _core.JournalError as error:
        raise Trouble(f"{directory.journal}: {error}", Exit.DISK) from None


def engine_near(directory: DataDirectory, at_most: int) -> _core.Engine:
    """An engine from the newest good snapshot that is not beyond `at_most`; a new one when there is none."""
    for snapshot in directory.snapshots.list():
        if snapshot.seq > at_most:
            continue
        try:
            return directory.snapshots.load(snapshot)
        except SnapshotDamaged as error:
            # No harm to the truth, which is the journal; `cambist verify` reports it as damage.
            _log.error("a snapshot is damaged, an older state is used", file=str(snapshot.file), reason=error.args[0])
    return _core.Engine()


def replayed(engine: _core.Engine, journal: Path, until: int | None = None, events: bool = False) -> Iterator[bytes]:
    """Runs the journal through the engine, a stretch of frames at a time; yields each stretch's events. Trouble DAMAGED."""
    while until is None or engine.seq < until:
        before = engine.seq
        try:
            run = engine.replay(str(journal), until, events, FRAMES_AT_A_TIME)
        except _core.JournalDamaged as error:
            raise damaged(error) from None
        if engine.seq == before:
            return
        yield run


def recover(directory: DataDirectory, views_have: int, last_seq: int, feed: Feed, moved: Moved = lambda _seq: None) -> _core.Engine:
    """The engine at the journal's end. `feed` gets the events of every command after `views_have`, in order. Trouble DAMAGED."""
    if views_have > last_seq:
        raise Trouble(
            f"{directory.path}: the journal ends at {last_seq}, but a view knows command {views_have}: they are not of the same venue, "
            "or the journal is an older copy",
            Exit.DAMAGED,
        )
    engine = engine_near(directory, views_have)
    for _ in replayed(engine, directory.journal, views_have):
        moved(engine.seq)
    for run in replayed(engine, directory.journal, events=True):
        feed(_core.decode_events(run))
        moved(engine.seq)
    if engine.seq != last_seq:
        raise Trouble(f"{directory.journal}: replay ends at {engine.seq}, the journal at {last_seq}", Exit.DAMAGED)
    return engine


class JournalEvents:
    """Events of any stretch of the past, by running the journal through a second core: what history catches up from.

    `durable_seq` tells how far the journal may be read now. Safe to use on another thread than the venue's.
    """

    def __init__(self, directory: DataDirectory, durable_seq: Callable[[], int]) -> None:
        self._directory = directory
        self._durable_seq = durable_seq

    @property
    def last_seq(self) -> int:
        return self._durable_seq()

    def runs(self, after_seq: int) -> Iterator[tuple[bytes, int]]:
        """(encoded events, last seq) from command `after_seq + 1` on, in order."""
        until = self._durable_seq()
        if after_seq >= until:
            return
        engine = engine_near(self._directory, after_seq)
        for _ in replayed(engine, self._directory.journal, after_seq):
            pass
        for run in replayed(engine, self._directory.journal, until, events=True):
            yield run, engine.seq


def damaged(error: _core.JournalDamaged) -> Trouble:
    """The journal's complaint with its place, as a person reads it."""
    text, file, offset = error.args
    return Trouble(f"{file}, offset {offset}: {text}. The files are left as they are", Exit.DAMAGED)
