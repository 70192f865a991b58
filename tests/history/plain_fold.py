"""The fold of events to history's rows in plain Python, written to be read: what the native one is compared with."""

from __future__ import annotations  # Event is a name of the stub only

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from cambist import _core
from cambist.domain.commands import CommandKind
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderFlag, Side
from cambist.domain.transfers import Business, TransferKind
from cambist.history.fold import SETTLED_WITHDRAWAL, CandleRow, Cursor, OrderChange, Row, TransferChange, _candles
from cambist.history.records import Leg, TransferStatus

MARK_EVERY = 1_024

# Positions in an order's row that change after it was accepted (schema.orders).
PRICE, AMOUNT, STOP_PRICE, FILLED, TOTAL, FEE, REASON, TRIGGERED, UPDATED = 7, 8, 10, 16, 17, 18, 19, 20, 22
FLAGS, CREATED, SEQ = 6, 21, 23
# Positions in a transfer's row that change after it was made (schema.transfers).
STATUS, SETTLED, MEMO, DESTINATION_ENTRY, TRANSFER_UPDATED = 6, 7, 8, 10, 12


@dataclass(slots=True)
class PlainRows:
    """A folded run: rows for commands after `after`, up to and with `cursor`."""

    after: Cursor
    cursor: Cursor
    orders: list[list[Any]]
    order_changes: dict[int, OrderChange]
    terms: list[Row]
    trades: list[Row]
    entries: list[Row]
    transfers: list[list[Any]]
    transfer_changes: dict[int, TransferChange]
    words: list[tuple[str, str, int]]
    notes: list[list[Any]]
    candles: dict[tuple[int, int, int], CandleRow]
    marks: list[Row]


class PlainFold:
    """Collects rows from several runs of events; `rows()` once, at the end."""

    def __init__(self, cursor: Cursor) -> None:
        self._after = cursor
        self._seq = cursor.seq
        self._time = cursor.time
        self._next_order = cursor.next_order
        self._next_trade = cursor.next_trade
        self._next_entry = cursor.next_entry
        self._command: _core.CommandApplied | None = None
        self._orders: dict[int, list[Any]] = {}
        self._order_changes: dict[int, OrderChange] = {}
        self._terms: list[Row] = []
        self._replaced_here: set[int] = set()
        self._trades: list[Row] = []
        self._entries: list[Row] = []
        self._transfers: dict[int, list[Any]] = {}
        self._transfer_changes: dict[int, TransferChange] = {}
        self._words: list[tuple[str, str, int]] = []
        self._notes: list[list[Any]] = []
        self._seconds: dict[tuple[int, int], CandleRow] = {}
        self._marks: list[Row] = []
        self._legs: Iterator[tuple[int, int]] = iter(())  # (leg, fee) of the balance changes that the trade at hand still has
        self._transfer = (0, 0, 0)  # id, kind, source of the transfer at hand
        self._handlers: dict[type, Callable[[Any], None]] = {
            _core.OrderAccepted: self._accepted,
            _core.TradeExecuted: self._traded,
            _core.ConvertedTradeExecuted: self._converted,
            _core.OrderDone: self._done,
            _core.OrderReplaced: self._replaced,
            _core.StopTriggered: self._triggered,
            _core.TransferPosted: self._posted,
            _core.TransferPending: self._pending,
            _core.TransferVoided: self._voided,
        }

    @property
    def seq(self) -> int:
        """The last command folded."""
        return self._seq

    @property
    def size(self) -> int:
        """About how many rows there are by now."""
        return len(self._entries) + len(self._orders) + len(self._trades)

    def feed(self, events: Iterable[_core.Event]) -> None:
        """Folds a run. Commands that were folded before are passed over; ValueError when one is missing before the first new one."""
        handlers = self._handlers
        command, balance = _core.CommandApplied, _core.BalanceChanged
        entries = self._entries
        passing = True  # a run begins with a command
        seq, time = self._seq, self._time
        for event in events:
            kind = type(event)
            if kind is command:
                passing = not self._begin(event)  # type: ignore[arg-type]
                seq, time = self._seq, self._time
            elif passing:
                continue
            elif kind is balance:
                # Written out here: these are most of all events, and every call is time that the event loop does not have.
                assert isinstance(event, balance)
                entry_id, account, business = event.entry_id, event.account, event.business
                leg, fee, transfer_kind, transfer_id = 0, 0, 0, None
                if business == _TRADE:
                    leg, fee = next(self._legs)
                elif business == _TRANSFER:
                    transfer_id, transfer_kind, source = self._transfer
                    if account != source:
                        self._destination(transfer_id, entry_id)
                self._next_entry = entry_id + 1
                entries.append(
                    (
                        entry_id,
                        account,
                        event.asset,
                        business,
                        leg,
                        transfer_kind,
                        event.reference,
                        event.change_available,
                        event.change_held,
                        event.available,
                        event.held,
                        fee,
                        transfer_id,
                        seq,
                        time,
                    )
                )
            else:
                handler = handlers.get(kind)
                if handler is not None:
                    handler(event)

    def rows(self) -> PlainRows:
        """Everything fed so far."""
        cursor = Cursor(self._seq, self._time, self._next_order, self._next_trade, self._next_entry)
        return PlainRows(
            after=self._after,
            cursor=cursor,
            orders=list(self._orders.values()),
            order_changes=self._order_changes,
            terms=self._terms,
            trades=self._trades,
            entries=self._entries,
            transfers=list(self._transfers.values()),
            transfer_changes=self._transfer_changes,
            words=self._words,
            notes=self._notes,
            candles=_candles(self._seconds),
            marks=self._marks,
        )

    # --- one command ----------------------------------------------------------------------------------------------------

    def _begin(self, event: _core.CommandApplied) -> bool:
        """Whether the command is new."""
        seq = event.seq
        if seq <= self._seq:
            return False
        if seq != self._seq + 1:
            raise ValueError(f"events jump from command {self._seq} to {seq}")
        self._seq = seq
        self._time = max(self._time, event.time)  # a command that was refused because time went back carries the earlier one
        self._command = event
        if event.command == CommandKind.NOTE and event.code == 0:
            memo = self._words_of_command().memo or {}
            if isinstance(memo.get("for_account"), int):
                self._notes.append([seq, memo["for_account"], event.time, memo])
        if seq % MARK_EVERY == 0:
            self._marks.append((seq, self._time, self._next_order, self._next_entry))
        return True

    def _words_of_command(self) -> Meta:
        """The command's Meta. Bytes that are none (another program wrote the journal) count as no words."""
        try:
            return Meta.decode(self._command.meta if self._command is not None else b"")
        except msgspec.MsgspecError:
            return Meta()

    # --- orders ---------------------------------------------------------------------------------------------------------

    def _accepted(self, event: _core.OrderAccepted) -> None:
        order_id = event.order_id
        self._next_order = order_id + 1
        # Only a PlaceOrder accepts an order, so the command's tag is this order's.
        tag = self._words_of_command().tag
        self._orders[order_id] = [
            order_id,
            event.account,
            event.market,
            event.side,
            event.type,
            event.tif,
            event.flags,
            event.price,
            event.amount,
            event.funds,
            event.stop_price,
            event.expire_at,
            event.client_id,
            tag,
            event.maker_ppm,
            event.taker_ppm,
            0,
            0,
            0,
            0,
            0,
            self._time,
            self._time,
            self._seq,
        ]

    def _change(self, order_id: int) -> OrderChange:
        change = self._order_changes.get(order_id)
        if change is None:
            change = self._order_changes[order_id] = OrderChange(self._time)
        else:
            change.updated = self._time
        return change

    def _filled(self, order_id: int, amount: int, total: int, fee: int) -> None:
        row = self._orders.get(order_id)
        if row is not None:
            row[FILLED] += amount
            row[TOTAL] += total
            row[FEE] += fee
            row[UPDATED] = self._time
        else:
            change = self._change(order_id)
            change.filled += amount
            change.total += total
            change.fee += fee

    def _done(self, event: _core.OrderDone) -> None:
        row = self._orders.get(event.order_id)
        if row is not None:
            row[REASON] = event.reason
            row[UPDATED] = self._time
        else:
            self._change(event.order_id).reason = event.reason

    def _replaced(self, event: _core.OrderReplaced) -> None:
        row = self._orders.get(event.order_id)
        if row is not None and event.order_id not in self._replaced_here:
            self._replaced_here.add(event.order_id)
            moves = row[FLAGS] & (OrderFlag.TRAILS_BY_PRICE | OrderFlag.TRAILS_BY_PPM)
            first = (row[PRICE], row[AMOUNT], 0 if moves else row[STOP_PRICE])
            self._terms.append((event.order_id, row[SEQ], row[CREATED], *first))
        self._terms.append((event.order_id, self._seq, self._time, event.price, event.amount, event.stop_price))
        if row is not None:
            row[PRICE] = event.price
            row[AMOUNT] = event.amount
            row[STOP_PRICE] = event.stop_price
            row[UPDATED] = self._time
        else:
            change = self._change(event.order_id)
            change.price = event.price
            change.amount = event.amount
            change.stop_price = event.stop_price

    def _triggered(self, event: _core.StopTriggered) -> None:
        row = self._orders.get(event.order_id)
        if row is not None:
            row[TRIGGERED] = row[UPDATED] = self._time
        else:
            self._change(event.order_id).triggered = self._time

    # --- trades ---------------------------------------------------------------------------------------------------------

    def _converted(self, event: _core.ConvertedTradeExecuted) -> None:
        self._traded(event.as_taker(), event.as_maker())

    def _traded(self, event: _core.TradeExecuted, resting: _core.TradeExecuted | None = None) -> None:
        """`resting`: as the maker sees it, when that is in another market."""
        self._next_trade = event.trade_id + 1
        self._trades.append(
            (
                event.trade_id,
                event.time,
                event.market,
                event.taker_side,
                event.price,
                event.amount,
                event.total,
                event.maker_account,
                event.taker_account,
                event.maker_order,
                event.taker_order,
                event.maker_fee,
                event.taker_fee,
                self._next_entry,
                self._seq,
                1 if event.taker_market else 0,
                resting.market if resting else None,
                resting.price if resting else None,
                resting.total if resting else None,
            )
        )
        self._filled(event.maker_order, event.amount, (resting or event).total, event.maker_fee)
        self._filled(event.taker_order, event.amount, event.total, event.taker_fee)
        taker_buys = event.taker_side == Side.BUY
        base_fee, quote_fee = (event.taker_fee, event.maker_fee) if taker_buys else (event.maker_fee, event.taker_fee)
        legs = [(_BUYER_PAYS, 0), (_BUYER_RECEIVES, base_fee), (_SELLER_PAYS, 0), (_SELLER_RECEIVES, quote_fee)]
        if resting:
            legs += [(int(Leg.CONVERSION_RECEIVES), 0), (int(Leg.CONVERSION_PAYS), 0)]
        if base_fee:
            legs.append((_BASE_FEE, 0))
        if quote_fee:
            legs.append((_QUOTE_FEE, 0))
        self._legs = iter(legs)
        for appearance in (event, resting) if resting else (event,):
            self._second(appearance)

    def _second(self, event: _core.TradeExecuted) -> None:
        key, price, amount = (event.market, event.time // 1_000_000), event.price, event.amount
        candle = self._seconds.get(key)
        if candle is None:
            self._seconds[key] = CandleRow(price, price, price, price, amount, price * amount, 1)
        else:
            candle.high = max(candle.high, price)
            candle.low = min(candle.low, price)
            candle.close = price
            candle.volume += amount
            candle.notional += price * amount
            candle.count += 1

    # --- transfers --------------------------------------------------------------------------------------------------------

    def _made(self, event: _core.TransferPosted | _core.TransferPending, status: TransferStatus) -> None:
        transfer_id = event.transfer_id
        memo = self._words_of_command().memo or {}
        self._transfers[transfer_id] = [
            transfer_id,
            event.kind,
            event.source,
            event.destination,
            event.asset,
            event.amount,
            int(status),
            0,
            memo,
            self._next_entry,  # the source's change follows at once, and there is always one
            0,
            self._time,
            self._time,
            self._seq,
        ]
        self._transfer = (transfer_id, event.kind, event.source)
        self._remember(transfer_id, memo)
        if event.kind == TransferKind.WITHDRAWAL_SETTLE:
            self._settled(memo.get(SETTLED_WITHDRAWAL))

    def _pending(self, event: _core.TransferPending) -> None:
        self._made(event, TransferStatus.PENDING)

    def _posted(self, event: _core.TransferPosted) -> None:
        if event.was_pending:
            self._ended(event, TransferStatus.POSTED)
        else:
            self._made(event, TransferStatus.POSTED)

    def _voided(self, event: _core.TransferVoided) -> None:
        self._ended(event, TransferStatus.VOIDED)

    def _ended(self, event: _core.TransferPosted | _core.TransferVoided, status: TransferStatus) -> None:
        transfer_id = event.transfer_id
        self._transfer = (transfer_id, event.kind, event.source)
        memo = self._words_of_command().memo or {}
        row = self._transfers.get(transfer_id)
        if row is not None:
            row[STATUS] = int(status)
            row[MEMO] = row[MEMO] | memo
            row[TRANSFER_UPDATED] = self._time
        else:
            change = self._transfer_change(transfer_id)
            change.status = int(status)
            change.memo |= memo
        self._remember(transfer_id, memo)

    def _settled(self, reference: object) -> None:
        try:
            transfer_id = int(str(reference), 16)
        except ValueError:
            return  # a settlement of nothing that we know
        row = self._transfers.get(transfer_id)
        if row is not None:
            row[SETTLED] = row[TRANSFER_UPDATED] = self._time
        else:
            self._transfer_change(transfer_id).settled = self._time

    def _destination(self, transfer_id: int, entry_id: int) -> None:
        row = self._transfers.get(transfer_id)
        if row is not None:
            row[DESTINATION_ENTRY] = entry_id
        else:
            self._transfer_change(transfer_id).destination_entry = entry_id

    def _transfer_change(self, transfer_id: int) -> TransferChange:
        change = self._transfer_changes.get(transfer_id)
        if change is None:
            change = self._transfer_changes[transfer_id] = TransferChange(self._time)
        else:
            change.updated = self._time
        return change

    def _remember(self, transfer_id: int, memo: dict[str, Any]) -> None:
        """Makes the memo's texts and integers findable. Longer ones are prose, which nobody looks up."""
        for word, value in memo.items():
            if isinstance(value, str | int) and not isinstance(value, bool):
                text = str(value)
                if len(text) <= 256 and len(word) <= 64:
                    self._words.append((word, text, transfer_id))


_TRADE = int(Business.TRADE)
_TRANSFER = int(Business.TRANSFER)
# Plain integers: what goes into a row is what the database driver takes fastest.
_BUYER_PAYS, _BUYER_RECEIVES, _SELLER_PAYS, _SELLER_RECEIVES = (int(leg) for leg in list(Leg)[1:5])
_BASE_FEE, _QUOTE_FEE = int(Leg.BASE_FEE), int(Leg.QUOTE_FEE)
