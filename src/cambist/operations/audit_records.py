"""Reading the audit log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from cambist.operations import audit, audit_reading
from cambist.operations.operation import Effect, Holder, Limit, Number, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected
from cambist.operations.users import names_in

Cursor = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}\Z")]


class ListRecords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is given must hold. `operation`: its name, or a noun as in "user". `by`: who, by name, or as records say it with or without
    from where; `user`: whom it was about. `since` and `until` in µs, inclusive. `cursor`: `next` of the page before.
    """

    limit: Limit = 50
    cursor: Cursor | None = None
    operation: str | None = None
    by: str | None = None
    user: Holder | None = None
    outcome: str | None = None
    since: Number | None = None
    until: Number | None = None


class AuditPage(msgspec.Struct, frozen=True):
    """Newest first. `next`: the cursor of what is behind, None when there is nothing.

    Records have people as @N, the number of their account. `names`: by that text, the names of those who are still there.
    """

    rows: list[audit.AuditRecord]
    next: str | None
    names: dict[str, str]


async def list_records(call: OperatorCall, request: ListRecords) -> AuditPage | Rejected:
    """What operators asked for, newest first. `user-unknown`, `account-unknown`, `audit-damaged`."""
    about = call.account(request.user) if request.user is not None else None
    if isinstance(about, Rejected):
        return about
    chosen = audit_reading.AuditFilter(
        operation=request.operation,
        by=await asyncio.to_thread(_as_recorded, call, request.by),
        account=about,
        outcome=request.outcome,
        since=request.since,
        until=request.until,
    )
    before = int(request.cursor) if request.cursor is not None else None
    try:
        rows, more = await asyncio.to_thread(audit_reading.newest, call.context.storage.audit_log, request.limit, before, chosen)
    except audit.AuditDamaged as error:
        return Rejected("audit-damaged", Kind.CONFLICT, f"the audit log was tampered with or damaged: {error}")
    return AuditPage(rows, None if more is None else str(more), await asyncio.to_thread(names_in, call, _texts(rows)))


def _as_recorded(call: OperatorCall, by: str | None) -> str | None:
    """Who asked, as records have them."""
    user = call.context.directory.user(by) if by is not None else None
    return by if user is None or user.erased is not None else f"@{user.account}"


def _texts(rows: Iterable[audit.AuditRecord]) -> Iterator[str]:
    """Wherever an account may stand."""
    for row in rows:
        yield row.by
        yield from (value for value in row.arguments.values() if isinstance(value, str))
        if row.account is not None:
            yield f"@{row.account}"


OPERATIONS = (Operation("audit.list", ListRecords, list_records, Effect.READ, recorded=False),)
