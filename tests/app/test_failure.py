"""When the ground gives way: the process stops with words, tells nothing that is not on disk, and keeps its files good."""

import asyncio
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cambist import _core
from cambist.app.config import default_text
from cambist.app.data_directory import DataDirectory
from cambist.app.entropy import SeededEntropy, system_clock
from cambist.app.errors import Exit, OperatorError
from cambist.app.serving import Listen, ServeHooks, Serving
from cambist.app.venue import Venue
from cambist.app.wiring import Environment, open_venue
from cambist.directory import cheap_password_hasher
from cambist.exchange.commands import JournalStopped
from tests.support.processes import cambist, start
from tests.support.waiting import until


async def opened(path: Path) -> Venue:
    files = DataDirectory.open(path, create=True)
    environment = Environment(system_clock(), SeededEntropy(1), cheap_password_hasher())
    return await open_venue(files, files.settings(), environment)


async def test_a_failed_journal_ends_the_process_with_its_code(tmp_path: Path) -> None:
    venue = await opened(tmp_path / "venue")
    ready = tmp_path / "ready.json"
    serving = asyncio.create_task(Serving(venue, Listen(None, 0, None, None, ready), None, ServeHooks()).until_stopped())
    await until(lambda: ready.exists() or serving.done())
    seq = venue.engine.seq
    venue.sequencer._fail(_core.JournalFailed("write: no space left on device"))
    with pytest.raises(OperatorError, match="no space left") as caught:
        await serving
    assert caught.value.code == Exit.DISK
    assert not ready.exists()
    again = await opened(tmp_path / "venue")
    assert again.engine.seq == seq
    await again.close()


async def test_nothing_is_taken_or_told_after_a_failure(tmp_path: Path) -> None:
    venue = await opened(tmp_path / "venue")
    venue.sequencer._fail(_core.JournalFailed("gone"))
    assert venue.stopping.is_set()
    with pytest.raises(JournalStopped):
        await venue.commands.open_account()
    with pytest.raises(OperatorError) as caught:
        await venue.durable()
    assert caught.value.code == Exit.DISK
    await venue.close()


async def test_a_view_that_cannot_follow_stops_the_venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = await opened(tmp_path / "venue")

    def broken(_events: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(type(venue.wallet), "apply", lambda _self, events, through: broken(events))
    await venue.commands.open_account()
    await asyncio.wait_for(venue.stopping.wait(), 5)
    assert isinstance(venue.failure[0], RuntimeError)
    monkeypatch.undo()
    await venue.close()
    again = await opened(tmp_path / "venue")
    assert again.engine.accounts == 17
    await again.close()


async def test_a_trouble_at_the_start_lets_go_of_every_file(tmp_path: Path) -> None:
    path = tmp_path / "venue"
    await (await opened(path)).close()
    other = tmp_path / "other.toml"
    other.write_text(default_text().replace("price_decimals = 3", "price_decimals = 2", 1))
    environment = Environment(system_clock(), SeededEntropy(1), cheap_password_hasher())
    files = DataDirectory.open(path)
    with pytest.raises(OperatorError, match="cannot change"):
        await open_venue(files, files.settings(other), environment)
    await (await opened(path)).close()


def test_a_disk_without_room_for_a_journal_is_a_sentence(tmp_path: Path) -> None:
    config = tmp_path / "huge.toml"
    config.write_text(cambist("config").stdout.replace("segment_mebibytes = 64", "segment_mebibytes = 1_000_000_000"))
    answer = cambist("serve", "--data", tmp_path / "venue", "--config", config, "--port", "0")
    assert answer.returncode in {Exit.DISK, Exit.CONFIGURATION}, answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_stop_while_clients_hang_on_does_not_take_for_ever(tmp_path: Path) -> None:
    running = start(tmp_path, "serve", "--data", tmp_path / "venue")
    connections = [urllib.request.urlopen(f"{running.url}/healthz") for _ in range(3)]
    begun = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0
    assert time.monotonic() - begun < 15
    for connection in connections:
        connection.close()
