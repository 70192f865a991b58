"""The first operator of a venue: asked for at a terminal, given by options, or told how to be made; and let in again."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cambist.app.serving import in_a_browser
from tests.support.processes import cambist, command, serving
from tests.support.waiting import PATIENCE, wait_until

GOOD = "correct horse battery"


@dataclass
class Terminal:
    """A process at a terminal of its own, whose other end is here."""

    pid: int
    end: int
    shown: str = ""

    def until(self, words: str) -> str:
        """What was shown up to these words, since the last call."""
        give_up = time.monotonic() + PATIENCE
        while words not in self.shown:
            assert time.monotonic() < give_up, f"{words!r} is not in {self.shown!r}"
            if select.select([self.end], [], [], 1.0)[0]:
                try:
                    self.shown += os.read(self.end, 4096).decode()
                except OSError:  # the other end is closed
                    raise AssertionError(f"{words!r} is not in {self.shown!r}, and it ended") from None
        before, _, self.shown = self.shown.partition(words)
        return before + words

    def type(self, line: str) -> None:
        os.write(self.end, f"{line}\n".encode())

    def ended(self) -> int:
        """Its exit code."""
        found: list[int] = []

        def gone() -> bool:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            found.append(status)
            return pid != 0

        wait_until(gone)
        return os.waitstatus_to_exitcode(found[-1])


@contextmanager
def at_a_terminal(*arguments: str | Path) -> Iterator[Terminal]:
    line = command(*arguments)
    pid, end = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests in the background may have it ignored
        os.execv(line[0], line)
    terminal = Terminal(pid, end)
    try:
        yield terminal
    finally:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(end)


def serve(data: Path, *more: str | Path) -> list[str | Path]:
    return ["serve", "--data", data, "--port", "0", *more]


def operators(data: Path) -> list[tuple[str, str]]:
    done = cambist("operator", "list", "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    return [(row["name"], row["role"]) for row in json.loads(done.stdout)]


def log_in(url: str, name: str, password: str) -> str:
    """The role of who logs in."""
    body = json.dumps({"name": name, "password": password}).encode()
    request = urllib.request.Request(f"{url}/cambist/v1/session", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return str(json.load(answer)["profile"]["role"])


def test_a_new_venue_asks_for_name_and_password_and_shows_neither_of_the_passwords(tmp_path: Path) -> None:
    with at_a_terminal(*serve(tmp_path / "venue")) as terminal:
        terminal.until("empty: none now): ")
        terminal.type("olga")
        terminal.until("Password of olga: ")
        terminal.type("short")
        assert "short" not in terminal.until("at least 12 characters.")
        terminal.until("Password of olga: ")
        terminal.type("aaaaaaaaaaaaaa")
        terminal.until("different characters.")
        terminal.until("Password of olga: ")
        terminal.type("my name is Olga!")
        terminal.until("does not contain the name.")
        terminal.until("Password of olga: ")
        terminal.type(GOOD)
        terminal.until("The same again: ")
        terminal.type("something else altogether")
        terminal.until("two different passwords.")
        terminal.until("Password of olga: ")
        terminal.type(GOOD)
        terminal.until("The same again: ")
        terminal.type(GOOD)
        shown = terminal.until("Cambist at http://")
        url = "http://" + terminal.until(" ").strip()
        shown += terminal.until("Operator olga logs in there.")
        assert GOOD not in shown
        assert "open it in a browser" in shown
        assert log_in(url, "olga", GOOD) == "operator"
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.ended() == 0
    assert operators(tmp_path / "venue") == [("olga", "operator")]
    with at_a_terminal(*serve(tmp_path / "venue")) as terminal:
        assert "none now" not in terminal.until("Cambist at http://"), "a venue is asked once"


def test_who_wants_no_operator_now_gets_a_venue_and_is_told_how(tmp_path: Path) -> None:
    with at_a_terminal(*serve(tmp_path / "venue")) as terminal:
        terminal.until("empty: none now): ")
        terminal.type("")
        terminal.until("Cambist at http://")
        terminal.until(f"cambist operator create NAME --data {tmp_path / 'venue'}")


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_who_gives_up_at_the_password_leaves_a_directory_that_starts_later(tmp_path: Path, key: str) -> None:
    with at_a_terminal(*serve(tmp_path / "venue")) as terminal:
        terminal.until("empty: none now): ")
        terminal.type("olga")
        terminal.until("Password of olga: ")
        os.write(terminal.end, key.encode())
        assert terminal.ended() == (130 if key == "\x03" else 2)
    with at_a_terminal(*serve(tmp_path / "venue")) as terminal:
        terminal.until("empty: none now): ")


def test_without_a_terminal_it_goes_on_and_says_how(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", tmp_path / "venue") as running:
        pass
    assert f"cambist operator create NAME --data {tmp_path / 'venue'}" in running.log.read_text()
    assert operators(tmp_path / "venue") == []


def test_options_make_one_and_the_same_options_start_it_again(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{GOOD}\n")
    options = ("--operator", "olga", "--operator-password-file", tmp_path / "password")
    with serving(tmp_path, "serve", "--data", tmp_path / "venue", *options) as running:
        assert log_in(running.url, "olga", GOOD) == "operator"
    (tmp_path / "password").write_text("another good password")
    with serving(tmp_path, "serve", "--data", tmp_path / "venue", *options) as running:
        assert log_in(running.url, "olga", GOOD) == "operator", "who is one already keeps the password"
    assert GOOD not in running.log.read_text()


def test_the_password_comes_from_the_environment_or_standard_input_too(tmp_path: Path) -> None:
    done = cambist("operator", "create", "olga", "--data", make(tmp_path), CAMBIST_OPERATOR_PASSWORD=GOOD)
    assert (done.returncode, done.stdout) == (0, "Operator olga has account 16.\n"), done.stderr
    line = command("operator", "create", "otto", "--password-file", "-", "--data", tmp_path / "venue")
    otto = subprocess.run(line, input=f"{GOOD}\n", capture_output=True, text=True, timeout=PATIENCE)
    assert (otto.returncode, otto.stdout) == (0, "Operator otto has account 17.\n"), otto.stderr
    assert operators(tmp_path / "venue") == [("olga", "operator"), ("otto", "operator")]


@pytest.mark.parametrize(
    ("options", "content", "code", "words"),
    [
        (("--operator", "olga"), "short", 1, "at least 12 characters"),
        (("--operator", "_"), GOOD, 1, "a name has 2 to 32 characters"),
        (("--operator", "olga"), "", 2, "there is no password in its first line"),
        (("--operator", "olga"), None, 7, "password"),
        ((), GOOD, 2, "say with --operator whose password it is"),
    ],
)
def test_what_cannot_be_an_operator_stops_the_start(
    tmp_path: Path, options: tuple[str, ...], content: str | None, code: int, words: str
) -> None:
    if content is not None:
        (tmp_path / "password").write_text(content)
    done = cambist(*serve(tmp_path / "venue", *options, "--operator-password-file", tmp_path / "password"))
    assert words in done.stderr
    assert content is None or done.returncode == code


def test_an_operator_who_lost_everything_is_let_in_again(tmp_path: Path) -> None:
    data = make(tmp_path)
    assert cambist("operator", "create", "olga", "--data", data, CAMBIST_OPERATOR_PASSWORD=GOOD).returncode == 0
    cambist("user", "freeze", "olga", "--data", data)
    cambist("second-factor", "enrol", "olga", "--data", data)
    done = cambist("operator", "reset", "olga", "--data", data, CAMBIST_OPERATOR_PASSWORD="another good password")
    assert done.returncode == 0, done.stderr
    with serving(tmp_path, "serve", "--data", data) as running:
        assert log_in(running.url, "olga", "another good password") == "operator"
        made_up = cambist("operator", "reset", "olga", "--made-up", "--data", data)
        assert log_in(running.url, "olga", made_up.stdout.partition("Password: ")[2].strip()) == "operator"
    cambist("user", "add", "alice", "--data", data)
    refused = cambist("operator", "reset", "alice", "--made-up", "--data", data)
    assert (refused.returncode, "alice is no operator" in refused.stderr) == (1, True)
    records = json.loads(cambist("audit", "list", "--operation", "operator", "--data", data, "--json").stdout)
    assert [record["outcome"] for record in records] == ["done", "done", "done", "not-an-operator"]


def make(folder: Path) -> Path:
    """A data directory of a venue that is stopped."""
    with serving(folder, "serve", "--data", folder / "venue"):
        pass
    return folder / "venue"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:8700", "open it in a browser"),
        ("http://0.0.0.0:8700", "open it in a browser: http://localhost:8700 on this machine, by the machine's name from elsewhere"),
        ("https://[::]:8443", "open it in a browser: https://localhost:8443 on this machine, by the machine's name from elsewhere"),
        ("https://venue.example:443", "open it in a browser"),
    ],
)
def test_an_address_is_said_that_a_browser_can_go_to(url: str, words: str) -> None:
    assert in_a_browser(url) == words
