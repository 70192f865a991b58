"""One order as BTC-e and WEX word it."""

from __future__ import annotations

from urllib.parse import urlencode

from cambist.dialect_kit.order_rendering import FORM, OrderRendering, RenderedMessage, RenderedRequest
from cambist.dialect_kit.placed_orders import PlacedOrder, beyond_plain_orders
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.histories import Histories
from cambist.dialects.btce_wex.order_views import OrderViews
from cambist.dialects.btce_wex.orders import placed_body
from cambist.dialects.btce_wex.pairs import Pair
from cambist.dialects.btce_wex.render import SIDE_NAMES, rows

CALL = "POST /tapi"
HEADERS = (FORM, ("Key", "<key>"), ("Sign", "<HMAC-SHA512 of the body, in hex>"))
BTCE, WEX = "BTC-e", "WEX"


class OrderRenderer:
    """Both have the same calls, so that an order differs in nothing but in who had market orders."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._views = OrderViews(context)
        self._histories = Histories(context)

    def __call__(self, placed: PlacedOrder) -> list[OrderRendering]:
        return [self._render(placed, api) for api in (BTCE, WEX)]

    def _render(self, placed: PlacedOrder, api: str) -> OrderRendering:
        pair, order = self._context.pairs[placed.order.market], placed.order
        remarks = ["It has no client order ids: this order's stays untold."] if order.tag else []
        if placed.is_market and not placed.is_stop and api == BTCE:
            remarks.append("`mode` came with WEX in 2018; BTC-e's own clients bought at a price that every seller takes.")
        rendering = OrderRendering(
            api=api,
            version="",
            request=RenderedRequest("POST", "/tapi", HEADERS, self._body(placed.asked, pair)),
            reply=self._reply(placed.asked, pair),
            rows=tuple(self._rows(placed)),
            pushes=None,
            remarks=tuple(remarks),
        )
        in_funds = f"{api}'s orders say how much to buy, never how much to spend as this one does." if order.funds else ""
        return rendering.unless(beyond_plain_orders(placed, api) or in_funds)

    def _body(self, placed: PlacedOrder, pair: Pair) -> str:
        order = placed.order
        fields = {"pair": pair.name, "type": SIDE_NAMES[order.side], "amount": pair.amount_text(order.amount)}
        more = {"mode": "market"} if placed.is_market else {"rate": pair.price_text(order.price)}
        return f"method=Trade&nonce=<nonce>&{urlencode(fields | more)}"

    def _reply(self, placed: PlacedOrder, pair: Pair) -> str:
        order, at_once = placed.order, placed.at_once
        resting = order.id if at_once.open else None
        funds = self._context.assets.funds_of(placed.available)
        return placed_body(pair, at_once.filled, order.amount - at_once.filled, resting, funds).decode()

    def _rows(self, placed: PlacedOrder) -> list[RenderedMessage]:
        live, views = placed.live, self._views
        found = []
        if live is not None:
            found.append(("ActiveOrders", rows([views.live(live)])))
        info = views.live(live, with_start=True) if live is not None else views.past(placed.order, with_start=True)
        found.append(("OrderInfo", rows([info])))
        if placed.fills:
            found.append(("TradeHistory", rows(map(self._histories.trade, reversed(placed.fills)))))
        return [RenderedMessage(f"{CALL} method={name}", body.decode()) for name, body in found]
