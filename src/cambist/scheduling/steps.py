"""Running a coroutine to where it first waits: most never do, and need no task."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import AbstractContextManager
from types import CoroutineType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Suspended(Generic[T]):
    """The rest of a coroutine that waits for something. Await it, in a task, for its result."""

    __slots__ = ("_coroutine", "_waited_for")

    def __init__(self, coroutine: Coroutine[Any, Any, T], waited_for: Any) -> None:
        self._coroutine = coroutine
        self._waited_for = waited_for

    def __await__(self) -> Generator[Any, Any, T]:
        coroutine, waited_for = self._coroutine, self._waited_for
        try:
            while True:
                try:
                    value = yield waited_for
                except GeneratorExit:
                    coroutine.close()
                    raise
                except BaseException as error:
                    waited_for = coroutine.throw(error)
                else:
                    waited_for = coroutine.send(value)
        except StopIteration as stop:
            result: T = stop.value
            return result


def first_step(awaitable: Awaitable[T]) -> tuple[bool, T | Awaitable[T]]:
    """(True, its result) when a coroutine ended without waiting, else (False, what must be awaited for the result).

    What it raises before it waits is raised here. Until it waits it runs outside any task: `asyncio.current_task()` is None there, so
    `asyncio.timeout` belongs behind the first wait. An awaitable that is no coroutine is handed back as it is.
    """
    if type(awaitable) is not CoroutineType:
        return False, awaitable
    try:
        waited_for = awaitable.send(None)
    except StopIteration as stop:
        return True, stop.value
    return False, Suspended(awaitable, waited_for)


class Watched(Generic[T]):
    """Awaits something, each of its steps between two waits within a context."""

    __slots__ = ("_awaited", "_step")

    def __init__(self, awaited: Awaitable[T], step: Callable[[], AbstractContextManager[object]]) -> None:
        self._awaited = awaited
        self._step = step

    def __await__(self) -> Generator[Any, Any, T]:
        steps: Any = self._awaited.__await__()
        value: Any = None
        error: BaseException | None = None
        while True:
            try:
                with self._step():
                    waited_for = steps.send(value) if error is None else steps.throw(error)
            except StopIteration as stop:
                result: T = stop.value
                return result
            value, error = None, None
            try:
                value = yield waited_for
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as raised:
                error = raised
