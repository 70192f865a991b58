"""A person looks into history.sqlite with a tool that locks it, while the venue runs."""

import urllib.error
import urllib.request
from pathlib import Path

from tests.support.locked_files import locked
from tests.support.processes import Running, cambist, serving
from tests.support.waiting import wait_until


def not_ready(running: Running) -> str:
    """What /readyz says, empty when the venue is ready."""
    try:
        with urllib.request.urlopen(f"{running.url}/readyz", timeout=30):
            return ""
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"


def test_readiness_says_that_history_does_not_follow_until_the_lock_is_gone(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data) as running:
        with locked(data / "history.sqlite"):
            added = cambist("user", "add", "alice", "--data", data)
            assert added.returncode == 0, added.stderr
            wait_until(lambda: "history does not follow" in (said := not_ready(running)) and said.startswith("503"))
        wait_until(lambda: not_ready(running) == "")
        wait_until(lambda: running.metric("cambist_history_seq") == running.metric("cambist_durable_seq"))
        assert running.terminate() == 0


def test_a_venue_ends_in_order_while_history_is_locked(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data) as running, locked(data / "history.sqlite"):
        assert cambist("user", "add", "alice", "--data", data).returncode == 0
        wait_until(lambda: "history does not follow" in (said := not_ready(running)) and said.startswith("503"))
        assert running.terminate() == 0
    with serving(tmp_path, "serve", "--data", data) as again:
        assert again.metric("cambist_history_seq") == again.metric("cambist_durable_seq") > 0
