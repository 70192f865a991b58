"""What every part of this dialect works with, made once when the dialect is built."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.expie.balances import Balances
from cambist.dialects.expie.markets import Markets


@dataclass(frozen=True, slots=True)
class Pace:
    """How often pushes come, µs of the venue's clock, as the ancestor's server is set up.

    `depth`: a followed book is looked at; `full`: a change that comes so long after the last full book is sent as a full book.
    `state`: 24 hours and today are looked at.
    """

    depth: int = 500_000
    full: int = 60_000_000
    state: int = 1_000_000


@dataclass(frozen=True, slots=True)
class DialectContext:
    """The venue, its markets under this API's names, and whether market orders are taken."""

    services: VenueServices
    markets: Markets
    balances: Balances
    pace: Pace
    market_orders: bool

    @staticmethod
    def of(services: VenueServices, pace: Pace, market_orders: bool) -> DialectContext:
        markets = Markets(services.view)
        return DialectContext(services, markets, Balances(services.view, services.history, markets), pace, market_orders)

    def history_caught_up(self) -> Awaitable[None]:
        """Resolves when history has everything that anybody can have heard of by now. HistoryError."""
        return self.services.history_caught_up()

    def public_history_caught_up(self) -> Awaitable[None]:
        """The same of what everybody may see, which is only what is on disk."""
        return self.services.history.reached(self.services.durability.durable_seq)
