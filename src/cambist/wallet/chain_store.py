"""Where the simulated coin network keeps what it knows: a file, or a database (`postgresql.py`). The statements are the same."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from .sqlite import SqliteFile

SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE addresses (asset TEXT NOT NULL, address TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (asset, address),
                        UNIQUE (asset, label)) STRICT;
-- serial is given when the clock reaches `at`: readers go by serial, so a deposit scripted for later is never skipped.
CREATE TABLE outputs (id INTEGER PRIMARY KEY, serial INTEGER UNIQUE, asset TEXT NOT NULL, txid TEXT NOT NULL, output INTEGER NOT NULL,
                      address TEXT NOT NULL, amount TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE (asset, txid, output)) STRICT;
CREATE TABLE transactions (asset TEXT NOT NULL, txid TEXT NOT NULL, at INTEGER NOT NULL, dropped INTEGER NOT NULL DEFAULT 0,
                           PRIMARY KEY (asset, txid)) STRICT;
CREATE TABLE sends (reference TEXT PRIMARY KEY, asset TEXT NOT NULL, address TEXT NOT NULL, amount TEXT NOT NULL, txid TEXT,
                    refused TEXT, CHECK ((txid IS NULL) = (refused IS NOT NULL))) STRICT;
CREATE TABLE rejections (address TEXT PRIMARY KEY, reason TEXT NOT NULL) STRICT;
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS outputs_to ON outputs (asset, address);
CREATE INDEX IF NOT EXISTS sends_to ON sends (asset, address);
CREATE INDEX IF NOT EXISTS sends_as ON sends (asset, txid);
CREATE INDEX IF NOT EXISTS transactions_by_time ON transactions (asset, at);
CREATE TABLE IF NOT EXISTS mined (asset TEXT NOT NULL, at INTEGER NOT NULL, behind INTEGER NOT NULL, count INTEGER NOT NULL) STRICT;
"""
# mined: blocks beside the clock.s, found at `at` behind the transaction of rowid `behind`.
_VERSION = 1
_TABLES = {
    "facts": ("name", "value"),
    "addresses": ("asset", "address", "label"),
    "outputs": ("id", "serial", "asset", "txid", "output", "address", "amount", "at"),
    "transactions": ("rowid", "asset", "txid", "at", "dropped"),
    "sends": ("reference", "asset", "address", "amount", "txid", "refused"),
    "rejections": ("address", "reason"),
    "mined": ("rowid", "asset", "at", "behind", "count"),
}


class Sql(Protocol):
    """What statements are given to. Placeholders are question marks."""

    def execute(self, sql: str, values: Any = ..., /) -> Any: ...


class ChainStore(ABC):
    """Transactions on the network's tables. CoinPortUnavailable while they are out of reach: then nothing was changed."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Sql]:
        """All or nothing, and by itself. Inside another one it is a part of that."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Sql]:
        """For a query."""

    @abstractmethod
    def copy_to(self, file: Path) -> None:
        """Writes everything, as it is at one moment, into a new SQLite file. From any thread, beside everything else."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of it. Idempotent."""


class ChainFile(ChainStore):
    """An SQLite file that one process owns."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        with file.transaction() as sql:
            for statement in INDEXES.strip().split("\n"):
                sql.execute(statement)

    def transaction(self) -> AbstractContextManager[Sql]:
        return self._file.transaction()

    def reading(self) -> AbstractContextManager[Sql]:
        return self._file.transaction()

    def copy_to(self, file: Path) -> None:
        self._file.copy_to(file)

    def close(self) -> None:
        self._file.close()


def open_file(path: Path, *, synced: bool) -> ChainFile:
    """Opens or creates the file; `synced`: what left for the outside world must not be undone by a power cut. WalletBusy,
    WalletUnreadable."""
    return ChainFile(SqliteFile(path, SCHEMA, _VERSION, synchronous="FULL" if synced else "OFF"))


@contextmanager
def new_file(path: Path) -> Iterator[Sql]:
    """The empty tables in a new file; it is whole when the block is left."""
    store = open_file(path, synced=True)
    try:
        with store.transaction() as sql:
            yield sql
    finally:
        store.close()


def is_empty(sql: Sql) -> bool:
    """Whether nobody has an address, and nothing was sent, in the network of these tables."""
    tables: Iterable[str] = ("addresses", "sends", "transactions")
    return all(sql.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None for table in tables)  # noqa: S608


def copy_rows(source: Sql, target: Sql) -> None:
    """Every row of one network into the empty tables of another."""
    for table, columns in _TABLES.items():
        names, places = ", ".join(columns), ", ".join("?" * len(columns))
        for row in source.execute(f"SELECT {names} FROM {table} ORDER BY 1"):  # noqa: S608
            target.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", tuple(row))  # noqa: S608
