"""What a person is told to type works in a terminal in any directory."""

import shlex
import sys
from pathlib import Path

import pytest

from cambist.app import project


def program(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "cambist").touch(mode=0o755)
    return folder / "cambist"


@pytest.mark.parametrize("name", ["plain", "a b ü"])
def test_a_command_that_is_not_on_the_path_is_named_in_full(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = program(tmp_path / name / "bin")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [f"{name}/bin/cambist", "sandbox"])
    monkeypatch.setenv("PATH", "/usr/bin")
    assert shlex.split(project.command()) == [str(called)]


def test_a_command_on_the_path_is_named_shortly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = program(tmp_path / "bin")
    monkeypatch.setattr(sys, "argv", [str(called), "sandbox"])
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert project.command() == "cambist"


def test_another_one_on_the_path_is_not_taken_for_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = program(tmp_path / "ours")
    program(tmp_path / "theirs")
    monkeypatch.setattr(sys, "argv", [str(called), "sandbox"])
    monkeypatch.setenv("PATH", str(tmp_path / "theirs"))
    assert project.command() == str(called)


def test_a_module_is_run_by_its_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/cambist/__main__.py", "sandbox"])
    assert shlex.split(project.command()) == [sys.executable, "-m", "cambist"]


def test_the_documents_of_a_checkout_are_those_that_lie_in_it() -> None:
    assert Path(project.documents()).is_absolute()
    assert Path(project.documents()).read_text().startswith("# Cambist")
