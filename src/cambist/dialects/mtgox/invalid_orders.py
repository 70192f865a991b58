"""Orders that were not covered when they reached the book: this API lists them as `invalid`, the core has rejected them.

Each is a note in the journal, as is its cancellation, and what is listed follows from these notes: for an hour, and the newest few of an
account. Nothing of it is money. Durable notes are folded as they come; those of before the start come from history, account by account,
once somebody asks. docs/explanation/decisions/0058-orders-that-were-not-covered.md says why.

| memo of a note (`for_account` names the account) | meaning |
|---|---|
| `invalid_order`: [market, side, price, amount] | an order that was not covered; the note's seq is its number |
| `invalid_order_cancelled`: number | its owner does not want to see it any more |
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from cambist.dialect_kit.rate_limits import HOUR, SECOND
from cambist.domain.commands import CommandKind
from cambist.domain.events import commands_of
from cambist.domain.meta import Meta
from cambist.domain.units import AccountId, MarketId
from cambist.history.fold import NOTE_ACCOUNT
from cambist.history.port import HistoryError
from cambist.scheduling import Timer

if TYPE_CHECKING:
    from cambist._core import CommandApplied
    from cambist.dialect_kit.signed_call import SignedCall
    from cambist.dialect_kit.venue_services import VenueServices

LIFETIME = HOUR
MOST = 50
"""Of one account. A program that goes on without funds drops its oldest."""
RETRY = 10 * SECOND
"""How long history is left alone after it could not be had."""
MADE, CANCELLED = "invalid_order", "invalid_order_cancelled"

_log = structlog.get_logger("cambist.mtgox")


@dataclass(frozen=True, slots=True)
class InvalidOrder:
    """`number` is the seq of its note; price (0: market) and amount in the market's units; `created` in µs."""

    number: int
    account: AccountId
    market: MarketId
    side: int
    price: int
    amount: int
    created: int


Changed = Callable[[InvalidOrder, bool], None]
"""Gets an order, and whether it is listed from now on (else: no more)."""


class InvalidOrders:
    """All of them, by account, oldest first."""

    def __init__(self, services: VenueServices) -> None:
        self._services = services
        self._commands = services.commands
        self._scheduler = services.scheduler
        self._listed: dict[AccountId, deque[InvalidOrder]] = {}
        self._followers: dict[AccountId, list[Changed]] = {}
        self._timers: dict[AccountId, Timer] = {}
        self._from_seq = services.view.seq
        """Later notes are folded as they become durable; earlier ones are history's."""
        self._started = services.scheduler.now()
        self._loads: dict[AccountId, asyncio.Future[None]] = {}
        self._loaded_until: dict[AccountId, int] = {}
        """Until when (µs) an account's older notes need not be asked for."""
        self._cancelled: set[tuple[int, int]] = set()
        """(account, number) of orders of before the start that were cancelled before they were loaded."""
        services.account_streams.follow_commands(commands_of(CommandKind.NOTE), MADE.encode(), self.apply)

    # --- commands ---------------------------------------------------------------------------------------------------------

    async def add(self, account: AccountId, market: MarketId, side: int, price: int, amount: int) -> InvalidOrder:
        """Journals one more."""
        memo = {NOTE_ACCOUNT: account, MADE: [market, side, price, amount]}
        noted = await self._commands.note(Meta(memo=memo), read=lambda view: view.time)
        return InvalidOrder(noted.outcome.seq, account, market, side, price, amount, noted.read)

    async def cancel(self, order: InvalidOrder, call: SignedCall) -> int:
        """Journals that it is listed no more; the seq of that. NonceRejected."""
        noted = await self._commands.note(call.meta({NOTE_ACCOUNT: order.account, CANCELLED: order.number}))
        return noted.outcome.seq

    # --- what is listed ---------------------------------------------------------------------------------------------------

    async def load(self, account: AccountId) -> None:
        """Has what the account's notes of before the start say; call it before `of` and `find`.

        Waits for history once for an account, and no more at all an hour after the start. Where history cannot be had, what it would
        have said is missing, and asked for again later: none of it is worth refusing a list of orders.
        """
        now = self._scheduler.now()
        if not self._from_seq or now - LIFETIME >= self._started or now < self._loaded_until.get(account, 0):
            return
        loading = self._loads.get(account)
        if loading is None:
            loading = self._loads[account] = asyncio.ensure_future(self._load(account, now))
        await asyncio.shield(loading)

    async def _load(self, account: AccountId, now: int) -> None:
        history = self._services.history
        try:
            await history.reached(self._from_seq)
            notes = await history.notes(account, now - LIFETIME)
        except HistoryError as error:
            self._loaded_until[account] = now + RETRY
            _log.warning("orders of before the start cannot be listed", account=account, why=str(error))
            return
        finally:
            del self._loads[account]
        self._loaded_until[account] = self._started + LIFETIME
        for note in notes:
            if note.seq <= self._from_seq:
                self._fold(note.seq, note.time, note.memo)

    def apply(self, notes: Iterable[CommandApplied]) -> None:
        """Folds notes of durable frames, in order."""
        for note in notes:
            if note.seq > self._from_seq:
                self._fold(note.seq, note.time, Meta.decode(note.meta).memo or {})

    def _fold(self, seq: int, time: int, memo: dict[str, Any]) -> None:
        match memo:
            case {"for_account": int(account), "invalid_order": [int(market), int(side), int(price), int(amount)]}:
                self._add(InvalidOrder(seq, AccountId(account), MarketId(market), side, price, amount, time))
            case {"for_account": int(account), "invalid_order_cancelled": int(number)}:
                self._remove(AccountId(account), number)

    def of(self, account: AccountId) -> list[InvalidOrder]:
        """An account's, oldest first."""
        since = self._scheduler.now() - LIFETIME
        return [order for order in self._listed.get(account, ()) if order.created > since]

    def find(self, account: AccountId, number: int | None) -> InvalidOrder | None:
        """An account's own, by its number."""
        return next((order for order in self.of(account) if order.number == number), None)

    def follow(self, account: AccountId, changed: Changed) -> Callable[[], None]:
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
        if (order.account, order.number) in self._cancelled:
            return
        listed = self._listed.setdefault(order.account, deque())
        if order.number <= self._from_seq:
            # Of before the start: ahead of what came since, and no news.
            listed.insert(next((at for at, other in enumerate(listed) if other.number > order.number), len(listed)), order)
            timer = self._timers.pop(order.account, None)
            if timer is not None:
                timer.cancel()
        else:
            listed.append(order)
            self._tell(order, True)
        if len(listed) > MOST:
            self._remove(order.account, listed[0].number)
        self._expire_later(order.account)

    def _remove(self, account: AccountId, number: int) -> None:
        listed = self._listed.get(account, deque())
        order = next((order for order in listed if order.number == number), None)
        if order is not None:
            listed.remove(order)
            if not listed:
                del self._listed[account]
            self._tell(order, False)
        elif number <= self._from_seq:
            self._cancelled.add((account, number))

    def _tell(self, order: InvalidOrder, listed: bool) -> None:
        for follower in tuple(self._followers.get(order.account, ())):
            follower(order, listed)

    def _expire_later(self, account: AccountId) -> None:
        """One timer for each account, however many orders it sends: for its oldest."""
        listed = self._listed.get(account)
        if listed and account not in self._timers:
            self._timers[account] = self._scheduler.at(listed[0].created + LIFETIME, lambda: self._expire(account))

    def _expire(self, account: AccountId) -> None:
        self._timers.pop(account, None)
        since = self._scheduler.now() - LIFETIME
        for order in [order for order in self._listed.get(account, ()) if order.created <= since]:
            self._remove(account, order.number)
        self._expire_later(account)
