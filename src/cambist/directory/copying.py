"""All rows of one directory into the empty tables of another: a database into a file for a backup, a file into a database to be shared."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, event, insert, select
from sqlalchemy.engine import URL
from sqlalchemy.pool import StaticPool

from .database import create_tables
from .sqlite import SqliteDatabase
from .tables import counters, metadata

ROWS = 1_000
NOT_COPIED = ("changes",)
"""Counters that are one database's own."""


def copy_rows(source: Connection, target: Connection) -> None:
    """Copies every row; those in `counters` of the same name are replaced."""
    for table in metadata.sorted_tables:
        query = select(table)
        if table is counters:
            query = query.where(counters.c.name.not_in(NOT_COPIED))
        for rows in source.execution_options(yield_per=ROWS).execute(query).partitions():
            target.execute(insert(table), [row._asdict() for row in rows])


@contextmanager
def opened_file(file: Path) -> Iterator[Connection]:
    """An SQLite file of the newest form that nobody has open, to be read. DirectoryUnreadable; DirectoryBusy."""
    database = SqliteDatabase(file, busy_timeout=1.0)
    try:
        with database.reading() as connection:
            yield connection
    finally:
        database.close()


@contextmanager
def new_file(file: Path) -> Iterator[Connection]:
    """The empty tables in a new SQLite file; it is whole when the block is left."""
    engine = create_engine(URL.create("sqlite", database=str(file)), poolclass=StaticPool, hide_parameters=True)
    event.listen(engine, "connect", lambda raw, _record: setattr(raw, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    file.touch(0o600, exist_ok=False)
    try:
        with engine.begin() as connection:
            create_tables(connection)
            yield connection
    finally:
        engine.dispose()
