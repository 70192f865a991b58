"""Orders that the exchange refused for its own reasons: the owner's sockets hear of them as the reply does."""

from collections.abc import Callable

from cambist.account_streams.orders import TrackedOrder
from cambist.dialects.btse.status import Status
from cambist.domain.units import AccountId

Follower = Callable[[TrackedOrder, str, Status], None]
"""Gets the order as it would have been (its id is 0), its tag, and why it is none."""


class RejectedOrders:
    """Who wants to hear of an account's refused orders. Nothing is kept."""

    def __init__(self) -> None:
        self._followers: dict[int, list[Follower]] = {}

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
        for follower in tuple(self._followers.get(order.account, ())):
            follower(order, tag, status)
