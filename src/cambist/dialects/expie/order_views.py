"""Orders that are pending or finished, and an order's deals: what HTTP and the socket both show."""

from __future__ import annotations

import msgspec

from cambist.account_streams.orders import state_of
from cambist.dialects.expie import errors, orders
from cambist.dialects.expie.context import DialectContext
from cambist.dialects.expie.errors import Rejection
from cambist.dialects.expie.markets import Market
from cambist.domain.units import AccountId
from cambist.history.port import Page
from cambist.history.records import Order, StoredOrderState


def ended_untraded(order: Order) -> bool:
    """Whether it was no trade that ended the order."""
    return order.state not in (StoredOrderState.LIVE, StoredOrderState.FILLED)


class OrderViews:
    """Each gives the records of one page as JSON texts, newest first."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._view = context.services.view
        self._history = context.services.history

    async def pending(self, account: AccountId, market: Market, offset: int, limit: int) -> tuple[list[str], int]:
        """(records, how many there are in all). History is asked only when an order of the page has traded."""
        live = self._view.open_orders(account, market.id)
        live.reverse()
        shown = live[offset : offset + limit]
        if not any(order.filled or order.funds for order in shown):
            return [orders.pending(market, state_of(order)) for order in shown], len(live)
        await self._context.history_caught_up()
        known = {order.id: order for order in await self._history.orders_by_id([order.order_id for order in shown])}
        return [orders.pending(market, known[order.order_id]) for order in shown], len(live)

    async def finished(
        self,
        account: AccountId,
        market: Market,
        offset: int,
        limit: int,
        *,
        since: int | None = None,
        until: int | None = None,
        side: int | None = None,
    ) -> list[str]:
        """Orders that ended and traded; what was cancelled without a trade has vanished, as in the ancestor."""
        await self._context.history_caught_up()
        page = Page(since=since, until=until, offset=offset, limit=limit)
        found = await self._history.orders(account, page, market=market.id, side=side, state="finished", traded=True)
        return [orders.finished(market, order, await self._last_update(order)) for order in found]

    async def by_id(self, market: Market, order_id: int) -> str:
        """An order that there is, live or done, in the form of a pending one. HistoryError."""
        await self._context.history_caught_up()
        (order,) = await self._history.orders_by_id([order_id])
        return orders.pending(market, msgspec.structs.replace(order, updated=await self._last_update(order)))

    async def _last_update(self, order: Order) -> int:
        """When it was placed or traded last, µs: the ancestor does not count a cancel as an update."""
        if not ended_untraded(order):
            return order.updated
        last = await self._history.fills_of_order(order.id, Page(limit=1)) if order.filled else []
        return last[0].time if last else order.created

    async def deals(self, account: AccountId, market: Market, order_id: int, offset: int, limit: int) -> list[str] | Rejection:
        """Deals of an own order, live or done."""
        await self._context.history_caught_up()
        found = await self._history.orders_by_id([order_id])
        if not found or found[0].account != account or found[0].market != market.id:
            return errors.ORDER_NOT_FOUND
        fills = await self._history.fills_of_order(order_id, Page(offset=offset, limit=limit))
        return [orders.deal(market, fill) for fill in fills]
