"""One input after the other: on a clock that is moved by hand no request begins before all is over that the one before it caused."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from cambist.scheduling import Lockstep, Watched

T = TypeVar("T")


class SerialExecution:
    """An interceptor that lets requests, handshakes and messages of sockets begin one at a time, in the order in which they came.

    The next one begins when the one before it is answered, or waits for the clock, and everything else that it caused has been done.
    """

    def __init__(self, lockstep: Lockstep) -> None:
        self._lockstep = lockstep
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._idle: list[asyncio.Future[None]] = []
        self._busy = False
        self._task: asyncio.Task[None] | None = None

    def route(self, route: Route) -> Route:
        """The route whose handler waits until it may begin."""
        handler = route.handler
        return replace(route, handler=lambda request: self.run(lambda: handler(request)))

    def socket_route(self, route: SocketRoute) -> SocketRoute:
        """The route whose handshakes and messages wait until they may begin."""
        accept = route.accept

        def accepted(request: Request, socket: Socket) -> Session | Reply:
            answer = accept(request, socket)
            return answer if isinstance(answer, Reply) else _SerialSession(answer, self)

        return replace(route, accept=accepted, admit=self._admit)

    def _admit(self) -> Awaitable[None] | None:
        return self.run(lambda: None)

    async def idle(self) -> None:
        """Returns once nothing waits and all is over."""
        if self._busy:
            idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._idle.append(idle)
            await idle

    def run(self, begin: Callable[[], T | Awaitable[T]]) -> T | Awaitable[T]:
        """What `begin` gives, now or when it may begin."""
        return self._later(begin) if self._busy else self._begin(begin)

    async def _later(self, begin: Callable[[], T | Awaitable[T]]) -> T:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._next()
            raise
        answer = self._begin(begin)
        return await answer if isinstance(answer, Awaitable) else answer

    def _begin(self, begin: Callable[[], T | Awaitable[T]]) -> T | Awaitable[T]:
        self._busy = True
        self._task = asyncio.get_running_loop().create_task(self._settle())
        answer = begin()
        return self._finish(answer) if isinstance(answer, Awaitable) else answer

    async def _finish(self, answer: Awaitable[T]) -> T:
        self._lockstep.unanswered += 1
        try:
            return await Watched(answer, self._lockstep.step)
        finally:
            self._lockstep.unanswered -= 1

    async def _settle(self) -> None:
        await self._lockstep.at_rest()
        self._next()

    def _next(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._busy = False
        idle, self._idle = self._idle, []
        for waiter in idle:
            if not waiter.done():
                waiter.set_result(None)


class _SerialSession(Session):
    """A session whose messages wait until they may begin."""

    def __init__(self, inner: Session, serial: SerialExecution) -> None:
        super().__init__(inner.socket)
        self._inner = inner
        self._serial = serial

    def identity(self) -> Identity | None:
        return self._inner.identity()

    def opened(self) -> None:
        self._inner.opened()

    def text(self, message: str) -> Awaitable[None] | None:
        return self._serial.run(lambda: self._inner.text(message))

    def binary(self, message: bytes) -> Awaitable[None] | None:
        return self._serial.run(lambda: self._inner.binary(message))

    def closed(self) -> None:
        self._inner.closed()
