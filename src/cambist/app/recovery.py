"""From a journal to a running state: the newest good snapshot, the journal behind it, and the views that are not there yet."""

from __future__ import annotations  # Event is a name of the stub only

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog

from cambist import _core
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.app.snapshots import Snapshots
from cambist.exchange.journal_port import JournalPort, JournalReads

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


@contextmanager
def journal_trouble() -> Iterator[None]:
    """Says what a journal complains about as a person reads it: OperatorError BUSY, DAMAGED, NOT_A_VENUE, DISK."""
    try:
        yield
    except _core.JournalDamaged as error:
        text, file, offset = error.args
        raise OperatorError(f"{file}, offset {offset}: {text}. {UNTOUCHED}", Exit.DAMAGED) from None
    except _core.JournalFormatUnknown as error:
        raise OperatorError(f"{error}. {UNTOUCHED}", Exit.NOT_A_VENUE) from None
    except _core.JournalError as error:
        raise OperatorError(str(error), Exit.BUSY if isinstance(error, _core.JournalLocked) else Exit.DISK) from None


def open_journal(directory: DataDirectory, segment_bytes: int) -> JournalPort:
    """The venue's journal in files, its torn tail cut. OperatorError BUSY, DAMAGED, NOT_A_VENUE, DISK."""
    with journal_trouble():
        journal = _core.Journal.open(str(directory.journal), segment_bytes, synced=directory.synced)
    if journal.cut is not None:
        file, offset, length = journal.cut
        _log.warning("the journal's torn end was removed: it was never acknowledged", file=file, offset=offset, bytes=length)
    return journal


def replayed(engine: _core.Engine, journal: JournalReads, until: int | None = None) -> Iterator[int]:
    """Runs the journal's commands after `engine.seq` through the engine, checking frames, chain and every recorded state hash.

    Yields the seq reached after each stretch. OperatorError DAMAGED, DISK.
    """
    while until is None or engine.seq < until:
        before = engine.seq
        with journal_trouble():
            engine.replay(journal, until, False, STRETCH_FRAMES)
        if engine.seq == before:
            return
        yield engine.seq


def replayed_events(engine: _core.Engine, journal: JournalReads, until: int | None = None) -> Iterator[bytes]:
    """As `replayed`, but yields the events of a stretch at a time, bounded in bytes whatever the size of the frames."""
    while until is None or engine.seq < until:
        before = engine.seq
        with journal_trouble():
            events = engine.replay(journal, until, True, event_bytes=STRETCH_BYTES)
        if engine.seq == before:
            return
        yield events


def recover(
    snapshots: Snapshots, journal: JournalReads, last_seq: int, views_have: int, feed: Feed, moved: Moved = unmoved
) -> _core.Engine:
    """The engine at `last_seq`, the journal's end, or beyond it when somebody else writes meanwhile.

    `feed` gets the events of every command after `views_have`, in order. OperatorError DAMAGED, DISK.
    """
    if views_have > last_seq:
        raise OperatorError(
            f"the journal ends at {last_seq}, but a view knows command {views_have}: they are not of the same venue, "
            "or the journal is an older copy",
            Exit.DAMAGED,
        )
    with journal_trouble():
        engine = snapshots.engine(views_have)
    for _ in replayed(engine, journal, views_have):
        moved(engine.seq, last_seq)
    for run in replayed_events(engine, journal):
        feed(_core.decode_events(run))
        moved(engine.seq, last_seq)
    if engine.seq < last_seq:
        raise OperatorError(f"the journal's replay ends at command {engine.seq}, the journal at {last_seq}", Exit.DAMAGED)
    return engine


REPLAYED_COMMANDS = 5_000_000
"""How far back, at most, a start without history reads the journal for market data where no snapshot is a day old."""
DAY_MICROS = 86_400_000_000


def recent_events(snapshots: Snapshots, source: JournalEvents, now: int) -> tuple[Iterator[bytes], int, int]:
    """What a start without history has market data of: events of the last 24 hours, or as far as they can be had in some seconds.

    Returns (runs of events, the time in µs after which they have everything, the last trade before them); 0 and 0: they have all there
    ever was. OperatorError DAMAGED, DISK.
    """
    with journal_trouble():
        engine = snapshots.engine(source.last_seq)
        for seq, _ in snapshots.files():
            engine = snapshots.engine(seq)
            if engine.time <= now - DAY_MICROS:
                break
        else:
            if source.last_seq <= REPLAYED_COMMANDS:
                engine = _core.Engine()
    return (run for run, _ in source.runs(engine.seq)), engine.time if engine.seq else 0, engine.next_trade_id - 1


class JournalEvents:
    """Events of any stretch of the past, by running the journal through a second core: what history catches up from.

    `durable_seq` tells how far the journal may be read now. Safe to use on another thread than the venue's.
    """

    def __init__(self, snapshots: Snapshots, journal: JournalReads, durable_seq: Callable[[], int]) -> None:
        self._snapshots = snapshots
        self._journal = journal
        self._durable_seq = durable_seq

    @property
    def last_seq(self) -> int:
        return self._durable_seq()

    def runs(self, after_seq: int) -> Iterator[tuple[bytes, int]]:
        """(encoded events, last seq) from command `after_seq + 1` on, in order. OperatorError DAMAGED, DISK."""
        until = self._durable_seq()
        if after_seq >= until:
            return
        with journal_trouble():
            engine = self._snapshots.engine(after_seq)
        for _ in replayed(engine, self._journal, after_seq):
            pass
        for run in replayed_events(engine, self._journal, until):
            yield run, engine.seq
