"""Whether the venue's database files are whole, by SQLite's own check."""

import sqlite3
from pathlib import Path

from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError


def damage(file: Path) -> str | None:
    """What SQLite finds wrong with a file; None when it is whole or not there. Takes time in proportion to the file's size."""
    if not file.exists():
        return None
    connection = sqlite3.connect(file, timeout=1.0)
    try:
        found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        return None if found == "ok" else found
    except sqlite3.OperationalError as error:
        # Locked by somebody, or not readable for us: whoever opens it next says so in better words.
        return None if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN")) else str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    finally:
        connection.close()


def check_before_opening(files: DataDirectory) -> None:
    """The files that are small and that everything rests on. OperatorError DAMAGED names the first damaged one and what to do."""
    rebuild = f"`cambist rebuild --data {files.path}` makes it again from the journal"
    restore = "put it back from a backup"
    for file, remedy in ((files.directory, restore), (files.chain, restore), (files.wallet, rebuild), (files.merchant, rebuild)):
        found = damage(file)
        if found is not None:
            raise OperatorError(f"{file} is damaged: {found}; {remedy}", Exit.DAMAGED)


def check_all(files: DataDirectory) -> None:
    """Every database file, history included. OperatorError DAMAGED."""
    check_before_opening(files)
    found = damage(files.history)
    if found is not None:
        raise OperatorError(f"{files.history} is damaged: {found}; `cambist rebuild --data {files.path}` makes it again", Exit.DAMAGED)
