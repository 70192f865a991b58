"""What every endpoint of this dialect works with, made once when the dialect is built."""

from dataclasses import dataclass

from cambist.dialect_kit.rate_limits import RateLimits
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.btse.auth import Authenticator
from cambist.dialects.btse.settings import Settings
from cambist.dialects.btse.symbols import Symbols


@dataclass(frozen=True, slots=True)
class DialectContext:
    """The venue, its markets under this API's names, who may come in and how often."""

    services: VenueServices
    settings: Settings
    symbols: Symbols
    authenticator: Authenticator
    limits: RateLimits

    @staticmethod
    def of(services: VenueServices, settings: Settings) -> "DialectContext":
        authenticator = Authenticator(services.directory, services.clock, settings)
        return DialectContext(services, settings, Symbols(services.catalogue), authenticator, RateLimits(settings.rates, services.clock))

    async def history_caught_up(self) -> None:
        """Returns when history has everything that anybody can have been told by now."""
        await self.services.history_caught_up()
