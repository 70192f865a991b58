"""The Makefile in a directory of any name and on a machine where something is missing: real make, programs that only note their calls."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.test_tidy import ROOT

TOOLS = ("sh", "bash", "env", "make", "awk", "find", "mkdir", "touch", "test", "mv", "rm", "chmod", "cat", "cp", "basename")
ODD_NAME = "a b ü $x 'q'"


def program(folder: Path, name: str, lines: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{lines}\n")
    (folder / name).chmod(0o755)


class Clone:
    """A directory with the Makefile and what it reads, and a PATH of few programs. `calls` lists what was run in it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.programs = place.parent / "programs"
        self.noted = place.parent / "calls"
        place.mkdir()
        for name in ("Makefile", "pyproject.toml", "requirements", "scripts"):
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, place / name)
        self.programs.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None, tool
            (self.programs / tool).symlink_to(found)
        self.have("cargo", "exit 0")
        self.have("cc", "exit 0")
        # `python -m venv DIR` makes an interpreter, a maturin and a cambist that note how they were called, and where.
        noting = f'echo "$(basename "$0") $* [$VIRTUAL_ENV]" >> "{self.noted}"'
        for name in ("python", "maturin", "cambist"):
            program(place.parent / "venv", name, noting)
        making = f'mkdir -p "$3/bin" && cp "{place.parent}/venv/"* "$3/bin"'
        self.have("fake-python", f'case "$*" in "-m venv "*) {making};; *) exec "{sys.executable}" "$@";; esac')

    def have(self, name: str, lines: str) -> None:
        program(self.programs, name, lines)

    def lack(self, name: str) -> None:
        (self.programs / name).unlink()

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("make") or "make", "PYTHON=fake-python", *arguments],
            cwd=self.place,
            capture_output=True,
            text=True,
            env={"PATH": str(self.programs), "HOME": str(self.place.parent), "LC_ALL": os.environ.get("LC_ALL", "C.UTF-8")},
            timeout=60,
        )

    @property
    def calls(self) -> list[str]:
        return self.noted.read_text().splitlines() if self.noted.exists() else []


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / ODD_NAME)


@pytest.fixture
def taken_port() -> Iterator[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield str(taken.getsockname()[1])


def test_it_builds_in_a_directory_of_any_name(clone: Clone) -> None:
    built = clone.make("build")
    assert built.returncode == 0, built.stderr
    assert [call.split()[0] for call in clone.calls] == ["python", "maturin", "python"]
    assert clone.calls[1].endswith(f"[{clone.place}/.venv]")
    assert clone.make("build").returncode == 0
    assert len(clone.calls) == 3, "what is built already is built again"


def test_run_builds_the_page_once(clone: Clone) -> None:
    for _ in range(2):
        ran = clone.make("run", "PORT=0")
        assert ran.returncode == 0, ran.stderr
    assert [call for call in clone.calls if "web.py" in call] == [f"python scripts/web.py build [{''}]"]


def test_run_passes_the_port_on(clone: Clone) -> None:
    ran = clone.make("run", "PORT=0", "RUN_ARGS=--seed 7")
    assert ran.returncode == 0, ran.stderr
    assert clone.calls[-1].startswith("cambist sandbox --port 0 --seed 7")


@pytest.mark.parametrize(
    ("missing", "target", "words"),
    [
        ("cargo", "build", "Rust 1.85"),
        ("cargo", "run", "Rust 1.85"),
        ("cargo", "test", "Rust 1.85"),
        ("cargo", "wheel", "Rust 1.85"),
        ("cc", "build", "C compiler"),
        ("fake-python", "build", "Python 3.11"),
        ("fake-python", "run", "Python 3.11"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_downloaded(missing: str, target: str, words: str, clone: Clone) -> None:
    clone.lack(missing)
    answer = clone.make(target, *(["PORT=0"] if target == "run" else []))
    assert answer.returncode != 0
    assert words in answer.stderr
    assert clone.calls == []
    assert not (clone.place / ".venv").exists()


def test_checks_that_lint_needs_are_made_before_it_builds(clone: Clone) -> None:
    clone.have("cargo", 'case "$1" in fmt|clippy) exit 1;; esac')
    answer = clone.make("lint")
    assert answer.returncode != 0
    assert "rustfmt and clippy" in answer.stderr
    assert clone.calls == []


def test_a_port_that_is_taken_is_told_before_anything_is_built(clone: Clone, taken_port: str) -> None:
    answer = clone.make("run", f"PORT={taken_port}")
    assert answer.returncode != 0
    assert f"Port {taken_port} is taken" in answer.stderr
    assert clone.calls == []


@pytest.mark.parametrize("port", ["", "eighty", "70000", "-1", "87 00"])
def test_a_port_that_is_none_is_named(port: str, clone: Clone) -> None:
    answer = clone.make("run", f"PORT={port}")
    assert answer.returncode != 0
    assert "is no port" in answer.stderr
    assert clone.calls == []


def test_help_names_every_target_for_people(clone: Clone) -> None:
    listed = clone.make("help").stdout
    for target in ("build", "web", "run", "test", "lint", "format", "bench", "wheel", "lock", "clean"):
        assert f"  {target} " in listed
