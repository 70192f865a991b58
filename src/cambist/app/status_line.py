"""One line at the foot of a person's terminal that shows that the process lives; nothing on a pipe or in a file."""

import os
import shutil
import sys
from collections.abc import Callable

from cambist.app import logs
from cambist.scheduling import Scheduler, Timer

SECOND = 1_000_000
ERASE = "\r\x1b[K"


class StatusLine:
    """Asks `text` once a second and shows it. `start` and `stop` are harmless when there is no terminal."""

    def __init__(self, scheduler: Scheduler, text: Callable[[], str]) -> None:
        self._scheduler = scheduler
        self._text = text
        self._timer: Timer | None = None

    def start(self) -> None:
        if is_terminal():
            logs.SINK.before_lines = self._erase
            self._timer = self._scheduler.every(SECOND, self._show)
            self._show()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            logs.SINK.before_lines = None
            self._erase()

    def _show(self) -> None:
        columns = shutil.get_terminal_size().columns
        logs.say(ERASE + self._text()[: columns - 1])

    def _erase(self) -> None:
        logs.say(ERASE)


def is_terminal() -> bool:
    """Whether standard output is one that understands how to erase a line."""
    try:
        return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
    except ValueError:  # it was closed
        return False
