"""The Expie API: HTTP under `/v1` and the ViaBTC socket protocol at `/ws`; see README.md."""

from functools import partial

from cambist.dialect_kit.dialect import Dialect, DialectSettings
from cambist.dialect_kit.hub import Hub
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.revocations import Revocations
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.sockets import Socket, SocketRoute
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialect_kit.websocket_wire import UPGRADE_REQUIRED
from cambist.dialects.expie import auth, errors
from cambist.dialects.expie.auth import KEY_FORMS
from cambist.dialects.expie.context import DialectContext, Pace
from cambist.dialects.expie.http_api import METHODS, HttpApi
from cambist.dialects.expie.order_rendering import OrderRenderer
from cambist.dialects.expie.private_methods import PrivateMethods
from cambist.dialects.expie.public_methods import PublicMethods
from cambist.dialects.expie.reply_reader import ReplyReader
from cambist.dialects.expie.session import Client, Shared
from cambist.dialects.expie.snippets import SNIPPETS

__all__ = ["DIALECT", "Pace", "build"]

SOCKET_PATH = "/ws"
MESSAGE_BYTES = 102_400
"""The longest message that the ancestor takes."""


def build(
    services: VenueServices,
    _settings: DialectSettings = DialectSettings(),  # noqa: B008 - frozen
    *,
    pace: Pace | None = None,
    market_orders: bool = True,
) -> DialectService:
    """The dialect on a running venue. Markets and assets must exist, more may be added later. `market_orders`: whether they are taken."""
    context = DialectContext.of(services, pace or Pace(), market_orders)
    hub = Hub()
    methods = PublicMethods(context, hub).table() | PrivateMethods(context).table()
    shared = Shared(methods, context.markets, Revocations(services.directory), hub)

    def accept(_request: Request, socket: Socket) -> Client:
        return Client(socket, shared)

    def plain(_request: Request) -> Reply:
        return UPGRADE_REQUIRED

    routes = (*HttpApi(context).routes(), Route(SOCKET_PATH, plain, METHODS, dialect="expie", durable=False))
    sockets = (SocketRoute(SOCKET_PATH, accept, dialect="expie", message_bytes=MESSAGE_BYTES),)
    path_errors = tuple(PathErrors(path, errors.gateway_reply, "expie") for path in ("/v1", SOCKET_PATH))
    return DialectService(
        "expie",
        routes,
        sockets,
        path_errors,
        identify=partial(auth.identify, services.directory),
        wording=errors.worded,
        reply_reader=ReplyReader(context.markets),
        render_order=OrderRenderer(context),
    )


DIALECT = Dialect(
    name="expie",
    title="Expie",
    settings=DialectSettings,
    build=build,
    key_forms=KEY_FORMS,
    snippets=SNIPPETS,
    documents="expie.md",
)
