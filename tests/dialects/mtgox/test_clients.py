"""A real client library, unmodified, against a live server process: tests/clients has what it is made to do."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.clients import one_at_a_time
from tests.support.processes import Running, cambist, serving

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "tests" / "clients" / "drive_mtgox.js"
LINKED_SCRIPT = ROOT / "tests" / "clients" / "drive_mtgox_linked.js"
PACKAGE = "mtgox@1.0.1"
PATIENCE = 300.0


def modules() -> Path:
    """Where the client is installed, without a lock file; made once. Skips, and says why, where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip(f"NOT TESTED: {PACKAGE} needs node and npm, which are not installed here")
    home = ROOT / ".venvs" / "npm-mtgox-1.0.1"
    installed = home / "node_modules"
    if not (installed / "mtgox" / "package.json").exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text('{"private":true}')
        line = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", PACKAGE]
        done = subprocess.run(line, cwd=home, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode != 0:
            pytest.skip(f"NOT TESTED: npm could not install {PACKAGE}: {done.stderr.strip()[-300:]}")
    return installed


def drive(script: Path, folder: Path, installed: Path, running: Running) -> None:
    """Every situation of the script passes, with alice's and bob's keys."""
    keys = {user["name"]: user["keys"]["mtgox"] for user in running.ready["users"]}
    config = folder / "client.json"
    config.write_text(json.dumps({"url": running.url, "modules": str(installed), "alice": keys["alice"], "bob": keys["bob"]}))
    node = shutil.which("node") or "node"
    run = subprocess.run(
        [node, "--no-deprecation", script, config], capture_output=True, text=True, timeout=PATIENCE, env={"PATH": os.environ["PATH"]}
    )
    assert run.returncode == 0, f"{script.name} stopped:\n{run.stdout}\n{run.stderr}"
    passed = [line.removeprefix("passed: ") for line in run.stdout.splitlines()]
    assert passed == re.findall(r"^  async '([^']+)'\(\)", script.read_text(), re.MULTILINE)


def test_npm_mtgox(tmp_path: Path) -> None:
    with one_at_a_time("npm-mtgox"):
        installed = modules()
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet") as running:
        drive(SCRIPT, tmp_path, installed, running)


def test_npm_mtgox_in_two_currencies(tmp_path: Path) -> None:
    with one_at_a_time("npm-mtgox"):
        installed = modules()
    data = tmp_path / "venue"
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet", "--data", data) as running:
        for line in (
            "market link btc_usd btc_eur btc_gbp --anchor USD --fee-ppm 2500",
            "rates set BTC EUR=1.2,GBP=1.5",
            "fund @5 USD=10000,EUR=10000",
        ):
            done = cambist(*line.split(), "--data", data)
            assert done.returncode == 0, done.stderr
        drive(LINKED_SCRIPT, tmp_path, installed, running)
