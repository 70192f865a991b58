"""The JavaScript client: driven against real sandboxes, its types held by the compiler, its package as npm wants it."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.clients import npm_modules
from tests.support.waiting import PATIENCE
from tests.tidy.test_tidy import ROOT

CLIENT = ROOT / "clients" / "javascript"
DRIVER = Path(__file__).with_name("drive_javascript.mjs")

USE = """
import { Control, ControlError, Sandbox, type ClockState, type Report } from 'cambist-sandbox';

async function use(): Promise<void> {
  const sandbox: Sandbox = await Sandbox.start({ seed: 7, clock: 'manual' });
  const state: ClockState = await sandbox.control.moveClock({ run_until: { order: 17 } });
  const micros: number = state.micros;
  const report: Report = await sandbox.control.report({ user: 'alice' });
  const picture: Uint8Array = await sandbox.control.reportPicture();
  await sandbox.control.armFault({ kind: 'lose-reply', count: 1 });
  const found: Record<string, string> = sandbox.credentials('alice', 'btse');
  await new Control(sandbox.url).disarmFaults();
  const refused = new ControlError();
  const status: number | null = refused.status;
  void [micros, report, picture, found, status];
}
void use;
"""
WRONG = [
    "void new Control('x').moveClock({ advance: 'soon' });",
    "void new Control('x').armFault({});",
    "void new Control('x').fly();",
    "void new Control('x').funds();",
]


def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("CLIENT NOT TESTED: needs node, which is not installed here")
    return found


def test_it_starts_and_controls_sandboxes(tmp_path: Path) -> None:
    line = [node(), str(DRIVER), str(CLIENT / "index.js"), sys.executable, "-m", "cambist"]
    ran = subprocess.run(line, capture_output=True, text=True, timeout=4 * PATIENCE, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "passed"


def compiled(folder: Path, text: str) -> str:
    """What TypeScript complains of in a program that has the package in its node_modules."""
    modules = npm_modules("typescript@5.9.3")
    installed = folder / "node_modules" / "cambist-sandbox"
    if not installed.exists():
        shutil.copytree(CLIENT, installed)
        (folder / "package.json").write_text('{"type":"module"}')
    (folder / "use.ts").write_text(text)
    options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022"]
    line = [node(), modules / "typescript" / "bin" / "tsc", *options, "use.ts"]
    return subprocess.run([*map(str, line)], cwd=folder, capture_output=True, text=True, timeout=4 * PATIENCE).stdout


def test_its_types_are_those_of_the_operations(tmp_path: Path) -> None:
    assert compiled(tmp_path, USE) == ""
    head = "import { Control } from 'cambist-sandbox';\n"
    complaints = compiled(tmp_path, head + "\n".join(WRONG))
    for number in range(2, 2 + len(WRONG)):
        assert f"use.ts({number}," in complaints, complaints


def test_the_package_has_its_files_and_the_project_s_version_and_needs_nothing() -> None:
    package = json.loads((CLIENT / "package.json").read_text())
    assert package["version"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert not {"dependencies", "devDependencies", "peerDependencies", "scripts"} & set(package)
    assert set(package["files"]) <= {path.name for path in CLIENT.iterdir()}
    assert {package["types"], *package["exports"]["."].values()} <= {f"./{name}" for name in package["files"]}
