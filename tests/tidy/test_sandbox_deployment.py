"""What starts sandboxes elsewhere: the action for GitHub and the container file. Both are parsed, and the action's steps run."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cambist.app.cli import app
from tests.support.processes import command
from tests.support.waiting import PATIENCE, wait_until
from tests.tidy.test_packaging import INSTRUCTIONS, instructions
from tests.tidy.test_tidy import ROOT

ACTION = ROOT / "deploy" / "github-action" / "action.yml"
CONTAINERFILE = ROOT / "deploy" / "sandbox.Containerfile"


def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(ACTION.read_text())
    return loaded


def sandbox_options() -> set[str]:
    root: Any = typer.main.get_command(app)
    return {name for parameter in root.commands["sandbox"].params for name in parameter.opts}


def test_the_action_is_a_composite_one_whose_expressions_name_what_is_there() -> None:
    described = action()
    assert {"name", "description", "inputs", "outputs", "runs"} == set(described)
    assert described["runs"]["using"] == "composite"
    steps = {step["id"]: step for step in described["runs"]["steps"]}
    assert all(step["shell"] == "bash" for step in steps.values())
    assert all(one["description"] for one in (*described["inputs"].values(), *described["outputs"].values()))
    text = ACTION.read_text()
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(described["inputs"])
    for step, output in re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", text):
        assert f"{output}=" in steps[step]["run"]


def test_its_options_are_those_of_the_command() -> None:
    used = set(re.findall(r"cambist sandbox (.*?)\\", ACTION.read_text(), flags=re.DOTALL)[0].split())
    assert {word for word in used if word.startswith("--")} <= sandbox_options()


@pytest.mark.parametrize("step", ["install", "start"])
def test_each_step_is_shell_that_parses(step: str) -> None:
    run = next(one["run"] for one in action()["runs"]["steps"] if one["id"] == step)
    checked = subprocess.run(["bash", "-n", "-c", run], capture_output=True, text=True, timeout=30)
    assert checked.returncode == 0, checked.stderr


def started(folder: Path, options: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """The action's second step as a runner runs it, and its outputs."""
    (folder / "cambist").write_text(f'#!/bin/sh\nexec {shlex.join(command())} "$@"\n')
    (folder / "cambist").chmod(0o755)
    (folder / "python3").symlink_to(sys.executable)
    run = next(one["run"] for one in action()["runs"]["steps"] if one["id"] == "start")
    outputs = folder / "outputs"
    outputs.touch()
    variables = {"PATH": f"{folder}:{os.environ['PATH']}", "RUNNER_TEMP": str(folder), "GITHUB_OUTPUT": str(outputs)}
    variables |= {"PORT": "0", "SEED": "7", "OPTIONS": options, "XDG_RUNTIME_DIR": str(folder)}
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", run],
        env={**os.environ, **variables}, capture_output=True, text=True, timeout=2 * PATIENCE,
    )  # fmt: skip
    return ran, dict(line.split("=", 1) for line in outputs.read_text().splitlines())


def test_it_leaves_a_sandbox_running_and_says_where(tmp_path: Path) -> None:
    ran, outputs = started(tmp_path, "--quiet --users 'dora,emil' --clock manual")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    ready = json.loads(Path(outputs["ready-file"]).read_text())
    try:
        assert (ready["url"], ready["seed"]) == (outputs["url"], 7)
        assert [user["name"] for user in ready["users"]] == ["dora", "emil"]
        assert "PLAY MONEY" in ran.stdout
    finally:
        os.kill(ready["pid"], signal.SIGTERM)
    wait_until(lambda: not Path(outputs["ready-file"]).exists())


def test_a_sandbox_that_does_not_start_fails_the_step_in_words(tmp_path: Path) -> None:
    ran, outputs = started(tmp_path, "--preset stormy")
    assert ran.returncode == 1
    assert 'there is no preset "stormy"' in ran.stdout
    assert "::error::the sandbox did not start" in ran.stdout
    assert outputs == {}


def test_the_container_stands_on_the_venue_s_and_starts_a_command_that_exists() -> None:
    listed = instructions(CONTAINERFILE)
    names = [name for name, _rest in listed]
    assert names[:2] == ["ARG", "FROM"]
    assert set(names) <= {*INSTRUCTIONS, "ARG"}
    by_name = dict(listed)
    assert by_name["FROM"] == "${BASE}"
    assert by_name["ARG"] == "BASE=localhost/cambist:latest"
    name, *options = json.loads(by_name["CMD"])
    assert name == "sandbox"
    assert {option for option in options if option.startswith("--")} <= sandbox_options()
    check = json.loads(by_name["HEALTHCHECK"].partition("CMD ")[2])
    compile(check[2], "healthcheck", "exec")
    assert ":8700/readyz" in check[2]


def test_what_the_page_says_of_the_action_is_an_action_s_use() -> None:
    text = (ROOT / "docs" / "how-to" / "test-in-ci.md").read_text()
    (shown,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    steps = yaml.safe_load(shown)["steps"]
    (use,) = [step for step in steps if "github-action" in step.get("uses", "")]
    assert set(use["with"]) <= set(action()["inputs"])
    assert {word for word in use["with"]["options"].split() if word.startswith("--")} <= sandbox_options()
    assert set(re.findall(r"outputs\.([\w-]+)", shown)) <= set(action()["outputs"])
