"""The command as people type it: help everywhere, words instead of tracebacks, exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

from cambist.app.errors import Exit

COMMANDS = [
    [],
    ["serve"],
    ["sandbox"],
    ["config"],
    ["user"],
    ["user", "add"],
    ["user", "list"],
    ["key"],
    ["key", "create"],
    ["key", "revoke"],
    ["key", "list"],
    ["fund"],
    ["market"],
    ["market", "list"],
    ["market", "halt"],
    ["market", "resume"],
    ["verify"],
    ["rebuild"],
    ["snapshot"],
]


def cambist(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "cambist.app.cli", *map(str, arguments)], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    answer = cambist(*command, "--help")
    assert answer.returncode == 0
    assert "--help" in answer.stdout
    assert answer.stderr == ""


def test_version_is_told() -> None:
    answer = cambist("--version")
    assert answer.returncode == 0
    assert answer.stdout.startswith("cambist ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "nonsense"),
        (["serve"], "--data"),
        (["sandbox", "--port", "70000"], "65535"),
        (["sandbox", "--seed", "seven"], "--seed"),
        (["fund", "alice"], "amounts"),
        (["user", "add", "--data", "x"], "name"),
    ],
)
def test_arguments_that_no_command_takes_are_a_usage_error(arguments: list[str], words: str) -> None:
    answer = cambist(*arguments)
    assert answer.returncode == Exit.USAGE
    assert words.lower() in answer.stderr.lower()
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "list"],
        ["key", "list"],
        ["market", "list"],
        ["verify"],
        ["rebuild"],
        ["snapshot"],
        ["user", "add", "x"],
        ["fund", "x", "BTC=1"],
    ],
    ids=" ".join,
)
def test_a_directory_that_is_not_there_is_named(arguments: list[str], tmp_path: Path) -> None:
    answer = cambist(*arguments, "--data", tmp_path / "nowhere")
    assert answer.returncode == Exit.NOT_A_VENUE
    assert "nowhere" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_directory_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    answer = cambist("serve", "--data", tmp_path, "--port", "0")
    assert answer.returncode == Exit.NOT_A_VENUE
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_directory_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("cambist data directory, format 99\n")
    answer = cambist("serve", "--data", tmp_path, "--port", "0")
    assert answer.returncode == Exit.NOT_A_VENUE
    assert "format 99" in answer.stderr
