"""Moving a manual clock: through all that is due on the way, until a time or until something has happened."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

from cambist.scheduling import ManualScheduler

Condition = Callable[[], bool]
INSTANTS_AT_ONCE = 400
"""Moments at which something was due that pass before others on the event loop have their turn."""
MOST_STEPS = 1_000_000


class ClockGone(Exception):
    """The sandbox was put into another state, which has a clock of its own."""


class ClockControl:
    """One at a time moves the clock; who comes meanwhile waits.

    `drain` returns once everything applied so far is on disk and was told to whoever follows. `followed` says whether anybody does: then
    every moment is drained by itself, so that pushes have the same content in every run. A movement is one thing that goes on within
    `hold`. One that is cancelled ends between two moments, at a time that no other run would end at: `cut` is called.
    """

    def __init__(
        self,
        scheduler: ManualScheduler,
        drain: Callable[[], Awaitable[None]],
        followed: Callable[[], bool],
        hold: Callable[[], AbstractContextManager[None]] = nullcontext,
        cut: Callable[[], object] = lambda: None,
    ) -> None:
        self._scheduler = scheduler
        self._drain = drain
        self._followed = followed
        self._hold = hold
        self._cut = cut
        self._lock = asyncio.Lock()
        self._over = False

    @property
    def now(self) -> int:
        """µs."""
        return self._scheduler.now()

    @property
    def next_due(self) -> int | None:
        """When something is due next, µs; it may be now."""
        return self._scheduler.next_due

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Nobody moves the clock meanwhile."""
        async with self._lock:
            yield

    def end(self) -> None:
        """The clock is no more: who still waits to move it gets ClockGone."""
        self._over = True

    @asynccontextmanager
    async def _moving(self) -> AsyncIterator[None]:
        async with self._lock:
            if self._over:
                raise ClockGone
            try:
                yield
            except asyncio.CancelledError:
                self._cut()
                raise

    async def advance(self, duration: int) -> None:
        """Moves the clock on by `duration` µs. ClockGone, as the others."""
        async with self._moving():
            with self._hold():
                await self._run(self._scheduler.now() + duration, None)

    async def run_until(self, time: int, condition: Condition | None = None) -> bool:
        """Moves it to `time`, or to the moment at which the condition holds. Whether it does; without one, True.

        A time that is over moves nothing.
        """
        async with self._moving():
            if condition is not None and condition():
                return True
            with self._hold():
                return await self._run(max(time, self._scheduler.now()), condition)

    async def step(self, count: int) -> None:
        """Moves it on to the next later moment at which something is due, so many times; nothing moves when nothing is.

        What is due already runs first: calls that waited for the disk during an earlier movement come back due at its end.
        """
        async with self._moving():
            with self._hold():
                for _ in range(count):
                    while (due := self._scheduler.next_due) is not None and due <= self._scheduler.now():
                        await self._run(self._scheduler.now(), None)
                    if due is None:
                        return
                    await self._run(due, None)

    async def _run(self, to: int, condition: Condition | None) -> bool:
        scheduler, passed = self._scheduler, 0
        await self._drain()
        while True:
            followed = self._followed()
            # Each moment by itself only for somebody who looks at each.
            most = 1 if followed or condition is not None else INSTANTS_AT_ONCE - passed % INSTANTS_AT_ONCE
            moments = scheduler.advance_moments(to, most)
            if condition is not None and moments and condition():
                await self._drain()
                return True
            passed += moments
            if moments < most:
                break
            if followed or passed % INSTANTS_AT_ONCE == 0:
                await asyncio.sleep(0)
                await self._drain()
        scheduler.advance(to)
        await asyncio.sleep(0)
        await self._drain()
        return condition is None or condition()
