"""The BTC-e and WEX APIs: public v2 and v3, and the trade API. WEX is a superset, so one package serves both; see README.md."""

from functools import partial

from cambist.dialect_kit.dialect import Dialect, DialectSettings
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.btce_wex import auth
from cambist.dialects.btce_wex.auth import KEY_FORMS
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.order_rendering import OrderRenderer
from cambist.dialects.btce_wex.reply_reader import ReplyReader
from cambist.dialects.btce_wex.routes import NAME, path_errors, routes
from cambist.dialects.btce_wex.situations import wording
from cambist.dialects.btce_wex.snippets import SNIPPETS

__all__ = ["DIALECT", "build"]


def build(services: VenueServices, _settings: DialectSettings = DialectSettings()) -> DialectService:  # noqa: B008 - frozen
    """The dialect on a running venue. Markets and assets must exist, more may be added later."""
    identify = partial(auth.identify, services.directory)
    context = DialectContext.of(services)
    return DialectService(
        NAME,
        routes(context),
        path_errors=path_errors(),
        identify=identify,
        wording=wording(services.directory),
        reply_reader=ReplyReader(context.assets),
        render_order=OrderRenderer(context),
    )


DIALECT = Dialect(
    name=NAME,
    title="BTC-e and WEX",
    settings=DialectSettings,
    build=build,
    key_forms=KEY_FORMS,
    snippets=SNIPPETS,
    documents="btce-wex.md",
)
