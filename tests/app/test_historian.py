"""`cambist historian`: a process of its own that folds history, in the place of the venue's."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cambist.app.errors import Exit
from tests.app.test_history_database import Site
from tests.support.history_places import PostgresPlace
from tests.support.postgresql import Server, postgresql
from tests.support.processes import cambist, command, serving
from tests.support.waiting import PATIENCE, wait_until

__all__ = ["postgresql"]


@pytest.fixture
def site(tmp_path: Path, postgresql: Server) -> Site:
    made = Site(tmp_path / "venue", PostgresPlace(postgresql))
    with serving(tmp_path, "serve", "--data", made.data):
        pass
    made.configure()
    config = made.data / "config.toml"
    config.write_text(config.read_text() + 'folded_by = "historian"\n')
    return made


@contextmanager
def historian(site: Site, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = subprocess.Popen(command("historian", "--data", site.data), stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE)


def test_the_venue_trades_without_one_and_reads_what_it_folds(site: Site, tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", site.data) as running:
        assert running.degraded() == "history does not follow", "nobody has made its tables yet"
        assert cambist("user", "add", "alice", "--data", site.data).returncode == 0
        with historian(site, tmp_path / "historian.log") as folding:
            wait_until(lambda: running.degraded() == "")
            assert cambist("user", "add", "bob", "--data", site.data).returncode == 0
            wait_until(lambda: site.stored() == running.metric("cambist_durable_seq"))
            wait_until(lambda: cambist("user", "activity", "bob", "--data", site.data).returncode != Exit.DISK)
            folding.terminate()
            assert folding.wait(PATIENCE) == 0


def test_when_one_is_killed_the_next_goes_on_where_it_ended(site: Site, tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", site.data) as running:
        with historian(site, tmp_path / "one.log") as one, historian(site, tmp_path / "two.log"):
            wait_until(lambda: running.degraded() == "")
            for number in range(3):
                assert cambist("user", "add", f"before-{number}", "--data", site.data).returncode == 0
            one.kill()
            for number in range(3):
                assert cambist("user", "add", f"after-{number}", "--data", site.data).returncode == 0
            wait_until(lambda: site.stored() == running.metric("cambist_durable_seq"))
        rebuilt = site.stored()
        assert running.terminate() == 0
    assert cambist("rebuild", "--data", site.data).returncode == 0, "nobody folds now: the command does"
    assert site.stored() >= rebuilt


def test_it_needs_a_database_and_to_be_asked_for(site: Site, tmp_path: Path) -> None:
    config = site.data / "config.toml"
    config.write_text(config.read_text().replace('folded_by = "historian"', ""))
    refused = cambist("historian", "--data", site.data)
    assert (refused.returncode, "the venue folds its history itself" in refused.stderr) == (Exit.CONFIGURATION, True)
    alone = tmp_path / "alone.toml"
    alone.write_text('[history]\nfolded_by = "historian"\n')
    refused = cambist("serve", "--data", tmp_path / "other", "--config", alone, "--port", "0")
    assert (refused.returncode, "needs history.url" in refused.stderr) == (Exit.CONFIGURATION, True)
