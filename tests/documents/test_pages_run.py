"""What the pages show is what happens: their blocks run, in order; what is done on a sandbox is done twice in a row."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pytest

from tests.documents.blocks import BLOCKS, Block
from tests.support.clients import client_environment
from tests.support.installed import variables
from tests.support.processes import Running, start
from tests.support.waiting import PATIENCE
from tests.tidy.test_tidy import ROOT

RUNNABLE = ("run", "serve", "stop, run", "file", "python")
PAGE_HOST, PAGE_DATA = "127.0.0.1:8700", "/var/lib/cambist"
"""What the pages say for the server's address and a venue's directory."""


def kind(block: Block) -> str:
    """The mark without its name or reason."""
    return block.test if block.test == "stop, run" else block.test.partition(" ")[0].rstrip(",")


SESSIONS = {
    page.relative_to(ROOT): runnable
    for page, group in groupby(BLOCKS, lambda block: block.page)
    if (runnable := [block for block in group if kind(block) in RUNNABLE])
}


class Session:
    """A directory of its own, the command on the PATH, and at most one server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: Running | None = None
        for place in (folder / ".venv" / "bin", folder / "bin"):
            place.mkdir(parents=True)
            (place / "cambist").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cambist.app.cli "$@"\n')
            (place / "cambist").chmod(0o755)
        (folder / "state").touch()

    def close(self) -> None:
        if self.running is not None and self.running.process.poll() is None:
            self.running.terminate()
        self.running = None

    def step(self, block: Block) -> None:
        text = block.text.replace(PAGE_DATA, str(self.folder / "venue"))
        if self.running is not None:
            text = text.replace(PAGE_HOST, f"127.0.0.1:{self.running.port}")
        if kind(block) == "file":
            (self.folder / block.test.removeprefix("file ")).write_text(text)
        elif kind(block) == "python":
            self._passes([str(client_environment(block.test.removeprefix("python "))), "-c", text], block)
        elif kind(block) == "serve":
            *before, server = text.strip().splitlines()
            self.shell("\n".join(before), block)
            self.close()
            # The same person's as what the shell runs: `ctl` finds it where that person's sandboxes are.
            own = {"HOME": str(self.folder), "XDG_RUNTIME_DIR": "", "XDG_STATE_HOME": ""}
            self.running = start(self.folder, *self._arguments(server), **own)
        else:
            if kind(block) == "stop, run":
                self.close()
            self.shell(text, block)

    def _arguments(self, line: str) -> list[str | Path]:
        """What a server's line gives it, without port and ready file, which the test chooses."""
        program, *arguments = shlex.split(line)
        assert Path(program).name == "cambist", line
        kept: list[str | Path] = []
        for before, argument in zip(["", *arguments], arguments, strict=False):
            if argument not in ("--port", "--ready-file") and before not in ("--port", "--ready-file"):
                kept.append(self.folder / argument if argument.startswith("./") else argument)
        return kept

    def shell(self, text: str, block: Block) -> None:
        """What it exports or assigns is there in the next one; each has the packages that it asks for."""
        kept = "export -p | grep -v ' PYTHONPATH=' > state"
        self._passes(["bash", "-eo", "pipefail", "-c", f". ./state\nset -a\n{text}\nset +a\n{kept}"], block)

    def _passes(self, command: Sequence[str], block: Block) -> None:
        path = f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        # As a newcomer's: no variable of ours, no settings of the machine's user.
        environment = {"PATH": path, "HOME": str(self.folder), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        if kind(block) == "python":
            del environment["PYTHONPATH"]
        elif packages := block.test.partition("run ")[2]:
            environment |= variables(self.folder, *packages.split())
        ran = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=2 * PATIENCE
        )
        assert ran.returncode == 0, f"{block.where}:\n{block.text}\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("page", SESSIONS, ids=str)
def test_the_blocks_of_a_page_run(page: Path, session: Session) -> None:
    again: list[Block] = []
    for block in SESSIONS[page]:
        if kind(block) == "serve":
            repeat(session, again)
            again = []
        session.step(block)
        if kind(block) != "serve":
            again.append(block)
    repeat(session, again)


def repeat(session: Session, done: Sequence[Block]) -> None:
    """The same once more on the same sandbox: no example may use up what it needs. A venue's names and numbers are taken once."""
    if session.running is not None and "sandbox" in session.running.process.args:  # type: ignore[operator]
        for block in done:
            session.step(block)


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.is_shell or block.language == "python"], ids=lambda block: block.where
)
def test_a_block_says_what_becomes_of_it(block: Block) -> None:
    assert kind(block) in (*RUNNABLE, "elsewhere", "none"), (
        f"write <!-- test: ... --> before it, see tests/documents/blocks.py; not {block.test!r}"
    )
    if kind(block) == "none":
        assert block.test.removeprefix("none").strip(", "), "say why nobody runs it"
    if kind(block) == "elsewhere":
        assert block.page.name in (ROOT / block.test.split()[1]).read_text(), "that test does not read this page"


def test_a_block_has_a_language() -> None:
    without = [block.where for block in BLOCKS if not block.language]
    assert not without, f"write ```sh, ```python, ```text or another: {without}"


def test_every_decision_is_on_the_list() -> None:
    checking = [sys.executable, str(ROOT / "scripts" / "list_decisions.py"), "--check"]
    checked = subprocess.run(checking, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr
