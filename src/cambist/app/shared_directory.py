"""Where a venue keeps its people and keys: in a file of its directory, or in a database that it shares with other nodes."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.directory import Directory, DirectoryBusy, DirectoryError, DirectoryUnavailable, load_or_create_master_key

if TYPE_CHECKING:
    from cambist.app.wiring import Environment
    from cambist.postgresql.server import Address


def is_shared(config: Config) -> bool:
    """Whether the directory is in a database."""
    return bool(config.cluster.database or (config.cluster.servers and config.history.url))


def database_of(files: DataDirectory, config: Config) -> Address:
    """Where the database is that nodes share. OperatorError CONFIGURATION."""
    own = bool(config.cluster.database)
    setting = "cluster.database" if own else "history.url"
    url, password_file = (
        (config.cluster.database, config.cluster.database_password_file) if own else (config.history.url, config.history.password_file)
    )
    if not url:
        raise OperatorError("cluster.database is empty, and so is history.url: there is no database to share", Exit.CONFIGURATION)
    if find_spec("psycopg") is None:
        raise OperatorError(f"{setting} needs PostgreSQL's driver: pip install 'cambist[postgresql]'", Exit.CONFIGURATION)
    from cambist.postgresql.server import address_of

    try:
        return address_of(url, files.path / password_file if password_file else None)
    except ValueError as error:
        raise OperatorError(f"{setting}: {error}", Exit.CONFIGURATION) from None


def open_directory(files: DataDirectory, config: Config, environment: Environment) -> Directory:
    """People and keys. OperatorError BUSY (also: the database is away), DAMAGED, CONFIGURATION."""
    clock, entropy = environment.clock, environment.entropy
    try:
        master_key = load_or_create_master_key(files.master_key, entropy)
        if not is_shared(config):
            return Directory.open(
                files.directory, master_key, entropy, clock, environment.hasher, wall_clock=clock.wall, synced=files.synced
            )
        address = database_of(files, config)
        from cambist.directory.postgresql import PostgresDatabase

        node = config.cluster.node
        return Directory.over(PostgresDatabase(address, node), master_key, entropy, clock, environment.hasher, clock.wall, node)
    except DirectoryError as error:
        busy = isinstance(error, DirectoryBusy | DirectoryUnavailable)
        raise OperatorError(str(error), Exit.BUSY if busy else Exit.DAMAGED) from None


def move_directory(files: DataDirectory) -> str:
    """Puts the directory of a stopped venue, from its file, into the database that nodes share; where it is now, in words.

    The file is kept under another name. OperatorError CONFIGURATION, BUSY, DAMAGED, NOT_A_VENUE.
    """
    config = files.settings()
    address = database_of(files, config)
    if not files.directory.exists():
        raise OperatorError(f"{files.directory}: there is no directory to move", Exit.NOT_A_VENUE)
    from cambist.directory.copying import opened_file
    from cambist.directory.postgresql import PostgresDatabase

    try:
        database = PostgresDatabase(address, config.cluster.node)
        try:
            with opened_file(files.directory) as source:
                database.take_over(source)
        finally:
            database.close()
    except DirectoryError as error:
        busy = isinstance(error, DirectoryBusy | DirectoryUnavailable)
        raise OperatorError(str(error), Exit.BUSY if busy else Exit.DAMAGED) from None
    kept = files.directory.with_name(f"{files.directory.name}.moved")
    files.directory.rename(kept)
    return f"The directory is in {address} now. {kept} is its last state in a file: remove it once a venue runs on the database."
