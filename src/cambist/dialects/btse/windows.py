"""Pages of v3's histories: `startTime`, `endTime`, `beforeSerialId`, `afterSerialId`, `count`; how far a window reaches when not both ends
are given."""

from dataclasses import dataclass

from cambist.dialects.btse import errors
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import Fields
from cambist.history.port import Page

DAY_MS = 86_400_000
DEFAULT_COUNT, MAX_COUNT = 100, 500


@dataclass(frozen=True, slots=True)
class Reach:
    """How many days lie between start and end at most, and how many when only one of them, or none, is given."""

    both: int
    one: int


TRADES = Reach(30, 3)
OWN_TRADES = Reach(7, 7)


def page(fields: Fields, now: int, reach: Reach) -> Page | Rejection:
    """What is asked for, newest first. `now` in µs. A window that is too long loses its beginning, as documented.

    With `afterSerialId` alone the page goes forward: the oldest rows behind that id, so that who asks on from the last one misses nothing.
    """
    start, end = fields.moment("startTime", "start"), fields.moment("endTime", "end")
    count = fields.whole("count")
    before, after = fields.whole("beforeSerialId"), fields.whole("afterSerialId")
    if fields.rejection:
        return fields.rejection
    if count is not None and count > MAX_COUNT:
        return errors.COUNT_TOO_LARGE
    since, until = _window(start, end, now, reach) if start or end or not (before or after) else (None, None)
    return Page(
        first_id=after + 1 if after else None,
        last_id=before - 1 if before else None,
        since=since,
        until=until,
        limit=count or DEFAULT_COUNT,
        newest_first=not (after and not before),
    )


def _window(start: int | None, end: int | None, now: int, reach: Reach) -> tuple[int, int]:
    """Both ends in µs."""
    if start is None and end is None:
        # One ms more: what happened in this very ms counts.
        end = now // 1_000 + 1
    if end is None:
        assert start is not None
        end = start + reach.one * DAY_MS
    start = max(0, end - reach.one * DAY_MS) if start is None else max(start, end - reach.both * DAY_MS)
    return start * 1_000, end * 1_000 + 999
