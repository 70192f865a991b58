"""What the command says to people when it cannot go on: one sentence and an exit code, never a traceback."""

import errno
import sqlite3
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `cambist`. Numbers are for ever; docs/reference/cli.md lists them."""

    OK = 0
    REFUSED = 1
    """The venue said no: a name is taken, an account has too little, a market is unknown."""
    USAGE = 2
    """Arguments that no command takes (also Typer's own)."""
    CONFIGURATION = 3
    BUSY = 4
    """Another process has the data directory or the port."""
    NOT_A_VENUE = 5
    """No data directory there, or one of another format version."""
    DAMAGED = 6
    """The journal, a snapshot or the ledger does not add up."""
    DISK = 7
    """A write or sync failed; what was acknowledged is safe."""
    CLOCK = 8
    """This machine's clock is too far behind the venue's last command."""

    PERMISSION = 9
    """A file or directory that this user may not read or write."""


class OperatorError(Exception):
    """A reason to stop that a person can act upon."""

    def __init__(self, text: str, code: Exit = Exit.REFUSED) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


SQLITE_DISK_ERRORS = ("SQLITE_IOERR", "SQLITE_FULL", "SQLITE_READONLY")
"""What the names of SQLite's errors begin with when the disk is at fault, and not the file."""
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


def explained(error: Exception) -> OperatorError | None:
    """What a broken machine did, as a person reads it; None for what only a bug in this program explains."""
    from cambist._core import JournalError
    from cambist.directory import DirectoryUnavailable
    from cambist.exchange import JournalStopped

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DirectoryUnavailable):
            return OperatorError(str(cause), Exit.DISK)
        if isinstance(cause, OSError) and cause.errno is not None:
            return of_system(cause)
        if isinstance(cause, JournalError | JournalStopped):
            reason = cause.__cause__ or cause.args[0] if cause.args or cause.__cause__ else "it failed"
            return OperatorError(f"the journal cannot be written: {reason}; what was acknowledged is safe", Exit.DISK)
        if isinstance(cause, sqlite3.Error) or type(cause).__module__.startswith("sqlalchemy."):
            original = getattr(cause, "orig", None) or cause
            if getattr(original, "sqlite_errorname", "").startswith(SQLITE_DISK_ERRORS):
                words = f"a database file of the venue cannot be written: {original}; is the disk full? What was acknowledged is safe"
                return OperatorError(words, Exit.DISK)
            return OperatorError(f"a database file of the venue cannot be used: {original}", Exit.DAMAGED)
        cause = cause.__cause__ or cause.__context__
    return None


def of_system(error: OSError) -> OperatorError:
    """What the operating system refused, with its code: DISK, PERMISSION, DAMAGED, else NOT_A_VENUE."""
    where = f"{error.filename}: " if error.filename else ""
    words = (error.strerror or "failed").lower()
    if error.errno in _DISK_ERRORS:
        return OperatorError(f"{where}{words}; what was acknowledged is safe", Exit.DISK)
    if isinstance(error, PermissionError):
        return OperatorError(
            f"{where}{words}: run this as the user who owns the data directory, or give that user the file", Exit.PERMISSION
        )
    if isinstance(error, IsADirectoryError):
        return OperatorError(f"{where}a directory is where a file should be", Exit.DAMAGED)
    return OperatorError(f"{where}{words}", Exit.NOT_A_VENUE)
