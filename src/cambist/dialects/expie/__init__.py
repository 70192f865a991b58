"""The Expie API: HTTP under `/v1` and the ViaBTC socket protocol at `/ws`; see README.md."""

from cambist.dialects.expie.auth import KEY_FORMS
from cambist.dialects.expie.http_api import HttpApi
from cambist.dialects.expie.private_methods import PrivateMethods
from cambist.dialects.expie.public_methods import PublicMethods
from cambist.dialects.expie.session import Client, Floor
from cambist.dialects.expie.venue import Pace, Venue
from cambist.gateway.house import House
from cambist.gateway.messages import Reply, Request
from cambist.gateway.router import Route
from cambist.gateway.service import DialectService
from cambist.gateway.ws_hub import Hub
from cambist.gateway.ws_revocations import Revocations
from cambist.gateway.ws_route import SocketRoute
from cambist.gateway.ws_socket import Socket
from cambist.gateway.ws_timetable import Timetable
from cambist.gateway.ws_wire import UPGRADE_REQUIRED

__all__ = ["Pace", "build"]

SOCKET_PATH = "/ws"


def build(house: House, *, pace: Pace | None = None, market_orders: bool = True, timetable: Timetable | None = None) -> DialectService:
    """The dialect on a running house. Markets and assets must exist, more may be added later.

    `market_orders`: whether they are taken. `timetable`: what times the pushes, by default one of its own on the house's clock.
    """
    venue = Venue.of(house, pace or Pace(), market_orders)
    hub, timetable = Hub(), timetable or Timetable(house.clock)
    methods = PublicMethods(venue, hub, timetable).table() | PrivateMethods(venue).table()
    floor = Floor(methods, venue.markets, Revocations(house.directory), hub)

    def accept(_request: Request, socket: Socket) -> Client:
        return Client(socket, floor)

    def plain(_request: Request) -> Reply:
        return UPGRADE_REQUIRED

    routes = (*HttpApi(venue).routes(), Route(SOCKET_PATH, plain, dialect="expie", durable=False))
    return DialectService("expie", routes, KEY_FORMS, (SocketRoute(SOCKET_PATH, accept, dialect="expie"),))
