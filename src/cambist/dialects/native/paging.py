"""Parts of lists. One row more than wanted is asked for: only if it is there does a part have a cursor to the part behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from cambist.api_types.values import PageQuery
from cambist.history.port import Page as HistoryPage

T = TypeVar("T")


def history_page(query: PageQuery) -> HistoryPage:
    """What history is asked for the rows of a part, newest first, and one more."""
    return HistoryPage(last_id=int(query.cursor) - 1 if query.cursor else None, limit=query.limit + 1)


def cut(found: Sequence[T], limit: int, number: Callable[[T], int]) -> tuple[Sequence[T], str | None]:
    """The rows of the part, and the cursor that follows from the `number` of the last one where more was found."""
    part = found[:limit]
    return part, str(number(part[-1])) if len(found) > limit else None
