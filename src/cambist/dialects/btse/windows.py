"""Time windows of v3's histories: `startTime`, `endTime` in ms, `count`; how far they reach when one is not given."""

from dataclasses import dataclass

from cambist.dialects.btse import errors
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import Fields
from cambist.history.port import Page

DAY_MS = 86_400_000
DEFAULT_COUNT, MAX_COUNT = 100, 500
LAST_MS = 9_000_000_000_000_000
"""No time is beyond; larger numbers are cut to it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How many days lie between start and end at most, and how many when only one of them, or none, is given."""

    both: int
    one: int


TRADES = Reach(30, 3)
OWN_TRADES = Reach(7, 7)


def page(fields: Fields, now: int, reach: Reach) -> Page | Rejection:
    """What is asked for, newest first. `now` in µs. A window that is too long loses its beginning, as documented."""
    start, end = fields.whole("startTime", LAST_MS), fields.whole("endTime", LAST_MS)
    count = fields.whole("count")
    if fields.rejection:
        return fields.rejection
    if count is not None and count > MAX_COUNT:
        return errors.COUNT_TOO_LARGE
    if start is None and end is None:
        # One ms more: what happened in this very ms counts.
        end = now // 1_000 + 1
    if end is None:
        assert start is not None
        end = start + reach.one * DAY_MS
    start = max(0, end - reach.one * DAY_MS) if start is None else max(start, end - reach.both * DAY_MS)
    return Page(since=start * 1_000, until=end * 1_000 + 999, limit=count or DEFAULT_COUNT)
