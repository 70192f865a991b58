"""The Mt.Gox API: HTTP v1 with what its clients need of v0 and v2, payments for shops, and the stream."""

from cambist.dialects.mtgox.auth import KEY_FORM
from cambist.dialects.mtgox.routes import Rooms
from cambist.gateway.house import House
from cambist.gateway.service import DialectService

__all__ = ["build"]


def build(house: House) -> DialectService:
    """The dialect on a running house. Markets and assets must exist, more may be added later."""
    rooms = Rooms(house)
    return DialectService("mtgox", rooms.routes(), (KEY_FORM,), rooms.sockets())
