"""The BTC-e and WEX APIs: public v2 and v3, and the trade API. WEX is a superset, so one package serves both; see README.md."""

from cambist.dialects.btce_wex.auth import KEY_FORMS
from cambist.dialects.btce_wex.routes import routes
from cambist.dialects.btce_wex.venue import Venue
from cambist.gateway.house import House
from cambist.gateway.service import DialectService

__all__ = ["DialectService", "build"]


def build(house: House) -> DialectService:
    """The dialect on a running house. Markets and assets must exist, more may be added later."""
    return DialectService("btce_wex", routes(Venue.of(house)), KEY_FORMS)
