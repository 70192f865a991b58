"""`cambist doctor` finds what is wrong, says what to do, and changes nothing."""

import json
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cambist.app.errors import Exit
from tests.support.processes import cambist, command, serving
from tests.support.waiting import PATIENCE


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped venue with a user."""
    folder = tmp_path_factory.mktemp("doctor")
    with serving(folder, "serve", "--data", folder / "venue"):
        assert cambist("user", "add", "alice", "--data", folder / "venue").returncode == 0
    return folder / "venue"


def findings(data: Path) -> tuple[int, dict[str, str]]:
    """The exit code, and the text of each finding that is not well."""
    answer = cambist("doctor", "--data", data, "--json")
    assert "Traceback" not in answer.stderr, answer.stderr
    return answer.returncode, {row["subject"]: row["text"] for row in json.loads(answer.stdout) if row["verdict"] != "ok"}


def test_a_good_venue_is_well_stopped_and_running(well: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(well, tmp_path / "venue"))
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    code, found = findings(data)
    assert (code, set(found) - {"open files", "disk"}) == (0, set())
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before
    with serving(tmp_path, "serve", "--data", data):
        answer = cambist("doctor", "--data", data)
        assert answer.returncode == 0
        assert "the venue runs and answers" in answer.stdout


def cut(file: Path) -> None:
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 4_000)


def tamper(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"user.add", b"user.eat"))


def cut_last_line(file: Path) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))


HARM: list[tuple[str, str, int, Callable[[Path], object]]] = [
    ("files", "directory.sqlite is missing or empty", Exit.DAMAGED, lambda data: (data / "directory.sqlite").unlink()),
    ("files", "master.key", Exit.DAMAGED, lambda data: (data / "master.key").unlink()),
    ("files", "directory.sqlite is missing or empty", Exit.DAMAGED, lambda data: (data / "directory.sqlite").write_bytes(b"")),
    ("files", "no master key", Exit.DAMAGED, lambda data: (data / "master.key").write_text("lost")),
    ("journal", "format 9", Exit.NOT_A_VENUE, lambda data: (data / "journal" / "format").write_text("cambist journal, format 9\n")),
    ("files", "history.sqlite is missing", 0, lambda data: (data / "history.sqlite").unlink()),
    ("permissions", "chmod -R go-rwx", 0, lambda data: (data / "config.toml").chmod(0o644)),
    ("permissions", "chmod -R go-rwx", Exit.DAMAGED, lambda data: (data / "master.key").chmod(0o644)),
    ("databases", "from a backup", Exit.DAMAGED, lambda data: cut(data / "directory.sqlite")),
    ("databases", "cambist rebuild", Exit.DAMAGED, lambda data: cut(data / "history.sqlite")),
    ("journal", "missing", Exit.DAMAGED, lambda data: shutil.rmtree(data / "journal")),
    ("audit log", "line 2", Exit.DAMAGED, lambda data: tamper(data / "audit.jsonl")),
    ("audit log", "records 1 to 2 are missing", Exit.DAMAGED, lambda data: (data / "audit.jsonl").unlink()),
    ("audit log", "records 1 to 2 are missing", Exit.DAMAGED, lambda data: (data / "audit.jsonl").write_bytes(b"")),
    ("audit log", "records 2 to 2 are missing", Exit.DAMAGED, lambda data: cut_last_line(data / "audit.jsonl")),
    ("configuration", "config.toml", Exit.CONFIGURATION, lambda data: (data / "config.toml").write_text("nonsense = 1")),
    ("format", "format 1", Exit.NOT_A_VENUE, lambda data: (data / "format").write_text("something else")),
    ("snapshots", "there is none", 0, lambda data: shutil.rmtree(data / "snapshots")),
]


@pytest.mark.parametrize(("subject", "words", "code", "harm"), HARM, ids=[f"{subject}: {words}" for subject, words, _, _ in HARM])
def test_what_is_wrong_is_found_and_named(
    subject: str, words: str, code: int, harm: Callable[[Path], object], well: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(well, tmp_path / "venue"))
    harm(data)
    answer, found = findings(data)
    assert words in found[subject]
    assert answer == code


def test_a_disk_that_takes_nothing_is_no_damage_of_a_file(well: Path, tmp_path: Path) -> None:
    """SQLite says "disk I/O error" of a good file when it cannot write beside it."""
    data = Path(shutil.copytree(well, tmp_path / "venue"))

    def take_nothing() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    line = command("doctor", "--data", data)
    answer = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE * 2, preexec_fn=take_nothing)
    assert answer.returncode == Exit.DISK, answer.stdout + answer.stderr
    assert "damaged" not in answer.stdout
    assert str(data / "directory.sqlite") in answer.stdout


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    answer = cambist("doctor", "--data", tmp_path / "nowhere")
    assert (answer.returncode, "nowhere" in answer.stderr) == (Exit.NOT_A_VENUE, True)
