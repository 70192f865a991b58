"""One of one's own orders, as every API of the venue words it."""

from __future__ import annotations

from cambist.api_types import renderings as api
from cambist.api_types.problems import Code, Problem, problem
from cambist.dialect_kit.order_rendering import OrderRendering, RenderedMessage, RenderedRequest
from cambist.dialect_kit.placed_orders import read_placed_order
from cambist.dialects.native.endpoint import Call
from cambist.dialects.native.endpoints.orders import order_number


async def render_order(call: Call, *, order: str) -> api.OrderRenderings | Problem:
    """One order as each API of the venue words it: the request that places it, the reply, rows of lists and histories, pushes. No key and
    no secret is in it. `not-found`."""
    services = call.context.services
    placed = await read_placed_order(services, call.account, order_number(order))
    if placed is None:
        return problem(Code.NOT_FOUND)
    return api.OrderRenderings(
        order=order,
        renderings=[_rendering(rendering) for rendering in await services.order_renderers.render(placed)],
        more_trades=placed.more_fills,
        changed=placed.changed,
    )


def _rendering(rendering: OrderRendering) -> api.OrderRendering:
    return api.OrderRendering(
        api=rendering.api,
        version=rendering.version,
        request=None if rendering.request is None else _request(rendering.request),
        reply=rendering.reply,
        rows=[_message(row) for row in rendering.rows],
        pushes=None if rendering.pushes is None else [_message(push) for push in rendering.pushes],
        inexpressible=rendering.inexpressible or None,
        remarks=list(rendering.remarks),
    )


def _request(request: RenderedRequest) -> api.RenderedRequest:
    headers = [api.RenderedHeader(name=name, value=value) for name, value in request.headers]
    return api.RenderedRequest(method=request.method, path=request.path, headers=headers, body=request.body)


def _message(message: RenderedMessage) -> api.RenderedMessage:
    return api.RenderedMessage(source=message.source, body=message.body)
