"""The paths of this dialect."""

import re

from cambist.dialect_kit.hub import Hub
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.revocations import Revocations
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialect_kit.websocket_wire import UPGRADE_REQUIRED
from cambist.dialects.mtgox.account import Account
from cambist.dialects.mtgox.auth import Authenticator
from cambist.dialects.mtgox.call import DialectContext
from cambist.dialects.mtgox.funds import Coins
from cambist.dialects.mtgox.id_keys import IdKeys
from cambist.dialects.mtgox.invalid_orders import InvalidOrders
from cambist.dialects.mtgox.market_data import Quotes
from cambist.dialects.mtgox.merchant_orders import PAY_PATH, MerchantOrders
from cambist.dialects.mtgox.methods import Methods
from cambist.dialects.mtgox.notices import Notices
from cambist.dialects.mtgox.orders import Orders
from cambist.dialects.mtgox.payment_page import PaymentPage
from cambist.dialects.mtgox.rest_handler import Dispatcher, RestHandler
from cambist.dialects.mtgox.stream.calls import StreamCalls
from cambist.dialects.mtgox.stream.feeds import Feeds
from cambist.dialects.mtgox.stream.leases import Leases
from cambist.dialects.mtgox.stream.session import Stream, StreamSession
from cambist.dialects.mtgox.stream.socket_io import UNKNOWN_SID, Handshakes, SocketIoSession
from cambist.dialects.mtgox.v0 import Files, Version0
from cambist.scheduling.timetable import Timetable

BOTH = ("GET", "POST")
"""Clients POST to public paths, and a GET of a private one is told that it lacks a key."""

V0 = re.compile(r"/api/0/+(?P<name>(?:data/)?[A-Za-z]+)\.php")
V1 = re.compile(r"/api/1/+(?P<pair>[A-Za-z0-9]+)/+(?P<name>[a-z_/]+)")
V2 = re.compile(r"/api/2/(?:(?P<pair>[A-Z0-9]+)/)?money/(?P<name>[a-z_/]+)")
SOCKET_IO = re.compile(r"/socket\.io/1/websocket/(?P<sid>[0-9a-f]{32})/?")
PAYMENT = re.compile(PAY_PATH + r"(?P<id>[0-9a-fA-F-]{36})(?:/(?P<act>pay|cancel|coins))?")


class RouteTable:
    """Everything of this dialect on a venue, made once."""

    def __init__(self, services: VenueServices) -> None:
        self.context = DialectContext.of(services)
        self.id_keys = IdKeys(services.directory, services.clock)
        self.authenticator = Authenticator(services.directory, services.clock)
        self.dispatcher = Dispatcher(self.context, self.authenticator)
        self.quotes = Quotes(self.context)
        self.account = Account(self.context, self.id_keys)
        self.timetable = Timetable(services.clock)
        self.invalids = InvalidOrders(services.clock, self.timetable)
        self.orders = Orders(self.context, self.invalids)
        self.merchants = MerchantOrders(self.context)
        self.notices = Notices(self.context)
        self.methods = Methods(self.context, self.quotes, self.account, self.orders, self.merchants)

        self.handshakes = Handshakes(self.context)
        feeds = Feeds(self.context, self.quotes, self.timetable, self.invalids)
        leases = Leases(self.id_keys, self.timetable, Revocations(services.directory))
        self.stream = Stream(Hub(), feeds, StreamCalls(self.dispatcher, self.methods), self.id_keys, leases, self.context.listing)

    def sockets(self) -> tuple[SocketRoute, ...]:
        """The paths that speak WebSocket."""

        def plain(request: Request, socket: Socket) -> Session:
            return StreamSession(socket, self.stream, request.query)

        def socket_io(request: Request, socket: Socket) -> Session | Reply:
            assert request.match is not None
            query = self.handshakes.take(request.match["sid"])
            if query is None:
                return UNKNOWN_SID
            return SocketIoSession(socket, self.stream, request.query or query, self.timetable, self.context.now)

        return (
            SocketRoute("/", plain, dialect="mtgox"),
            SocketRoute("/mtgox", plain, dialect="mtgox"),
            SocketRoute(
                "/socket.io/1/websocket/", socket_io, prefix=True, pattern=SOCKET_IO, dialect="mtgox", name="/socket.io/1/websocket/*"
            ),
        )

    def routes(self) -> tuple[Route, ...]:
        """The HTTP paths."""
        v0 = Version0(self.dispatcher, Files(self.quotes, self.account, self.orders, Coins(self.context)))
        v1, v2 = RestHandler(self.dispatcher, self.methods, 1), RestHandler(self.dispatcher, self.methods, 2)
        page = PaymentPage(self.context)
        return (
            *(Route(path, self.handshakes, BOTH, dialect="mtgox", durable=False) for path in ("/socket.io/1", "/socket.io/1/")),
            Route("/mtgox", lambda _request: UPGRADE_REQUIRED, dialect="mtgox", durable=False),
            Route("/api/0/", v0, BOTH, prefix=True, pattern=V0, dialect="mtgox", name="/api/0/*"),
            Route("/api/1/", v1, BOTH, prefix=True, pattern=V1, dialect="mtgox", name="/api/1/*"),
            Route("/api/2/", v2, BOTH, prefix=True, pattern=V2, dialect="mtgox", name="/api/2/*/money/*"),
            Route(PAY_PATH, page, BOTH, prefix=True, pattern=PAYMENT, dialect="mtgox", name="/payment/*"),
        )
