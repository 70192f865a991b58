"""What sandboxes cost a test suite: eight that start at a time, a hundred resets of one, and the plug-in where no test asks for any."""

from __future__ import annotations

import compileall
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median

from benchmarks.report import AT_MOST, ROOT, Row, Settings, Target

from cambist.testing import Sandbox
from cambist.testing.processes import SWITCH

GROUP = "suites"
AT_A_TIME = 8
PLUG_IN = "cambist.testing.pytest_plugin"


def measure(settings: Settings) -> list[Row]:
    return [*_starts(), *_resets(10 if settings.quick else 100), _plug_in()]


def _starts() -> list[Row]:
    # As `pip` and `make build` leave it: with PYTHONDONTWRITEBYTECODE, every start from changed sources would compile them again.
    compileall.compile_dir(ROOT / "src" / "cambist", quiet=1)
    # Before all others, so that the fork server's start is in it, as in a suite whose first tests run in parallel.
    seconds = _together()
    detail = {"starts": [round(each, 2) for each in seconds]}
    name = f"{AT_A_TIME} sandboxes started at a time, until the last is ready"
    note = f"the first of a suite, on {os.cpu_count()} cores, which they share"
    rows = [Row(GROUP, name, seconds[-1], "s", Target(AT_MOST, 2.0), note, detail)]
    rows.append(Row(GROUP, "a sandbox started alone, after others", median(map(_started, range(3))), "s", Target(AT_MOST, 2.0)))
    os.environ[SWITCH] = "off"
    rows.append(Row(GROUP, "a sandbox started alone, in a new process", median(map(_started, range(3))), "s", Target(AT_MOST, 2.0)))
    del os.environ[SWITCH]
    return rows


def _together() -> list[float]:
    """Seconds until each was ready; none ends before all are."""
    with ExitStack() as stack, ThreadPoolExecutor(AT_A_TIME) as pool:

        def started(seed: int) -> float:
            began = time.perf_counter()
            sandbox = Sandbox(seed=seed).start()
            took = time.perf_counter() - began
            stack.callback(sandbox.stop)
            return took

        return sorted(pool.map(started, range(AT_A_TIME)))


def _started(seed: int) -> float:
    began = time.perf_counter()
    with Sandbox(seed=seed):
        return time.perf_counter() - began


def _resets(times: int) -> list[Row]:
    rows = []
    with Sandbox(seed=1) as sandbox:
        for words, seeds in (("same seed", [None] * times), ("another seed each", list(range(2, 2 + times)))):
            took = []
            for seed in seeds:
                began = time.perf_counter()
                sandbox.reset(seed)
                took.append(time.perf_counter() - began)
            note = f"median {median(took) * 1_000:.0f} ms, slowest {max(took) * 1_000:.0f} ms"
            rows.append(Row(GROUP, f"{times} resets, {words}", sum(took), "s", Target(AT_MOST, 10.0 * times / 100), note))
    return rows


def _plug_in() -> Row:
    """Of the import, without pytest's own."""
    took = []
    for _ in range(5):
        line = [sys.executable, "-X", "importtime", "-c", f"import pytest; import {PLUG_IN}"]
        said = subprocess.run(line, capture_output=True, text=True, check=True).stderr
        (cumulative,) = re.findall(rf"\| +(\d+) \| +{re.escape(PLUG_IN)}$", said, flags=re.MULTILINE)
        package = re.findall(r"\| +(\d+) \| +(?:cambist|cambist\.testing)$", said, flags=re.MULTILINE)
        took.append((int(cumulative) + sum(map(int, package))) / 1_000)
    return Row(GROUP, "import of the pytest plug-in", median(took), "ms", Target(AT_MOST, 5.0))
