"""Temporary directories of sandboxes that were killed are removed by the next start; those of the living are not, nor of the beginning."""

import fcntl
import os
import tempfile
from pathlib import Path

import pytest

from cambist.app.sandboxing import TEMPORARY, remove_abandoned


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def directory(place: Path, lock: str | None) -> Path:
    made = place / f"{TEMPORARY}abcd"
    made.mkdir()
    if lock is not None:
        (made / "lock").write_text(lock)
    return made


@pytest.mark.parametrize(
    ("lock", "left"),
    [
        pytest.param("4711\n", False, id="somebody had it, and nobody has"),
        pytest.param("", True, id="somebody is about to take hold of it"),
        pytest.param(None, True, id="somebody has just made it"),
    ],
)
def test_what_nobody_holds(lock: str | None, left: bool, place: Path) -> None:
    made = directory(place, lock)
    remove_abandoned()
    assert made.exists() is left


def test_what_somebody_holds_stays(place: Path) -> None:
    made = directory(place, "4711\n")
    held = os.open(made / "lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    remove_abandoned()
    assert made.exists()
    os.close(held)
    remove_abandoned()
    assert not made.exists()
