"""All operations by name, and the one way to run one: decoded, recorded, done, durable."""

import asyncio
import logging
from typing import Any

import msgspec

from cambist.directory import DirectoryUnavailable
from cambist.history import HistoryError
from cambist.operations import (
    audit_records,
    backups,
    dual_control,
    fees,
    funds,
    keys,
    ledger,
    linked_markets,
    markets,
    operators,
    orders,
    second_factor,
    upkeep,
    users,
    withdrawals,
)
from cambist.operations.audit import DONE, AuditLog, arguments_of
from cambist.operations.context import OperationsContext
from cambist.operations.dual_control import WAITING, Awaiting, ended, second_operator
from cambist.operations.operation import Actor, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected, not_found

_MODULES = (
    upkeep,
    users,
    operators,
    second_factor,
    keys,
    funds,
    fees,
    ledger,
    orders,
    withdrawals,
    markets,
    linked_markets,
    dual_control,
    backups,
    audit_records,
)
OPERATIONS: dict[str, Operation[Any]] = {operation.name: operation for module in _MODULES for operation in module.OPERATIONS}

_log = logging.getLogger(__name__)


class Operations:
    """The venue's operations. Belongs to the event-loop thread."""

    def __init__(self, context: OperationsContext, audit: AuditLog) -> None:
        self.context = context
        self._audit = audit

    async def run(self, actor: Actor, name: str, arguments: dict[str, Any]) -> Any:
        """The operation's result (structs) once everything that it did is durable, Awaiting when a second operator is needed, or Rejected.

        JournalStopped when the venue can write no more; AuditFailed when the audit log cannot be written: then nothing was done.
        """
        operation = OPERATIONS.get(name)
        if operation is None:
            return not_found("operation", name, ": is the venue of another version?")
        try:
            request = msgspec.convert(arguments, operation.request)
        except msgspec.ValidationError as error:
            return Rejected("arguments-invalid", Kind.MALFORMED, f"{name}: {error}")
        return await self.perform(actor, operation, request)

    async def perform(self, actor: Actor, operation: Operation[Any], request: msgspec.Struct) -> Any:
        """`run` of a request that is decoded already."""
        call = OperatorCall(self.context, actor)
        written = arguments_of(request, lambda holder: _number(call.account(holder)))
        if operation.recorded:
            call.record = await asyncio.to_thread(self._audit.begin, self._now(), actor.name, operation.name, written)
        outcome = "failed"
        try:
            result = await self._done(call, operation, request, written)
            outcome = result.code if isinstance(result, Rejected) else WAITING if isinstance(result, Awaiting) else DONE
        finally:
            if operation.recorded:
                await self._end(call, outcome)
        return result

    async def _end(self, call: OperatorCall, outcome: str) -> None:
        try:
            await asyncio.to_thread(self._audit.end, self._now(), call.record, outcome, call.subject)
        except OSError as error:
            # It is done, and must not look as if it were not; without an end the record stays one of unknown outcome.
            _log.error("the end of record %d is missing in the audit log: %s", call.record, error)

    async def _done(self, call: OperatorCall, operation: Operation[Any], request: msgspec.Struct, written: dict[str, Any]) -> Any:
        try:
            return await self._twice_asked(call, operation, request, written)
        except DirectoryUnavailable as error:
            return Rejected("directory-unavailable", Kind.UNAVAILABLE, f"{error}. Whether it was done, a look tells once that answers")

    @staticmethod
    async def _twice_asked(call: OperatorCall, operation: Operation[Any], request: msgspec.Struct, written: dict[str, Any]) -> Any:
        """Does it, where one operator is enough or a second one asks."""
        subject = await second_operator(call, operation, request, written)
        if not isinstance(subject, str):
            return subject
        try:
            result = await operation.run(call, request)
        except HistoryError as error:
            return Rejected("history-unavailable", Kind.UNAVAILABLE, f"history cannot answer now: {error}")
        await call.durable()
        if not isinstance(result, Rejected):
            await ended(call, operation, subject)
        return result

    def _now(self) -> int:
        return self.context.scheduler.now()


def _number(found: int | Rejected) -> int | None:
    return None if isinstance(found, Rejected) else found
