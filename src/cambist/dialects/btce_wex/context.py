"""What every method of this dialect works with, made once when the dialect is built."""

from collections.abc import Awaitable
from dataclasses import dataclass

from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.btce_wex.auth import Caller
from cambist.dialects.btce_wex.pairs import Assets, Pairs
from cambist.exchange.coupons import Coupons


@dataclass(frozen=True, slots=True)
class DialectContext:
    """The venue, and its markets and assets under this API's names."""

    services: VenueServices
    assets: Assets
    pairs: Pairs
    coupons: Coupons

    @staticmethod
    def of(services: VenueServices) -> "DialectContext":
        exchange = services.exchange
        assets = Assets(exchange)
        coupons = Coupons(exchange.engine, exchange.funds.transfer, services.entropy)
        return DialectContext(services, assets, Pairs(exchange, assets), coupons)

    def now(self) -> int:
        """Unix seconds."""
        return self.services.clock() // 1_000_000

    def history_caught_up(self) -> Awaitable[None]:
        """Resolves when history has everything that anybody can have been told by now."""
        return self.services.history_caught_up()


class MethodGroup:
    """Base of the trade API's groups of methods. A method takes the caller and answers the whole body."""

    def __init__(self, context: DialectContext) -> None:
        self.context = context
        self.services = context.services
        self.view = context.services.view

    def funds(self, caller: Caller) -> str:
        return self.context.assets.funds(caller.account)
