"""Orders that were not covered when they reached the book: this API lists them as `invalid`, the core has rejected them.

Each is a note in the journal, as is its cancellation, and what is listed is folded from durable frames: for an hour, and the newest few
of an account. Nothing of it is money.

| memo of a note | meaning |
|---|---|
| `invalid_order`: [account, market, side, price, amount] | an order that was not covered; the note's seq is its number |
| `invalid_order_cancelled`: [account, number] | its owner does not want to see it any more |
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cambist.dialect_kit.rate_limits import HOUR
from cambist.domain.commands import CommandKind
from cambist.domain.events import commands_of
from cambist.domain.meta import Meta

if TYPE_CHECKING:
    from cambist._core import CommandApplied
    from cambist.dialect_kit.signed_call import SignedCall
    from cambist.dialect_kit.venue_services import VenueServices

LIFETIME = HOUR
MOST = 50
"""Of one account. A program that goes on without funds drops its oldest."""
MADE, CANCELLED = "invalid_order", "invalid_order_cancelled"


@dataclass(frozen=True, slots=True)
class InvalidOrder:
    """`number` is the seq of its note; price (0: market) and amount in the market's units; `created` in µs."""

    number: int
    account: int
    market: int
    side: int
    price: int
    amount: int
    created: int


Changed = Callable[[InvalidOrder, bool], None]
"""Gets an order, and whether it is listed from now on (else: no more)."""


class InvalidOrders:
    """All of them, by account, oldest first."""

    def __init__(self, services: VenueServices) -> None:
        self._commands = services.commands
        self._scheduler = services.scheduler
        self._listed: dict[int, deque[InvalidOrder]] = {}
        self._followers: dict[int, list[Changed]] = {}
        self._expiring: set[int] = set()
        services.account_streams.follow_commands(commands_of(CommandKind.NOTE), MADE.encode(), self.apply)

    # --- commands ---------------------------------------------------------------------------------------------------------

    async def add(self, account: int, market: int, side: int, price: int, amount: int) -> InvalidOrder:
        """Journals one more."""
        memo = {MADE: [account, market, side, price, amount]}
        noted = await self._commands.note(Meta(memo=memo), read=lambda view: view.time)
        return InvalidOrder(noted.outcome.seq, account, market, side, price, amount, noted.read)

    async def cancel(self, order: InvalidOrder, call: SignedCall) -> int:
        """Journals that it is listed no more; the seq of that. NonceRejected."""
        noted = await self._commands.note(call.meta({CANCELLED: [order.account, order.number]}))
        return noted.outcome.seq

    # --- what is listed ---------------------------------------------------------------------------------------------------

    def apply(self, notes: Iterable[CommandApplied]) -> None:
        """Folds notes of durable frames, in order."""
        for note in notes:
            match Meta.decode(note.meta).memo:
                case {"invalid_order": [int(account), int(market), int(side), int(price), int(amount)]}:
                    self._add(InvalidOrder(note.seq, account, market, side, price, amount, note.time))
                case {"invalid_order_cancelled": [int(account), int(number)]}:
                    self._remove(account, number)

    def of(self, account: int) -> list[InvalidOrder]:
        """An account's, oldest first."""
        since = self._scheduler.now() - LIFETIME
        return [order for order in self._listed.get(account, ()) if order.created > since]

    def find(self, account: int, number: int | None) -> InvalidOrder | None:
        """An account's own, by its number."""
        return next((order for order in self.of(account) if order.number == number), None)

    def follow(self, account: int, changed: Changed) -> Callable[[], None]:
        """Calls back with each order of the account that comes or goes. Returns what ends it."""
        self._followers.setdefault(account, []).append(changed)

        def unfollow() -> None:
            followers = self._followers.get(account, [])
            if changed in followers:
                followers.remove(changed)
            if not followers:
                self._followers.pop(account, None)

        return unfollow

    def _add(self, order: InvalidOrder) -> None:
        listed = self._listed.setdefault(order.account, deque())
        listed.append(order)
        self._tell(order, True)
        if len(listed) > MOST:
            self._remove(order.account, listed[0].number)
        self._expire_later(order.account)

    def _remove(self, account: int, number: int) -> None:
        listed = self._listed.get(account, deque())
        order = next((order for order in listed if order.number == number), None)
        if order is not None:
            listed.remove(order)
            if not listed:
                del self._listed[account]
            self._tell(order, False)

    def _tell(self, order: InvalidOrder, listed: bool) -> None:
        for follower in tuple(self._followers.get(order.account, ())):
            follower(order, listed)

    def _expire_later(self, account: int) -> None:
        """One timer for each account, however many orders it sends: for its oldest."""
        listed = self._listed.get(account)
        if listed and account not in self._expiring:
            self._expiring.add(account)
            self._scheduler.at(listed[0].created + LIFETIME, lambda: self._expire(account))

    def _expire(self, account: int) -> None:
        self._expiring.discard(account)
        since = self._scheduler.now() - LIFETIME
        for order in [order for order in self._listed.get(account, ()) if order.created <= since]:
            self._remove(account, order.number)
        self._expire_later(account)
