"""Orders that are pending or finished, and an order's deals: what HTTP and the socket both show."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from cambist import _core
from cambist.account_streams.orders import state_of
from cambist.dialects.expie import errors, orders
from cambist.dialects.expie.context import DialectContext
from cambist.dialects.expie.errors import Rejection
from cambist.dialects.expie.markets import Market
from cambist.history.port import Page


class OrderViews:
    """Each gives the records of one page as JSON texts, newest first."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._view = context.services.view
        self._history = context.services.history

    def pending(self, account: int, market: Market, offset: int, limit: int) -> tuple[list[str] | Awaitable[list[str]], int]:
        """(records, how many there are in all). An awaitable when histories must be asked for what an order traded."""
        live = self._view.open_orders(account, market.id)
        live.reverse()
        wanted = live[offset : offset + limit]
        if any(order.filled or order.funds for order in wanted):
            return self._with_totals(market, wanted), len(live)
        return [orders.pending(market, state_of(order)) for order in wanted], len(live)

    async def _with_totals(self, market: Market, live: Sequence[_core.LiveOrder]) -> list[str]:
        await self._context.history_caught_up()
        known = {order.id: order for order in await self._history.orders_by_id([order.order_id for order in live])}
        return [orders.pending(market, known[order.order_id]) for order in live]

    async def finished(
        self,
        account: int,
        market: Market,
        offset: int,
        limit: int,
        *,
        since: int | None = None,
        until: int | None = None,
        side: int | None = None,
    ) -> list[str]:
        """Orders that ended and traded; who was cancelled without a trade has vanished, as in the ancestor."""
        await self._context.history_caught_up()
        page = Page(since=since, until=until, offset=offset, limit=limit)
        found = await self._history.orders(account, page, market=market.id, side=side, state="finished", traded=True)
        return [orders.finished(market, order, order.updated) for order in found]

    async def deals(self, account: int, market: Market, order_id: int, offset: int, limit: int) -> list[str] | Rejection:
        """Deals of an own order, live or done."""
        await self._context.history_caught_up()
        found = await self._history.orders_by_id([order_id])
        if not found or found[0].account != account or found[0].market != market.id:
            return errors.ORDER_NOT_FOUND
        fills = await self._history.fills_of_order(order_id, Page(offset=offset, limit=limit))
        return [orders.deal(market, fill) for fill in fills]
