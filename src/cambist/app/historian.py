"""`cambist historian`: folds a venue's history into the database in a process of its own, so that the venue's process need not."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import structlog

from cambist import _core
from cambist.app import logs, provenance
from cambist.app.admin import NotRunning, ask_running
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.app.history_places import database_address
from cambist.app.recovery import journal_trouble, replayed, replayed_events
from cambist.app.serving import configure_logs
from cambist.app.snapshots import Snapshots
from cambist.history import HistoryError, HistoryWriter

_log = structlog.get_logger("cambist.app")

LOOK_SECONDS = 0.1
"""How often the venue is asked how far its journal is durable."""


class FollowedJournal:
    """The events of a journal that another process writes, by a core of its own. `runs` is for one thread."""

    def __init__(self, snapshots: Snapshots, journal: _core.ReadOnlyJournal) -> None:
        self._snapshots = snapshots
        self._journal = journal
        self._engine: _core.Engine | None = None
        self.last_seq = 0
        """How far the journal may be read: what its writer says is durable."""

    def runs(self, after_seq: int) -> Iterator[tuple[bytes, int]]:
        """(encoded events, last seq) from command `after_seq + 1` on, in order. OperatorError DAMAGED, DISK."""
        until = self.last_seq
        if after_seq >= until:
            return
        if self._engine is None or self._engine.seq > after_seq:
            with journal_trouble():
                self._engine = self._snapshots.engine(after_seq)
        engine = self._engine
        for _ in replayed(engine, self._journal, after_seq):
            pass
        for run in replayed_events(engine, self._journal, until):
            yield run, engine.seq


def run(data: Path) -> None:
    """Folds until it is told to end. OperatorError: CONFIGURATION, NOT_A_VENUE; DAMAGED when history or journal is not this venue's."""
    files = DataDirectory(data)
    files.check_format()
    config = files.settings()
    if config.history.folded_by != "historian":
        raise OperatorError('history.folded_by is "venue": the venue folds its history itself', Exit.CONFIGURATION)
    address = database_address(files, config.history)
    configure_logs(config)
    from cambist.history.postgresql import PostgresWrites

    with journal_trouble():
        journal = _core.ReadOnlyJournal(str(files.journal))
    source = FollowedJournal(Snapshots(files.snapshots, journal), journal)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    writer = HistoryWriter(
        PostgresWrites(address), source, journal=provenance.fingerprint(journal), on_failure=lambda _: ending.set(), source_may_lag=True
    )
    try:
        writer.start()
        logs.say(f"History of {data} is folded into {address}\n")
        while not ending.wait(LOOK_SECONDS):
            durable = _durable_seq(data)
            if durable > source.last_seq:
                source.last_seq = durable
                writer.look()
    except HistoryError as error:
        raise OperatorError(f"{error}. `cambist rebuild --data {data}` makes it again", Exit.DAMAGED) from None
    finally:
        writer.close()
    if writer.failure is not None:
        raise OperatorError(f"history cannot be folded any more: {writer.failure}", Exit.DAMAGED)


def _durable_seq(data: Path) -> int:
    """0 while the venue does not run: then there is nothing new."""
    try:
        return int(ask_running(data, "status", {}, 10)["durable_seq"])
    except (NotRunning, OperatorError):
        return 0
