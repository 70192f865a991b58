"""Cancelling and amending: what all versions have together."""

from collections.abc import Awaitable
from dataclasses import dataclass

from cambist import _core
from cambist.dialects.btse import errors
from cambist.dialects.btse.auth import Caller
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import U64_MAX
from cambist.dialects.btse.records import OrderRecord, OrderRecords
from cambist.dialects.btse.symbols import Market
from cambist.domain.orders import DoneReason, RejectReason


@dataclass(frozen=True, slots=True)
class Amendment:
    """New values in the market's units; 0 keeps one. `amount` is the new whole amount, what is filled included."""

    price: int = 0
    amount: int = 0
    stop_price: int = 0


class OrderChanges:
    """Takes orders out of the exchange and changes them in it."""

    def __init__(self, context: DialectContext, records: OrderRecords) -> None:
        self._exchange = context.services.exchange
        self._view = context.services.view
        self._records = records

    def cancel(self, caller: Caller, market: Market | None, number: int) -> Rejection | Awaitable[OrderRecord | Rejection]:
        """Cancels one live order of the caller's, which must be of that market when one is named. The record is as it was cancelled."""
        order = self._own_live(caller.account, market, number)
        if order is None:
            return errors.ORDER_UNKNOWN
        outcome = self._exchange.orders.cancel(caller.account, number, meta=caller.meta())
        if outcome.code:
            return errors.of_core(outcome.code)
        return self._as_it_stands(number)

    async def _as_it_stands(self, number: int) -> OrderRecord | Rejection:
        records = await self._records.by_id([number])
        return records[0] if records else errors.ORDER_UNKNOWN

    def cancel_all(self, caller: Caller, market: Market) -> Rejection | list[int]:
        """Cancels every order of the caller's in a market, in one command; the numbers of those that were live."""
        numbers = [order.order_id for order in self._view.open_orders(caller.account, market.id)]
        if numbers:
            outcome = self._exchange.orders.cancel_all(caller.account, market.id, meta=caller.meta())
            if outcome.code:
                return errors.of_core(outcome.code)
        return numbers

    async def records_of(self, numbers: list[int]) -> list[OrderRecord]:
        """What was cancelled, as history has it."""
        return [record for record in await self._records.by_id(numbers) if record.reason == DoneReason.CANCELLED]

    def amend(self, caller: Caller, market: Market, number: int, change: Amendment) -> Rejection | Awaitable[OrderRecord | Rejection]:
        """Replaces a live order of the caller's. It keeps its place in the queue only when the amount alone shrinks."""
        order = self._own_live(caller.account, market, number)
        if order is None:
            return errors.ORDER_UNKNOWN
        if change.price > U64_MAX or change.stop_price > U64_MAX:
            return errors.of_core(RejectReason.PRICE_TOO_HIGH)
        if change.amount > U64_MAX:
            return errors.of_core(RejectReason.AMOUNT_TOO_LARGE)
        outcome = self._exchange.orders.replace(
            caller.account, number, price=change.price, amount=change.amount, stop_price=change.stop_price, meta=caller.meta()
        )
        if outcome.code:
            if outcome.code == RejectReason.JOURNAL_FULL:
                caller.journaled = False  # the core was not asked
            return errors.of_core(outcome.code)
        return self._as_it_stands(number)

    def _own_live(self, account: int, market: Market | None, number: int) -> _core.LiveOrder | None:
        order = self._view.order(number) if number else None
        if order is None or order.account != account or (market is not None and order.market != market.id):
            return None
        return order
