"""A whole venue on a journal that is not the file journal: it asks for nothing but the port."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from cambist import _core
from cambist.app.data_directory import DataDirectory
from cambist.app.entropy import SeededEntropy, system_clock
from cambist.app.recovery import unmoved
from cambist.app.snapshots import Snapshots
from cambist.app.upkeep import examine_journal
from cambist.app.venue import Venue
from cambist.app.wiring import Environment, open_venue
from cambist.directory import cheap_password_hasher
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId
from cambist.exchange import JournalStopped
from tests.support.memory_journal import MemoryLog


async def opened(path: Path, log: MemoryLog) -> Venue:
    around = Environment(system_clock(), SeededEntropy(1), cheap_password_hasher(), open_journal=lambda _files, _segment_bytes: log.open())
    files = DataDirectory.open(path, create=True)
    return await open_venue(files, files.settings(), around)


async def run(path: Path, log: MemoryLog, act: Callable[[Venue], Awaitable[None]]) -> bytes:
    """Opens the venue, acts, closes it; returns its last state hash."""
    venue = await opened(path, log)
    await act(venue)
    state_hash = venue.engine.state_hash()
    await venue.close()
    assert venue.failure == []
    return state_hash


async def deposit(venue: Venue) -> None:
    """An account with a deposit, which history, too, has to know."""
    account = (await venue.commands.open_account()).id
    done = await venue.commands.transfer((1 << 100) + account, _core.WORLD, AccountId(account), AssetId(0), TransferKind.DEPOSIT, 10**16)
    assert done.outcome.code == 0
    await venue.durable()


async def nothing(_venue: Venue) -> None:
    """Just opens and closes."""


def entries(data: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(data / "history.sqlite")) as history:
        return history.execute("SELECT * FROM entries ORDER BY id").fetchall()


async def test_it_trades_stops_and_goes_on(tmp_path: Path) -> None:
    log, data = MemoryLog(), tmp_path / "venue"
    for round_ in range(1, 4):
        state_hash = await run(data, log, deposit)
        assert log.epoch == round_
        assert len(entries(data)) == 2 * round_
    assert await run(data, log, nothing) == state_hash
    assert not (data / "journal").exists()


@pytest.mark.parametrize("lost", [["history.sqlite"], ["snapshots"], ["history.sqlite", "wallet.sqlite", "merchant.sqlite", "snapshots"]])
async def test_what_is_lost_is_made_again_from_the_log(tmp_path: Path, lost: list[str]) -> None:
    log, data = MemoryLog(), tmp_path / "venue"
    for _ in range(3):
        state_hash = await run(data, log, deposit)
    before = entries(data)
    for name in lost:
        for file in [*data.glob(f"{name}*"), *(data / name).glob("*")]:
            if file.is_file():
                file.unlink()
    assert await run(data, log, nothing) == state_hash
    assert entries(data) == before


async def test_its_snapshots_are_of_the_log_and_verification_reads_it(tmp_path: Path) -> None:
    log, data = MemoryLog(), tmp_path / "venue"
    state_hash = await run(data, log, deposit)
    journal = log.open()
    findings = examine_journal(journal, Snapshots(data / "snapshots", journal), None, unmoved)
    assert findings.state_hash == state_hash.hex()
    assert findings.snapshots == 1
    journal.close()


async def test_a_venue_whose_log_was_taken_over_acknowledges_nothing_and_stops(tmp_path: Path) -> None:
    log = MemoryLog()
    venue = await opened(tmp_path / "venue", log)
    await deposit(venue)
    durable, frames = venue.sequencer.durable_seq, len(log.frames)
    successor = log.open()
    await venue.commands.open_account()
    barrier = venue.sequencer.barrier()
    assert barrier is not None
    with pytest.raises(JournalStopped):
        await barrier
    assert venue.stopping.is_set()
    assert "is not the current epoch" in str(venue.failure[0])
    assert (venue.sequencer.durable_seq, len(log.frames)) == (durable, frames)
    await venue.close()
    successor.close()


async def test_nobody_is_answered_before_the_log_says_durable(tmp_path: Path) -> None:
    log = MemoryLog()
    venue = await opened(tmp_path / "venue", log)
    journal = venue.journal
    journal.held = True  # type: ignore[attr-defined]
    await venue.commands.open_account()
    answered = asyncio.ensure_future(venue.durable())
    done, _ = await asyncio.wait([answered], timeout=0)
    assert not done
    journal.let_go()  # type: ignore[attr-defined]
    await answered
    await venue.close()
