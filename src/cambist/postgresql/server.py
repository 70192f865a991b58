"""Connections to a PostgreSQL server: where it is, how long it may take, and what kind of trouble an error of it is.

Nothing here is imported by a venue that keeps everything in files.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo
from psycopg.abc import RV, PQGen
from psycopg.rows import TupleRow
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

CONNECT_SECONDS = 3
"""How long each host of an address may take to take a connection, unless the address says it: `connect_timeout`."""
ANSWER_SECONDS = 5.0
"""How long the server may leave one step of a conversation unanswered before it counts as away."""
MIGRATION_SECONDS = 3_600.0
"""The same while tables are made or changed."""

_SESSION = """
SET lock_timeout = '1s';
SET idle_in_transaction_session_timeout = '60s';
SET tcp_keepalives_idle = 4;
SET tcp_keepalives_interval = 2;
SET tcp_keepalives_count = 3;
SET tcp_user_timeout = '10s';
SET client_min_messages = 'warning';
"""
"""Whoever is gone is noticed by the server within ten seconds, also with an answer on its way to him, so that the next one is not kept out
by his lock."""


class Unanswered(psycopg.OperationalError):
    """The server took a connection, and then took too long."""


class Connection(psycopg.Connection[TupleRow]):
    """One that waits for an answer no longer than `patience` seconds, and is closed then."""

    patience = ANSWER_SECONDS

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.OperationalError as error:
            # The driver's own word for it is not public, and has no SQLSTATE; what the server said has one.
            if timeout is None and error.sqlstate is None and not self.closed:
                self.pgconn.finish()
                raise Unanswered(f"no answer within {self.patience:g} s") from error
            raise


@dataclass(frozen=True)
class Address:
    """Where a database is. Its text has no password."""

    parameters: dict[str, Any] = field(repr=False)
    password_file: Path | None = None

    def __str__(self) -> str:
        where = {name: self.parameters.get(name) for name in ("user", "host", "port", "dbname", "service")}
        user = f"{where['user']}@" if where["user"] else ""
        port = f":{where['port']}" if where["port"] else ""
        host = where["host"] or (f"service {where['service']}" if where["service"] else "")
        return f"postgresql://{user}{host}{port}/{where['dbname'] or ''}"


def address_of(url: str, password_file: Path | None = None) -> Address:
    """The address in a libpq URL. What it leaves out comes from PG… variables, a service file or a .pgpass file, as libpq has it.

    ValueError, which quotes nothing of the URL: part of a password may be what makes it one.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("it does not begin with postgresql://")
    try:
        parameters = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise ValueError(_NO_ADDRESS) from None
    texts = {name: str(value) for name, value in parameters.items()}
    # What libpq takes for a port or a name may be the rest of a password with a / or an @ in it, and would stand in messages.
    ports = texts.get("port", "").split(",")
    if any(port and not port.isdecimal() for port in ports) or any("@" in texts.get(name, "") for name in ("host", "dbname")):
        raise ValueError(_NO_ADDRESS)
    return Address(dict(parameters), password_file)


_NO_ADDRESS = "it is no PostgreSQL address; a password's @ / : ? # % are written %40 %2F %3A %3F %23 %25"


class Trouble(StrEnum):
    """What kind an error of the server or the driver is."""

    LOCKED = "locked"
    """Another process holds what is wanted, or the server took too long."""
    UNWRITABLE = "unwritable"
    """The server's disk takes nothing, or it is made to be read only."""
    AWAY = "away"
    """No connection, no login, no such database, no resources, shutting down or starting, or no answer."""
    REFUSED = "refused"
    """The user may not do that."""
    OTHER = "other"


class Unusable(Exception):
    """A database cannot be used as it is, or its password cannot be read; the text says what to change."""


def connect(address: Address, application: str, session: str = "") -> Connection:
    """A new connection, in autocommit mode, after the statements `session`. `application`: what the server's list of sessions shows.

    psycopg.Error; Unusable: its texts are not UTF-8; PasswordUnreadable.
    """
    parameters: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": application,
        "client_encoding": "UTF8",
        "keepalives_idle": 4,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        **address.parameters,
    }
    if address.password_file is not None:
        try:
            parameters["password"] = address.password_file.read_text().splitlines()[0]
        except (OSError, UnicodeDecodeError, IndexError) as error:
            reason = error.strerror if isinstance(error, OSError) else "there is no password in it"
            raise PasswordUnreadable(f"{address.password_file} cannot be read: {reason}") from None
    connection = Connection.connect("", autocommit=True, **parameters)
    try:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise Unusable(f"{address} keeps its texts in {encoding}: make a database with ENCODING 'UTF8'")
        connection.execute(_SESSION + session)
    except BaseException:
        connection.close()
        raise
    return connection


class PasswordUnreadable(Unusable):
    """The file with the password is not there, or not to be read, just now."""


def engine_over(connection: Callable[[], Connection]) -> Engine:
    """SQLAlchemy's engine on one connection of ours at a time."""
    return create_engine(
        "postgresql+psycopg://",
        creator=connection,
        poolclass=StaticPool,
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        use_native_hstore=False,
    )


def trouble_of(error: BaseException | None) -> tuple[Trouble, str]:
    """What an error of the driver, or SQLAlchemy's around it, means, and the server's first line of words."""
    if isinstance(error, DBAPIError):
        error = error.orig
    state = getattr(error, "sqlstate", None) or ""
    said = (str(error).strip().splitlines() or ["it failed"])[0]
    if state.startswith(_LOCKED):
        return Trouble.LOCKED, said
    if state.startswith(_DISK):
        return Trouble.UNWRITABLE, said
    if state.startswith(_AWAY) or (not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)):
        return Trouble.AWAY, said
    return (Trouble.REFUSED if state == "42501" else Trouble.OTHER), said


_LOCKED = ("55P03", "40P01", "40001", "57014")
"""lock_not_available, deadlock_detected, serialization_failure, query_canceled"""
_DISK = ("53100", "58030", "25006")
"""disk_full, io_error, read_only_sql_transaction"""
_AWAY = ("08", "28", "3D000", "53", "57P", "55000", "XX000")
"""No connection, no login, no such database, no resources (a full disk is above), shutting down or starting, a server that is out of
order just now (as one that recovers)."""
