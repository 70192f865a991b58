"""Starting on files that are not as they should be: one sentence, a documented exit code, and everything left as it was."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cambist.app.errors import Exit
from tests.support.processes import cambist, command, serving, start
from tests.support.waiting import PATIENCE, wait_until


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a stopped venue in which something happened."""
    folder = tmp_path_factory.mktemp("past")
    data = folder / "venue"
    with serving(folder, "serve", "--data", data):
        assert cambist("user", "add", "alice", "--data", data).returncode == 0
        assert cambist("fund", "alice", "BTC=1,USD=1000", "--data", data).returncode == 0
    return data


@pytest.fixture
def venue(past: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(past, tmp_path / "venue", ignore=shutil.ignore_patterns("admin.sock")))


def contents(data: Path) -> dict[str, str]:
    """What every file holds, but for the lock, which says who had it last, and what SQLite keeps beside its files."""
    return {
        str(file.relative_to(data)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(data.rglob("*"))
        if file.is_file() and file.name != "lock" and not file.name.endswith(("-wal", "-shm"))
    }


def refused(data: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A start that must fail in words."""
    answer = cambist("serve", "--data", data, "--port", "0", *arguments)
    assert answer.returncode != 0, answer.stderr
    assert "Traceback" not in answer.stderr
    return answer


# --- configuration --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param('[[asset]]\ncode = "BTC"\nscale = 8\ndisplay_scale = 8\n', "cannot change", id="another-scale"),
        pytest.param("scale!", "no TOML", id="no-toml"),
        pytest.param("[server]\nprt = 1\n", "prt", id="unknown-setting"),
        pytest.param("[server]\nport = 70000\n", "70000", id="impossible-number"),
    ],
)
def test_a_configuration_that_is_refused_does_not_become_the_directorys_own(text: str, words: str, venue: Path, tmp_path: Path) -> None:
    before = contents(venue)
    given = tmp_path / "given.toml"
    given.write_text(text)
    answer = refused(venue, "--config", given)
    assert answer.returncode == Exit.CONFIGURATION
    assert words in answer.stderr
    assert contents(venue)["config.toml"] == before["config.toml"]
    with serving(tmp_path, "serve", "--data", venue):
        pass


def test_an_empty_host_is_not_every_address(venue: Path) -> None:
    answer = refused(venue, "--host", "")
    assert answer.returncode == Exit.BUSY
    assert "no host is named" in answer.stderr


def test_a_changed_scale_is_refused_and_the_next_start_works(venue: Path, tmp_path: Path) -> None:
    given = tmp_path / "given.toml"
    given.write_text((venue / "config.toml").read_text().replace("display_scale = 8", "display_scale = 7", 1))
    assert refused(venue, "--config", given).returncode == Exit.CONFIGURATION
    with serving(tmp_path, "serve", "--data", venue):
        pass


def test_a_configuration_that_cannot_be_served_does_not_become_the_directorys_own(venue: Path, tmp_path: Path) -> None:
    before = contents(venue)
    given = tmp_path / "given.toml"
    given.write_text((venue / "config.toml").read_text().replace('host = "127.0.0.1"', 'host = "192.0.2.1"', 1))
    answer = refused(venue, "--config", given)
    assert answer.returncode == Exit.BUSY
    assert "192.0.2.1" in answer.stderr
    assert contents(venue)["config.toml"] == before["config.toml"]
    with serving(tmp_path, "serve", "--data", venue):
        pass


@pytest.mark.parametrize("text", ["", "[dialects.btse]\nnonce_window_seconds = 30\n", "\ufeff[log]\nlevel = 'error'\n"])
def test_a_partial_configuration_keeps_the_default_assets_and_markets(text: str, tmp_path: Path) -> None:
    given = tmp_path / "given.toml"
    given.write_text(text, encoding="utf-8")
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data, "--config", given):
        listed = cambist("market", "list", "--data", data)
        assert "btc_usd" in listed.stdout


# --- files that are gone or broken ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["directory.sqlite", "master.key", "chain.sqlite"])
@pytest.mark.parametrize("emptied", [False, True], ids=["gone", "empty"])
def test_what_cannot_be_made_again_is_not_made_anew(name: str, emptied: bool, venue: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        (venue / f"{name}{suffix}").unlink(missing_ok=True)
    if emptied:
        (venue / name).touch()
    before = contents(venue)
    answer = refused(venue)
    assert answer.returncode == Exit.DAMAGED
    assert name in answer.stderr
    assert "backup" in answer.stderr
    assert contents(venue) == before


@pytest.mark.parametrize("name", ["history.sqlite", "wallet.sqlite", "merchant.sqlite"])
def test_views_that_are_gone_are_made_again_from_the_journal(name: str, venue: Path, tmp_path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        (venue / f"{name}{suffix}").unlink(missing_ok=True)
    with serving(tmp_path, "serve", "--data", venue):
        assert (venue / name).exists()


def garbled(file: Path) -> None:
    """Overwrites the pages behind the header."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(100)
        opened.write(b"\xa5" * min(size - 100, 8_192))


@pytest.mark.parametrize(
    ("name", "words"),
    [("directory.sqlite", "backup"), ("chain.sqlite", "backup"), ("wallet.sqlite", "rebuild"), ("merchant.sqlite", "rebuild")],
)
def test_a_damaged_database_is_named_with_its_remedy(name: str, words: str, venue: Path) -> None:
    garbled(venue / name)
    answer = refused(venue)
    assert answer.returncode == Exit.DAMAGED
    assert name in answer.stderr
    assert words in answer.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sandbox.json", b"{"),
        ("sandbox.json", b'{"seed": "x"}'),
        ("sandbox.json", b'{"seed": "\xff"}'),
        ("provisioned.json", b'{"\xff":'),
        ("format", b"cambist data directory, format 9\n"),
        ("format", b"\xe0\xff"),
        ("master.key", b"zz"),
        ("master.key", b"\xff" * 64),
    ],
)
def test_a_damaged_small_file_is_a_sentence(name: str, content: bytes, venue: Path) -> None:
    (venue / name).write_bytes(content)
    answer = refused(venue)
    assert name in answer.stderr


def test_a_journal_of_another_format_is_another_versions(venue: Path) -> None:
    (venue / "journal" / "format").write_text("cambist journal, format 9\n")
    answer = refused(venue)
    assert answer.returncode == Exit.NOT_A_VENUE
    assert "format 9" in answer.stderr


def test_a_directory_that_others_may_look_into_is_reported_in_the_log(venue: Path) -> None:
    venue.chmod(0o755)
    (venue / "chain.sqlite").unlink()  # so that the start ends by itself
    answer = refused(venue)
    assert f"chmod 700 {venue}" in answer.stderr
    assert answer.stdout == ""


BOUND_BY_PERMISSIONS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []
"""Root obeys permissions like anybody else without these capabilities."""


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="PERMISSIONS NOT TESTED: apt-get install util-linux")
@pytest.mark.parametrize(
    "name",
    [
        "master.key",
        "directory.sqlite",
        "history.sqlite",
        "wallet.sqlite",
        "config.toml",
        "audit.jsonl",
        "journal",
        "snapshots",
        "format",
        "lock",
    ],
)
def test_what_this_user_may_not_read_is_named(name: str, venue: Path) -> None:
    (venue / name).chmod(0)
    line = [*BOUND_BY_PERMISSIONS, *command("serve", "--data", venue, "--port", "0")]
    answer = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE * 2)
    doctor = command("doctor", "--data", venue)
    looked = subprocess.run([*BOUND_BY_PERMISSIONS, *doctor], capture_output=True, text=True, timeout=PATIENCE)
    (venue / name).chmod(0o700)
    for ended in (answer, looked):
        assert "Traceback" not in ended.stderr
        assert ended.returncode == Exit.PERMISSION, ended.stderr
        assert str(venue / name) in ended.stdout + ended.stderr


# --- the machine's clock --------------------------------------------------------------------------------------------------
AHEAD = """
import time
real = time.time_ns
time.time_ns = lambda: real() + 10 * 86_400 * 10**9
from cambist.app.cli import main
main()
"""


def test_a_journal_from_the_future_is_refused_unless_accepted(tmp_path: Path) -> None:
    """Made on a machine whose clock was ten days ahead."""
    data, ready = tmp_path / "venue", tmp_path / "ahead.json"
    line = [sys.executable, "-c", AHEAD, "serve", "--data", str(data), "--port", "0", "--ready-file", str(ready)]
    making = subprocess.Popen(line)
    wait_until(ready.exists)
    making.terminate()
    assert making.wait(PATIENCE) == 0
    answer = refused(data)
    assert answer.returncode == Exit.CLOCK
    assert "--accept-clock-skew" in answer.stderr
    with serving(tmp_path, "serve", "--data", data, "--accept-clock-skew") as running:
        assert running.metric("cambist_clock_skew_seconds") > 9 * 86_400


# --- logs, signals, leftovers ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("output", ["full", "closed", "unread"])
def test_a_log_that_cannot_be_written_fails_no_action(output: str, tmp_path: Path) -> None:
    data, ready = tmp_path / "venue", tmp_path / "ready.json"
    line = command("serve", "--data", data, "--port", "0", "--ready-file", ready)
    if output == "closed":
        line = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *line]
    reader, unread = os.pipe()
    os.close(reader)
    target = os.open("/dev/full", os.O_WRONLY) if output == "full" else unread
    process = subprocess.Popen(line, stdout=target, stderr=target)
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None
        assert cambist("user", "add", "alice", "--data", data).returncode == 0
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        os.close(unread)


def test_a_log_file_that_was_moved_away_is_opened_again_on_hup(tmp_path: Path) -> None:
    given, log = tmp_path / "given.toml", tmp_path / "cambist.log"
    given.write_text(f'[log]\nfile = "{log}"\n')
    with serving(tmp_path, "serve", "--data", tmp_path / "venue", "--config", given) as running:
        log.rename(tmp_path / "cambist.log.1")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: log.exists() and "opened again" in log.read_text())
        assert "serving" in (tmp_path / "cambist.log.1").read_text()


def test_what_a_killed_sandbox_left_is_removed_by_the_next(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    killed = start(tmp_path, "sandbox", "--quiet", "--users", "alice", TMPDIR=str(temporary))
    killed.kill()
    assert len(list(temporary.iterdir())) == 1
    again = start(tmp_path, "sandbox", "--quiet", "--users", "alice", TMPDIR=str(temporary))
    try:
        assert len(list(temporary.iterdir())) == 1
    finally:
        again.terminate()
    assert list(temporary.iterdir()) == []


def test_files_are_their_users_alone_even_in_a_directory_that_others_may_read(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    data.mkdir()
    data.chmod(0o755)  # whatever the umask
    with serving(tmp_path, "serve", "--data", data) as running:
        open_to_others = [str(path.relative_to(data)) for path in data.rglob("*") if path.stat().st_mode & 0o077 and not path.is_socket()]
        assert open_to_others == []
        assert "others may look into the data directory" in running.log.read_text()


def test_verify_finds_a_damaged_history(venue: Path) -> None:
    connection = sqlite3.connect(venue / "history.sqlite")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    garbled(venue / "history.sqlite")
    answer = cambist("verify", "--data", venue)
    assert answer.returncode == Exit.DAMAGED
    assert "history.sqlite" in answer.stderr


# --- the audit log --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kept", [0, 2])
def test_an_audit_log_that_lost_records_is_reported_and_goes_on_with_a_record_of_it(kept: int, venue: Path, tmp_path: Path) -> None:
    log = venue / "audit.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    assert len(lines) == 4
    log.write_bytes(b"".join(lines[:kept]))
    found = cambist("verify", "--data", venue)
    assert found.returncode == Exit.DAMAGED
    assert f"records {kept + 1} to 4 are missing" in found.stderr
    with serving(tmp_path, "serve", "--data", venue) as running:
        assert "the audit log has lost records" in running.log.read_text()
        assert cambist("fund", "alice", "USD=1", "--data", venue).returncode == 0
    listed = json.loads(cambist("audit", "list", "--data", venue, "--json").stdout)
    assert [record["operation"] for record in listed][-2:] == ["audit.lost", "fund"]
    assert listed[-2]["arguments"] == {"from": kept + 1, "to": 4}
    assert cambist("verify", "--data", venue).returncode == 0
    assert "records were lost before record 5" in cambist("doctor", "--data", venue).stdout
    with serving(tmp_path, "serve", "--data", venue) as again:
        assert again.log.read_text().count("the audit log has lost records") == 1, "told once"
