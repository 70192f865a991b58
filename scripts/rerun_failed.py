"""Runs the few tests that failed beside others once more, alone: `make test` calls it when the Python tests failed.

A test that drives servers and browsers can miss a deadline because another one had the processors. One that fails alone too is broken; one
that passes alone is named at the end, for somebody to look at. Many failures are no such thing and are not run again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
MOST = 5
"""Tests that may be unsteady in one run."""


def main() -> int:
    try:
        failed = sorted(json.loads(FAILED.read_text()))
    except FileNotFoundError:
        failed = []
    if not 0 < len(failed) <= MOST:
        print(f"{len(failed)} tests failed: run again are at most {MOST}", file=sys.stderr)
        return 1
    print(f"Once more, alone: {', '.join(failed)}", file=sys.stderr, flush=True)
    again = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:xdist", *failed], cwd=ROOT, check=False).returncode
    if again == 0:
        print("UNSTEADY, they failed beside others and passed alone: " + ", ".join(failed), file=sys.stderr)
    return again


if __name__ == "__main__":
    sys.exit(main())
