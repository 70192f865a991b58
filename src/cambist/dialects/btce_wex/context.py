"""What every method of this dialect works with, made once when the dialect is built."""

from collections.abc import Awaitable
from dataclasses import dataclass

from cambist.dialect_kit.rate_limits import HOUR, Budget, RateLimits, RateRules
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.btce_wex.auth import Caller
from cambist.dialects.btce_wex.pairs import Assets, Pairs
from cambist.exchange.coupons import Coupons

DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class DialectContext:
    """The venue, and its markets and assets under this API's names."""

    services: VenueServices
    assets: Assets
    pairs: Pairs
    coupons: Coupons
    coupon_limit: RateLimits

    @staticmethod
    def of(services: VenueServices) -> "DialectContext":
        assets = Assets(services.catalogue)
        coupons = Coupons(services.commands, services.view, services.entropy)
        day = RateRules({"coupons": (Budget("account", services.coupons_per_day, DAY),)}, tiers=())
        limits = RateLimits(day, services.clock)
        services.state_parts.add(limits.part("btce_wex/coupons"))
        services.shared_counts.share("btce_wex/coupons", limits)
        return DialectContext(services, assets, Pairs(services.catalogue, assets), coupons, limits)

    def now(self) -> int:
        """Unix seconds."""
        return self.services.clock() // 1_000_000

    def server_time(self) -> int:
        """Unix seconds by this machine's clock, for whoever asks what time it is."""
        return self.services.wall_clock() // 1_000_000

    def history_caught_up(self) -> Awaitable[None]:
        """Resolves when history has everything that anybody can have seen by now. HistoryError when it does not follow."""
        return self.services.history_caught_up()


class MethodGroup:
    """Base of the trade API's groups of methods. A method takes the caller and gives the whole body."""

    def __init__(self, context: DialectContext) -> None:
        self.context = context
        self.services = context.services
        self.commands = context.services.commands
        self.view = context.services.view
        self.assets = context.assets
        self.pairs = context.pairs

    def funds(self, caller: Caller) -> str:
        """What the caller can spend as the view stands; of a command's reply it is read at the command."""
        return self.assets.funds(caller.account, self.view)
