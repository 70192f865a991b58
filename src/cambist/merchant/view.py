"""The service's memory: a view of the journal in `merchant.sqlite`, and the outbox of notices.

| journaled fact | becomes |
|---|---|
| Note, memo `merchant_order` | an order |
| Note, memo `merchant_coins` (order, address) | the order's address for coins |
| Transfer kind merchant, memo `merchant`, step `pay` | a payment from an account, on its way |
| the same, step `credit` | that payment, valid |
| Transfer kind deposit to an order's address, pending, posted, voided | a payment by coins |
| Note, memo `merchant_ended` (order, state) | the order, cancelled or closed |
| the same with a `part` | one of several payments of an order |
| Order or note, memo `merchant_sold` (payment) | what that payment brought is sold, or cannot be |
| Note, memo `merchant_told` (subject, number) | the notice, acknowledged |
| Note, memo `merchant_secret` (order, number) | the order's notices, signed with its secret of that number from then on |
| Note, memo `merchant_label` (account, asset, label, address; or these, whom to tell of coins, and the key) | a named deposit address |
| Transfer kind deposit to such an address, pending, posted, voided | an arrival, its notice of being seen, and that of credit |

Deleting the file loses only how often a notice was tried: everything else is folded again. Fed with durable frames only, so a notice
never tells what a crash could take back.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId, MarketId
from cambist.exchange.merchants import CREDIT, PAY, payment_id
from cambist.sqlite_copying import copy_into_file

from .values import NOT_SOLD, Arrival, Label, MerchantOrder, Notice, NoticeStatus, OrderTexts, Payment, PaymentState, Terms

VERSION = 7
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE orders (id TEXT PRIMARY KEY, account INTEGER NOT NULL, asset INTEGER NOT NULL, amount TEXT NOT NULL, key TEXT NOT NULL,
                     description TEXT NOT NULL, success TEXT NOT NULL, failure TEXT NOT NULL, notify TEXT NOT NULL, data TEXT NOT NULL,
                     only_accounts INTEGER NOT NULL, repeated INTEGER NOT NULL, sell_in INTEGER NOT NULL, state INTEGER NOT NULL,
                     address TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL, changed INTEGER NOT NULL,
                     rotations INTEGER NOT NULL, rotated INTEGER NOT NULL) STRICT;
CREATE INDEX orders_open ON orders (expires) WHERE state < 2;
CREATE INDEX orders_open_of ON orders (account) WHERE state < 2;
CREATE INDEX orders_of ON orders (account);
CREATE INDEX orders_address ON orders (asset, address) WHERE address <> '';
-- Transfer ids and atoms are 128 bits wide: text, ids as 32 hex digits.
CREATE TABLE payments (id TEXT PRIMARY KEY, order_id TEXT NOT NULL, amount TEXT NOT NULL, state INTEGER NOT NULL,
                       by_coins INTEGER NOT NULL, seen INTEGER NOT NULL, part TEXT NOT NULL, sell INTEGER NOT NULL) STRICT;
CREATE INDEX payments_to_be_sold ON payments (sell) WHERE sell = 1;
CREATE INDEX payments_of ON payments (order_id, seen);
CREATE INDEX payments_on_their_way ON payments (by_coins) WHERE state = 0;
CREATE TABLE notices (subject TEXT NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL, payment TEXT NOT NULL,
                      pending TEXT NOT NULL, valid TEXT NOT NULL, time INTEGER NOT NULL, attempts INTEGER NOT NULL,
                      due INTEGER, said TEXT NOT NULL, PRIMARY KEY (subject, number)) STRICT;
CREATE TABLE labels (asset INTEGER NOT NULL, address TEXT NOT NULL, account INTEGER NOT NULL, label TEXT NOT NULL,
                     notify TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (asset, address)) STRICT;
CREATE INDEX labels_of ON labels (account, asset, label);
CREATE TABLE arrivals (id TEXT PRIMARY KEY, asset INTEGER NOT NULL, address TEXT NOT NULL, amount TEXT NOT NULL, txid TEXT NOT NULL,
                       output INTEGER NOT NULL, block TEXT NOT NULL, credited INTEGER NOT NULL) STRICT;
CREATE INDEX notices_due ON notices (due) WHERE due IS NOT NULL;
"""
ON_ITS_WAY, VALID, VOID = 0, 1, 2
ENDED_AS = {PaymentState.CANCELLED: NoticeStatus.CANCELLED, PaymentState.CLOSED: NoticeStatus.CLOSED}
ARRIVED_NUMBER, SEEN_NUMBER = 0, 1
"""The two notices of an arrival. Fixed: acknowledgements in journals name a notice by its number."""
_ORDER_COLUMNS = (
    "id, account, asset, amount, key, description, success, failure, notify, data, only_accounts, repeated, sell_in, state, address,"
    " created, expires, changed, rotations, rotated"
)


_NEVER = 2**62
_NEXT_WORK = """
SELECT min(at) FROM (SELECT min(expires) AS at FROM orders WHERE state < 2
                     UNION ALL SELECT min(due) FROM notices WHERE due IS NOT NULL
                     UNION ALL SELECT 0 FROM payments WHERE sell = 1
                     UNION ALL SELECT 0 FROM payments WHERE state = 0 AND by_coins = 0
                     UNION ALL SELECT ?)
"""


class MerchantFileError(Exception):
    """`merchant.sqlite` cannot be used as it is: the text says what to change."""


class MerchantView:
    """Orders, payments and notices. One thread's, but for `copy_to`."""

    def __init__(self, path: str | os.PathLike[str], synced: bool = True) -> None:
        """Opens or creates (`synced`: whole after a power cut); a file of another version is folded anew. MerchantFileError."""
        self._path = Path(path)
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._sql = sqlite3.connect(self._path, timeout=1.0, isolation_level=None, check_same_thread=False)
        self._exclusive = threading.Lock()
        self._inside = False
        self.applied_seq = 0
        self.folded_from = 0
        self._quiet_until = 0
        self._command: _core.CommandApplied | None = None
        self._memo: dict[str, Any] = {}
        try:
            # NORMAL is enough: after a power cut the file is whole but older, and the journal brings it up again.
            for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", f"synchronous = {'NORMAL' if synced else 'OFF'}"):
                self._sql.execute(f"PRAGMA {pragma}")
            self._bring_up()
        except sqlite3.DatabaseError as error:
            self._sql.close()
            busy = error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
            raise MerchantFileError(f"{self._path} {'is in use by another process' if busy else f'cannot be read: {error}'}") from error

    def copy_to(self, file: Path) -> None:
        """Writes what the file has into a new one. From any thread. OSError, sqlite3.Error."""
        copy_into_file(self._sql, self._exclusive, file)

    def close(self) -> None:
        """Releases the file. Idempotent."""
        self._sql.close()

    # --- the journal --------------------------------------------------------------------------------------------------------
    def apply(self, events: Sequence[object], through: int = 0) -> None:
        """Folds the events of durable frames, in order. Twice is harmless, a gap is a ValueError.

        `through`: nothing that matters here is missing from the events up to that command, and a gap is none.
        """
        try:
            for event in events:
                self._fold(event, through)
        except BaseException:
            # A command does one thing here at most, which is not done: the command counts as not applied, so that it may come again.
            if self._command is not None:
                self.applied_seq, self._command = self._command.seq - 1, None
            raise
        self.applied_seq = max(self.applied_seq, through)

    def _fold(self, event: object, through: int) -> None:
        if isinstance(event, _core.CommandApplied):
            self._command = None
            if event.seq > self.applied_seq + 1 and not through:
                raise ValueError(f"merchant.sqlite has commands up to {self.applied_seq}, next came {event.seq}")
            if event.seq > self.applied_seq:
                self._command, self.applied_seq = event, event.seq
                self._memo = _memo(event.meta) if event.code == 0 and b"merchant" in event.meta else {}
                if self._memo:
                    self._noted(event)
        elif self._command is not None and isinstance(event, _core.TransferPending | _core.TransferPosted | _core.TransferVoided):
            self._moved(self._command, event)

    def flush(self) -> None:
        """Writes how far the view has come."""
        quiet_until = self._quiet_until
        with self._transaction():
            pass
        self._quiet_until = quiet_until  # nothing else was changed

    def adopt(self, journal: int) -> None:
        """Writes down the fingerprint of the journal that this is folded from; `folded_from` is 0 before."""
        self._sql.execute("INSERT OR REPLACE INTO facts VALUES ('journal', ?)", (journal,))
        self.folded_from = journal

    def _noted(self, command: _core.CommandApplied) -> None:
        match self._memo:
            case {"merchant_order": [1 | 2, str(key), int(), *_] as fields}:
                with self._transaction():
                    self._insert_order(key, fields, command.time)
            case {"merchant_coins": [str(order), str(address)]}:
                with self._transaction():
                    self._sql.execute("UPDATE orders SET address = ? WHERE id = ?", (address, order))
            case {"merchant_ended": [str(order), int(state)]}:
                with self._transaction():
                    self._end(order, PaymentState(state), command.time)
            case {"merchant_label": [int(account), int(asset), str(label), str(address), *rest]}:
                notify, key = rest or ("", "")
                with self._transaction():
                    row = (asset, address, account, label, notify, key)
                    self._sql.execute("INSERT OR IGNORE INTO labels VALUES (?, ?, ?, ?, ?, ?)", row)
            case {"merchant_sold": str(payment)}:
                with self._transaction():
                    self._sql.execute("UPDATE payments SET sell = 0 WHERE id = ?", (payment,))
            case {"merchant_secret": [str(order), int(number)]}:
                with self._transaction():
                    # Two requests at once may have asked for the same one.
                    values = (number, command.time, order, number)
                    self._sql.execute("UPDATE orders SET rotations = ?, rotated = ? WHERE id = ? AND rotations < ?", values)
            case {"merchant_told": [str(subject), int(number)]}:
                with self._transaction():
                    self._sql.execute("UPDATE notices SET due = NULL, said = 'ok' WHERE subject = ? AND number = ?", (subject, number))

    def _insert_order(self, key: str, fields: list[Any], time: int) -> None:
        _version, _id, account, asset, amount, api_key, description, success, failure, notify, data, only_accounts, expires, *rest = fields
        texts = (description, success, failure, notify, data)
        repeated, sell_in = rest or (False, NOT_SOLD)
        terms = (int(only_accounts), int(repeated), sell_in)
        row = (key, account, asset, str(amount), api_key, *texts, *terms, int(PaymentState.OPEN), "", time, expires, time, 0, 0)
        self._sql.execute(f"INSERT OR IGNORE INTO orders VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - fixed text

    def _end(self, order: str, state: PaymentState, time: int) -> None:
        done = self._sql.execute("UPDATE orders SET state = ?, changed = ? WHERE id = ? AND state < 2", (int(state), time, order))
        if done.rowcount:
            self._notify(order, ENDED_AS[state], f"{payment_id(order):032x}", time)

    def _moved(self, command: _core.CommandApplied, event: _core.TransferPending | _core.TransferPosted | _core.TransferVoided) -> None:
        if event.kind == TransferKind.MERCHANT:
            match self._memo:
                case {"merchant": str(order), "step": str(step)}:
                    part = str(self._memo.get("part", ""))
                    state = {PAY: ON_ITS_WAY, CREDIT: VALID}[step]
                    with self._transaction():
                        self._pay(f"{payment_id(order, PAY, part):032x}", order, event.amount, state, command.time, part)
        elif event.kind == TransferKind.DEPOSIT:
            self._deposited(command, event)

    def _deposited(self, command: _core.CommandApplied, event: _core.TransferPending | _core.TransferPosted | _core.TransferVoided) -> None:
        key = f"{event.transfer_id:032x}"
        state = ON_ITS_WAY if isinstance(event, _core.TransferPending) else VALID if isinstance(event, _core.TransferPosted) else VOID
        known = self._sql.execute("SELECT order_id FROM payments WHERE id = ?", (key,)).fetchone()
        if known is None:
            address = _memo(command.meta).get("address")
            if isinstance(address, str):
                known = self._sql.execute("SELECT id FROM orders WHERE asset = ? AND address = ?", (event.asset, address)).fetchone()
            if known is None:
                self._arrived(command, event, key, state)
                return
        with self._transaction():
            self._pay(key, known[0], event.amount, state, command.time)

    def _arrived(
        self,
        command: _core.CommandApplied,
        event: _core.TransferPending | _core.TransferPosted | _core.TransferVoided,
        key: str,
        state: int,
    ) -> None:
        """Coins for nobody's order: seen, credited or gone, at an address whose owner may have asked for notices."""
        memo, label = _memo(command.meta), None
        match memo:
            case {"address": str(address), "txid": str(txid), "output": int(output)}:
                where = "asset = ? AND address = ? AND notify <> ''"
                label = self._sql.execute(f"SELECT 1 FROM labels WHERE {where}", (event.asset, address)).fetchone()  # noqa: S608 - fixed text
                row = (key, event.asset, address, str(event.amount), txid, output, "", 0)
        # Most deposits are nobody's concern here, and a write for each would be dear.
        if label is None and self._sql.execute("SELECT 1 FROM arrivals WHERE id = ?", (key,)).fetchone() is None:
            return
        with self._transaction():
            if label is not None:
                new = self._sql.execute("INSERT OR IGNORE INTO arrivals VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
                if new.rowcount and state == ON_ITS_WAY:
                    self._put(key, SEEN_NUMBER, NoticeStatus.SEEN, key, event.amount, 0, command.time)
            if state == VOID:
                self._sql.execute("DELETE FROM arrivals WHERE id = ? AND credited = 0", (key,))
                self._withdraw_seen(key, "the coins are gone")
            elif state == VALID:
                values = (str(memo.get("block", "")), command.time, key)
                done = self._sql.execute("UPDATE arrivals SET block = ?, credited = ? WHERE id = ? AND credited = 0", values)
                if done.rowcount:
                    self._withdraw_seen(key, "overtaken")
                    self._put(key, ARRIVED_NUMBER, NoticeStatus.ARRIVED, key, 0, event.amount, command.time)

    def _withdraw_seen(self, arrival: str, why: str) -> None:
        """The notice that these coins were seen is not sent any more."""
        what = "UPDATE notices SET due = NULL, said = ? WHERE subject = ? AND number = ? AND due IS NOT NULL"
        self._sql.execute(what, (why, arrival, SEEN_NUMBER))

    def _pay(self, key: str, order: str, amount: int, state: int, time: int, part: str | None = None) -> None:
        """A payment, new or moved on; `part` None for one by coins."""
        known = self.order(order)
        sell = int(known is not None and state == VALID and known.terms.sell_in != NOT_SOLD)
        self._sql.execute(
            "INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state, sell = excluded.sell",
            (key, order, str(amount), state, int(part is None), time, part or "", sell),
        )
        if known is None or state != VALID or known.state == PaymentState.PAID:
            return
        if not known.waiting:
            # Cancelled and closed are final. The merchant has the coins all the same, and hears what became of the order they were for.
            self._notify(order, ENDED_AS[known.state], key, time)
            return
        if known.terms.repeated:
            # Each payment is one for itself, and the order waits for the next.
            if known.texts.notify:
                status = NoticeStatus.PAID if amount >= known.amount else NoticeStatus.PARTIAL
                self._put(order, self._next_number(order), status, key, 0, amount, time)
            return
        _pending, valid = self.sums(order)
        paid = valid >= known.amount
        reached = PaymentState.PAID if paid else PaymentState.PARTIAL
        self._sql.execute("UPDATE orders SET state = ?, changed = ? WHERE id = ?", (int(reached), time, order))
        self._notify(order, NoticeStatus.PAID if paid else NoticeStatus.PARTIAL, key, time)

    def _notify(self, order: str, status: NoticeStatus, payment: str, time: int) -> None:
        known = self.order(order)
        if known is None or not known.texts.notify:
            return
        pending, valid = self.sums(order)
        self._put(order, self._next_number(order), status, payment, pending, valid, time)

    def _next_number(self, order: str) -> int:
        (number,) = self._sql.execute("SELECT count(*) FROM notices WHERE subject = ?", (order,)).fetchone()
        return int(number)

    def _put(self, subject: str, number: int, status: NoticeStatus, payment: str, pending: int, valid: int, time: int) -> None:
        """One notice more about a subject, due at once."""
        row = (subject, number, status.value, payment, str(pending), str(valid), time, 0, time, "")
        self._sql.execute("INSERT OR IGNORE INTO notices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    # --- reads --------------------------------------------------------------------------------------------------------------
    def open_orders(self, account: AccountId) -> int:
        """How many of an account's orders wait to be paid."""
        (count,) = self._sql.execute("SELECT count(*) FROM orders WHERE account = ? AND state < 2", (account,)).fetchone()
        return int(count)

    def order(self, key: str) -> MerchantOrder | None:
        return next(self._orders("id = ?", key), None)

    def newest_orders(self, account: AccountId, limit: int, before: int | None = None) -> tuple[list[MerchantOrder], int | None]:
        """An account's orders, newest first: at most `limit` of those behind the place `before`, and the place where the rest begins,
        None when there is none."""
        place = before if before is not None else (1 << 63) - 1
        rows = self._sql.execute(
            "SELECT id, rowid FROM orders WHERE account = ? AND rowid < ? ORDER BY rowid DESC LIMIT ?", (account, place, limit + 1)
        ).fetchall()
        found = [order for key, _ in rows[:limit] if (order := self.order(key)) is not None]
        return found, rows[limit - 1][1] if len(rows) > limit else None

    def labelled(self, account: AccountId, asset: AssetId, label: Label) -> str:
        """The newest address of that label; empty when there is none."""
        where = "WHERE account = ? AND asset = ? AND label = ? AND notify = ? AND key = ? ORDER BY rowid DESC LIMIT 1"
        named = (account, asset, label.text, label.notify, label.key)
        row = self._sql.execute(f"SELECT address FROM labels {where}", named).fetchone()  # noqa: S608 - fixed text
        return row[0] if row else ""

    def arrival(self, key: str) -> Arrival | None:
        """By its id."""
        row = self._sql.execute(
            "SELECT id, asset, address, amount, txid, output, block, credited, label, notify, key"
            " FROM arrivals JOIN labels USING (asset, address) WHERE id = ?",
            (key,),
        ).fetchone()
        if row is None:
            return None
        known, asset, address, amount, txid, output, block, credited, *label = row
        return Arrival(known, asset, address, int(amount), txid, output, block, credited, Label(*label))

    def quiet_until(self) -> int:
        """Until when (µs) nothing is to be done by the clock, as long as nothing changes: a time that is over when something may be.

        Most venues have nothing for hours, and to ask for each kind of work by itself several times a second costs more than all else
        that an idle venue does.
        """
        if not self._quiet_until:
            (self._quiet_until,) = self._sql.execute(_NEXT_WORK, (_NEVER,)).fetchone()
        return self._quiet_until

    def overdue(self, now: int) -> list[MerchantOrder]:
        """Orders that nobody paid in time."""
        return list(self._orders("state < 2 AND expires <= ?", now))

    def uncredited(self) -> list[MerchantOrder]:
        """Orders whose payment from an account has not reached the merchant."""
        where = "id IN (SELECT order_id FROM payments WHERE state = 0 AND by_coins = 0)"
        return list(self._orders(where))

    def payments(self, order: str) -> list[Payment]:
        """Oldest first; those that came to nothing left out."""
        rows = self._sql.execute(
            "SELECT id, order_id, amount, state, by_coins, seen, part FROM payments WHERE order_id = ? AND state < 2 ORDER BY seen, id",
            (order,),
        )
        return [Payment(key, of, int(amount), state == VALID, bool(coins), *rest) for key, of, amount, state, coins, *rest in rows]

    def unsold(self) -> list[tuple[str, AccountId, MarketId, int]]:
        """(payment, account, market, atoms) of what came and is to be sold, oldest first."""
        rows = self._sql.execute(
            "SELECT payments.id, account, sell_in, payments.amount FROM payments JOIN orders ON orders.id = order_id"
            " WHERE sell = 1 ORDER BY seen LIMIT 100"
        )
        return [(key, account, market, int(amount)) for key, account, market, amount in rows]

    def sums(self, order: str) -> tuple[int, int]:
        """(on its way, valid) over all payments."""
        payments = self.payments(order)
        return sum(one.amount for one in payments if not one.valid), sum(one.amount for one in payments if one.valid)

    def _orders(self, where: str, *values: object) -> Iterator[MerchantOrder]:
        for row in self._sql.execute(f"SELECT {_ORDER_COLUMNS} FROM orders WHERE {where} LIMIT 1000", values).fetchall():  # noqa: S608
            key, account, asset, amount, api_key, description, success, failure, notify, data, only, repeated, sell_in, state, *rest = row
            order_texts, terms = OrderTexts(description, success, failure, notify, data), Terms(bool(only), bool(repeated), sell_in)
            yield MerchantOrder(key, account, asset, int(amount), api_key, order_texts, terms, PaymentState(state), *rest)

    # --- the outbox ---------------------------------------------------------------------------------------------------------
    def due(self, now: int, limit: int) -> list[Notice]:
        """Notices to be sent by now, the longest due first."""
        rows = self._sql.execute(
            "SELECT subject, number, status, payment, pending, valid, time, attempts, due FROM notices WHERE due <= ? ORDER BY due LIMIT ?",
            (now, limit),
        ).fetchall()
        return [
            Notice(subject, number, NoticeStatus(status), payment, int(pending), int(valid), time, attempts, due)
            for subject, number, status, payment, pending, valid, time, attempts, due in rows
        ]

    def tried(self, notice: Notice, due: int | None, said: str) -> None:
        """One more attempt came to nothing; `due` is the next one's time, None for never."""
        with self._transaction():
            self._sql.execute(
                "UPDATE notices SET attempts = attempts + 1, due = ?, said = ? WHERE subject = ? AND number = ? AND due IS NOT NULL",
                (due, said[:200], notice.subject, notice.number),
            )

    def notices(self, subject: str) -> list[tuple[str, int, int | None, str]]:
        """(status, attempts, due, what came of the last attempt) of the notices about a subject, in order."""
        return self._sql.execute("SELECT status, attempts, due, said FROM notices WHERE subject = ? ORDER BY number", (subject,)).fetchall()

    # --- the file -----------------------------------------------------------------------------------------------------------
    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, `applied_seq` included: a command does one thing here at most, so what it did is in when its number is."""
        if self._inside:
            yield
            return
        with self._exclusive:
            self._sql.execute("BEGIN IMMEDIATE")
            self._inside = True
            self._quiet_until = 0
            try:
                yield
                self._sql.execute("INSERT OR REPLACE INTO facts VALUES ('applied_seq', ?)", (self.applied_seq,))
                self._sql.execute("COMMIT")
            except BaseException:
                if self._sql.in_transaction:
                    self._sql.execute("ROLLBACK")
                raise
            finally:
                self._inside = False

    def _bring_up(self) -> None:
        (stored,) = self._sql.execute("PRAGMA user_version").fetchone()
        if stored != VERSION:
            for (name,) in self._sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                self._sql.execute(f'DROP TABLE "{name}"')
            for statement in _SCHEMA.split(";\n"):
                self._sql.execute(statement)
            self._sql.execute(f"PRAGMA user_version = {VERSION}")
        facts = dict(self._sql.execute("SELECT name, value FROM facts").fetchall())
        self.applied_seq = facts.get("applied_seq", 0)
        self.folded_from = facts.get("journal", 0)


def _memo(meta: bytes) -> dict[str, Any]:
    try:
        return Meta.decode(meta).memo or {}
    except ValueError:  # msgspec.DecodeError, or UnicodeDecodeError
        return {}  # opaque to the core, so anything may stand there; it is none of ours
