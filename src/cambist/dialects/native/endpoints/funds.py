"""Money in and out: addresses, deposits, withdrawals, every transfer, coupons."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TypeVar

from cambist import _core
from cambist.api_types import funds as api
from cambist.api_types.problems import Code, Problem, problem
from cambist.api_types.values import Page, PageQuery
from cambist.dialects.native.core_problems import of_core
from cambist.dialects.native.endpoint import Call, rate_limited
from cambist.dialects.native.listings import NumberField, atoms_text
from cambist.dialects.native.paging import cut, history_page
from cambist.dialects.native.qr_code import qr_code
from cambist.dialects.native.user_names import names_of
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfer_ids import transfer_id
from cambist.domain.transfers import TransferKind
from cambist.exchange.coupons import ANYBODY, CouponRejection, code_hash, coupon_transfer
from cambist.exchange.user_transfers import is_user_transfer, send_to_user
from cambist.history.records import Transfer, TransferStatus
from cambist.wallet import Approval, Deposit, DepositState, WalletRejection, Withdrawal, WithdrawalState

T = TypeVar("T")
CODE_BYTES = 25
STATUS_WORDS: dict[int, api.TransferStatus] = {
    TransferStatus.PENDING: "pending",
    TransferStatus.POSTED: "done",
    TransferStatus.VOIDED: "cancelled",
}
DEPOSIT_WORDS: dict[DepositState, api.TransferStatus] = {
    DepositState.CANCELLED: "cancelled",
    DepositState.DONE: "done",
    DepositState.UNCONFIRMED: "pending",
}
WALLET_CODES = {
    WalletRejection.ASSET_UNKNOWN: Code.ASSET_UNKNOWN,
    WalletRejection.NO_NETWORK: Code.NO_NETWORK,
    WalletRejection.ADDRESS_INVALID: Code.COIN_ADDRESS_INVALID,
    WalletRejection.AMOUNT_TOO_SMALL: Code.WITHDRAWAL_TOO_SMALL,
    WalletRejection.AMOUNT_TOO_FINE: Code.TOO_MANY_DECIMALS,
    WalletRejection.NOT_CANCELLABLE: Code.NOT_CANCELLABLE,
    WalletRejection.TOO_MANY_ADDRESSES: Code.TOO_MANY_ADDRESSES,
}


AMOUNT = NumberField(
    "amount",
    _core.MAX_ATOMS,
    zero=problem(Code.REQUEST_INVALID, "The amount must be above zero.", field="amount"),
    too_large=problem(Code.AMOUNT_TOO_LARGE, "No transfer moves so much.", field="amount"),
)


def _asset(call: Call, code: str) -> _core.AssetSpec | Problem:
    return call.context.listings.asset(code) or problem(Code.ASSET_UNKNOWN, field="asset")


def amount_of(text: str, scale: int) -> int | Problem:
    """Units of 10^-scale of an amount above zero."""
    return AMOUNT.units(text, scale)


def atoms_of(text: str, asset: _core.AssetSpec) -> int | Problem:
    """Atoms of an amount that has as many decimals as are shown."""
    units = amount_of(text, asset.display_scale)
    if isinstance(units, Problem):
        return units
    atoms: int = units * 10 ** (asset.scale - asset.display_scale)
    return atoms if atoms <= _core.MAX_ATOMS else AMOUNT.too_large


def of_wallet(rejection: WalletRejection) -> Problem:
    return problem(WALLET_CODES.get(rejection, Code.UNAVAILABLE))


def _page(rows: Sequence[T], query: PageQuery) -> tuple[Sequence[T], str | None]:
    """A part of a list that only ever grows at its beginning; the cursor counts from its end."""
    left = min(int(query.cursor), len(rows)) if query.cursor else len(rows)
    first = len(rows) - left
    part = rows[first : first + query.limit]
    rest = left - len(part)
    return part, str(rest) if rest else None


# --- deposits ---------------------------------------------------------------------------------------------------------------
async def show_deposit_address(call: Call, *, asset: str) -> api.DepositAddress | Problem:
    """One's newest deposit address of an asset. `asset-unknown`."""
    spec = _asset(call, asset)
    if isinstance(spec, Problem):
        return spec
    return await shown_address(spec.code, call.context.services.wallet.address_of(call.account, spec.id))


async def create_deposit_address(call: Call, *, asset: str) -> api.DepositAddress | Problem:
    """A new deposit address; earlier ones stay good. `asset-unknown`, `no-network`, `too-many-addresses`."""
    spec = _asset(call, asset)
    if isinstance(spec, Problem):
        return spec
    made = await call.context.services.wallet.new_address(call.account, spec.id)
    return of_wallet(made) if isinstance(made, WalletRejection) else await shown_address(spec.code, made)


async def shown_address(code: str, address: str | None) -> api.DepositAddress:
    drawing = None
    if address is not None:
        drawing = await asyncio.to_thread(qr_code, address)
    return api.DepositAddress(asset=code, address=address, qr_svg=drawing)


def list_deposits(call: Call, *, query: PageQuery) -> Page[api.Deposit]:
    """Coins that came, newest first."""
    part, following = _page(call.context.services.wallet.deposits(call.account), query)
    return Page(rows=[_deposit(call, item) for item in part], next=following)


def _deposit(call: Call, item: Deposit) -> api.Deposit:
    asset = call.context.listings.asset_of(item.asset)
    return api.Deposit(
        id=f"{item.transfer_id:032x}",
        asset=asset.code,
        amount=atoms_text(item.amount, asset),
        address=item.address,
        txid=item.txid,
        status=DEPOSIT_WORDS[item.state],
        created=item.seen,
        updated=item.changed,
    )


# --- withdrawals ------------------------------------------------------------------------------------------------------------
async def request_withdrawal(call: Call, *, body: api.RequestWithdrawal) -> api.Withdrawal | Problem:
    """Sends coins. Under an Idempotency-Key the same request is done once, for ever: the ledger takes a transfer's id once.
    `asset-unknown`, `no-network`, `coin-address-invalid`, `too-many-decimals`, `amount-too-large`, `withdrawal-too-small`,
    `insufficient-funds`, `proof-required`."""
    asset = _asset(call, body.asset)
    if isinstance(asset, Problem):
        return asset
    atoms = atoms_of(body.amount, asset)
    if isinstance(atoms, Problem):
        return atoms
    services, account = call.context.services, call.account
    number = _number(call, "native-withdrawal")
    outcome = await services.wallet.request_withdrawal(account, asset.id, atoms, body.address, call.caller.meta(), number)
    if isinstance(outcome, WalletRejection):
        return of_wallet(outcome)
    if outcome.code not in (RejectReason.OK, RejectReason.TRANSFER_ID_USED):
        return of_core(outcome.code)
    # The wallet's view follows durable frames: what it shows then has the request in it.
    await services.durable()
    item = services.wallet.withdrawal(number)
    if item is None or item.account != account:
        return problem(Code.UNAVAILABLE)
    same = (item.asset, item.amount, item.address) == (asset.id, atoms, body.address)
    return _withdrawal(call, item) if same else problem(Code.IDEMPOTENCY_KEY_REUSED)


def _number(call: Call, what: str) -> int:
    """A transfer's id: what follows from the Idempotency-Key, so that it is done once for ever, or else a new one."""
    if call.idempotency_key:
        return transfer_id(what, call.account, call.idempotency_key)
    return int.from_bytes(call.context.services.entropy(f"{what}/{call.context.next_number()}", 16), "big") or 1


def _own_withdrawal(call: Call, text: str) -> Withdrawal | None:
    number = hex_number(text)
    item = call.context.services.wallet.withdrawal(number) if number else None
    return item if item is not None and item.account == call.account else None


def hex_number(text: str) -> int:
    """Of 32 hex digits; 0 for anything else."""
    return int(text, 16) if len(text) == 32 and all(each in "0123456789abcdef" for each in text) else 0


def list_withdrawals(call: Call, *, query: PageQuery) -> Page[api.Withdrawal]:
    """Coins on their way out, newest first."""
    part, following = _page(call.context.services.wallet.withdrawals(call.account), query)
    return Page(rows=[_withdrawal(call, item) for item in part], next=following)


def find_withdrawal(call: Call, *, withdrawal: str) -> api.Withdrawal | Problem:
    """One of them. `not-found`."""
    item = _own_withdrawal(call, withdrawal)
    return problem(Code.NOT_FOUND) if item is None else _withdrawal(call, item)


async def cancel_withdrawal(call: Call, *, withdrawal: str) -> api.Withdrawal | Problem:
    """Takes the money back if the coins have not left. `not-found`, `not-cancellable`."""
    item = _own_withdrawal(call, withdrawal)
    if item is None:
        return problem(Code.NOT_FOUND)
    services = call.context.services
    outcome = await services.wallet.cancel_withdrawal(item.transfer_id, call.caller.meta())
    if isinstance(outcome, WalletRejection):
        return of_wallet(outcome)
    if outcome.code:
        return of_core(outcome.code)
    await services.durable()
    return _withdrawal(call, services.wallet.withdrawal(item.transfer_id) or item)


def _withdrawal(call: Call, item: Withdrawal) -> api.Withdrawal:
    asset = call.context.listings.asset_of(item.asset)
    awaiting = item.state == WithdrawalState.WAITING and item.approval == Approval.AWAITED
    words = {WithdrawalState.CANCELLED: "cancelled", WithdrawalState.DONE: "done", WithdrawalState.UNCONFIRMED: "sent"}
    return api.Withdrawal(
        id=f"{item.transfer_id:032x}",
        asset=asset.code,
        amount=atoms_text(item.amount, asset),
        fee=atoms_text(item.fee, asset),
        address=item.address,
        txid=item.txid,
        status="approval" if awaiting else words.get(item.state, "waiting"),  # type: ignore[arg-type]  # those are the words
        created=item.requested,
        updated=item.changed,
    )


# --- to other users -----------------------------------------------------------------------------------------------------------
async def send_transfer(call: Call, *, body: api.SendTransfer) -> api.Transfer | Problem:
    """Sends money to another user of this venue, at once and for good. `asset-unknown`, `too-many-decimals`, `user-unknown`,
    `own-transfer`, `amount-too-large`, `insufficient-funds`, `proof-required`, `rate-limited` for more than the venue allows in a day."""
    context, account = call.context, call.account
    asset = _asset(call, body.asset)
    if isinstance(asset, Problem):
        return asset
    atoms = atoms_of(body.amount, asset)
    if isinstance(atoms, Problem):
        return atoms
    wait = context.daily.admit("transfers", account=account)
    if wait:
        return rate_limited(wait)
    receiver = await asyncio.to_thread(context.services.directory.user, body.receiver)
    if receiver is None:
        return problem(Code.USER_UNKNOWN, field="receiver")
    if receiver.account == account:
        return problem(Code.OWN_TRANSFER, field="receiver")
    number = _number(call, "native-transfer")
    commands, meta = context.services.commands, call.caller.meta()
    outcome = await send_to_user(commands, number, account, receiver.account, asset.id, atoms, meta)
    if outcome.code not in (RejectReason.OK, RejectReason.TRANSFER_ID_USED):
        return of_core(outcome.code)
    await context.history_caught_up()
    sent = await context.services.history.transfer(number)
    if sent is None:
        return problem(Code.UNAVAILABLE)
    same = (sent.source, sent.destination, sent.asset, sent.amount) == (account, receiver.account, asset.id, atoms)
    return _transfer(call, sent, {receiver.account: receiver.name}) if same else problem(Code.IDEMPOTENCY_KEY_REUSED)


# --- transfers --------------------------------------------------------------------------------------------------------------
async def list_transfers(call: Call, *, query: api.TransfersQuery) -> Page[api.Transfer] | Problem:
    """All money that moved without a trade, newest first. `asset-unknown`."""
    asset = _asset(call, query.asset) if query.asset is not None else None
    if isinstance(asset, Problem):
        return asset
    kind = TransferKind[query.kind.upper().replace("-", "_")] if query.kind is not None else None
    await call.context.history_caught_up()
    page = history_page(query)
    number = asset.id if asset is not None else None
    found = await call.context.services.history.transfers(call.account, page, asset=number, kind=kind)
    part, following = cut(found, query.limit, lambda transfer: transfer.source_entry)
    names = await _counterparties(call, part)
    return Page(rows=[_transfer(call, transfer, names) for transfer in part], next=following)


async def find_transfer(call: Call, *, transfer: str) -> api.Transfer | Problem:
    """One of them. `not-found`."""
    number = hex_number(transfer)
    await call.context.history_caught_up()
    found = await call.context.services.history.transfer(number) if number else None
    if found is None or call.account not in (found.source, found.destination):
        return problem(Code.NOT_FOUND)
    return _transfer(call, found, await _counterparties(call, [found]))


async def _counterparties(call: Call, transfers: Sequence[Transfer]) -> Mapping[int, str]:
    """The names of those to whom, or from whom, one sent money by name."""
    between = [transfer for transfer in transfers if is_user_transfer(transfer.kind, transfer.memo)]
    return await names_of(call.context, {account for each in between for account in (each.source, each.destination)} - {call.account})


def _transfer(call: Call, transfer: Transfer, names: Mapping[int, str]) -> api.Transfer:
    asset = call.context.listings.asset_of(transfer.asset)

    incoming = transfer.destination == call.account
    other = transfer.source if incoming else transfer.destination

    def word(name: str) -> str | None:
        found = transfer.memo.get(name)
        return found if isinstance(found, str) else None

    return api.Transfer(
        id=f"{transfer.id:032x}",
        kind=TransferKind(transfer.kind).name.lower().replace("_", "-"),
        direction="in" if incoming else "out",
        asset=asset.code,
        amount=atoms_text(transfer.amount, asset),
        status=STATUS_WORDS[transfer.status],
        address=word("address"),
        txid=word("txid"),
        counterparty=names.get(other) if is_user_transfer(transfer.kind, transfer.memo) else None,
        created=transfer.created,
        updated=transfer.updated,
    )


# --- coupons ----------------------------------------------------------------------------------------------------------------
async def create_coupon(call: Call, *, body: api.CreateCoupon) -> api.CouponCreated | Problem:
    """Turns money into a code. `asset-unknown`, `too-many-decimals`, `amount-too-large`, `user-unknown`, `insufficient-funds`,
    `coupon-code-used`, `proof-required`, `rate-limited` for more than the venue allows in a day."""
    context, account = call.context, call.account
    asset = _asset(call, body.asset)
    if isinstance(asset, Problem):
        return asset
    atoms = atoms_of(body.amount, asset)
    if isinstance(atoms, Problem):
        return atoms
    receiver = await asyncio.to_thread(context.services.directory.user, body.receiver) if body.receiver is not None else None
    if body.receiver is not None and receiver is None:
        return problem(Code.USER_UNKNOWN, field="receiver")
    wait = context.daily.admit("coupons", account=account)
    if wait:
        return rate_limited(wait)
    code = body.code or _new_code(call, asset.code)
    whom = receiver.account if receiver is not None else ANYBODY
    done = await context.coupons.create(account, asset.id, atoms, code, receiver=whom, meta=call.caller.meta())
    if done.outcome.code == RejectReason.TRANSFER_ID_USED:
        before = await _created_before(call, code, asset, atoms, whom)
        return before if before is not None else problem(Code.COUPON_CODE_USED)
    return of_core(done.outcome.code) if done.outcome.code else _created(code, asset, atoms)


def _new_code(call: Call, asset: str) -> str:
    drawn = call.context.services.entropy(f"native-coupon/{call.context.next_number()}", CODE_BYTES).hex().upper()
    return f"CAMBIST-{asset}-" + "-".join(drawn[first : first + 10] for first in range(0, len(drawn), 10))


def _created(code: str, asset: _core.AssetSpec, atoms: int) -> api.CouponCreated:
    number = coupon_transfer("create", code_hash(code))
    return api.CouponCreated(code=code, asset=asset.code, amount=atoms_text(atoms, asset), transfer_id=f"{number:032x}")


async def _created_before(call: Call, code: str, asset: _core.AssetSpec, atoms: int, receiver: int) -> api.CouponCreated | None:
    """The coupon of that code when it is the very one that is asked for, by the same account."""
    await call.context.history_caught_up()
    found = await call.context.services.history.transfer(coupon_transfer("create", code_hash(code)))
    same = found is not None and (found.source, found.asset, found.amount) == (call.account, asset.id, atoms)
    if found is None or not same or found.memo.get("receiver", ANYBODY) != receiver:
        return None
    return _created(code, asset, atoms)


async def redeem_coupon(call: Call, *, body: api.RedeemCoupon) -> api.CouponRedeemed | Problem:
    """Turns a code into money, once. `coupon-invalid`, `coupon-redeemed`. Who redeemed it themselves is answered as the first time."""
    context = call.context
    coupon = await context.coupons.find(body.code, context.services.history)
    if coupon is None:
        return problem(Code.COUPON_INVALID)
    done = await context.coupons.redeem(call.account, coupon, meta=call.caller.meta())
    if isinstance(done, CouponRejection):
        return problem(Code.COUPON_INVALID)
    number = coupon_transfer("redeem", coupon.hash)
    if done.outcome.code == RejectReason.TRANSFER_ID_USED:
        await context.history_caught_up()
        before = await context.services.history.transfer(number)
        if before is None or before.destination != call.account:
            return problem(Code.COUPON_REDEEMED)
    elif done.outcome.code:
        return of_core(done.outcome.code)
    asset = context.listings.asset_of(coupon.asset)
    return api.CouponRedeemed(asset=asset.code, amount=atoms_text(coupon.amount, asset), transfer_id=f"{number:032x}")


async def list_coupons(call: Call, *, query: PageQuery) -> Page[api.Coupon]:
    """Coupons that one made, newest first, and whether they were redeemed."""
    await call.context.history_caught_up()
    page = history_page(query)
    found = await call.context.services.history.transfers(call.account, page, kind=TransferKind.COUPON_CREATE)
    part, following = cut(found, query.limit, lambda transfer: transfer.source_entry)
    names = await names_of(call.context, {int(transfer.memo.get("receiver", ANYBODY)) for transfer in part} - {ANYBODY})
    return Page(rows=[_coupon(call, transfer, names) for transfer in part], next=following)


def _coupon(call: Call, transfer: Transfer, names: Mapping[int, str]) -> api.Coupon:
    services = call.context.services
    asset = call.context.listings.asset_of(transfer.asset)
    return api.Coupon(
        transfer_id=f"{transfer.id:032x}",
        asset=asset.code,
        amount=atoms_text(transfer.amount, asset),
        receiver=names.get(int(transfer.memo.get("receiver", ANYBODY))),
        redeemed=services.view.transfer_used(coupon_transfer("redeem", str(transfer.memo.get("coupon", "")))),
        created=transfer.created,
    )
