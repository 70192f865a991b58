"""One order as Expie words it."""

from __future__ import annotations

import msgspec

from cambist.account_streams.orders import state_of
from cambist.dialect_kit.order_rendering import JSON, OrderRendering, RenderedMessage, RenderedRequest
from cambist.dialect_kit.placed_orders import PlacedOrder, beyond_plain_orders
from cambist.dialects.expie import orders
from cambist.dialects.expie.channels import order_update
from cambist.dialects.expie.context import DialectContext
from cambist.dialects.expie.markets import Market
from cambist.dialects.expie.order_views import ended_untraded
from cambist.dialects.expie.parameters import DEFAULT_LIMIT
from cambist.domain.orders import OrderType, Side
from cambist.history.records import Fill

API = "Expie"


class OrderRenderer:
    """By HTTP; the socket asks for the same rows by other names."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context

    def __call__(self, placed: PlacedOrder) -> list[OrderRendering]:
        order, market = placed.order, self._context.markets[placed.order.market]
        path = f"/v1/markets/{market.name}/orders"
        headers = (JSON, ("Authorization", "Bearer <token>"))
        rendering = OrderRendering(
            api=API,
            version="",
            request=RenderedRequest("POST", path, headers, self._body(placed.asked, market)),
            reply=self._reply(placed.asked, market),
            rows=tuple(self._rows(placed, market, path)),
            pushes=tuple(RenderedMessage("order", order_update(market, command.step).decode()) for command in placed.commands),
            remarks=("It has no client order ids: this order's stays untold.",) if order.tag else (),
        )
        return [rendering.unless(beyond_plain_orders(placed, API) or self._beyond_market_orders(placed))]

    def _beyond_market_orders(self, placed: PlacedOrder) -> str:
        order = placed.order
        if order.type != OrderType.MARKET:
            return ""
        if not self._context.market_orders:
            return "Expie takes no market orders at this venue."
        if order.side == Side.BUY and not order.funds:
            return "A market order that buys says at Expie how much to spend, not how much to buy as this one does."
        return ""

    def _body(self, placed: PlacedOrder, market: Market) -> str:
        order = placed.order
        amount = market.money.exact(order.funds) if order.funds else market.amount(order.amount)
        fields: dict[str, object] = {"side": orders.side_number(order.side), "amount": amount}
        if not placed.is_market:
            fields["price"] = market.price(order.price)
        return msgspec.json.encode(fields).decode()

    def _reply(self, placed: PlacedOrder, market: Market) -> str:
        order, at_once = placed.order, placed.at_once
        then = msgspec.structs.replace(order, filled=at_once.filled, total=at_once.total, fee=at_once.fee, updated=order.created)
        return orders.pending(market, then)

    def _rows(self, placed: PlacedOrder, market: Market, path: str) -> list[RenderedMessage]:
        order, live, found = placed.order, placed.live, list[tuple[str, str]]()
        if live is not None:
            row = orders.pending(market, order if live.filled or live.funds else state_of(live))
            found.append(("_pending", orders.page([row], 0, DEFAULT_LIMIT, 1)))
        elif order.filled:
            ended = (placed.fills[-1].time if placed.fills else order.created) if ended_untraded(order) else order.updated
            found.append(("_finished", orders.page([orders.finished(market, order, ended)], 0, DEFAULT_LIMIT)))
        deals: list[Fill] = list(reversed(placed.fills))[:DEFAULT_LIMIT]
        found.append((str(order.id), orders.page([orders.deal(market, fill) for fill in deals], 0, DEFAULT_LIMIT)))
        return [RenderedMessage(f"GET {path}/{name}", body) for name, body in found]
