"""The operator's use cases on this venue: what the admin socket, and the command line on a stopped venue, ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from cambist.app import backup
from cambist.app.admin import STOPPED
from cambist.app.condition import condition_of
from cambist.app.errors import Exit, OperatorError, explained
from cambist.app.rates_file import RatesFile
from cambist.domain.units import AccountId
from cambist.exchange import JournalStopped
from cambist.operations.audit import AuditFailed
from cambist.operations.conditions import Activity, BackupFile, Condition
from cambist.operations.context import Backup, OperationsContext
from cambist.operations.operation import Actor, Effect
from cambist.operations.registry import OPERATIONS, Operations
from cambist.operations.rejections import Kind, Rejected

if TYPE_CHECKING:
    from cambist.app.venue import Venue

RATES_FILE = Actor("rates file")

_log = structlog.get_logger("cambist.app")


class Control:
    """`answer(asker, action, arguments)` runs one operation and returns what is sent back as JSON."""

    def __init__(self, venue: Venue, elsewhere: Callable[[], str] = lambda: "") -> None:
        """`elsewhere`: where changes have to be asked for when not here; empty: here."""
        self._elsewhere = elsewhere
        self.operations = Operations(operations_context(venue), venue.audit)
        self._rates = venue.files.path / venue.config.rates.file if venue.config.rates.file else None

    async def close(self) -> None:
        """Gives up what runs in the background; before the venue is closed."""
        await self.operations.context.backup_jobs.end()

    def rates_file(self) -> RatesFile | None:
        """The configuration's file of rates, set by the operator's own use case; None when there is none."""
        return None if self._rates is None else RatesFile(self._rates, self._set_rates)

    async def _set_rates(self, base: str, rates: str) -> object:
        try:
            return await self.operations.run(RATES_FILE, "rates.set", {"base": base, "rates": rates})
        except AuditFailed as error:
            return Rejected("audit-failed", Kind.UNAVAILABLE, f"the audit log cannot be written, so nothing was done: {error}")

    async def perform(self, actor: str, account: AccountId, action: str, request: msgspec.Struct) -> Any:
        """The result of an operation that is asked for over the network, its request decoded already, or Rejected. JournalStopped."""
        try:
            return await self.operations.perform(Actor(actor, account), OPERATIONS[action], request)
        except AuditFailed as error:
            return Rejected("audit-failed", Kind.UNAVAILABLE, f"the audit log cannot be written, so nothing was done: {error}")

    async def answer(self, asker: str, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """`{"result": ...}` once everything that it did is durable, or `{"error": {"code": ..., "kind": ..., "text": ...}}`."""
        elsewhere = self._elsewhere()
        if elsewhere and action in OPERATIONS and OPERATIONS[action].effect is not Effect.READ:
            return _error("elsewhere", "refused", elsewhere)
        try:
            result = await self.operations.run(Actor(asker), action, arguments)
        except (JournalStopped, OperatorError):
            return _error("stopped", STOPPED, "the journal cannot be written; what was acknowledged is safe")
        except AuditFailed as error:
            return _error("audit-failed", STOPPED, f"the audit log cannot be written, so nothing was done: {error}")
        except Exception as error:
            reason = explained(error)
            if reason is not None and reason.code == Exit.DISK:
                _log.error("an operation failed", action=action, by=asker, error=reason.text)
                return _error("disk-failed", STOPPED, f"{action} may be done in part: {reason.text}")
            _log.exception("an operation failed", action=action, by=asker)
            return _error("operation-failed", "failed", f"{action} failed in the venue, and may be done in part; the venue's log says why")
        _log.info("asked by the operator", action=action, by=asker, done=not isinstance(result, Rejected))
        if isinstance(result, Rejected):
            return _error(result.code, result.kind.value, result.text)
        return {"result": msgspec.to_builtins(result)}


def _error(code: str, kind: str, text: str) -> dict[str, Any]:
    return {"error": {"code": code, "kind": kind, "text": text}}


def operations_context(venue: Venue) -> OperationsContext:
    """The venue's parts, as operations see them."""
    return OperationsContext(
        commands=venue.commands,
        view=venue.engine,
        catalogue=venue.catalogue,
        directory=venue.directory,
        wallet=venue.wallet,
        history=venue.history,
        merchants=venue.merchants,
        scheduler=venue.scheduler,
        entropy=venue.entropy,
        key_forms=venue.key_forms,
        storage=VenueStorage(venue),
        simulated_network=venue.chain,
    )


class VenueStorage:
    """The venue's files, as operations see them."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    @property
    def audit_log(self) -> Path:
        return self._venue.audit.path

    @property
    def audit_record(self) -> int:
        mark = self._venue.audit.mark
        return 0 if mark is None else mark[0]

    async def durable(self) -> None:
        await self._venue.durable()

    async def write_snapshot(self) -> tuple[int, str]:
        return await self._venue.write_snapshot()

    async def write_backup(self, directory: str, *, with_master_key: bool) -> Backup | str:
        return await backup.write(self._venue, Path(directory), with_master_key=with_master_key)

    def new_backup_directory(self) -> str | None:
        folder = self._backups
        if folder is None:
            return None
        when = datetime.fromtimestamp(self._venue.clock() // 1_000_000, UTC).strftime("%Y%m%dT%H%M%SZ")
        folder.mkdir(mode=0o700, exist_ok=True)
        names = chain([f"backup-{when}"], (f"backup-{when}-{number}" for number in count(2)))
        return str(next(folder / name for name in names if not (folder / name).exists()))

    def backups(self) -> list[BackupFile]:
        if self._backups is None or not self._backups.is_dir():
            return []
        found = []
        for manifest in self._backups.glob(f"*/{backup.MANIFEST}"):
            try:
                read = backup.read_manifest(manifest.parent)
            except OperatorError as error:
                _log.warning("this is no backup that can be read", directory=str(manifest.parent), reason=error.text)
                continue
            found.append(BackupFile(str(manifest.parent), read.seq, sum(entry.bytes for entry in read.files.values()), read.time))
        return sorted(found, key=lambda each: each.time, reverse=True)

    @property
    def _backups(self) -> Path | None:
        setting = self._venue.config.backup.directory
        return (self._venue.files.path / setting).resolve() if setting else None

    def condition(self) -> Condition:
        return condition_of(self._venue)

    def activity(self) -> Activity:
        return self._venue.activity.shown()
