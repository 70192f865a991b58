"""Orders that were not covered when they reached the book: this API lists them as `invalid`, the core has refused them.

The journal knows the refused command by its seq, which names such an order; what else is told of it is kept here, in memory: for an
hour, and the newest few of an account. Nothing of it is money, so what a restart forgets harms nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from cambist.dialect_kit.rate_limits import HOUR
from cambist.dialects.mtgox.markets import Pair
from cambist.scheduling.timetable import Timetable

LIFETIME = HOUR
MOST = 50
"""Of one account. A program that goes on without funds drops its oldest."""


@dataclass(frozen=True, slots=True)
class InvalidOrder:
    """`seq` of the refused command; price (0: market) and amount in the market's units; `created` in µs."""

    seq: int
    account: int
    pair: Pair
    side: int
    price: int
    amount: int
    created: int


Gone = Callable[[InvalidOrder], None]


class InvalidOrders:
    """All of them, by account, oldest first."""

    def __init__(self, clock: Callable[[], int], timetable: Timetable) -> None:
        self._clock = clock
        self._timetable = timetable
        self._kept: dict[int, deque[InvalidOrder]] = {}
        self._followers: dict[int, list[Gone]] = {}
        self._waiting: set[int] = set()

    def add(self, order: InvalidOrder) -> None:
        """One more; it goes by itself."""
        kept = self._kept.setdefault(order.account, deque())
        kept.append(order)
        if len(kept) > MOST:
            self.remove(order.account, kept[0].seq)
        self._wait(order.account)

    def of(self, account: int) -> list[InvalidOrder]:
        """An account's, oldest first."""
        since = self._clock() - LIFETIME
        return [order for order in self._kept.get(account, ()) if order.created > since]

    def find(self, account: int, seq: int | None) -> InvalidOrder | None:
        """An account's own, by the refused command."""
        return next((order for order in self.of(account) if order.seq == seq), None)

    def remove(self, account: int, seq: int) -> bool:
        """Lists it no more. False when it was not listed."""
        kept = self._kept.get(account, deque())
        for order in kept:
            if order.seq == seq:
                kept.remove(order)
                if not kept:
                    del self._kept[account]
                for follower in tuple(self._followers.get(account, ())):
                    follower(order)
                return True
        return False

    def follow(self, account: int, gone: Gone) -> Callable[[], None]:
        """Calls back with each order of the account that is listed no more. Returns what ends it."""
        self._followers.setdefault(account, []).append(gone)

        def unfollow() -> None:
            followers = self._followers.get(account, [])
            if gone in followers:
                followers.remove(gone)
            if not followers:
                self._followers.pop(account, None)

        return unfollow

    def _wait(self, account: int) -> None:
        """One entry in the timetable for each account, however many orders it sends: for its oldest."""
        kept = self._kept.get(account)
        if kept and account not in self._waiting:
            self._waiting.add(account)
            self._timetable.at(kept[0].created + LIFETIME, lambda: self._remove_old(account))

    def _remove_old(self, account: int) -> None:
        self._waiting.discard(account)
        since = self._clock() - LIFETIME
        for order in [order for order in self._kept.get(account, ()) if order.created <= since]:
            self.remove(account, order.seq)
        self._wait(account)
