"""Running a coroutine to where it first waits, and its rest in a task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import cast

import pytest

from cambist.scheduling import Suspended, first_step
from tests.support.waiting import ticks


async def adds(waiting: Awaitable[int], log: list[str]) -> int:
    """One more than what it waits for."""
    try:
        return await waiting + 1
    except ValueError:
        log.append("caught")
        return -1
    finally:
        log.append("left")


async def test_a_coroutine_that_never_waits_ends_without_a_task() -> None:
    async def seven() -> int:
        assert asyncio.current_task() is not test_task
        return 7

    async def through() -> int:
        return await seven()

    test_task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks(loop)
    # Outside the test's own task, as the gateway calls it.
    ended: list[object] = []
    loop.call_soon(lambda: ended.extend(first_step(through())))
    await ticks()
    assert ended == [True, 7]
    assert asyncio.all_tasks(loop) == before


async def test_what_is_raised_before_the_first_wait_is_raised_at_once() -> None:
    async def fails() -> None:
        raise KeyError("at once")

    with pytest.raises(KeyError, match="at once"):
        first_step(fails())


async def test_the_rest_of_one_that_waits_gives_its_result_in_a_task() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    log: list[str] = []
    ended, rest = first_step(adds(future, log))
    assert not ended
    assert isinstance(rest, Suspended)
    task = asyncio.ensure_future(cast("Awaitable[int]", rest))
    await ticks()
    assert not task.done()
    future.set_result(41)
    assert await task == 42
    assert log == ["left"]


async def test_what_it_waits_for_may_be_there_before_the_task_begins() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    _ended, rest = first_step(adds(future, []))
    future.set_result(1)
    assert await cast("Awaitable[int]", rest) == 2


async def test_it_may_wait_many_times() -> None:
    async def patient() -> int:
        for _round in range(5):
            await ticks()
        return 5

    ended, rest = first_step(patient())
    assert not ended
    assert await cast("Awaitable[int]", rest) == 5


async def test_an_error_of_what_it_waits_for_reaches_it() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    log: list[str] = []
    _ended, rest = first_step(adds(future, log))
    future.set_exception(ValueError())
    assert await cast("Awaitable[int]", rest) == -1
    assert log == ["caught", "left"]


async def test_cancelling_the_task_unwinds_it() -> None:
    log: list[str] = []
    _ended, rest = first_step(adds(asyncio.get_running_loop().create_future(), log))
    task = asyncio.ensure_future(cast("Awaitable[int]", rest))
    await ticks()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["left"]


async def test_what_is_no_coroutine_is_handed_back_as_it_is() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    assert first_step(future) == (False, future)
    future.cancel()
