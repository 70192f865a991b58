"""Dual control: where two operators exist, some operations are done only when two of them ask for the same.

It binds operators over the network. Who has the command line on the venue's machine has its files, and is bound by nothing there; the audit
log has both.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from cambist.directory import AwaitedApproval, User
from cambist.operations.operation import Effect, Nothing, Number, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected, not_found
from cambist.operations.users import name_of

WAITING = "waiting"
"""The outcome of a record of what waits for a second operator."""


class Approval(msgspec.Struct, frozen=True):
    """`operation` waits until another operator asks for the same, which `arguments` say. `asked` in µs; after a week it is forgotten."""

    id: int
    operation: str
    arguments: dict[str, Any]
    asked_by: str
    asked: int


class Awaiting(msgspec.Struct, frozen=True):
    """The result of an operation that was not done, because another operator must ask for the same."""

    approval: Approval


async def second_operator(
    call: OperatorCall, operation: Operation[Any], request: msgspec.Struct, written: dict[str, Any]
) -> Awaiting | Rejected | str:
    """Whether the operation must wait: then what waits. Otherwise what to `end` once it is done, mostly nothing."""
    asker = call.actor.account
    if operation.second is None or asker is None:
        return ""
    directory = call.context.directory
    operators: dict[int, User] = {user.account: user for user in await asyncio.to_thread(directory.operators)}
    if len(operators) < 2:
        return ""
    subject = operation.second(call, request)
    if isinstance(subject, Rejected) or not subject:
        return subject
    control = directory.dual_control
    known = await asyncio.to_thread(control.find, operation.name, subject)
    if known is not None and known.asked_by != asker:
        first = operators.get(known.asked_by)
        # The word of who is no operator any more, or is shut out, does not count.
        if first is not None and first.frozen is None:
            return subject
    if known is None or known.asked_by != asker:
        known = await asyncio.to_thread(control.ask, operation.name, subject, msgspec.json.encode(written).decode(), asker)
    if known is None:
        return Rejected("too-many-approvals", Kind.CONFLICT, "too much waits for a second operator")
    return Awaiting(_shown(call, known))


async def ended(call: OperatorCall, operation: Operation[Any], subject: str) -> None:
    """It was done: nobody need be asked for it any more."""
    if subject:
        await asyncio.to_thread(call.context.directory.dual_control.end, operation.name, subject)


async def list_approvals(call: OperatorCall, _request: Nothing) -> list[Approval]:
    """What one operator asked for and another one must ask for too, oldest first."""
    return [_shown(call, each) for each in await asyncio.to_thread(call.context.directory.dual_control.awaited)]


class OfApproval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Number


async def withdraw(call: OperatorCall, request: OfApproval) -> Approval | Rejected:
    """Takes back what waits for a second operator, whoever asked for it. `approval-unknown`."""
    control = call.context.directory.dual_control
    found = next((each for each in await asyncio.to_thread(control.awaited) if each.id == request.id), None)
    if found is None:
        return not_found("approval", request.id)
    await asyncio.to_thread(control.end, found.operation, found.subject)
    return _shown(call, found)


def _shown(call: OperatorCall, awaited: AwaitedApproval) -> Approval:
    arguments = msgspec.json.decode(awaited.arguments, type=dict[str, Any])
    return Approval(awaited.id, awaited.operation, arguments, name_of(call, awaited.asked_by), awaited.asked)


OPERATIONS = (
    Operation("approval.list", Nothing, list_approvals, Effect.READ, recorded=False),
    Operation("approval.withdraw", OfApproval, withdraw, Effect.CHANGE),
)
