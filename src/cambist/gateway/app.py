"""The application that every request passes: finds the handler, calls it, and holds its reply until the journal is durable.

The same handlers are reached on two ways. `HttpProtocol` (http_protocol.py) calls `find` and `call` straight from the parser's callbacks;
everything else, and any other ASGI server, comes in through `__call__`.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

import structlog

from cambist.dialect_kit.interception import Interceptor
from cambist.dialect_kit.messages import Reply, Request, Withheld
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.dialect_kit.sockets import SocketRoute
from cambist.exchange.commands import OutcomeUnknown
from cambist.gateway import health
from cambist.gateway.failures import BROKEN, UNDECIDED, place_of
from cambist.gateway.http.known_targets import KnownTargets
from cambist.gateway.http.router import NOT_FOUND, InterceptedRouter, Router
from cambist.gateway.metrics import Metrics, RouteCounts
from cambist.gateway.places import host_name
from cambist.gateway.ws.router import SocketRouter

Barrier = Callable[[], "asyncio.Future[None] | None"]
"""A future that is done once everything the core has applied so far is on disk; None when it already is. It may be shared by many replies,
so nobody cancels it. When it fails, or when the call itself raises, the replies that waited for it are never sent."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

TOO_LARGE = Reply(413, b'{"error":"the body is too large"}', headers=((b"connection", b"close"),))

PAGES = Route("/", NOT_FOUND.handler, prefix=True, dialect="gateway", name="(pages)")
"""What the fallback's requests are counted under."""

_log = structlog.get_logger("cambist.gateway")


def no_barrier() -> None:
    """The barrier of something that has no journal: nothing ever waits."""
    return


class Gateway:
    """Routes, the durability barrier, metrics and health in one ASGI application.

    `routes` are all dialects' routes; /healthz, /readyz and /metrics are added. `fallback` is an ASGI application for what no route knows
    (pages); its HTTP replies wait for the barrier too. `body_cap` bytes bound a request's body where the server does not. `sockets` are the
    dialects' WebSocket routes; they need the gateway's own Server. `path_errors` say which errors are whose to word. `interceptors` are
    around everything that answers, rejections of unknown paths and metrics included; the first one is outermost.
    """

    def __init__(
        self,
        routes: Iterable[Route],
        *,
        barrier: Barrier = no_barrier,
        readiness: health.Readiness = health.always_ready,
        metrics: Metrics | None = None,
        fallback: ASGIApp | None = None,
        body_cap: int = 131_072,
        sockets: Iterable[SocketRoute] = (),
        path_errors: Iterable[PathErrors] = (),
        interceptors: Sequence[Interceptor] = (),
    ) -> None:
        self.metrics = Metrics() if metrics is None else metrics
        self.barrier = barrier
        self.fallback = fallback
        self.body_cap = body_cap
        all_routes = [*routes, *health.routes(readiness, self.metrics)]
        router, socket_router = Router(all_routes, path_errors), SocketRouter(_intercepted(sockets, interceptors))
        self.find = router.find
        exact = router.exact
        if interceptors:
            intercepted = InterceptedRouter(router, interceptors)
            self.find, exact = intercepted.find, intercepted.exact
        self.find_socket = socket_router.find
        self.by_host = router.by_host or socket_router.by_host
        """Whether `find` and `find_socket` need know a request's host (`host_name` of its Host field)."""
        # A target is found without a look at the host, which a handshake at that target would need.
        self.known_targets = KnownTargets({} if self.by_host else exact, grows=router.everywhere and not self.by_host)
        self._errors = router.errors
        self._counts: dict[Route, RouteCounts] = {}

    def counts(self, route: Route) -> RouteCounts:
        """Where this route's replies are counted."""
        counts = self._counts.get(route)
        if counts is None:
            counts = self._counts[route] = self.metrics.route(route.dialect, route.name or route.path)
        return counts

    def call(self, route: Route, request: Request) -> Reply | Awaitable[Reply]:
        """The handler's reply, or what must be awaited for it with `finish`. A handler that raises gives the fixed 500."""
        try:
            return route.handler(request)
        except Withheld:
            raise
        except Exception as error:
            return self.failed(route, error, request)

    async def finish(self, route: Route, request: Request, result: Awaitable[Reply]) -> Reply:
        """The reply of an asynchronous handler; the fixed 500 when it raises."""
        try:
            return await result
        except Withheld:
            raise
        except Exception as error:
            return self.failed(route, error, request)

    def error_reply(self, request: Request, plain: Reply) -> Reply:
        """An error of the gateway's, in the words of who claims the path; `plain` when nobody does."""
        host = host_name(request.headers.get(b"host", b"")) if self.by_host else ""
        claim = self._errors(request.path, host, request.listener)
        if claim is None:
            return plain
        try:
            return claim.reply(request, plain.status) or plain
        except Exception as error:
            _log.error("error reply failed", dialect=claim.dialect, error=type(error).__name__, at=place_of(error))
            return plain

    def failed(self, route: Route, error: Exception, request: Request) -> Reply:
        """The 500, after a line in the log; the 504 for a command whose outcome nobody knows, which is nobody's fault here."""
        if isinstance(error, OutcomeUnknown):
            return self.error_reply(request, UNDECIDED)
        with contextlib.suppress(Exception):  # a log that cannot be written must not cost the reply
            name = route.name or route.path
            _log.error("handler failed", dialect=route.dialect, route=name, error=type(error).__name__, at=place_of(error))
        return self.error_reply(request, BROKEN)

    async def durable(self) -> None:
        """Returns once everything applied so far is on disk. Withheld when it never will be."""
        try:
            future = self.barrier()
        except Exception as error:
            raise Withheld from error
        if future is None:
            return
        try:
            await asyncio.shield(future)  # the future is shared: a client that went away must not cancel the others' wait
        except asyncio.CancelledError:
            if future.cancelled():
                raise Withheld from None
            raise
        except Exception as error:
            raise Withheld from error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry: `http`, `websocket` (the fallback's) and `lifespan`."""
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif self.fallback is not None:
            await self.fallback(scope, receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        elif kind == "lifespan":
            await _lifespan(receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw_path = scope.get("raw_path") or scope["path"].encode()
        path = raw_path.decode("latin-1")
        headers = joined_headers(scope["headers"])
        route, match = self.find(scope["method"], path, host_name(headers.get(b"host", b"")) if self.by_host else "")
        if route is NOT_FOUND and self.fallback is not None:
            await self._pages(self.fallback, scope, receive, send)
            return
        body = await _body(receive, self.body_cap)
        if body is None:
            return
        started = self.metrics.timer()
        too_large = len(body) > self.body_cap
        client = scope.get("client")
        request = Request(
            scope["method"],
            path,
            scope.get("query_string", b""),
            headers,
            b"" if too_large else body,
            client[0] if client else "",
            match,
            scope.get("scheme", "http"),
        )
        if too_large:
            self.metrics.refuse("body_too_large")
            reply = self.error_reply(request, TOO_LARGE)
        else:
            result = self.call(route, request)
            reply = await self.finish(route, request, result) if inspect.isawaitable(result) else result
        if route.durable and reply.waits:
            await self.durable()
        await _send_reply(send, reply)
        self.counts(route).observe(reply.status, self.metrics.timer() - started)

    async def _pages(self, fallback: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """The fallback, each of whose messages waits for what the core had applied when it was rendered."""
        started = self.metrics.timer()
        status = 0

        async def held(message: Message) -> None:
            nonlocal status
            await self.durable()
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await fallback(scope, receive, held)
        except Withheld:
            raise
        except Exception as error:
            reply = self.failed(PAGES, error, Request(scope["method"], scope["path"]))
            if status:  # too late for a 500: the client must see that the reply is not whole
                raise Withheld("a page broke off") from None
            status = reply.status
            await self.durable()
            await _send_reply(send, reply)
        if status:
            self.counts(PAGES).observe(status, self.metrics.timer() - started)


def _intercepted(sockets: Iterable[SocketRoute], interceptors: Sequence[Interceptor]) -> Iterable[SocketRoute]:
    for interceptor in reversed(interceptors):
        sockets = [interceptor.socket_route(socket) for socket in sockets]
    return sockets


def joined_headers(fields: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Header fields as a dict by lower-case name; repeated ones joined as Request says."""
    headers: dict[bytes, bytes] = {}
    for name, value in fields:
        known = headers.get(name)
        headers[name] = value if known is None else known + (b"; " if name == b"cookie" else b", ") + value
    return headers


async def _body(receive: Receive, cap: int) -> bytes | None:
    """The whole body, or a little more than the cap when it is longer; None when the client left before its end."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part = message.get("body", b"")
        size += len(part)
        parts.append(part)
        if size > cap or not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _send_reply(send: Send, reply: Reply) -> None:
    body = reply.content
    headers = [(b"content-type", reply.content_type), (b"content-length", b"%d" % len(body)), *reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
