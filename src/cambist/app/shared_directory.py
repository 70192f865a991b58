"""Where a venue keeps what is no fold of its journal, people and the coin network: in files, or in a database that nodes share."""

from __future__ import annotations

from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory, sync_directory
from cambist.app.errors import Exit, OperatorError
from cambist.directory import Directory, DirectoryBusy, DirectoryError, DirectoryUnavailable, load_or_create_master_key
from cambist.wallet import CoinPortUnavailable, SimulatedChain, WalletBusy, WalletError

if TYPE_CHECKING:
    from cambist.app.wiring import Environment
    from cambist.postgresql.server import Address
    from cambist.wallet.chain_store import ChainStore


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
        raise _explained(error) from None


def open_coin_network(files: DataDirectory, config: Config, environment: Environment) -> SimulatedChain:
    """The simulated coin network, which is where people and keys are. OperatorError BUSY (also: the database is away), DAMAGED,
    CONFIGURATION."""
    try:
        place: ChainStore | Path = files.chain
        if is_shared(config):
            from cambist.wallet.postgresql import PostgresChainStore

            place = PostgresChainStore(database_of(files, config), config.cluster.node)
        interval = config.wallet.block_seconds * 1_000_000
        return SimulatedChain(place, environment.clock, environment.entropy, interval, synced=files.synced)
    except (WalletError, CoinPortUnavailable) as error:
        raise _explained(error) from None


def move_directory(files: DataDirectory) -> str:
    """Puts people, keys and the coin network of a stopped venue, from its files, into the database that nodes share; where they are now,
    in words. Each file is kept under another name once it is moved, so that a call that was cut off can be made again.

    OperatorError CONFIGURATION, BUSY, DAMAGED, NOT_A_VENUE.
    """
    config = files.settings()
    address, node = database_of(files, config), config.cluster.node
    if not files.directory.exists() and not files.chain.exists():
        raise OperatorError(f"{files.directory}: there is no directory to move", Exit.NOT_A_VENUE)
    from cambist.directory.copying import opened_file
    from cambist.directory.postgresql import PostgresDatabase
    from cambist.wallet.chain_store import open_file
    from cambist.wallet.postgresql import PostgresChainStore

    try:
        # People first: a database that has another venue's is refused before anything in it is touched.
        if files.directory.exists():
            with closing(PostgresDatabase(address, node)) as database, opened_file(files.directory) as people:
                database.take_over(people)
            _put_aside(files.directory)
        if files.chain.exists():
            with (
                closing(PostgresChainStore(address, node)) as store,
                closing(open_file(files.chain, synced=True)) as file,
                file.reading() as source,
            ):
                store.take_over(source)
            _put_aside(files.chain)
    except (DirectoryError, WalletError, CoinPortUnavailable) as error:
        raise _explained(error) from None
    return f"The directory is in {address} now. Files that end with .moved are its last state: remove them once a venue runs on it."


def _put_aside(file: Path) -> None:
    file.rename(file.with_name(f"{file.name}.moved"))
    sync_directory(file.parent)


def _explained(error: Exception) -> OperatorError:
    busy = isinstance(error, DirectoryBusy | DirectoryUnavailable | WalletBusy | CoinPortUnavailable)
    return OperatorError(str(error), Exit.BUSY if busy else Exit.DAMAGED)
