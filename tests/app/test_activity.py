"""A running venue looked after: what goes on, how its files are, and a backup that it writes by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cambist.app.activity import SECOND, Sample, Window, _latency, replies_by_second
from cambist.gateway.metrics import BOUNDS, Metrics
from tests.support.btce_client import BtceClient
from tests.support.processes import Running, cambist, serving
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("activity")
    (folder / "own.toml").write_text('[backup]\ndirectory = "../backups"\n')
    with serving(folder, "serve", "--data", folder / "venue", "--config", folder / "own.toml") as running:
        yield running


def data_of(venue: Running) -> Path:
    return venue.log.parent / "venue"


def answer(venue: Running, *command: str) -> Any:
    done = cambist(*command, "--data", data_of(venue), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_status_counts_what_goes_on(venue: Running) -> None:
    for name in ("alice", "bob"):
        cambist("user", "add", name, "--data", data_of(venue))
        cambist("fund", name, "BTC=1,USD=10000", "--data", data_of(venue))
    keys = [answer(venue, "key", "create", name, "--dialect", "btce") for name in ("alice", "bob")]
    alice, bob = (BtceClient(venue.port, key["key"], key["secret"]) for key in keys)
    assert (await alice.call("Trade", pair="btc_usd", type="sell", rate="1000", amount="0.5")).result
    assert (await bob.call("Trade", pair="btc_usd", type="buy", rate="1000", amount="0.2")).result
    assert not (await bob.call("Trade", pair="btc_usd", type="buy", rate="1000", amount="90")).result
    found = answer(venue, "status")
    activity, condition = found["activity"], found["condition"]
    assert (activity["orders"], activity["orders_rejected"], activity["trades"]) == (2, 1, 1)
    assert activity["replies"]["count"] >= 3
    assert activity["replies"]["half"] <= activity["replies"]["all_but_one_percent"]
    (btce,) = [row for row in activity["dialects"] if row["name"] == "btce_wex"]
    assert (btce["replies"], btce["errors"], btce["replies_since_start"]) == (3, 0, 3)
    assert activity["memory"] > 10_000_000
    assert (condition["ready"], condition["reasons"]) == (True, [])
    assert condition["journal_bytes"] > 0 < condition["disk_free"] < condition["disk_size"]
    assert found["audit_record"] >= 8
    cambist("snapshot", "--data", data_of(venue))
    assert [each["seq"] for each in answer(venue, "status")["condition"]["snapshots"]] == [found["seq"]]
    assert "ready" in cambist("status", "--data", data_of(venue)).stdout


def test_a_backup_is_started_and_seen_done(venue: Running) -> None:
    assert answer(venue, "backups", "list")["files"] == []
    started = cambist("backups", "start", "--data", data_of(venue))
    assert started.returncode == 0, started.stderr
    wait_until(lambda: answer(venue, "backups", "list")["last"]["state"] != "running")
    listed = answer(venue, "backups", "list")
    assert (listed["last"]["state"], listed["last"]["text"]) == ("done", "")
    (file,) = listed["files"]
    assert file["directory"] == listed["last"]["directory"]
    assert Path(file["directory"]).parent == (venue.log.parent / "backups").resolve()
    restored = cambist("restore", file["directory"], "--data", venue.log.parent / "restored")
    assert restored.returncode == 0, restored.stderr


@pytest.mark.parametrize(
    ("buckets", "answer"),
    [
        ({}, (0, None, None, None)),
        ({0: 1}, (1, 100, 100, 100)),
        ({0: 5, 3: 4, 5: 1}, (10, 100, 1_000, 5_000)),
        ({0: 98, len(BOUNDS): 2}, (100, 100, 100, None)),
    ],
)
def test_latencies_are_the_bounds_that_so_many_kept(buckets: dict[int, int], answer: tuple[int | None, ...]) -> None:
    counts = [buckets.get(number, 0) for number in range(len(BOUNDS) + 1)]
    found = _latency(BOUNDS, counts)
    assert (found.count, found.half, found.nine_tenths, found.all_but_one_percent) == answer


def test_replies_are_counted_by_dialect() -> None:
    metrics = Metrics()
    assert (metrics.replies(), sum(metrics.latencies())) == ({}, 0)
    metrics.route("btse", "/a").observe(200, 0.00005)
    metrics.route("btse", "/b").observe(503, 0.3)
    metrics.route("expie", "/c").observe(404, 9)
    assert metrics.replies() == {"btse": (2, 1), "expie": (1, 0)}
    assert [number for number, count in enumerate(metrics.latencies()) if count] == [0, 11, len(BOUNDS)]


def sample(second: float, replies: int = 0) -> Sample:
    return Sample(round(second * SECOND), 0, 0, 0, 0, {"native": (replies, 0)}, [], [])


@pytest.mark.parametrize(
    ("words", "sampled", "now", "seconds"),
    [
        ("one a second", range(100), 100, 60),
        ("just started", [0, 1, 2], 2.5, 2.5),
        ("one in five seconds", range(0, 300, 5), 298, 58),
        ("the process stood still", range(10), 298, 0),
        ("the clock was set back", range(100, 110), 50, 0),
    ],
)
def test_the_window_is_never_longer_than_a_minute(words: str, sampled: list[int], now: float, seconds: float) -> None:
    window = Window()
    for second in sampled:
        window.add(sample(second))
    found = window.until(sample(now))
    assert (found[-1].time - found[0].time) / SECOND == seconds, words


@pytest.mark.parametrize(
    ("words", "samples", "counts"),
    [
        ("one a second", [(0, 5), (1, 8), (2, 8)], [3, 0]),
        ("a second without a sample", [(0, 0), (1, 1), (4, 8)], [1, 3, 2, 2]),
        ("samples a little late", [(0, 0), (1.2, 2), (2.1, 4), (3.4, 9)], [2, 2, 5]),
        ("two in one second", [(0, 0), (1, 2), (1.5, 3), (2, 7)], [2, 5]),
        ("nothing but now", [(0, 7)], []),
    ],
)
def test_replies_are_shown_by_second(words: str, samples: list[tuple[float, int]], counts: list[int]) -> None:
    assert replies_by_second([sample(second, replies) for second, replies in samples]) == counts, words
