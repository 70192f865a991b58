"""The BTSE spot API: v2.1 as documented, v3.1 to v3.3, v4 and public-api as living clients speak them. One implementation; a version is
a table of routes and the words it answers in."""

from cambist.dialect_kit.dialect import Dialect
from cambist.dialect_kit.order_feed import order_feed
from cambist.dialect_kit.revocations import Revocations
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.btse.auth import KEY_FORMS
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.market_views import MarketViews
from cambist.dialects.btse.order_rendering import OrderRenderer
from cambist.dialects.btse.records import OrderRecords
from cambist.dialects.btse.rejected import RejectedOrders
from cambist.dialects.btse.reply_reader import ReplyReader
from cambist.dialects.btse.routes import NAME, path_errors, routes
from cambist.dialects.btse.settings import EXACT_LIMITS, Flavour, NonceRule, Settings
from cambist.dialects.btse.situations import wording
from cambist.dialects.btse.snippets import SNIPPETS
from cambist.dialects.btse.sockets.private import PrivateSources
from cambist.dialects.btse.sockets.routes import sockets
from cambist.dialects.btse.sockets.session import SocketServices

__all__ = ["DIALECT", "EXACT_LIMITS", "Flavour", "NonceRule", "Settings", "build"]


def build(services: VenueServices, settings: Settings = Settings()) -> DialectService:  # noqa: B008 - frozen
    """The dialect on a running venue. Markets and assets must exist, more may be added later."""
    context = DialectContext.of(services, settings)
    views, records, rejected = MarketViews(context), OrderRecords(context), RejectedOrders(services.announcements)
    sources = PrivateSources(order_feed(services), records, context.symbols, rejected)
    shared = SocketServices(context, views, sources, Revocations(services.directory))
    return DialectService(
        NAME,
        routes(context, views, records, rejected),
        sockets(NAME, shared),
        path_errors(context),
        identify=context.authenticator.identify,
        wording=wording(services.clock),
        reply_reader=ReplyReader(context.symbols),
        render_order=OrderRenderer(context),
    )


DIALECT = Dialect(
    name=NAME,
    title="BTSE",
    settings=Settings,
    build=build,
    key_forms=KEY_FORMS,
    snippets=SNIPPETS,
    documents="btse.md",
)
