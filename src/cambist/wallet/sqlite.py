"""A small SQLite file with one owner: exclusive, write-ahead logged, transactions that nest."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from cambist.sqlite_copying import copy_into_file

from .values import WalletBusy, WalletUnreadable

_BUSY_SECONDS = 1.0


class SqliteFile:
    """One connection, held until `close`. One thread's, but for `copy_to`."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        schema: str,
        version: int,
        synchronous: Literal["FULL", "NORMAL", "OFF"],
        rebuildable: bool = False,
    ) -> None:
        """Opens or creates. A file of another version is refused, or made anew when what it holds can be rebuilt.

        WalletBusy when another process has it, WalletUnreadable when it is no such file.
        """
        self._path = Path(path)
        self._open = False
        self._exclusive = threading.Lock()
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {synchronous}")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._bring_up(schema, version, rebuildable)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise WalletBusy(
                    f"{self._path} is in use by another process. Stop the running venue, or ask it through its admin socket"
                ) from error
            raise WalletUnreadable(f"{self._path} cannot be read: {error}") from error
        except WalletUnreadable:
            self._connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. Inside another one it is a part of that."""
        if self._open:
            yield self._connection
            return
        with self._exclusive:
            self._connection.execute("BEGIN IMMEDIATE")
            self._open = True
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._open = False

    def copy_to(self, file: Path) -> None:
        """Writes a copy of the database, as it is when the copy is done, into a new file. From any thread. OSError, sqlite3.Error."""
        copy_into_file(self._connection, self._exclusive, file)

    def close(self) -> None:
        self._connection.close()

    def _bring_up(self, schema: str, version: int, rebuildable: bool) -> None:
        with self.transaction() as sql:
            (stored,) = sql.execute("PRAGMA user_version").fetchone()
            tables = [name for (name,) in sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if stored == version:
                return
            if tables and not rebuildable:
                raise WalletUnreadable(f"{self._path} has format {stored}, this program reads format {version}")
            for name in tables:
                sql.execute(f'DROP TABLE "{name}"')
            for statement in schema.split(";\n"):
                sql.execute(statement)
            sql.execute(f"PRAGMA user_version = {version}")
