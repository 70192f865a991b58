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
from benchmarks.load import BadReply, Load, Result
from benchmarks.orders import FUNDS, Client, NativeClient
from benchmarks.process import EMPTY_SERVER, Process
from benchmarks.report import Settings

Make = Callable[[int], Sequence[Sequence[bytes]]]

CONNECTIONS = 64
SUCCESS = b'{"success":1'
QUIET = 0.05
"""A server that uses less than this share of a processor has nothing left to do."""


@dataclass(frozen=True, slots=True)
class Run:
    """One load, and the processor time that all threads of the server took while it ran."""

    result: Result
    server_seconds: float

    @property
    def rate(self) -> float:
        return self.result.rate

    @property
    def server_us(self) -> float:
        return self.server_seconds / self.result.requests * 1e6

    def figures(self) -> dict[str, Any]:
        return {**self.result.figures(), "server_us_per_request": round(self.server_us, 1)}


@dataclass(frozen=True, slots=True)
class Compared:
    """Runs of two loads that took turns: baseline, measured, baseline, measured, ..."""

    baseline: list[Run]
    measured: list[Run]
    after: list[float]
    """Seconds that the server went on working after each measured run."""

    @property
    def ratio(self) -> float:
        """Of the medians of the rates."""
        return median(run.rate for run in self.measured) / median(run.rate for run in self.baseline)

    def detail(self) -> dict[str, Any]:
        return {
            "baseline": [run.figures() for run in self.baseline],
            "measured": [run.figures() for run in self.measured],
            "work_after_measured_seconds": [round(seconds, 2) for seconds in self.after],
        }

    def note(self) -> str:
        measured, baseline = (median(run.rate for run in runs) for runs in (self.measured, self.baseline))
        took, empty = (median(run.server_us for run in runs) for runs in (self.measured, self.baseline))
        return f"{measured:,.0f}/s against {baseline:,.0f}/s; server {took:.0f} µs a request against {empty:.0f} µs"


class Rig:
    """A served sandbox and the connections to it. `before_dialects`: what it has there, as benchmarks/empty_server.py says.
    `sides`: which processors are the generator's and which the server's, for rigs that are there at the same time."""

    def __init__(self, settings: Settings, before_dialects: str = "nothing", sides: tuple[set[int], set[int]] | None = None) -> None:
        self._settings = settings
        self._sides = sides
        self._before_dialects = before_dialects
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            generator, server = self._sides or pinning.sides()
            stack.enter_context(pinning.on(generator))
            users = ",".join(f"trader{number:02}" for number in range(CONNECTIONS))
            command = [sys.executable, str(EMPTY_SERVER), "sandbox", "--quiet", "--users", users, "--fund", FUNDS]
            data = self._settings.scratch / f"venue-{time.monotonic_ns()}"
            variables = {"BEFORE_DIALECTS": self._before_dialects}
            self.process = stack.enter_context(Process([*command, "--data", str(data)], self._settings.scratch, server, variables))
            host, port = self.process.address
            self.host = f"{host}:{port}"
            self.load = Load(host, port, CONNECTIONS)
            stack.callback(self.load.close)
            keys = [user["keys"] for user in self.process.ready["users"]]
            self.clients = [Client(number, own["btce"], self.host) for number, own in enumerate(keys)]
            self.native_clients = [NativeClient(number, own["native"], self.host) for number, own in enumerate(keys)]
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def trades(self, count: int) -> list[list[bytes]]:
        """`count` orders for each connection."""
        return [client.trades(count) for client in self.clients]

    def native_orders(self, count: int) -> list[list[bytes]]:
        """The same in the native API."""
        return [client.orders(count) for client in self.native_clients]

    def empties(self, count: int) -> list[list[bytes]]:
        return [client.empties(count) for client in self.clients]

    def same(self, request: bytes, count: int) -> list[Sequence[bytes]]:
        """One request, `count` times for each connection."""
        return [[request] * count for _ in self.clients]

    def run(self, requests: Sequence[Sequence[bytes]], begins: bytes = SUCCESS) -> Run:
        """One run of the load, and what the server spent on it."""
        before = self.process.processor_seconds()
        result = self.load.run(requests, begins)
        return Run(result, self.process.processor_seconds() - before)

    def wait_until_idle(self, patience: float = 120.0) -> float:
        """Waits until the server has nothing left to do, its histories included (they are written behind the replies); returns the seconds.

        History is idle between its batches, so idle threads alone prove nothing: it must have what the journal has.
        """
        started = time.perf_counter()
        self.process.get("/empty/history", patience)
        step = 0.2
        while time.perf_counter() - started < patience:
            used = self.process.processor_seconds()
            time.sleep(step)
            quiet = self.process.processor_seconds() - used <= QUIET * step
            if quiet and self.process.metric("cambist_history_seq") >= self.process.metric("cambist_durable_seq"):
                return max(0.0, time.perf_counter() - started - step)
        raise BadReply(f"the server was not idle after {patience:.0f} seconds")

    def compare(self, baseline: Make, measured: Make, *, seconds: float, begins: bytes = SUCCESS) -> Compared:
        """Runs both loads in turn, each run about `seconds` long. A load is made by a function of the number of requests a connection."""
        seconds, rounds = (1.0, 2) if self._settings.quick else (seconds, 5)
        sizes = []
        for make, start in ((baseline, SUCCESS), (measured, begins)):  # also warms both up
            speed = self.run(make(60), start).rate
            speed = self.run(make(max(60, int(speed * seconds / 4 / CONNECTIONS))), start).rate
            sizes.append(max(60, int(speed * seconds / CONNECTIONS)))
        found = Compared([], [], [])
        for _ in range(rounds):
            self.wait_until_idle()
            found.baseline.append(self.run(baseline(sizes[0]), SUCCESS))
            requests = measured(sizes[1])
            self.wait_until_idle()
            found.measured.append(self.run(requests, begins))
            found.after.append(self.wait_until_idle())
        return found
