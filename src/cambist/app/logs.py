"""Structured logs on standard error: words on a terminal, JSON lines elsewhere; never a secret."""

import logging
import os
import sys
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog

SECRET_WORDS = ("secret", "password", "passphrase", "token", "sign", "signature", "cookie", "authorization", "coupon", "totp")


class LogSink:
    """Where log lines go: standard error, or a file that can be reopened after a rotation. Losing it costs lines, never an action."""

    def __init__(self) -> None:
        self._file: Path | None = None
        self._stream: TextIO | None = sys.stderr
        self.before_lines: Callable[[], None] | None = None
        """Called before each write: whoever keeps something on the same terminal takes it away."""
        self.lost_lines = 0
        """Lines that could not be written since the start."""

    def open(self, file: Path | None) -> None:
        """Writes to `file` from here on; None: to standard error. OSError when the file cannot be opened."""
        stream = sys.stderr if file is None else self._opened(file)
        self._file, self._stream = file, stream

    def reopen(self) -> None:
        """Opens the file by its name again. What cannot be opened leaves everything as it was."""
        if self._file is not None:
            try:
                self._stream = self._opened(self._file)
            except OSError:
                self.lost_lines += 1

    @property
    def is_terminal(self) -> bool:
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # it was closed
            return False

    def write(self, text: str) -> None:
        """Writes, or counts what is lost."""
        if self.before_lines is not None:
            self.before_lines()
        try:
            if self._stream is None:
                raise OSError("there is no standard error")
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # a full disk, a pipe without a reader, a closed stream
            self.lost_lines += text.count("\n")

    def flush(self) -> None:
        """Every write is flushed."""

    @staticmethod
    def _opened(file: Path) -> TextIO:
        return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "w", encoding="utf-8")


SINK = LogSink()
"""The process's one."""


def configure(level: str, form: Literal["auto", "text", "json"], file: str = "") -> None:
    """Sets up structlog and the standard library's logging for the whole process. OSError when `file` cannot be opened."""
    SINK.open(Path(file) if file else None)
    as_json = form == "json" or (form == "auto" and not SINK.is_terminal)
    render: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=SINK.is_terminal)
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            conceal,
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(SINK),  # type: ignore[arg-type]  # it needs write and flush
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(max(number, logging.WARNING))
    logging.raiseExceptions = False  # a log line that cannot be made must not print a traceback either


def say(text: str) -> None:
    """Writes to standard output, for people; a reader that has gone away is no failure."""
    try:
        if sys.stdout is not None:
            sys.stdout.write(text)
            sys.stdout.flush()
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the rest of the process


def conceal(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blanks values whose name says that they are secret: the last net, should a caller ever hand one in."""
    for name in event:
        if any(word in name.lower() for word in SECRET_WORDS):
            event[name] = "(concealed)"
    return event


class _ToStructlog(logging.Handler):
    """Libraries log through the standard library; their lines come out in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None)
