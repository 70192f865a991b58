"""Keeps one view behind the journal, whatever its disk does."""

from __future__ import annotations  # Event is a name of the stub only

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from cambist import _core
from cambist.app.recovery import JournalEvents
from cambist.app.write_failures import WriteFailures
from cambist.domain.events import EventFilter
from cambist.exchange.sequencer import Frame


class FoldedView(Protocol):
    """What is folded from the journal's events into a file, and knows how far it has come."""

    @property
    def applied_seq(self) -> int: ...

    event_filter: EventFilter

    def apply(self, events: Sequence[_core.Event], through: int = 0) -> None:
        """Folds wanted events of every command up to `through`. When it raises, `applied_seq` says what is in."""

    def flush(self) -> None:
        """Writes what is not in the file yet. When it raises, it may be called again."""


class ViewFollower:
    """`follow` takes each durable frame, `write` is called now and then. Belongs to the event loop's thread.

    Once the file cannot be written, frames are passed over; when it can again, what was missed is read from the journal. So a full disk
    costs neither memory nor time.
    """

    def __init__(self, name: str, view: FoldedView, failures: WriteFailures, source: JournalEvents, durable_seq: Callable[[], int]) -> None:
        """`name` of the file; `durable_seq` tells the last command of the frames that were published."""
        self.name = name
        self._view = view
        self._failures = failures
        self._source = source
        self._durable_seq = durable_seq
        self._behind = False

    @property
    def blocked(self) -> bool:
        """Whether the file cannot be written, so that the view may be of an earlier moment: nothing should be begun on its word."""
        return self._behind or self._failures.failing(self.name)

    def follow(self, frame: Frame) -> None:
        """Folds a durable frame. Raises what is no disk's doing."""
        if self._behind:
            return
        try:
            self._view.apply(self._view.event_filter.of(frame.events), through=frame.last_seq)
        except Exception as error:
            if not self._failures.failed(self.name, error):
                raise
            self._behind = True

    async def write(self) -> None:
        """Writes what is not in the file yet, and catches up when it could not be written before. Raises what is no disk's doing."""
        if not self._failures.due(self.name):
            return
        try:
            self._view.flush()
            if self._behind:
                await self._catch_up()
        except Exception as error:
            if not self._failures.failed(self.name, error):
                raise
            return
        self._failures.written(self.name)

    async def _catch_up(self) -> None:
        while (before := self._view.applied_seq) < self._durable_seq():
            runs = self._source.runs(before)
            while (run := await asyncio.to_thread(next, runs, None)) is not None:
                events, last_seq = run
                self._view.apply(self._view.event_filter.of(events), through=last_seq)
            if self._view.applied_seq == before:
                raise RuntimeError(f"{self.name}: the journal gives no events after command {before}")
        # No frame was published since the last look: from here on they are followed again.
        self._behind = False
