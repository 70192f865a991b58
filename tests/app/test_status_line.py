"""The line at the foot of a terminal: there while something runs, out of the way of log lines, gone at the end."""

import os
import pty
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cambist.app import logs
from cambist.app.status_line import ERASE, SECOND, StatusLine
from cambist.scheduling import ManualScheduler

WIDTH = 24


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, term: str = "xterm") -> Iterator[Callable[[], str]]:
    """Standard output is a terminal of 24 columns; gives what was written since the last time."""
    ours, theirs = pty.openpty()
    output = os.fdopen(theirs, "w", encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLUMNS", str(WIDTH))

    def written() -> str:
        output.write("|")
        output.flush()
        seen = ""
        while not seen.endswith("|"):
            seen += os.read(ours, 4096).decode()
        return seen.removesuffix("|")

    yield written
    monkeypatch.undo()
    output.close()
    os.close(ours)


def test_it_is_shown_at_once_and_every_second(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as written:
        scheduler, count = ManualScheduler(0), iter(range(9))
        line = StatusLine(scheduler, lambda: f"number {next(count)}")
        line.start()
        assert written() == f"{ERASE}number 0"
        scheduler.advance(2 * SECOND)
        assert written() == f"{ERASE}number 1{ERASE}number 2"
        line.stop()
        assert written() == ERASE
        scheduler.advance(9 * SECOND)
        assert written() == ""


def test_it_never_fills_the_last_column(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as written:
        line = StatusLine(ManualScheduler(0), lambda: "x" * 100)
        line.start()
        assert written() == ERASE + "x" * (WIDTH - 1)
        line.stop()


def test_a_log_line_finds_its_place_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as written:
        line = StatusLine(ManualScheduler(0), lambda: "here")
        line.start()
        written()
        logs.SINK.write("")
        assert written() == ERASE
        line.stop()
        written()
        logs.SINK.write("")
        assert written() == ""


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_erase_shows_none(term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch, term) as written:
        line = StatusLine(ManualScheduler(0), lambda: "here")
        line.start()
        line.stop()
        assert written() == ""
