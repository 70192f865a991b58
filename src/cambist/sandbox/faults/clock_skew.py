"""A clock that is wrong: for the requests that a fault meets, the time that clients are told and that their nonces are judged by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from inspect import isawaitable
from typing import Any, Generic, TypeVar

from cambist.scheduling import Clock

T = TypeVar("T")


class ClientClock:
    """The clock that dialects tell the time by and judge times by that clients name: `wall`, but for who is met by a fault."""

    def __init__(self, wall: Clock) -> None:
        self._wall = wall
        self.skew = 0
        """µs, while a step of a request's handler runs."""

    def __call__(self) -> int:
        return self._wall() + self.skew


def skewed(clock: ClientClock, skew: int, call: Callable[[], T | Awaitable[T]]) -> T | Awaitable[T]:
    """What `call` gives, by a clock that is `skew` µs ahead; an awaitable takes each of its steps by that clock, and nobody else does."""
    clock.skew += skew
    try:
        given = call()
    finally:
        clock.skew -= skew
    return _Skewed(clock, skew, given) if isawaitable(given) else given


class _Skewed(Generic[T]):
    """An awaitable between whose waits the clock is wrong."""

    __slots__ = ("_awaited", "_clock", "_skew")

    def __init__(self, clock: ClientClock, skew: int, awaited: Awaitable[T]) -> None:
        self._clock = clock
        self._skew = skew
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, T]:
        steps: Any = self._awaited.__await__()
        value: Any = None
        error: BaseException | None = None
        while True:
            self._clock.skew += self._skew
            try:
                waited_for = steps.send(value) if error is None else steps.throw(error)
            except StopIteration as stop:
                result: T = stop.value
                return result
            finally:
                self._clock.skew -= self._skew
            value, error = None, None
            try:
                value = yield waited_for
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as raised:
                error = raised
