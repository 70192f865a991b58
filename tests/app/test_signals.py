"""Every signal of the platform, sent to a venue that serves."""

import signal
from pathlib import Path

import pytest

from cambist.app.signals import Reaction, reaction_to
from tests.support.processes import cambist, serving
from tests.support.waiting import PATIENCE

HARMLESS = ("SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH")
FATAL = ("SIGKILL", "SIGSTOP", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGSYS", "SIGTRAP")
ENDING = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGPWR", "SIGXCPU")


def test_only_faults_and_those_that_mean_an_end_end_a_venue() -> None:
    names = {number: signal.Signals(number).name for number in signal.valid_signals() if number in set(signal.Signals)}
    assert {name for number, name in names.items() if reaction_to(number) == Reaction.END} == set(ENDING) & set(names.values())
    assert {name for number, name in names.items() if reaction_to(number) == Reaction.SYSTEM} == {*FATAL, *HARMLESS}


def test_a_venue_serves_on_whatever_signal_means_nothing_to_it(tmp_path: Path) -> None:
    meaningless = [number for number in signal.valid_signals() if reaction_to(number) in {Reaction.IGNORE, Reaction.RELOAD}]
    kept = sorted({*meaningless, *(getattr(signal, name) for name in HARMLESS)})
    assert len(kept) > 40, "real-time signals included"
    with serving(tmp_path, "serve", "--data", tmp_path / "venue") as running:
        for number in kept:
            running.process.send_signal(number)
        assert cambist("user", "list", "--data", tmp_path / "venue").returncode == 0
        assert running.process.poll() is None


@pytest.mark.parametrize("name", ENDING)
def test_a_venue_ends_in_order(name: str, tmp_path: Path) -> None:
    if not hasattr(signal, name):
        pytest.skip("not a signal of this platform")
    with serving(tmp_path, "serve", "--data", tmp_path / "venue") as running:
        running.process.send_signal(getattr(signal, name))
        assert running.process.wait(PATIENCE) == 0
        assert not (tmp_path / "ready.json").exists()
