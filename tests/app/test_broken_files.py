"""Every file of a data directory, broken in every way, under every command: one sentence, a documented code, and the doctor knows."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cambist.app.errors import Exit
from tests.support.processes import cambist, serving
from tests.support.waiting import PATIENCE

BOUND_BY_PERMISSIONS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []
"""Root obeys permissions like anybody else without these capabilities."""

RUNNER = """
import os, pathlib, signal, sys, threading, time
import cambist.app.admin_client, cambist.app.cli, cambist.app.doctor, cambist.app.restoring, cambist.app.serving, cambist.app.stopped
import cambist.app.upkeep

for line in sys.stdin.read().split("\\n"):
    name, *arguments = line.split("\\t")
    child = os.fork()
    if not child:
        out = os.open(name, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(out, 1)
        os.dup2(out, 2)
        ready = pathlib.Path(name + ".ready")

        def stop():
            while not ready.exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)

        if "serve" in arguments:
            arguments += ["--port", "0", "--ready-file", str(ready)]
            threading.Thread(target=stop, daemon=True).start()
        sys.argv = ["cambist", *arguments]
        cambist.app.cli.main()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Runs commands one after the other, each in a process of its own that need not import anything; `serve` is ended once it serves."""

COMMANDS: dict[str, list[str]] = {
    "doctor": ["doctor"],
    "verify": ["verify"],
    "user list": ["user", "list"],
    "backup": ["backup"],
    "serve": ["serve"],
    "rebuild": ["rebuild"],
}


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped venue with a user and some money."""
    folder = tmp_path_factory.mktemp("well")
    config = folder / "given.toml"
    config.write_text("[journal]\nsegment_mebibytes = 1\n")
    with serving(folder, "serve", "--data", folder / "venue", "--config", config):
        assert cambist("user", "add", "alice", "--data", folder / "venue").returncode == 0
        assert cambist("fund", "alice", "BTC=1,USD=1000", "--data", folder / "venue").returncode == 0
    return folder / "venue"


def removed(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def in_the_others_place(path: Path) -> None:
    """A directory instead of a file, a file instead of a directory."""
    was_directory = path.is_dir()
    removed(path)
    path.touch() if was_directory else path.mkdir()


def dangling(path: Path) -> None:
    removed(path)
    path.symlink_to("/nowhere/at/all")


def emptied(path: Path) -> None:
    if path.is_dir():
        removed(path)
        path.mkdir()
    else:
        path.write_bytes(b"")


def garbage(path: Path) -> None:
    for file in path.iterdir() if path.is_dir() else [path]:
        if file.suffix != ".pre":
            file.write_bytes(b"\xa5" * 9_000)


def other_key(path: Path) -> None:
    path.write_text("5a" * 32 + "\n")


HARMS: dict[str, Callable[[Path], None]] = {
    "mode 000": lambda path: path.chmod(0),
    "dangling": dangling,
    "in the other's place": in_the_others_place,
    "empty": emptied,
    "garbage": garbage,
    "removed": removed,
}
WELL, DAMAGED, CONFIGURATION, NOT_A_VENUE = Exit.OK, Exit.DAMAGED, Exit.CONFIGURATION, Exit.NOT_A_VENUE
SERVE: dict[str, tuple[Exit, Exit, Exit]] = {
    # What `serve` ends with when the file is empty, is garbage, is not there.
    "config.toml": (WELL, CONFIGURATION, DAMAGED),
    "master.key": (DAMAGED, DAMAGED, DAMAGED),
    "directory.sqlite": (DAMAGED, DAMAGED, DAMAGED),
    "chain.sqlite": (DAMAGED, DAMAGED, DAMAGED),
    "wallet.sqlite": (WELL, DAMAGED, WELL),
    "merchant.sqlite": (WELL, DAMAGED, WELL),
    "history.sqlite": (WELL, DAMAGED, WELL),
    "provisioned.json": (DAMAGED, DAMAGED, WELL),
    "audit.jsonl": (WELL, DAMAGED, WELL),
    "format": (NOT_A_VENUE, NOT_A_VENUE, NOT_A_VENUE),
    "lock": (WELL, WELL, WELL),
    "journal": (DAMAGED, NOT_A_VENUE, DAMAGED),
    "snapshots": (WELL, WELL, WELL),
}
"""A configuration may be empty: all its settings have defaults. What is folded from the journal is made again."""

NAMED_BY_WHO_OPENS_IT = {"history.sqlite", "audit.jsonl", "journal"}
"""A start looks at these only as it opens them, `verify` at every byte: the code is the same, and the file that is named."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    said: str


def run_all(well: Path, name: str, harm: Callable[[Path], None], folder: Path) -> dict[str, Ended]:
    """Each command on a copy of the venue of its own, in which the file was harmed."""
    lines = []
    for number, words in enumerate(COMMANDS.values()):
        data = Path(shutil.copytree(well, folder / f"venue{number}", ignore=shutil.ignore_patterns("admin.sock")))
        harm(data / name)
        more = [str(folder / f"backup{number}")] if words == ["backup"] else []
        lines.append("\t".join([str(folder / f"said{number}"), *words, *more, "--data", str(data)]))
    run = [*BOUND_BY_PERMISSIONS, sys.executable, "-c", RUNNER]
    answer = subprocess.run(run, input="\n".join(lines), capture_output=True, text=True, timeout=PATIENCE * 4)
    codes = [int(code) for code in answer.stdout.split()]
    assert len(codes) == len(COMMANDS), answer.stderr
    ended = {command: Ended(codes[n], (folder / f"said{n}").read_text()) for n, command in enumerate(COMMANDS)}
    for path in folder.rglob("*"):
        if path.name == name and not path.is_symlink():
            path.chmod(0o700)  # so that it can be removed
    return ended


def expected(name: str, harm: str) -> Exit:
    if harm == "mode 000":
        return Exit.PERMISSION
    if harm in {"dangling", "in the other's place"}:
        return Exit.DAMAGED
    return SERVE[name][["empty", "garbage", "removed"].index(harm)]


def sentences(said: str) -> Iterator[str]:
    """What the command itself says at its end."""
    return (line for line in said.splitlines() if line.startswith("cambist: "))


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="PERMISSIONS NOT TESTED: apt-get install util-linux")
@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("name", SERVE)
def test_a_broken_file_is_a_sentence_and_a_code_under_every_command(name: str, harm: str, well: Path, tmp_path: Path) -> None:
    ended = run_all(well, name, HARMS[harm], tmp_path)
    wanted = expected(name, harm)
    assert ended["serve"].code == wanted, ended["serve"].said
    for command, end in ended.items():
        assert "Traceback" not in end.said, f"{command}: {end.said}"
        assert end.code in {wanted, Exit.OK, Exit.DAMAGED, Exit.NOT_A_VENUE}, f"{command}: {end.said}"
        assert len(list(sentences(end.said))) == (end.code != 0), f"{command}: {end.said}"
        if end.code in {Exit.PERMISSION, Exit.DAMAGED}:
            assert name.partition(".")[0] in end.said, f"{command}: {end.said}"
    if wanted != Exit.OK:
        assert ended["doctor"].code == wanted, ended["doctor"].said
        assert ended["verify"].code == wanted, ended["verify"].said
        if name not in NAMED_BY_WHO_OPENS_IT:
            said = [re.sub(r"venue\d", "venue", "".join(sentences(ended[command].said))) for command in ("serve", "verify")]
            assert said[0] == said[1]


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="PERMISSIONS NOT TESTED: apt-get install util-linux")
def test_the_master_key_of_another_venue_is_named_by_whoever_looks(well: Path, tmp_path: Path) -> None:
    ended = run_all(well, "master.key", other_key, tmp_path)
    for command in ("serve", "verify", "doctor"):
        assert ended[command].code == Exit.DAMAGED, f"{command}: {ended[command].said}"
        assert "this master key is not the one" in ended[command].said


def test_a_lost_format_beside_a_journal_is_put_back_as_the_sentence_says(well: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(well, tmp_path / "venue", ignore=shutil.ignore_patterns("admin.sock")))
    (data / "format").unlink()
    answer = cambist("verify", "--data", data)
    assert answer.returncode == Exit.NOT_A_VENUE
    assert f"{data}/format is missing beside a journal" in answer.stderr
    subprocess.run(answer.stderr.partition("run: ")[2].strip(), shell=True, check=True)
    again = cambist("verify", "--data", data)
    assert again.returncode == Exit.OK, again.stderr


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="PERMISSIONS NOT TESTED: apt-get install util-linux")
def test_a_data_directory_that_may_not_be_read_is_a_matter_of_permission(well: Path, tmp_path: Path) -> None:
    ended = run_all(well, ".", HARMS["mode 000"], tmp_path)
    for folder in tmp_path.glob("venue*"):
        folder.chmod(0o700)
    for command, end in ended.items():
        assert end.code == Exit.PERMISSION, f"{command}: {end.said}"
        assert len(list(sentences(end.said))) == 1, f"{command}: {end.said}"


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="PERMISSIONS NOT TESTED: apt-get install util-linux")
def test_a_backup_of_which_a_file_may_not_be_read_is_a_matter_of_permission(well: Path, tmp_path: Path) -> None:
    made = tmp_path / "backup"
    assert cambist("backup", made, "--data", well).returncode == 0
    for name in (".", "backup.json", "journal", "journal/format", "directory.sqlite", "chain.sqlite", "master.key", "audit.jsonl"):
        before = (made / name).stat().st_mode
        (made / name).chmod(0)
        answer = cambist("restore", made, "--data", tmp_path / "restored", inside=BOUND_BY_PERMISSIONS)
        (made / name).chmod(before)
        assert answer.returncode == Exit.PERMISSION, f"{name}: {answer.stderr}"
        assert len(list(sentences(answer.stderr))) == 1, answer.stderr
        assert not (tmp_path / "restored").exists()
