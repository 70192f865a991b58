"""Things that happen at a time of the venue's clock: refreshes, polls, beats."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

import structlog

LONGEST_NAP = 0.5
"""Seconds until the clock is looked at again, whatever is due: a clock that is moved by hand need not tell anybody."""

_log = structlog.get_logger("cambist.gateway")


class Timetable:
    """Calls back when `clock` (µs) has reached a time. With nothing due nothing runs, and no timer is set."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._order = count()
        self._entries: list[tuple[int, int, list[Callable[[], None]]]] = []
        self._timer: asyncio.TimerHandle | None = None

    def at(self, time: int, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls `callback` once, on the loop, as soon as the clock says `time` or later. Returns what calls that off."""
        entry = [callback]
        heapq.heappush(self._entries, (time, next(self._order), entry))
        self._set()
        return entry.clear

    def run_due(self) -> None:
        """Calls what is due by now, in order of time. The loop does this by itself; after moving a clock by hand it saves a wait."""
        now = self._clock()
        while self._entries and self._entries[0][0] <= now:
            for callback in heapq.heappop(self._entries)[2]:
                try:
                    callback()
                except Exception as error:  # one entry's bug must not stop the others' clock
                    _log.exception("a timed call failed", error=type(error).__name__)
        self._set()

    def _set(self) -> None:
        while self._entries and not self._entries[0][2]:
            heapq.heappop(self._entries)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._entries:
            wait = (self._entries[0][0] - self._clock()) / 1_000_000
            self._timer = asyncio.get_running_loop().call_later(min(max(wait, 0.0), LONGEST_NAP), self.run_due)
