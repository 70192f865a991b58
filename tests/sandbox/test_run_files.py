"""The files by which running sandboxes are found: those of the living count, those of the dead are removed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cambist.sandbox.run_files import RunFile, Running, place, running

HERE = Running("http://127.0.0.1:8700", os.getpid(), "somewhere", 7)


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"XDG_RUNTIME_DIR": "/run/user/1", "HOME": "/h"}, "/run/user/1/cambist"),
        ({"XDG_STATE_HOME": "/state", "HOME": "/h"}, "/state/cambist/run"),
        ({"HOME": "/h"}, "/h/.local/state/cambist/run"),
        ({}, None),
    ],
)
def test_where_they_are(variables: dict[str, str], folder: str | None) -> None:
    assert place(variables) == (None if folder is None else Path(folder))


def test_a_file_counts_while_its_process_has_it_and_is_for_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "cambist"
    file = RunFile(folder, HERE)
    assert running(folder) == [HERE]
    (written,) = folder.iterdir()
    assert (written.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    file.close()
    assert not list(folder.iterdir())
    assert running(folder) == []


def test_a_file_that_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from cambist.sandbox.run_files import *; "
        "RunFile(Path(sys.argv[1]), Running('http://x', os.getpid(), 'd', 1)); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path], timeout=60).returncode == 9
    assert list(tmp_path.iterdir())
    assert running(tmp_path) == []
    assert not list(tmp_path.iterdir())


def test_files_that_make_no_sense_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "sandbox-1.json").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    file = RunFile(tmp_path, HERE)
    assert running(tmp_path) == [HERE]
    file.close()


def test_where_nothing_can_be_written_a_sandbox_runs_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (None, tmp_path / "file" / "below"):
        RunFile(folder, HERE).close()
        assert running(folder) == []
