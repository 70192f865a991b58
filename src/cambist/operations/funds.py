"""Money from the outside world: credited by hand, or paid to an address on the simulated coin network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from cambist import _core
from cambist.domain.number_texts import units_of
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId
from cambist.operations.operation import Effect, Holder, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected, not_found, of_core, of_wallet
from cambist.wallet import CoinPortUnavailable, WalletRejection

Amounts = list[tuple[_core.AssetSpec, int]]


class Fund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`amounts` as in "BTC=1.5,USD=1000". `reference`: the operator's own text, good once for an account and an asset."""

    user: Holder
    amounts: str
    reference: str | None = None


class Credited(msgspec.Struct, frozen=True):
    """`repeated`: the same was done before under this reference, so nothing was done now."""

    asset: str
    amount: str
    repeated: bool


async def fund(call: OperatorCall, request: Fund) -> list[Credited] | Rejected:
    """Credits an account: every amount or, when one is rejected here, none. What the core refuses ends it; what came before that stays.

    `user-unknown`, `account-unknown`, `amount-invalid`, `asset-unknown`, `reference-used` (for another amount), the core's rejections.
    """
    account = call.account(request.user)
    if isinstance(account, Rejected):
        return account
    amounts = parse_amounts(call.context.view.assets(), request.amounts)
    if isinstance(amounts, Rejected):
        return amounts
    return await credit(call, account, amounts, request.reference)


async def credit(call: OperatorCall, account: AccountId, amounts: Amounts, reference: str | None) -> list[Credited] | Rejected:
    """As `fund`, of an account and atoms. With a reference each asset is credited at most once for this account and text."""
    ids = [_transfer_id(call, account, asset, reference, position) for position, (asset, _) in enumerate(amounts)]
    known = [call.context.view.transfer_used(transfer_id) for transfer_id in ids]
    if any(known):
        await call.context.history_caught_up()
    for transfer_id, (asset, atoms), repeated in zip(ids, amounts, known, strict=True):
        before = await call.context.history.transfer(transfer_id) if repeated else None
        if before is not None and before.amount != atoms:
            was = _core.format_units(before.amount, asset.scale)
            return Rejected(
                "reference-used",
                Kind.CONFLICT,
                f'the reference "{reference}" stands for {was} {asset.code} to this account already: nothing was credited',
            )
    credited = []
    for transfer_id, (asset, atoms), repeated in zip(ids, amounts, known, strict=True):
        if not repeated:
            done = await call.context.commands.transfer(
                transfer_id, _core.WORLD, account, asset.id, TransferKind.DEPOSIT, atoms, meta=call.meta()
            )
            if done.outcome.code != RejectReason.OK:
                return of_core(done.outcome.code, f"{_core.format_units(atoms, asset.scale)} {asset.code}")
        credited.append(Credited(asset.code, _core.format_units(atoms, asset.scale), repeated))
    return credited


def _transfer_id(call: OperatorCall, account: AccountId, asset: _core.AssetSpec, reference: str | None, position: int) -> int:
    if reference is None:
        digest = call.context.entropy(f"fund/{call.context.view.seq}/{position}", 16)
    else:
        text = f"{account}/{asset.id}/{reference}".encode()
        digest = hashlib.blake2b(text, digest_size=16, person=b"cambist funding").digest()
    return int.from_bytes(digest, "little") or 1


def parse_amounts(specs: Sequence[_core.AssetSpec], text: str) -> Amounts | Rejected:
    """ "BTC=1.5,USD=1000" as assets and atoms, each asset once. `amount-invalid`, `asset-unknown` name the part that is wrong."""
    assets = {spec.code: spec for spec in specs}
    found: dict[str, tuple[_core.AssetSpec, int]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        code, equals, amount = part.partition("=")
        spec = assets.get(code.strip().upper())
        if not equals:
            return Rejected("amount-invalid", Kind.MALFORMED, f'"{part}": write amounts as in "BTC=1.5,USD=1000"')
        if spec is None:
            return not_found("asset", code.strip(), f"; known: {', '.join(assets)}")
        if spec.code in found:
            return Rejected("amount-invalid", Kind.MALFORMED, f"{spec.code} is named twice")
        atoms = parse_amount(spec, amount)
        if isinstance(atoms, Rejected):
            return atoms
        found[spec.code] = (spec, atoms)
    if not found:
        return Rejected("amount-invalid", Kind.MALFORMED, 'name at least one amount, as in "BTC=1.5,USD=1000"')
    return list(found.values())


def parse_amount(spec: _core.AssetSpec, text: str) -> int | Rejected:
    """Atoms of a decimal text above zero. `amount-invalid`."""
    atoms = units_of(text, spec.scale, _core.MAX_ATOMS)
    if isinstance(atoms, str):
        return Rejected("amount-invalid", Kind.MALFORMED, f'"{text}" is no amount of {spec.code}: it {atoms}')
    return atoms


class SimulateDeposit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`amount` in coins, as decimal text."""

    user: Holder
    asset: str
    amount: str


class DepositSimulated(msgspec.Struct, frozen=True):
    """It is credited once its transaction has enough confirmations."""

    asset: str
    amount: str
    address: str
    txid: str


async def simulate_deposit(call: OperatorCall, request: SimulateDeposit) -> DepositSimulated | Rejected:
    """Somebody on the simulated coin network pays to the account's deposit address, which is made when there is none.

    `no-simulated-network` on a venue whose coins are real; `user-unknown`, `asset-unknown`, `amount-invalid`, the wallet's rejections.
    """
    network = call.context.simulated_network
    if network is None:
        return Rejected("no-simulated-network", Kind.REFUSED, "this venue's coins are real: nobody can make a deposit up")
    account = call.account(request.user)
    if isinstance(account, Rejected):
        return account
    spec = call.context.catalogue.assets.by_code(request.asset.upper())
    if spec is None:
        return not_found("asset", request.asset)
    atoms = parse_amount(spec, request.amount)
    if isinstance(atoms, Rejected):
        return atoms
    if atoms % 10 ** (spec.scale - spec.display_scale):
        return of_wallet(WalletRejection.AMOUNT_TOO_FINE)
    address = call.context.wallet.address_of(account, spec.id)
    if address is None:
        if account < _core.FIRST_USER_ACCOUNT:
            return not_found("account", request.user, " that may have a deposit address")
        made = await call.context.wallet.new_address(account, spec.id)
        if isinstance(made, WalletRejection):
            return of_wallet(made)
        address = made
        await call.durable()
    amount = _core.format_units(atoms, spec.scale)
    try:
        return DepositSimulated(spec.code, amount, address, network.simulate_deposit(address, amount))
    except CoinPortUnavailable:
        return of_wallet(WalletRejection.UNAVAILABLE)


OPERATIONS = (
    Operation("fund", Fund, fund, Effect.CHANGE, proof=True),
    Operation("deposit.simulate", SimulateDeposit, simulate_deposit, Effect.CHANGE, proof=True),
)
