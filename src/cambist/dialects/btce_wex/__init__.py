"""The BTC-e and WEX APIs: public v2 and v3, and the trade API. WEX is a superset, so one package serves both; see README.md."""

from dataclasses import dataclass

from cambist.dialects.btce_wex.auth import KEY_FORMS
from cambist.dialects.btce_wex.routes import routes
from cambist.dialects.btce_wex.venue import Venue
from cambist.directory import KeyForm
from cambist.gateway.house import House
from cambist.gateway.router import Route

__all__ = ["DialectService", "build"]


@dataclass(frozen=True, slots=True)
class DialectService:
    """What a dialect gives to the house: its routes, and the forms of the keys that are minted for it."""

    name: str
    routes: tuple[Route, ...]
    key_forms: tuple[KeyForm, ...]


def build(house: House) -> DialectService:
    """The dialect on a running house. Markets and assets must exist, more may be added later."""
    return DialectService("btce_wex", routes(Venue.of(house)), KEY_FORMS)
