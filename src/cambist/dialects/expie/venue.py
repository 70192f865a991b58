"""What every part of this dialect works with, made once when the dialect is built."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

from cambist.dialects.expie.balances import Balances
from cambist.dialects.expie.markets import Markets
from cambist.gateway.house import House


@dataclass(frozen=True, slots=True)
class Pace:
    """How often pushes come, µs of the house's clock, as the ancestor's server is set up.

    `depth`: a followed book is looked at; `full`: a change that comes so long after the last full book is sent as a full book.
    `state`: 24 hours and today are looked at.
    """

    depth: int = 500_000
    full: int = 60_000_000
    state: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Venue:
    """The house, its markets under this API's names, and whether market orders are taken."""

    house: House
    markets: Markets
    balances: Balances
    pace: Pace
    market_orders: bool

    @staticmethod
    def of(house: House, pace: Pace, market_orders: bool) -> Venue:
        engine = house.exchange.engine
        markets = Markets(engine)
        return Venue(house, markets, Balances(engine, house.history, markets), pace, market_orders)

    def told(self) -> Awaitable[None]:
        """Resolves when history has everything that anybody can have been told by now."""
        return self.house.history.reached(self.house.exchange.engine.seq)
