"""Requests to a node that does not lead: 503, in the words of whose path it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute

RETRY_AFTER = (b"retry-after", b"1")
"""Seconds: a take-over is a matter of some."""
PLAIN = Reply(503, msgspec.json.encode({"error": "this node does not lead: ask another one, or try again shortly"}))
OPEN = frozenset({"/healthz", "/readyz", "/metrics"})
"""What every node answers for itself."""


class LeadingOnly:
    """An Interceptor before everything but health and metrics."""

    def __init__(self, leads: Callable[[], bool]) -> None:
        """`leads`: whether requests are answered here; asked for each."""
        self._leads = leads
        self._worded: Callable[[Request, Reply], Reply] = lambda _request, plain: plain

    def worded_by(self, worded: Callable[[Request, Reply], Reply]) -> None:
        """Given a request and the plain reply, the reply in the words of the API that is asked."""
        self._worded = worded

    def route(self, route: Route) -> Route:
        if route.dialect == "gateway" and route.path in OPEN:
            return route
        leads, handler, refused = self._leads, route.handler, self._refused

        def answer(request: Request) -> Reply | Awaitable[Reply]:
            return handler(request) if leads() else refused(request)

        return replace(route, handler=answer)

    def socket_route(self, route: SocketRoute) -> SocketRoute:
        accept = route.accept

        def accept_here(request: Request, socket: Socket) -> Session | Reply:
            return accept(request, socket) if self._leads() else self._refused(request)

        return replace(route, accept=accept_here)

    def _refused(self, request: Request) -> Reply:
        """503 also where an API says everything with 200: whoever stands between, such as a load balancer, must see it. At once: a journal
        that gets no answer from the log's servers is why nobody leads here."""
        reply = self._worded(request, PLAIN)
        return msgspec.structs.replace(reply, status=503, headers=(*reply.headers, RETRY_AFTER), waits=False)
