"""Real client libraries, unmodified, driven by the scripts in tests/clients against a live sandbox process."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "tests" / "clients"
PATIENCE = 300.0
"""Seconds for a whole run of a client on a shared machine."""


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Tests run in several processes; what is made once under .venvs is made by one of them, and the others wait."""
    lock = ROOT / ".venvs" / f"{name}.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def client_environment(name: str) -> Path:
    """The interpreter of an environment that has exactly tests/clients/<name>.txt; made once, made anew when the file changes.

    Where the packages cannot be had the test is skipped, and says so.
    """
    with one_at_a_time(name):
        return _environment(name)


def _environment(name: str) -> Path:
    requirements = CLIENTS / f"{name}.txt"
    home = ROOT / ".venvs" / name
    python, stamp = home / "bin" / "python", home / "requirements.sha256"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        venv.create(home, clear=True, with_pip=True)
        install: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--requirement",
            requirements,
        ]
        done = subprocess.run(install, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode != 0:
            pytest.skip(f"CLIENT NOT TESTED: {requirements.name} cannot be installed here: {done.stderr.strip()[-500:]}")
        stamp.write_text(digest)
    return python


def drive(script: str, environment: str, config: dict[str, Any], folder: Path, **variables: str) -> list[str]:
    """Runs a client script with its config; returns the situations it passed. Fails with all that it said when it fails."""
    python = client_environment(environment)
    config_file = folder / "client.json"
    config_file.write_text(json.dumps(config))
    run = subprocess.run(
        [python, "-I" if not variables else "-s", CLIENTS / script, config_file],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={"PATH": os.environ["PATH"], **variables},
    )
    assert run.returncode == 0, f"{script} stopped:\n{run.stdout}\n{run.stderr}"
    return [line.removeprefix("passed: ") for line in run.stdout.splitlines() if line.startswith("passed: ")]


def npm_modules(package: str) -> Path:
    """Where exactly that npm package ("name@version") is installed; made once. Skips, and says why, where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip(f"CLIENT NOT TESTED: {package} needs node and npm, which are not installed here")
    home = ROOT / ".venvs" / f"npm-{package.replace('@', '-')}"
    installed = home / "node_modules"
    if not (installed / package.partition("@")[0] / "package.json").exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text('{"private":true}')
        line = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", package]
        done = subprocess.run(line, cwd=home, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode != 0:
            pytest.skip(f"CLIENT NOT TESTED: npm could not install {package}: {done.stderr.strip()[-300:]}")
    return installed


def drive_node(script: str, package: str, config: dict[str, Any], folder: Path) -> list[str]:
    """`drive` for a script of Node; `package` ("name@version") is what it drives, found at the config's `modules`."""
    with one_at_a_time(f"npm-{package.replace('@', '-')}"):
        installed = npm_modules(package)
    config_file = folder / "client.json"
    config_file.write_text(json.dumps({"modules": str(installed), **config}))
    line: list[str | Path] = [shutil.which("node") or "node", "--no-deprecation", CLIENTS / script, config_file]
    run = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, env={"PATH": os.environ["PATH"]})
    assert run.returncode == 0, f"{script} stopped:\n{run.stdout}\n{run.stderr}"
    return [row.removeprefix("passed: ") for row in run.stdout.splitlines()]


def node_situations(script: str) -> list[str]:
    """Names of the situations of a script of Node."""
    return re.findall(r"^  async '([^']+)'\(\)", (CLIENTS / script).read_text(), re.MULTILINE)


def situations(script: str) -> list[str]:
    """Names in the script's list, read from its text: its imports exist only in the client's environment."""
    listed = (CLIENTS / script).read_text().partition("SITUATIONS = (")[2].partition(")")[0]
    return [name for name in listed.replace(",", " ").split() if name]
