"""Where a test's history is kept: the same test runs on each."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, create_engine, select

from cambist.history.port import HistoryWrites, StoreReads
from cambist.history.postgresql import PostgresReads, PostgresWrites
from cambist.history.schema import FOLDED, progress
from cambist.history.sqlite import SqliteReads, SqliteWrites
from cambist.postgresql.server import Address, address_of
from tests.support.locked_files import locked
from tests.support.postgresql import Server


class HistoryPlace(Protocol):
    """A file or a database for one history."""

    def writes(self) -> HistoryWrites:
        """A writing side, opened; the caller closes it."""

    def reads(self) -> StoreReads: ...

    def another(self) -> "HistoryPlace":
        """A fresh one of the same kind."""

    def locked(self) -> AbstractContextManager[Any]:
        """Somebody else has the tables to himself inside."""

    def engine(self) -> Engine:
        """Somebody else's look at the tables."""


class SqlitePlace:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._others = 0

    def writes(self) -> SqliteWrites:
        return SqliteWrites(self.path)

    def reads(self) -> SqliteReads:
        return SqliteReads(self.path)

    def another(self) -> "SqlitePlace":
        self._others += 1
        return SqlitePlace(self.path.with_name(f"another-{self._others}.sqlite"))

    def locked(self) -> AbstractContextManager[None]:
        return locked(self.path)

    def engine(self) -> Engine:
        return create_engine(f"sqlite:///{self.path}")


class PostgresPlace:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.database = server.new_database()

    @property
    def address(self) -> Address:
        return address_of(self.server.url(self.database))

    def writes(self) -> PostgresWrites:
        store = PostgresWrites(self.address)
        store.open(0)
        return store

    def reads(self) -> PostgresReads:
        return PostgresReads(self.address)

    def another(self) -> "PostgresPlace":
        return PostgresPlace(self.server)

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self.server.inside(self.database, "LOCK TABLE progress IN EXCLUSIVE MODE"):  # others may read
            yield

    def engine(self) -> Engine:
        return create_engine(self.server.url(self.database).replace("postgresql://", "postgresql+psycopg://"))


def content(place: HistoryPlace) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, the same values whatever the database."""
    engine = place.engine()
    try:
        with engine.connect() as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr) for table in (*FOLDED, progress)
            }
    finally:
        engine.dispose()


def new_place(kind: str, folder: Path, server: Server | None) -> HistoryPlace:
    """A fresh one of that kind."""
    if kind == "sqlite":
        return SqlitePlace(folder / "history.sqlite")
    assert server is not None
    return PostgresPlace(server)
