"""`cambist serve` with its log on three real NATS servers: the same venue, on another machine when the first one dies."""

import json
from pathlib import Path
from typing import Any

import pytest

from cambist.app.errors import Exit
from tests.cluster import conftest
from tests.support.nats_servers import NatsServers
from tests.support.processes import Running, cambist, serving, start
from tests.support.waiting import wait_until

servers = conftest.servers


def configuration(directory: Path, servers: NatsServers, node: str, name: str) -> Path:
    file = directory / f"{node}.toml"
    file.write_text(f'[cluster]\nservers = {json.dumps(servers.urls)}\nname = "{name}"\nnode = "{node}"\nlog_gibibytes = 1\n')
    return file


def verified(data: Path) -> dict[str, Any]:
    answer = cambist("verify", "--data", data, "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    return {key: found[key] for key in ("commands", "state_hash", "assets")}


def status(data: Path) -> dict[str, Any]:
    answer = cambist("cluster", "status", "--data", data, "--json")
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def leads(running: Running) -> bool:
    return running.metric("cambist_cluster_leads") == 1


def test_another_node_follows_and_goes_on_with_everything_when_the_first_is_killed(tmp_path: Path, servers: NatsServers) -> None:
    one, two, three, saved = (tmp_path / name for name in ("one", "two", "three", "saved"))
    of_two = configuration(tmp_path, servers, "two", "killed")
    first = start(tmp_path, "serve", "--data", one, "--config", configuration(tmp_path, servers, "one", "killed"))
    try:
        wait_until(lambda: leads(first))
        assert cambist("backup", saved, "--data", one).returncode == 0
        assert cambist("restore", saved, "--data", two).returncode == 0
        assert cambist("user", "add", "later", "--data", one).returncode == 0  # a command that the backup has not
        assert cambist("snapshot", "--data", one).returncode == 0
        stopped = cambist("user", "add", "elsewhere", "--data", two)
        assert (stopped.returncode, "node one leads" in stopped.stderr) == (Exit.BUSY, True), stopped.stderr
        (tmp_path / "second").mkdir()
        with serving(tmp_path / "second", "serve", "--data", two, "--config", of_two) as second:
            wait_until(lambda: second.metric("cambist_applied_seq") == first.metric("cambist_applied_seq"))
            assert [(row["node"], row["leads"]) for row in status(two)["nodes"]] == [("one", True), ("two", False)]
            assert not leads(second)
            refused = cambist("user", "add", "elsewhere", "--data", two)
            assert (refused.returncode, "node one does" in refused.stderr) == (Exit.REFUSED, True), refused.stderr
            first.kill()
            wait_until(lambda: leads(second))
            assert cambist("user", "add", "after", "--data", two).returncode == 0
            purge = cambist("cluster", "purge", "--data", two, "--up-to", "1")
            assert "node one does not answer" in purge.stderr
            assert purge.returncode == Exit.USAGE
    finally:
        first.kill()
    empty = cambist("serve", "--data", three, "--config", configuration(tmp_path, servers, "three", "killed"), "--port", "0")
    assert empty.returncode == Exit.DAMAGED
    assert "Begin this node with `cambist restore`" in empty.stderr
    taken_over, left = verified(two), verified(one)
    assert taken_over["commands"] > left["commands"] > 0


def test_a_venue_of_one_machine_moves_to_three_with_all_it_has(tmp_path: Path, servers: NatsServers) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data):
        pass
    before = verified(data)
    with serving(tmp_path, "serve", "--data", data, "--config", configuration(tmp_path, servers, "one", "moved")):
        wait_until(lambda: status(data)["nodes"][0]["leads"])
    assert verified(data)["state_hash"] == before["state_hash"]


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ('servers = ["10.0.0.1"]\nnode = "a"', 'cluster.servers: "10.0.0.1" is no address such as nats://10.0.0.1:4222'),
        ('servers = ["nats://10.0.0.1:4222"]', "cluster.node is missing"),
        ('node = "a b"', 'cluster.node = "a b": letters, digits, - and _'),
        ('name = ""', 'cluster.name = "": letters, digits, - and _'),
        ("replicas = 0", "replicas = 0 is too small: at least 1"),
    ],
)
def test_what_cannot_be_a_cluster_is_refused(tmp_path: Path, setting: str, complaint: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[cluster]\n{setting}\n")
    answer = cambist("serve", "--data", tmp_path / "venue", "--config", file, "--port", "0")
    assert answer.returncode == Exit.CONFIGURATION
    assert complaint in answer.stderr


def test_status_of_a_venue_on_one_machine_says_that_it_is(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", tmp_path / "venue"):
        answer = cambist("cluster", "status", "--data", tmp_path / "venue")
    assert answer.returncode == Exit.CONFIGURATION
    assert "on this machine alone" in answer.stderr
