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
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import Connection, Engine, FromClause, Integer, Select, Table, bindparam, create_engine, event, func, inspect, select, text
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler, SQLiteDialect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from cambist import _core
from cambist.domain.backfill import Backfill
from cambist.domain.units import MarketId
from cambist.history import queries, schema
from cambist.history.candles import DAY, HOUR, MINUTE, base_interval, candle_start, fold_candles
from cambist.history.fold import MEMO, CandleRow, Cursor, OrderChange, Rows, TransferChange
from cambist.history.port import (
    WHOLE,
    HistoryBlocked,
    HistoryError,
    HistoryLocked,
    HistoryUnwritable,
    HistoryWrites,
    MarketPast,
    OrderFilter,
    Page,
    StoreReads,
    WantedCandles,
)
from cambist.history.records import Candle, Fill, LedgerEntry, Note, Order, Trade, Transfer, Volume

T = TypeVar("T")

MAX_ROWS = 1_024
"""Rows of one statement. Binding that many takes about half a millisecond, during which nobody else has the interpreter lock."""

SECONDS_KEPT = 25 * HOUR
"""Candles of one second serve the 24 hours' window only; older ones go when the market trades again."""

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

MOST_PAST_ROWS = 20_000
"""After so many an answer about the pasts of many markets is given: it is in memory as a whole."""

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
        schema.metadata.create_all(connection)
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
        for first in range(0, len(rows), self._most):
            part = rows[first : first + self._most]
            self._execute(connection, [schema.fitting(value) for value in chain.from_iterable(part)])

    def run_table(self, connection: sqlite3.Connection, rows: _core.RowTable) -> None:
        for first in range(0, len(rows), self._most):
            self._execute(connection, rows.values(first, self._most))

    def _execute(self, connection: sqlite3.Connection, values: list[Any]) -> None:
        rows = len(values) // self.width
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
    def cursor(self) -> Cursor:
        return self._cursor

    @property
    def folded_from(self) -> int:
        return self._journal

    def adopt(self, journal: int) -> None:
        with _explained(self._path), self._transaction():
            self._write_progress(self._cursor, journal)
        self._journal = journal

    def apply(self, rows: Rows) -> None:
        if rows.after != self._cursor:
            raise ValueError(f"rows follow command {rows.after.seq}, the store ends at {self._cursor.seq}")
        with self._transaction():
            self._apply_orders(rows)
            self._insert[schema.trades].run_table(self._db, rows.trades)
            self._insert[schema.entries].run_table(self._db, rows.entries)
            self._apply_transfers(rows)
            self._insert[schema.notes].run(self._db, [[*row[:-1], _encode(row[-1]).decode()] for row in rows.notes])
            self._insert[schema.backfills].run(self._db, rows.backfills)
            self._apply_candles(rows.candles)
            self._insert[schema.marks].run(self._db, rows.marks)
            cursor = rows.cursor
            self._write_progress(cursor, self._journal)
        self._cursor = cursor

    def clear(self) -> None:
        # Dropping is a matter of pages, deleting one of rows.
        with _begun(self._engine) as connection:
            schema.metadata.drop_all(connection)
            schema.metadata.create_all(connection)
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
        self._change_orders.run(self._db, [_changed_order(row, rows.order_changes[row[0]]) for row in stored])

    def _apply_transfers(self, rows: Rows) -> None:
        # Copies here and below: what cannot be stored now is given again as it was.
        self._insert[schema.transfers].run(self._db, [_with_memo_encoded(row) for row in rows.transfers])
        self._insert[schema.words].run(self._db, rows.words)
        if rows.transfer_changes:
            stored = self._stored(_STORED_TRANSFERS, [schema.fitting(number) for number in rows.transfer_changes])
            self._change_transfers.run(self._db, [_changed_transfer(row, rows.transfer_changes[int(row[0])]) for row in stored])

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
_STORED_TRANSFERS = (
    "SELECT json_group_array(json_array(id, status, settled, memo, destination_entry, updated)) FROM transfers"
    " WHERE id IN (SELECT value FROM json_each(?))"
)
_STORED_CANDLES = (
    'SELECT json_group_array(json_array(market, "interval", start, "open", high, low, "close", volume, notional, "count")) FROM candles'
    ' WHERE (market, "interval", start) IN'
    " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?))"
)


def _with_memo_encoded(row: Sequence[Any]) -> list[Any]:
    return [*row[:MEMO], _encode(row[MEMO]).decode(), *row[MEMO + 1 :]]


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


def _changed_transfer(row: list[Any], change: TransferChange) -> tuple[Any, ...]:
    number, status, settled, memo, destination_entry, _ = row
    return (
        number,
        status if change.status is None else change.status,
        change.settled or settled,
        _encode(msgspec.json.decode(memo) | change.memo).decode(),
        change.destination_entry or destination_entry,
        change.updated,
    )


# --- reading --------------------------------------------------------------------------------------------------------------


def _decoder(kind: type[T]) -> "msgspec.json.Decoder[list[T]]":
    # Not strict: numbers beyond 64 bits are stored as text.
    return msgspec.json.Decoder(list[kind], strict=False)  # type: ignore[valid-type]


_ORDERS = _decoder(Order)
_TRADES = _decoder(Trade)
_FILLS = _decoder(Fill)
_ENTRIES = _decoder(LedgerEntry)
_TRANSFERS = _decoder(Transfer)
_CANDLES = _decoder(Candle)
_NOTES = _decoder(Note)
_BACKFILLS = _decoder(tuple[int, str, int, int, int, int, int, int])
_SOLD = _decoder(tuple[int, int, int, int])
_NUMBERS = _decoder(tuple[int])


class SqliteReads(StoreReads):
    """The read side: a connection of its own, which cannot write."""

    def __init__(self, path: str | os.PathLike[str], synced: bool = True) -> None:
        """Opens a file that `SqliteWrites` made. HistoryError when it is no history."""
        self._path = Path(path)
        self._engine = _open(self._path, _READER_PRAGMAS, create=False, synced=synced)
        with _explained(self._path):
            self._connection = self._engine.connect()
            self._db = cast(sqlite3.Connection, self._connection.connection.driver_connection)
        self._backfills: dict[int, Backfill] = {}

    def orders_by_id(self, ids: Sequence[int]) -> list[Order]:
        return self._run(queries.orders_by_id(ids), _ORDERS)

    def orders(
        self,
        account: int,
        page: Page = WHOLE,
        *,
        market: int | None = None,
        side: int | None = None,
        state: OrderFilter = "all",
        traded: bool | None = None,
        tag: str | None = None,
    ) -> list[Order]:
        return self._run(queries.account_orders(account, page, market, side, state, traded, tag), _ORDERS)

    def fills(self, account: int, page: Page = WHOLE, *, market: int | None = None, tag: str | None = None) -> list[Fill]:
        return self._run(queries.account_fills(account, page, market, tag), _FILLS)

    def fills_of_order(self, order_id: int, page: Page = WHOLE) -> list[Fill]:
        return self._run(queries.order_fills(order_id, page), _FILLS)

    def trades_by_id(self, ids: Sequence[int]) -> list[Trade]:
        return self._run(queries.trades_by_id(ids), _TRADES)

    def trade_at(self, time: int) -> Trade | None:
        return next(iter(self._run(queries.trade_at(time), _TRADES)), None)

    def market_trades(self, market: int, page: Page = WHOLE, *, primary: bool | None = None) -> list[Trade]:
        if page == Page(limit=page.limit):  # as a start asks of every market
            return self._prepared(_newest_trades(page.limit, primary), _TRADES, market=market)
        return self._run(queries.market_trades(market, page, primary), _TRADES)

    def entries(
        self,
        account: int,
        page: Page = WHOLE,
        *,
        asset: int | None = None,
        business: int | None = None,
        kind: int | None = None,
        trade_id: int | None = None,
    ) -> list[LedgerEntry]:
        return self._run(queries.account_entries(account, page, asset, business, kind, trade_id), _ENTRIES)

    def entry_count(self, account: int, *, asset: int | None = None, business: int | None = None) -> int:
        return self._run(queries.entry_count(account, asset, business), _NUMBERS)[0][0]

    def transfer(self, transfer_id: int) -> Transfer | None:
        return next(iter(self._run(queries.transfer_by_id(transfer_id), _TRANSFERS)), None)

    def transfers(self, account: int, page: Page = WHOLE, *, asset: int | None = None, kind: int | None = None) -> list[Transfer]:
        return self._run(queries.account_transfers(account, page, asset, kind), _TRANSFERS)

    def transfers_with(self, word: str, value: str, *, kind: int | None = None, limit: int = 100) -> list[Transfer]:
        return self._run(queries.transfers_with(word, value, kind, limit), _TRANSFERS)

    def notes(self, account: int, since: int) -> list[Note]:
        return self._run(queries.account_notes(account, since), _NOTES)

    def volumes(self, since: int, *, account: int | None = None, market: int | None = None) -> list[Volume]:
        if account is not None:
            return _summed(self._run(queries.account_volume(account, since, market), _SOLD))
        markets = [market] if market is not None else [number for (number,) in self._run(queries.candle_markets(), _NUMBERS)]
        found = ((number, self._all_since(number, since // 1_000_000)) for number in markets)
        return [
            Volume(MarketId(number), whole.count, whole.volume, whole.notional, whole.high, whole.low)
            for number, whole in found
            if whole is not None
        ]

    def candles(self, market: int, interval: int, start: int, end: int, limit: int = 1_000) -> list[Candle]:
        base = base_interval(interval)
        first = candle_start(start + interval - 1, interval)
        after = candle_start(end - 1, interval) + interval
        # One candle more than asked for: the oldest of what a limit cuts off may be half there.
        folded = fold_candles(self._stored_candles(market, base, first, after, (limit + 1) * (interval // base)), interval)
        return folded[-limit:] if limit > 0 else []

    def market_pasts(self, markets: Sequence[int], trades: int, seconds_since: int, candles: Sequence[WantedCandles]) -> list[MarketPast]:
        found: list[MarketPast] = []
        rows = 0
        for market in markets:
            past = self._market_past(market, trades, seconds_since, candles)
            found.append(past)
            rows += len(past.trades) + len(past.seconds) + sum(len(each) for _since, each in past.candles)
            if rows >= MOST_PAST_ROWS:
                break
        return found

    def _market_past(self, market: int, trades: int, seconds_since: int, wanted: Sequence[WantedCandles]) -> MarketPast:
        backfill = self._backfill(market)
        candles = []
        for interval, start, end, limit in wanted:
            since = start if backfill is None else max(start, candle_start(backfill.until, interval))
            candles.append((since, self.candles(market, interval, since, end, limit)))
        newest = self.market_trades(market, Page(limit=trades))
        return MarketPast(newest, self._candle_rows(market, 1, seconds_since, queries.LAST_ID, -1), backfill, candles)

    def _backfill(self, market: int) -> Backfill | None:
        known = self._backfills.get(market)
        if known is None:
            for row in self._prepared(_backfill_of_market(), _BACKFILLS, market=market):
                known = self._backfills[market] = Backfill(*row)
        return known

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()

    def _stored_candles(self, market: int, interval: int, start: int, end: int, limit: int = -1) -> list[Candle]:
        """The newest `limit` (-1: all) of a stored interval, oldest first; before a market's first trades those of its backfill."""
        candles = self._candle_rows(market, interval, start, end, limit)
        filled = self._backfill(market) if limit < 0 or len(candles) < limit else None
        if filled is None or interval == 1 or start >= filled.until:
            return candles
        end = min(end, filled.until)
        wanted = limit - len(candles) + 1 if limit >= 0 else (end - start) // interval + 1
        span = wanted * interval
        earlier = filled.candles(interval, max(start, end - span), end)
        while len(earlier) < wanted and end - span > max(start, filled.since):  # slots without trades are none
            span *= 4
            earlier = filled.candles(interval, max(start, end - span), end)
        # The hour and the day in which trading began are of both.
        joined = fold_candles([*(Candle(*bar) for bar in earlier), *candles], interval)
        return joined[-limit:] if limit > 0 else joined

    def _all_since(self, market: int, second: int) -> Candle | None:
        """Everything since the whole minute of that second: minutes to the next hour, hours to the next day, then days."""
        minute = second - second % MINUTE
        hour = -(-minute // HOUR) * HOUR
        day = -(-hour // DAY) * DAY
        parts: list[Candle] = []
        for interval, first, end in ((MINUTE, minute, hour), (HOUR, hour, day), (DAY, day, queries.LAST_ID)):
            parts += self._stored_candles(market, interval, first, end)
        if not parts:
            return None
        return Candle(
            start=minute,
            open=parts[0].open,
            high=max(part.high for part in parts),
            low=min(part.low for part in parts),
            close=parts[-1].close,
            volume=sum(part.volume for part in parts),
            notional=sum(part.notional for part in parts),
            count=sum(part.count for part in parts),
        )

    def _candle_rows(self, market: int, interval: int, start: int, end: int, limit: int) -> list[Candle]:
        """The newest `limit` (-1: all) of a stored interval, oldest first."""
        rows = self._prepared(_candles(), _CANDLES, market=market, interval=interval, start=start, end=end, limit=limit)
        return rows[::-1]

    def _prepared(self, statement: Select[tuple[str]], decoder: "msgspec.json.Decoder[list[T]]", **values: int) -> list[T]:
        """As `_run`, of a statement that was built and compiled once and gets its values now: both take longer than to run it."""
        sql, names, given = _compiled(statement)
        given = given | values
        with _explained(self._path):
            (rows,) = self._db.execute(sql, [given[name] for name in names]).fetchone()
            return decoder.decode(rows)

    def _run(self, statement: Select[Any], decoder: "msgspec.json.Decoder[list[T]]") -> list[T]:
        with _explained(self._path):
            return decoder.decode(cast(str, self._connection.scalars(as_json(statement)).one()))


@cache
def _compiled(statement: Select[tuple[str]]) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """Of a statement that is kept: its text, the names of its values in order, and the values that it has already."""
    compiled = statement.compile(dialect=_DIALECT)
    return str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params)


def _value(name: str) -> int:
    """A place in a statement for a value that comes when it is run."""
    return cast(int, bindparam(name, type_=Integer))


@cache
def _candles() -> Select[tuple[str]]:
    return as_json(queries.candle_rows(_value("market"), _value("interval"), _value("start"), _value("end"), _value("limit")))


@cache
def _backfill_of_market() -> Select[tuple[str]]:
    return as_json(queries.backfill_of(_value("market")))


@lru_cache(maxsize=64)
def _newest_trades(limit: int, primary: bool | None) -> Select[tuple[str]]:
    return as_json(queries.market_trades(_value("market"), Page(limit=limit), primary))


def as_json(statement: Select[Any]) -> Select[tuple[str]]:
    """The statement's rows as one JSON text, an array of arrays, in the statement's order.

    A memo is JSON already. (SQLite hands an ordered subquery's rows to the aggregate as they come.)
    """
    rows = statement.subquery("answer")
    columns = [func.json(column) if column.name == "memo" else column for column in rows.c]
    return select(func.json_group_array(func.json_array(*columns))).select_from(rows)


def _summed(rows: list[tuple[int, int, int, int]]) -> list[Volume]:
    """(market, price, amount, count) per distinct trade, ordered by market."""
    sums: dict[int, list[int]] = {}
    for market, price, amount, count in rows:
        sum_ = sums.setdefault(market, [0, 0, 0, price, price])
        sum_[0] += count
        sum_[1] += amount * count
        sum_[2] += price * amount * count
        sum_[3] = max(sum_[3], price)
        sum_[4] = min(sum_[4], price)
    return [Volume(MarketId(market), *values) for market, values in sums.items()]
