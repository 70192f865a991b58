"""Real client libraries, unmodified, against a live sandbox process: tests/clients has what they are made to do."""

import hashlib
import json
import os
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import Running, serving

ROOT = Path(__file__).resolve().parents[3]
CLIENTS = ROOT / "tests" / "clients"
PATIENCE = 300.0
"""Seconds for a whole run of a client on a shared machine."""


def client_environment(name: str) -> Path:
    """The interpreter of an environment that has exactly tests/clients/<name>.txt; made once, made anew when the file changes.

    Where the packages can not be had the test is skipped, and says so.
    """
    requirements = CLIENTS / f"{name}.txt"
    home = ROOT / ".venvs" / name
    python, stamp = home / "bin" / "python", home / "requirements.sha256"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        venv.create(home, clear=True, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement", requirements]
        done = subprocess.run(install, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode != 0:
            pytest.skip(f"CLIENT NOT TESTED: {requirements.name} can not be installed here: {done.stderr.strip()[-500:]}")
        stamp.write_text(digest)
    return python


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet") as running:
        yield running


def situations(script: str) -> list[str]:
    """Names in the script's list, read from its text: its imports exist only in the client's environment."""
    listed = (CLIENTS / script).read_text().partition("SITUATIONS = (")[2].partition(")")[0]
    return [name for name in listed.replace(",", " ").split() if name]


@pytest.mark.parametrize(("script", "environment"), [("drive_cryptoxlib.py", "cryptoxlib"), ("drive_ccxt_btse.py", "ccxt-4.5")])
def test_an_unmodified_client(tmp_path: Path, sandbox: Running, script: str, environment: str) -> None:
    python = client_environment(environment)
    keys = {user["name"]: user["keys"]["btse"] for user in sandbox.ready["users"]}
    config = tmp_path / "client.json"
    config.write_text(json.dumps({"url": sandbox.url, **keys}))
    run = subprocess.run(
        [python, "-I", CLIENTS / script, config], capture_output=True, text=True, timeout=PATIENCE, env={"PATH": os.environ["PATH"]}
    )
    assert run.returncode == 0, f"{script} stopped:\n{run.stdout}\n{run.stderr[-4000:]}"
    assert [line.removeprefix("passed: ") for line in run.stdout.splitlines() if line.startswith("passed: ")] == situations(script)
