"""Connections of history to a PostgreSQL server, and what the server's errors mean for it.

Nothing here or in `postgresql.py` is imported by a venue that keeps its history in SQLite.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError

from cambist.history.port import HistoryAway, HistoryBlocked, HistoryError, HistoryLocked, HistoryUnwritable
from cambist.postgresql import server
from cambist.postgresql.server import Address, Connection, PasswordUnreadable, Trouble, Unusable, trouble_of

_READING = "SET default_transaction_read_only = on; SET statement_timeout = '4s';"
_WRITING = "SET statement_timeout = 0;"


def connect(address: Address, *, reading: bool) -> Connection:
    """A new connection, in autocommit mode. HistoryAway; HistoryError when the database cannot hold a history."""
    with explained(address):
        return server.connect(address, f"cambist history ({'reading' if reading else 'writing'})", _READING if reading else _WRITING)


@contextmanager
def explained(address: Address) -> Iterator[None]:
    """Has the driver's errors mean something for history: HistoryBlocked what may be over by the next attempt, else HistoryError."""
    try:
        yield
    except DBAPIError as error:
        raise of_driver(address, error.orig) from error.orig
    except psycopg.Error as error:
        raise of_driver(address, error) from error
    except PasswordUnreadable as error:
        raise HistoryAway(str(error)) from None
    except Unusable as error:
        raise HistoryError(str(error)) from None


def of_driver(address: Address, error: BaseException | None) -> HistoryError:
    """What an error of the driver means."""
    trouble, said = trouble_of(error)
    match trouble:
        case Trouble.LOCKED:
            return HistoryLocked(f"{address} is locked by another process, or the server took too long ({said})")
        case Trouble.UNWRITABLE:
            return HistoryUnwritable(f"{address} cannot be written ({said})")
        case Trouble.AWAY:
            return HistoryAway(f"{address} is away ({said})")
        case Trouble.REFUSED:
            return HistoryAway(f"{address} refuses ({said}): give the user CREATE and USAGE on the schema, and own its tables")
    return HistoryError(f"{address} cannot be used as history ({said}). `cambist rebuild` makes it again")


def is_lost(error: HistoryBlocked) -> bool:
    """Whether a connection that raised it is better given up: it is gone, or is one to a server that cannot be written."""
    return isinstance(error, HistoryAway | HistoryUnwritable)
