"""Whether the venue's files are there and whole, databases by SQLite's own check."""

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from cambist import _core
from cambist.app import provisioning
from cambist.app.access import check_access
from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import SQLITE_DISK_ERRORS, Exit, OperatorError
from cambist.app.shared_directory import is_shared
from cambist.directory import DirectoryError, check_master_key_fits
from cambist.directory.audit_memory import read_remembered
from cambist.operations.audit import AuditDamaged, lines, why_lost

LEAST_ROOM = 1 << 20
"""Bytes free, below which a disk counts as full."""


def damage(file: Path) -> str | None:
    """What SQLite finds wrong with a file; None when it is whole or not there. Takes time in proportion to the file's size.

    OSError when the disk fails it, or has no room left for what SQLite keeps beside the file: that is no damage.
    """
    if not file.exists():
        return None
    try:
        with closing(sqlite3.connect(file, timeout=1.0)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            return None if found == "ok" else found
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith(SQLITE_DISK_ERRORS):
            raise _of_disk(file) from error
        # Locked by somebody, or not readable for us: whoever opens it next says so in better words.
        return None if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN")) else str(error)
    except sqlite3.DatabaseError as error:
        return str(error)


def _of_disk(file: Path) -> OSError:
    """SQLite says "disk I/O error" of a full disk too."""
    number = errno.ENOSPC if shutil.disk_usage(file.parent).free < LEAST_ROOM else errno.EIO
    return OSError(number, os.strerror(number), str(file))


def check_before_opening(files: DataDirectory, config: Config) -> None:
    """All that a start relies on, before anything is opened, so that nothing is written either; history is looked at by itself, for it
    may be large.

    OperatorError DAMAGED, PERMISSION names the first file that is gone or damaged and what to do; OSError for one that may not be read and
    written.
    """
    check_access(files)
    check_configuration_kept(files)
    check_files(files, config)
    provisioning.check(files)
    rebuild = f"`cambist rebuild --data {files.path}` makes it again from the journal"
    restore = "put it back from a backup"
    views = ((files.wallet, rebuild), (files.merchant, rebuild))
    for file, remedy in views if is_shared(config) else ((files.directory, restore), (files.chain, restore), *views):
        found = damage(file)
        if found is not None:
            raise OperatorError(f"{file} is damaged: {found}; {remedy}", Exit.DAMAGED)
    check_key(files, config)


def check_configuration_kept(files: DataDirectory) -> None:
    """OperatorError DAMAGED when the venue's own configuration is gone: the default one would be another venue's."""
    if files.configuration_is_lost:
        raise OperatorError(
            f"{files.config} is missing, and this venue had one. Nothing was made anew: put it back from a backup, "
            "or start once with --config",
            Exit.DAMAGED,
        )


def check_files(files: DataDirectory, config: Config) -> None:
    """OperatorError DAMAGED when files are gone that the journal's commands rely on: making them anew would cut people off their money."""
    missing = files.missing(shared=is_shared(config))
    if missing and _has_commands(files.journal):
        names = ", ".join(file.name for file in missing)
        raise OperatorError(
            f"{files.path}: the journal has commands, but {names} {'is' if len(missing) == 1 else 'are'} missing or empty. "
            "Nothing was made anew: put what is missing back from the backup that goes with this journal",
            Exit.DAMAGED,
        )


def check_key(files: DataDirectory, config: Config) -> None:
    """OperatorError DAMAGED when master.key holds no key, lets others read it, or is not the key of directory.sqlite. OSError.

    A directory in a database looks at the key when it is opened.
    """
    if is_shared(config):
        return
    try:
        check_master_key_fits(files.directory, files.master_key)
    except DirectoryError as error:
        raise OperatorError(str(error), Exit.DAMAGED) from None


def _has_commands(journal: Path) -> bool:
    if not (journal / "format").is_file():
        return False
    try:
        return any(frame.count for frame in _core.ReadOnlyJournal(str(journal)).read())
    except _core.JournalError:
        return True


def check_audit_log(files: DataDirectory, config: Config) -> int:
    """How many lines the audit log of a stopped venue has, when each is as it was written and none is missing. AuditDamaged, OSError.

    What a directory in a database remembers of it is looked at when that is opened.
    """
    count = sum(1 for _ in lines(files.audit))
    if is_shared(config):
        return count
    lost = why_lost(files.audit, read_remembered(files.directory))
    if lost:
        raise AuditDamaged(lost)
    return count


def check_all(files: DataDirectory) -> None:
    """The settings of a stopped venue, all that its start relies on, history, and the audit log. OperatorError CONFIGURATION, DAMAGED,
    PERMISSION; OSError."""
    config = files.settings()
    check_before_opening(files, config)
    try:
        check_audit_log(files, config)
    except AuditDamaged as error:
        raise OperatorError(f"{error}; put the audit log back from a backup", Exit.DAMAGED) from None
    found = damage(files.history)
    if found is not None:
        raise OperatorError(f"{files.history} is damaged: {found}; `cambist rebuild --data {files.path}` makes it again", Exit.DAMAGED)
