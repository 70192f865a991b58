"""The operator's use cases on this venue: what the admin socket, and the command line on a stopped venue, ask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from cambist.app import backup
from cambist.app.admin import STOPPED
from cambist.app.errors import Exit, OperatorError, explained
from cambist.app.rates_file import RatesFile
from cambist.domain.units import AccountId
from cambist.exchange import JournalStopped
from cambist.operations.audit import AuditFailed
from cambist.operations.context import Backup, OperationsContext
from cambist.operations.operation import Actor
from cambist.operations.registry import OPERATIONS, Operations
from cambist.operations.rejections import Kind, Rejected

if TYPE_CHECKING:
    from cambist.app.venue import Venue

RATES_FILE = Actor("rates file")

_log = structlog.get_logger("cambist.app")


class Control:
    """`answer(asker, action, arguments)` runs one operation and returns what is sent back as JSON."""

    def __init__(self, venue: Venue) -> None:
        self.operations = Operations(operations_context(venue), venue.audit)
        self._rates = venue.files.path / venue.config.rates.file if venue.config.rates.file else None

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

    async def durable(self) -> None:
        await self._venue.durable()

    async def write_snapshot(self) -> tuple[int, str]:
        return await self._venue.write_snapshot()

    async def write_backup(self, directory: str, *, with_master_key: bool) -> Backup | str:
        return await backup.write(self._venue, Path(directory), with_master_key=with_master_key)
