"""When all that an input caused is over: threads, tasks, steps of handlers; who waits for the clock is not waited for."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from cambist.scheduling import Lockstep, ManualScheduler, Watched
from cambist.scheduling.lockstep import QUIET_TICKS
from tests.support.waiting import ticks


@pytest.fixture
async def lockstep() -> AsyncIterator[Lockstep]:
    made = Lockstep()
    asyncio.get_running_loop().set_default_executor(made.threads())
    yield made
    await asyncio.get_running_loop().shutdown_default_executor()


async def begun(lockstep: Lockstep) -> "asyncio.Task[None]":
    """`settled`, as a task that has looked once."""
    task = asyncio.create_task(lockstep.settled())
    await ticks(2)
    return task


async def test_a_job_on_another_thread_is_waited_for_and_so_is_what_its_result_causes(lockstep: Lockstep) -> None:
    gate, done = threading.Event(), []

    async def reads_twice() -> None:
        done.append(await asyncio.to_thread(lambda: gate.wait(60) and "first"))
        done.append(await asyncio.to_thread(lambda: "second"))

    reading = asyncio.create_task(reads_twice())
    settled = await begun(lockstep)
    await ticks(5 * QUIET_TICKS)
    assert lockstep.pending
    assert not settled.done()
    gate.set()
    await settled
    assert done == ["first", "second"]
    assert not lockstep.pending
    await reading


async def test_a_job_that_fails_or_that_nobody_waits_for_any_more_is_over_too(lockstep: Lockstep) -> None:
    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(fails)
    gate = threading.Event()
    waits = asyncio.create_task(asyncio.to_thread(gate.wait, 60))
    await ticks(2)
    waits.cancel()
    settled = await begun(lockstep)
    gate.set()
    await settled
    assert not lockstep.pending


async def test_what_is_counted_is_waited_for(lockstep: Lockstep) -> None:
    reached: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(lockstep.counted(reached))
    settled = await begun(lockstep)
    await ticks(5 * QUIET_TICKS)
    assert not settled.done()
    reached.set_result(7)
    await settled
    assert await waiting == 7


async def test_a_handler_that_goes_on_in_steps_is_not_over(lockstep: Lockstep) -> None:
    async def goes_on() -> None:
        await ticks(10 * QUIET_TICKS)
        ended.append(True)

    ended: list[bool] = []

    async def watched() -> None:
        await Watched(goes_on(), lockstep.step)

    task = asyncio.create_task(watched())
    await lockstep.settled()
    assert ended == [True]
    await task


async def test_who_waits_for_the_clock_is_not_waited_for(lockstep: Lockstep) -> None:
    scheduler = ManualScheduler(0)

    async def sleeps() -> None:
        await Watched(scheduler.sleep(5), lockstep.step)

    sleeping = asyncio.create_task(sleeps())
    await lockstep.settled()
    assert not sleeping.done()
    scheduler.advance(5)
    await lockstep.settled()
    assert sleeping.done()


async def test_nothing_is_at_rest_while_something_is_held(lockstep: Lockstep) -> None:
    with lockstep.held():
        resting = asyncio.create_task(lockstep.at_rest())
        await lockstep.settled()
        await ticks(QUIET_TICKS)
        assert not resting.done()
    await resting
