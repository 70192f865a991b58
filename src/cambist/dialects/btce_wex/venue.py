"""What every method of this dialect works with, made once when the dialect is built."""

from collections.abc import Awaitable
from dataclasses import dataclass

from cambist.dialects.btce_wex.auth import Caller
from cambist.dialects.btce_wex.pairs import Assets, Pairs
from cambist.exchange.coupons import Coupons
from cambist.gateway.house import House


@dataclass(frozen=True, slots=True)
class Venue:
    """The house, and its markets and assets under this API's names."""

    house: House
    assets: Assets
    pairs: Pairs
    coupons: Coupons

    @staticmethod
    def of(house: House) -> "Venue":
        exchange = house.exchange
        assets = Assets(exchange)
        coupons = Coupons(exchange.engine, exchange.funds.transfer, house.entropy)
        return Venue(house, assets, Pairs(exchange, assets), coupons)

    def now(self) -> int:
        """Unix seconds."""
        return self.house.clock() // 1_000_000

    def told(self) -> Awaitable[None]:
        """Resolves when history has everything that anybody can have been told by now."""
        return self.house.history.reached(self.house.exchange.engine.seq)


class MethodGroup:
    """Base of the trade API's groups of methods. A method takes the caller and answers the whole body."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.house = venue.house
        self.engine = venue.house.exchange.engine

    def funds(self, caller: Caller) -> str:
        return self.venue.assets.funds(caller.account)
