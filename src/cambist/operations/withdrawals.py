"""Coins on their way out: seen, approved where they are too large to go by themselves, or refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from cambist import _core
from cambist.directory import Role
from cambist.domain.meta import Meta
from cambist.domain.reject_reasons import RejectReason
from cambist.operations.operation import Effect, Holder, Limit, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected, not_found, of_core, of_wallet
from cambist.operations.users import name_of
from cambist.wallet import Approval, WalletRejection, Withdrawal, WithdrawalState

APPROVE = "withdrawal.approve"
_Decide = Callable[[int, Meta], "Awaitable[_core.Outcome | WalletRejection]"]


class ListWithdrawals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`state`: those that wait for approval (oldest first), or the newest `limit` of all. `user` None: everybody's."""

    user: Holder | None = None
    state: Literal["awaiting", "all"] = "awaiting"
    limit: Limit = 100


class WithdrawalRow(msgspec.Struct, frozen=True):
    """`amount` left the account, `fee` of it for the venue. `requested` in µs."""

    id: str
    user: str
    asset: str
    amount: str
    fee: str
    address: str
    state: str
    txid: str
    requested: int
    asked_by: str = ""
    """The operator who let it go and who waits for a second one to do so too; empty when nobody has."""


async def list_withdrawals(call: OperatorCall, request: ListWithdrawals) -> list[WithdrawalRow] | Rejected:
    """`user-unknown`, `account-unknown`."""
    account = call.account(request.user) if request.user is not None else None
    if isinstance(account, Rejected):
        return account
    wallet, limit = call.context.wallet, request.limit
    if request.state == "awaiting":
        found = [item for item in wallet.awaiting_approval() if account in (None, item.account)]
    else:
        found = wallet.newest_withdrawals(limit) if account is None else wallet.withdrawals(account)
    asked = await asyncio.to_thread(_asked_by, call)
    return [msgspec.structs.replace(_row(call, item), asked_by=asked.get(_key(item), "")) for item in found[:limit]]


def _asked_by(call: OperatorCall) -> dict[str, str]:
    """By withdrawal: the operator who let it go first."""
    awaited = call.context.directory.dual_control.awaited()
    return {each.subject: name_of(call, each.asked_by) for each in awaited if each.operation == APPROVE}


def _second(call: OperatorCall, request: OfWithdrawal) -> str | Rejected:
    """Two operators let a withdrawal go, or the one who has not asked for it themselves. `own-withdrawal`, as `approve`."""
    item = _find(call, request.id)
    if isinstance(item, Rejected):
        return item
    if item.state != WithdrawalState.WAITING or item.approval != Approval.AWAITED:
        return of_wallet(WalletRejection.NOT_AWAITED)
    call.subject = item.account
    if item.account == call.actor.account:
        return Rejected("own-withdrawal", Kind.CONFLICT, "another operator must let your own withdrawal go")
    owner = call.context.directory.user_by_account(item.account)
    return "" if owner is not None and owner.role == Role.OPERATOR else _key(item)


class OfWithdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The withdrawal's id in hex."""

    id: str


class RefuseWithdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reason`: for the journal, at most 200 characters; nothing personal."""

    id: str
    reason: str = ""


async def approve(call: OperatorCall, request: OfWithdrawal) -> WithdrawalRow | Rejected:
    """Lets a withdrawal that waits for approval go. Where there are two operators, it goes when two have said so, and who asked for it is
    none of them. `withdrawal-unknown`, `approval-not-awaited`, `own-withdrawal`."""
    return await _decided(call, request.id, call.context.wallet.approve_withdrawal, {})


async def refuse(call: OperatorCall, request: RefuseWithdrawal) -> WithdrawalRow | Rejected:
    """Gives the money of a withdrawal back that has not been sent, whether it waits for approval or for its turn.

    `withdrawal-unknown`, `not-cancellable`, `unavailable`, `reason-too-long`.
    """
    if len(request.reason) > 200:
        return Rejected("reason-too-long", Kind.MALFORMED, "a reason has at most 200 characters")
    return await _decided(call, request.id, call.context.wallet.cancel_withdrawal, {"reason": request.reason} if request.reason else {})


async def _decided(call: OperatorCall, text: str, decide: _Decide, memo: dict[str, str]) -> WithdrawalRow | Rejected:
    item = _find(call, text)
    if isinstance(item, Rejected):
        return item
    call.subject = item.account
    outcome = await decide(item.transfer_id, call.meta(**memo))
    if isinstance(outcome, WalletRejection):
        return of_wallet(outcome)
    if outcome.code != RejectReason.OK:
        return of_core(outcome.code, f"withdrawal {text}")
    # The view follows durable frames: what it shows now has the decision in it.
    await call.durable()
    decided = call.context.wallet.withdrawal(item.transfer_id)
    assert decided is not None, f"withdrawal {text} is gone"
    return _row(call, decided)


def _find(call: OperatorCall, text: str) -> Withdrawal | Rejected:
    try:
        number = int(text, 16)
    except ValueError:
        number = -1
    found = call.context.wallet.withdrawal(number) if 0 < number < 1 << 128 else None
    return found if found is not None else not_found("withdrawal", text)


def _key(item: Withdrawal) -> str:
    return f"{item.transfer_id:032x}"


def _row(call: OperatorCall, item: Withdrawal) -> WithdrawalRow:
    spec = call.context.catalogue.assets.by_id[item.asset]
    awaiting = item.state == WithdrawalState.WAITING and item.approval == Approval.AWAITED
    return WithdrawalRow(
        _key(item),
        name_of(call, item.account),
        spec.code,
        _core.format_units(item.amount, spec.scale),
        _core.format_units(item.fee, spec.scale),
        item.address,
        "awaiting approval" if awaiting else item.state.name.lower(),
        item.txid,
        item.requested,
    )


OPERATIONS = (
    Operation("withdrawal.list", ListWithdrawals, list_withdrawals, Effect.READ, recorded=False),
    Operation(APPROVE, OfWithdrawal, approve, Effect.CHANGE, _second, proof=True),
    Operation("withdrawal.refuse", RefuseWithdrawal, refuse, Effect.CHANGE),
)
