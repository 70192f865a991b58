"""Events to rows: the one place that knows what an event means for history. Pure; every adapter stores what it returns.

A fold begins at a `Cursor`, takes runs of events in order, and gives the rows of all of them at once. It needs no look at
what is stored: rows that are new come whole, rows that were there before come as *changes* (what to set, what to add).
Folding a journal in one go or in any pieces, each continuing where the other ended, stores the same.

Orders, trades, entries and candles are folded natively, without the interpreter (`_core.RowFold`): they come by the million, and the
event loop needs the interpreter more. Transfers and notes, whose meaning stands in their words, are folded here.

Rows are in the column order of `history.schema`. Those folded natively have numbers of more than 64 bits as decimal text; the others
hold integers of any size, and how to keep them is the store's business.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any, NamedTuple

from cambist import _core
from cambist.domain import backfill
from cambist.domain.commands import CommandKind
from cambist.domain.events import EventFilter, commands_of, kinds_of
from cambist.domain.meta import Meta
from cambist.domain.transfers import TransferKind
from cambist.history.records import TransferStatus

CANDLE_INTERVALS = (1, 60, 3_600, 86_400)
"""Seconds. Each is folded from the one before it. Those of one second are kept for 25 hours of trading."""

NOTE_ACCOUNT = "for_account"
"""Memo word of a note that is to be found again: whose it is, the account's number."""
_BACKFILLS = EventFilter(kinds_of(_core.CommandApplied), commands_of(CommandKind.NOTE), backfill.WORD.encode())
_NOTES = EventFilter(kinds_of(_core.CommandApplied), commands_of(CommandKind.NOTE), NOTE_ACCOUNT.encode())

SETTLED_WITHDRAWAL = "withdrawal"
"""Memo word of a withdrawal-settle transfer: the id of the withdrawal that it completes, in hexadecimal."""

Row = tuple[Any, ...]

# Positions in a transfer's row that change after it was made (schema.transfers).
STATUS, SETTLED, MEMO, DESTINATION_ENTRY, TRANSFER_UPDATED = 6, 7, 8, 10, 12


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a fold stands: the last command folded, its time, and the ids that the core would give next."""

    seq: int = 0
    time: int = 0
    next_order: int = 1
    next_trade: int = 1
    next_entry: int = 1


@dataclass(slots=True)
class OrderChange:
    """What happened to an order that was accepted before the run. None and 0: leave as it is; `filled`, `total`, `fee` are added.

    `price` and `amount` are of a replacement.
    """

    updated: int
    price: int | None = None
    amount: int | None = None
    stop_price: int | None = None
    filled: int = 0
    total: int = 0
    fee: int = 0
    reason: int = 0
    triggered: int = 0


@dataclass(slots=True)
class TransferChange:
    """What happened to a transfer that was made before the run. None and 0: leave as it is; `memo` overlays."""

    updated: int
    status: int | None = None
    settled: int = 0
    destination_entry: int = 0
    memo: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class CandleRow:
    """Trades of one market and interval within the run, to be joined with what is stored of the same candle."""

    open: int
    high: int
    low: int
    close: int
    volume: int
    notional: int
    count: int

    def join(self, later: "CandleRow") -> None:
        """Adds trades that came after this one's."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.notional += later.notional
        self.count += later.count


@dataclass(slots=True)
class Rows:
    """A folded run: rows for commands after `after`, up to and with `cursor`."""

    after: Cursor
    cursor: Cursor
    orders: _core.RowTable
    order_changes: dict[int, OrderChange]
    terms: list[Row]
    """Of replacements. Of an order that was accepted before the run the store keeps the first ones before it applies `order_changes`."""
    trades: _core.RowTable
    entries: _core.RowTable
    transfers: list[list[Any]]
    transfer_changes: dict[int, TransferChange]
    words: list[tuple[str, str, int]]
    notes: list[list[Any]]
    backfills: list[Row]
    candles: dict[tuple[int, int, int], CandleRow]
    marks: list[Row]


def replaced(changes: Mapping[int, OrderChange]) -> list[int]:
    """Those of the orders that were replaced."""
    return [number for number, change in changes.items() if change.price is not None]


def fold(cursor: Cursor, run: bytes) -> Rows:
    """The rows of one run. Commands up to and with `cursor.seq` are passed over; ValueError when one after it is missing."""
    folding = Fold(cursor)
    folding.feed(run)
    return folding.rows()


class Fold:
    """Collects rows from several runs of events; `rows()` once, at the end."""

    def __init__(self, cursor: Cursor) -> None:
        self._after = cursor
        self._frequent = _core.RowFold(cursor.seq, cursor.time, cursor.next_order, cursor.next_trade, cursor.next_entry)
        self._transfers: dict[int, list[Any]] = {}
        self._transfer_changes: dict[int, TransferChange] = {}
        self._words: list[tuple[str, str, int]] = []
        self._notes: list[list[Any]] = []
        self._backfills: list[Row] = []

    @property
    def seq(self) -> int:
        """The last command folded."""
        return self._frequent.seq

    @property
    def size(self) -> int:
        """About how many rows there are by now."""
        return self._frequent.size

    def feed(self, run: bytes) -> None:
        """Folds a run. Commands that were folded before are passed over; ValueError when one is missing before the first new one."""
        before = self._frequent.seq
        for moved in self._frequent.feed(run):
            self._moved(_Moved(*moved))
        for note in _NOTES.of(run):
            if isinstance(note, _core.CommandApplied) and note.seq > before:
                self._noted(note)
        for note in _BACKFILLS.of(run):
            if isinstance(note, _core.CommandApplied) and note.seq > before:
                self._filled(note)

    def rows(self) -> Rows:
        """Everything fed so far."""
        frequent = self._frequent
        return Rows(
            after=self._after,
            cursor=Cursor(*frequent.cursor),
            orders=frequent.take_orders(),
            order_changes={order_id: OrderChange(*change) for order_id, change in frequent.take_order_changes()},
            terms=list(frequent.take_terms()),
            trades=frequent.take_trades(),
            entries=frequent.take_entries(),
            transfers=list(self._transfers.values()),
            transfer_changes=self._transfer_changes,
            words=self._words,
            notes=self._notes,
            backfills=self._backfills,
            candles=_candles({key: CandleRow(*candle) for key, candle in frequent.take_seconds()}),
            marks=frequent.take_marks(),
        )

    # --- notes ------------------------------------------------------------------------------------------------------------

    def _noted(self, note: _core.CommandApplied) -> None:
        memo = _memo(note.meta)
        account = memo.get(NOTE_ACCOUNT)
        if note.code == 0 and isinstance(account, int) and not isinstance(account, bool):
            self._notes.append([note.seq, account, note.time, memo])

    def _filled(self, note: _core.CommandApplied) -> None:
        filled = backfill.Backfill.of(_memo(note.meta)) if note.code == 0 else None
        if filled is not None:
            self._backfills.append(astuple(filled))

    # --- transfers --------------------------------------------------------------------------------------------------------

    def _moved(self, moved: "_Moved") -> None:
        event, memo = moved.event, _memo(moved.meta)
        if isinstance(event, _core.TransferVoided):
            self._ended(moved, memo, TransferStatus.VOIDED)
        elif isinstance(event, _core.TransferPending):
            self._made(moved, memo, TransferStatus.PENDING)
        elif event.was_pending:
            self._ended(moved, memo, TransferStatus.POSTED)
        else:
            self._made(moved, memo, TransferStatus.POSTED)
        self._remember(event.transfer_id, memo)
        if moved.destination_entry:
            self._destination(moved)

    def _made(self, moved: "_Moved", memo: dict[str, Any], status: TransferStatus) -> None:
        event, time = moved.event, moved.time
        self._transfers[event.transfer_id] = [
            event.transfer_id,
            event.kind,
            event.source,
            event.destination,
            event.asset,
            event.amount,
            int(status),
            0,
            memo,
            moved.source_entry,
            0,
            time,
            time,
            moved.seq,
        ]
        if event.kind == TransferKind.WITHDRAWAL_SETTLE:
            self._settled(memo.get(SETTLED_WITHDRAWAL), time)

    def _ended(self, moved: "_Moved", memo: dict[str, Any], status: TransferStatus) -> None:
        transfer_id, time = moved.event.transfer_id, moved.time
        row = self._transfers.get(transfer_id)
        if row is not None:
            row[STATUS] = int(status)
            row[MEMO] = row[MEMO] | memo
            row[TRANSFER_UPDATED] = time
        else:
            change = self._transfer_change(transfer_id, time)
            change.status = int(status)
            change.memo |= memo

    def _settled(self, reference: object, time: int) -> None:
        try:
            transfer_id = int(str(reference), 16)
        except ValueError:
            return  # a settlement of nothing that we know
        row = self._transfers.get(transfer_id)
        if row is not None:
            row[SETTLED] = row[TRANSFER_UPDATED] = time
        else:
            self._transfer_change(transfer_id, time).settled = time

    def _destination(self, moved: "_Moved") -> None:
        transfer_id = moved.event.transfer_id
        row = self._transfers.get(transfer_id)
        if row is not None:
            row[DESTINATION_ENTRY] = moved.destination_entry
        else:
            self._transfer_change(transfer_id, moved.time).destination_entry = moved.destination_entry

    def _transfer_change(self, transfer_id: int, time: int) -> TransferChange:
        change = self._transfer_changes.get(transfer_id)
        if change is None:
            change = self._transfer_changes[transfer_id] = TransferChange(time)
        else:
            change.updated = time
        return change

    def _remember(self, transfer_id: int, memo: dict[str, Any]) -> None:
        """Makes the memo's texts and integers findable. Longer ones are prose, which nobody looks up."""
        for word, value in memo.items():
            if isinstance(value, str | int) and not isinstance(value, bool):
                text = str(value)
                if len(text) <= 256 and len(word) <= 64:
                    self._words.append((word, text, transfer_id))


class _Moved(NamedTuple):
    """A transfer's event, its command, and the ledger entries that it made; `destination_entry` 0: none."""

    event: _core.TransferPending | _core.TransferPosted | _core.TransferVoided
    seq: int
    time: int
    meta: bytes
    source_entry: int
    destination_entry: int


def _memo(meta: bytes) -> dict[str, Any]:
    """The words of a command's Meta. Bytes that are none (another program wrote the journal) count as no words."""
    try:
        return Meta.decode(meta).memo or {}
    except ValueError:
        return {}


def _candles(seconds: dict[tuple[int, int], CandleRow]) -> dict[tuple[int, int, int], CandleRow]:
    """(market, interval, start) for every stored interval. Each level is folded from the finer one, so trades are touched once."""
    out = {(market, 1, start): row for (market, start), row in seconds.items()}
    finer = seconds
    for interval in CANDLE_INTERVALS[1:]:
        coarser: dict[tuple[int, int], CandleRow] = {}
        for (market, start), row in finer.items():
            key = (market, start - start % interval)
            whole = coarser.get(key)
            if whole is None:
                coarser[key] = CandleRow(row.open, row.high, row.low, row.close, row.volume, row.notional, row.count)
            else:
                whole.join(row)
        for (market, start), row in coarser.items():
            out[market, interval, start] = row
        finer = coarser
    return out
