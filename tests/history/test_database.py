"""PostgreSQL's tables: fresh, migrated, foreign, shared by mistake; and what only it must be told about numbers and texts."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Select, inspect

from cambist.domain.meta import Meta
from cambist.history import HistoryError, HistoryForeign, HistoryLocked, HistoryWriter, Page, migrations, queries, rebuild
from cambist.history.fold import Cursor, Fold, fold
from cambist.history.postgresql import PostgresReads, PostgresWrites, drop
from cambist.history.sql_reads import as_json
from cambist.postgresql.lines import escaped
from cambist.postgresql.server import address_of
from tests.history.scenes import LinkedVenue, Venue, random_day
from tests.history.test_file import PLANNED
from tests.support.history_places import PostgresPlace, SqlitePlace, content
from tests.support.postgresql import Server


@pytest.fixture
def place(postgresql: Server) -> PostgresPlace:
    return PostgresPlace(postgresql)


# --- the same as SQLite ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("new_venue", [Venue, LinkedVenue], ids=["separate markets", "linked markets"])
def test_however_it_is_folded_it_holds_the_same_rows_as_sqlite(
    place: PostgresPlace, tmp_path: Path, new_venue: type[Venue], seed: int
) -> None:
    venue = new_venue()
    random_day(venue, seed, 500, cut_every=11)
    file = SqlitePlace(tmp_path / "history.sqlite")
    whole = file.writes()
    folding = Fold(Cursor())
    for raw, _ in venue.runs:
        folding.feed(raw)
    whole.apply(folding.rows())
    whole.close()
    expected = content(file)

    dice, at = random.Random(seed), 0
    while at < len(venue.runs):
        store = place.writes()
        for _ in range(dice.randint(5, 15)):
            folding = Fold(store.cursor)
            until = at + dice.randint(1, 4)
            for raw, _ in venue.runs[max(0, at - 2) : until]:  # runs that are in already do no harm
                folding.feed(raw)
            store.apply(folding.rows())
            at = until
        store.close()
    assert content(place) == expected

    store = place.writes()
    assert rebuild(store, venue.source()) == venue.last_seq
    store.close()
    assert content(place) == expected


ODD = [
    "",
    "plain",
    'a "quoted" \\ one',
    "tab\tnew\nline\r\b\f",
    "nul\x00 and \x1f\x7f",
    "\\N",
    "\\.",
    "ä€𝄞",
    "\x00" * 300,
    "x" * 3_500,
    "%s %(x)s :name {}",
]


@pytest.mark.parametrize("tag", ODD, ids=range(len(ODD)))
def test_a_text_of_any_characters_comes_back_and_is_found(place: PostgresPlace, venue: Venue, tag: str) -> None:
    venue.place(16, 0, 100, 10**6, tag=tag)
    longer = f"z{tag}"[:3_500]
    venue.place(16, 0, 101, 10**6, tag=longer)
    number = venue.next_transfer
    venue.deposit(16, 0, 5, word=tag[:200])
    venue.cut()
    store, reads = place.writes(), place.reads()
    venue.folded_into(store)
    assert [order.tag for order in reads.orders(16, Page(newest_first=False))] == [tag, longer]
    if tag:
        assert [order.tag for order in reads.orders(16, tag=tag)] == [tag]
    transfer = reads.transfer(number)
    assert transfer is not None
    assert transfer.memo == {"word": tag[:200]}
    assert [found.id for found in reads.transfers_with("word", tag[:200])] == [number]
    store.close()
    reads.close()


@given(tag=st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_rows_and_questions_write_a_text_alike(tag: str) -> None:
    venue = Venue()
    venue.engine.place_order(venue.tick(), 16, 0, 0, 0, 0, 0, 0, 100, 10**6, meta=Meta(tag=tag).encode())
    line = fold(Cursor(seq=venue.last_seq), venue.cut()).orders.copy_text(0, 1)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    written = line.decode().rstrip("\n").split("\t")[13]
    assert written.replace("\\\\", "\\") == escaped(tag)


def test_rows_are_made_text_in_parts(venue: Venue) -> None:
    random_day(venue, 1, 200)
    rows = fold(Cursor(), b"".join(raw for raw, _ in venue.runs))
    for table in (rows.orders, rows.trades, rows.entries):
        whole = table.copy_text(0, 1 << 40)
        assert whole.count(b"\n") == len(table) > 10
        assert b"".join(table.copy_text(first, 7) for first in range(0, len(table) + 7, 7)) == whole
        assert table.copy_text(len(table), 5) == b""


# --- whose it is ----------------------------------------------------------------------------------------------------------


def test_a_database_is_one_journals(place: PostgresPlace, venue: Venue) -> None:
    mine, other = PostgresWrites(place.address), PostgresWrites(place.address)
    mine.open(42)
    venue.folded_into(mine)
    mine.close()
    with pytest.raises(HistoryForeign, match="another venue"):
        other.open(43)
    reads = PostgresReads(place.address, 43)
    with pytest.raises(HistoryForeign, match="another venue"):
        reads.orders(16)
    mine.open(42)
    mine.clear()
    mine.close()
    with pytest.raises(HistoryForeign):
        other.open(43)
    drop(place.address)
    other.open(43)
    assert (other.cursor, other.folded_from) == (Cursor(), 43)
    other.close()
    reads.close()


def test_two_processes_cannot_fold_into_one_database(place: PostgresPlace, venue: Venue) -> None:
    one, two = place.writes(), PostgresWrites(place.address)
    with pytest.raises(HistoryLocked, match=r"another process folds into it \(server process \d+, of the same machine, cambist history"):
        two.open(0)
    with pytest.raises(HistoryLocked, match="another process folds into it"):
        drop(place.address)
    venue.folded_into(one)
    one.close()
    two.open(0)
    assert two.cursor.seq == venue.last_seq
    two.close()


def test_venues_may_share_a_database_in_schemas_of_their_own(place: PostgresPlace, venue: Venue) -> None:
    stores: list[PostgresWrites] = []
    for name in ("north", "south"):
        place.server.execute(place.database, f"CREATE SCHEMA {name}")
        store = PostgresWrites(address_of(place.server.url(place.database, options=f"-csearch_path%3D{name}")))
        store.open(len(stores) + 1)
        venue.folded_into(store)
        stores.append(store)
    assert [store.folded_from for store in stores] == [1, 2]
    for store in stores:
        store.close()


def test_a_foreign_or_newer_database_is_refused_in_words(place: PostgresPlace) -> None:
    place.server.execute(place.database, "CREATE TABLE cats (name text)")
    store = PostgresWrites(place.address)
    with pytest.raises(HistoryError, match="is no history: give it a database or a schema of its own"):
        store.open(0)
    with pytest.raises(HistoryError, match="is no history"):
        drop(place.address)
    assert place.server.execute(place.database, "SELECT count(*) FROM cats") == [(0,)]
    place.server.execute(place.database, "DROP TABLE cats")
    store.open(0)
    store.close()
    place.server.execute(place.database, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(HistoryError, match="newer program"):
        store.open(0)
    with pytest.raises(HistoryError, match="not brought up to date"):
        place.reads().orders(16)
    drop(place.address)
    store.open(0)
    store.close()


def test_a_database_of_another_encoding_is_refused_with_the_remedy(postgresql: Server) -> None:
    name = postgresql.new_database("ENCODING 'SQL_ASCII' TEMPLATE template0")
    with pytest.raises(HistoryError, match="ENCODING 'UTF8'"):
        PostgresWrites(address_of(postgresql.url(name))).open(0)


# --- tables ---------------------------------------------------------------------------------------------------------------


def shape(place: PostgresPlace) -> set[tuple[Any, ...]]:
    columns = (
        "SELECT table_name, column_name, data_type, numeric_precision, is_nullable FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY 1, 2"
    )
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%pk%'"
    return {*place.server.execute(place.database, columns), *place.server.execute(place.database, indexes)}


def test_migrations_lead_to_the_same_schema_as_a_fresh_database(place: PostgresPlace) -> None:
    migrated = place.another()
    place.writes().close()
    engine = migrated.engine()
    with engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0003")
    engine.dispose()
    store = migrated.writes()
    assert store.cursor == Cursor()
    store.close()
    assert shape(migrated) ^ shape(place) == set()


def test_numbers_are_as_wide_as_they_must_be(place: PostgresPlace) -> None:
    place.writes().close()
    engine = place.engine()
    with engine.connect() as connection:
        columns = {column["name"]: str(column["type"]) for column in inspect(connection).get_columns("orders")}
    engine.dispose()
    assert (columns["id"], columns["price"], columns["total"], columns["tag"]) == ("BIGINT", "NUMERIC(20, 0)", "NUMERIC(39, 0)", "TEXT")


@pytest.mark.parametrize(("name", "statement"), PLANNED, ids=[name for name, _ in PLANNED])
def test_no_query_walks_a_whole_table(busy: PostgresPlace, name: str, statement: Select[Any]) -> None:
    engine = busy.engine()
    with engine.connect() as connection:
        compiled = as_json(statement).compile(engine, compile_kwargs={"literal_binds": True})
        connection.exec_driver_sql("SET max_parallel_workers_per_gather = 0")
        connection.exec_driver_sql("SET enable_seqscan = off")  # where there is an index to walk, it is walked; the tables are small
        plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {str(compiled).replace('%', '%%')}")]
    engine.dispose()
    assert not [line for line in plan if "Seq Scan" in line], "\n".join(plan)


@pytest.fixture(scope="module")
def busy(postgresql: Server) -> PostgresPlace:
    """Some rows, and statistics of them."""
    place, venue = PostgresPlace(postgresql), Venue()
    random_day(venue, 1, 1_500)
    store = place.writes()
    venue.folded_into(store)
    store.close()
    postgresql.execute(place.database, "ANALYZE")
    return place


def test_an_order_is_found_behind_a_ledger_entry_by_its_key(busy: PostgresPlace) -> None:
    engine = busy.engine()
    with engine.connect() as connection:
        statement = as_json(queries.account_entries(16, Page(limit=5), None, None, None, None))
        text = str(statement.compile(engine, compile_kwargs={"literal_binds": True})).replace("%", "%%")
        connection.exec_driver_sql("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off")
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {text}"))
    engine.dispose()
    assert "Index Scan using orders_pkey" in plan
    assert "Index Scan using trades_pkey" in plan


# --- the connection -------------------------------------------------------------------------------------------------------


def test_the_reader_cannot_write(place: PostgresPlace) -> None:
    place.writes().close()
    reads = place.reads()
    reads.look()
    assert reads._connection is not None
    with pytest.raises(Exception, match="read-only"):
        reads._connection.exec_driver_sql("DELETE FROM orders")
    reads.close()


def test_a_failed_batch_leaves_nothing(place: PostgresPlace, venue: Venue) -> None:
    venue.place(16, 0, 100, 10**6)
    venue.cut()
    store, reads = place.writes(), place.reads()
    rows = fold(Cursor(), b"".join(raw for raw, _ in venue.runs))
    rows.marks.append((1, None, None, None))
    with pytest.raises(HistoryError):
        store.apply(rows)
    assert store.cursor == Cursor()
    assert reads.orders(16) == []
    venue.folded_into(store)
    assert len(reads.orders(16)) == 1
    store.close()
    reads.close()


def test_the_password_is_said_nowhere(postgresql: Server, tmp_path: Path) -> None:
    secret = "tests%20only"
    address = address_of(postgresql.tcp_url("nowhere"))
    said = [str(address), repr(address)]
    for wrong in (
        f"postgresql://u:{secret}/x@host/db",
        f"postgresql://u:{secret}@host:port/db",
        f"postgresql://u:{secret}@h/db?{secret}=1",
    ):
        with pytest.raises(ValueError, match="PostgreSQL address") as caught:
            address_of(wrong)
        said.append(repr(caught.value))
    for store in (PostgresWrites(address), PostgresWrites(address_of(postgresql.tcp_url("nowhere").replace("only", "wrong")))):
        with pytest.raises(HistoryError) as refused:
            store.open(0)
        said.append(str(refused.value))
    assert "postgresql://postgres@127.0.0.1" in said[-1]
    assert not [text for text in said if "tests" in text or "only" in text or "wrong" in text]


def test_the_password_may_be_in_a_file_that_is_read_again_at_each_connection(place: PostgresPlace, tmp_path: Path) -> None:
    file = tmp_path / "password"
    url = place.server.tcp_url(place.database).replace(":tests%20only@", "@")
    store = PostgresWrites(address_of(url, file))
    with pytest.raises(HistoryError, match="cannot be read: No such file"):
        store.open(0)
    file.write_text("another\n")
    with pytest.raises(HistoryError, match="password authentication failed"):
        store.open(0)
    file.write_text(f"{place.server.password}\n")
    store.open(0)
    store.close()


def test_what_an_address_leaves_out_comes_from_libpqs_variables(place: PostgresPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", str(place.server.folder))
    monkeypatch.setenv("PGPORT", str(place.server.port))
    monkeypatch.setenv("PGUSER", place.server.owner)
    monkeypatch.setenv("PGPASSWORD", place.server.password)
    store = PostgresWrites(address_of(f"postgresql:///{place.database}"))
    store.open(0)
    store.close()


def test_a_venue_with_its_history_in_a_file_does_not_import_the_driver(tmp_path: Path) -> None:
    program = f"""
import sys
import cambist.app.serving
from cambist.history.sqlite import SqliteReads, SqliteWrites
SqliteWrites({str(tmp_path / "history")!r}).close()
SqliteReads({str(tmp_path / "history")!r}).orders(16)
assert not [name for name in sys.modules if name.startswith(("psycopg", "cambist.history.postgresql", "sqlalchemy.dialects.postgresql"))]
"""
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": ":".join(sys.path)})


async def test_a_writer_does_not_take_a_database_that_knows_more_than_the_journal(place: PostgresPlace, venue: Venue) -> None:
    random_day(venue, 2, 50)
    store = place.writes()
    venue.folded_into(store)
    store.close()
    writer = HistoryWriter(PostgresWrites(place.address), Venue().source())
    with pytest.raises(HistoryError, match="history ends at command"):
        writer.start()
    writer.close()
