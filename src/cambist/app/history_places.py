"""Where a venue keeps its history: in a file of its directory, or in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cambist.app.config import HistoryConfig
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.history.port import HistoryBlocked, HistoryError, HistoryUnwritable, HistoryWrites, StoreReads
from cambist.history.sqlite import SqliteReads, SqliteWrites

if TYPE_CHECKING:
    from cambist.postgresql.server import Address

ANSWER_SECONDS = 10.0
"""How long whoever asks a database's history waits for its answer."""


@dataclass(frozen=True, slots=True)
class HistoryPlace:
    """One history's place, its writing side not necessarily open yet."""

    writes: HistoryWrites
    open_reads: Callable[[int, Callable[[], int]], StoreReads]
    """Given the journal's fingerprint and what tells the last command stored. HistoryError."""

    patience: float | None
    """Seconds that a query may take; None: as many as it takes."""
    may_be_away: bool
    """Whether a venue starts without it. It is another machine's then; a file is on the venue's own disk, which must be in order."""


def history_place(files: DataDirectory, config: HistoryConfig) -> HistoryPlace:
    """The place that the configuration names; a file is opened, a database not yet. OperatorError DISK, DAMAGED, CONFIGURATION."""
    if not config.url:
        return HistoryPlace(_open_file(files), lambda _journal, _applied: SqliteReads(files.history, files.synced), None, False)
    address = database_address(files, config)
    from cambist.history.postgresql import PostgresReads, PostgresWrites

    return HistoryPlace(
        PostgresWrites(address), lambda journal, applied: PostgresReads(address, journal, applied), ANSWER_SECONDS, may_be_away=True
    )


def database_address(files: DataDirectory, config: HistoryConfig) -> Address:
    """Where the database is. OperatorError CONFIGURATION."""
    if find_spec("psycopg") is None:
        raise OperatorError("history.url needs PostgreSQL's driver: pip install 'cambist[postgresql]'", Exit.CONFIGURATION)
    from cambist.postgresql.server import address_of

    try:
        return address_of(config.url, files.path / config.password_file if config.password_file else None)
    except ValueError as error:
        raise OperatorError(f"history.url: {error}", Exit.CONFIGURATION) from None


def drop_database_history(files: DataDirectory, config: HistoryConfig) -> None:
    """Takes the history out of the database, for it to be made again. OperatorError BUSY, DISK, DAMAGED, CONFIGURATION."""
    address = database_address(files, config)
    from cambist.history.postgresql import drop

    try:
        drop(address)
    except HistoryBlocked as error:
        raise OperatorError(f"{error}", Exit.DISK if isinstance(error, HistoryUnwritable) else Exit.BUSY) from None
    except HistoryError as error:
        raise OperatorError(f"{error}", Exit.DAMAGED) from None


def _open_file(files: DataDirectory) -> SqliteWrites:
    try:
        return SqliteWrites(files.history, synced=files.synced)
    except HistoryError as error:
        raise OperatorError(f"{error}", Exit.DISK if isinstance(error, HistoryUnwritable) else Exit.DAMAGED) from None
