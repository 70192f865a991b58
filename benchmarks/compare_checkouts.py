"""Signed Trade of several checkouts in turns: what one lost or gained against another, on a machine whose speed changes by the minute.

    python benchmarks/compare_checkouts.py /path/to/before /path/to/now

Each checkout has its own server, its own compiled core in src/cambist/ and its own rig. Only the server whose turn it is runs, the others
are stopped meanwhile. Printed are medians, and every run's rate; `loop` is the processor time of the event loop's thread for each request.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.process import Process

EMPTY_EVERY = 4
"""In every so many rounds the empty handler is measured too."""
SETTLE_SECONDS = 0.2
HISTORY_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Run:
    rate: float
    loop_us: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=200, help="of each of the 64 connections in a round")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.checkouts[0], given.requests)
    else:
        compare([checkout.resolve() for checkout in given.checkouts], given.rounds, given.requests)


def compare(checkouts: list[Path], rounds: int, requests: int) -> None:
    runs: dict[tuple[Path, str], list[Run]] = defaultdict(list)
    with ExitStack() as stack:
        servers = {checkout: stack.enter_context(_started(checkout, requests)) for checkout in checkouts}
        for server in servers.values():
            _line(server.stdout)
        for number in range(rounds):
            for load in ("trades", "empties") if number % EMPTY_EVERY == 0 else ("trades",):
                for checkout, server in servers.items():
                    assert server.stdin is not None
                    server.stdin.write(f"{load}\n")
                    server.stdin.flush()
                    rate, loop_us = map(float, _line(server.stdout).split())
                    runs[checkout, load].append(Run(rate, loop_us))
        for server in servers.values():
            assert server.stdin is not None
            server.stdin.close()
    for checkout in checkouts:
        parts = []
        for load in ("trades", "empties"):
            found = runs[checkout, load]
            parts.append(f"{load} {median(run.rate for run in found):,.0f}/s, loop {median(run.loop_us for run in found):.1f} us")
        print(checkout, *parts, [round(run.rate) for run in runs[checkout, "trades"]], sep="\n  ")


def _started(checkout: Path, requests: int) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--serve", "--requests", str(requests), str(checkout)]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=checkout)


def _line(stream: IO[str] | None) -> str:
    line = stream.readline() if stream is not None else ""
    if not line:
        raise SystemExit("a server failed; its own words are above")
    return line


def serve(checkout: Path, requests: int) -> None:
    """One checkout's server, stopped until a line names a load; prints its rate and its loop's processor time."""
    sys.path[0] = str(checkout)  # that checkout's rig: the server's routes and the loads belong to it
    from benchmarks import report
    from benchmarks.http_rig import Rig

    scratch = report.scratch_directory(report.SCRATCH)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        rig = stack.enter_context(Rig(report.Settings(True, scratch, lambda _text: None)))
        server = rig.process.process.pid
        loop = Path(f"/proc/{server}/task/{server}/schedstat")
        try:
            rig.run(rig.empties(100))
            rig.run(rig.trades(200))
            time.sleep(1)
            print("ready", flush=True)
            for line in sys.stdin:
                load = rig.trades(requests) if line == "trades\n" else rig.empties(requests)
                os.kill(server, signal.SIGCONT)
                time.sleep(SETTLE_SECONDS)
                before = int(loop.read_text().split()[0])
                run = rig.run(load)
                spent = int(loop.read_text().split()[0]) - before
                _wait_for_history(rig.process)
                os.kill(server, signal.SIGSTOP)
                print(run.rate, spent / run.result.requests / 1_000, flush=True)
        finally:
            os.kill(server, signal.SIGCONT)


def _wait_for_history(process: Process) -> None:
    """Until histories have every order: what they did not do would be done in the next round, beside the orders of that one."""
    deadline = time.monotonic() + HISTORY_PATIENCE
    while process.metric("cambist_history_seq") < process.metric("cambist_durable_seq"):
        if time.monotonic() > deadline:
            raise SystemExit(f"histories did not catch up within {HISTORY_PATIENCE:.0f} s")
        time.sleep(SETTLE_SECONDS)
    time.sleep(SETTLE_SECONDS)


if __name__ == "__main__":
    main()
