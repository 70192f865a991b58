"""How long `cambist sandbox` takes until its ready file is there, and what it holds in memory when nobody asks anything."""

from __future__ import annotations

import time
from statistics import median

from benchmarks.process import CAMBIST, Process
from benchmarks.report import AT_MOST, Row, Settings, Target

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
        rows.append(Row(GROUP, f"sandbox {words}, start to ready file", median(starts), "s", Target(AT_MOST, 2), "", detail))
        rows.append(Row(GROUP, f"sandbox {words}, idle memory", memory, "MB", Target(AT_MOST, 150), f"{IDLE_AFTER:.0f} s after the start"))
    return rows
