"""History in a PostgreSQL database, for a venue that has outgrown one machine.

Two connections, as with SQLite: the writer's has the database's one lock of its kind for as long as it lives, and owns every change; the
reader's cannot write. Either is made when it is needed and made again when it is lost, so the database may be away at any time.

A batch is one transaction: the cursor first, which holds nothing unless the rows follow it; then new rows by COPY, and what changed of
older rows by one statement a table. Whether a transaction was committed whose end was not heard, the cursor says.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import Connection as Statements
from sqlalchemy import Engine, Select, Table, inspect, select, text

from cambist.history import schema
from cambist.history.fold import CandleRow, Cursor, OrderChange, Rows, replaced
from cambist.history.port import (
    HistoryAway,
    HistoryBehind,
    HistoryBlocked,
    HistoryError,
    HistoryForeign,
    HistoryLocked,
    HistoryMoved,
    HistoryWrites,
)
from cambist.history.postgresql_server import connect, explained, is_lost
from cambist.history.sql_reads import SqlReads
from cambist.history.stored_rows import FIRST_TERMS, SECONDS_KEPT, changed_transfer, with_memo_encoded
from cambist.postgresql.lines import Line, escaped
from cambist.postgresql.server import ANSWER_SECONDS, MIGRATION_SECONDS, Address, Connection, Unanswered, engine_over

T = TypeVar("T")

COPY_ROWS = 4_096
"""Rows that are made text at a time."""
WRITE_SECONDS, MOST_WRITE_SECONDS = 15.0, 120.0
"""How long one statement of a batch may take. One that takes longer is given twice the time at the next attempt, for the server may be
slow and not away; at most so much."""
CHECK_SECONDS = 5.0
RETRY_SECONDS = 1.0
UNLOCK_SECONDS = 1.0
"""How long a reader takes a database that did not answer for away, without asking it again."""

_LOCK_CLASS = 0x63616D62
"""`camb`: the first half of the advisory lock's key; the second is the schema's name."""
_LINES = {table: [index for index, column in enumerate(table.columns) if isinstance(column.type, Line)] for table in schema.FOLDED}


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


_COPY = {table: f"COPY {table.name} ({_names(table)}) FROM STDIN" for table in schema.FOLDED}
_FOLLOW = (
    "UPDATE progress SET seq = %s, time = %s, next_order = %s, next_trade = %s, next_entry = %s"
    " WHERE id = 1 AND seq = %s AND time = %s AND next_order = %s AND next_trade = %s AND next_entry = %s AND journal = %s"
)
_WORDS = "INSERT INTO words SELECT * FROM unnest(%s::text[], %s::text[], %s::numeric[]) ON CONFLICT DO NOTHING"
_FIRST_TERMS = f"{FIRST_TERMS} = ANY(%s::bigint[])"
_CHANGE_ORDERS = """
UPDATE orders SET price = coalesce(new.price, orders.price), amount = coalesce(new.amount, orders.amount),
    stop_price = coalesce(new.stop_price, orders.stop_price), filled = orders.filled + new.filled, total = orders.total + new.total,
    fee = orders.fee + new.fee, reason = CASE new.reason WHEN 0 THEN orders.reason ELSE new.reason END,
    triggered = CASE new.triggered WHEN 0 THEN orders.triggered ELSE new.triggered END, updated = new.updated
FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
    %s::smallint[], %s::bigint[]) AS new (id, updated, price, amount, stop_price, filled, total, fee, reason, triggered)
WHERE orders.id = new.id
"""
_STORED_TRANSFERS = "SELECT id, status, settled, memo, destination_entry, updated FROM transfers WHERE id = ANY(%s::numeric[])"
_CHANGE_TRANSFER = "UPDATE transfers SET status = %s, settled = %s, memo = %s, destination_entry = %s, updated = %s WHERE id = %s"
_CANDLES = """
INSERT INTO candles SELECT * FROM unnest(%s::int[], %s::int[], %s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
    %s::numeric[], %s::numeric[], %s::bigint[])
ON CONFLICT (market, "interval", start) DO UPDATE SET high = greatest(candles.high, excluded.high), low = least(candles.low, excluded.low),
    "close" = excluded."close", volume = candles.volume + excluded.volume, notional = candles.notional + excluded.notional,
    "count" = candles."count" + excluded."count"
"""


class PostgresWrites(HistoryWrites):
    """The write side."""

    def __init__(self, address: Address) -> None:
        """Connects to nothing: `open` does."""
        self._address = address
        self._db: Connection | None = None
        self._journal = 0
        self._cursor = Cursor()
        self._write_seconds = WRITE_SECONDS

    @property
    def check_seconds(self) -> float | None:
        return CHECK_SECONDS

    @property
    def cursor(self) -> Cursor:
        return self._cursor

    @property
    def folded_from(self) -> int:
        """The fingerprint of the journal that the rows come from; 0 while nobody said."""
        return self._journal

    def open(self, journal: int) -> None:
        if self._db is not None and journal in (0, self._journal):
            return
        self._drop()
        self._journal = journal or self._journal
        self._cursor = self._connected()

    def apply(self, rows: Rows) -> None:
        if rows.after != self._cursor:
            raise ValueError(f"rows follow command {rows.after.seq}, the store ends at {self._cursor.seq}")
        try:
            if self._db is None and (stored := self._connected()) != self._cursor:
                if stored != rows.cursor:
                    self._moved_to(stored)
                # They are in: what was lost with the connection was the answer to its last word.
            else:
                self._apply_patiently(cast(Connection, self._db), rows)
        except HistoryBlocked as error:
            self._after(error)
            raise
        self._cursor = rows.cursor
        self._write_seconds = WRITE_SECONDS

    def check(self) -> None:
        try:
            if self._db is None:
                stored = self._connected()
            else:
                with explained(self._address):
                    stored = self._progress(self._db)
        except HistoryBlocked as error:
            self._after(error)
            raise
        if stored != self._cursor:
            self._moved_to(stored)

    def clear(self) -> None:
        try:
            if self._db is None:
                self._connected()
            db = cast(Connection, self._db)
            with explained(self._address), db.transaction():
                db.execute(f"TRUNCATE {', '.join(table.name for table in schema.FOLDED)}")
                db.execute("UPDATE progress SET seq = %s, time = %s, next_order = %s, next_trade = %s, next_entry = %s", _numbers(Cursor()))
        except HistoryBlocked as error:
            self._after(error)
            raise
        self._cursor = Cursor()

    def close(self) -> None:
        if self._db is not None:
            # The server lets go of the lock by itself some time after the connection's end, and whoever opens next may be quicker.
            self._db.patience = UNLOCK_SECONDS
            with suppress(Exception):
                self._db.execute("SELECT pg_advisory_unlock_all()")
        self._drop()

    # --- the connection ---------------------------------------------------------------------------------------------------

    def _connected(self) -> Cursor:
        """Connects, takes the lock, makes or brings up the tables; where the stored rows end.

        HistoryBlocked, HistoryForeign, HistoryError.
        """
        db = connect(self._address, reading=False)
        try:
            with explained(self._address):
                _lock(db, self._address)
                db.patience = MIGRATION_SECONDS
                engine = engine_over(lambda: db)
                with engine.begin() as connection:
                    _bring_up(connection, self._address)
                db.patience = ANSWER_SECONDS
                stored = self._progress(db)
        except BaseException:
            db.close()
            raise
        self._db = db
        return stored

    def _progress(self, db: Connection) -> Cursor:
        """What the one row says; a row that does not say whose it is, is our journal's from now on."""
        row = db.execute("SELECT seq, time, next_order, next_trade, next_entry, journal FROM progress WHERE id = 1").fetchone()
        if row is None:
            raise HistoryError(f"{self._address} does not say where its rows end. `cambist rebuild` makes it again")
        *numbers, journal = row
        if journal == 0 and self._journal:
            db.execute("UPDATE progress SET journal = %s WHERE id = 1 AND journal = 0", (self._journal,))
        elif self._journal not in (0, journal):
            raise HistoryForeign(f"{self._address} was folded from the journal of another venue, not from this venue's")
        self._journal = self._journal or journal
        return Cursor(*numbers)

    def _moved_to(self, stored: Cursor) -> None:
        before, self._cursor = self._cursor, stored
        raise HistoryMoved(f"{self._address} ended at command {before.seq}, and ends at command {stored.seq} now")

    def _after(self, error: HistoryBlocked) -> None:
        """Keeps the connection, and the lock that is its own, only where both are still good."""
        if self._db is not None and (is_lost(error) or self._db.closed or self._db.broken):
            self._drop()

    def _drop(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with suppress(psycopg.Error):
                db.close()

    # --- a batch ----------------------------------------------------------------------------------------------------------

    def _apply_patiently(self, db: Connection, rows: Rows) -> None:
        db.patience = self._write_seconds
        try:
            with explained(self._address):
                self._apply(db, rows)
        except HistoryAway as error:
            if isinstance(error.__cause__, Unanswered):
                self._write_seconds = min(2 * self._write_seconds, MOST_WRITE_SECONDS)
            raise
        finally:
            db.patience = ANSWER_SECONDS

    def _apply(self, db: Connection, rows: Rows) -> None:
        with db.transaction():
            followed = db.execute(_FOLLOW, (*_numbers(rows.cursor), *_numbers(rows.after), self._journal))
            if followed.rowcount != 1:
                self._moved_to(self._progress(db))
            self._copy_table(db, schema.orders, rows.orders)
            self._change_orders(db, rows.order_changes)
            self._copy(db, schema.order_terms, rows.terms)
            self._copy_table(db, schema.trades, rows.trades)
            self._copy_table(db, schema.entries, rows.entries)
            self._copy(db, schema.transfers, [with_memo_encoded(row) for row in rows.transfers])
            self._add_words(db, rows.words)
            self._change_transfers(db, rows)
            self._copy(db, schema.notes, [with_memo_encoded(row, -1) for row in rows.notes])
            self._add_backfills(db, rows.backfills)
            self._add_candles(db, rows.candles)
            self._copy(db, schema.marks, rows.marks)

    @staticmethod
    def _copy_table(db: Connection, table: Table, rows: Any) -> None:
        if len(rows):
            with db.cursor() as cursor, cursor.copy(_COPY[table]) as copy:
                for first in range(0, len(rows), COPY_ROWS):
                    copy.write(rows.copy_text(first, COPY_ROWS))

    @staticmethod
    def _copy(db: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            with db.cursor() as cursor, cursor.copy(_COPY[table]) as copy:
                for row in rows:
                    copy.write_row(row)

    def _change_orders(self, db: Connection, changes: dict[int, OrderChange]) -> None:
        if not changes:
            return
        values = [
            (order, new.updated, new.price, new.amount, new.stop_price, new.filled, new.total, new.fee, new.reason, new.triggered)
            for order, new in changes.items()
        ]
        if numbers := replaced(changes):
            db.execute(_FIRST_TERMS, (numbers,))
        if db.execute(_CHANGE_ORDERS, _columns(values)).rowcount != len(changes):
            raise HistoryError(f"{self._address} lacks orders that the journal has. Make it again: cambist rebuild")

    @staticmethod
    def _add_words(db: Connection, words: list[tuple[str, str, int]]) -> None:
        if words:
            db.execute(_WORDS, _columns([(escaped(word), escaped(value), number) for word, value, number in words]))

    @staticmethod
    def _change_transfers(db: Connection, rows: Rows) -> None:
        if not rows.transfer_changes:
            return
        stored = db.execute(_STORED_TRANSFERS, (list(rows.transfer_changes),)).fetchall()
        changed = [changed_transfer(row, rows.transfer_changes[int(row[0])]) for row in stored]
        with db.cursor() as cursor:
            cursor.executemany(_CHANGE_TRANSFER, [(*values, number) for number, *values in changed])

    @staticmethod
    def _add_backfills(db: Connection, backfills: Sequence[Sequence[Any]]) -> None:
        for row in backfills:
            # A market's first one counts: what it had before its first trade does not change.
            values = [escaped(value) if index in _LINES[schema.backfills] else value for index, value in enumerate(row)]
            places = ", ".join(["%s"] * len(values))
            db.execute(f"INSERT INTO backfills VALUES ({places}) ON CONFLICT DO NOTHING", values)  # noqa: S608 - places only

    @staticmethod
    def _add_candles(db: Connection, candles: dict[tuple[int, int, int], CandleRow]) -> None:
        if not candles:
            return
        values = [(*key, row.open, row.high, row.low, row.close, row.volume, row.notional, row.count) for key, row in candles.items()]
        db.execute(_CANDLES, _columns(values))
        last = {market: start for market, interval, start in candles if interval == 1}
        for market, start in last.items():
            db.execute('DELETE FROM candles WHERE market = %s AND "interval" = 1 AND start < %s', (market, start - SECONDS_KEPT))


def _numbers(cursor: Cursor) -> tuple[int, int, int, int, int]:
    return cursor.seq, cursor.time, cursor.next_order, cursor.next_trade, cursor.next_entry


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


# --- the tables -----------------------------------------------------------------------------------------------------------


def _lock(db: Connection, address: Address) -> None:
    """Takes the one lock that whoever folds into this schema has until its connection ends. HistoryLocked says who has it."""
    row = db.execute("SELECT current_schema(), pg_try_advisory_lock(%s, hashtext(current_schema()))", (_LOCK_CLASS,)).fetchone()
    schema_name, taken = cast(tuple[str | None, bool], row)
    if schema_name is None:
        raise HistoryError(f"{address}: the user's search_path names no schema that there is")
    if not taken:
        raise HistoryLocked(f"{address}: another process folds into it ({_holder(db)}): end it, or give each venue a database of its own")


def _holder(db: Connection) -> str:
    row = db.execute(
        "SELECT a.pid, a.client_addr, a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = hashtext(current_schema())::oid"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        (_LOCK_CLASS,),
    ).fetchone()
    if row is None:
        return "which is ending"
    pid, client, name = row
    return f"server process {pid}, of {client or 'the same machine'}, {name}"


def _bring_up(connection: Statements, address: Address) -> None:
    connection.exec_driver_sql("BEGIN")
    try:
        tables = set(inspect(connection).get_table_names())
        if not tables:
            schema.metadata.create_all(connection)
            connection.execute(text("INSERT INTO progress VALUES (1, 0, 0, 1, 1, 1, 0)"))
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": schema.REVISION})
        elif not _is_history(tables):
            raise HistoryError(f"{address} holds other tables and is no history: give it a database or a schema of its own")
        elif connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() != schema.REVISION:
            from cambist.history.migrations import upgrade  # noqa: PLC0415 - only where there is something to migrate

            upgrade(connection, str(address))
            connection.execute(text("INSERT INTO progress VALUES (1, 0, 0, 1, 1, 1, 0) ON CONFLICT DO NOTHING"))
    except BaseException:
        with suppress(Exception):
            connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def _is_history(tables: set[str]) -> bool:
    return {"alembic_version", "progress", "orders"} <= tables


def drop(address: Address) -> None:
    """Takes all of history out of the database, whatever journal or program it is of, for it to be made again.

    HistoryBlocked, such as while another process folds into it; HistoryError when what is there is no history.
    """
    db = connect(address, reading=False)
    db.patience = MIGRATION_SECONDS
    try:
        with explained(address):
            _lock(db, address)
            with engine_over(lambda: db).begin() as connection:
                tables = set(inspect(connection).get_table_names())
                if tables and not _is_history(tables):
                    raise HistoryError(f"{address} holds other tables and is no history: give it a database or a schema of its own")
                ours = [table.name for table in schema.metadata.sorted_tables if table.name in tables]
                if tables:
                    connection.exec_driver_sql(f"DROP TABLE {', '.join([*ours, 'alembic_version'])}")
    finally:
        db.close()


# --- reading --------------------------------------------------------------------------------------------------------------


class PostgresReads(SqlReads):
    """The read side: a connection of its own, which cannot write, made at the first query and again when it was lost.

    An answer comes or fails within seconds: a server that was found away is not asked again for a second.
    """

    def __init__(self, address: Address, journal: int = 0, applied: Callable[[], int] = lambda: 0) -> None:
        """`journal`: whose rows there must be (0: anybody's). `applied`: the last command whose rows were stored, which a server that was
        put in the place of another may lack."""
        super().__init__()
        self._address = address
        self._journal = journal
        self._applied = applied
        self._engine: Engine | None = None
        self._connection: Statements | None = None
        self._away: HistoryError | None = None
        self._away_until = 0.0

    def _answer(self, statement: Select[tuple[str]], values: dict[str, int]) -> str:
        kept = self._connection is not None
        try:
            return self._asked(statement, values)
        except HistoryAway:
            # A connection that was made before may have been lost while nobody asked.
            if not kept:
                raise
            return self._asked(statement, values)

    def _asked(self, statement: Select[tuple[str]], values: dict[str, int]) -> str:
        return self._over_connection(lambda connection: cast(str, connection.scalars(statement, values).one()))

    def _over_connection(self, question: Callable[[Statements], T]) -> T:
        """Makes a connection where there is none. One that is lost is let go of: the next question makes another."""
        try:
            connection = self._connection or self._connected()
            with explained(self._address):
                return question(connection)
        except HistoryBlocked as error:
            if is_lost(error):
                self._drop()
            raise

    def _connected(self) -> Statements:
        if self._away is not None and monotonic() < self._away_until:
            raise type(self._away)(str(self._away))
        try:
            db = connect(self._address, reading=True)
            try:
                with explained(self._address):
                    self._check(db)
                    self._engine = engine_over(lambda: db)
                    self._connection = self._engine.connect()
            except BaseException:
                db.close()
                raise
        except HistoryError as error:
            self._away, self._away_until = error, monotonic() + RETRY_SECONDS
            raise
        self._away = None
        return self._connection

    def look(self) -> int:
        """Connects, and looks whether history can be read: the last command that is in it. HistoryError as the queries."""
        return self._over_connection(lambda connection: int(connection.execute(select(schema.progress.c.seq)).scalar_one()))

    def _check(self, db: Connection) -> None:
        """That what is there is our journal's, and all that there was."""
        tables = db.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'alembic_version'"
        ).fetchone()
        if tables == (0,):
            raise HistoryAway(f"{self._address} has no history yet")
        revision = db.execute("SELECT version_num FROM alembic_version").fetchone()
        if revision != (schema.REVISION,):
            raise HistoryAway(f"{self._address} is not brought up to date yet")
        row = db.execute("SELECT journal, seq FROM progress WHERE id = 1").fetchone() or (0, 0)
        if self._journal not in (0, row[0]):
            raise HistoryForeign(f"{self._address} was folded from the journal of another venue, not from this venue's")
        if row[1] < self._applied():
            raise HistoryBehind(f"{self._address} has come back without its last rows")

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        engine, self._engine = self._engine, None
        with suppress(Exception):
            if connection is not None:
                connection.close()
        with suppress(Exception):
            if engine is not None:
                engine.dispose()

    def close(self) -> None:
        self._drop()
