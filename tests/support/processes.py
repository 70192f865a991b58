"""Real server processes for tests: start one, wait for its ready file, stop it or kill it."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.waiting import PATIENCE, wait_until


@dataclass
class Running:
    """A `cambist serve` or `cambist sandbox` that answers."""

    process: subprocess.Popen[bytes]
    ready: dict[str, Any]
    log: Path

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def metric(self, name: str) -> float:
        """A gauge without labels from /metrics."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=PATIENCE) as answer:
            (value,) = [line.split()[1] for line in answer.read().decode().splitlines() if line.startswith(f"{name} ")]
        return float(value)

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """The status and the body of /readyz."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def degraded(self) -> str:
        """What a venue that is ready says not to work; empty when all does."""
        status, said = self.readiness()
        assert status == 200, said
        return "; ".join(said.get("degraded", ()))

    def terminate(self) -> int:
        """SIGTERM, then its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """SIGKILL: no farewell."""
        self.process.kill()
        self.process.wait(PATIENCE)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "cambist.app.cli", *map(str, arguments)]


def cambist(*arguments: str | Path, inside: Sequence[str] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end. `inside`: what comes before its line, such as what brings it into another namespace."""
    line = [*inside, *command(*arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE * 2, env={**os.environ, **environment})


def start(directory: Path, *arguments: str | Path, inside: Sequence[str] = (), port: str = "0", **environment: str) -> Running:
    """Starts a server, on a free port unless `port` names one, and waits until it answers. `directory` takes its ready file, its log and,
    unless `environment` has another place, what lets `cambist sandbox ctl` find it; `inside` as `cambist`."""
    ready_file, log = directory / "ready.json", directory / "server.log"
    ready_file.unlink(missing_ok=True)
    with log.open("ab") as output:
        line = [*inside, *command(*arguments, "--port", port, "--ready-file", ready_file)]
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(directory), **environment}
        process = subprocess.Popen(line, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment)
    try:
        wait_until(lambda: ready_file.exists() or process.poll() is not None)
        assert ready_file.exists(), f"exit code {process.returncode} before it was ready"
    except AssertionError as error:
        process.kill()
        raise AssertionError(f"{error}:\n{log.read_text()[-4000:]}") from None
    return Running(process, json.loads(ready_file.read_text()), log)


@contextmanager
def serving(directory: Path, *arguments: str | Path, inside: Sequence[str] = ()) -> Iterator[Running]:
    """`start`, and whatever happens, an end."""
    running = start(directory, *arguments, inside=inside)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.terminate()
