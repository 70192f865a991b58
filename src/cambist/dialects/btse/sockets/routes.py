"""Where this dialect's sockets are."""

from collections.abc import Mapping

from cambist.dialect_kit.messages import Request
from cambist.dialect_kit.sockets import Accept, Socket, SocketRoute
from cambist.dialects.btse.sockets.session import OSS_FAMILIES, SPOT_FAMILIES, Client, Family, SocketServices

SPOT_PATHS = ("/spotWS", "/ws/spot")
OSS_PATH = "/ws/oss/spot"


def sockets(name: str, shared: SocketServices) -> tuple[SocketRoute, ...]:
    """Two paths for market data and private topics, one for the numbered book."""

    def accepting(families: Mapping[str, Family], private: bool) -> Accept:
        def accept(_request: Request, socket: Socket) -> Client:
            return Client(socket, shared, families, private)

        return accept

    spot = accepting(SPOT_FAMILIES, True)
    return (
        *(SocketRoute(path, spot, dialect=name) for path in SPOT_PATHS),
        SocketRoute(OSS_PATH, accepting(OSS_FAMILIES, False), dialect=name),
    )
