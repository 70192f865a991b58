"""A person looks into history.sqlite with a tool that locks it, while the venue runs."""

from pathlib import Path

from tests.support.locked_files import locked
from tests.support.processes import cambist, serving
from tests.support.waiting import wait_until


def test_a_venue_stays_ready_and_says_that_history_does_not_follow_until_the_lock_is_gone(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data) as running:
        with locked(data / "history.sqlite"):
            added = cambist("user", "add", "alice", "--data", data)
            assert added.returncode == 0, added.stderr
            wait_until(lambda: running.degraded() == "history does not follow")
        wait_until(lambda: running.degraded() == "")
        wait_until(lambda: running.metric("cambist_history_seq") == running.metric("cambist_durable_seq"))
        assert running.terminate() == 0


def test_a_venue_ends_in_order_while_history_is_locked(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data) as running, locked(data / "history.sqlite"):
        assert cambist("user", "add", "alice", "--data", data).returncode == 0
        wait_until(lambda: running.degraded() == "history does not follow")
        assert running.terminate() == 0
    with serving(tmp_path, "serve", "--data", data) as again:
        assert again.metric("cambist_history_seq") == again.metric("cambist_durable_seq") > 0
