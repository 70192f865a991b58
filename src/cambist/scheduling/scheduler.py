"""When things happen: one scheduler, made in the composition root, for everything that waits."""

from __future__ import annotations

import asyncio
import heapq
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Any

import structlog

from cambist.scheduling.steps import first_step

Clock = Callable[[], int]
"""Microseconds since 1970, never decreasing."""
Callback = Callable[[], "Awaitable[object] | None"]

LONGEST_NAP = 0.5
"""Seconds until the clock is looked at again, whatever is due: a system clock may be set forward meanwhile."""

_log = structlog.get_logger("cambist.scheduling")


class Timer:
    """Something that will happen. `cancel` calls it off; a second time, or afterwards, it does nothing."""

    __slots__ = ("_callback", "name")

    def __init__(self, callback: Callback | None, name: str = "") -> None:
        self._callback = callback
        self.name = name
        """Unique among those that wait; empty for what nobody needs to find again."""

    @property
    def pending(self) -> bool:
        return self._callback is not None

    def cancel(self) -> None:
        self._callback = None

    def take(self) -> Callback | None:
        """The callback, once; for schedulers."""
        callback, self._callback = self._callback, None
        return callback

    def moved(self, due: int) -> None:
        """It will ring at `due` (µs) instead; for schedulers."""


class Scheduler(ABC):
    """Calls back at times of one clock, on the event loop, in order of time and, for equal times, in the order of scheduling.

    A callback that is a coroutine function runs to its first wait at once and goes on as a task. What a callback raises is logged and
    stops nothing else.
    """

    def __init__(self) -> None:
        self._order = count()
        self._entries: list[tuple[int, int, Timer]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    def now(self) -> int:
        """µs since 1970, never decreasing."""

    def at(self, time: int, callback: Callback, name: str = "") -> Timer:
        """Calls `callback` once, as soon as `now` is `time` (µs) or later; never before this call has returned."""
        timer = Timer(callback, name)
        self.push(time, timer)
        return timer

    def after(self, delay: int, callback: Callback, name: str = "") -> Timer:
        """The same `delay` µs from now."""
        return self.at(self.now() + delay, callback, name)

    def every(self, period: int, callback: Callback, name: str = "") -> Timer:
        """Calls `callback` again and again, `period` µs after it was last due, or after it was done when it took longer than that."""
        return _Periodic(self, period, callback, name)

    def repeat(self, wait: Callable[[], int], callback: Callable[[int], Awaitable[object] | None], name: str = "") -> Timer:
        """Calls `callback` with the time again and again, first `wait()` µs from now, then as long after it was done; at least 1 µs."""
        timer = _Repeated(self, wait, callback, name)
        timer.set()
        return timer

    def push(self, time: int, timer: Timer) -> None:
        """Has the timer ring at `time` (µs); for timers."""
        heapq.heappush(self._entries, (time, next(self._order), timer))
        self._scheduled()

    def save(self) -> list[tuple[str, int]]:
        """(name, due) of the timers that have a name, in the order in which they will ring."""
        return [(timer.name, due) for due, _, timer in sorted(self._entries, key=_place) if timer.name and timer.pending]

    def restore(self, saved: Sequence[tuple[str, int]]) -> None:
        """Has the timers of those names ring when they would have rung when they were saved, and in that order; all others after them."""
        places = {name: (due, place) for place, (name, due) in enumerate(saved)}
        entries: list[tuple[int, int, Timer]] = []
        for due, order, timer in self._entries:
            if timer.pending and timer.name in places:
                entries.append((*places[timer.name], timer))
                timer.moved(entries[-1][0])
            elif timer.pending:
                entries.append((due, order + len(saved), timer))
        heapq.heapify(entries)
        self._entries[:] = entries
        self._order = count(next(self._order) + len(saved))
        self._scheduled()

    @abstractmethod
    def pause(self) -> None:
        """Calls nothing back until `go_on`, whatever is due."""

    @abstractmethod
    def go_on(self) -> None:
        """Calls back again."""

    async def idle(self) -> None:
        """Returns once nothing that was called back is still at work."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def sleep(self, delay: int) -> None:
        """Returns `delay` µs from now."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.after(delay, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            timer.cancel()

    @property
    def next_due(self) -> int | None:
        """When the next callback is due, µs; None when nothing is scheduled."""
        while self._entries and not self._entries[0][2].pending:
            heapq.heappop(self._entries)
        return self._entries[0][0] if self._entries else None

    @abstractmethod
    def _scheduled(self) -> None:
        """Called when what is due next may have changed."""

    def _run_next(self) -> None:
        """Calls the earliest callback."""
        callback = heapq.heappop(self._entries)[2].take()
        if callback is not None:
            self.run(callback)

    def run(self, callback: Callback) -> Awaitable[None] | None:
        """Calls back now. A coroutine that waits goes on as a task, which is returned."""
        try:
            result: Any = callback()
            if result is not None:
                done, result = first_step(result)
                if not done:
                    task = asyncio.ensure_future(_finish(result))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                    return task
        except Exception as error:
            _log.exception("a scheduled call failed", error=type(error).__name__)
        return None


def _place(entry: tuple[int, int, Timer]) -> tuple[int, int]:
    return entry[:2]


async def _finish(rest: Awaitable[None]) -> None:
    try:
        await rest
    except Exception as error:
        _log.exception("a scheduled call failed", error=type(error).__name__)


class _Periodic(Timer):
    """A timer that sets itself again."""

    __slots__ = ("_act", "_due", "_period", "_scheduler")

    def __init__(self, scheduler: Scheduler, period: int, callback: Callback, name: str) -> None:
        super().__init__(self._ring, name)
        self._scheduler = scheduler
        self._period = period
        self._act = callback
        self._due = scheduler.now() + period
        scheduler.push(self._due, self)

    def take(self) -> Callback | None:
        return self._callback

    def moved(self, due: int) -> None:
        self._due = due

    async def _ring(self) -> None:
        rest = self._scheduler.run(self._act)
        if rest is not None:
            await rest
        if self.pending:
            self._due = max(self._due + self._period, self._scheduler.now())
            self._scheduler.push(self._due, self)


class _Repeated(Timer):
    """A timer that sets itself again, and says each time for when. One object, however often it rings."""

    __slots__ = ("_act", "_now", "_push", "_wait")

    def __init__(self, scheduler: Scheduler, wait: Callable[[], int], act: Callable[[int], Awaitable[object] | None], name: str) -> None:
        super().__init__(self._ring, name)
        self._now = scheduler.now
        self._push = scheduler.push
        self._wait = wait
        self._act = act

    def set(self) -> None:
        if self._callback is not None:
            self._push(self._now() + (self._wait() or 1), self)

    def take(self) -> Callback | None:
        return self._callback

    def _ring(self) -> Awaitable[object] | None:
        try:
            result = self._act(self._now())
            if result is not None:
                done, rest = first_step(result)
                if not done:
                    return self._finish(rest)  # type: ignore[arg-type]  # not done: an awaitable
        except BaseException:
            self.set()
            raise
        self.set()
        return None

    async def _finish(self, rest: Awaitable[object]) -> None:
        try:
            await rest
        finally:
            self.set()


class LoopScheduler(Scheduler):
    """On the running event loop, by a clock that moves by itself. With nothing due nothing runs, and no timer is set.

    `pace`: how much faster than the machine's time the clock moves.
    """

    def __init__(self, clock: Clock, pace: float = 1.0) -> None:
        super().__init__()
        self._clock = clock
        self._pace = pace * 1_000_000
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due: int | None = None
        self._paused = False

    def now(self) -> int:
        return self._clock()

    def _scheduled(self) -> None:
        due = self.next_due
        if due == self._timer_due and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_due = due
        if due is not None and not self._paused:
            wait = (due - self._clock()) / self._pace
            self._timer = asyncio.get_running_loop().call_later(min(max(wait, 0.0), LONGEST_NAP), self._wake)

    def pause(self) -> None:
        self._paused = True

    def go_on(self) -> None:
        self._paused = False
        self._timer_due = None
        self._scheduled()

    def _wake(self) -> None:
        self._timer = None
        if self._paused:
            return
        now = self._clock()
        last = next(self._order)  # what is scheduled by what runs now comes in a later pass, so that nothing can hold the loop
        while (due := self.next_due) is not None and due <= now and self._entries[0][1] < last:
            self._run_next()
        self._scheduled()


class ManualScheduler(Scheduler):
    """Time that moves only by `advance`: for tests, and for a sandbox whose clock is manual."""

    def __init__(self, now: int) -> None:
        super().__init__()
        self._now = now

    def now(self) -> int:
        return self._now

    def _scheduled(self) -> None:
        """Nothing runs by itself."""

    def pause(self) -> None:
        """Nor does it then."""

    def go_on(self) -> None:
        """Nor afterwards."""

    def advance(self, to: int) -> None:
        """Moves time to `to` (µs), through all that is due on the way, each at its own time. ValueError for a step back."""
        if to < self._now:
            raise ValueError(f"time does not go back: {to} is before {self._now}")
        self.advance_moments(to, sys.maxsize)
        self._now = to

    def advance_by(self, duration: int) -> None:
        """The same, `duration` µs from now."""
        self.advance(self._now + duration)

    def advance_moments(self, to: int, most: int) -> int:
        """Moves time through at most `most` moments at which something is due, none of them after `to` (µs). Returns how many there were.

        What is due already makes one with all else that comes due at that time.
        """
        entries, moments, passing = self._entries, 0, -1
        while entries:
            due, _, timer = entries[0]
            if due > passing and timer.pending:
                if due > to or moments == most:
                    break
                moments += 1
                passing = self._now = max(due, self._now)
            self._run_next()
        return moments
