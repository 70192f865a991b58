"""Files of another venue: none of them is taken for this venue's own, however well its numbers fit."""

import asyncio
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cambist._core import ReadOnlyJournal
from cambist.app.data_directory import DataDirectory
from cambist.app.entropy import SeededEntropy, system_clock
from cambist.app.errors import Exit, OperatorError
from cambist.app.provenance import fingerprint
from cambist.app.wiring import Environment, open_venue
from cambist.directory import cheap_password_hasher
from tests.support.processes import cambist

REBUILT = ("history.sqlite", "wallet.sqlite", "merchant.sqlite")


async def run_once(path: Path, accounts: int = 1) -> None:
    """Opens a venue, opens accounts on it, and closes it."""
    files = DataDirectory.open(path, create=True)
    environment = Environment(system_clock(), SeededEntropy(1), cheap_password_hasher())
    venue = await open_venue(files, files.settings(), environment)
    for _ in range(accounts):
        await venue.commands.open_account()
    await venue.close()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stopped venues; `theirs` is the shorter one, so that its files fit into `mine` by their numbers."""
    directory = tmp_path_factory.mktemp("venues")
    asyncio.run(run_once(directory / "theirs", 1))
    asyncio.run(run_once(directory / "mine", 3))
    return directory


@pytest.fixture
def mine(stopped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stopped / "mine", tmp_path / "mine"))


def swap_in(name: str, stopped: Path, mine: Path) -> None:
    shutil.copy(stopped / "theirs" / name, mine / name)


@pytest.mark.parametrize("name", REBUILT)
async def test_a_view_of_another_venue_is_refused_and_rebuilding_mends_it(name: str, stopped: Path, mine: Path) -> None:
    swap_in(name, stopped, mine)
    words = f"{mine / name} was folded from the journal of another venue, not from this venue's. `cambist rebuild --data {mine}`"
    with pytest.raises(OperatorError, match=re.escape(words)) as caught:
        await run_once(mine)
    assert caught.value.code == Exit.DAMAGED
    rebuilt = cambist("rebuild", "--data", mine)
    assert rebuilt.returncode == 0, rebuilt.stderr
    await run_once(mine)


async def test_the_users_of_another_venue_are_refused(stopped: Path, mine: Path) -> None:
    swap_in("directory.sqlite", stopped, mine)
    with pytest.raises(OperatorError, match=r"directory\.sqlite was folded from .* another venue.* cannot be made again"):
        await run_once(mine)
    shutil.copy(stopped / "mine" / "directory.sqlite", mine / "directory.sqlite")
    await run_once(mine)


async def test_a_copy_of_the_venue_is_the_same_venue(mine: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(mine, tmp_path / "copy"))
    for name in REBUILT:
        shutil.copy(copy / name, mine / name)
    await run_once(mine)


async def test_a_snapshot_of_another_venue_is_passed_over_and_verification_names_it(stopped: Path, mine: Path) -> None:
    (foreign,) = (stopped / "theirs" / "snapshots").iterdir()
    shutil.copy(foreign, mine / "snapshots")
    await run_once(mine)
    verified = cambist("verify", "--data", mine)
    assert verified.returncode == Exit.DAMAGED
    assert f"{mine / 'snapshots' / foreign.name}, offset 0: the snapshot is of another venue's journal" in verified.stderr
    (mine / "snapshots" / foreign.name).unlink()
    assert cambist("verify", "--data", mine).returncode == 0


async def test_a_snapshot_of_a_copy_that_went_on_by_itself_is_passed_over_and_verification_names_it(mine: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(mine, tmp_path / "copy"))
    shared = {file.name for file in (mine / "snapshots").iterdir()}
    await run_once(copy, 1)
    await run_once(mine, 5)
    assert fingerprint(ReadOnlyJournal(str(copy / "journal"))) == fingerprint(ReadOnlyJournal(str(mine / "journal")))
    (foreign,) = [file for file in (copy / "snapshots").iterdir() if file.name not in shared]
    shutil.copy(foreign, mine / "snapshots")
    await run_once(mine)
    verified = cambist("verify", "--data", mine)
    assert verified.returncode == Exit.DAMAGED
    assert str(mine / "snapshots" / foreign.name) in verified.stderr
    assert "a copy of this venue that went on by itself" in verified.stderr
    # What was written before the copy was made is of both.
    (mine / "snapshots" / foreign.name).unlink()
    for name in shared:
        shutil.copy(copy / "snapshots" / name, mine / "snapshots")
    assert cambist("verify", "--data", mine).returncode == 0


async def test_a_file_that_does_not_say_is_taken_in_once(mine: Path) -> None:
    with closing(sqlite3.connect(mine / "history.sqlite")) as history:
        history.execute("UPDATE progress SET journal = 0")
        history.commit()
    await run_once(mine)
    with closing(sqlite3.connect(mine / "history.sqlite")) as history:
        assert history.execute("SELECT journal FROM progress").fetchall() == [(fingerprint(ReadOnlyJournal(str(mine / "journal"))),)]


def test_a_fingerprint_tells_journals_apart_without_giving_away_their_ids(stopped: Path) -> None:
    journals = [stopped / name / "journal" for name in ("mine", "theirs")]
    mine, theirs = (fingerprint(ReadOnlyJournal(str(journal))) for journal in journals)
    assert 0 < mine < 1 << 63
    assert 0 < theirs < 1 << 63
    assert mine != theirs
    identities = [int((journal / "format").read_text().split()[-1], 16) for journal in journals]
    assert not {mine, theirs} & {identity >> shift for identity in identities for shift in (0, 1)}
