"""How tests wait: until something is so, never for a time that ought to do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE = 60.0
"""Seconds; generous, because test machines are shared. Only a test that fails waits as long."""
T = TypeVar("T")

_LOOK = 0.005
"""Seconds between two looks at something that cannot call back: another process, a file, a thread."""


def wait_until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Returns as soon as the condition holds. AssertionError when it does not within `patience` seconds."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"not so after {patience:.0f} s"
        time.sleep(_LOOK)


async def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """The same on an event loop, which goes on meanwhile."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"not so after {patience:.0f} s"
        await asyncio.sleep(_LOOK)


async def answered(ask: Callable[[], Awaitable[T]], but: type[Exception], patience: float = PATIENCE) -> T:
    """What `ask` gives once it raises `but` no more."""
    end = time.monotonic() + patience
    while True:
        try:
            return await ask()
        except but:
            assert time.monotonic() < end, f"{but.__name__} for {patience:.0f} s"
            await asyncio.sleep(_LOOK)


async def ticks(count: int = 1) -> None:
    """Lets the event loop go round, no time passing: for what it has been given already."""
    for _ in range(count):
        await asyncio.sleep(0)
