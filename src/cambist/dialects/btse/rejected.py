"""Orders that the exchange refused for its own reasons: the owner's sockets hear of them as the reply does, wherever they are."""

from collections.abc import Callable

import msgspec

from cambist.account_streams.orders import TrackedOrder
from cambist.dialect_kit.announcements import Announcements
from cambist.dialects.btse.status import Status
from cambist.domain.units import AccountId

SUBJECT = "btse/rejected"

Follower = Callable[[TrackedOrder, str, Status], None]
"""Gets the order as it would have been (its id is 0), its tag, and why it is none."""


class _Rejected(msgspec.Struct, frozen=True, array_like=True):
    order: TrackedOrder
    tag: str
    status: Status


class RejectedOrders:
    """Who wants to hear of an account's refused orders. Nothing is kept."""

    def __init__(self, announcements: Announcements) -> None:
        self._announcements = announcements
        self._followers: dict[int, list[Follower]] = {}
        announcements.follow(SUBJECT, self._heard)

    def follow(self, account: AccountId, follower: Follower) -> Callable[[], None]:
        """Calls back for each; returns what ends it."""
        followers = self._followers.setdefault(account, [])
        followers.append(follower)

        def unfollow() -> None:
            if follower in followers:
                followers.remove(follower)
            if not followers and self._followers.get(account) is followers:
                del self._followers[account]

        return unfollow

    def rejected(self, order: TrackedOrder, tag: str, status: Status) -> None:
        self._announcements.announce(SUBJECT, _encode(_Rejected(order, tag, status)))

    def _heard(self, content: bytes) -> None:
        rejected = _decode(content)
        for follower in tuple(self._followers.get(rejected.order.account, ())):
            follower(rejected.order, rejected.tag, rejected.status)


# As JSON, since numbers may have more than 64 bits: what was too much to be an order.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Rejected).decode
