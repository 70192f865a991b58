"""The command as people type it: help everywhere, words instead of tracebacks, exit codes."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cambist.app.cli import app
from cambist.app.errors import Exit

ROOT = Path(__file__).resolve().parents[2]


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group of the command line, with the words that lead to it."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, (*path, name))


COMMANDS = dict(walk(get_command(app)))


def cambist(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "cambist.app.cli", *map(str, arguments)], capture_output=True, text=True, timeout=60)


def runs(command: Any) -> bool:
    """Whether it does something by itself, without a command behind it."""
    return not hasattr(command, "commands") or command.invoke_without_command


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(app, [*words, "--help"])
    assert answer.exit_code == 0
    assert "--help" in answer.output
    assert COMMANDS[words].help


def test_the_command_reference_names_every_command_and_its_options() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    for words, command in COMMANDS.items():
        if words[:2] == ("sandbox", "ctl"):  # made from the operations, as their own page is
            continue
        if runs(command):
            assert f"`cambist {' '.join(words)}" in page, words
        for option in command.params:
            name = max(option.opts, key=len)
            if getattr(option, "hidden", False):
                continue
            if name.startswith("--") and name not in {"--data", "--json", "--help", "--version"}:
                assert f"`{name}" in page, (words, name)


def test_pages_name_no_option_and_no_command_that_is_not_there() -> None:
    options = {name for command in COMMANDS.values() for option in command.params for name in option.opts} | {"--help"}
    leaves = {words for words, command in COMMANDS.items() if runs(command)}
    for path in (ROOT / "docs/reference/cli.md", *(ROOT / "docs/how-to").glob("*.md")):
        for line in re.findall(r"`(cambist [^`]+)`|^(cambist .+)$", path.read_text(), flags=re.MULTILINE):
            words = (line[0] or line[1]).split()[1:]
            assert any(tuple(words[: len(leaf)]) == leaf for leaf in leaves) or words[0] in {"COMMAND"}, (path.name, line)
            for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", line[0] or line[1]):
                assert option in options, (path.name, option)


def test_the_package_runs_as_a_module() -> None:
    answer = subprocess.run([sys.executable, "-m", "cambist", "--version"], capture_output=True, text=True, timeout=60)
    assert (answer.returncode, answer.stdout[:8]) == (0, "cambist ")


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
