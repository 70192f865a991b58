"""What every endpoint of this dialect works with, made once when the dialect is built."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from itertools import count

from cambist.dialect_kit.rate_limits import HOUR, Budget, RateLimits, RateRules
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.native.auth import Authenticator
from cambist.dialects.native.idempotency import RememberedReplies
from cambist.dialects.native.listings import Listings
from cambist.dialects.native.settings import SIGN_UPS, Settings
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
    sign_ups: RateLimits
    adding_users: asyncio.Lock
    """One user is added at a time: between looking whether a name is free and taking it, an account is opened."""
    coupons: Coupons
    coupon_limit: RateLimits
    numbers: Iterator[int]

    def next_number(self) -> str:
        """A text that no other one of this venue is, for what is drawn: the journal's place, and a count of this process."""
        return f"{self.services.view.seq}/{next(self.numbers)}"

    @staticmethod
    def of(services: VenueServices, settings: Settings) -> DialectContext:
        return DialectContext(
            services,
            settings,
            Listings(services.catalogue),
            Authenticator(services.directory, services.wall_clock, settings),
            RateLimits(settings.rates, services.clock),
            RememberedReplies(services.clock),
            RateLimits(SIGN_UPS, services.clock),
            asyncio.Lock(),
            Coupons(services.commands, services.view, services.entropy),
            RateLimits(RateRules({"coupons": (Budget("account", services.coupons_per_day, DAY),)}, tiers=()), services.clock),
            count(),
        )

    def history_caught_up(self) -> Awaitable[None]:
        """Resolves when history has everything that anybody can have been told by now. HistoryError when it does not follow."""
        return self.services.history_caught_up()
