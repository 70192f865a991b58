"""`make bench`: measures the speeds that Cambist promises and says which are reached; docs/reference/benchmarks.md explains the rows."""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, the directory of this file is there instead

from benchmarks import report

GROUPS = {
    "core": "the core alone, from Rust",
    "batch": "the core through the Python batch entry",
    "calls": "the core by typed single calls from Python",
    "replay": "replay of a journal from disk",
    "history": "folding into SQLite and into PostgreSQL",
    "trade": "signed Trade over HTTP",
    "cluster": "orders over an edge: what they cost the leader, how long they take",
    "failover": "pauses when the leader or a log server dies, and of a hand-over",
    "native": "a native order against the cheapest dialect's",
    "public": "public ticker and depth over HTTP",
    "strangers": "what clients without a key can do to the others",
    "sockets": "pushes: fan-out, latency, memory",
    "faults": "what a sandbox's faults cost while none is armed",
    "sandbox": "a sandbox's start and its memory",
    "page": "the page in a browser: first load, frames and main thread under load",
    "suites": "sandboxes for tests: many starts at a time, resets, what the pytest plug-in costs",
}
"""Name of the module (`bench_<name>`) and what it measures, in the order of the table."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__)
    groups = ", ".join(f"{name} ({words})" for name, words in GROUPS.items())
    parser.add_argument("--only", action="append", choices=list(GROUPS), metavar="NAME", help=f"only this group; may be repeated: {groups}")
    parser.add_argument("--quick", action="store_true", help="less of everything: to see that it works, not for figures")
    parser.add_argument(
        "--scratch",
        type=Path,
        default=report.SCRATCH,
        help="where journals are written: on a real disk, not tmpfs",
    )
    arguments = parser.parse_args()
    scratch = report.scratch_directory(arguments.scratch)
    settings = report.Settings(arguments.quick, scratch, lambda text: print(text, file=sys.stderr, flush=True))
    rows: list[report.Row] = []
    failed = []
    try:
        about, at, when = report.machine(scratch), report.commit(), report.now()
        if about.disk == "tmpfs":
            settings.say("The scratch directory is on tmpfs, where fdatasync does nothing: name one on a disk with --scratch.")
        for name in arguments.only or GROUPS:
            settings.say(f"{name}: {GROUPS[name]} ...")
            began = time.monotonic()
            try:
                rows += importlib.import_module(f"benchmarks.bench_{name}").measure(settings)
            except Exception as error:  # one group that cannot be measured must not cost the others' figures
                settings.say(f"{name}: {type(error).__name__}: {error}")
                failed.append(name)
            settings.say(f"{name}: took {time.monotonic() - began:.0f} s")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    report.show(report.table(rows, about, at, when))
    report.write(rows, about, at, when, arguments.quick)
    if failed:
        settings.say(f"not measured: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
