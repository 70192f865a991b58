"""The directory's SQLite file: one connection that owns it, a fresh schema at once, an old one through Alembic."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool

from .database import Changed, Database, create_tables, is_newest
from .values import DirectoryBusy, DirectoryUnreadable

_PRAGMAS = (
    # Keys and nonces are held in memory, so nobody else may change the file meanwhile: own it from the first statement to close().
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Erasing a person means that the words are gone from the file, not only from the tables.
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
)


class SqliteDatabase(Database):
    """Transactions on the file, one at a time, from any thread."""

    shared = False

    def __init__(self, path: str | os.PathLike[str], busy_timeout: float, synced: bool = True) -> None:
        """Opens, creates or migrates; `synced`: what is committed survives a power cut.

        DirectoryBusy, DirectoryUnreadable; OSError when the file cannot be made.
        """
        self._path = Path(path)
        self._lock = threading.RLock()
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._engine = create_engine(
            URL.create("sqlite", database=str(self._path)),
            poolclass=StaticPool,
            # An error text names the statement, never the values: they may be a hash or a sealed secret.
            hide_parameters=True,
            connect_args={"timeout": busy_timeout, "check_same_thread": False},
        )
        event.listen(self._engine, "connect", _prepare)
        if not synced:
            event.listen(self._engine, "connect", _unsync)
        event.listen(self._engine, "begin", _begin)
        try:
            self._bring_up()
        except BaseException as error:
            self._engine.dispose()
            if isinstance(error, DatabaseError | sqlite3.DatabaseError):
                raise self._explained(error) from error
            raise

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._lock, self._engine.begin() as connection:
            yield connection

    def reading(self) -> AbstractContextManager[Connection]:
        return self.transaction()

    def follow(self, changed: Callable[[Changed | None], None]) -> None:
        """Nobody else may change the file."""

    def forget_old_pages(self) -> None:
        # Pages live on in the write-ahead log as they were before an erasure.
        with self._lock, self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def copy_to(self, file: Path) -> None:
        with self._lock, self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("VACUUM INTO ?", (str(file),))

    def close(self) -> None:
        with self._lock:
            self._engine.dispose()

    def _bring_up(self) -> None:
        with self.transaction() as connection:
            tables = set(inspect(connection).get_table_names())
            if not tables:
                create_tables(connection)
                return
            if "alembic_version" not in tables:
                raise DirectoryUnreadable(f"{self._path} is a database, but not a directory")
            if not is_newest(connection):
                # Only here: importing Alembic costs more time than opening the directory.
                from .migrations import upgrade  # noqa: PLC0415

                upgrade(connection, str(self._path))

    def _explained(self, error: Exception) -> DirectoryBusy | DirectoryUnreadable:
        cause = error.orig if isinstance(error, OperationalError) else error
        if isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return DirectoryBusy(f"{self._path} is in use by another process. Stop the running venue, or ask it through its admin socket")
        return DirectoryUnreadable(f"{self._path} cannot be read as a directory: {cause}")


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # sqlite3's own idea of when a transaction begins leaves DDL and reads outside of it; _begin says it aloud instead.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _unsync(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
