"""The filters that `TradeHistory`, `TransHistory` and `OrderList` share: from, count, from_id, end_id, order, since, end."""

from cambist.dialects.btce_wex import ids
from cambist.dialects.btce_wex.parse import whole_number
from cambist.history.port import Page

MAX_COUNT = 1000
"""Default and largest `count`; what is asked for beyond is cut."""
WEEK = 7 * 86_400
ORDERS = {"ASC": False, "DESC": True}
LAST = (1 << 63) - 1
"""No id and no offset is beyond; larger numbers are cut to it."""
LAST_SECOND = LAST // 1_000_000 - 1


class Filters:
    """What the fields ask for, or in `wrong` the name of the first parameter that is no number (`order`: neither ASC nor DESC)."""

    __slots__ = ("page", "wrong")

    def __init__(self, fields: dict[str, str], now: int, reach: int | None = None) -> None:
        """`now` in unix seconds; `reach`: seconds that `since` may look back, None for all."""
        self.wrong = ""
        offset = self._number(fields, "from")
        count = self._number(fields, "count")
        first_id, last_id = self._id(fields, "from_id"), self._id(fields, "end_id")
        newest_first = ORDERS.get(fields.get("order", "DESC").upper())
        if newest_first is None:
            newest_first, self.wrong = True, self.wrong or "order"
        since, end = self._number(fields, "since"), self._number(fields, "end")
        if since is not None and reach is not None:
            since = max(since, now - reach)
        self.page = Page(
            first_id=first_id,
            last_id=last_id,
            since=None if since is None else min(since, LAST_SECOND) * 1_000_000,
            until=None if end is None else min(end, LAST_SECOND) * 1_000_000 + 999_999,
            offset=offset or 0,
            limit=MAX_COUNT if count is None else min(count, MAX_COUNT),
            # Naming a time turns the order round, whatever `order` says.
            newest_first=newest_first and since is None and end is None,
        )

    def _id(self, fields: dict[str, str], name: str) -> int | None:
        number = self._number(fields, name)
        return None if number is None else number - ids.OFFSET

    def _number(self, fields: dict[str, str], name: str) -> int | None:
        text = fields.get(name)
        if text is None:
            return None
        number = whole_number(text)
        if number is None:
            self.wrong = self.wrong or name
            return None
        return min(number, LAST)
