"""`/sandbox/orders/{order}/timeline`: one order from its request to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec

from cambist.sandbox.control.operations import AnyBound, Bound, Operation, Refused
from cambist.sandbox.control.report import ReportSource
from cambist.sandbox.timeline import OrderUnknown, Timeline, TimelineSource, timeline
from cambist.sandbox.timeline_text import timeline_text

PATH = "/sandbox/orders/{order}/timeline"
TEXT = "text/plain; charset=utf-8"
T = TypeVar("T")


class OfOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which order."""

    order: str
    """The venue's number, an API's own id, also as in `btse:` and the id, or `seq-` and the seq of a command that was rejected."""


EXPLAIN = Operation("explain", "GET", PATH, OfOrder, Timeline, "Says what happened to an order, from its request to its end.")
EXPLAIN_TEXT = Operation("explain-text", "GET", f"{PATH}.txt", OfOrder, bytes, "Says the same as text, for people.", TEXT)


class OrderOperations:
    """Goes through the journal for each question, on a thread of its own."""

    def __init__(self, source: ReportSource) -> None:
        self._source = source

    def bound(self) -> list[AnyBound]:
        return [Bound(EXPLAIN, self._explain), Bound(EXPLAIN_TEXT, self._explain_text)]

    async def _explain(self, asked: OfOrder) -> Timeline:
        return await self._made(asked.order, lambda shown: shown)

    async def _explain_text(self, asked: OfOrder) -> bytes:
        return await self._made(asked.order, lambda shown: timeline_text(shown).encode())

    async def _made(self, order: str, written: Callable[[Timeline], T]) -> T:
        source = self._source
        made_of = TimelineSource(source.replay, source.users(), list(source.log), source.readers)
        await source.durable()
        try:
            return await asyncio.to_thread(lambda: written(timeline(made_of, order)))
        except OrderUnknown as error:
            raise Refused(str(error), 404) from None
