"""`cambist doctor`: what is wrong with a data directory or the machine under it, and what to do. Looks, and changes nothing."""

import os
import platform
import resource
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from cambist import _core
from cambist.app import integrity, provisioning
from cambist.app.access import check_access
from cambist.app.admin import NotRunning, ask_running
from cambist.app.config import Config, HistoryConfig, load
from cambist.app.data_directory import FORMAT, DataDirectory
from cambist.app.errors import Exit, OperatorError, of_system
from cambist.app.history_places import database_address
from cambist.app.shared_directory import database_of, is_shared
from cambist.directory import DirectoryError, DirectoryUnavailable
from cambist.history.port import HistoryBlocked, HistoryError
from cambist.operations.audit import LOST, AuditDamaged, lines

OWN_FILES = 200
"""Descriptors that the venue needs beside its connections."""
SECOND = 1_000_000


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    """It works, and ought to be otherwise."""
    FAIL = "FAIL"
    """The venue will not start, or has lost something."""


class Finding(msgspec.Struct, frozen=True):
    """What was found about `subject`; `code` is the exit code that a failure leads to."""

    subject: str
    verdict: Verdict
    text: str
    code: int = int(Exit.REFUSED)


def examine(data: Path) -> list[Finding]:
    """Everything that can be looked at. OperatorError NOT_A_VENUE when there is no venue to look at."""
    files = DataDirectory(data)
    if not data.is_dir():
        raise OperatorError(f"{data}: there is no data directory", Exit.NOT_A_VENUE)
    running = _running(data)
    settings = _settings(files)
    found = list(_versions())
    looks: list[Callable[[], Iterator[Finding]]] = [
        lambda: _process(running),
        lambda: _format(files),
        lambda: _permissions(files),
        lambda: _access(files),
        lambda: _completeness(files, settings),
        lambda: _databases(files, settings, running is not None),
        lambda: _history_database(files, settings.history),
        lambda: _shared_directory(files, settings),
        lambda: _journal(files),
        lambda: _snapshots(files),
        lambda: _audit(files, settings, running is not None),
    ]
    for look in looks:
        found += _guarded(look)
    config = _config(files, found)
    found += _guarded(lambda: _machine(files, config))
    return found


def conclude(findings: list[Finding]) -> None:
    """OperatorError with the worst failure's code, when there is any."""
    failures = [finding for finding in findings if finding.verdict == Verdict.FAIL]
    if failures:
        worst = max(failures, key=lambda finding: finding.code)
        raise OperatorError(f"{len(failures)} of {len(findings)} findings need attention", Exit(worst.code))


def _guarded(look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """What a look finds; a file that cannot be read is a finding too."""
    found: list[Finding] = []
    try:
        for finding in look():
            found.append(finding)
    except OSError as error:
        reason = of_system(error)
        found.append(Finding("files", Verdict.FAIL, reason.text, int(reason.code)))
    except OperatorError as error:
        found.append(Finding("files", Verdict.FAIL, error.text, int(error.code)))
    except _core.JournalError as error:
        found.append(Finding("files", Verdict.FAIL, str(error), int(Exit.DISK)))
    return found


def _running(data: Path) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = ask_running(data, "status", {}, 10)
    except (NotRunning, OperatorError):
        return None
    return answer


def _versions() -> Iterator[Finding]:
    yield Finding(
        "versions", Verdict.OK, f"cambist {version('cambist')}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def _process(running: dict[str, Any] | None) -> Iterator[Finding]:
    if running is None:
        yield Finding("process", Verdict.OK, "the venue is stopped")
    else:
        yield Finding("process", Verdict.OK, f"the venue runs and answers, at command {running['seq']}")


def _format(files: DataDirectory) -> Iterator[Finding]:
    try:
        files.check_format()
    except OperatorError as error:
        yield Finding("format", Verdict.FAIL, error.text, int(error.code))
        return
    yield Finding("format", Verdict.OK, FORMAT.strip())


def _permissions(files: DataDirectory) -> Iterator[Finding]:
    loose, foreign = [], []
    for path in (files.path, *files.path.rglob("*")):
        status = path.lstat()
        if status.st_uid != os.geteuid():
            foreign.append(path)
        if stat.S_IMODE(status.st_mode) & 0o077 and not path.is_symlink():
            loose.append(path)
    if foreign:
        yield Finding("permissions", Verdict.FAIL, f"{foreign[0]} belongs to another user than you: run this as the venue's user")
    if loose:
        names = f"{loose[0]}" + (f" and {len(loose) - 1} more" if len(loose) > 1 else "")
        key = files.master_key in loose
        remedy = f"chmod -R go-rwx {files.path}"
        yield Finding("permissions", Verdict.FAIL if key else Verdict.WARN, f"others may read {names}: {remedy}")
    if not foreign and not loose:
        yield Finding("permissions", Verdict.OK, "everything is its owner's alone")


def _access(files: DataDirectory) -> Iterator[Finding]:
    check_access(files)
    provisioning.check(files)
    yield Finding("access", Verdict.OK, "everything can be read and written")


def _settings(files: DataDirectory) -> Config:
    """The configuration, as far as it can be read: `_config` says what is wrong with it."""
    try:
        return load(files.config)
    except OperatorError:
        return Config()


def _history_database(files: DataDirectory, section: HistoryConfig) -> Iterator[Finding]:
    if not section.url:
        return
    address = database_address(files, section)
    from cambist.history.postgresql import PostgresReads

    reads = PostgresReads(address)
    try:
        yield Finding("history", Verdict.OK, f"{address} answers, and has history up to command {reads.look()}")
    except HistoryBlocked as error:
        yield Finding("history", Verdict.WARN, f"{error}; the venue starts and trades without it")
    except HistoryError as error:
        yield Finding("history", Verdict.FAIL, str(error), int(Exit.DAMAGED))
    finally:
        reads.close()


def _shared_directory(files: DataDirectory, settings: Config) -> Iterator[Finding]:
    if not is_shared(settings):
        return
    address = database_of(files, settings)
    from cambist.directory.postgresql import look

    try:
        yield Finding("directory", Verdict.OK, f"{address} answers, and has the directory: {look(address)} users")
    except DirectoryUnavailable as error:
        yield Finding("directory", Verdict.FAIL, f"{error}; a running venue trades on, and none starts", int(Exit.BUSY))
    except DirectoryError as error:
        yield Finding("directory", Verdict.FAIL, str(error), int(Exit.DAMAGED))


def _completeness(files: DataDirectory, settings: Config) -> Iterator[Finding]:
    integrity.check_files(files, settings)
    integrity.check_key(files, settings)
    for view in (*(() if settings.history.url else (files.history,)), files.wallet, files.merchant):
        if not view.exists():
            yield Finding("files", Verdict.WARN, f"{view.name} is missing: the next start makes it again, which takes a while")
            return
    yield Finding("files", Verdict.OK, "nothing is missing")


def _databases(files: DataDirectory, settings: Config, running: bool) -> Iterator[Finding]:
    if running:
        yield Finding("databases", Verdict.OK, "in use by the running venue, which checked them when it started")
        return
    whole = True
    views = (files.wallet, files.merchant, files.history)
    for file in views if is_shared(settings) else (files.directory, files.chain, *views):
        found = integrity.damage(file)
        if found is not None:
            whole = False
            again = file in (files.wallet, files.merchant, files.history)
            remedy = f"`cambist rebuild --data {files.path}` makes it again" if again else "put it back from a backup"
            yield Finding("databases", Verdict.FAIL, f"{file.name} is damaged: {found}; {remedy}", int(Exit.DAMAGED))
    if whole:
        yield Finding("databases", Verdict.OK, "SQLite finds nothing wrong")


def _journal(files: DataDirectory) -> Iterator[Finding]:
    if not (files.journal / "format").is_file():
        text = "there is none yet" if not files.master_key.exists() else "the journal is missing: put it back from a backup"
        verdict = Verdict.WARN if not files.master_key.exists() else Verdict.FAIL
        yield Finding("journal", verdict, text, int(Exit.DAMAGED))
        return
    try:
        last = None
        for frame in _core.ReadOnlyJournal(str(files.journal)).read(1):
            last = frame
    except _core.JournalDamaged as error:
        text, file, offset = error.args
        yield Finding("journal", Verdict.FAIL, f"{file}, offset {offset}: {text}; restore a backup", int(Exit.DAMAGED))
        return
    except _core.JournalFormatUnknown as error:
        yield Finding("journal", Verdict.FAIL, str(error), int(Exit.NOT_A_VENUE))
        return
    except _core.JournalError as error:
        yield Finding("journal", Verdict.FAIL, str(error), int(Exit.DAMAGED))
        return
    size = sum(path.stat().st_size for path in files.journal.glob("*.seg"))
    count = last.last_seq if last is not None else 0
    yield Finding("journal", Verdict.OK, f"every frame is whole: {count} commands, {size >> 20} MiB; `cambist verify` replays them")
    ahead = (last.time - time.time_ns() // 1_000) / SECOND if last is not None else 0
    if ahead > 1:
        yield Finding("clock", Verdict.WARN, f"this machine's clock is {ahead:.0f} s behind the journal's last command: set it")


def _snapshots(files: DataDirectory) -> Iterator[Finding]:
    found = _core.snapshot_files(str(files.snapshots)) if files.snapshots.is_dir() else []
    bad = [path for _, path in found if _core.load_snapshot(path) is None]
    if bad:
        yield Finding("snapshots", Verdict.WARN, f"{bad[0]} is not what was written; it is passed over, remove it")
    elif not found:
        yield Finding("snapshots", Verdict.WARN, "there is none: the next start replays the whole journal")
    else:
        yield Finding("snapshots", Verdict.OK, f"{len(found)}, the newest at command {found[0][0]}")


def _audit(files: DataDirectory, settings: Config, running: bool) -> Iterator[Finding]:
    try:
        # A running venue has the directory to itself, and looked when it started.
        count = sum(1 for _ in lines(files.audit)) if running else integrity.check_audit_log(files, settings)
        gaps = [line.record for line in lines(files.audit) if line.operation == LOST]
    except AuditDamaged as error:
        text = f"{error}; put it back from a backup, or the next start goes on with a record that says so"
        yield Finding("audit log", Verdict.FAIL, text, int(Exit.DAMAGED))
        return
    if gaps:
        yield Finding("audit log", Verdict.WARN, f"records were lost before record {gaps[-1]}, as `cambist audit list` shows")
        return
    yield Finding("audit log", Verdict.OK, f"{count} lines, each as it was written")


def _config(files: DataDirectory, found: list[Finding]) -> Config:
    if files.configuration_is_lost:
        text = f"{files.config} is missing: put it back from a backup, or start once with --config"
        found.append(Finding("configuration", Verdict.FAIL, text, int(Exit.DAMAGED)))
        return Config()
    if not files.config.exists():
        found.append(Finding("configuration", Verdict.WARN, "there is none yet: the next start takes the default one"))
        return Config()
    try:
        config = load(files.config)
    except OperatorError as trouble:
        found.append(Finding("configuration", Verdict.FAIL, trouble.text, int(trouble.code)))
        return Config()
    found.append(Finding("configuration", Verdict.OK, f"{files.config} can be read"))
    return config


def _machine(files: DataDirectory, config: Config) -> Iterator[Finding]:
    free = shutil.disk_usage(files.path).free
    segment = config.journal.segment_mebibytes << 20
    text = f"{free >> 20} MiB free on the disk of {files.path}"
    if free < 3 * segment:
        verdict = Verdict.FAIL if free < segment else Verdict.WARN
        yield Finding("disk", verdict, f"{text}: a journal of {segment >> 20} MiB segments soon takes no new orders", int(Exit.DISK))
    else:
        yield Finding("disk", Verdict.OK, text)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    wanted = config.http.connections + OWN_FILES
    if limit < wanted:
        yield Finding(
            "open files", Verdict.WARN, f"{limit} allowed, {wanted} wanted for http.connections = {config.http.connections}: ulimit -n"
        )
    else:
        yield Finding("open files", Verdict.OK, f"{limit} allowed")
