"""What other processes change in a shared directory: read from the log that the database's triggers write.

A notification says that there is something to read; should one get lost with its connection, the log is looked at now and then anyway. So
what another process did is known here within LOOK_SECONDS, nearly always within milliseconds.
"""

from __future__ import annotations

import logging
import os
import selectors
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, delete, func, select

from .database import Changed, last_number
from .values import DirectoryUnavailable

if TYPE_CHECKING:
    import psycopg

    from .database import Database

LOOK_SECONDS = 0.5
AT_A_TIME = 1_000
KEPT = 100_000
"""Changes that the log has at least. Whoever missed more reads everything again."""
FORGET_EVERY = 10_000

_log = logging.getLogger(__name__)

changes = Table(
    "changes",
    MetaData(),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("row_id", BigInteger, nullable=False),
)
"""Which row of the tables `users`, `api_keys` or `sessions` changed, in the order of the transactions. Of PostgreSQL alone: no migration
of the directory's tables knows it."""


class ChangeLog:
    """The log, and how far it was read. For one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen = self._last()

    def next(self) -> Changed | None:
        """What is new; empty when nothing is. None: the log does not say, so that everything may be another. DirectoryUnavailable."""
        with self._database.reading() as connection:
            query = select(changes).where(changes.c.number > self._seen).order_by(changes.c.number).limit(AT_A_TIME)
            rows = connection.execute(query).all()
            last = rows[-1].number if rows else last_number(connection, "changes")
        if last < self._seen or last - self._seen != len(rows):
            # An older database was put in the place of the one that was read, or the log forgot what was not read yet.
            self._seen = self._last()
            return None
        found: dict[str, set[int]] = {}
        for row in rows:
            found.setdefault(row.kind, set()).add(row.row_id)
        before, self._seen = self._seen, last
        if before // FORGET_EVERY != last // FORGET_EVERY:
            self._forget(last)
        users, keys, sessions = (frozenset(found.get(kind, ())) for kind in ("users", "api_keys", "sessions"))
        return Changed(users, keys, sessions)

    def unread(self) -> None:
        """What was given last could not be used: everything is to be read again."""
        self._seen = -1

    def _last(self) -> int:
        with self._database.reading() as connection:
            return last_number(connection, "changes")

    def _forget(self, last: int) -> None:
        with self._database.transaction() as connection:
            kept = select(func.coalesce(func.max(changes.c.number), last) - KEPT).scalar_subquery()
            connection.execute(delete(changes).where(changes.c.number <= kept))


class Follower:
    """A thread that has memory follow the log."""

    def __init__(
        self,
        log: ChangeLog,
        listen: Callable[[], psycopg.Connection[tuple[object, ...]]],
        changed: Callable[[Changed | None], None],
    ) -> None:
        """`listen` makes a connection that hears of changes; DirectoryUnavailable."""
        self._change_log = log
        self._listen = listen
        self._changed = changed
        self._closing = False
        self._wake, self._waker = os.pipe()
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self.away = False
        """Whether the database was out of reach at the last look. From any thread."""
        self._thread = threading.Thread(target=self._run, name="directory changes", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends it. Once."""
        self._closing = True
        os.write(self._waker, b"\0")
        self._thread.join()
        os.close(self._wake)
        os.close(self._waker)

    def _run(self) -> None:
        while not self._closing:
            try:
                if self._connection is None:
                    self._connection = self._listen()
                    self._connection.add_notify_handler(lambda _: None)
                self._look()
            except DirectoryUnavailable as error:
                self._lost(error)
            except Exception:
                _log.exception("the directory's changes could not be followed; everything is read again")
                self._change_log.unread()
                self._drop()
            self._wait()
        self._drop()

    def _look(self) -> None:
        while not self._closing:
            found = self._change_log.next()
            if found == Changed():
                break
            try:
                self._changed(found)
            except BaseException:
                self._change_log.unread()
                raise
        if self.away:
            _log.warning("the directory's database answers again")
            self.away = False

    def _lost(self, error: DirectoryUnavailable) -> None:
        if not self.away:
            _log.error("%s: known keys and sessions go on; logins and changes do not", error)
            self.away = True
        self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def _wait(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._wake, selectors.EVENT_READ)
            if self._connection is not None:
                waiting.register(self._connection.fileno(), selectors.EVENT_READ)
            heard = waiting.select(LOOK_SECONDS)
        if self._connection is not None and any(key.fd != self._wake for key, _ in heard):
            try:
                self._connection.execute("")  # takes in what came, and notices when the connection ended
            except Exception:
                self._drop()
