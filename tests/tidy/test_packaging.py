"""What is published: the package's metadata, the first page that strangers see, and the files that put it to work."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cambist.app.cli import app
from cambist.app.errors import Exit
from tests.tidy.test_tidy import ROOT, tracked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
HOME = PROJECT["urls"]["Homepage"]
README = (ROOT / "README.md").read_text()
UNIT = ROOT / "deploy" / "cambist.service"
EDGE_UNIT = ROOT / "deploy" / "cambist-edge.service"
HISTORIAN_UNIT = ROOT / "deploy" / "cambist-historian.service"
NATS_UNIT = ROOT / "deploy" / "nats-server.service"
CONTAINERFILE = ROOT / "deploy" / "Containerfile"


@pytest.mark.parametrize("field", ["description", "readme", "license", "license-files", "authors", "keywords", "classifiers", "urls"])
def test_the_metadata_say_who_what_and_where(field: str) -> None:
    assert PROJECT[field]


def test_every_supported_python_is_classified() -> None:
    listed = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", line)}
    assert PROJECT["requires-python"] == ">=3.11"
    assert {"3.11", f"{sys.version_info.major}.{sys.version_info.minor}"} <= listed
    assert not [line for line in PROJECT["classifiers"] if line.startswith("License ::")], "an SPDX expression says it already"


def test_the_first_page_works_where_there_are_no_files_beside_it() -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
    relative = [target for target in targets if "://" not in target and not target.startswith("#")]
    assert not relative, f"README.md is shown on package indexes: begin these links with {HOME}: {relative}"
    assert "pip install cambist" in README


@pytest.mark.parametrize("page", tracked("*.md"), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_whole_link_to_the_project_leads_to_a_file(page: Path) -> None:
    for path in re.findall(rf"{re.escape(HOME)}([^)\s#>`\"']*)", page.read_text()):
        assert (ROOT / path).exists(), f"{HOME}{path} in {page.name}"


def test_links_of_the_metadata_lead_to_files() -> None:
    for name, url in PROJECT["urls"].items():
        assert url.startswith(HOME)
        assert (ROOT / url.removeprefix(HOME)).exists(), name


def test_python_runs_it_as_a_module() -> None:
    answer = subprocess.run([sys.executable, "-m", "cambist", "--version"], capture_output=True, text=True, timeout=60)
    assert answer.stdout.startswith("cambist "), answer.stderr


# --- deploy/ --------------------------------------------------------------------------------------------------------------


def accepted(arguments: list[str]) -> bool:
    """Whether `cambist` takes these arguments, with CAMBIST_DATA set."""
    root: Any = typer.main.get_command(app)
    name, *rest = arguments
    return root.commands[name].make_context(name, [*rest, "--data", "x"]) is not None


def service(unit: Path = UNIT) -> dict[str, list[str]]:
    """The settings of a unit's [Service], each with all its values."""
    settings: dict[str, list[str]] = {}
    section = ""
    for line in unit.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif "=" in line and not line.startswith("#") and section == "[Service]":
            name, _, value = line.partition("=")
            settings.setdefault(name, []).append(value)
    return settings


@pytest.mark.parametrize("unit", [UNIT, EDGE_UNIT, HISTORIAN_UNIT], ids=lambda unit: unit.stem)
def test_the_unit_starts_a_command_that_exists(unit: Path) -> None:
    settings = service(unit)
    program, *arguments = shlex.split(settings["ExecStart"][0])
    assert Path(program).name == "cambist"
    assert accepted(arguments)
    assert f"CAMBIST_DATA=/var/lib/{settings['StateDirectory'][0]}" in settings["Environment"]


HOPELESS = {Exit.USAGE, Exit.CONFIGURATION, Exit.NOT_A_VENUE, Exit.DAMAGED, Exit.PERMISSION}


@pytest.mark.parametrize(
    ("unit", "hopeless"),
    # The venue beside the historian makes the directory.
    [(UNIT, HOPELESS), (EDGE_UNIT, HOPELESS), (HISTORIAN_UNIT, HOPELESS - {Exit.NOT_A_VENUE})],
    ids=lambda each: each.stem if isinstance(each, Path) else "",
)
def test_the_unit_restarts_for_ever_but_for_what_a_restart_cannot_mend(unit: Path, hopeless: set[Exit]) -> None:
    assert "\nStartLimitIntervalSec=0\n" in unit.read_text().partition("[Service]")[0]
    assert service(unit)["Restart"] == ["on-failure"]
    assert {int(code) for code in service(unit)["RestartPreventExitStatus"][0].split()} == {int(code) for code in hopeless}


@pytest.mark.parametrize("unit", [UNIT, EDGE_UNIT, HISTORIAN_UNIT, NATS_UNIT], ids=lambda unit: unit.stem)
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze (Debian: systemd)")
    text = unit.read_text()
    for old, new in ((r"^ExecStart=\S+", "ExecStart=/bin/true"), (r"^User=.*", "User=root"), (r"^Group=.*", "Group=root")):
        text, count = re.subn(old, new, text, flags=re.MULTILINE)
        assert count == 1
    checked = tmp_path / unit.name
    checked.write_text(text)
    answer = subprocess.run([analyze, "verify", checked], capture_output=True, text=True, timeout=60)
    assert unit.name not in answer.stderr, answer.stderr
    checked.write_text(text.replace("ProtectHome=", "ProtctHome="))
    answer = subprocess.run([analyze, "verify", checked], capture_output=True, text=True, timeout=60)
    assert "ProtctHome" in answer.stderr, "the check lets everything pass"


INSTRUCTIONS = {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"}


def instructions(file: Path = CONTAINERFILE) -> list[tuple[str, str]]:
    """(name, the rest) of each."""
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    whole = re.sub(r"\\\n", " ", "\n".join(lines))
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in whole.splitlines() if line.strip())]


def test_the_container_file_has_instructions_that_exist() -> None:
    names = [name for name, _rest in instructions()]
    assert set(names) <= INSTRUCTIONS
    assert names[0] == "FROM"


def test_the_container_is_built_from_files_that_exist_and_are_not_ignored() -> None:
    ignored = {line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")}
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith("--from"):
            *sources, _target = rest.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert not ignored & {source, source.partition("/")[0]}, source


def test_the_container_starts_a_command_that_exists_as_a_user_without_rights() -> None:
    by_name = dict(instructions())
    assert by_name["ENTRYPOINT"] == '["cambist"]'
    assert accepted(re.findall(r'"([^"]+)"', by_name["CMD"]))
    assert by_name["USER"] == "cambist"
    assert by_name["ENV"] == f"CAMBIST_DATA={by_name['VOLUME']}"
    assert f":{by_name['EXPOSE']}/readyz" in by_name["HEALTHCHECK"]


def test_every_shell_line_of_the_container_file_parses() -> None:
    runs = [rest for name, rest in instructions() if name == "RUN"]
    assert runs
    for run in runs:
        checked = subprocess.run(["bash", "-n", "-c", run], capture_output=True, text=True, timeout=30)
        assert checked.returncode == 0, checked.stderr
