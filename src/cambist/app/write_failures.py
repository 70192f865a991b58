"""Which of the venue's files cannot be written just now, and when each is tried again.

A full disk ends nothing but the journal: whatever else is written can be made again from it, so it waits until there is room.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import structlog

from cambist._core import JournalError
from cambist.app.errors import Exit, OperatorError, explained
from cambist.exchange import JournalStopped

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two attempts to write a file: each time twice as many as before."""

_log = structlog.get_logger("cambist.app")


@dataclass(slots=True)
class _Failing:
    since: float
    pause: float
    next_attempt: float
    words: str


class WriteFailures:
    """By the name of a file. For the event loop's thread only."""

    def __init__(self, timer: Callable[[], float] = monotonic) -> None:
        self._timer = timer
        self._failing: dict[str, _Failing] = {}

    def __len__(self) -> int:
        """How many files cannot be written."""
        return len(self._failing)

    def names(self) -> list[str]:
        """Files that cannot be written."""
        return sorted(self._failing)

    def failing(self, name: str) -> bool:
        """Whether the last attempt to write the file came to nothing."""
        return name in self._failing

    def due(self, name: str) -> bool:
        """Whether the file may be tried: it is well, or the pause after the last attempt is over."""
        known = self._failing.get(name)
        return known is None or known.next_attempt <= self._timer()

    def failed(self, name: str, error: Exception) -> bool:
        """Takes note of an error that is the disk's; logged the first time. False for all others, which are bugs or the journal's."""
        if isinstance(error, JournalError | JournalStopped):
            return False
        reason = error if isinstance(error, OperatorError) else explained(error)
        if reason is None or reason.code != Exit.DISK:
            return False
        self.note(name, reason.text)
        return True

    def note(self, name: str, words: str) -> None:
        """The same of what is known to be the disk's doing."""
        now = self._timer()
        known = self._failing.get(name)
        if known is None:
            _log.error("a file of the venue cannot be written; it is tried again until it can", file=name, error=words)
            self._failing[name] = _Failing(now, FIRST_PAUSE, now + FIRST_PAUSE, words)
            return
        known.pause = min(known.pause * 2, LONGEST_PAUSE)
        known.next_attempt = now + known.pause
        known.words = words

    def written(self, name: str) -> None:
        """The file was written: it is well, whatever was before."""
        known = self._failing.pop(name, None)
        if known is not None:
            _log.warning("a file of the venue can be written again", file=name, seconds=round(self._timer() - known.since, 1))

    def reason(self) -> str:
        """What readiness says; empty when every file can be written."""
        names = ", ".join(sorted(self._failing))
        return f"cannot be written, and is tried again: {names}" if names else ""
