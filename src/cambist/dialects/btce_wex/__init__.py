"""The BTC-e and WEX APIs: public v2 and v3, and the trade API. WEX is a superset, so one package serves both; see README.md."""

from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.btce_wex.auth import KEY_FORMS
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.routes import NAME, path_errors, routes

__all__ = ["DialectService", "build"]


def build(services: VenueServices) -> DialectService:
    """The dialect on a running venue. Markets and assets must exist, more may be added later."""
    return DialectService(NAME, routes(DialectContext.of(services)), KEY_FORMS, path_errors=path_errors())
