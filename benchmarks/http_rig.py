"""What the HTTP rows share: a sandbox without traders on a real disk, 64 connections of 64 users, and runs that take turns."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from types import TracebackType
from typing import Any, Self

from benchmarks import pinning
from benchmarks.load import Load, Result
from benchmarks.orders import FUNDS, Client
from benchmarks.process import EMPTY_SERVER, Process
from benchmarks.report import Settings

CONNECTIONS = 64
SUCCESS = b'{"success":1'
QUIET = 0.05
"""A server that uses less than this share of a processor has nothing left to do."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Runs of two loads that took turns: baseline, measured, baseline, measured, ..."""

    baseline: list[Result]
    measured: list[Result]
    after: list[float]
    """Seconds that the server went on working after each measured run."""

    @property
    def ratio(self) -> float:
        """Of the medians of the rates."""
        return median(run.rate for run in self.measured) / median(run.rate for run in self.baseline)

    def detail(self) -> dict[str, Any]:
        return {
            "baseline": [_figures(run) for run in self.baseline],
            "measured": [_figures(run) for run in self.measured],
            "work_after_measured_seconds": [round(seconds, 2) for seconds in self.after],
        }

    def note(self) -> str:
        measured, baseline = (median(run.rate for run in runs) for runs in (self.measured, self.baseline))
        return f"{measured:,.0f}/s against {baseline:,.0f}/s"


def _figures(run: Result) -> dict[str, Any]:
    return {
        "requests": run.requests,
        "per_second": round(run.rate),
        "p50_us": round(run.percentile(50) * 1e6),
        "p99_us": round(run.percentile(99) * 1e6),
        "max_us": round(max(run.latencies) * 1e6),
        "generator_busy": round(run.busy, 2),
    }


class Rig:
    """A served sandbox and the connections to it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            generator, server = pinning.sides()
            stack.enter_context(pinning.on(generator))
            users = ",".join(f"trader{number:02}" for number in range(CONNECTIONS))
            command = [sys.executable, str(EMPTY_SERVER), "sandbox", "--quiet", "--users", users, "--fund", FUNDS]
            data = self._settings.scratch / f"venue-{time.monotonic_ns()}"
            self.process = stack.enter_context(Process([*command, "--data", str(data)], self._settings.scratch, server))
            host, port = self.process.address
            self.host = f"{host}:{port}"
            self.load = Load(host, port, CONNECTIONS)
            stack.callback(self.load.close)
            keys = [user["keys"]["btce"] for user in self.process.ready["users"]]
            self.clients = [Client(number, key, self.host) for number, key in enumerate(keys)]
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def trades(self, count: int) -> list[list[bytes]]:
        """`count` orders for each connection."""
        return [client.trades(count) for client in self.clients]

    def empties(self, count: int) -> list[list[bytes]]:
        return [client.empties(count) for client in self.clients]

    def same(self, request: bytes, count: int) -> list[Sequence[bytes]]:
        """One request, `count` times for each connection."""
        return [[request] * count for _ in self.clients]

    def settle(self, patience: float = 120.0) -> float:
        """Waits until the server has nothing left to do (its histories are written behind the replies); returns the seconds it took."""
        started = time.perf_counter()
        step = 0.2
        while time.perf_counter() - started < patience:
            used = self.process.processor_seconds()
            time.sleep(step)
            if self.process.processor_seconds() - used <= QUIET * step:
                return max(0.0, time.perf_counter() - started - step)
        return patience

    def compare(self, baseline: Callable[[int], Any], measured: Callable[[int], Any], begins: bytes = SUCCESS) -> Compared:
        """Runs both loads in turn. Each is made by a function of the number of requests a connection; runs are of about equal length."""
        seconds, rounds = (1.0, 2) if self._settings.quick else (4.0, 5)
        sizes = []
        for make, start in ((baseline, SUCCESS), (measured, begins)):  # also warms both up
            speed = self.load.run(make(60), start).rate
            speed = self.load.run(make(max(60, int(speed * seconds / 4 / CONNECTIONS))), start).rate
            sizes.append(max(60, int(speed * seconds / CONNECTIONS)))
        found = Compared([], [], [])
        for _ in range(rounds):
            self.settle()
            found.baseline.append(self.load.run(baseline(sizes[0]), SUCCESS))
            requests = measured(sizes[1])
            self.settle()
            found.measured.append(self.load.run(requests, begins))
            found.after.append(self.settle())
        return found
