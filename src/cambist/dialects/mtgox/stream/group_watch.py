"""When channels of linked markets look again, and how they show nothing of the exchange's state before it is on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialect_kit.venue_services import Durability, VenueServices
from cambist.domain.units import MarketId
from cambist.exchange.view import View
from cambist.marketdata.values import MarketUpdate
from cambist.scheduling import Timer

LOOK_EVERY = SECOND // 10
"""A group is looked at so often at most (µs): a new rate moves every level of every book in it."""
LOOK_FOR_GROUPS = SECOND
"""So often (µs), where nothing is linked, whether it still is so."""

T = TypeVar("T")


class DurableReads(Generic[T]):
    """What `read` finds in the state, given out once the command that it was read after is durable."""

    def __init__(self, view: View, durability: Durability, read: Callable[[], T]) -> None:
        self._view = view
        self._durability = durability
        self._read = read
        self._seq = -1
        self._waiting: tuple[int, T] | None = None

    def skip(self) -> T:
        """Reads now, whatever is durable; `newest` then begins with what comes later."""
        self._seq, self._waiting = self._view.seq, None
        return self._read()

    def newest(self) -> T | None:
        """The newest that is durable, each once; None when there is nothing new. What is read meanwhile comes with a later call."""
        found, durable = None, self._durability.durable_seq
        if self._waiting is not None and self._waiting[0] <= durable:
            found, self._waiting = self._waiting[1], None
        if self._waiting is None and self._view.seq != self._seq:
            self._seq = self._view.seq
            if self._seq <= durable:
                return self._read()
            self._waiting = (self._seq, self._read())
        return found


class GroupWatch:
    """Calls back after frames in which something that linked markets show may have changed: at once after trades and orders in the group,
    at most every LOOK_EVERY; within LOOK_EVERY after anything else, as rates, terms and what the conversion account has; within
    LOOK_FOR_GROUPS after the venue's first link.
    """

    def __init__(self, services: VenueServices) -> None:
        self._services = services
        self._followers: dict[Callable[[], None], MarketId] = {}
        self._looked_at: dict[int, int] = {}  # by group, µs
        self._seen_seq = 0
        self._timer: Timer | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def follow(self, market: MarketId, callback: Callable[[], None]) -> Callable[[], None]:
        """Returns what ends it. `callback` is told of all frames as long as the market is not linked; it then looks for itself."""
        self._followers[callback] = market
        if self._timer is None:
            self._seen_seq = self._services.durability.durable_seq
            self._listen()

        def stop() -> None:
            self._followers.pop(callback, None)
            if not self._followers and self._timer is not None:
                self._timer.cancel()
                self._timer = None
                if self._unsubscribe is not None:
                    self._unsubscribe()
                    self._unsubscribe = None

        return stop

    def _listen(self) -> None:
        """Looks again in a while, and, once there are groups, hears of every market's updates."""
        linked = bool(self._services.view.linked_groups())
        if linked and self._unsubscribe is None:
            self._unsubscribe = self._services.marketdata.subscribe(None, self._updated)
        self._timer = self._services.scheduler.after(LOOK_EVERY if linked else LOOK_FOR_GROUPS, self._look)

    def _updated(self, update: MarketUpdate) -> None:
        view, now = self._services.view, self._services.clock()
        group = view.linked_group_of(update.market)
        if group is None or now - self._looked_at.get(group, -LOOK_EVERY) < LOOK_EVERY:
            return
        self._looked_at[group] = now
        for callback, market in tuple(self._followers.items()):
            if view.linked_group_of(market) == group:
                callback()

    def _look(self) -> None:
        self._listen()
        durable = self._services.durability.durable_seq
        if durable == self._seen_seq:
            return
        self._seen_seq = durable
        now = self._services.clock()
        for group in range(len(self._services.view.linked_groups())):
            self._looked_at[group] = now
        for callback in tuple(self._followers):
            callback()
