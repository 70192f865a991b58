"""One order in the words of every API of the venue."""

from __future__ import annotations

from cambist.api_types.values import Id, Value


class RenderedHeader(Value, frozen=True, kw_only=True):
    """A field of a request. What is secret, or another one in each request, is a word in angle brackets."""

    name: str
    value: str


class RenderedRequest(Value, frozen=True, kw_only=True):
    """A request as it goes over the wire."""

    method: str
    path: str
    headers: list[RenderedHeader]
    body: str


class RenderedMessage(Value, frozen=True, kw_only=True):
    """What an API says, word for word. `source`: the call that is answered so, or the topic that is pushed on."""

    source: str
    body: str


class OrderRendering(Value, frozen=True, kw_only=True):
    """The order in one version of an API.

    `request` would place it, and `reply` is what was, or would have been, answered to it; both are null where that API cannot express the
    order, which `inexpressible` says in a sentence. `rows`: what its lists and histories answer now, as if this were the only order.
    `pushes`: what its private stream has told of the order, oldest first; null for an API without one. `remarks`: what it leaves out.
    """

    api: str
    version: str
    request: RenderedRequest | None
    reply: str | None
    rows: list[RenderedMessage]
    pushes: list[RenderedMessage] | None
    inexpressible: str | None
    remarks: list[str]


class OrderRenderings(Value, frozen=True, kw_only=True):
    """An order in every API that is served.

    Of an order with many trades the first ones are shown; `more_trades` counts the others. `changed`: the order was changed when the venue
    did not keep yet what it had asked for before; request and reply are shown with the first price and amount that are known.
    """

    order: Id
    renderings: list[OrderRendering]
    more_trades: int
    changed: bool
