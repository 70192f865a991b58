"""Cancelling and amending: what all versions have together. A change is answered as the core has it; history is not waited for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cambist import _core
from cambist.dialects.btse import errors
from cambist.dialects.btse.auth import Caller
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import U64_MAX
from cambist.dialects.btse.records import OrderRecord, OrderRecords
from cambist.dialects.btse.symbols import Market
from cambist.domain.orders import DoneReason, OrderStatus
from cambist.domain.reject_reasons import RejectReason


@dataclass(frozen=True, slots=True)
class Amendment:
    """New values in the market's units; 0 keeps one. `amount` is the new whole amount, what is filled included."""

    price: int = 0
    amount: int = 0
    stop_price: int = 0


class OrderChanges:
    """Takes orders out of the exchange and changes them in it."""

    def __init__(self, context: DialectContext, records: OrderRecords) -> None:
        self._commands = context.services.commands
        self._records = records

    async def cancel(self, caller: Caller, market: Market | None, uuid: str, tag: str) -> list[OrderRecord] | Rejection:
        """Cancels the caller's live order that an id names, or all that bear a tag; of that market when one is named.

        The records are as the orders were cancelled; a leg of a pair comes with the other one. ORDER_UNKNOWN when there is none.
        """
        orders = self._records.own_live(caller.account, market, uuid, tag)
        if not orders:
            return errors.ORDER_UNKNOWN
        if len(orders) > 1:
            numbers = [order.order_id for order in orders]
            done = await self._commands.cancel_many(caller.account, numbers, meta=caller.meta())
            return await self._cancelled(orders, done.outcome)
        (order,) = orders
        other = self._records.other_leg(order)
        done = await self._commands.cancel(caller.account, order.order_id, meta=caller.meta())
        if done.outcome.code:
            return errors.of_core(done.outcome.code)
        filled = 0 if order.funds else order.amount - done.outcome.remaining
        ended = sorted([order, other], key=lambda leg: leg.order_id) if other is not None else [order]
        return self._ended(await self._records.live(ended, {order.order_id: filled}))

    async def cancel_all(self, caller: Caller, market: Market | None) -> list[OrderRecord] | Rejection:
        """Cancels every order of the caller's, in one market or in all, in one command."""
        orders = self._records.live_orders(caller.account, market)
        if not orders:
            return []
        if market is None:
            done = await self._commands.cancel_all(caller.account, meta=caller.meta())
        else:
            done = await self._commands.cancel_all(caller.account, market.id, meta=caller.meta())
        return await self._cancelled(orders, done.outcome)

    async def _cancelled(self, orders: Sequence[_core.LiveOrder], outcome: _core.Outcome) -> list[OrderRecord] | Rejection:
        if outcome.code:
            return errors.of_core(outcome.code)
        if outcome.count == len(orders):
            return self._ended(await self._records.live(orders))
        # Some ended, or some came, before the command was applied: which, only history knows.
        records = await self._records.by_id([order.order_id for order in orders])
        return [record for record in records if record.reason in (DoneReason.CANCELLED, DoneReason.ONE_CANCELS_OTHER)]

    def _ended(self, records: list[OrderRecord]) -> list[OrderRecord]:
        ended = [replace(record, reason=DoneReason.CANCELLED, waiting=False) for record in records]
        for record in ended:
            self._records.recent.note(record)
        return ended

    async def amend(self, caller: Caller, order: _core.LiveOrder, change: Amendment) -> tuple[OrderRecord, bool] | Rejection:
        """Replaces a live order of the caller's: the record as the command left it, and whether the order traded or ended by it.

        It keeps its place in the queue only when the amount alone shrinks.
        """
        if change.price > U64_MAX or change.stop_price > U64_MAX:
            return errors.of_core(RejectReason.PRICE_TOO_HIGH)
        if change.amount > U64_MAX:
            return errors.of_core(RejectReason.AMOUNT_TOO_LARGE)
        done = await self._commands.replace(
            caller.account,
            order.order_id,
            price=change.price,
            amount=change.amount,
            stop_price=change.stop_price,
            meta=caller.meta(),
        )
        if done.outcome.code:
            return errors.of_core(done.outcome.code)
        record = await self._amended(order, change, done.outcome)
        return record, bool(done.outcome.filled or record.reason)

    async def _amended(self, order: _core.LiveOrder, change: Amendment, outcome: _core.Outcome) -> OrderRecord:
        amount = change.amount or order.amount
        filled = amount - outcome.remaining
        before = (await self._records.live([order], {order.order_id: filled - outcome.filled}))[0]
        waiting = outcome.status == OrderStatus.WAITING
        reason = 0
        if outcome.status == OrderStatus.DONE:
            reason = DoneReason.UNFILLED if outcome.remaining else DoneReason.FILLED
        record = replace(
            before,
            price=change.price or before.price,
            amount=amount,
            stop_price=change.stop_price or before.stop_price,
            filled=filled,
            total=before.total + outcome.total,
            waiting=waiting,
            triggered=bool(before.stop_price) and not waiting,
            reason=reason,
        )
        self._records.recent.note(record)
        return record
