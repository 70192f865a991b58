"""What a running venue notices by itself: a clock that was set back, a history file that is damaged."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from cambist.app.data_directory import DataDirectory
from cambist.app.entropy import SeededEntropy
from cambist.app.errors import OperatorError
from cambist.app.periodic_tasks import PeriodicTasks
from cambist.app.venue import Venue
from cambist.app.wiring import Environment, open_venue
from cambist.directory import cheap_password_hasher
from cambist.domain.meta import Meta
from cambist.exchange.commands import NonceRejected
from cambist.scheduling import SteadyClock
from tests.support.waiting import until

SECOND = 10**9
HOUR = 3_600 * SECOND


@dataclass
class Machine:
    """A machine's two clocks, moved by hand, ns."""

    wall: int = 1_795_000_000 * SECOND
    monotonic: int = 0

    def passes(self, duration: int, *, wall_moves: int | None = None) -> None:
        self.monotonic += duration
        self.wall += duration if wall_moves is None else wall_moves

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.monotonic, 2_000_000)


@asynccontextmanager
async def running(path: Path, machine: Machine, *, accept_clock_skew: bool = False) -> AsyncIterator[Venue]:
    files = DataDirectory.open(path, create=True)
    environment = Environment(machine.clock(), SeededEntropy(1), cheap_password_hasher(), accept_clock_skew=accept_clock_skew)
    venue = await open_venue(files, files.settings(), environment)
    tasks = PeriodicTasks(venue)
    tasks.start()
    try:
        yield venue
    finally:
        await tasks.stop()
        await venue.close()


async def used(venue: Venue, nonce: int) -> bool:
    """Whether key 7 may use this once-only nonce no more."""
    try:
        await venue.commands.note(Meta(key_id=7, nonce=-nonce))
    except NonceRejected:
        return True
    return False


@pytest.mark.parametrize("restart", [False, True], ids=["while it runs", "while it is stopped"])
async def test_after_the_clock_was_set_back_used_nonces_are_read_from_the_journal(tmp_path: Path, restart: bool) -> None:
    path, machine = tmp_path / "venue", Machine()
    async with running(path, machine) as venue:
        assert not await used(venue, 1)
        machine.passes(SECOND, wall_moves=HOUR)
        assert not await used(venue, 2)
        machine.passes(600 * SECOND)
        await until(lambda: not venue.directory.nonces._memory.once_only.key_ids())
        if not restart:
            machine.passes(SECOND, wall_moves=-HOUR)
            await until(lambda: _tick(machine) and venue.directory.nonces.wanted_since() is None)
            assert [await used(venue, nonce) for nonce in (1, 2, 3)] == [False, True, False], "1 is too old for any window"
            assert venue.clock() - machine.wall // 1_000 == 3_600_000_000 + SECOND // 1_000
    if restart:
        machine.passes(SECOND, wall_moves=-HOUR)
        with pytest.raises(OperatorError, match="ahead of this machine's clock"):
            async with running(path, machine):
                pass
        async with running(path, machine, accept_clock_skew=True) as venue:
            assert await used(venue, 4), "nothing passes until the journal was read"
            await until(lambda: _tick(machine) and venue.directory.nonces.wanted_since() is None)
            assert [await used(venue, nonce) for nonce in (2, 4)] == [True, False]


def _tick(machine: Machine) -> bool:
    machine.passes(SECOND // 100)
    return True


async def test_damage_in_history_is_found_beside_everything_else_and_told(tmp_path: Path) -> None:
    path, machine = tmp_path / "venue", Machine()
    async with running(path, machine) as venue:
        for number in range(200):
            await venue.commands.note(Meta(tag=f"note {number}"))
    history = path / "history.sqlite"
    with closing(sqlite3.connect(history)) as database:
        (root,) = database.execute("SELECT max(rootpage) FROM sqlite_master WHERE type = 'index'").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    with history.open("r+b") as file:
        file.seek((root - 1) * size)
        kind = file.read(1)[0]
        file.seek((root - 1) * size)
        file.write(bytes([kind ^ 0x40]))
    async with running(path, machine) as venue:
        await until(lambda: _tick(machine) and any("history.sqlite is damaged" in reason for reason in venue.readiness.degraded()))
        assert not venue.failure, "trading goes on"
        assert (await venue.commands.open_account()).code == 0
