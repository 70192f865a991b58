"""The BTSE spot API: v2.1 as documented, v3.1 and v3.2 as living clients speak them. One implementation; a version is a table of routes
and the words it answers in."""

from cambist.dialects.btse.auth import KEY_FORMS
from cambist.dialects.btse.deadman import DeadMansSwitches
from cambist.dialects.btse.market_views import MarketViews
from cambist.dialects.btse.records import OrderRecords
from cambist.dialects.btse.routes import NAME, routes
from cambist.dialects.btse.settings import EXACT_LIMITS, Flavour, NonceRule, Settings
from cambist.dialects.btse.sockets import sockets
from cambist.dialects.btse.venue import Venue
from cambist.dialects.btse.ws_private import Desk
from cambist.dialects.btse.ws_session import Floor
from cambist.gateway.house import House
from cambist.gateway.order_feed import order_feed
from cambist.gateway.service import DialectService
from cambist.gateway.ws_revocations import Revocations
from cambist.gateway.ws_timetable import Timetable

__all__ = ["EXACT_LIMITS", "Flavour", "NonceRule", "Settings", "build"]


def build(house: House, settings: Settings | None = None, timetable: Timetable | None = None) -> DialectService:
    """The dialect on a running house. Markets and assets must exist, more may be added later.

    `timetable` is where the dead man's switches wait; by default one of their own on the house's clock.
    """
    venue = Venue.of(house, settings or Settings())
    switches = DeadMansSwitches(house.exchange, house.clock, timetable or Timetable(house.clock))
    views, records = MarketViews(venue), OrderRecords(venue)
    floor = Floor(venue, views, Desk(order_feed(house), records), Revocations(house.directory))
    return DialectService(NAME, routes(venue, views, records, switches), KEY_FORMS, sockets(NAME, floor))
