"""The native API below `/cambist/v1`: everything that a venue can do, typed, with documents made from the types that parse and render."""

from cambist.dialect_kit.dialect import Dialect
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.native.auth import KEY_FORM
from cambist.dialects.native.context import DialectContext
from cambist.dialects.native.endpoint import DIALECT as NAME
from cambist.dialects.native.endpoint import worded
from cambist.dialects.native.notices import NoticeSigner
from cambist.dialects.native.order_rendering import OrderRenderer
from cambist.dialects.native.reply_reader import ReplyReader
from cambist.dialects.native.routes import path_errors, routes
from cambist.dialects.native.settings import Settings
from cambist.dialects.native.snippets import SNIPPETS
from cambist.dialects.native.stream.routes import sockets

__all__ = ["DIALECT", "Settings", "build"]


def build(services: VenueServices, settings: Settings = Settings()) -> DialectService:  # noqa: B008 - frozen
    """The dialect on a running venue. Markets and assets must exist, more may be added later."""
    context = DialectContext.of(services, settings)
    made = routes(context)
    return DialectService(
        NAME,
        made,
        sockets(context),
        path_errors(made),
        webhook_signer=NoticeSigner(context).signed,
        identify=context.authenticator.identify,
        wording=worded,
        reply_reader=ReplyReader(context.listings),
        render_order=OrderRenderer(context.listings),
    )


DIALECT = Dialect(
    name=NAME,
    title="Cambist",
    settings=Settings,
    build=build,
    key_forms=(KEY_FORM,),
    snippets=SNIPPETS,
    documents="native-api.md",
)
