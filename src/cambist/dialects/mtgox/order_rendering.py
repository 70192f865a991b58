"""One order as Mt.Gox's two later versions word it."""

from __future__ import annotations

from urllib.parse import urlencode

from cambist.dialect_kit.order_life import LifeCommand
from cambist.dialect_kit.order_rendering import FORM, OrderRendering, RenderedMessage, RenderedRequest
from cambist.dialect_kit.placed_orders import PlacedOrder, beyond_plain_orders
from cambist.dialects.mtgox import ids
from cambist.dialects.mtgox.call import DialectContext
from cambist.dialects.mtgox.instruments import Pair
from cambist.dialects.mtgox.orders import NO_TRADES, open_order, order_result
from cambist.dialects.mtgox.replies import DATA, RETURN, Result, wrapped
from cambist.dialects.mtgox.stream import messages
from cambist.dialects.mtgox.stream.order_messages import OrderMessages, account_channel
from cambist.dialects.mtgox.trades import SIDES, own_trade

API = "Mt.Gox"


class OrderRenderer:
    """Of v1 and v2. v0 answers an order with the whole account, which nobody can tell again later."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context

    def __call__(self, placed: PlacedOrder) -> list[OrderRendering]:
        pair = self._context.instruments.of_market(placed.order.market)
        if pair is None:
            sentence = "Mt.Gox has prices and amounts of fixed decimals, and this market's do not fit into them: it is not served there."
            return [OrderRendering(API, version, None, None, (), None, sentence) for version in ("v1", "v2")]
        pushes = tuple(self._pushes(placed))
        v1 = self._render(placed, pair, "v1", f"/api/1/{pair.name}/private/order/add", "/api/1/generic/private", RETURN, pushes)
        v2 = self._render(placed, pair, "v2", f"/api/2/{pair.name}/money/order/add", "/api/2/money", DATA, pushes)
        return [v1, v2]

    def _render(
        self, placed: PlacedOrder, pair: Pair, version: str, path: str, own: str, member: str, pushes: tuple[RenderedMessage, ...]
    ) -> OrderRendering:
        order = placed.order
        signed = "body" if version == "v1" else "path behind /api/2/, a zero byte and the body"
        headers = (FORM, ("User-Agent", "<any>"), ("Rest-Key", "<key>"), ("Rest-Sign", f"<HMAC-SHA512 of the {signed}, in base64>"))
        rendering = OrderRendering(
            api=API,
            version=version,
            request=RenderedRequest("POST", path, headers, self._body(placed.asked, pair)),
            reply=_text(ids.make(ids.ORDER, order.id), member),
            rows=tuple(RenderedMessage(f"POST {own}/{name}", _text(answer, member)) for name, answer in self._answers(placed, pair)),
            pushes=pushes,
            remarks=("It has no client order ids: this order's stays untold.",) if order.tag else (),
        )
        in_funds = "Mt.Gox's orders say how much to buy, never how much to spend as this one does." if order.funds else ""
        return rendering.unless(beyond_plain_orders(placed, API) or in_funds)

    def _body(self, placed: PlacedOrder, pair: Pair) -> str:
        order = placed.order
        fields: dict[str, object] = {"type": SIDES[order.side], "amount_int": pair.amount_int(order.amount)}
        if not placed.is_market:
            fields["price_int"] = pair.price_int(order.price)
        return f"nonce=<nonce>&{urlencode(fields)}"

    def _answers(self, placed: PlacedOrder, pair: Pair) -> list[tuple[str, Result]]:
        """Of the calls that show an order: those that are open, what one traded, all own trades."""
        found: list[tuple[str, Result]] = []
        if placed.live is not None:
            found.append(("orders", [open_order(pair, placed.live)]))
        found.append(("order/result", order_result(pair, placed.order.id, placed.fills) if placed.fills else NO_TRADES))
        if placed.fills:
            found.append(("trades", [own_trade(pair, fill) for fill in placed.fills]))
        return found

    def _pushes(self, placed: PlacedOrder) -> list[RenderedMessage]:
        channel, found, stamp = account_channel(placed.order.account), list[RenderedMessage](), 0

        def say(kind: str, content: dict[str, object]) -> None:
            found.append(RenderedMessage(kind, messages.private(channel, channel, kind, content, stamp).decode()))

        said = OrderMessages(self._context.instruments, say)
        for command in placed.commands:
            stamp = command.time
            _tell(said, command)
        return found


def _tell(said: OrderMessages, command: LifeCommand) -> None:
    for event in command.events:
        if event.trade is not None:
            said.traded(event.order.market, event.trade, event.trade.appearance)
        said.changed(event.order, event.change)
    said.rest()


def _text(answer: Result, member: str) -> str:
    return wrapped(answer, member).content.decode()
