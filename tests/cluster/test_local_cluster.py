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


def test_each_round_ends_with_everything_there_once_and_the_same_state_everywhere(command: Path) -> None:
    line = [sys.executable, "-m", "scripts.failover_rounds", "--cambist", str(command), "--seconds", "1"]
    rounds = ("leader-killed", "edge-killed", "postgresql-killed", "planned-hand-over", "everything-killed")
    ran = subprocess.run([*line, *rounds], cwd=ROOT, capture_output=True, text=True, timeout=10 * PATIENCE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.findall(r"^ *\d+  ([a-z-]+) +pause", ran.stdout, re.MULTILINE) == list(rounds)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Short enough for the sockets in it, and open to whoever PostgreSQL runs as."""
    place = Path("/tmp") / f"cambist-cluster-test-{os.getpid()}"
    yield place
    shutil.rmtree(place, ignore_errors=True)


def test_it_says_where_everything_is_starts_again_what_was_killed_and_leaves_nothing(command: Path, folder: Path) -> None:
    line = [sys.executable, "-u", "scripts/local_cluster.py", "--cambist", str(command), "--edges", "0,0", "--keep", str(folder)]
    started = subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert started.stdin is not None
    assert started.stdout is not None
    said = ""
    for words in started.stdout:
        said += words
        if words.startswith("What was killed"):
            break
    assert started.poll() is None, said
    processes = {name: int(pid) for pid, name in re.findall(r"^ +(\d+)  (\S+)", said, re.MULTILINE)}
    assert list(processes) == ["nats-n1", "nats-n2", "nats-n3", "postgresql", "node-one", "node-two", "edge-1", "edge-2"]
    for door in re.findall(r"http://[0-9.:]+", said):
        with urllib.request.urlopen(f"{door}/readyz", timeout=PATIENCE) as answer:
            assert answer.status == 200
    os.kill(processes["edge-1"], signal.SIGKILL)
    wait_until(lambda: Path(f"/proc/{processes['edge-1']}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    started.stdin.write("\n")
    started.stdin.flush()
    again = started.stdout.readline()
    assert "edge-1, again" in again
    processes["edge-1"] = int(again.split()[0])
    started.send_signal(signal.SIGINT)
    assert started.wait(2 * PATIENCE) == 0
    assert not [name for name, pid in processes.items() if Path(f"/proc/{pid}").exists()]
