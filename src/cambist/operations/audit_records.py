"""Reading the audit log."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec

from cambist.operations import audit, audit_reading
from cambist.operations.operation import Effect, Limit, Number, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected

Cursor = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,18}$")]


class ListRecords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is given must hold. `operation`: its name, or a noun as in "user". `by`: who, as records say it, with or without from where.

    `account`: whom it was about. `since` and `until` in µs, inclusive. `cursor`: `next` of the page before.
    """

    limit: Limit = 50
    cursor: Cursor | None = None
    operation: str | None = None
    by: str | None = None
    account: Number | None = None
    outcome: str | None = None
    since: Number | None = None
    until: Number | None = None


class AuditPage(msgspec.Struct, frozen=True):
    """Newest first. `next`: the cursor of what is behind, None when there is nothing; a page may be short although there is more."""

    rows: list[audit.AuditRecord]
    next: str | None


async def list_records(call: OperatorCall, request: ListRecords) -> AuditPage | Rejected:
    """What operators asked for, newest first. `audit-damaged`."""
    chosen = audit_reading.AuditFilter(
        operation=request.operation,
        by=request.by,
        account=request.account,
        outcome=request.outcome,
        since=request.since,
        until=request.until,
    )
    before = int(request.cursor) if request.cursor is not None else None
    try:
        rows, more = await asyncio.to_thread(audit_reading.newest, call.context.storage.audit_log, request.limit, before, chosen)
    except audit.AuditDamaged as error:
        return Rejected("audit-damaged", Kind.CONFLICT, f"the audit log was tampered with or damaged: {error}")
    return AuditPage(rows, None if more is None else str(more))


OPERATIONS = (Operation("audit.list", ListRecords, list_records, Effect.READ, recorded=False),)
