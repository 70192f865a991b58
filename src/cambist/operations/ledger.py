"""What accounts have, how it came to that, and that everything adds up."""

from __future__ import annotations

from typing import Any

import msgspec

from cambist import _core
from cambist.domain.transfers import Business, TransferKind
from cambist.domain.units import AccountId
from cambist.history.port import Page
from cambist.history.records import LedgerEntry, Leg
from cambist.operations.market_names import name_of_market
from cambist.operations.operation import Effect, Holder, Limit, Nothing, Number, Operation, OperatorCall
from cambist.operations.rejections import Rejected, not_found
from cambist.operations.users import name_of


class OfHolder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: Holder


class BalanceRow(msgspec.Struct, frozen=True):
    """Decimal texts; `total` is both together."""

    asset: str
    available: str
    held: str
    total: str


async def balances(call: OperatorCall, request: OfHolder) -> list[BalanceRow] | Rejected:
    """Of each asset that the account ever had. `user-unknown`, `account-unknown`."""
    account = call.account(request.user)
    if isinstance(account, Rejected):
        return account
    specs = call.context.view.assets()
    rows = []
    for balance in call.context.view.balances(account):
        spec = specs[balance.asset]
        values = (balance.available, balance.held, balance.available + balance.held)
        rows.append(BalanceRow(spec.code, *(_signed(value, spec.scale) for value in values)))
    return rows


class ListEntries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Entries of one account. Ids and times (µs) are inclusive; to go on after `limit` of them, ask from the last id + 1."""

    user: Holder
    asset: str | None = None
    first_id: Number | None = None
    since: Number | None = None
    until: Number | None = None
    limit: Limit = 100
    newest_first: bool = True


class EntryRow(msgspec.Struct, frozen=True):
    """One change of one balance, and why. Decimal texts, empty where something does not apply; `time` in µs.

    `business` is trade, hold, release or transfer; `leg` which side of a trade; `fee` what was taken off; `transfer` its id in hex.
    """

    id: int
    time: int
    account: AccountId
    user: str
    asset: str
    business: str
    available_change: str
    held_change: str
    available: str
    held: str
    market: str
    leg: str
    price: str
    amount: str
    fee: str
    order_id: int
    reference: int
    kind: str
    transfer: str
    memo: dict[str, Any]


async def entries(call: OperatorCall, request: ListEntries) -> list[EntryRow] | Rejected:
    """`user-unknown`, `account-unknown`, `asset-unknown`, `history-unavailable`."""
    account = call.account(request.user)
    if isinstance(account, Rejected):
        return account
    asset = None
    if request.asset is not None:
        spec = call.context.catalogue.assets.by_code(request.asset.upper())
        if spec is None:
            return not_found("asset", request.asset)
        asset = spec.id
    await call.context.history_caught_up()
    page = Page(
        first_id=request.first_id,
        since=request.since,
        until=request.until,
        limit=request.limit,
        newest_first=request.newest_first,
    )
    user = name_of(call, account)
    return [_entry_row(call, user, entry) for entry in await call.context.history.entries(account, page, asset=asset)]


def _entry_row(call: OperatorCall, user: str, entry: LedgerEntry) -> EntryRow:
    catalogue = call.context.catalogue
    spec = catalogue.assets.by_id[entry.asset]
    transfer = entry.business == Business.TRANSFER
    market = None if transfer else catalogue.markets.by_id[entry.market]
    return EntryRow(
        id=entry.id,
        time=entry.time,
        account=entry.account,
        user=user,
        asset=spec.code,
        business=Business(entry.business).name.lower(),
        available_change=_signed(entry.change_available, spec.scale),
        held_change=_signed(entry.change_held, spec.scale),
        available=_signed(entry.available, spec.scale),
        held=_signed(entry.held, spec.scale),
        market="" if market is None else name_of_market(catalogue, market),
        leg="" if not entry.leg else Leg(entry.leg).name.lower().replace("_", "-"),
        price="" if market is None or not entry.price else _core.format_units(entry.price, market.price_scale),
        amount="" if market is None or not entry.amount else _core.format_units(entry.amount, market.amount_scale),
        fee="" if not entry.fee else _core.format_units(entry.fee, spec.scale),
        order_id=entry.order_id,
        reference=entry.reference if entry.business == Business.TRADE else 0,
        kind=TransferKind(entry.kind).name.lower().replace("_", "-") if transfer else "",
        transfer=f"{entry.transfer_id:032x}" if transfer else "",
        memo=entry.memo,
    )


class TotalRow(msgspec.Struct, frozen=True):
    """Of one asset: what the outside world is owed (negative), what everybody else has, and the sum of all, which is 0 or a bug."""

    asset: str
    world: str
    available: str
    held: str
    sum: str


async def totals(call: OperatorCall, _request: Nothing) -> list[TotalRow]:
    """Every asset. The money of all accounts together is what came in from the world, to the last atom."""
    specs = call.context.view.assets()
    return [
        TotalRow(spec.code, *(_signed(value, spec.scale) for value in (world, available, held, world + available + held)))
        for spec, (world, available, held) in zip(specs, call.context.view.totals(), strict=True)
    ]


def _signed(atoms: int, scale: int) -> str:
    return ("-" if atoms < 0 else "") + _core.format_units(abs(atoms), scale)


OPERATIONS = (
    Operation("ledger.balances", OfHolder, balances, Effect.READ, recorded=False),
    Operation("ledger.entries", ListEntries, entries, Effect.READ, recorded=False),
    Operation("ledger.totals", Nothing, totals, Effect.READ, recorded=False),
)
