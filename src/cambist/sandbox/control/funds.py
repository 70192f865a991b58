"""`/sandbox/funds` and `/sandbox/deposits`: money of any account, given, taken, or paid in over the simulated coin network."""

from __future__ import annotations

import msgspec

from cambist import _core
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId
from cambist.operations import funds
from cambist.operations.context import SimulatedNetwork
from cambist.operations.operation import OperatorCall
from cambist.operations.rejections import of_core
from cambist.sandbox.control.operations import AnyBound, Bound, Operation, Refused
from cambist.sandbox.control.operator_calls import Calls, granted
from cambist.wallet import CoinPortUnavailable

PATH = "/sandbox/funds"
DEPOSITS = "/sandbox/deposits"
BLOCKS = "/sandbox/blocks"
ALL = "all"
MOST_BLOCKS = 1_000
STEPS = 5
"""Of a deposit from the network to the account, at most: each becomes known to the next with a durable frame."""


class OfAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose."""

    account: str
    """A user's name, or `@17` for the account of number 17."""


class Faucet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At least one of `give` and `take`."""

    account: str
    """A user's name, or `@17` for the account of number 17."""
    give: str = ""
    """Amounts as in `BTC=1.5,USD=1000`."""
    take: str = ""
    """The same, or `all`: whatever is available. What open orders hold is not taken."""


class AssetFunds(msgspec.Struct, frozen=True):
    """Decimal texts: what can be spent, and what open orders and withdrawals under way hold."""

    asset: str
    available: str
    held: str


class Funds(msgspec.Struct, frozen=True):
    """The assets that the account ever had, in the venue's order."""

    account: int
    funds: list[AssetFunds]


class Deposit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody pays to an account's address."""

    account: str
    """A user's name, or `@17` for the account of number 17."""
    asset: str
    """A coin, such as BTC."""
    amount: str
    """A decimal text."""
    blocks: int = 0
    """So many blocks are found at once, so that it is confirmed without waiting."""


class Deposited(msgspec.Struct, frozen=True):
    """`confirmations`: as many as the transaction has now. It is credited once it has as many as the configuration asks for."""

    asset: str
    amount: str
    address: str
    txid: str
    confirmations: int


class Blocks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Blocks that are found now, beside those that come by the clock."""

    asset: str
    """The coin whose network finds them, such as BTC."""
    count: int = 1
    """How many."""


class Mined(msgspec.Struct, frozen=True):
    """So many blocks were found; deposits that have confirmations enough now are credited."""

    asset: str
    count: int


SHOW = Operation("funds", "GET", PATH + "/{account}", OfAccount, Funds, "Says what an account has.")
CHANGE = Operation("fund", "POST", PATH, Faucet, Funds, "Gives money to an account, or takes some from it, through the ledger.")
DEPOSIT = Operation("deposit", "POST", DEPOSITS, Deposit, Deposited, "Pays coins to an account over the simulated coin network.")
MINE = Operation("mine", "POST", BLOCKS, Blocks, Mined, "Has the simulated coin network find blocks now.")


class FundsOperations:
    """Money of any account."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def bound(self) -> list[AnyBound]:
        return [Bound(SHOW, self._show), Bound(CHANGE, self._change), Bound(DEPOSIT, self._deposit), Bound(MINE, self._mine)]

    def _show(self, asked: OfAccount) -> Funds:
        call = self._calls()
        return _funds(call, granted(call.account(asked.account)))

    async def _change(self, faucet: Faucet) -> Funds:
        call = self._calls()
        account = granted(call.account(faucet.account))
        if not (faucet.give or faucet.take):
            raise Refused('name amounts to give or to take, as in "BTC=1.5,USD=1000"')
        if account < _core.FIRST_USER_ACCOUNT:
            raise Refused(f"{faucet.account} is one of the venue's own accounts")
        assets = call.context.view.assets()
        given = granted(funds.parse_amounts(assets, faucet.give)) if faucet.give else []
        taken = _everything(call, account) if faucet.take == ALL else _available(call, account, faucet.take) if faucet.take else []
        if given:
            granted(await funds.credit(call, account, given, None))
        for position, (asset, atoms) in enumerate(taken):
            drawn = call.context.entropy(f"drain/{call.context.view.seq}/{position}", 16)
            number = int.from_bytes(drawn, "little") or 1
            commands, kind = call.context.commands, TransferKind.ADJUSTMENT
            done = await commands.transfer(number, account, _core.WORLD, asset.id, kind, atoms, meta=call.meta())
            if done.outcome.code != RejectReason.OK:
                granted(of_core(done.outcome.code, f"{_core.format_units(atoms, asset.scale)} {asset.code}"))
        return _funds(call, account)

    async def _deposit(self, deposit: Deposit) -> Deposited:
        call = self._calls()
        if not 0 <= deposit.blocks <= MOST_BLOCKS:
            raise Refused(f"blocks: 0 to {MOST_BLOCKS}")
        paid = granted(await funds.simulate_deposit(call, funds.SimulateDeposit(deposit.account, deposit.asset, deposit.amount)))
        network = _network(call)
        try:
            if deposit.blocks:
                network.mine(paid.asset, deposit.blocks)
            confirmations = network.confirmations(paid.asset, paid.txid) or 0
        except CoinPortUnavailable as error:
            raise Refused(str(error), 503) from None
        await _move_coins(call)
        return Deposited(paid.asset, paid.amount, paid.address, paid.txid, confirmations)

    async def _mine(self, blocks: Blocks) -> Mined:
        call = self._calls()
        asset, network = blocks.asset.upper(), _network(call)
        if call.context.catalogue.assets.by_code(asset) is None or not network.serves(asset):
            raise Refused(f"there is no coin {blocks.asset} with a network", 404)
        if not 0 < blocks.count <= MOST_BLOCKS:
            raise Refused(f"count: 1 to {MOST_BLOCKS}")
        try:
            network.mine(asset, blocks.count)
        except CoinPortUnavailable as error:
            raise Refused(str(error), 503) from None
        await _move_coins(call)
        return Mined(asset, blocks.count)


def _network(call: OperatorCall) -> SimulatedNetwork:
    network = call.context.simulated_network
    if network is None:
        raise Refused("this sandbox has no simulated coin network", 409)
    return network


async def _move_coins(call: OperatorCall) -> None:
    """Has the wallet look at once, as far as it gets: a manual clock stands still."""
    for _ in range(STEPS):
        await call.context.wallet.run_due(call.context.scheduler.now())
        await call.durable()


def _funds(call: OperatorCall, account: AccountId) -> Funds:
    view = call.context.view
    assets = view.assets()
    rows = []
    for balance in view.balances(account):
        spec = assets[balance.asset]
        available, held = (_core.format_units(atoms, spec.scale) for atoms in (balance.available, balance.held))
        rows.append(AssetFunds(spec.code, available, held))
    return Funds(account, rows)


def _everything(call: OperatorCall, account: AccountId) -> funds.Amounts:
    view = call.context.view
    assets = view.assets()
    return [(assets[balance.asset], balance.available) for balance in view.balances(account) if balance.available]


def _available(call: OperatorCall, account: AccountId, text: str) -> funds.Amounts:
    """The amounts. Refused when the account has less of any."""
    view = call.context.view
    amounts = granted(funds.parse_amounts(view.assets(), text))
    for spec, atoms in amounts:
        available, _held = view.balance(account, spec.id)
        if atoms > available:
            has, wanted = _core.format_units(available, spec.scale), _core.format_units(atoms, spec.scale)
            raise Refused(f"the account has {has} {spec.code} available, not {wanted}: nothing was given or taken", 409)
    return amounts
