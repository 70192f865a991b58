"""From files to a running state: the newest good snapshot, the journal behind it, and the views that are not there yet."""

from __future__ import annotations  # Event is a name of the stub only

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import structlog

from cambist import _core
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError

CHECKPOINT = 2
"""Kind of a journal frame that holds a state hash."""
STRETCH_BYTES = 4 << 20
STRETCH_FRAMES = 1 << 16
"""Events, or frames, of one stretch of a replay: enough to be fast, few enough for memory and a progress bar."""
UNTOUCHED = "The files are left as they are"

Feed = Callable[["Sequence[_core.Event]"], None]
Moved = Callable[[int, int | None], None]
"""Called now and then with (seq reached, last seq if known): for a progress bar."""

_log = structlog.get_logger("cambist.app")


def unmoved(_seq: int, _last: int | None) -> None:
    """Nobody watches."""


def open_journal(directory: DataDirectory, segment_bytes: int) -> _core.Journal:
    """The venue's journal, its torn tail cut. OperatorError BUSY, DAMAGED, DISK."""
    try:
        journal = _core.Journal.open(str(directory.journal), segment_bytes)
    except _core.JournalLocked:
        raise OperatorError(f"{directory.journal}: another process has the journal open", Exit.BUSY) from None
    except _core.JournalDamaged as error:
        raise damaged(error) from None
    except _core.JournalError as error:
        raise OperatorError(str(error), Exit.DISK) from None
    if journal.cut is not None:
        file, offset, length = journal.cut
        _log.warning("the journal's torn end was removed: it was never acknowledged", file=file, offset=offset, bytes=length)
    return journal


def engine_near(directory: DataDirectory, at_most: int) -> _core.Engine:
    """An engine from the newest good snapshot that is not beyond `at_most`; a new one when there is none."""
    found = _core.read_snapshot(str(directory.snapshots), at_most)
    if found is None:
        return _core.Engine()
    seq, state = found
    try:
        engine = _core.Engine.restore(state)
    except ValueError as error:
        raise OperatorError(f"{directory.snapshots}: the snapshot at {seq} cannot be restored: {error}; remove it", Exit.DAMAGED) from None
    return engine


def replayed(engine: _core.Engine, journal: Path, until: int | None = None) -> Iterator[int]:
    """Runs the journal's commands after `engine.seq` through the engine, checking frames, chain and every recorded state hash.

    Yields the seq reached after each stretch. OperatorError DAMAGED.
    """
    while until is None or engine.seq < until:
        before = engine.seq
        try:
            engine.replay(str(journal), until, False, STRETCH_FRAMES)
        except _core.JournalDamaged as error:
            raise damaged(error) from None
        if engine.seq == before:
            return
        yield engine.seq


def replayed_events(engine: _core.Engine, journal: Path, until: int | None = None) -> Iterator[bytes]:
    """As `replayed`, but yields the events of a stretch at a time, bounded in bytes whatever the size of the frames."""
    gathered: list[bytes] = []
    size = 0
    try:
        for frame in _core.read_journal(str(journal), engine.seq + 1):
            if until is not None and engine.seq >= until:
                break
            if frame.kind == CHECKPOINT:
                _check_hash(engine, frame)
                continue
            gathered.append(_apply(engine, frame, until))
            size += len(gathered[-1])
            if size >= STRETCH_BYTES:
                yield b"".join(gathered)
                gathered, size = [], 0
    except _core.JournalDamaged as error:
        raise damaged(error) from None
    if gathered:
        yield b"".join(gathered)


def _apply(engine: _core.Engine, frame: _core.Frame, until: int | None) -> bytes:
    """The frame's commands that the engine does not have yet, up to `until`; their events."""
    records = frame.payload
    last = frame.first_seq + frame.count - 1
    if frame.first_seq <= engine.seq or (until is not None and last > until):
        # A snapshot may stand in the middle of a frame.
        first, end = engine.seq - frame.first_seq + 1, (min(last, until) if until is not None else last) - frame.first_seq + 1
        records = _slice(records, max(first, 0), max(end, 0))
    try:
        return engine.apply_batch(records)[1] if records else b""
    except ValueError as error:
        raise OperatorError(f"{frame.file}, offset {frame.offset}: {error}. {UNTOUCHED}", Exit.DAMAGED) from None


def _slice(records: bytes, first: int, end: int) -> bytes:
    """Records number `first` to `end` (exclusive) of a run; each begins with its whole length, u32 little-endian."""
    starts = [0]
    while starts[-1] < len(records):
        starts.append(starts[-1] + int.from_bytes(records[starts[-1] : starts[-1] + 4], "little"))
    return records[starts[first] : starts[end]]


def _check_hash(engine: _core.Engine, frame: _core.Frame) -> None:
    if frame.first_seq == engine.seq and engine.state_hash() != frame.payload:
        raise OperatorError(
            f"{frame.file}, offset {frame.offset}: the state after command {engine.seq} has another hash. {UNTOUCHED}", Exit.DAMAGED
        )


def recover(directory: DataDirectory, views_have: int, last_seq: int, feed: Feed, moved: Moved = unmoved) -> _core.Engine:
    """The engine at the journal's end. `feed` gets the events of every command after `views_have`, in order. OperatorError DAMAGED."""
    if views_have > last_seq:
        raise OperatorError(
            f"{directory.path}: the journal ends at {last_seq}, but a view knows command {views_have}: they are not of the same venue, "
            "or the journal is an older copy",
            Exit.DAMAGED,
        )
    engine = engine_near(directory, views_have)
    for _ in replayed(engine, directory.journal, views_have):
        moved(engine.seq, last_seq)
    for run in replayed_events(engine, directory.journal):
        feed(_core.decode_events(run))
        moved(engine.seq, last_seq)
    if engine.seq != last_seq:
        raise OperatorError(f"{directory.journal}: replay ends at {engine.seq}, the journal at {last_seq}", Exit.DAMAGED)
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
        for run in replayed_events(engine, self._directory.journal, until):
            yield run, engine.seq


def damaged(error: _core.JournalDamaged) -> OperatorError:
    """The journal's complaint with its place, as a person reads it."""
    text, file, offset = error.args
    return OperatorError(f"{file}, offset {offset}: {text}. {UNTOUCHED}", Exit.DAMAGED)
