"""`ActiveOrders`, its forerunner `OrderList`, and `OrderInfo`: the methods that show orders."""

from cambist import _core
from cambist.dialects.btce_wex import errors, ids
from cambist.dialects.btce_wex.auth import Caller
from cambist.dialects.btce_wex.context import MethodGroup
from cambist.dialects.btce_wex.errors import error_body
from cambist.dialects.btce_wex.paging import MAX_COUNT, Filters
from cambist.dialects.btce_wex.render import SIDE_NAMES, rows, seconds
from cambist.domain.units import AccountId, MarketId
from cambist.history.records import Order, StoredOrderState

ACTIVE, EXECUTED, CANCELLED, CANCELLED_PARTLY_EXECUTED = 0, 1, 2, 3
"""`status` of an order."""


class OrderViews(MethodGroup):
    async def active_orders(self, caller: Caller) -> bytes:
        """Orders that are open, oldest first; `amount` is what remains. None at all is an error, `no orders`."""
        return self._open(caller, None)

    async def order_list(self, caller: Caller) -> bytes:
        """ActiveOrders under its old name: `count` limits it, `active=0` asks for finished orders too, filtered as histories are."""
        filters = Filters(caller.fields, self.context.now())
        if filters.wrong:
            return error_body(errors.invalid_parameter(filters.wrong))
        if caller.fields.get("active") == "0":
            return await self._all(caller, filters)
        return self._open(caller, filters.page.limit if "count" in caller.fields else MAX_COUNT)

    def _market(self, caller: Caller) -> MarketId | None:
        """The market that the `pair` field names, all markets without it, None when it names none."""
        name = caller.fields.get("pair")
        if name is None:
            return _core.ALL_MARKETS
        pair = self.context.pairs.find(name)
        return None if pair is None else pair.market

    def _open(self, caller: Caller, limit: int | None) -> bytes:
        market = self._market(caller)
        if market is None:
            return error_body(errors.invalid_parameter("pair"))
        orders = self.view.open_orders(caller.account, market)[:limit]
        if not orders:
            return error_body(errors.NO_ORDERS)
        return rows(map(self.live, orders))

    async def _all(self, caller: Caller, filters: Filters) -> bytes:
        market = self._market(caller)
        if market is None:
            return error_body(errors.invalid_parameter("pair"))
        await self.context.history_caught_up()
        orders = await self.services.history.orders(caller.account, filters.page, market=None if market == _core.ALL_MARKETS else market)
        if not orders:
            return error_body(errors.NO_ORDERS)
        return rows(map(self.past, orders))

    async def order_info(self, caller: Caller) -> bytes:
        """One order, live or done, with its amount at the start and what remains. Strangers' and unknown ids are an `invalid order`."""
        order_id = ids.of_text(caller.fields.get("order_id", ""))
        if order_id is None:
            return error_body(errors.invalid_parameter("order_id"))
        if not 0 < order_id < self.view.next_order_id:
            return error_body(errors.ORDER_INVALID)
        order = self.view.order(order_id)
        if order is None:
            return await self._finished(caller.account, order_id)
        if order.account != caller.account:
            return error_body(errors.ORDER_INVALID)
        return rows([self.live(order, with_start=True)])

    async def _finished(self, account: AccountId, order_id: int) -> bytes:
        await self.context.history_caught_up()
        orders = await self.services.history.orders_by_id([order_id])
        if not orders or orders[0].account != account:
            return error_body(errors.ORDER_INVALID)
        return rows([self.past(orders[0], with_start=True)])

    def live(self, order: _core.LiveOrder, *, with_start: bool = False) -> str:
        """A row of the orders that are open; `with_start`: as OrderInfo has it, with the amount at the start."""
        # A stop that waits (placed through another API) has its stop price where an order here has its rate.
        rate = order.price or order.stop_price
        start = order.amount if with_start else None
        return self._entry(order.order_id, order.market, order.side, start, order.remaining, rate, order.created, ACTIVE)

    def past(self, order: Order, *, with_start: bool = False) -> str:
        """The same of an order as history has it."""
        if order.state == StoredOrderState.LIVE:
            status = ACTIVE
        elif order.state == StoredOrderState.FILLED:
            status = EXECUTED
        else:
            status = CANCELLED_PARTLY_EXECUTED if order.filled else CANCELLED
        rate = order.price or order.stop_price or self._average_price(order)
        start = order.amount if with_start else None
        return self._entry(order.id, order.market, order.side, start, order.remaining, rate, order.created, status)

    def _average_price(self, order: Order) -> int:
        """What a market order, which named no rate, traded at; cut to the market's digits. 0 when it traded nothing."""
        return order.total // (order.filled * self.context.pairs[order.market].quote_unit) if order.filled else 0

    def _entry(
        self, order_id: int, market: MarketId, side: int, start: int | None, remaining: int, rate: int, created: int, status: int
    ) -> str:
        pair = self.context.pairs[market]
        start_amount = "" if start is None else f'"start_amount":{pair.amount_text(start)},'
        return (
            f'"{ids.shown(order_id)}":{{"pair":"{pair.name}","type":"{SIDE_NAMES[side]}",{start_amount}"amount":{pair.amount_text(remaining)},'
            f'"rate":{pair.price_text(rate)},"timestamp_created":{seconds(created)},"status":{status}}}'
        )
