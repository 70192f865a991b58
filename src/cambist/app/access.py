"""Whether everything in a data directory is what it should be, and may be read and written by this user."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cambist.app.errors import Exit, OperatorError

if TYPE_CHECKING:
    from cambist.app.data_directory import DataDirectory


def check_access(files: DataDirectory) -> None:
    """Whether everything is what it should be, and may be read, and written where the venue does that in place.

    OSError names what this user may not; OperatorError DAMAGED a symbolic link to nowhere, and a directory or a file in each other's
    place. Neither SQLite nor the journal would say which file it is, why, and with which code.
    """
    within: list[Path] = []
    for folder in (files.journal, files.snapshots):
        if _is_there(folder):
            if not folder.is_dir():
                raise OperatorError(f"{folder}: a file is where a directory should be; move it away", Exit.DAMAGED)
            within += (Path(entry.path) for entry in os.scandir(folder))
            if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    databases = (files.directory, files.chain, files.wallet, files.merchant, files.history)
    for file in (files.lock, *databases, files.audit, *within):
        _open_and_close(file, os.O_RDWR)
    # Those that are replaced as a whole, or never written again, may be protected from writing.
    for file in (files.format, files.master_key, files.config, files.provisioned, files.sandbox):
        _open_and_close(file, os.O_RDONLY)


def _is_there(path: Path) -> bool:
    """OperatorError DAMAGED for a symbolic link to nowhere: to make anew what is elsewhere would hide that it is not mounted."""
    if path.exists():
        return True
    if path.is_symlink():
        raise OperatorError(
            f"{path} is a symbolic link to {path.readlink()}, where nothing is: mount what it is on, or put it back", Exit.DAMAGED
        )
    return False


def _open_and_close(file: Path, access: int) -> None:
    if not _is_there(file):
        return
    try:
        os.close(os.open(file, access | os.O_CLOEXEC | os.O_NONBLOCK))
    except FileNotFoundError:
        return  # a running venue took it away meanwhile
    if file.is_dir():
        raise OperatorError(f"{file}: a directory is where a file should be; move it away", Exit.DAMAGED)
