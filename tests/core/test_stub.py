"""The typed stub of the native module says what the compiled module has: every name, every parameter, every default that shows."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALLOWED = "tests/core/stub_allowed.txt"


def test_the_stub_is_what_was_compiled() -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "cambist._core", "--allowlist", ALLOWED, "--mypy-config-file", "pyproject.toml"]
    found = subprocess.run([*command, "--concise"], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
