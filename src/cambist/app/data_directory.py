"""One venue's directory on disk: its format, its one owner at a time, and where its files are."""

import fcntl
import os
import shlex
import stat
from copy import copy
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from cambist.app.access import check_access
from cambist.app.config import Config, default_text, load, parse, read_text
from cambist.app.errors import Exit, OperatorError, of_system

_log = structlog.get_logger("cambist.app")

FORMAT = "cambist data directory, format 1\n"


def sync_directory(directory: Path) -> None:
    """Makes renames and new names in it durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DataDirectory:
    """An owned data directory: while this object is open, no other process of ours touches its files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.synced = True
        """Whether what is written here must survive a power cut; False for a directory that ends with the process."""
        self.format = path / "format"
        self.lock = path / "lock"
        self.journal = path / "journal"
        self.snapshots = path / "snapshots"
        self.directory = path / "directory.sqlite"
        self.history = path / "history.sqlite"
        self.wallet = path / "wallet.sqlite"
        self.chain = path / "chain.sqlite"
        self.merchant = path / "merchant.sqlite"
        self.master_key = path / "master.key"
        self.config = path / "config.toml"
        self.sandbox = path / "sandbox.json"
        self.provisioned = path / "provisioned.json"
        self.audit = path / "audit.jsonl"
        self._lock: int | None = None
        self._settings = ""
        self._settings_given = False

    @classmethod
    def open(cls, path: Path, create: bool = False, synced: bool = True) -> Self:
        """Takes hold of the directory; with `create` makes one where there is none. `synced`: whether what is written there must survive a
        power cut. OperatorError NOT_A_VENUE, DAMAGED, PERMISSION, DISK, BUSY."""
        directory = cls(path)
        directory.synced = synced
        # Whatever this process makes from here on is its user's alone: journals hold everybody's orders.
        os.umask(0o077)
        if create:
            try:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise of_system(error) from None
        check_access(directory)
        directory.check_format(create=create)
        directory._take_lock()
        try:
            if not directory.format.exists():
                directory._keep(directory.format, FORMAT)
        except BaseException:
            directory.close()
            raise
        return directory

    def lent(self) -> Self:
        """The same for a venue that is to leave it owned when it ends: closing this does nothing."""
        lent = copy(self)
        lent._lock = None
        return lent

    def close(self) -> None:
        """Lets go of the directory. Idempotent."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def settings(self, given: Path | None = None) -> Config:
        """The venue's configuration: the file `given`, else the directory's own, else the default one.

        It becomes the directory's own with `keep_settings`. OperatorError CONFIGURATION.
        """
        self._settings_given = given is not None
        if given is None and self.config.exists():
            return load(self.config)
        self._settings = default_text() if given is None else read_text(given)
        return parse(self._settings, "the default configuration" if given is None else str(given))

    def keep_settings(self, *, serving: bool) -> None:
        """Makes the configuration that `settings` gave the directory's own: where there is none yet as soon as a venue is open on it,
        in the place of another only once it is `serving`, so that a start that fails leaves the one that worked."""
        if self._settings and (serving or not self.config.exists()):
            self._keep(self.config, self._settings)
            self._settings = ""

    @property
    def configuration_is_lost(self) -> bool:
        """Whether a venue was opened here, and its configuration is neither here nor given: the default one would be another venue's.

        The first opening, which keeps the configuration at its end, may have been cut off: it leaves no snapshot.
        """
        return not self._settings_given and not self.config.exists() and self.snapshots.is_dir() and any(self.snapshots.iterdir())

    def missing(self, *, shared: bool) -> list[Path]:
        """Files that a venue with a past must have and that cannot be made again from its journal.

        `shared`: whether people and the coin network are in a database. An empty file is none: SQLite would take it for a new database,
        and fill it.
        """
        wanted = (self.master_key,) if shared else (self.master_key, self.directory, self.chain)
        return [file for file in wanted if not file.exists() or file.stat().st_size == 0]

    def check_format(self, *, create: bool = False) -> None:
        """Whether this is a data directory in the format of this program, or, with `create`, one in which a venue can be made.

        OperatorError NOT_A_VENUE, OSError.
        """
        if not self.path.is_dir():
            raise OperatorError(f"{self.path}: there is no data directory; `cambist serve --data {self.path}` makes one", Exit.NOT_A_VENUE)
        try:
            found = self.format.read_text(errors="replace")
        except FileNotFoundError:
            self._explain_no_format(create)
            return
        if found != FORMAT:
            words = f"this program reads {FORMAT.strip()!r}, but here is {found.strip()[:80]!r}"
            raise OperatorError(f"{self.format}: {words}", Exit.NOT_A_VENUE)

    def _explain_no_format(self, create: bool) -> None:
        if (self.journal / "format").exists():
            raise OperatorError(
                f"{self.format} is missing beside a journal: put it back from a backup, or, when a program that reads "
                f"{FORMAT.strip()!r} wrote this directory, run: echo '{FORMAT.strip()}' > {shlex.quote(str(self.format))}",
                Exit.NOT_A_VENUE,
            )
        if any(entry.name not in ("lock", self.master_key.name) for entry in self.path.iterdir()):
            raise OperatorError(f"{self.path}: this directory holds other things and is no data directory of Cambist", Exit.NOT_A_VENUE)
        if not create:
            raise OperatorError(f"{self.path}: there is no venue here; `cambist serve --data {self.path}` makes one", Exit.NOT_A_VENUE)

    def _take_lock(self) -> None:
        try:
            self._lock = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise of_system(error) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._lock, 32, 0).decode(errors="replace").strip()
            self.close()
            raise OperatorError(f"{self.path}: a venue runs on this directory already (process {owner or 'unknown'})", Exit.BUSY) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def warn_if_readable(self) -> None:
        """Logs that others may look in. Once the log has its place, which the configuration in here says."""
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if mode & 0o077:
            _log.warning(
                "others may look into the data directory", path=str(self.path), mode=f"{mode:04o}", remedy=f"chmod 700 {self.path}"
            )

    def _keep(self, file: Path, text: str) -> None:
        """Writes a small file as a whole or not at all."""
        draft = file.with_name(file.name + ".draft")
        with draft.open("w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        draft.rename(file)
        sync_directory(self.path)

    def keep_provisioned(self, text: str) -> None:
        """Writes down what the configuration said of markets when it was applied."""
        self._keep(self.provisioned, text)

    def keep_sandbox(self, text: str) -> None:
        """Writes down what a sandbox must know to be the same one when it is reopened."""
        self._keep(self.sandbox, text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
