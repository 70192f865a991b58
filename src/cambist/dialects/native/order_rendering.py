"""One order as this API words it, beside the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from cambist.api_types import orders as api
from cambist.api_types.values import Page
from cambist.dialect_kit.order_rendering import OrderRendering, RenderedMessage, RenderedRequest
from cambist.dialect_kit.placed_orders import PlacedOrder
from cambist.dialects.native.auth import KEY, SIGNATURE, TIMESTAMP
from cambist.dialects.native.endpoint import BASE
from cambist.dialects.native.listings import Listing, Listings
from cambist.dialects.native.order_views import FORCE_WORDS, fill_of, order_of, placed_of, tracked_order_of, type_word
from cambist.dialects.native.stream.private_channels import Fills, Orders, fills_made, orders_changed, step_fills
from cambist.domain.orders import Side, TimeInForce

API = "Cambist"
SIGNED = (
    ("content-type", "application/json"),
    (KEY.decode(), "<key>"),
    (TIMESTAMP.decode(), "<µs since 1970>"),
    (SIGNATURE.decode(), "<HMAC-SHA256 of timestamp, method, path, query and body, a line each, in hex>"),
)
encode = msgspec.json.Encoder().encode


class OrderRenderer:
    def __init__(self, listings: Listings) -> None:
        self._listings = listings

    def __call__(self, placed: PlacedOrder) -> list[OrderRendering]:
        listing = self._listings.of(placed.order.market)
        asked = placed.asked
        pair = asked.pair
        path, fields = ("/orders", _fields(asked, listing)) if pair is None else ("/orders/pair", _pair_fields(*pair, listing))
        rendering = OrderRendering(
            api=API,
            version="",
            request=RenderedRequest("POST", BASE + path, SIGNED, encode(fields).decode()),
            reply=encode(_reply(asked, listing)).decode(),
            rows=tuple(RenderedMessage(f"GET {BASE}{path}", encode(row).decode()) for path, row in _rows(placed, listing)),
            pushes=tuple(_pushes(placed, listing)),
        )
        return [rendering.unless(_inexpressible(asked))]


def _inexpressible(placed: PlacedOrder) -> str:
    if placed.trails and not placed.trail:
        return "How far a stop stays behind the price is known only while it waits."
    return ""


def _fields(placed: PlacedOrder, listing: Listing) -> dict[str, Any]:
    """Of PlaceOrder, without what may be left out."""
    order = placed.order
    shown = order_of(order, listing, placed.live)
    usual = TimeInForce.IOC if placed.is_market else TimeInForce.GTC
    fields: dict[str, Any] = {
        "market": listing.name,
        "side": "sell" if order.side == Side.SELL else "buy",
        "type": type_word(order.type, order.flags),
        "price": shown.price,
        "amount": shown.amount,
        "funds": shown.funds,
        "stop_price": None if placed.trails else shown.stop_price,
        "trail": shown.trail,
        "trail_ppm": shown.trail_ppm,
        "time_in_force": FORCE_WORDS[order.tif] if order.tif != usual else None,
        "expires": shown.expires,
        "post_only": shown.post_only or None,
        "client_order_id": shown.client_order_id,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _pair_fields(limit: PlacedOrder, stop: PlacedOrder, listing: Listing) -> dict[str, Any]:
    """Of PlacePair, the same way."""
    fields = _fields(limit, listing)
    trigger, at = listing.price(stop.order.stop_price), stop.order.price
    fields |= {"stop_price": trigger} | ({"stop_limit_price": listing.price(at)} if at else {})
    return {name: value for name, value in fields.items() if name not in ("type", "time_in_force")}


def _reply(placed: PlacedOrder, listing: Listing) -> api.OrderPlaced:
    """Of a pair the limit order's."""
    pair = placed.pair
    if pair is not None:
        return msgspec.structs.replace(_single_reply(pair[0], listing), stop_id=str(pair[1].order.id))
    return _single_reply(placed, listing)


def _single_reply(placed: PlacedOrder, listing: Listing) -> api.OrderPlaced:
    order, at_once = placed.order, placed.at_once
    remaining = 0 if order.funds else order.amount - at_once.filled
    status: api.OrderStatus = "waiting" if at_once.waiting else "open"
    if not at_once.open:
        status = "filled" if at_once.filled and not remaining else "cancelled"
    texts = str(order.id), listing.amount(at_once.filled), listing.amount(remaining), listing.total(at_once.total)
    return placed_of(listing, texts, order.tag, status, order.created, by_funds=order.funds)


def _rows(placed: PlacedOrder, listing: Listing) -> Iterable[tuple[str, Any]]:
    row = order_of(placed.order, listing, placed.live)
    if placed.live is not None:
        yield "/orders", Page(rows=[row])
    yield f"/orders/{placed.order.id}", row
    yield "/fills", Page(rows=[fill_of(fill, listing) for fill in reversed(placed.fills)])


def _pushes(placed: PlacedOrder, listing: Listing) -> Iterable[RenderedMessage]:
    tag = placed.order.tag or None
    for command in placed.commands:
        step = command.step
        order = tracked_order_of(step.order, listing, tag, placed.trail if step.order.waiting else 0)
        yield from (RenderedMessage(Orders.topic, message.decode()) for message in orders_changed(command.seq, [order]))
        fills = fills_made(command.seq, step_fills(step, listing, tag))
        yield from (RenderedMessage(Fills.topic, message.decode()) for message in fills)
