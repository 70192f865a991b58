"""The tools that check the project: what an editor or git runs is what `make lint` runs."""

import configparser
import re

import pytest

from tests.tidy.test_tidy import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
LINT = MAKEFILE.partition("\nlint:")[2].partition("\n\n")[0]
HOOKS = (ROOT / ".pre-commit-config.yaml").read_text()
ENTRIES = re.findall(r"^ +entry: (.*)$", HOOKS, flags=re.MULTILINE)


def in_lint(entry: str) -> bool:
    """Whether `make lint` runs it, apart from where it looks for its files."""
    command = entry.replace(".venv/bin/", "$(BIN)/").replace(" --manifest-path core/Cargo.toml", "")
    return re.search(rf"\t(cd core && )?{re.escape(command)}( |$)", LINT, flags=re.MULTILINE) is not None


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_hook_runs_what_lint_runs(entry: str) -> None:
    assert in_lint(entry), f"`make lint` has no such step: {entry}"


def test_hooks_are_local_and_download_nothing() -> None:
    assert len(ENTRIES) > 5
    assert re.findall(r"repo: (.*)", HOOKS) == ["local"]
    assert set(re.findall(r"language: (.*)", HOOKS)) == {"system"}


def test_no_step_of_lint_for_python_is_missing_among_the_hooks() -> None:
    tools = set(re.findall(r"\$\(BIN\)/([a-z-]+)", LINT)) - {"python"}
    assert tools == {entry.removeprefix(".venv/bin/").split()[0] for entry in ENTRIES if entry.startswith(".venv/bin/")} - {"python"}


def test_an_editor_s_settings_are_the_formatter_s() -> None:
    settings = configparser.ConfigParser()
    settings.read_string("[top]\n" + (ROOT / ".editorconfig").read_text())
    project = (ROOT / "pyproject.toml").read_text()
    assert f"line-length = {settings['*']['max_line_length']}" in project
    assert settings["Makefile"]["indent_style"] == "tab"
