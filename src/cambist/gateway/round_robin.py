"""Fairness between connections: who has more to do than one step waits for the others' steps."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

SHARE = 0.0005
"""Seconds of a tick that connections with more to do may take together; then new input and timers get their chance."""


class Steps(Protocol):
    """A connection with something left to do: one more request to begin, one more piece to write."""

    def step(self) -> None: ...


class RoundRobin:
    """Lets each connection that asked do one step, in the order in which they asked. `timer` gives monotonic seconds."""

    __slots__ = ("_due", "_loop", "_timer", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, timer: Callable[[], float]) -> None:
        self._loop = loop
        self._timer = timer
        self._waiting: deque[Steps] = deque()
        self._due = False

    def add(self, connection: Steps) -> None:
        """Has it do one step in a later tick. The connection sees to it that it is added once."""
        self._waiting.append(connection)
        if not self._due:
            self._due = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        self._due = False
        waiting = self._waiting
        end = self._timer() + SHARE
        try:
            for _connection in range(len(waiting)):  # who is added on the way comes in the next tick
                waiting.popleft().step()
                if self._timer() >= end:
                    break
        finally:  # a bug in one connection must not keep the others waiting for ever
            if waiting and not self._due:
                self._due = True
                self._loop.call_soon(self._run)
