"""The paths of this dialect."""

import re

from cambist.dialect_kit.hub import Hub
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.revocations import Revocations
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialect_kit.websocket_wire import UPGRADE_REQUIRED
from cambist.dialects.mtgox.account import AccountMethods
from cambist.dialects.mtgox.auth import DIALECT, Authenticator
from cambist.dialects.mtgox.bitcoin import BitcoinMethods
from cambist.dialects.mtgox.call import DialectContext
from cambist.dialects.mtgox.dispatcher import Dispatcher
from cambist.dialects.mtgox.id_keys import IdKeys
from cambist.dialects.mtgox.invalid_orders import InvalidOrders
from cambist.dialects.mtgox.market_data import MarketDataMethods
from cambist.dialects.mtgox.merchant_orders import PAY_PATH
from cambist.dialects.mtgox.methods import Methods
from cambist.dialects.mtgox.order_rendering import OrderRenderer
from cambist.dialects.mtgox.orders import OrderMethods
from cambist.dialects.mtgox.payment_page import PaymentPage
from cambist.dialects.mtgox.replies import DATA, RETURN, gateway_reply, unknown_path, worded
from cambist.dialects.mtgox.reply_reader import ReplyReader
from cambist.dialects.mtgox.rest_handler import RestHandler
from cambist.dialects.mtgox.stream.calls import StreamCalls
from cambist.dialects.mtgox.stream.feeds import Feeds
from cambist.dialects.mtgox.stream.leases import Leases
from cambist.dialects.mtgox.stream.session import Stream, StreamSession
from cambist.dialects.mtgox.stream.socket_io import UNKNOWN_SID, Handshakes, SocketIoSession
from cambist.dialects.mtgox.v0 import V1Methods, Version0
from cambist.dialects.mtgox.webhooks import WebhookSigner

BOTH = ("GET", "POST")
EVERY = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""What is sent by another method than GET or POST is refused in this API's words."""

V0 = re.compile(r"/api/0/+(?P<name>(?:data/)?[A-Za-z]+)\.php")
V1 = re.compile(r"/api/1/+(?P<pair>[A-Za-z0-9]+)/+(?P<name>[a-z_/]+)")
ANY_V2 = re.compile(r"/api/2/+(?:[^/]*/+)?money(?:/.*)?")
"""What else of v2 is this dialect's: the rest of `/api/2/` is another's."""
V2 = re.compile(r"/api/2/(?:(?P<pair>[A-Z0-9]+)/)?money/(?P<name>[a-z_/]+)")
SOCKET_IO = re.compile(r"/socket\.io/1/websocket/(?P<sid>(?:[0-9a-f]{2}){16,1040})/?")
PAYMENT = re.compile(PAY_PATH + r"(?P<id>[0-9a-fA-F-]{36})(?:/(?P<act>pay|cancel|coins))?")


class MtgoxRoutes:
    """The paths of this dialect on a venue, and everything behind them, made once."""

    def __init__(self, services: VenueServices) -> None:
        self._context = context = DialectContext.of(services)
        self._id_keys = id_keys = IdKeys(services.directory, services.clock)
        self._dispatcher = Dispatcher(context, Authenticator(services.directory, services.wall_clock))
        self._invalid_orders = InvalidOrders(services)
        self._market_data = MarketDataMethods(context)
        self._account = AccountMethods(context, id_keys)
        self._orders = OrderMethods(context, self._invalid_orders)
        self._methods = Methods(context, self._market_data, self._account, self._orders)
        self._handshakes = Handshakes(context)
        feeds = Feeds(context, self._market_data, self._invalid_orders)
        leases = Leases(id_keys, services.scheduler, Revocations(services.directory))
        self._stream = Stream(Hub(), feeds, StreamCalls(self._dispatcher, self._methods), id_keys, leases, context.instruments)

    def service(self) -> DialectService:
        """What the composition root gets."""
        return DialectService(
            DIALECT,
            self._http(),
            self._sockets(),
            _path_errors(),
            webhook_signer=WebhookSigner(self._context).signed,
            identify=self._dispatcher.authenticator.identify,
            wording=worded,
            reply_reader=ReplyReader(),
            render_order=OrderRenderer(self._context),
        )

    def _sockets(self) -> tuple[SocketRoute, ...]:
        """The paths that speak WebSocket."""

        def plain(request: Request, socket: Socket) -> Session:
            return StreamSession(socket, self._stream, request.query)

        def socket_io(request: Request, socket: Socket) -> Session | Reply:
            assert request.match is not None
            query = self._handshakes.take(request.match["sid"])
            if query is None:
                return UNKNOWN_SID
            return SocketIoSession(socket, self._stream, request.query or query, self._context.services.scheduler)

        return (
            SocketRoute("/", plain, dialect=DIALECT),
            SocketRoute("/mtgox", plain, dialect=DIALECT),
            SocketRoute("/mtgox/", plain, dialect=DIALECT),
            SocketRoute(
                "/socket.io/1/websocket/", socket_io, prefix=True, pattern=SOCKET_IO, dialect=DIALECT, name="/socket.io/1/websocket/*"
            ),
        )

    def _http(self) -> tuple[Route, ...]:
        """The HTTP paths."""
        v0 = Version0(self._dispatcher, V1Methods(self._market_data, self._account, self._orders, BitcoinMethods(self._context)))
        v1, v2 = RestHandler(self._dispatcher, self._methods, 1), RestHandler(self._dispatcher, self._methods, 2)
        page = PaymentPage(self._context)
        return (
            *(Route(path, self._handshakes, BOTH, dialect=DIALECT, durable=False) for path in ("/socket.io/1", "/socket.io/1/")),
            *(Route(path, lambda _request: UPGRADE_REQUIRED, dialect=DIALECT, durable=False) for path in ("/mtgox", "/mtgox/")),
            Route("/api/0/", v0, EVERY, prefix=True, pattern=V0, dialect=DIALECT, name="/api/0/*"),
            Route("/api/1/", v1, EVERY, prefix=True, pattern=V1, dialect=DIALECT, name="/api/1/*"),
            Route("/api/2/", v2, EVERY, prefix=True, pattern=V2, dialect=DIALECT, name="/api/2/*/money/*"),
            *self._unknown_paths(),
            Route(PAY_PATH, page, BOTH, prefix=True, pattern=PAYMENT, dialect=DIALECT, name="/payment/*"),
        )

    def _unknown_paths(self) -> tuple[Route, ...]:
        """What is below this dialect's prefixes and no method: refused in the envelope of its version."""
        v0, v1, v2 = (unknown_path(member) for member in ("", RETURN, DATA))
        return (
            Route("/api/0", v0, EVERY, dialect=DIALECT, name="/api/0/*", durable=False),
            Route("/api/0/", v0, EVERY, prefix=True, dialect=DIALECT, name="/api/0/*", durable=False),
            Route("/api/1", v1, EVERY, dialect=DIALECT, name="/api/1/*", durable=False),
            Route("/api/1/", v1, EVERY, prefix=True, dialect=DIALECT, name="/api/1/*", durable=False),
            Route("/api/2/", v2, EVERY, prefix=True, pattern=ANY_V2, dialect=DIALECT, name="/api/2/*/money/*", durable=False),
        )


def _path_errors() -> tuple[PathErrors, ...]:
    """Every path below ours, in the envelope of its version; paths without a version have v1's."""

    def claim(prefix: str, member: str, pattern: re.Pattern[str] | None = None) -> PathErrors:
        return PathErrors(prefix, lambda _request, status: gateway_reply(member, status), DIALECT, pattern=pattern)

    return (
        claim("/api/0", ""),
        claim("/api/1", RETURN),
        claim("/api/2", DATA, ANY_V2),
        *(claim(prefix, RETURN) for prefix in ("/mtgox", "/socket.io", PAY_PATH.rstrip("/"))),
    )
