"""Real server processes for tests: start one, wait for its ready file, stop it or kill it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds; generous, because test machines are shared."""


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


def cambist(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=PATIENCE * 2, env={**os.environ, **environment})


def start(directory: Path, *arguments: str | Path) -> Running:
    """Starts a server on a free port and waits until it answers. `directory` takes its ready file and its log."""
    ready_file, log = directory / "ready.json", directory / "server.log"
    ready_file.unlink(missing_ok=True)
    with log.open("ab") as output:
        line = command(*arguments, "--port", "0", "--ready-file", ready_file)
        process = subprocess.Popen(line, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE
    while not ready_file.exists():
        if process.poll() is not None:
            raise AssertionError(f"exit code {process.returncode} before it was ready:\n{log.read_text()[-4000:]}")
        if time.monotonic() > end:
            process.kill()
            raise AssertionError(f"not ready after {PATIENCE} s:\n{log.read_text()[-4000:]}")
        time.sleep(0.01)
    return Running(process, json.loads(ready_file.read_text()), log)


@contextmanager
def serving(directory: Path, *arguments: str | Path) -> Iterator[Running]:
    """`start`, and whatever happens, an end."""
    running = start(directory, *arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.terminate()
