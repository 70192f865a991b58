"""One order as an API words it: what every dialect can say, so that people and programs see the same order in all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cambist.dialect_kit.placed_orders import PlacedOrder

JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class RenderedRequest:
    """A request as it goes over the wire. What differs from client to client, and what is secret, is a word in angle brackets."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """What the API says, word for word; `source` is the call that is answered so, or the topic that is pushed on."""

    source: str
    body: str


@dataclass(frozen=True, slots=True)
class OrderRendering:
    """An order in one version of an API.

    `request` would place it and `reply` is what is answered; both None when this API cannot express the order, which `inexpressible` says
    in a sentence. `rows`: what lists and histories answer now, as if it were the account's only order. `pushes`: what the private stream
    has told of it, oldest first; None for an API without one. `remarks` are sentences about what the API leaves out.
    """

    api: str
    version: str
    request: RenderedRequest | None
    reply: str | None
    rows: tuple[RenderedMessage, ...]
    pushes: tuple[RenderedMessage, ...] | None
    inexpressible: str = ""
    remarks: tuple[str, ...] = ()

    def unless(self, inexpressible: str) -> OrderRendering:
        """The same without request and reply when there is a reason why it cannot be placed so."""
        return replace(self, request=None, reply=None, inexpressible=inexpressible) if inexpressible else self


RenderOrder = Callable[["PlacedOrder"], Sequence[OrderRendering]]
"""A dialect's own: the order in each of its versions. It reads nothing and changes nothing."""


class OrderRenderers:
    """Those of all dialects that are served, in their order; filled in once they are built."""

    def __init__(self) -> None:
        self._renderers: list[RenderOrder] = []

    def bind(self, renderers: Iterable[RenderOrder]) -> None:
        """Has orders rendered by these from now on."""
        self._renderers = list(renderers)

    async def render(self, placed: PlacedOrder) -> list[OrderRendering]:
        """The order in every API."""
        found: list[OrderRendering] = []
        for render in self._renderers:
            found += render(placed)
            await asyncio.sleep(0)  # an order of many trades takes each some milliseconds: others are served between
        return found
