"""What every endpoint of this dialect works with, made once when the dialect is built."""

from dataclasses import dataclass

from cambist.dialects.btse.auth import Doorkeeper
from cambist.dialects.btse.settings import Settings
from cambist.dialects.btse.symbols import Symbols
from cambist.gateway.house import House
from cambist.gateway.limits import RateLimits


@dataclass(frozen=True, slots=True)
class Venue:
    """The house, its markets under this API's names, who may come in and how often."""

    house: House
    settings: Settings
    symbols: Symbols
    doorkeeper: Doorkeeper
    limits: RateLimits

    @staticmethod
    def of(house: House, settings: Settings) -> "Venue":
        doorkeeper = Doorkeeper(house.directory, house.clock, settings)
        return Venue(house, settings, Symbols(house.exchange), doorkeeper, RateLimits(settings.rates, house.clock))

    async def told(self) -> None:
        """Returns when history has everything that anybody can have been told by now."""
        await self.house.history.reached(self.house.exchange.engine.seq)
