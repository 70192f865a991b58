"""A Cambist process under measurement: started, waited for, asked, stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.report import ROOT

CAMBIST = Path(sys.executable).with_name("cambist")
EMPTY_SERVER = ROOT / "benchmarks" / "empty_server.py"
START_PATIENCE = 60.0
STOP_PATIENCE = 60.0


class ServerFailed(Exception):
    """The process ended, or never answered."""


class Process:
    """`command` with `--port 0` and a ready file; `ready` is that file's content, `start_seconds` how long it took to appear."""

    def __init__(
        self, command: list[str], scratch: Path, processors: set[int] | None = None, variables: Mapping[str, str] | None = None
    ) -> None:
        """`processors`: those that it may use. `variables`: what its environment has beside this one's."""
        self._file = scratch / f"ready-{time.monotonic_ns()}.json"
        self._log = scratch / "server.log"
        self._command = [*command, "--port", "0", "--ready-file", str(self._file)]
        self._processors = processors
        self._environment = {**os.environ, **(variables or {})}

    def __enter__(self) -> Self:
        started = time.perf_counter()
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT, env=self._environment)
        if self._processors is not None:
            os.sched_setaffinity(self.process.pid, self._processors)  # before it has threads, which inherit it
        while not self._file.exists():
            if self.process.poll() is not None:
                raise ServerFailed(f"it ended with {self.process.returncode}: {self._log.read_text()[-2000:]}")
            if time.perf_counter() - started > START_PATIENCE:
                self.process.kill()
                raise ServerFailed(f"it did not answer within {START_PATIENCE:.0f} seconds")
            time.sleep(0.002)
        self.start_seconds = time.perf_counter() - started
        self.ready: dict[str, Any] = json.loads(self._file.read_bytes())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise ServerFailed("it did not stop when it was told to") from None
        if code and error is None:
            raise ServerFailed(f"it stopped with {code}: {self._log.read_text()[-2000:]}")

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.ready["url"].removeprefix("http://").rpartition(":")
        return host, int(port)

    def resident_mb(self) -> float:
        """Resident memory of the process and everything that it started, MB (10^6 bytes)."""
        return sum(_resident(pid) for pid in _family(self.process.pid)) / 1e6

    def processor_seconds(self) -> float:
        """Processor time of all its threads so far."""
        return _processor_seconds(self.process.pid)

    def get(self, path: str, patience: float = START_PATIENCE) -> bytes:
        """What a GET of that path answers."""
        with urllib.request.urlopen(self.ready["url"] + path, timeout=patience) as reply:
            body: bytes = reply.read()
            return body

    def metric(self, name: str) -> float:
        """A gauge without labels from /metrics."""
        for line in self.get("/metrics").decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        raise ServerFailed(f"/metrics has no {name}")


def family_processor_seconds(pid: int) -> float:
    """Processor time so far of a process and of those that it started and still has."""
    return sum(map(_processor_seconds, _family(pid)))


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
