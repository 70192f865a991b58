"""Backups of a venue that trades, and what is made from them; and an older directory beside a newer journal."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cambist import _core
from cambist.app import backup
from cambist.app.errors import Exit
from tests.support.processes import cambist, serving
from tests.support.waiting import wait_until


def cambist_json(*arguments: str | Path) -> object:
    answer = cambist(*arguments, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `one` and `two`, backups of a sandbox that traded on meanwhile, and the sandbox, `venue`, stopped."""
    folder = tmp_path_factory.mktemp("trading")
    with serving(folder, "sandbox", "--data", folder / "venue", "--seed", "3") as running:
        for name in ("one", "two"):
            before = running.metric("cambist_durable_seq")
            written = cambist_json("backup", folder / name, "--data", folder / "venue")
            assert isinstance(written, dict)
            assert written["seq"] >= before
            wait_until(lambda before=before: running.metric("cambist_durable_seq") > before + 50)  # type: ignore[misc]
    return folder


def test_a_restored_venue_is_the_one_that_was_backed_up(trading: Path, tmp_path: Path) -> None:
    manifest = json.loads((trading / "two/backup.json").read_text())
    restored = tmp_path / "restored"
    answer = cambist("restore", trading / "two", "--data", restored)
    assert answer.returncode == 0, answer.stderr
    found, past = cambist_json("verify", "--data", restored), cambist_json("verify", "--data", trading / "venue")
    assert isinstance(found, dict)
    assert isinstance(past, dict)
    assert manifest["seq"] <= found["commands"] < past["commands"]
    assert cambist_json("user", "list", "--data", restored) == cambist_json("user", "list", "--data", trading / "venue")
    with serving(tmp_path, "sandbox", "--data", restored) as running:
        seq = running.metric("cambist_durable_seq")
        wait_until(lambda: running.metric("cambist_durable_seq") > seq)
    assert cambist("verify", "--data", restored).returncode == 0


def test_a_journal_is_copied_whole_at_every_step_of_its_writer(tmp_path: Path) -> None:
    journal = _core.Journal.open(str(tmp_path / "journal"), 16 << 10)
    engine = _core.Engine()
    reached = set()
    for step in range(24):
        for _ in range(30):
            engine.note(step + 1, b"x" * 64)
        _, count, time, records = engine.take_commands()
        journal.append(engine.seq - count, journal.epoch, count, time, records)
        if step % 5 == 0:
            journal.checkpoint(engine.seq, journal.epoch, engine.state_hash())
        journal.wait()
        seq, files = backup.copy_journal(journal, tmp_path / "journal", tmp_path / f"copy {step}")
        assert seq == engine.seq
        copy = _core.Journal.open(str(tmp_path / f"copy {step}"), 16 << 10)
        assert copy.last().seq == seq
        assert copy.cut is None
        copy.close()
        reached.add(len(files))
    journal.close()
    assert len(reached) > 2, "segments came to an end meanwhile"


def test_nothing_of_a_backup_is_for_others(trading: Path) -> None:
    loose = [path for path in (trading / "one", *(trading / "one").rglob("*")) if path.stat().st_mode & 0o077]
    assert loose == []


HARM: dict[str, Callable[[Path], object]] = {
    "directory.sqlite": lambda made: flip(made / "directory.sqlite", 5_000),
    "00000001": lambda made: flip(next((made / "journal").glob("00000001-*.seg")), 9_000),
    "master.key": lambda made: (made / "master.key").unlink(),
    "backup.json": lambda made: (made / "backup.json").write_text("{"),
    "config.toml": lambda made: (made / "config.toml").write_text("# empty"),
}


def flip(file: Path, offset: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(offset)
        byte = opened.read(1)
        opened.seek(offset)
        opened.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("name", HARM)
def test_a_backup_that_is_not_what_was_written_makes_no_venue(name: str, trading: Path, tmp_path: Path) -> None:
    made = Path(shutil.copytree(trading / "one", tmp_path / "backup"))
    HARM[name](made)
    answer = cambist("restore", made, "--data", tmp_path / "restored")
    assert answer.returncode == Exit.DAMAGED, answer.stderr
    assert name in answer.stderr
    assert "Traceback" not in answer.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup"]


def test_what_is_there_is_never_written_over(trading: Path, tmp_path: Path) -> None:
    answer = cambist("backup", trading / "one", "--data", trading / "venue")
    assert (answer.returncode, "already" in answer.stderr) == (Exit.REFUSED, True)
    answer = cambist("restore", trading / "one", "--data", trading / "venue")
    assert (answer.returncode, "already" in answer.stderr) == (Exit.NOT_A_VENUE, True)
    answer = cambist("backup", trading / "venue" / "inside", "--data", trading / "venue")
    assert (answer.returncode, "own data directory" in answer.stderr) == (Exit.REFUSED, True)
    answer = cambist("backup", tmp_path / "no" / "such", "--data", trading / "venue")
    assert (answer.returncode, "no such directory" in answer.stderr) == (Exit.REFUSED, True)
    answer = cambist("restore", tmp_path, "--data", tmp_path / "restored")
    assert (answer.returncode, "no backup here" in answer.stderr) == (Exit.NOT_A_VENUE, True)


def test_the_master_key_may_be_kept_elsewhere(trading: Path, tmp_path: Path) -> None:
    answer = cambist("backup", tmp_path / "backup", "--without-master-key", "--data", trading / "venue")
    assert answer.returncode == 0, answer.stderr
    assert not (tmp_path / "backup/master.key").exists()
    answer = cambist("restore", tmp_path / "backup", "--data", tmp_path / "restored")
    assert (answer.returncode, "--master-key" in answer.stderr) == (Exit.USAGE, True)
    answer = cambist("restore", tmp_path / "backup", "--data", tmp_path / "restored", "--master-key", trading / "venue/master.key")
    assert answer.returncode == 0, answer.stderr
    assert cambist_json("user", "list", "--data", tmp_path / "restored") == cambist_json("user", "list", "--data", trading / "venue")


def test_an_older_directory_revives_nothing(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data):
        pass
    for name in ("alice", "bob", "carol"):
        assert cambist("user", "add", name, "--password", "a password", "--data", data).returncode == 0
    key = cambist_json("key", "create", "alice", "--data", data)
    assert isinstance(key, dict)
    older = shutil.copy(data / "directory.sqlite", tmp_path / "older.sqlite")
    for action in (["key", "revoke", key["key"]], ["user", "freeze", "bob"], ["user", "password", "carol"]):
        assert cambist(*action, "--data", data).returncode == 0
    shutil.copy(older, data / "directory.sqlite")
    answer = cambist("key", "list", "--json", "--data", data)
    assert json.loads(answer.stdout) == []
    for words in ("a key was revoked again", "bob was frozen again", "the password of carol was changed since"):
        assert words in answer.stderr
    users = cambist_json("user", "list", "--data", data)
    assert isinstance(users, list)
    assert [user["frozen"] is not None for user in users] == [False, True, False]
    assert cambist("key", "list", "--data", data).stderr == "", "once"
