"""With a seed and a manual clock the same requests give the same bytes on every connection, and another seed another market."""

from __future__ import annotations

from pathlib import Path

from tests.support.processes import Running, start
from tests.support.scripted_session import Session

REQUESTS = 2_000


def sandbox(folder: Path, seed: int, **environment: str) -> Running:
    folder.mkdir()
    return start(folder, "sandbox", "--seed", str(seed), "--clock", "manual", "--users", "alice,bob", **environment)


def received(folder: Path, seed: int, requests: int, **environment: str) -> list[bytes]:
    """What each connection of the session was sent, the control API's last."""
    running = sandbox(folder, seed, **environment)
    try:
        control, *others = Session(running.ready).run(requests)
        return [*others, control]
    finally:
        running.terminate()


def parting(first: list[bytes], second: list[bytes]) -> list[str]:
    """Where two runs part on each connection, with what is there; empty when they are the same."""
    found = []
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        if one != other:
            at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
            begin = max(at - 100, 0)
            found.append(f"connection {number}, byte {at}: {one[begin : at + 50]!r} and {other[begin : at + 50]!r}")
    return found


def test_two_long_sessions_on_all_dialects_and_sockets_get_the_same_bytes(tmp_path: Path) -> None:
    first = received(tmp_path / "first", 7, REQUESTS, PYTHONHASHSEED="1")
    second = received(tmp_path / "second", 7, REQUESTS, PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C")
    assert parting(first, second) == []
    assert min(map(len, first)) > 1_000, "every connection was sent something"


def test_another_seed_makes_another_market(tmp_path: Path) -> None:
    first, second = (received(tmp_path / str(seed), seed, 60) for seed in (7, 8))
    assert len(parting(first[:-1], second[:-1])) == len(first) - 1, "every connection but the control API's"
