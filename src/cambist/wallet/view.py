"""The service's memory: a view of the journal in `wallet.sqlite`. Deleting the file loses nothing; it is folded again from the journal.

| journaled fact | becomes |
|---|---|
| Note, memo `deposit_address`, `account`, `asset` | an address of an account |
| Transfer kind deposit, memo `txid`, `output`, `address` (and `block` once it is credited) | a deposit: pending or credited |
| Transfer kind withdrawal, pending, memo `address` (and `fee`, atoms as text) | a withdrawal, waiting; with `approval`, for an operator's |
| Note, memo `withdrawal_approved` (hex id) | approved |
| its PostTransfer, memo `txid` | broadcast, unconfirmed |
| its VoidTransfer | cancelled |
| Transfer kind withdrawal-settle, memo `withdrawal` (hex id) | done |

Fed with events of durable frames only, so nothing that it knows can be undone by a crash: that is why the service may act on it outside.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cambist import _core
from cambist.domain.commands import CommandKind
from cambist.domain.meta import Meta
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId

from .sqlite import SqliteFile
from .values import Approval, Deposit, DepositState, Withdrawal, WithdrawalState

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE addresses (asset INTEGER NOT NULL, address TEXT NOT NULL, account INTEGER NOT NULL, number INTEGER NOT NULL,
                        PRIMARY KEY (asset, address), UNIQUE (account, asset, number)) STRICT;
-- Ids and atoms are 128 bits wide: text, ids as 32 hex digits.
CREATE TABLE withdrawals (transfer_id TEXT PRIMARY KEY, account INTEGER NOT NULL, asset INTEGER NOT NULL, amount TEXT NOT NULL,
                          fee TEXT NOT NULL, address TEXT NOT NULL, state INTEGER NOT NULL, txid TEXT NOT NULL,
                          requested INTEGER NOT NULL, changed INTEGER NOT NULL, approval INTEGER NOT NULL) STRICT;
CREATE INDEX withdrawals_of ON withdrawals (account, requested);
CREATE TABLE deposits (transfer_id TEXT PRIMARY KEY, account INTEGER NOT NULL, asset INTEGER NOT NULL, amount TEXT NOT NULL,
                       address TEXT NOT NULL, txid TEXT NOT NULL, output INTEGER NOT NULL, state INTEGER NOT NULL,
                       seen INTEGER NOT NULL, changed INTEGER NOT NULL) STRICT;
CREATE INDEX deposits_of ON deposits (account, seen);
"""
_VERSION = 2


class WalletView:
    """Addresses and everything open in memory, all that ever was in the file."""

    def __init__(self, path: str | os.PathLike[str], synced: bool = True) -> None:
        """Opens or creates; `synced`: whole after a power cut. WalletBusy, WalletUnreadable."""
        # NORMAL is enough: after a power cut the file is whole but older, and the journal brings it up again.
        self._file = SqliteFile(path, _SCHEMA, _VERSION, synchronous="NORMAL" if synced else "OFF", rebuildable=True)
        self.applied_seq = 0
        self.folded_from = 0
        self.open_withdrawals: dict[int, Withdrawal] = {}
        self.open_deposits: dict[int, Deposit] = {}
        self._latest: dict[tuple[int, int], tuple[int, str]] = {}
        self._owners: dict[tuple[AssetId, str], AccountId] = {}
        self._rows: list[tuple[str, tuple[object, ...]]] = []
        self._cursors: list[tuple[int, str]] = []
        self._command: _core.CommandApplied | None = None
        self._handlers: dict[type, Callable[[Any], None]] = {
            _core.TransferPending: self._on_pending,
            _core.TransferPosted: self._on_posted,
            _core.TransferVoided: self._on_voided,
        }
        self._load()

    def copy_to(self, file: Path) -> None:
        """Writes what the file has into a new one. From any thread. OSError, sqlite3.Error."""
        self._file.copy_to(file)

    def close(self) -> None:
        """Releases the file. Idempotent."""
        self._file.close()

    # --- reads --------------------------------------------------------------------------------------------------------------
    def address_of(self, account: AccountId, asset: AssetId) -> str | None:
        latest = self._latest.get((account, asset))
        return latest[1] if latest else None

    def addresses_given(self, account: AccountId, asset: AssetId) -> int:
        latest = self._latest.get((account, asset))
        return latest[0] if latest else 0

    def owner(self, asset: AssetId, address: str) -> AccountId | None:
        return self._owners.get((asset, address))

    def withdrawal(self, transfer_id: int) -> Withdrawal | None:
        found = self._withdrawals("WHERE transfer_id = ?", _key(transfer_id))
        return found[0] if found else None

    def withdrawals(self, account: AccountId) -> list[Withdrawal]:
        return self._withdrawals("WHERE account = ? ORDER BY requested DESC, rowid DESC", account)

    def newest_withdrawals(self, limit: int) -> list[Withdrawal]:
        return self._withdrawals("ORDER BY requested DESC, rowid DESC LIMIT ?", limit)

    def deposit(self, transfer_id: int) -> Deposit | None:
        found = self._deposits("WHERE transfer_id = ?", _key(transfer_id))
        return found[0] if found else None

    def deposits(self, account: AccountId) -> list[Deposit]:
        return self._deposits("WHERE account = ? ORDER BY seen DESC, rowid DESC", account)

    # --- feeding ------------------------------------------------------------------------------------------------------------
    def apply(self, events: Sequence[object], through: int = 0) -> None:
        """Folds whole durable frames, in order of seq. Commands that were applied before are passed over; a gap is a ValueError.

        `through`: nothing that matters here is missing from the events up to that command, and a gap is none.
        """
        fresh = False
        for event in events:
            if type(event) is _core.CommandApplied:
                fresh = event.seq > self.applied_seq
                if not fresh:
                    continue
                if event.seq != self.applied_seq + 1 and not through:
                    raise ValueError(f"the wallet was fed command {event.seq} after {self.applied_seq}: events are missing")
                self._command, self.applied_seq = event, event.seq
                if event.command == CommandKind.NOTE:
                    self._on_note(event)
            elif fresh and (handler := self._handlers.get(type(event))) is not None:
                handler(event)
        self.applied_seq = max(self.applied_seq, through)
        if self._rows:
            self.flush()

    def remember_address(self, account: AccountId, asset: AssetId, address: str) -> None:
        """Takes an address into memory, where it counts from now on; the journaled note brings it into the file."""
        if (asset, address) not in self._owners:
            self._owners[asset, address] = account
            self._latest[account, asset] = (self.addresses_given(account, asset) + 1, address)

    def passed(self, seq: int, cursor: str) -> None:
        """Everything incoming up to `cursor` is booked once command `seq` is durable; from then on it need not be read again."""
        if self._cursors and self._cursors[-1][0] == seq:
            self._cursors.pop()
        self._cursors.append((seq, cursor))

    @property
    def cursor(self) -> str:
        """Where reading incoming payments goes on; not yet durable ones included."""
        return self._cursors[-1][1] if self._cursors else ""

    def flush(self) -> None:
        """Writes what changed and `applied_seq` in one transaction."""
        while len(self._cursors) > 1 and self._cursors[1][0] <= self.applied_seq:
            del self._cursors[0]
        with self._file.transaction() as sql:
            for statement, values in self._rows:
                sql.execute(statement, values)
            facts = [("applied_seq", str(self.applied_seq))]
            if self._cursors and self._cursors[0][0] <= self.applied_seq:
                facts.append(("cursor", self._cursors[0][1]))
            sql.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts)
        self._rows.clear()

    def adopt(self, journal: int) -> None:
        """Writes down the fingerprint of the journal that this is folded from; `folded_from` is 0 before."""
        with self._file.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO facts VALUES ('journal', ?)", (str(journal),))
        self.folded_from = journal

    # --- journaled facts ----------------------------------------------------------------------------------------------------
    def _on_note(self, event: _core.CommandApplied) -> None:
        if b"deposit_address" not in event.meta and b"withdrawal_approved" not in event.meta:
            return
        memo = _memo(event.meta)
        match memo:
            case {"deposit_address": str(address), "account": int(account), "asset": int(asset)}:
                self.remember_address(AccountId(account), AssetId(asset), address)
                number = "(SELECT count(*) + 1 FROM addresses WHERE account = ?3 AND asset = ?1)"
                self._rows.append((f"INSERT OR IGNORE INTO addresses VALUES (?1, ?2, ?3, {number})", (asset, address, account)))  # noqa: S608
            case {"withdrawal_approved": str(key)}:
                known = self.open_withdrawals.get(int(key, 16))
                if known is not None and known.approval == Approval.AWAITED:
                    self._save_withdrawal(replace(known, approval=Approval.GIVEN, changed=event.time))

    def _on_pending(self, event: _core.TransferPending) -> None:
        if event.kind == TransferKind.DEPOSIT:
            self._save_deposit(self._deposit(event, DepositState.UNCONFIRMED))
        elif event.kind == TransferKind.WITHDRAWAL:
            self._save_withdrawal(self._withdrawal(event))

    def _on_posted(self, event: _core.TransferPosted) -> None:
        command, memo = self._now()
        if event.kind == TransferKind.DEPOSIT:
            known = self.open_deposits.get(event.transfer_id)
            if known is None:
                self._save_deposit(self._deposit(event, DepositState.DONE))
            else:
                self._save_deposit(replace(known, state=DepositState.DONE, changed=command.time))
        elif event.kind == TransferKind.WITHDRAWAL:
            self._move(event.transfer_id, WithdrawalState.UNCONFIRMED, txid=str(memo.get("txid", "")))
        elif event.kind == TransferKind.WITHDRAWAL_SETTLE:
            match memo:
                case {"withdrawal": str(key)}:
                    self._move(int(key, 16), WithdrawalState.DONE)

    def _on_voided(self, event: _core.TransferVoided) -> None:
        if event.kind == TransferKind.WITHDRAWAL:
            self._move(event.transfer_id, WithdrawalState.CANCELLED)
        elif event.kind == TransferKind.DEPOSIT:
            known = self.open_deposits.get(event.transfer_id)
            if known is not None:
                self._save_deposit(replace(known, state=DepositState.CANCELLED, changed=self._now()[0].time))

    def _now(self) -> tuple[_core.CommandApplied, dict[str, Any]]:
        assert self._command is not None
        return self._command, _memo(self._command.meta)

    def _deposit(self, event: _core.TransferPending | _core.TransferPosted, state: DepositState) -> Deposit | None:
        command, memo = self._now()
        match memo:
            case {"txid": str(txid), "output": int(output), "address": str(address)}:
                times = (command.time, command.time)
                return Deposit(event.transfer_id, event.destination, event.asset, event.amount, address, txid, output, state, *times)
        return None  # an operator's credit, not a network's

    def _withdrawal(self, event: _core.TransferPending) -> Withdrawal | None:
        command, memo = self._now()
        match memo:
            case {"address": str(address)}:
                fee, state = int(memo.get("fee", "0")), WithdrawalState.WAITING
                approval = Approval.AWAITED if memo.get("approval") else Approval.NOT_NEEDED
                times = (command.time, command.time)
                return Withdrawal(event.transfer_id, event.source, event.asset, event.amount, fee, address, state, "", *times, approval)
        return None

    def _move(self, transfer_id: int, state: WithdrawalState, txid: str | None = None) -> None:
        known = self.open_withdrawals.get(transfer_id)
        if known is not None:
            changed = self._now()[0].time
            self._save_withdrawal(replace(known, state=state, changed=changed, txid=known.txid if txid is None else txid))

    # --- the file -----------------------------------------------------------------------------------------------------------
    def _save_withdrawal(self, item: Withdrawal | None) -> None:
        if item is None:
            return
        if item.state in (WithdrawalState.WAITING, WithdrawalState.UNCONFIRMED):
            self.open_withdrawals[item.transfer_id] = item
        else:
            self.open_withdrawals.pop(item.transfer_id, None)
        values = (
            item.account,
            item.asset,
            str(item.amount),
            str(item.fee),
            item.address,
            item.state,
            item.txid,
            item.requested,
            item.changed,
            item.approval,
        )
        self._rows.append(
            (
                "INSERT INTO withdrawals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET state = excluded.state, txid = excluded.txid, changed = excluded.changed,"
                " approval = excluded.approval",
                (_key(item.transfer_id), *values),
            )
        )

    def _save_deposit(self, item: Deposit | None) -> None:
        if item is None:
            return
        if item.state == DepositState.UNCONFIRMED:
            self.open_deposits[item.transfer_id] = item
        else:
            self.open_deposits.pop(item.transfer_id, None)
        values = (item.account, item.asset, str(item.amount), item.address, item.txid, item.output, item.state, item.seen, item.changed)
        self._rows.append(
            (
                "INSERT INTO deposits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET state = excluded.state, changed = excluded.changed",
                (_key(item.transfer_id), *values),
            )
        )

    def _withdrawals(self, where: str, value: object) -> list[Withdrawal]:
        with self._file.transaction() as sql:
            rows = sql.execute(f"SELECT * FROM withdrawals {where}", (value,)).fetchall()  # noqa: S608 - fixed texts
        return [
            Withdrawal(
                int(key, 16),
                account,
                asset,
                int(amount),
                int(fee),
                address,
                WithdrawalState(state),
                txid,
                requested,
                changed,
                Approval(approval),
            )
            for key, account, asset, amount, fee, address, state, txid, requested, changed, approval in rows
        ]

    def _deposits(self, where: str, value: object) -> list[Deposit]:
        with self._file.transaction() as sql:
            rows = sql.execute(f"SELECT * FROM deposits {where}", (value,)).fetchall()  # noqa: S608 - fixed texts
        return [
            Deposit(int(key, 16), account, asset, int(amount), address, txid, output, DepositState(state), seen, changed)
            for key, account, asset, amount, address, txid, output, state, seen, changed in rows
        ]

    def _load(self) -> None:
        with self._file.transaction() as sql:
            facts: dict[str, str] = dict(sql.execute("SELECT name, value FROM facts").fetchall())
            addresses = sql.execute("SELECT account, asset, address FROM addresses ORDER BY account, asset, number").fetchall()
        self.applied_seq = int(facts.get("applied_seq", "0"))
        self.folded_from = int(facts.get("journal", "0"))
        if "cursor" in facts:
            self._cursors.append((self.applied_seq, facts["cursor"]))
        for address in addresses:
            self.remember_address(*address)
        open_states = (WithdrawalState.WAITING, WithdrawalState.UNCONFIRMED)
        for state in open_states:
            self.open_withdrawals.update({item.transfer_id: item for item in self._withdrawals("WHERE state = ?", state)})
        self.open_deposits = {item.transfer_id: item for item in self._deposits("WHERE state = ?", DepositState.UNCONFIRMED)}


def _memo(meta: bytes) -> dict[str, Any]:
    try:
        return Meta.decode(meta).memo or {}
    except ValueError:  # msgspec.DecodeError, or UnicodeDecodeError
        return {}  # opaque to the core, so anything may stand there; it is none of ours


def _key(transfer_id: int) -> str:
    return f"{transfer_id:032x}"
