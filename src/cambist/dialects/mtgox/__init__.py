"""The Mt.Gox API: HTTP v1 with what its clients need of v0 and v2, payments for shops, and the stream."""

from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.mtgox.routes import MtgoxRoutes

__all__ = ["build"]


def build(services: VenueServices) -> DialectService:
    """The dialect on a running venue. Markets and assets must exist, more may be added later."""
    return MtgoxRoutes(services).service()
