"""The venue of several machines that `make cluster` starts on this one, and rounds in which its processes are ended under load."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.local_cluster import Missing, nats_program, postgresql_programs

from tests.support.waiting import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """`cambist`, as it is installed; of these sources in any case."""
    pytest.importorskip("nats", reason="needs nats-py: pip install 'cambist[cluster]'")
    try:
        nats_program()
        postgresql_programs()
    except Missing as missing:
        pytest.skip(f"needs {missing}")
    file = tmp_path / "cambist"
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cambist.app.cli "$@"\n')
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(("leader-killed", "edge-killed", "postgresql-killed", "planned-hand-over", "everything-killed"), id="killed"),
        pytest.param(("leader-in-minority", "log-server-cut-off", "edge-cut-off", "postgresql-cut-off"), id="cut off"),
    ],
)
def test_each_round_ends_with_everything_there_once_and_the_same_state_everywhere(command: Path, rounds: tuple[str, ...]) -> None:
    line = [sys.executable, "-m", "scripts.failover_rounds", "--cambist", str(command), "--seconds", "1", "--limit", f"{PATIENCE}"]
    ran = subprocess.run([*line, *rounds], cwd=ROOT, capture_output=True, text=True, timeout=10 * PATIENCE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.findall(r"^ *\d+  ([a-z-]+) +pause", ran.stdout, re.MULTILINE) == list(rounds)
    assert re.findall(r"^\| ([a-z-]+) \| 1 \| [\d.]+ \| [\d.]+ \|$", ran.stdout, re.MULTILINE) == list(rounds)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Short enough for the sockets in it, and open to whoever PostgreSQL runs as."""
    place = Path("/tmp") / f"cambist-cluster-test-{os.getpid()}"
    yield place
    shutil.rmtree(place, ignore_errors=True)


def test_it_says_where_everything_is_starts_again_what_was_killed_and_leaves_nothing(command: Path, folder: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-u", "scripts/local_cluster.py", "--cambist", str(command), "--edges", "0,0", "--keep", str(folder)]
    output = tmp_path / "output"
    with output.open("w") as written:
        started = subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=written, stderr=written)
    try:
        _said(started, output, "Ctrl-C ends everything.")
        processes = {name: int(pid) for pid, name in re.findall(r"^ +(\d+)  (\S+)", output.read_text(), re.MULTILINE)}
        assert list(processes) == ["nats-n1", "nats-n2", "nats-n3", "postgresql", "node-one", "node-two", "edge-1", "edge-2"]
        for door in re.findall(r"http://[0-9.:]+", output.read_text()):
            with urllib.request.urlopen(f"{door}/readyz", timeout=PATIENCE) as answer:
                assert answer.status == 200
        os.kill(processes["edge-1"], signal.SIGKILL)
        _said(started, output, "edge-1 has ended")
        assert started.stdin is not None
        started.stdin.write(b"\n")
        started.stdin.flush()
        _said(started, output, "edge-1, again")
    finally:
        started.send_signal(signal.SIGINT)
        ended = started.wait(2 * PATIENCE)
    assert ended == 0
    assert not [name for name, pid in processes.items() if Path(f"/proc/{pid}").exists()]


def _said(started: subprocess.Popen[bytes], output: Path, words: str) -> None:
    """Returns when it has said so; fails with what it said when it has ended instead."""

    def so() -> bool:
        assert started.poll() is None, output.read_text()
        return words in output.read_text()

    wait_until(so)
