"""The Mt.Gox API: HTTP v1 with what its clients need of v0 and v2, payments for shops, and the stream."""

from cambist.dialect_kit.dialect import Dialect, DialectSettings
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.mtgox.auth import KEY_FORM
from cambist.dialects.mtgox.routes import MtgoxRoutes
from cambist.dialects.mtgox.snippets import SNIPPETS

__all__ = ["DIALECT", "build"]


def build(services: VenueServices, _settings: DialectSettings = DialectSettings()) -> DialectService:  # noqa: B008 - frozen
    """The dialect on a running venue. Markets and assets must exist, more may be added later."""
    return MtgoxRoutes(services).service()


DIALECT = Dialect(
    name="mtgox",
    title="Mt.Gox",
    settings=DialectSettings,
    build=build,
    key_forms=(KEY_FORM,),
    snippets=SNIPPETS,
    documents="mtgox.md",
)
