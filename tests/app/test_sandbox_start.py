"""The first minute with a sandbox: what it writes, what it shows, and that its examples run, again and again."""

import json
import os
import pty
import select
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Running, cambist, command, serving
from tests.support.waiting import PATIENCE, wait_until

EXAMPLES = ("btce.py", "btse.py", "expie.py", "mtgox.py", "native.py", "wex.py")
SAYS = {
    "btce.py": "'success': 1",
    "wex.py": "'success': 1",
    "expie.py": "'coin_code'",
    "mtgox.py": "'success'",
    "btse.py": "'totalAmount'",
    "native.py": "'available'",
}


def run_example(data: Path, name: str) -> str:
    ran = subprocess.run([sys.executable, "-I", data / "examples" / name], capture_output=True, text=True, timeout=PATIENCE)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    folder = tmp_path_factory.mktemp("sandbox")
    with serving(folder, "sandbox", "--quiet", "--data", folder / "kept") as running:
        yield running, folder / "kept"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_twice_in_a_row(name: str, sandbox: tuple[Running, Path]) -> None:
    for _ in range(2):
        assert SAYS[name] in run_example(sandbox[1], name)


def test_an_example_goes_on_where_another_program_ran_ahead_of_the_clock(sandbox: tuple[Running, Path]) -> None:
    _running, data = sandbox
    text = (data / "examples" / "btce.py").read_text()
    hasty = text.replace('print(tapi("getInfo"))', 'print(tapi("getInfo", nonce=int(time.time()) + 100_000))')
    assert hasty != text
    ran = subprocess.run([sys.executable, "-I", "-c", hasty], capture_output=True, text=True, timeout=PATIENCE)
    assert "'success': 1" in ran.stdout, ran.stderr
    assert "'success': 1" in run_example(data, "btce.py")


def test_a_key_that_cannot_be_used_any_more_is_renewed_by_a_command(sandbox: tuple[Running, Path]) -> None:
    running, data = sandbox
    old = running.ready["users"][1]["keys"]["btce"]["key"]
    renewed = json.loads(cambist("key", "renew", old, "--data", data, "--json").stdout)
    assert renewed["key"] != old
    listed = json.loads(cambist("key", "list", "--user", "bob", "--data", data, "--json").stdout)
    assert [row["key"] for row in listed if row["dialect"] == "btce"] == [renewed["key"]]


def test_the_examples_are_for_their_user_alone_and_keys_has_everybody(sandbox: tuple[Running, Path]) -> None:
    running, data = sandbox
    folder = data / "examples"
    assert sorted(path.name for path in folder.iterdir()) == sorted((*EXAMPLES, "keys.json"))
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    assert json.loads((folder / "keys.json").read_text()) == running.ready


def test_on_a_terminal_a_line_shows_that_it_lives(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    line = command("sandbox", "--port", "0", "--data", tmp_path / "kept")
    process = subprocess.Popen(line, stdout=theirs, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    said = b""

    def shown() -> bool:
        nonlocal said
        if select.select([ours], [], [], 0.1)[0]:
            said += os.read(ours, 65536)
        return said.count(b"\r\x1b[K0:00:0") >= 2

    try:
        wait_until(shown)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
        os.close(ours)
    assert b"trades" in said
    assert b"BTC/USD" in said


def test_on_a_pipe_there_is_no_such_line(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox") as running:
        seq = running.metric("cambist_applied_seq")
        wait_until(lambda: running.metric("cambist_applied_seq") > seq)
    said = running.log.read_text()
    assert "\r" not in said
    assert "\x1b" not in said
    assert len(said.splitlines()) <= 25, said
