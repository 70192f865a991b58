"""History in an SQLite file: the embedded default.

Two connections. The writer's owns every change; the reader's sees the last whole batch (write-ahead log) and never waits for one.

Threads of one process share the interpreter lock, and sqlite3 gives it away and takes it back around every step of a statement.
Beside a busy event loop each taking back may cost milliseconds, so steps are what counts, not rows: a batch is written by a
few statements of up to 1,024 rows each, and a query answers with one row, a JSON text, decoded straight into records.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import Connection, Engine, FromClause, Select, Table, create_engine, event, inspect, text
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler, SQLiteDialect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from cambist import _core
from cambist.history import schema
from cambist.history.fold import CandleRow, Cursor, OrderChange, Rows, replaced
from cambist.history.port import (
    HistoryBlocked,
    HistoryError,
    HistoryForeign,
    HistoryLocked,
    HistoryUnwritable,
    HistoryWrites,
)
from cambist.history.sql_reads import SqlReads
from cambist.history.stored_rows import FIRST_TERMS, SECONDS_KEPT, changed_transfer, with_memo_encoded

MAX_ROWS = 1_024
"""Rows of one statement. Binding that many takes about half a millisecond, during which nobody else has the interpreter lock."""

FEW_ROWS = 128
"""Of one statement, as long as a table has had few."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # NORMAL syncs at checkpoints only: after a power cut the file is whole but may lack its last batches. That is right here, and
    # FULL would be waste: what is lost is folded again from the journal, which is the promise, and `cursor` says from where.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
)
_WRITER_PRAGMAS = (
    "PRAGMA cache_size = -65536",  # 64 MiB at most: account indexes are written all over
    "PRAGMA wal_autocheckpoint = 4000",  # 16 MiB: the checkpoint's sync shares the disk with the journal's
    "PRAGMA journal_size_limit = 67108864",
)
OPEN_SECONDS = 60.0
"""How long opening the file waits for another process that has it locked."""
LOCKED_MS = 250
"""How long a batch waits for that before it is given back to the writer's thread, which looks whether it is to end and tries again."""

_UNSYNCED = ("PRAGMA synchronous = OFF",)
"""For both: whoever closes the file last puts the log into it."""

_READER_PRAGMAS = ("PRAGMA busy_timeout = 2000", "PRAGMA query_only = ON", "PRAGMA cache_size = -16384")

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)
"""What another process's lock, and a disk that takes nothing, are reported as; the extended codes end in these."""

_CHANGED = ("price", "amount", "stop_price", "filled", "total", "fee", "reason", "triggered", "updated")

_encode = msgspec.json.Encoder().encode


class _Compiler(SQLiteCompiler):
    """Passes index hints on, which SQLAlchemy knows of other databases only."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        return text


_DIALECT = SQLiteDialect(paramstyle="qmark")
_DIALECT.statement_compiler = _Compiler


# --- opening --------------------------------------------------------------------------------------------------------------


def _open(path: Path, pragmas: Sequence[str], *, create: bool, synced: bool) -> Engine:
    if create:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    elif not path.exists():
        raise HistoryError(f"{path} does not exist")
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "cached_statements": 256, "timeout": OPEN_SECONDS},
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,  # giving the one connection back must not end the transaction that a batch has open on it
    )

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (*_PRAGMAS, *pragmas, *(() if synced else _UNSYNCED)):
            connection.execute(pragma)

    event.listen(engine, "connect", prepare)
    engine.dialect.statement_compiler = _Compiler
    return engine


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        cause = error.orig if isinstance(error, DatabaseError) else error
        blocked = _blocked(path, cause)
        if blocked is not None:
            raise blocked from error
        raise HistoryError(f"{path} cannot be used as history ({cause}). It can be deleted and made again: cambist rebuild") from error


def _blocked(path: Path, cause: BaseException | None) -> HistoryBlocked | None:
    """What may be over by the next attempt; None for anything else."""
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in _LOCKED:
        return HistoryLocked(f"{path} is locked by another process: end what has it open")
    if code in _DISK:
        return HistoryUnwritable(f"{path} cannot be written ({cause}): is the disk full?")
    return None


@contextmanager
def _begun(engine: Engine) -> Iterator[Connection]:
    # sqlite3's own idea of when a transaction begins leaves DDL outside of it; this says it aloud.
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def _bring_up(connection: Connection, path: Path) -> None:
    tables = set(inspect(connection).get_table_names())
    if not tables:
        schema.metadata.create_all(connection, checkfirst=False)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": schema.REVISION})
        return
    if "alembic_version" not in tables:
        raise HistoryError(f"{path} is a database, but not a history")
    if connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() != schema.REVISION:
        # Only here: importing Alembic costs more time than opening the file.
        from cambist.history.migrations import upgrade  # noqa: PLC0415

        upgrade(connection, str(path))


# --- writing --------------------------------------------------------------------------------------------------------------


class _Statements:
    """SQL of one table's batches, by number of rows.

    Numbers of rows are powers of two, the rest of a batch padded with NULL rows that the statement passes over: so there are
    a dozen statements per table, and sqlite3 keeps them all prepared.
    """

    def __init__(self, columns: Sequence[str], most: int, head: str, tail: str = "") -> None:
        self.width = len(columns)
        self._head = head
        self._tail = tail
        self._most = 1 << (min(MAX_ROWS, most // self.width).bit_length() - 1)
        self._row = "(" + ",".join("?" * self.width) + ")"
        self._texts: dict[int, str] = {}
        self._written = 0

    @classmethod
    def insert(cls, table: Table, most: int, verb: str = "INSERT") -> "_Statements":
        names = _quoted(column.name for column in table.columns)
        # Every name is the schema's own; values are bound.
        head = f"{verb} INTO {table.name} ({', '.join(names)}) SELECT * FROM ("  # noqa: S608
        return cls(names, most, head, ") WHERE column1 IS NOT NULL")

    @classmethod
    def update(cls, table: Table, columns: Sequence[str], most: int) -> "_Statements":
        """Rows are (id, columns…)."""
        names = _quoted(columns)
        sets = ", ".join(f"{name} = new.column{number}" for number, name in enumerate(names, 2))
        head = f"UPDATE {table.name} SET {sets} FROM ("  # noqa: S608
        return cls(["id", *names], most, head, f") AS new WHERE {table.name}.id = new.column1")

    def run(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        first = 0
        while first < len(rows):
            part = rows[first : first + self._at_a_time]
            self._execute(connection, [schema.fitting(value) for value in chain.from_iterable(part)])
            first += len(part)

    def run_table(self, connection: sqlite3.Connection, rows: _core.RowTable) -> None:
        first = 0
        while first < len(rows):
            count = self._at_a_time
            self._execute(connection, rows.values(first, count))
            first += count

    @property
    def _at_a_time(self) -> int:
        """Rows of the next statement. To prepare a long one takes longer than running it: they come once a table has had many rows."""
        return min(self._most, 1 << (max(FEW_ROWS, self._written >> 4).bit_length() - 1))

    def _execute(self, connection: sqlite3.Connection, values: list[Any]) -> None:
        rows = len(values) // self.width
        self._written += rows
        size = 1 << (rows - 1).bit_length()
        values += [None] * ((size - rows) * self.width)
        connection.execute(self._text(size), values)

    def _text(self, size: int) -> str:
        known = self._texts.get(size)
        if known is None:
            known = self._texts[size] = f"{self._head}VALUES {','.join([self._row] * size)}{self._tail}"
        return known


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]


class SqliteWrites(HistoryWrites):
    """The write side."""

    def __init__(self, path: str | os.PathLike[str], synced: bool = True) -> None:
        """Opens, creates or migrates; `synced`: whole after a power cut. HistoryError when the file is no history."""
        self._path = Path(path)
        self._engine = _open(self._path, _WRITER_PRAGMAS, create=True, synced=synced)
        try:
            with _explained(self._path):
                with _begun(self._engine) as connection:
                    _bring_up(connection, self._path)
                    self._db = cast(sqlite3.Connection, connection.connection.driver_connection)
                self._db.execute(f"PRAGMA busy_timeout = {LOCKED_MS}")
                self._cursor, self._journal = self._read_progress()
        except BaseException:
            self._engine.dispose()
            raise
        most = self._db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        self._insert = {table: _Statements.insert(table, most) for table in schema.FOLDED}
        self._insert[schema.words] = _Statements.insert(schema.words, most, "INSERT OR IGNORE")
        # A market's first one counts: what it had before its first trade does not change.
        self._insert[schema.backfills] = _Statements.insert(schema.backfills, most, "INSERT OR IGNORE")
        self._insert[schema.candles] = _Statements.insert(schema.candles, most, "INSERT OR REPLACE")
        self._change_orders = _Statements.update(schema.orders, _CHANGED, most)
        self._change_transfers = _Statements.update(schema.transfers, ("status", "settled", "memo", "destination_entry", "updated"), most)

    @property
    def check_seconds(self) -> float | None:
        return None  # a file is where it was, and whoever writes to it finds out whether it can be written

    @property
    def cursor(self) -> Cursor:
        return self._cursor

    @property
    def folded_from(self) -> int:
        """The fingerprint of the journal that the rows come from; 0 while nobody said."""
        return self._journal

    def open(self, journal: int) -> None:
        """The constructor opened the file; this is whose it is."""
        if journal in (0, self._journal):
            return
        if self._journal:
            raise HistoryForeign(f"{self._path} was folded from the journal of another venue, not from this venue's")
        with _explained(self._path), self._transaction():
            self._write_progress(self._cursor, journal)
        self._journal = journal

    def apply(self, rows: Rows) -> None:
        if rows.after != self._cursor:
            raise ValueError(f"rows follow command {rows.after.seq}, the store ends at {self._cursor.seq}")
        with self._transaction():
            self._apply_orders(rows)
            self._insert[schema.order_terms].run(self._db, [tuple(map(schema.fitting, row)) for row in rows.terms])
            self._insert[schema.trades].run_table(self._db, rows.trades)
            self._insert[schema.entries].run_table(self._db, rows.entries)
            self._apply_transfers(rows)
            self._insert[schema.notes].run(self._db, [with_memo_encoded(row, -1) for row in rows.notes])
            self._insert[schema.backfills].run(self._db, rows.backfills)
            self._apply_candles(rows.candles)
            self._insert[schema.marks].run(self._db, rows.marks)
            cursor = rows.cursor
            self._write_progress(cursor, self._journal)
        self._cursor = cursor

    def check(self) -> None:
        """What stands in the way shows when a batch is written."""

    def clear(self) -> None:
        # Dropping is a matter of pages, deleting one of rows.
        with _begun(self._engine) as connection:
            schema.metadata.drop_all(connection)
            schema.metadata.create_all(connection, checkfirst=False)
            self._write_progress(Cursor(), self._journal)
        self._cursor = Cursor()

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            # A disk error may have ended the transaction already.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            blocked = _blocked(self._path, error) if isinstance(error, sqlite3.OperationalError) else None
            if blocked is not None:
                raise blocked from error
            raise

    def _read_progress(self) -> tuple[Cursor, int]:
        row = self._db.execute("SELECT seq, time, next_order, next_trade, next_entry, journal FROM progress").fetchone()
        return (Cursor(*row[:5]), row[5]) if row else (Cursor(), 0)

    def _write_progress(self, cursor: Cursor, journal: int) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?, ?, ?, ?)",
            (cursor.seq, cursor.time, cursor.next_order, cursor.next_trade, cursor.next_entry, journal),
        )

    def _stored(self, sql: str, keys: Any) -> list[list[Any]]:
        """Rows of a query over keys given as JSON, in one step."""
        (found,) = self._db.execute(sql, (_encode(keys).decode(),)).fetchone()
        return cast(list[list[Any]], msgspec.json.decode(found))

    def _apply_orders(self, rows: Rows) -> None:
        self._insert[schema.orders].run_table(self._db, rows.orders)
        if not rows.order_changes:
            return
        stored = self._stored(_STORED_ORDERS, list(rows.order_changes))
        if len(stored) != len(rows.order_changes):
            raise HistoryError(f"{self._path} lacks orders that the journal has. Make it again: cambist rebuild")
        if numbers := replaced(rows.order_changes):
            self._db.execute(_FIRST_TERMS, (_encode(numbers).decode(),))
        self._change_orders.run(self._db, [_changed_order(row, rows.order_changes[row[0]]) for row in stored])

    def _apply_transfers(self, rows: Rows) -> None:
        # Copies here and below: what cannot be stored now is given again as it was.
        self._insert[schema.transfers].run(self._db, [with_memo_encoded(row) for row in rows.transfers])
        self._insert[schema.words].run(self._db, rows.words)
        if rows.transfer_changes:
            stored = self._stored(_STORED_TRANSFERS, [schema.fitting(number) for number in rows.transfer_changes])
            self._change_transfers.run(self._db, [changed_transfer(row, rows.transfer_changes[int(row[0])]) for row in stored])

    def _apply_candles(self, candles: dict[tuple[int, int, int], CandleRow]) -> None:
        if not candles:
            return
        candles = dict(candles)
        # Time does not go back: only the first candle of a market and interval can be there already.
        first: dict[tuple[int, int], int] = {}
        last: dict[int, int] = {}
        for market, interval, start in candles:
            first.setdefault((market, interval), start)
            if interval == 1:
                last[market] = start
        for market, interval, start, *values in self._stored(_STORED_CANDLES, [[*key, start] for key, start in first.items()]):
            stored = CandleRow(*(int(value) for value in values))
            stored.join(candles[market, interval, start])
            candles[market, interval, start] = stored
        self._insert[schema.candles].run(
            self._db,
            [(*key, row.open, row.high, row.low, row.close, row.volume, row.notional, row.count) for key, row in candles.items()],
        )
        for market, start in last.items():
            self._db.execute('DELETE FROM candles WHERE market = ? AND "interval" = 1 AND start < ?', (market, start - SECONDS_KEPT))


_STORED_ORDERS = f"SELECT json_group_array(json_array(id, {', '.join(_CHANGED)})) FROM orders WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
_FIRST_TERMS = f"{FIRST_TERMS} IN (SELECT value FROM json_each(?))"  # noqa: S608 - fixed text
_STORED_TRANSFERS = (
    "SELECT json_group_array(json_array(id, status, settled, memo, destination_entry, updated)) FROM transfers"
    " WHERE id IN (SELECT value FROM json_each(?))"
)
_STORED_CANDLES = (
    'SELECT json_group_array(json_array(market, "interval", start, "open", high, low, "close", volume, notional, "count")) FROM candles'
    ' WHERE (market, "interval", start) IN'
    " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?))"
)


def _changed_order(row: list[Any], change: OrderChange) -> tuple[Any, ...]:
    number, price, amount, stop_price, filled, total, fee, reason, triggered, _ = row
    return (
        number,
        price if change.price is None else change.price,
        amount if change.amount is None else change.amount,
        stop_price if change.stop_price is None else change.stop_price,
        int(filled) + change.filled,
        int(total) + change.total,
        int(fee) + change.fee,
        change.reason or reason,
        change.triggered or triggered,
        change.updated,
    )


# --- reading --------------------------------------------------------------------------------------------------------------


class SqliteReads(SqlReads):
    """The read side: a connection of its own, which cannot write."""

    def __init__(self, path: str | os.PathLike[str], synced: bool = True) -> None:
        """Opens a file that `SqliteWrites` made. HistoryError when it is no history."""
        super().__init__()
        self._path = Path(path)
        self._engine = _open(self._path, _READER_PRAGMAS, create=False, synced=synced)
        with _explained(self._path):
            self._connection = self._engine.connect()
            self._db = cast(sqlite3.Connection, self._connection.connection.driver_connection)

    def _answer(self, statement: Select[tuple[str]], values: dict[str, int]) -> str:
        with _explained(self._path):
            if not values:
                return cast(str, self._connection.scalars(statement).one())
            # To have SQLAlchemy find and run it takes longer than SQLite does.
            sql, names, given = _compiled(statement)
            given = given | values
            (answer,) = self._db.execute(sql, [given[name] for name in names]).fetchone()
            return cast(str, answer)

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()


@cache
def _compiled(statement: Select[tuple[str]]) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """Of a statement that is kept: its text, the names of its values in order, and the values that it has already."""
    compiled = statement.compile(dialect=_DIALECT)
    return str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params)
