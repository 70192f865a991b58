"""Anybody's orders, for those who must see them or take them back."""

from __future__ import annotations

import asyncio
from typing import Literal

import msgspec

from cambist import _core
from cambist.domain.orders import OrderType, Side
from cambist.domain.reject_reasons import RejectReason
from cambist.history.port import Page
from cambist.history.records import Order
from cambist.operations.market_names import market_of, name_of_market
from cambist.operations.operation import Effect, Holder, Limit, Number, Operation, OperatorCall
from cambist.operations.rejections import Rejected, not_found, of_core
from cambist.operations.users import name_of


class ListOrders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`state`: the open ones as the core has them, from `first_id` on; or the newest finished ones, or of all, as history has them."""

    user: Holder
    market: str | None = None
    state: Literal["open", "finished", "all"] = "open"
    first_id: Number = 0
    limit: Limit = 100


class OrderRow(msgspec.Struct, frozen=True):
    """Prices in quote, amounts in base, as decimal texts; empty where the order has none. `created` in µs."""

    id: int
    user: str
    market: str
    side: str
    type: str
    price: str
    amount: str
    filled: str
    state: str
    created: int


async def list_orders(call: OperatorCall, request: ListOrders) -> list[OrderRow] | Rejected:
    """In order of id; those of history newest first. `user-unknown`, `market-unknown`."""
    account = call.account(request.user)
    if isinstance(account, Rejected):
        return account
    market = market_of(call.context.catalogue, request.market) if request.market is not None else None
    if isinstance(market, Rejected):
        return market
    number = market.id if market is not None else None
    if request.state == "open":
        view = call.context.view
        found = view.open_orders(account) if number is None else view.open_orders(account, number)
        wanted = [order for order in found if order.order_id >= request.first_id]
        return [_open_row(call, order) for order in wanted[: request.limit]]
    await call.context.history_caught_up()
    page = Page(limit=request.limit)
    return [_stored_row(call, order) for order in await call.context.history.orders(account, page, market=number, state=request.state)]


class OfOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    order: Number


async def find_order(call: OperatorCall, request: OfOrder) -> OrderRow | Rejected:
    """Anybody's order by its number, live or finished. `order-unknown`, `history-unavailable`."""
    live = call.context.view.order(request.order)
    if live is not None:
        return _open_row(call, live)
    await call.context.history_caught_up()
    stored = await call.context.history.orders_by_id([request.order])
    return _stored_row(call, stored[0]) if stored else not_found("order", request.order)


SCANNED = 10_000
"""Numbers of orders that are looked at in one go, before others have their turn: less than a millisecond's work."""


class ListOpenOrders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everybody's, with numbers below `before` (all), in one market or all."""

    market: str | None = None
    before: Number | None = None
    limit: Limit = 100


class OpenOrders(msgspec.Struct, frozen=True):
    """`next`: go on with it as `before`; None when there is nothing further."""

    rows: list[OrderRow]
    next: int | None


async def list_open_orders(call: OperatorCall, request: ListOpenOrders) -> OpenOrders | Rejected:
    """Everybody's open orders, newest first. `market-unknown`."""
    market = market_of(call.context.catalogue, request.market) if request.market is not None else None
    if isinstance(market, Rejected):
        return market
    view = call.context.view
    number = min(view.next_order_id, request.before if request.before is not None else view.next_order_id)
    # Who asks from the newest on knows when all that live were seen, and need not look at all that ever were.
    left = sum(view.live_orders(each.id) for each in call.context.catalogue.markets.by_id) if request.before is None else number
    found: list[_core.LiveOrder] = []
    while number > 1 and left and len(found) <= request.limit:
        end = max(1, number - SCANNED)
        while number > end and left and len(found) <= request.limit:
            number -= 1
            order = view.order(number)
            if order is not None:
                left -= 1
                found += [order] if market is None or order.market == market.id else []
        await asyncio.sleep(0)
    rows = [_open_row(call, order) for order in found[: request.limit]]
    return OpenOrders(rows, rows[-1].id if len(found) > request.limit else None)


class CancelOrders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Orders by their numbers, anybody's."""

    orders: list[Number]


class OrderCancelled(msgspec.Struct, frozen=True):
    """`reason`: why it was not, where it was not."""

    id: int
    cancelled: bool
    reason: str = ""


async def cancel_orders(call: OperatorCall, request: CancelOrders) -> list[OrderCancelled] | Rejected:
    """Takes orders back, each by itself. `order-unknown` names those that are not open; nothing was done then."""
    owners = {order_id: order.account for order_id in request.orders if (order := call.context.view.order(order_id)) is not None}
    unknown = [str(order_id) for order_id in request.orders if order_id not in owners]
    if unknown or not owners:
        return not_found("order", ", ".join(unknown) or "named", " that is open")
    cancelled = []
    for order_id, account in owners.items():
        code = (await call.context.commands.cancel(account, order_id, meta=call.meta())).outcome.code
        cancelled.append(OrderCancelled(order_id, code == RejectReason.OK, "" if code == RejectReason.OK else of_core(code, "order").text))
    return cancelled


class CancelAll(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All orders of an account, in one market or in all."""

    user: Holder
    market: str | None = None


class AllCancelled(msgspec.Struct, frozen=True):
    count: int


async def cancel_all(call: OperatorCall, request: CancelAll) -> AllCancelled | Rejected:
    """`user-unknown`, `market-unknown`."""
    account = call.account(request.user)
    if isinstance(account, Rejected):
        return account
    market = market_of(call.context.catalogue, request.market) if request.market is not None else None
    if isinstance(market, Rejected):
        return market
    number = market.id if market is not None else _core.ALL_MARKETS
    done = await call.context.commands.cancel_all(account, number, meta=call.meta())
    return AllCancelled(done.outcome.count) if done.outcome.code == RejectReason.OK else of_core(done.outcome.code, request.user)


def _open_row(call: OperatorCall, order: _core.LiveOrder) -> OrderRow:
    filled, state = order.filled, "waiting" if order.waiting else "open"
    return _row(call, order.order_id, order, filled, state)


def _stored_row(call: OperatorCall, order: Order) -> OrderRow:
    return _row(call, order.id, order, order.filled, "waiting" if order.waiting else order.state.name.lower().replace("live", "open"))


def _row(call: OperatorCall, order_id: int, order: _core.LiveOrder | Order, filled: int, state: str) -> OrderRow:
    market = call.context.catalogue.markets.by_id[order.market]
    price = order.price or order.stop_price
    return OrderRow(
        order_id,
        name_of(call, order.account),
        name_of_market(call.context.catalogue, market),
        Side(order.side).name.lower(),
        OrderType(order.type).name.lower().replace("_", "-"),
        _core.format_units(price, market.price_scale) if price else "",
        _core.format_units(order.amount, market.amount_scale) if order.amount else "",
        _core.format_units(filled, market.amount_scale),
        state,
        order.created,
    )


OPERATIONS = (
    Operation("order.list", ListOrders, list_orders, Effect.READ, recorded=False),
    Operation("order.find", OfOrder, find_order, Effect.READ, recorded=False),
    Operation("order.open", ListOpenOrders, list_open_orders, Effect.READ, recorded=False),
    Operation("order.cancel", CancelOrders, cancel_orders, Effect.CHANGE),
    Operation("order.cancel-all", CancelAll, cancel_all, Effect.CHANGE),
)
