"""A test's sandbox is a fork of one fork server where it can be, and a new process where it cannot: nobody can tell them apart."""

import os
import signal
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist import _core
from cambist.app.config import default_text
from cambist.app.errors import Exit
from cambist.testing import Sandbox
from cambist.testing.processes import SWITCH, ForkServer, SandboxProcess, start
from tests.support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sandboxes are forked on Linux only")
WAYS = pytest.mark.parametrize("switch", ["", "off"], ids=["forked", "new"])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ForkServer]:
    made = ForkServer()
    made.share(tmp_path / "server")
    yield made
    made.disconnect()


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def of(sandbox: Sandbox) -> int:
    assert sandbox._process is not None
    return sandbox._process.pid


def printed(folder: Path, *words: str, **variables: str) -> tuple[int | None, str]:
    """(exit code, output) of a command that ends by itself."""
    with (folder / "output").open("w+b") as output:
        process = start(words, folder, {**os.environ, **variables}, output.fileno())
        code = process.wait(PATIENCE)
        process.end_input()
    return code, (folder / "output").read_text()


def waiting(server: ForkServer, folder: Path) -> SandboxProcess:
    """A command that ends with its input."""
    with (folder / "output").open("wb") as output:
        return server.start(["sandbox", "mcp"], folder, os.environ, output.fileno())


def ended(process: SandboxProcess) -> int | None:
    process.end_input()
    return process.wait(PATIENCE)


def test_a_forked_sandbox_says_the_same_bytes_as_one_in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for switch in ("", "off"):
        monkeypatch.setenv(SWITCH, switch)
        with Sandbox(seed=11, preset="busy", clock="manual") as sandbox:
            assert ("fork_server" in command(of(sandbox))) is not bool(switch)
            sandbox.clock.advance(30)
            with urllib.request.urlopen(f"{sandbox.url}/api/3/depth/btc_usd", timeout=PATIENCE) as answer:
                depth = answer.read()
            run = sandbox.control.run()
            found.append((sandbox.users, sandbox.clock.micros, depth, run.commands.hash, run.sent.hash))
    assert found[0] == found[1]


def test_chance_that_does_not_follow_from_the_seed_is_each_ones_own(tmp_path: Path) -> None:
    with (
        Sandbox(preset="quiet", options=["--data", str(tmp_path / "first")]) as first,
        Sandbox(preset="quiet", options=["--data", str(tmp_path / "second")]) as second,
    ):
        assert parent(of(first)) == parent(of(second))
    first_identity, second_identity = (_core.ReadOnlyJournal(str(tmp_path / name / "journal")).identity for name in ("first", "second"))
    assert first_identity != second_identity


@WAYS
def test_arguments_directory_environment_output_and_exit_code_are_the_callers(
    switch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, switch)
    assert printed(tmp_path, "config") == (Exit.OK, default_text())
    (tmp_path / "own.toml").write_text("[nothing]\nof = 1\n")
    code, output = printed(tmp_path, "sandbox", "--config", "own.toml")
    assert code == Exit.CONFIGURATION
    assert "own.toml" in output
    code, output = printed(tmp_path, "sandbox", "--fly")
    assert code == Exit.USAGE
    assert "No such option: --fly" in output
    code, output = printed(tmp_path, "sandbox", "ctl", "clock", XDG_RUNTIME_DIR=str(tmp_path))
    assert (code, "no sandbox" in output) == (Exit.REFUSED, True), output


@WAYS
def test_a_signal_that_ended_it_is_its_exit_code(switch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, switch)
    with Sandbox(preset="quiet") as sandbox:
        process = sandbox._process
        assert process is not None
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(PATIENCE) == -signal.SIGKILL
        assert process.poll() == -signal.SIGKILL


def test_what_a_program_reads_at_its_start_cannot_be_forked_and_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(preset="quiet") as first:
        assert "fork_server" in command(of(first))
        monkeypatch.setenv("PYTHONNODEBUGRANGES", "1")
        with Sandbox(preset="quiet") as second:
            assert "fork_server" not in command(of(second))


def test_processes_that_name_one_directory_share_the_server(server: ForkServer, tmp_path: Path) -> None:
    other = ForkServer()
    other.share(tmp_path / "server")
    processes = [waiting(each, tmp_path) for each in (server, other)]
    assert len({parent(each.pid) for each in processes}) == 1
    assert [ended(each) for each in processes] == [Exit.OK, Exit.OK]
    other.disconnect()


def test_the_server_ends_with_its_last_client_and_leaves_nothing_behind(server: ForkServer, tmp_path: Path) -> None:
    process = waiting(server, tmp_path)
    pid = parent(process.pid)
    assert len(os.listdir(f"/proc/{pid}/task")) == 1
    server.disconnect()
    assert process.poll() is None
    assert ended(process) == Exit.OK
    wait_until(lambda: not Path(f"/proc/{pid}").exists() and not (tmp_path / "server").exists())
    again = waiting(server, tmp_path)
    assert parent(again.pid) != pid
    assert ended(again) == Exit.OK


def test_after_the_server_was_killed_its_sandboxes_end_and_others_start(server: ForkServer, tmp_path: Path) -> None:
    process = waiting(server, tmp_path)
    pid = parent(process.pid)
    os.kill(pid, signal.SIGKILL)
    assert process.wait(PATIENCE) == -signal.SIGKILL
    again = waiting(server, tmp_path)
    assert parent(again.pid) != pid
    assert ended(again) == Exit.OK
