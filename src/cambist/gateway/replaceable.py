"""A gateway that stays, with its connections, while what is behind it is closed and opened anew.

Routes are the same before and after; the handlers behind them are not. While nothing is open, requests wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import replace
from types import CoroutineType
from typing import Any, TypeVar, cast

from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.interception import Interceptor
from cambist.dialect_kit.messages import Reply, Request, Withheld
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from cambist.gateway.app import Barrier, Gateway
from cambist.gateway.health import Readiness, ReadinessReport
from cambist.gateway.metrics import Metrics
from cambist.scheduling import Suspended, first_step

T = TypeVar("T")
RESTART = 1012
"""How sockets are closed whose venue is no more: service restart."""
CLOSED = Reply(503, b'{"error":"the venue is being opened"}', headers=((b"retry-after", b"1"),))


class ReplaceableGateway:
    """Makes the gateway of the first venue, and has it lead to those that come after.

    `lasting`: the dialect (as in Route) whose requests are not cut off when what is behind is closed: they ask for that. `outermost`:
    interceptors that stay too, around everything. It is itself an interceptor, between those and the venues' own.
    """

    def __init__(self, lasting: str, outermost: Sequence[Interceptor] = ()) -> None:
        self._lasting = lasting
        self._outermost = outermost
        self._gateway: Gateway | None = None
        self._routes: list[Route] = []
        self._sockets: list[SocketRoute] = []
        self._errors: list[PathErrors] = []
        self._interceptors: Sequence[Interceptor] = ()
        self._intercepted: dict[Route, Route] = {}
        self._intercepted_sockets: dict[SocketRoute, SocketRoute] = {}
        self._barrier: Barrier
        self._readiness: Readiness
        self._opened: asyncio.Future[None] | None = None
        self._running: set[asyncio.Future[Any]] = set()
        self._sessions: dict[Socket, _Session] = {}

    def make(
        self,
        routes: Iterable[Route],
        *,
        barrier: Barrier,
        readiness: Readiness,
        metrics: Metrics,
        sockets: Iterable[SocketRoute],
        path_errors: Iterable[PathErrors],
        interceptors: Sequence[Interceptor],
    ) -> Gateway:
        """As Gateway; the same one again for the next venue, which must have the same routes (ValueError)."""
        before = [(route.path, route.methods, route.host, route.listener) for route in self._routes]
        self._routes, self._sockets, self._errors = list(routes), list(sockets), list(path_errors)
        self._barrier, self._readiness, self._interceptors = barrier, readiness, interceptors
        self._intercepted.clear()
        self._intercepted_sockets.clear()
        if self._gateway is not None:
            if before != [(route.path, route.methods, route.host, route.listener) for route in self._routes]:
                raise ValueError("the routes are not those of before")
            self._gateway.metrics.look_at(metrics)
            return self._gateway
        self._gateway = Gateway(
            [self._leading_route(number, route) for number, route in enumerate(self._routes)],
            barrier=self._durable,
            readiness=self._report,
            metrics=metrics,
            sockets=[self._leading_socket_route(number, route) for number, route in enumerate(self._sockets)],
            path_errors=[self._leading_errors(number, errors) for number, errors in enumerate(self._errors)],
            interceptors=[*self._outermost, self],
        )
        return self._gateway

    def _durable(self) -> asyncio.Future[None] | None:
        return self._barrier()

    def _report(self) -> ReadinessReport:
        return self._readiness()

    # --- while nothing is open ----------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Has requests wait from now on; those that have begun go on."""
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()

    async def settled(self, patience: float) -> None:
        """Returns once what has begun has ended, or after so many seconds."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=patience)

    def cut(self) -> None:
        """Gives up what has begun and not ended: nobody will ever answer it. Its connections are closed without a reply; what comes on
        sockets is passed over."""
        for running in self._running:
            running.cancel()
        for session in self._sessions.values():
            session.cut = True

    def resume(self) -> None:
        """Lets the requests that wait go to what is open now, in the order in which they came. Closes the sockets that were cut off
        (1012): who connects again finds something open."""
        for socket, session in list(self._sessions.items()):
            if session.cut:
                socket.close(RESTART, "the venue was opened anew")
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.set_result(None)

    # --- what leads to it ---------------------------------------------------------------------------------------------------

    def _leading_route(self, number: int, route: Route) -> Route:
        def handle(request: Request) -> Reply | Awaitable[Reply]:
            return self._routes[number].handler(request)

        return replace(route, handler=handle)

    def _leading_socket_route(self, number: int, route: SocketRoute) -> SocketRoute:
        def accept(request: Request, socket: Socket) -> Session | Reply:
            return self._sockets[number].accept(request, socket)

        return replace(route, accept=accept)

    def _leading_errors(self, number: int, errors: PathErrors) -> PathErrors:
        def reply(request: Request, status: int) -> Reply | None:
            return self._errors[number].reply(request, status)

        return replace(errors, reply=reply)

    # --- an interceptor -----------------------------------------------------------------------------------------------------

    def route(self, route: Route) -> Route:
        """The route whose handler waits while nothing is open, and passes what the venue of that time has around it."""
        lasting = route.dialect == self._lasting

        def handle(request: Request) -> Reply | Awaitable[Reply]:
            if self._opened is not None:
                return self._later(route, request, lasting)
            result: Any = (self._intercepted.get(route) or self._current(route)).handler(request)
            if type(result) is Reply or lasting:
                return result  # type: ignore[no-any-return]
            if type(result) is CoroutineType:  # `first_step`, written out: every request passes here
                try:
                    result = Suspended(result, result.send(None))
                except StopIteration as stop:
                    return stop.value  # type: ignore[no-any-return]
            return self.watched(result)

        return replace(route, handler=handle)

    def _current(self, route: Route) -> Route:
        wrapped = self._intercepted.get(route)
        if wrapped is None:
            wrapped = route
            for interceptor in reversed(self._interceptors):
                wrapped = interceptor.route(wrapped)
            self._intercepted[route] = wrapped
        return wrapped

    async def _later(self, route: Route, request: Request, lasting: bool) -> Reply:
        await self._open()
        result = self._current(route).handler(request)
        if isinstance(result, Reply):
            return result
        return await (result if lasting else self.watched(result))

    async def _open(self) -> None:
        while self._opened is not None:
            await asyncio.shield(self._opened)

    async def watched(self, rest: Awaitable[T]) -> T:
        """What it gives; Withheld when it is cut off."""
        running = asyncio.ensure_future(rest)
        self._running.add(running)
        try:
            return await running
        except asyncio.CancelledError:
            if running.cancelled():
                raise Withheld("what was asked is no more") from None
            raise
        finally:
            running.cancel()
            self._running.discard(running)

    def socket_route(self, route: SocketRoute) -> SocketRoute:
        """The route whose handshakes wait while nothing is open."""

        def accept(request: Request, socket: Socket) -> Session | Reply:
            if self._opened is not None:
                return CLOSED
            session = self._current_socket(route).accept(request, socket)
            if isinstance(session, Reply):
                return session
            self._sessions[socket] = watched = _Session(session, self)
            socket.on_closed(self._forget)
            return watched

        def admit() -> Awaitable[None] | None:
            return self._current_socket(route).admit() if self._opened is None else self._admit(route)

        return replace(route, accept=accept, admit=admit)

    async def _admit(self, route: SocketRoute) -> None:
        await self._open()
        admission = self._current_socket(route).admit()
        if admission is not None:
            await admission

    def _current_socket(self, route: SocketRoute) -> SocketRoute:
        wrapped = self._intercepted_sockets.get(route)
        if wrapped is None:
            wrapped = route
            for interceptor in reversed(self._interceptors):
                wrapped = interceptor.socket_route(wrapped)
            self._intercepted_sockets[route] = wrapped
        return wrapped

    def _forget(self, socket: Socket) -> None:
        self._sessions.pop(socket, None)


class _Session(Session):
    """A session that hears nothing any more once it is cut off."""

    def __init__(self, session: Session, gateway: ReplaceableGateway) -> None:
        super().__init__(session.socket)
        self._session = session
        self._gateway = gateway
        self.cut = False

    def opened(self) -> None:
        self._session.opened()

    def text(self, message: str) -> Awaitable[None] | None:
        return None if self.cut else self._handed_on(self._session.text(message))

    def binary(self, message: bytes) -> Awaitable[None] | None:
        return None if self.cut else self._handed_on(self._session.binary(message))

    def _handed_on(self, result: Awaitable[None] | None) -> Awaitable[None] | None:
        if result is None:
            return None
        done, rest = first_step(result)
        return None if done else self._gateway.watched(cast("Awaitable[None]", rest))

    def identity(self) -> Identity | None:
        return self._session.identity()

    def closed(self) -> None:
        self._session.closed()
