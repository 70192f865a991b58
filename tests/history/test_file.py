"""The file itself: fresh, migrated, foreign, and the plans of its queries."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Select, create_engine, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from cambist.domain.orders import OrderType
from cambist.domain.transfers import Business, TransferKind
from cambist.history import migrations, queries, schema
from cambist.history.fold import Cursor, fold
from cambist.history.port import HistoryError, Page
from cambist.history.records import OrderTerms
from cambist.history.sql_reads import as_json
from cambist.history.sqlite import SqliteReads, SqliteWrites
from tests.history.scenes import Venue, random_day
from tests.support.history_places import SqlitePlace


@pytest.fixture
def place(tmp_path: Path) -> SqlitePlace:
    return SqlitePlace(tmp_path / "history.sqlite")


def shape(path: Path) -> list[tuple[str, str]]:
    """Tables and indexes, blanks and quotes evened out (a migration writes some names quoted and its keys elsewhere)."""
    connection = sqlite3.connect(path)
    try:
        found = connection.execute("SELECT name, type FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name").fetchall()
        out = []
        for name, kind in found:
            if kind == "table":
                columns = connection.execute(f"PRAGMA table_info('{name}')").fetchall()
                (without,) = connection.execute("SELECT wr FROM pragma_table_list WHERE name = ?", (name,)).fetchone()
                out.append((name, repr((columns, without))))
            else:
                (text,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
                out.append((name, " ".join(text.replace('"', "").split())))
        return out
    finally:
        connection.close()


def test_migrations_lead_to_the_same_schema_as_a_fresh_file(tmp_path: Path) -> None:
    fresh, migrated = tmp_path / "fresh", tmp_path / "migrated"
    SqliteWrites(fresh).close()
    engine = create_engine(f"sqlite:///{migrated}")
    with engine.begin() as connection:
        migrations.upgrade(connection, str(migrated))
    engine.dispose()
    assert shape(migrated) == shape(fresh)
    SqliteWrites(migrated).close()


def test_a_file_from_before_journals_were_told_apart_keeps_its_rows_and_takes_one_in(tmp_path: Path) -> None:
    path = tmp_path / "history"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0001")
        connection.exec_driver_sql("INSERT INTO progress VALUES (1, 17, 1000, 5, 6, 7)")
    engine.dispose()
    store = SqliteWrites(path)
    assert (store.cursor, store.folded_from) == (Cursor(17, 1000, 5, 6, 7), 0)
    store.open(2**63 - 1)
    store.close()
    store = SqliteWrites(path)
    assert (store.cursor, store.folded_from) == (Cursor(17, 1000, 5, 6, 7), 2**63 - 1)
    store.close()


def test_the_journal_of_origin_stays_while_rows_come_and_go(venue: Venue, tmp_path: Path) -> None:
    store = SqliteWrites(tmp_path / "history")
    store.open(42)
    venue.place(16, 0, 100, 10**6)
    venue.cut()
    venue.folded_into(store)
    store.clear()
    store.close()
    store = SqliteWrites(tmp_path / "history")
    assert (store.cursor, store.folded_from) == (Cursor(), 42)
    store.close()


def test_trades_of_an_older_file_learn_from_their_takers_orders(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'history'}")
    with engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0001")
        for order, kind in ((1, OrderType.LIMIT), (2, OrderType.MARKET), (3, OrderType.STOP_LIMIT), (4, OrderType.STOP_MARKET)):
            connection.exec_driver_sql(f"INSERT INTO orders VALUES ({order}, 16, 0, 0, {int(kind)}{', 0' * 19})")
            connection.exec_driver_sql(f"INSERT INTO trades VALUES ({order}, {order}{', 0' * 8}, {order}{', 0' * 4})")
    engine.dispose()
    SqliteWrites(tmp_path / "history").close()
    reads = SqliteReads(tmp_path / "history")
    assert [trade.taker_market for trade in reads.trades_by_id(range(5))] == [False, True, False, True]
    reads.close()


def test_of_an_order_that_an_older_file_knew_alive_no_terms_from_before_are_known(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'history'}")
    with engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0007")
        for order, reason in ((1, 0), (2, 1)):
            values = {"id": order, "reason": reason, "price": 95, "amount": 7, "stop_price": 3, "updated": 1_000}
            names = [column.name for column in schema.orders.columns]
            row = ", ".join(str(values.get(name, 0)) for name in names)
            connection.exec_driver_sql(f"INSERT INTO orders VALUES ({row})")
    engine.dispose()
    SqliteWrites(tmp_path / "history").close()
    reads = SqliteReads(tmp_path / "history")
    assert reads.terms_of_order(1) == [OrderTerms(1, 0, 1_000, 95, 7, 3)]
    assert reads.terms_of_order(2) == []
    reads.close()


def test_a_fresh_file_does_not_import_alembic(tmp_path: Path) -> None:
    program = f"""
import sys
from cambist.history.sqlite import SqliteWrites
SqliteWrites({str(tmp_path / "history")!r}).close()
SqliteWrites({str(tmp_path / "history")!r}).close()
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_a_newer_or_foreign_file_is_refused_in_words(tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    SqliteWrites(newer).close()
    with sqlite3.connect(newer) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(HistoryError, match="newer program"):
        SqliteWrites(newer)
    foreign = tmp_path / "foreign"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE cats (name)")
    with pytest.raises(HistoryError, match="not a history"):
        SqliteWrites(foreign)
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(HistoryError, match="cambist rebuild"):
        SqliteWrites(garbage)
    with pytest.raises(HistoryError, match="does not exist"):
        SqliteReads(tmp_path / "nowhere")


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "history"
    SqliteWrites(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_reader_cannot_write(reads: SqliteReads) -> None:
    with pytest.raises(Exception, match="readonly"):
        reads._connection.exec_driver_sql("DELETE FROM orders")


def test_a_failed_batch_leaves_nothing(venue: Venue, writes: SqliteWrites, reads: SqliteReads) -> None:
    venue.place(16, 0, 100, 10**6)
    venue.cut()
    rows = fold(Cursor(), b"".join(raw for raw, _ in venue.runs))
    rows.marks.append((1, None, None, None))
    with pytest.raises(sqlite3.IntegrityError):
        writes.apply(rows)
    assert writes.cursor == Cursor()
    assert reads.orders(16) == []
    venue.folded_into(writes)
    assert len(reads.orders(16)) == 1


PAGES = (
    Page(),
    Page(newest_first=False, offset=3),
    Page(first_id=1, last_id=10),
    Page(since=1, until=10),
    Page(since=1, first_id=4, until=7, last_id=9, newest_first=False),
)
PLANNED = [
    (f"{name}, {page}", statement)
    for page in PAGES
    for name, statement in (
        ("orders", queries.account_orders(16, page, None, None, "all", None)),
        ("orders of a market", queries.account_orders(16, page, 1, None, "finished", None)),
        ("open orders", queries.account_orders(16, page, None, None, "open", None)),
        ("traded orders", queries.account_orders(16, page, 1, None, "finished", True)),
        ("orders that bear a tag", queries.account_orders(16, page, None, None, "all", None, "mine")),
        ("fills", queries.account_fills(16, page, None)),
        ("fills of orders that bear a tag", queries.account_fills(16, page, None, "mine")),
        ("fills of a market", queries.account_fills(16, page, 1)),
        ("fills of an order", queries.order_fills(3, page)),
        ("trades of a market", queries.market_trades(0, page)),
        ("entries", queries.account_entries(16, page, None, None, None, None)),
        ("entries of an asset", queries.account_entries(16, page, 1, None, None, None)),
        ("trade entries", queries.account_entries(16, page, None, Business.TRADE, None, None)),
        ("transfer entries", queries.account_entries(16, page, None, None, TransferKind.DEPOSIT, None)),
        ("entries of a trade", queries.account_entries(16, page, None, None, None, 3)),
        ("transfers", queries.account_transfers(16, page, None, None)),
    )
] + [
    ("orders by id", queries.orders_by_id([1, 2])),
    ("trades by id", queries.trades_by_id([1, 2])),
    ("trade at", queries.trade_at(5)),
    ("entry count", queries.entry_count(16, 1, None)),
    ("transfer", queries.transfer_by_id(5)),
    ("transfers with", queries.transfers_with("coupon", "abc", None, 10)),
    ("volume of an account", queries.account_volume(16, 5, None)),
    ("candles", queries.candle_rows(0, 60, 0, 10**9, 100)),
]


@pytest.mark.parametrize(("name", "statement"), PLANNED, ids=[name for name, _ in PLANNED])
def test_no_query_walks_a_whole_table(writes: SqliteWrites, reads: SqliteReads, name: str, statement: Select[Any]) -> None:
    plan = _plan(reads, statement)
    tables = {table.name for table in schema.metadata.sorted_tables} | {"at", "own", "trade", "transfer"}
    scans = [line for line in plan if line.startswith("SCAN") and line.split()[1] in tables]
    assert not scans, "\n".join(plan)
    # What comes out of the index in order must not be sorted before the limit: one sorter at most, over the rows that are left.
    inner_sorts = [line for line in plan if "TEMP B-TREE" in line and "ORDER BY" in line]
    # (Fills by tag merge several orders' trades, few as a rule: those are sorted in both roles first.)
    assert len(inner_sorts) <= (3 if name.startswith("fills of orders") else 1), "\n".join(plan)


def test_small_indexes_serve_what_is_rare(writes: SqliteWrites, reads: SqliteReads) -> None:
    for statement, index in (
        (queries.account_orders(16, Page(), None, None, "open", None), "orders_live"),
        (queries.account_orders(16, Page(), 1, None, "all", True), "orders_traded"),
        (queries.account_orders(16, Page(), None, None, "all", None, "mine"), "orders_tagged"),
        (queries.account_fills(16, Page(), None, "mine"), "orders_tagged"),
        (queries.account_entries(16, Page(), None, Business.TRANSFER, None, None), "entries_moved"),
    ):
        assert any(index in line for line in _plan(reads, statement)), index


def test_plans_hold_with_many_rows(venue: Venue, writes: SqliteWrites, reads: SqliteReads) -> None:
    random_day(venue, 1, 300)
    venue.folded_into(writes)
    changes = [row[0] for row in writes._db.execute("SELECT id FROM orders")]
    text = f"EXPLAIN QUERY PLAN {writes._change_orders._text(4)}"
    plan = [row[3] for row in writes._db.execute(text, [changes[0]] + [None] * 39)]
    assert any("SEARCH orders USING INTEGER PRIMARY KEY" in line for line in plan), plan


def _plan(reads: SqliteReads, statement: Select[Any]) -> list[str]:
    """The plan of the statement as it is really sent, values bound."""

    def explain(_connection: object, _cursor: object, text: str, values: object, _context: object, _many: object) -> tuple[str, object]:
        return f"EXPLAIN QUERY PLAN {text}", values

    event.listen(reads._engine, "before_cursor_execute", explain, retval=True)
    try:
        rows: list[tuple[Any, ...]] = [tuple(row) for row in reads._connection.execute(as_json(statement))]
        return [row[3] for row in rows]
    finally:
        event.remove(reads._engine, "before_cursor_execute", explain)


def test_the_schema_and_the_queries_are_postgresqls_as_well() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
    words = "\n".join(str(CreateTable(table).compile(dialect=dialect)) for table in schema.metadata.sorted_tables)
    assert "price NUMERIC(20, 0)" in words
    assert "total NUMERIC(39, 0)" in words
    for table in schema.metadata.sorted_tables:
        for index in table.indexes:
            created = str(CreateIndex(index).compile(dialect=dialect))
            assert ("WHERE" in created) == (index.dialect_options["sqlite"]["where"] is not None)
    for _, statement in PLANNED:
        assert "max(" not in str(statement.compile(dialect=dialect))
