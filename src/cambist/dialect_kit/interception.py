"""What stands between the gateway and the dialects: it sees each request and reply, each message of a socket, and may change them.

A venue has none. A process that has some pays for them, and nobody else does: routes are wrapped once, when the gateway is made.
"""

from typing import Protocol

from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import SocketRoute


class Interceptor(Protocol):
    """Wraps what the dialects offer; each method returns its argument, or a copy (`dataclasses.replace`) with another handler."""

    def route(self, route: Route) -> Route:
        """The route whose handler calls the given one's. It runs before the reply waits for the journal, and may raise Withheld."""

    def socket_route(self, route: SocketRoute) -> SocketRoute:
        """The route whose `accept` calls the given one's, with a Socket of its own where it wants to see what is sent."""
