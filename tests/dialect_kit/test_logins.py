"""Logging in with a name and a password: whoever must wait is admitted in time, and a stranger does not keep an owner waiting for long."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cambist.dialect_kit.logins import PATIENCE, PLACES, LoggedIn, Logins
from cambist.directory import Directory, LoginRejection, User, cheap_password_hasher
from cambist.directory.login import ADMISSION_INTERVAL, NETWORK, STRANGERS
from tests.support.by_hand import HandClock, entropy
from tests.support.waiting import until

NOON = 1_795_000_000_000_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
PASSWORD = "correct horse"
NEW = "198.51.100.1"
"""Where the owner never was before."""

Result = LoggedIn | LoginRejection


class Venue:
    """Logins whose time moves by hand. Tries are tasks."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock(NOON)
        self.directory = Directory.open(folder / "directory.sqlite", bytes(32), entropy, self.clock, cheap_password_hasher())
        assert isinstance(self.directory.add_user("alice", PASSWORD, 16), User)
        self.logins = Logins(self.directory, self.clock.scheduler, entropy)
        self.tries: list[asyncio.Task[Result]] = []

    def begin(self, password: str, address: str, device: str = "", name: str = "alice") -> "asyncio.Task[Result]":
        task = asyncio.ensure_future(self.logins.login(name, password, "", address, device))
        self.tries.append(task)
        return task

    async def settled(self) -> None:
        """Returns once every try is over, or waits."""
        await until(lambda: sum(not task.done() for task in self.tries) == self.waiting)

    @property
    def waiting(self) -> int:
        return sum(len(queue.waiting) for queue in self.logins._queues.values())

    async def result(self, password: str, address: str, device: str = "", name: str = "alice") -> Result:
        """Of a try that does not wait."""
        return await asyncio.wait_for(self.begin(password, address, device, name), 60)

    async def passes(self, micros: int) -> None:
        self.clock.now += micros
        await self.settled()

    async def strangers(self, count: int = STRANGERS.at_once) -> None:
        """So many wrong tries from networks of all the world."""
        for number in range(count):
            found = await self.result("wrong horse", f"203.0.{number >> 8}.{number & 255}")
            assert found is LoginRejection.WRONG


@pytest.fixture
async def venue(tmp_path: Path) -> AsyncIterator[Venue]:
    venue = Venue(tmp_path)
    yield venue
    for task in venue.tries:
        task.cancel()
    await asyncio.gather(*venue.tries, return_exceptions=True)
    venue.directory.close()


def came_in(result: Result) -> bool:
    return isinstance(result, LoggedIn)


async def test_a_login_gives_a_device_that_is_known_from_then_on(venue: Venue) -> None:
    first = await venue.result(PASSWORD, NEW)
    assert isinstance(first, LoggedIn)
    assert first.user.name == "alice"
    again = await venue.result(PASSWORD, "192.0.2.77", first.device)
    assert isinstance(again, LoggedIn)
    assert again.device == first.device
    forged = await venue.result(PASSWORD, "192.0.2.78", "f" * 32)
    assert isinstance(forged, LoggedIn)
    assert forged.device not in ("f" * 32, first.device)


async def test_an_owner_on_a_new_network_comes_in_after_one_interval_when_strangers_used_the_names_budget_up(venue: Venue) -> None:
    await venue.strangers()
    owner = venue.begin(PASSWORD, NEW)
    await venue.settled()
    await venue.passes(ADMISSION_INTERVAL)
    assert came_in(owner.result())


async def test_an_owner_with_a_known_device_never_waits(venue: Venue) -> None:
    known = await venue.result(PASSWORD, NEW)
    assert isinstance(known, LoggedIn)
    await venue.strangers()
    for number in range(40):
        venue.begin("wrong horse", f"203.1.{number}.1")
    await venue.settled()
    assert came_in(await venue.result(PASSWORD, "192.0.2.9", known.device))


async def test_a_stranger_who_never_rests_keeps_the_owner_waiting_for_a_few_intervals_at_most(venue: Venue) -> None:
    """They have twenty networks, try from each again and again for a quarter of an hour, and the owner comes once, at the end."""
    passed = 0

    async def one_interval() -> None:
        nonlocal passed
        attackers = [venue.begin("wrong horse", f"203.2.{number}.1") for number in range(20)]
        await venue.settled()
        await venue.passes(ADMISSION_INTERVAL)
        passed += sum(task.done() and task.result() is LoginRejection.WRONG for task in attackers)

    for _ in range(45):
        await one_interval()
    assert passed <= STRANGERS.at_once + 15 * MINUTE // STRANGERS.each + 45 + 2
    owner = venue.begin(PASSWORD, NEW)
    intervals = 0
    while not owner.done():
        await one_interval()
        intervals += 1
        if owner.done() and owner.result() is LoginRejection.PAUSED:
            owner = venue.begin(PASSWORD, NEW)
        assert intervals <= 6
    assert came_in(owner.result())


async def test_one_network_waits_and_everybody_else_does_not(venue: Venue) -> None:
    for _ in range(NETWORK.at_once):
        assert await venue.result("wrong horse", "203.0.113.9") is LoginRejection.WRONG
    at_once = venue.begin("wrong horse", "203.0.113.9")
    await venue.settled()
    await venue.passes(0)
    assert at_once.result() is LoginRejection.WRONG, "the first one is admitted at once"
    waits = venue.begin(PASSWORD, "203.0.113.9")
    await venue.settled()
    await venue.passes(ADMISSION_INTERVAL - 1)
    assert not waits.done()
    assert came_in(await venue.result(PASSWORD, NEW))
    await venue.passes(1)
    assert came_in(waits.result())


async def test_who_is_not_admitted_is_told_to_come_again(venue: Venue) -> None:
    await venue.strangers()
    tries = [venue.begin("wrong horse", f"198.51.{number}.1") for number in range(10)]
    await venue.settled()
    assert venue.waiting in (9, 10)
    await venue.passes(PATIENCE)
    await venue.passes(1)
    results = [task.result() for task in tries]
    assert set(results) == {LoginRejection.WRONG, LoginRejection.PAUSED}
    assert 1 <= results.count(LoginRejection.WRONG) <= 4
    assert venue.waiting == 0


async def test_who_waits_is_bounded_and_where_most_was_tried_leaves_first(venue: Venue) -> None:
    await venue.strangers()
    tries = [venue.begin("wrong horse", f"203.0.0.{number}") for number in range(PLACES + 8)]
    await venue.settled()
    assert venue.waiting <= PLACES
    owner = venue.begin(PASSWORD, NEW)
    await venue.settled()
    assert venue.waiting == PLACES
    assert not owner.done()
    assert LoginRejection.PAUSED in [task.result() for task in tries if task.done()]


async def test_names_that_nobody_has_behave_alike(venue: Venue) -> None:
    for _ in range(NETWORK.at_once):
        assert await venue.result("wrong horse", NEW, name="nobody") is LoginRejection.WRONG
    waits = [venue.begin("wrong horse", NEW, name="nobody"), venue.begin("wrong horse", "198.51.100.2", name="nobody")]
    await venue.settled()
    await venue.passes(ADMISSION_INTERVAL)
    assert {task.result() for task in waits} == {LoginRejection.WRONG}


async def test_one_network_makes_ten_tries_a_minute_whatever_the_names(venue: Venue) -> None:
    results = [await venue.result("wrong horse", NEW, name=f"user{number}") for number in range(11)]
    assert results == [LoginRejection.WRONG] * 10 + [LoginRejection.PAUSED]
    await venue.passes(MINUTE)
    assert came_in(await venue.result(PASSWORD, NEW))


async def test_nothing_is_kept_of_names_that_nobody_tries_any_more(venue: Venue) -> None:
    await venue.strangers()
    gone = venue.begin("wrong horse", NEW)
    await venue.settled()
    gone.cancel()
    await venue.passes(2 * ADMISSION_INTERVAL + PATIENCE)
    assert venue.logins._queues == {}
