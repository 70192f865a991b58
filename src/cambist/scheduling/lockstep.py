"""Lockstep: what one input causes is over before the next one is looked at, so that nothing depends on how fast anything runs.

It is for a clock that is moved by hand: there the order of inputs and the movements of the clock decide everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

QUIET_TICKS, PATIENT_TICKS = 12, 240
"""Ticks of the event loop in which nothing may happen before all is over. What is handed from callback to callback, without a thread or
the clock in between, comes to its end in the fewer; a long text that a handler waits for, and that is written a slice in each tick, in the
more of them."""


class Lockstep:
    """Knows what is under way on other threads, and when all of it has come to its end. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self.unanswered = 0
        """Inputs whose handlers wait for something."""
        self.begun = 0
        """How much was ever pending."""
        self._pending = 0
        self._activity = 0
        self._held = 0
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def pending(self) -> bool:
        """Whether another thread has something to do that the event loop waits for."""
        return self._pending > 0

    def noticed(self) -> None:
        """Something goes on: a message was sent."""
        self._activity += 1

    @contextmanager
    def step(self) -> Iterator[None]:
        """A step of a handler: something goes on."""
        self._activity += 1
        yield

    async def counted(self, awaited: Awaitable[T]) -> T:
        """The same awaitable, counted as pending until its result is here."""
        self._begin()
        try:
            return await awaited
        finally:
            self._end()

    def threads(self) -> ThreadPoolExecutor:
        """An executor for the loop (`set_default_executor`) whose jobs are counted until their results are on the loop."""
        return _CountedThreads(self, asyncio.get_running_loop())

    @contextmanager
    def held(self) -> Iterator[None]:
        """As long as this lasts nothing is over, for `at_rest`."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._wake()

    async def settled(self) -> None:
        """Returns once nothing is pending, and nothing has gone on for QUIET_TICKS, or PATIENT_TICKS while an input is unanswered.

        Who waits for the clock goes on waiting.
        """
        quiet = 0
        while quiet < (PATIENT_TICKS if self.unanswered else QUIET_TICKS):
            seen = self._activity
            if self._pending:
                await self._wait()
            else:
                await asyncio.sleep(0)
            quiet = 0 if self._pending or self._activity != seen else quiet + 1

    async def at_rest(self) -> None:
        """The same, and nothing is held."""
        while True:
            await self.settled()
            if not self._held:
                return
            await self._wait()

    def _begin(self) -> None:
        self.begun += 1
        self._pending += 1
        self._activity += 1

    def _end(self) -> None:
        self._pending -= 1
        self._activity += 1
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _wait(self) -> None:
        """Returns when something that was pending or held has ended."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter


class _CountedThreads(ThreadPoolExecutor):
    """Hands results over on the loop's thread, so that none is on its way there when nothing is pending."""

    def __init__(self, lockstep: Lockstep, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(thread_name_prefix="lockstep")
        self._lockstep = lockstep
        self._loop = loop

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As Executor has it; to be called on the loop's thread."""
        outer: Future[T] = Future()
        inner = super().submit(fn, *args, **kwargs)
        self._lockstep._begin()
        inner.add_done_callback(lambda done: self._loop.call_soon_threadsafe(self._deliver, done, outer))
        return outer

    def _deliver(self, inner: Future[Any], outer: Future[Any]) -> None:
        try:
            if outer.set_running_or_notify_cancel():
                error = inner.exception()
                if error is not None:
                    outer.set_exception(error)
                else:
                    outer.set_result(inner.result())
        finally:
            self._lockstep._end()
