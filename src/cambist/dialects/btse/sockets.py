"""Where this dialect's sockets are."""

from collections.abc import Mapping

from cambist.dialects.btse.ws_session import OSS_FAMILIES, SPOT_FAMILIES, Client, Family, Floor
from cambist.gateway.messages import Request
from cambist.gateway.ws_route import Accept, SocketRoute
from cambist.gateway.ws_socket import Socket

SPOT_PATHS = ("/spotWS", "/ws/spot")
OSS_PATH = "/ws/oss/spot"


def sockets(name: str, floor: Floor) -> tuple[SocketRoute, ...]:
    """Two paths for market data and private topics, one for the numbered book."""

    def accepting(families: Mapping[str, Family], private: bool) -> Accept:
        def accept(_request: Request, socket: Socket) -> Client:
            return Client(socket, floor, families, private)

        return accept

    spot = accepting(SPOT_FAMILIES, True)
    return (
        *(SocketRoute(path, spot, dialect=name) for path in SPOT_PATHS),
        SocketRoute(OSS_PATH, accepting(OSS_FAMILIES, False), dialect=name),
    )
