"""What every endpoint of this dialect works with, made once when the dialect is built."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from cambist.dialect_kit.rate_limits import HOUR, Budget, RateLimits, RateRules
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.native.auth import Authenticator
from cambist.dialects.native.idempotency import RememberedReplies
from cambist.dialects.native.listings import Listings
from cambist.dialects.native.public_books import PublicBooks
from cambist.dialects.native.settings import STRANGERS, Settings
from cambist.domain.state_parts import Serial
from cambist.exchange.coupons import Coupons

DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class DialectContext:
    """The venue, its markets under this API's names, who may come in and how often."""

    services: VenueServices
    settings: Settings
    listings: Listings
    authenticator: Authenticator
    limits: RateLimits
    replies: RememberedReplies
    strangers: RateLimits
    """What is always counted of people who did not log in."""
    adding_users: asyncio.Lock
    """One user is added at a time: between looking whether a name is free and taking it, an account is opened."""
    coupons: Coupons
    daily: RateLimits
    """Coupons and transfers that one account makes in a day."""
    serial: Serial
    books: PublicBooks

    def next_number(self) -> str:
        """A text that no other one of this venue is, for what is drawn: the journal's place, and a count of this process."""
        return f"{self.services.view.seq}/{self.serial()}"

    @staticmethod
    def of(services: VenueServices, settings: Settings) -> DialectContext:
        limits, replies = RateLimits(settings.rates, services.clock), RememberedReplies(services.clock)
        strangers = RateLimits(STRANGERS, services.clock)
        in_a_day = {"coupons": services.coupons_per_day, "transfers": services.transfers_per_day}
        rules = {what: (Budget("account", most, DAY),) for what, most in in_a_day.items()}
        daily = RateLimits(RateRules(rules, tiers=()), services.clock)
        parts = services.state_parts
        for name, counted in (("rate limits", limits), ("strangers", strangers), ("daily", daily)):
            parts.add(counted.part(f"native/{name}"))
            services.shared_counts.share(f"native/{name}", counted)
        parts.add(replies.part("native/replies"))
        return DialectContext(
            services=services,
            settings=settings,
            listings=Listings(services.catalogue),
            authenticator=Authenticator(services.directory, services.wall_clock, settings),
            limits=limits,
            replies=replies,
            strangers=strangers,
            adding_users=asyncio.Lock(),
            coupons=Coupons(services.commands, services.view, services.entropy),
            daily=daily,
            serial=Serial(parts, "native/drawn"),
            books=PublicBooks(services.view, always=services.sandbox is not None),
        )

    def history_caught_up(self) -> Awaitable[None]:
        """Resolves when history has everything that anybody can have been told by now. HistoryError when it does not follow."""
        return self.services.history_caught_up()
