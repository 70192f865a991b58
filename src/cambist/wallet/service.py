"""The wallet service: coins coming in and going out, every step of it a transfer in the ledger.

A deposit: seen on the network -> pending transfer world -> account -> enough confirmations -> posted (or voided when it can never
confirm). A withdrawal: pending transfer account -> withdrawals -> sent -> posted -> confirmed -> settled withdrawals -> world.

Restart-safe by three rules. The service acts outside only on what its view learned from durable frames, so a crash cannot take back the
hold behind a payment. Whatever it does outside carries the transfer id as reference, so doing it again is doing nothing. Whatever it
books has an id that follows from the outside fact, and the core refuses a second one. A crash between any two steps is therefore
followed by the same steps again, and each happens once.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from cambist import _core
from cambist.domain.events import MONEY_MOVED
from cambist.domain.meta import Meta
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.state_parts import Serial, StateParts
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId
from cambist.exchange.commands import Commands
from cambist.exchange.view import View

from .port import Broadcast, ChainBlock, ChainTransaction, CoinPort, CoinPortUnavailable, Incoming, SendRejected
from .values import (
    Approval,
    AssetPolicy,
    Deposit,
    Entropy,
    MovementRejected,
    WalletRejection,
    WalletUnreadable,
    Withdrawal,
    WithdrawalState,
    deposit_id,
    fee_id,
    settlement_id,
)
from .view import WalletView

if TYPE_CHECKING:
    from cambist._core import AssetSpec, Outcome

_PAUSE = 10_000_000
"""How long an asset rests after its node could not be reached, µs."""
_NO_META = Meta()
_Open = TypeVar("_Open", Withdrawal, Deposit)
_Found = TypeVar("_Found")


class WalletService:
    """Deposit addresses, deposits and withdrawals of all accounts. Belongs to the event-loop thread.

    Feed it with `apply` (durable frames, in order) and call `run_due` every second or so. After a start: `apply` everything after
    `applied_seq` first, then `run_due`. `flush` now and then, before snapshots and at the end; `close` releases `wallet.sqlite`.
    """

    def __init__(
        self,
        view: WalletView,
        commands: Commands,
        exchange: View,
        port: CoinPort,
        entropy: Entropy,
        policies: Mapping[str, AssetPolicy] | None = None,
        default_policy: AssetPolicy = AssetPolicy(),  # noqa: B008 - frozen
        most_addresses: int = 10_000,
        state_parts: StateParts | None = None,
    ) -> None:
        """`view`: addresses, deposits and withdrawals as folded so far. `exchange`: its state. `policies` by asset code."""
        self._commands = commands
        self._exchange = exchange
        self._port = port
        self._entropy = entropy
        self._draws = Serial(StateParts() if state_parts is None else state_parts, "withdrawals")
        self._policies = dict(policies or {})
        self._default_policy = default_policy
        self._most_addresses = most_addresses
        self._view = view
        self._specs: dict[int, AssetSpec] = {}
        self._paused: dict[str, int] = {}

    # --- the journal's view -------------------------------------------------------------------------------------------------
    @property
    def applied_seq(self) -> int:
        """Every command up to here is folded in; the journal is read from the next one on."""
        return self._view.applied_seq

    @property
    def folded_from(self) -> int:
        """The fingerprint of the view's journal; 0 while it does not say."""
        return self._view.folded_from

    def adopt(self, journal: int) -> None:
        """Writes that fingerprint down."""
        self._view.adopt(journal)

    def copy_to(self, file: Path) -> None:
        """Writes what the view's file has into a new one. From any thread. OSError, sqlite3.Error."""
        self._view.copy_to(file)

    event_filter = MONEY_MOVED
    """The events that `apply` looks at."""

    def apply(self, events: Sequence[object], through: int = 0) -> None:
        """Folds the events of durable frames, in order. Twice is harmless, a gap is a ValueError.

        `through`: what is not wanted is left out of the events, which are those of every command after the last frame up to this one.
        """
        self._view.apply(events, through)

    def flush(self) -> None:
        """Writes the view and its `applied_seq`."""
        self._view.flush()

    def close(self) -> None:
        """Releases the file; flush before, or the next start reads more of the journal. Idempotent."""
        self._view.close()

    # --- addresses ----------------------------------------------------------------------------------------------------------
    def address_of(self, account: AccountId, asset: AssetId) -> str | None:
        """The account's newest deposit address; None when none was generated."""
        return self._view.address_of(account, asset)

    async def new_address(self, account: AccountId, asset: AssetId) -> str | WalletRejection:
        """Generates a deposit address; earlier ones stay good. ASSET_UNKNOWN, NO_NETWORK, TOO_MANY_ADDRESSES, UNAVAILABLE.

        IndexError: no such account.
        """
        spec = self._spec(asset)
        if spec is None:
            return WalletRejection.ASSET_UNKNOWN
        if not self._port.serves(spec.code):
            return WalletRejection.NO_NETWORK
        if not _core.FIRST_USER_ACCOUNT <= account < self._exchange.accounts:
            raise IndexError(f"account {account} does not exist or is a system account")
        given = self._view.addresses_given(account, asset)
        if given >= self._most_addresses:
            return WalletRejection.TOO_MANY_ADDRESSES
        label = f"account-{account}/{given}"
        try:
            address = self._port.new_address(spec.code, label)
        except CoinPortUnavailable:
            return WalletRejection.UNAVAILABLE
        # Journaled, because an address that people pay to must outlive every view.
        noted = await self._commands.note(Meta(memo={"deposit_address": address, "account": account, "asset": asset}))
        if noted.outcome.code != RejectReason.OK:
            return WalletRejection.UNAVAILABLE
        self._view.remember_address(account, asset, address)
        return address

    def valid_address(self, asset: AssetId, text: str) -> bool:
        """Whether the text is an address of the asset's network."""
        spec = self._spec(asset)
        return spec is not None and self._port.valid_address(spec.code, text)

    def coin_rules(self, asset: AssetId) -> tuple[AssetPolicy, int] | None:
        """The rules of an asset's network and the smallest withdrawal that it takes, in atoms; None where the asset has no network."""
        spec = self._spec(asset)
        if spec is None or not self._port.serves(spec.code):
            return None
        policy, unit = self._policy(spec), _coin_unit(spec)
        sent = max(policy.minimum - policy.fee, 1)
        return policy, policy.fee + -(-sent // unit) * unit

    # --- what anybody may see of a network ------------------------------------------------------------------------------------
    def transaction(self, asset: AssetId, txid: str) -> ChainTransaction | WalletRejection | None:
        """A transaction by its id, None when there is none. ASSET_UNKNOWN, NO_NETWORK, UNAVAILABLE."""
        return self._looked_up(asset, lambda code: self._port.transaction(code, txid))

    def block(self, asset: AssetId, block: str | int) -> ChainBlock | WalletRejection | None:
        """A block by its id or height, None when there is none. ASSET_UNKNOWN, NO_NETWORK, UNAVAILABLE."""
        return self._looked_up(asset, lambda code: self._port.block(code, block))

    def payments_to(self, asset: AssetId, address: str) -> list[ChainTransaction] | WalletRejection:
        """What was paid to an address, anybody's: oldest first, the newest 100. ASSET_UNKNOWN, NO_NETWORK, UNAVAILABLE."""
        return self._looked_up(asset, lambda code: self._port.payments_to(code, address))

    def _looked_up(self, asset: AssetId, look: Callable[[str], _Found]) -> _Found | WalletRejection:
        spec = self._spec(asset)
        if spec is None:
            return WalletRejection.ASSET_UNKNOWN
        if not self._port.serves(spec.code):
            return WalletRejection.NO_NETWORK
        try:
            return look(spec.code)
        except CoinPortUnavailable:
            return WalletRejection.UNAVAILABLE

    # --- withdrawals and deposits -------------------------------------------------------------------------------------------
    async def request_withdrawal(
        self, account: AccountId, asset: AssetId, atoms: int, address: str, meta: Meta = _NO_META, transfer_id: int | None = None
    ) -> "Outcome | WalletRejection":
        """Holds `atoms` (the fee is part of them) for sending to `address`; the rest happens in `run_due` once the hold is durable.

        The core's Outcome when the core was asked (its `code` may be INSUFFICIENT_FUNDS ...; `id` is the ledger entry), before that
        ASSET_UNKNOWN, NO_NETWORK, ADDRESS_INVALID, AMOUNT_TOO_SMALL, AMOUNT_TOO_FINE, and nothing happened. `meta`'s memo gains
        `address`, `fee` and, when an operator must approve it first, `approval`. `transfer_id`: a caller's own id makes a retry
        harmless; by default a fresh one is drawn.
        """
        spec = self._spec(asset)
        if spec is None:
            return WalletRejection.ASSET_UNKNOWN
        if not self._port.serves(spec.code):
            return WalletRejection.NO_NETWORK
        if not self._port.valid_address(spec.code, address):
            return WalletRejection.ADDRESS_INVALID
        policy = self._policy(spec)
        if atoms < policy.minimum or atoms <= policy.fee:
            return WalletRejection.AMOUNT_TOO_SMALL
        if (atoms - policy.fee) % _coin_unit(spec):
            return WalletRejection.AMOUNT_TOO_FINE
        if transfer_id is None:
            # The counter tells requests apart that come before the first of them is applied.
            drawn = self._entropy(f"withdrawal/{self._exchange.seq}/{self._draws()}", 16)
            transfer_id = int.from_bytes(drawn, "big") or 1
        memo = {**(meta.memo or {}), "address": address}
        if policy.fee:
            memo["fee"] = str(policy.fee)
        if policy.approve_above is not None and atoms > policy.approve_above:
            memo["approval"] = 1
        held = await self._commands.transfer(
            transfer_id,
            account,
            _core.WITHDRAWALS,
            asset,
            TransferKind.WITHDRAWAL,
            atoms,
            pending=True,
            meta=msgspec.structs.replace(meta, memo=memo),
        )
        return held.outcome

    async def approve_withdrawal(self, transfer_id: int, meta: Meta = _NO_META) -> "Outcome | WalletRejection":
        """Lets a withdrawal go that was too large to go by itself. NOT_AWAITED. `meta`'s memo gains `withdrawal_approved`."""
        item = self._view.open_withdrawals.get(transfer_id)
        if item is None or item.state != WithdrawalState.WAITING or item.approval != Approval.AWAITED:
            return WalletRejection.NOT_AWAITED
        memo = {**(meta.memo or {}), "withdrawal_approved": _reference(transfer_id)}
        return (await self._commands.note(msgspec.structs.replace(meta, memo=memo))).outcome

    async def cancel_withdrawal(self, transfer_id: int, meta: Meta = _NO_META) -> "Outcome | WalletRejection":
        """Gives the money back if the coins have not left. NOT_CANCELLABLE, UNAVAILABLE."""
        item = self._view.open_withdrawals.get(transfer_id)
        if item is None or item.state != WithdrawalState.WAITING:
            return WalletRejection.NOT_CANCELLABLE
        try:
            # The port first: once it has promised, a crash before the void is repaired by the next tick, which gets its rejection.
            if not self._port.cancel(_reference(transfer_id)):
                return WalletRejection.NOT_CANCELLABLE
        except CoinPortUnavailable:
            return WalletRejection.UNAVAILABLE
        return (await self._commands.void(transfer_id, meta=meta)).outcome

    def withdrawal(self, transfer_id: int) -> Withdrawal | None:
        """As of `applied_seq`."""
        return self._view.withdrawal(transfer_id)

    def withdrawals(self, account: AccountId) -> list[Withdrawal]:
        """The account's, newest first, as of `applied_seq`."""
        return self._view.withdrawals(account)

    def newest_withdrawals(self, limit: int) -> list[Withdrawal]:
        """Of all accounts, newest first, as of `applied_seq`."""
        return self._view.newest_withdrawals(limit)

    def awaiting_approval(self) -> list[Withdrawal]:
        """Withdrawals that an operator must approve or refuse, oldest first, as of `applied_seq`."""
        waiting = (item for item in self._view.open_withdrawals.values() if item.approval == Approval.AWAITED)
        return sorted(waiting, key=lambda item: item.requested)

    def deposit(self, transfer_id: int) -> Deposit | None:
        """As of `applied_seq`."""
        return self._view.deposit(transfer_id)

    def deposits(self, account: AccountId) -> list[Deposit]:
        """The account's, newest first, as of `applied_seq`."""
        return self._view.deposits(account)

    # --- moving on ------------------------------------------------------------------------------------------------------------
    async def run_due(self, now: int) -> list[MovementRejected]:
        """Takes every deposit and withdrawal as far as it can go at µs `now`. Returns what the core refused; normally nothing.

        What it books becomes known to the view with the next durable frame, so a payment needs a few calls. WalletUnreadable when the
        view is of another, longer journal.
        """
        if self.applied_seq > self._exchange.seq:
            # Only a journal that was put back to an older state does this; the view would pass over everything new.
            raise WalletUnreadable("wallet.sqlite knows more than the journal: delete it, it is folded again from the journal")
        rejections: list[MovementRejected] = []
        # Copies: on an adapter that feeds `apply` at once, the open ones change while we walk.
        for withdrawal in list(self._view.open_withdrawals.values()):
            await self._guarded(self._move_withdrawal, withdrawal, now, rejections)
        for deposit in list(self._view.open_deposits.values()):
            await self._guarded(self._move_deposit, deposit, now, rejections)
        if self._paused.get("", 0) <= now:
            try:
                await self._notice(rejections)
            except CoinPortUnavailable:
                self._paused[""] = now + _PAUSE
        return rejections

    async def _guarded(
        self, move: Callable[[_Open, list[MovementRejected]], Awaitable[None]], item: _Open, now: int, rejections: list[MovementRejected]
    ) -> None:
        """One item's move, unless its asset rests because the node could not be reached."""
        code = self._asset(item.asset).code
        if self._paused.get(code, 0) > now:
            return
        try:
            await move(item, rejections)
        except CoinPortUnavailable:
            self._paused[code] = now + _PAUSE

    async def _move_withdrawal(self, item: Withdrawal, rejections: list[MovementRejected]) -> None:
        if item.state == WithdrawalState.WAITING:
            if item.approval == Approval.AWAITED:
                return
            # The core knows more than the view: what is no longer pending there was moved on and waits only for its frame.
            if self._exchange.pending_transfer(item.transfer_id) is not None:
                await self._send(item, rejections)
            return
        spec = self._asset(item.asset)
        await self._book_fee(item, rejections)
        count = self._port.confirmations(spec.code, item.txid)
        settlement = settlement_id(item.transfer_id)
        if count is None or count < self._policy(spec).confirmations or self._exchange.transfer_used(settlement):
            return
        memo = {"withdrawal": _reference(item.transfer_id), "txid": item.txid}
        outcome = await self._transfer(
            settlement,
            _core.WITHDRAWALS,
            _core.WORLD,
            item.asset,
            TransferKind.WITHDRAWAL_SETTLE,
            item.amount - item.fee,
            meta=Meta(memo=memo),
        )
        _check(outcome, item.transfer_id, "settle", rejections)

    async def _send(self, item: Withdrawal, rejections: list[MovementRejected]) -> None:
        spec = self._asset(item.asset)
        amount = _core.format_units(item.amount - item.fee, spec.scale)
        match self._port.send(spec.code, item.address, amount, _reference(item.transfer_id)):
            case Broadcast(txid):
                done = await self._commands.post(item.transfer_id, meta=Meta(memo={"txid": txid}))
                _check(done.outcome, item.transfer_id, "post", rejections)
            case SendRejected(reason):
                done = await self._commands.void(item.transfer_id, meta=Meta(memo={"reason": reason[:200]}))
                _check(done.outcome, item.transfer_id, "void", rejections)

    async def _book_fee(self, item: Withdrawal, rejections: list[MovementRejected]) -> None:
        booking = fee_id(item.transfer_id)
        if item.fee and not self._exchange.transfer_used(booking):
            kind, memo = TransferKind.INTERNAL, {"withdrawal": _reference(item.transfer_id)}
            outcome = await self._transfer(booking, _core.WITHDRAWALS, _core.FEES, item.asset, kind, item.fee, meta=Meta(memo=memo))
            _check(outcome, item.transfer_id, "fee", rejections)

    async def _move_deposit(self, item: Deposit, rejections: list[MovementRejected]) -> None:
        if self._exchange.pending_transfer(item.transfer_id) is None:
            return
        spec = self._asset(item.asset)
        count = self._port.confirmations(spec.code, item.txid)
        if count is None:
            _check((await self._commands.void(item.transfer_id)).outcome, item.transfer_id, "void", rejections)
        elif count >= self._policy(spec).confirmations:
            done = await self._commands.post(item.transfer_id, meta=Meta(memo=self._block_of(spec.code, item.txid)))
            _check(done.outcome, item.transfer_id, "post", rejections)

    def _block_of(self, code: str, txid: str) -> dict[str, str]:
        """The memo word that says in which block a deposit was when it was credited: whoever is told of it later, is told the same."""
        known = self._port.transaction(code, txid)
        return {"block": known.block} if known is not None and known.block else {}

    async def _notice(self, rejections: list[MovementRejected]) -> None:
        """Books what came in since last time. The cursor stops before the first payment that could not be booked."""
        while page := self._port.incoming(self._view.cursor):
            for item in page:
                if not await self._book_incoming(item, rejections):
                    return
                self._view.passed(self._exchange.seq, item.cursor)

    async def _book_incoming(self, item: Incoming, rejections: list[MovementRejected]) -> bool:
        spec = next((spec for spec in self._exchange.assets() if spec.code == item.asset), None)
        account = self._view.owner(spec.id, item.address) if spec is not None else None
        if spec is None or account is None:
            return True  # paid to an address that no account has: the venue's own business
        transfer_id = deposit_id(item.asset, item.txid, item.output)
        atoms = _cut_to_atoms(item.amount, spec.scale)
        if atoms == 0 or self._exchange.transfer_used(transfer_id):
            return True
        count = self._port.confirmations(item.asset, item.txid)
        if count is None:
            return True
        pending = count < self._policy(spec).confirmations
        memo = {"address": item.address, "txid": item.txid, "output": item.output}
        if not pending:
            memo |= self._block_of(spec.code, item.txid)
        outcome = await self._transfer(
            transfer_id,
            _core.WORLD,
            account,
            spec.id,
            TransferKind.DEPOSIT,
            atoms,
            pending=pending,
            meta=Meta(memo=memo),
        )
        return _check(outcome, transfer_id, "deposit", rejections)

    async def _transfer(
        self,
        transfer_id: int,
        source: AccountId,
        destination: AccountId,
        asset: AssetId,
        kind: TransferKind,
        atoms: int,
        *,
        meta: Meta,
        pending: bool = False,
    ) -> "Outcome":
        return (await self._commands.transfer(transfer_id, source, destination, asset, kind, atoms, pending=pending, meta=meta)).outcome

    # --- assets ---------------------------------------------------------------------------------------------------------------
    def _spec(self, asset: AssetId) -> "AssetSpec | None":
        if asset not in self._specs:
            # Assets are only ever added and never change.
            self._specs = {spec.id: spec for spec in self._exchange.assets()}
        return self._specs.get(asset)

    def _asset(self, asset: AssetId) -> "AssetSpec":
        spec = self._spec(asset)
        assert spec is not None, f"asset {asset} stands in the journal, but not in the core"
        return spec

    def _policy(self, spec: "AssetSpec") -> AssetPolicy:
        return self._policies.get(spec.code, self._default_policy)


def _check(outcome: "Outcome", transfer_id: int, step: str, rejections: list[MovementRejected]) -> bool:
    if outcome.code == RejectReason.OK:
        return True
    rejections.append(MovementRejected(transfer_id, step, outcome.code))
    return False


def _coin_unit(spec: "AssetSpec") -> int:
    """Atoms of the smallest amount that the network carries."""
    return int(10 ** (spec.scale - spec.display_scale))


def _cut_to_atoms(amount: str, scale: int) -> int:
    """Atoms of a coin amount. What is finer than the ledger cannot be credited: it is cut, never rounded up."""
    whole, _, fraction = amount.partition(".")
    return int(_core.parse_units(f"{whole}.{fraction[:scale]}" if scale and fraction else whole, scale))


def _reference(transfer_id: int) -> str:
    return f"{transfer_id:032x}"
