"""What operators do over the network: the venue's own operations, each with its request, its reply and its record in the audit log.

What shows a secret of a user, what makes money, what cannot be taken back and what writes on the server's disk is left to the command line.
What moves money, lowers what protects somebody or gives rights asks for a proof, as users' own calls do (`Operation.proof`).
"""

from __future__ import annotations

import typing
from collections.abc import Awaitable, Callable
from typing import Any

from cambist.api_types.problems import REFERENCE, Code, Problem, problem
from cambist.dialects.native.endpoint import Accepted, Call, Endpoint
from cambist.dialects.native.scopes import Effect, Scope
from cambist.operations.dual_control import Approval, Awaiting
from cambist.operations.operation import Effect as OperationEffect
from cambist.operations.operation import Nothing, Operation
from cambist.operations.registry import OPERATIONS
from cambist.operations.rejections import Kind, Rejected

SERVED = (
    "status",
    "activity",
    "user.list",
    "user.role",
    "user.freeze",
    "user.unfreeze",
    "second-factor.remove",
    "key.list",
    "key.revoke",
    "fees.show",
    "fees.set",
    "ledger.balances",
    "ledger.entries",
    "ledger.totals",
    "order.list",
    "order.open",
    "order.find",
    "order.cancel",
    "order.cancel-all",
    "withdrawal.list",
    "withdrawal.approve",
    "withdrawal.refuse",
    "asset.list",
    "asset.create",
    "market.list",
    "market.create",
    "market.status",
    "market.terms",
    "market.groups",
    "snapshot",
    "backup.start",
    "backup.list",
    "approval.list",
    "approval.withdraw",
    "audit.list",
)
STATUSES = {Kind.MALFORMED: 400, Kind.NOT_FOUND: 404, Kind.CONFLICT: 409, Kind.REFUSED: 422, Kind.UNAVAILABLE: 503}


def endpoints() -> tuple[Endpoint, ...]:
    """A row for each: reads are GET with the request as query, changes are POST with it as body."""
    return tuple(_endpoint(OPERATIONS[name]) for name in SERVED)


def _endpoint(operation: Operation[Any]) -> Endpoint:
    path = "/operator/" + operation.name.replace(".", "/")
    run = _runner(operation)
    if operation.effect is OperationEffect.READ:
        return Endpoint("GET", path, Scope.OPERATOR_READ, run)
    accepted = Approval if operation.second is not None else None
    return Endpoint("POST", path, Scope.OPERATOR, run, Effect.CHANGE, proof=operation.proof, accepted=accepted)


def _runner(operation: Operation[Any]) -> Callable[..., Awaitable[Any]]:
    """A function of the form that endpoints have."""

    async def run(call: Call, **said: Any) -> Any:
        actor = f"@{call.account} from {call.request.client}"
        request = next(iter(said.values()), None) or Nothing()
        try:
            result = await call.context.services.operator_requests.run(actor, call.account, operation.name, request)
        except OSError:
            return problem(Code.UNAVAILABLE, "The server's disk does not take this now; it may be done in part.")
        if result is None:
            return problem(Code.UNAVAILABLE)
        if isinstance(result, Awaiting):
            return Accepted(result.approval)
        return _rejected(result) if isinstance(result, Rejected) else result

    hint = typing.get_type_hints(operation.run)["return"]
    alternatives = [each for each in typing.get_args(hint) if each is not Rejected] if Rejected in typing.get_args(hint) else [hint]
    run.__annotations__ = {"call": Call, "return": alternatives[0] | Problem}
    if operation.request is not Nothing:
        run.__annotations__["query" if operation.effect is OperationEffect.READ else "body"] = operation.request
    run.__name__ = "operator_" + operation.name.replace(".", "_").replace("-", "_")
    run.__doc__ = operation.run.__doc__
    return run


def _rejected(rejected: Rejected) -> Problem:
    """An operation's no, under its own code."""
    return Problem(
        type=f"{REFERENCE}#{rejected.code}",
        title=rejected.kind.value.replace("-", " ").capitalize(),
        status=STATUSES[rejected.kind],
        code=rejected.code,
        detail=rejected.text,
        retryable=rejected.kind is Kind.UNAVAILABLE,
    )
