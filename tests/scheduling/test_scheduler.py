"""Both schedulers: the order of what is due, calling off, repeating, sleeping, and calls that fail or wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from cambist.scheduling import LoopScheduler, ManualScheduler, Scheduler
from tests.support.waiting import PATIENCE, ticks, until

START = 1_000_000


class Venue:
    """A scheduler and what lets its time pass: by hand, or, on the loop, by a clock that is set and a loop that looks at it."""

    def __init__(self, kind: str) -> None:
        self.time = START
        self.scheduler: Scheduler = ManualScheduler(START) if kind == "manual" else LoopScheduler(lambda: self.time)
        self.log: list[str] = []

    def says(self, word: str) -> Callable[[], None]:
        return lambda: self.log.append(word)

    async def reach(self, time: int) -> None:
        """Moves time on; returns when everything that is due by then has been called."""
        self.time = time
        if isinstance(self.scheduler, ManualScheduler):
            self.scheduler.advance(time)
        else:
            await until(lambda: self.scheduler.next_due is None or self.scheduler.next_due > time)
        await ticks(3)


@pytest.fixture(params=["manual", "loop"])
async def venue(request: pytest.FixtureRequest) -> Venue:
    return Venue(request.param)


# --- order ----------------------------------------------------------------------------------------------------------------


async def test_calls_come_in_order_of_time_and_for_equal_times_in_the_order_of_scheduling(venue: Venue) -> None:
    scheduler = venue.scheduler
    for time, word in ((START + 300, "d"), (START + 200, "b"), (START + 200, "c"), (START + 100, "a"), (START + 301, "e")):
        scheduler.at(time, venue.says(word))
    assert scheduler.next_due == START + 100
    assert venue.log == []
    await venue.reach(START + 300)
    assert venue.log == ["a", "b", "c", "d"]
    await venue.reach(START + 301)
    assert venue.log == ["a", "b", "c", "d", "e"]
    assert scheduler.next_due is None


async def test_what_is_due_already_is_not_called_before_scheduling_returns(venue: Venue) -> None:
    venue.scheduler.at(START - 50, venue.says("late"))
    venue.scheduler.after(0, venue.says("now"))
    venue.log.append("returned")
    await venue.reach(START)
    assert venue.log == ["returned", "late", "now"]


async def test_a_call_may_schedule_what_is_due_at_once(venue: Venue) -> None:
    def again() -> None:
        venue.log.append("first")
        venue.scheduler.after(0, venue.says("third"))

    venue.scheduler.at(START + 10, again)
    venue.scheduler.at(START + 10, venue.says("second"))
    await venue.reach(START + 10)
    assert venue.log == ["first", "second", "third"]


async def test_a_chain_of_calls_that_are_due_at_once_does_not_hold_the_loop() -> None:
    scheduler, rounds = LoopScheduler(lambda: START), 0

    def again() -> None:
        nonlocal rounds
        rounds += 1
        timer[0] = scheduler.after(0, again)

    timer = [scheduler.after(0, again)]
    await until(lambda: rounds >= 3)
    timer[0].cancel()


async def test_the_loop_calls_by_itself_when_its_clock_moves_by_itself() -> None:
    loop = asyncio.get_running_loop()
    scheduler, called = LoopScheduler(lambda: int(loop.time() * 1_000_000)), asyncio.Event()
    scheduler.after(1_000, called.set)
    async with asyncio.timeout(PATIENCE):
        await called.wait()


async def test_a_manual_call_sees_its_own_time() -> None:
    scheduler = ManualScheduler(START)
    seen: list[int] = []
    for delay in (5, 7, 7):
        scheduler.after(delay, lambda: seen.append(scheduler.now()))
    scheduler.advance_by(100)
    assert (seen, scheduler.now()) == ([START + 5, START + 7, START + 7], START + 100)


async def test_manual_time_does_not_go_back() -> None:
    scheduler = ManualScheduler(START)
    with pytest.raises(ValueError, match="time does not go back"):
        scheduler.advance(START - 1)
    assert scheduler.now() == START


# --- calling off ----------------------------------------------------------------------------------------------------------


async def test_a_timer_that_was_cancelled_does_not_call(venue: Venue) -> None:
    timer = venue.scheduler.after(10, venue.says("never"))
    other = venue.scheduler.after(20, venue.says("other"))
    assert timer.pending
    timer.cancel()
    timer.cancel()
    assert not timer.pending
    assert venue.scheduler.next_due == START + 20
    await venue.reach(START + 20)
    assert venue.log == ["other"]
    assert not other.pending
    other.cancel()


async def test_a_call_may_cancel_one_that_is_due_with_it(venue: Venue) -> None:
    def cancels() -> None:
        second.cancel()

    venue.scheduler.after(10, cancels)
    second = venue.scheduler.after(10, venue.says("never"))
    await venue.reach(START + 10)
    assert venue.log == []


# --- again and again ------------------------------------------------------------------------------------------------------


async def test_every_period_counts_from_when_the_last_call_was_due() -> None:
    scheduler = ManualScheduler(START)
    seen: list[int] = []
    timer = scheduler.every(100, lambda: seen.append(scheduler.now() - START))
    scheduler.advance(START + 99)
    assert seen == []
    scheduler.advance(START + 350)
    assert seen == [100, 200, 300]
    assert timer.pending
    timer.cancel()
    scheduler.advance(START + 1_000)
    assert seen == [100, 200, 300]
    assert scheduler.next_due is None


async def test_periods_that_went_by_unnoticed_are_made_up_for_by_one_call() -> None:
    venue = Venue("loop")
    venue.scheduler.every(100, venue.says("beat"))
    venue.time = START + 1_050
    await until(lambda: venue.scheduler.next_due == START + 1_150)
    assert venue.log == ["beat", "beat"]  # the one that was due at 100, and the one of all those after it


async def test_a_period_ends_from_within_its_own_call(venue: Venue) -> None:
    def once() -> None:
        venue.log.append("once")
        timer.cancel()

    timer = venue.scheduler.every(10, once)
    await venue.reach(START + 10)
    await venue.reach(START + 50)
    assert venue.log == ["once"]


async def test_a_periodic_call_that_waits_is_not_called_again_before_it_is_done() -> None:
    scheduler, gate = ManualScheduler(START), asyncio.Event()
    log: list[str] = []

    async def work() -> None:
        log.append("begun")
        await gate.wait()
        log.append("done")

    scheduler.every(100, work)
    scheduler.advance(START + 350)
    await ticks(3)
    assert log == ["begun"]
    gate.set()
    await ticks(5)
    assert log == ["begun", "done"]
    assert scheduler.next_due == START + 350  # the period has long been over
    scheduler.advance(START + 351)
    await ticks(5)
    assert log == ["begun", "done", "begun", "done"]
    assert scheduler.next_due == START + 450


async def test_a_timer_that_says_when_it_rings_next_is_asked_once_its_call_is_done() -> None:
    scheduler, gate = ManualScheduler(START), asyncio.Event()
    waits, seen = iter((5, 0, 20, 40, 100)), list[int]()

    async def act(now: int) -> None:
        seen.append(now - START)
        if len(seen) == 3:
            await gate.wait()

    timer = scheduler.repeat(lambda: next(waits), act)
    scheduler.advance(START + 30)
    assert seen == [5, 6, 26]  # no wait is shorter than 1 µs
    assert scheduler.next_due is None
    scheduler.advance(START + 50)
    gate.set()
    await ticks(3)
    assert scheduler.next_due == START + 90
    timer.cancel()
    assert scheduler.next_due is None
    scheduler.advance(START + 200)
    assert seen == [5, 6, 26]


async def test_a_timer_that_says_when_it_rings_next_goes_on_after_a_call_that_fails() -> None:
    scheduler, seen = ManualScheduler(START), list[int]()

    def fails(now: int) -> None:
        seen.append(now - START)
        raise RuntimeError

    async def fails_later(now: int) -> None:
        await ticks()
        fails(now)

    scheduler.repeat(lambda: 10, fails)
    scheduler.repeat(lambda: 15, fails_later)
    scheduler.advance(START + 20)
    assert seen == [10, 20]
    await ticks(5)
    assert seen == [10, 20, 15]
    assert scheduler.next_due == START + 30
    scheduler.advance(START + 35)
    await ticks(5)
    assert seen == [10, 20, 15, 30, 35]


# --- moment by moment -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "most", "moments", "called", "now"),
    [
        (100, 1, 1, ["a", "b", "a's"], 10),
        (100, 2, 2, ["a", "b", "a's", "c"], 20),
        (100, 9, 3, ["a", "b", "a's", "c", "d"], 30),
        (20, 9, 2, ["a", "b", "a's", "c"], 20),
        (9, 9, 0, [], 0),
    ],
)
async def test_time_moves_through_as_many_moments_as_are_asked_for(to: int, most: int, moments: int, called: list[str], now: int) -> None:
    scheduler, log = ManualScheduler(START), list[str]()

    def first() -> None:
        log.append("a")
        scheduler.after(0, lambda: log.append("a's"))

    scheduler.at(START + 10, first)
    scheduler.at(START + 10, lambda: log.append("b"))
    scheduler.at(START + 15, lambda: log.append("never")).cancel()
    scheduler.at(START + 20, lambda: log.append("c"))
    scheduler.at(START + 30, lambda: log.append("d"))
    assert scheduler.advance_moments(START + to, most) == moments
    assert (log, scheduler.now()) == (called, START + now)


# --- sleeping -------------------------------------------------------------------------------------------------------------


async def test_sleep_returns_when_its_time_has_come(venue: Venue) -> None:
    async def sleeper(word: str, delay: int) -> None:
        await venue.scheduler.sleep(delay)
        venue.log.append(word)

    tasks = [asyncio.create_task(sleeper("long", 200)), asyncio.create_task(sleeper("short", 100))]
    await ticks(2)
    await venue.reach(START + 100)
    await asyncio.wait_for(tasks[1], PATIENCE)
    assert venue.log == ["short"]
    await venue.reach(START + 200)
    await asyncio.wait_for(tasks[0], PATIENCE)
    assert venue.log == ["short", "long"]


async def test_a_sleep_that_is_cancelled_leaves_no_timer(venue: Venue) -> None:
    task = asyncio.create_task(venue.scheduler.sleep(1_000_000))
    await ticks(2)
    assert venue.scheduler.next_due == START + 1_000_000
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert venue.scheduler.next_due is None


# --- calls that fail, and calls that wait ---------------------------------------------------------------------------------


async def test_a_call_that_fails_stops_nothing_else(venue: Venue) -> None:
    async def fails_later() -> None:
        await ticks()
        raise RuntimeError

    async def fails_at_once() -> None:
        raise RuntimeError

    venue.scheduler.after(10, lambda: venue.log.remove("nothing like it"))
    venue.scheduler.after(10, fails_at_once)
    venue.scheduler.after(10, fails_later)
    venue.scheduler.after(10, venue.says("next"))
    venue.scheduler.after(20, venue.says("later"))
    await venue.reach(START + 20)
    assert venue.log == ["next", "later"]


async def test_a_periodic_call_that_fails_is_called_again() -> None:
    scheduler, calls = ManualScheduler(START), [0]

    def fails() -> None:
        calls[0] += 1
        raise RuntimeError

    scheduler.every(10, fails)
    scheduler.advance(START + 30)
    assert calls == [3]


async def test_a_coroutine_runs_to_its_first_wait_at_once_and_goes_on_as_a_task(venue: Venue) -> None:
    gate = asyncio.Event()

    async def work() -> None:
        venue.log.append("begun")
        await gate.wait()
        venue.log.append("done")

    venue.scheduler.after(10, work)
    venue.scheduler.after(10, venue.says("next"))
    await venue.reach(START + 10)
    assert venue.log == ["begun", "next"]
    gate.set()
    await ticks(3)
    assert venue.log == ["begun", "next", "done"]
