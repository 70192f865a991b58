"""Keeps other sites' pages, in a browser on the sandbox's machine, from using the sandbox.

Users, passwords and keys of a sandbox follow from its seed, mostly the default one, and a browser lets any page send forms and open sockets
to any address. So what a browser says comes from elsewhere is refused: at every path, whatever API it is of.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from cambist.dialect_kit.this_machine import from_foreign_page

REFUSED = Reply(403, b'{"error":"this is a sandbox, and no page of another site may use it"}\n')


class ForeignPages:
    """An interceptor."""

    def route(self, route: Route) -> Route:
        """The route that refuses them."""
        handler = route.handler

        def handle(request: Request) -> Reply | Awaitable[Reply]:
            return REFUSED if from_foreign_page(request) else handler(request)

        return replace(route, handler=handle)

    def socket_route(self, route: SocketRoute) -> SocketRoute:
        """The same for handshakes."""
        accept = route.accept

        def accepted(request: Request, socket: Socket) -> Session | Reply:
            return REFUSED if from_foreign_page(request) else accept(request, socket)

        return replace(route, accept=accepted)
