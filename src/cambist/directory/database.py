"""Where the directory's tables are: a file that one process owns (`sqlite.py`), or a database that several share (`postgresql.py`)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, Table, case, insert, select, text, update
from sqlalchemy.dialects import sqlite

from .tables import REVISION, counters, metadata

PASSWORD_CHANGES, CODE_CHANGES, RECOVERY_CHANGES, ROLE_CHANGES = "passwords", "code-changes", "recovery-changes", "role-changes"
"""Counters whose numbers stand in the journal (marks.py)."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Ids of rows that may be others than they were: of users, API keys, sessions."""

    users: frozenset[int] = frozenset()
    keys: frozenset[int] = frozenset()
    sessions: frozenset[int] = frozenset()


class Database(ABC):
    """Transactions, from any thread. Each is by itself: none of this or another process begins before the last one has ended.

    So what was looked up in a transaction is still so when it writes. Where several processes share the tables, each method raises
    DirectoryUnavailable while they are out of reach.
    """

    shared: ClassVar[bool]
    """Whether other processes may change it."""

    @property
    def away(self) -> bool:
        """Whether it was out of reach when it was asked last, at most some seconds ago."""
        return False

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]:
        """All or nothing; durable when the block is left."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection]:
        """For a query; of several in one block, a later one may see more than an earlier one. Waits for no transaction where it can."""

    @abstractmethod
    def follow(self, changed: Callable[[Changed | None], None]) -> None:
        """Calls back, on a thread of its own, with what other processes changed (None: anything may be), within a second. Where there
        are no others, never."""

    @abstractmethod
    def forget_old_pages(self) -> None:
        """Has what was erased vanish from the storage too, as far as that can be had from here."""

    @abstractmethod
    def copy_to(self, file: Path) -> None:
        """Writes everything, as it is at one moment, into a new SQLite file."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of it. Idempotent."""


def create_tables(connection: Connection) -> None:
    """Makes all tables where there are none, as the newest migration has them."""
    metadata.create_all(connection, checkfirst=False)  # there are none: looking for each takes as long as making it
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": REVISION})


def is_newest(connection: Connection) -> bool:
    """Whether the tables are as the newest migration has them."""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() == REVISION


def upsert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]], *, rising: bool = False) -> None:
    """Adds rows, or gives those whose primary key is there already the new values; with `rising` none becomes less than it was."""
    if connection.dialect.name == "sqlite":
        statement: Any = sqlite.insert(table)
    else:
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - a venue that keeps everything in files does not need it

        statement = postgresql.insert(table)
    values: dict[str, ColumnElement[Any]] = {}
    for column in table.columns:
        given = statement.excluded[column.name]
        if not column.primary_key:
            values[column.name] = case((column > given, column), else_=given) if rising else given
    connection.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=values), list(rows))


def next_number(connection: Connection, name: str, at_least: int = 1) -> int:
    """The next number of that counter, never given before and not below `at_least`."""
    last = connection.execute(select(counters.c.last).where(counters.c.name == name)).scalar_one_or_none()
    number = max(at_least, (last or 0) + 1)
    if last is None:
        connection.execute(insert(counters).values(name=name, last=number))
    else:
        connection.execute(update(counters).where(counters.c.name == name).values(last=number))
    return number


def last_number(connection: Connection, name: str) -> int:
    """The last number that the counter gave, 0 when none."""
    return connection.execute(select(counters.c.last).where(counters.c.name == name)).scalar_one_or_none() or 0
