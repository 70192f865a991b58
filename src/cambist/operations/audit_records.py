"""Reading the audit log."""

import asyncio

import msgspec

from cambist.operations import audit
from cambist.operations.operation import Effect, Limit, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected


class ListRecords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The newest `limit` records."""

    limit: Limit = 50


async def list_records(call: OperatorCall, request: ListRecords) -> list[audit.AuditRecord] | Rejected:
    """Oldest first. `audit-damaged`."""
    try:
        return await asyncio.to_thread(audit.records, call.context.storage.audit_log, request.limit)
    except audit.AuditDamaged as error:
        return Rejected("audit-damaged", Kind.CONFLICT, f"the audit log was tampered with or damaged: {error}")


OPERATIONS = (Operation("audit.list", ListRecords, list_records, Effect.READ, recorded=False),)
