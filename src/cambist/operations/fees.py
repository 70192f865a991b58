"""What an account pays: the markets' fees, or its own."""

from __future__ import annotations

import msgspec

from cambist.domain.reject_reasons import RejectReason
from cambist.operations.market_names import name_of_market
from cambist.operations.market_terms import WHOLE_PPM
from cambist.operations.operation import Effect, Holder, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected, of_core

MARKET_RATES = 0xFFFF_FFFF
"""In the place of both rates: back to the markets' (docs/internals/core.md)."""


class OfAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: Holder


class AccountFees(msgspec.Struct, frozen=True):
    """What a new order of the account would pay in a market, in millionths of what it receives. `own`: not the market's rates."""

    market: str
    maker_ppm: int
    taker_ppm: int
    own: bool


async def show_fees(call: OperatorCall, request: OfAccount) -> list[AccountFees] | Rejected:
    """For each market, in order of their numbers. `user-unknown`, `account-unknown`."""
    account = call.account(request.user)
    if isinstance(account, Rejected):
        return account
    catalogue, view = call.context.catalogue, call.context.view
    rows = []
    for spec in catalogue.markets.by_id:
        maker, taker = view.account_fees(account, spec.id)
        own = (maker, taker) != (spec.maker_ppm, spec.taker_ppm)
        rows.append(AccountFees(name_of_market(catalogue, spec), maker, taker, own))
    return rows


class SetFees(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Both rates, in millionths, for every market; neither: the markets' own again."""

    user: Holder
    maker_ppm: int | None = None
    taker_ppm: int | None = None


async def set_fees(call: OperatorCall, request: SetFees) -> list[AccountFees] | Rejected:
    """For orders from now on; those in the book keep the fees that they came with. `fee-invalid`, `user-unknown`, `account-unknown`."""
    account = call.account(request.user)
    if isinstance(account, Rejected):
        return account
    rates = (request.maker_ppm, request.taker_ppm)
    if rates != (None, None) and not all(rate is not None and 0 <= rate <= WHOLE_PPM for rate in rates):
        return Rejected("fee-invalid", Kind.MALFORMED, f"name both rates, each from 0 to {WHOLE_PPM} millionths, or neither")
    maker, taker = (MARKET_RATES if rate is None else rate for rate in rates)
    outcome = await call.context.commands.set_account_fees(account, maker, taker, meta=call.meta())
    if outcome.code != RejectReason.OK:
        return of_core(outcome.code, request.user)
    return await show_fees(call, OfAccount(request.user))


OPERATIONS = (
    Operation("fees.show", OfAccount, show_fees, Effect.READ, recorded=False),
    Operation("fees.set", SetFees, set_fees, Effect.CHANGE, proof=True),
)
