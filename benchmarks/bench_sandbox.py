"""How long `cambist sandbox` takes until its ready file is there, what it holds in memory when nobody asks anything, and how fast simulated
time passes."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from statistics import median

from benchmarks.process import CAMBIST, Process
from benchmarks.report import AT_LEAST, AT_MOST, Row, Settings, Target

GROUP = "sandbox"
IDLE_AFTER = 5.0
"""Seconds from the ready file to the look at memory: every periodic periodic task has run by then."""


def measure(settings: Settings) -> list[Row]:
    rows = []
    for words, options in (("with traders", []), ("--quiet", ["--quiet"])):
        starts = []
        memory = 0.0
        for number in range(2 if settings.quick else 5):
            with Process([str(CAMBIST), "sandbox", *options], settings.scratch) as process:
                starts.append(process.start_seconds)
                if number == 0:
                    time.sleep(IDLE_AFTER)
                    memory = process.resident_mb()
        detail = {"starts": [round(seconds, 2) for seconds in starts]}
        rows.append(Row(GROUP, f"sandbox {words}, start to ready file", median(starts), "s", Target(AT_MOST, 1.2), "", detail))
        rows.append(Row(GROUP, f"sandbox {words}, idle memory", memory, "MB", Target(AT_MOST, 150), f"{IDLE_AFTER:.0f} s after the start"))
    rows.append(_simulated(settings))
    return rows


def _simulated(settings: Settings) -> Row:
    """How fast the liveliest preset runs on one processor when its clock is moved by hand."""
    seconds = 60 if settings.quick else 600
    options = ["sandbox", "--preset", "busy", "--clock", "manual"]
    with Process([str(CAMBIST), *options], settings.scratch, {min(os.sched_getaffinity(0))}) as process:
        _advance(process, 30)
        used, began = process.processor_seconds(), time.perf_counter()
        _advance(process, seconds)
        took, used = time.perf_counter() - began, process.processor_seconds() - used
    detail = {"simulated_seconds": seconds, "seconds": round(took, 3), "processor_seconds": round(used, 3)}
    name = "preset busy, manual clock, simulated seconds a second"
    return Row(GROUP, name, seconds / took, "s/s", Target(AT_LEAST, 500), "on one processor", detail)


def _advance(process: Process, seconds: int) -> None:
    body = json.dumps({"advance": seconds}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{process.ready['url']}/sandbox/clock", body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=600) as answer:
        answer.read()
