"""A copy of a SQLite file that its owner has open exclusively, made beside the owner's own work."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

COPY_PAGES = 64
"""So many pages (256 KiB) are copied at a time, well below a millisecond."""


def copy_into_file(connection: sqlite3.Connection, exclusive: threading.Lock, file: Path) -> None:
    """Writes a copy of the connection's database, as it is when the copy is done, into a new file.

    From any thread, for a connection that any thread may use: the owner holds `exclusive` for each transaction, so these come in between
    and are in the copy whole or not at all. OSError, sqlite3.Error: there is no whole copy.
    """

    def let_others_in(_status: int, _remaining: int, _pages: int) -> None:
        exclusive.release()
        time.sleep(0.001)  # a lock that is taken again at once is given to nobody else
        exclusive.acquire()

    with closing(sqlite3.connect(file)) as copy:
        with exclusive:
            connection.backup(copy, pages=COPY_PAGES, progress=let_others_in)
        # One file, without a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
