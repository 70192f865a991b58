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
        authenticator = Authenticator(services.directory, services.wall_clock, settings)
        limits = RateLimits(settings.rates, services.clock)
        services.state_parts.add(limits.part("btse/rate limits"))
        services.shared_counts.share("btse/rate limits", limits)
        return DialectContext(services, settings, Symbols(services.catalogue), authenticator, limits)

    async def history_caught_up(self) -> None:
        """Returns when history has everything that anybody can have been told by now. HistoryError when it does not get there in time."""
        await self.services.history_caught_up()

    def deadline(self, duration: int) -> int:
        """The time (µs) of what is to end `duration` from now: by the clock as it goes now, never at or before the journal's time.

        A clock that ran ahead and was set back leaves the journal's time ahead of it. What is counted from the clock then still ends
        after `duration`, or, when that is shorter than the clock is behind, as soon as the clock is no longer behind.
        """
        return max(self.services.clock() + duration, self.services.view.time + 1)
