"""What the directory remembers of the audit log, so that lines that were cut off its end, or all of them, are missed."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import delete, insert, select

from .database import Database
from .tables import facts

_FACT = "audit-line"
"""Of a directory in a file. Where several nodes share one, each has a log of its own, and its name stands behind."""

Remembered = tuple[int, str]
"""(number, hash in hex) of a line of the audit log."""


class AuditMemory:
    """One line of the audit log, a late one. From any thread."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._fact = f"{_FACT}/{node}" if node else _FACT
        with database.reading() as connection:
            stored = connection.execute(select(facts.c.value).where(facts.c.name == self._fact)).scalar_one_or_none()
        self._line = None if stored is None else _parsed(stored)

    @property
    def line(self) -> Remembered | None:
        """The line that was remembered last; None while none was."""
        return self._line

    def remember(self, line: Remembered) -> None:
        """Keeps the newest line in the place of the one before."""
        record, line_hash = line
        with self._database.transaction() as connection:
            connection.execute(delete(facts).where(facts.c.name == self._fact))
            connection.execute(insert(facts).values(name=self._fact, value=f"{record} {line_hash}".encode()))
        self._line = line


def read_remembered(file: Path) -> Remembered | None:
    """The remembered line in a file that nobody has open, for whoever only looks; None also for a file that cannot be read."""
    try:
        with closing(sqlite3.connect(file, timeout=1.0)) as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (_FACT,)).fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else _parsed(row[0])


def _parsed(stored: bytes) -> Remembered:
    record, _, line_hash = stored.decode().partition(" ")
    return int(record), line_hash
