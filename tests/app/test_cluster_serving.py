"""`cambist serve` with its log on three real NATS servers: the same venue, on another machine when the first one dies."""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cambist import _core
from cambist.app.entropy import system_entropy
from cambist.app.errors import Exit
from cambist.cluster.journal import JetStreamJournal
from cambist.cluster.lease import Lease
from cambist.cluster.settings import LogSettings
from tests.cluster import conftest
from tests.support.documented_metrics import documented_metrics
from tests.support.nats_servers import NatsServers
from tests.support.processes import Running, cambist, serving, start
from tests.support.waiting import PATIENCE, wait_until

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


def test_a_node_whose_state_differs_from_the_log_s_says_so_and_never_leads(tmp_path: Path, servers: NatsServers) -> None:
    settings = LogSettings(tuple(servers.urls), "one", "differs", max_bytes=64 << 20)
    leader = JetStreamJournal(settings, tmp_path / "one", system_entropy)
    taken: list[bool] = []
    lease = Lease(leader.node.connection, "the test's", wants=lambda: True, taken=lambda: taken.append(True))
    lease.begin()
    wait_until(lambda: taken)
    leader.lead()
    with serving(tmp_path, "serve", "--data", tmp_path / "two", "--config", configuration(tmp_path, servers, "two", "differs")) as node:
        engine = _core.Engine()
        for code in ("BTC", "USD"):
            engine.create_asset(1, code, 16, 8)
            first, count, time, commands = engine.take_commands()
            leader.append(first - 1, leader.epoch, count, time, commands)
            leader.checkpoint(first, leader.epoch, bytes(32))
        wait_until(lambda: node.metric("cambist_cluster_may_lead") == 0)
        with pytest.raises(urllib.error.HTTPError) as not_ready:
            urllib.request.urlopen(f"{node.url}/readyz", timeout=60)
        assert b"the state after command 1 has another hash than the journal recorded" in not_ready.value.read()
        assert lease.hand_over()
        two = next(row for row in status(tmp_path / "two")["nodes"] if row["node"] == "two")
        assert "another hash" in two["trouble"]
        assert not leads(node)
    leader.close()


def test_every_metric_of_an_engine_node_that_the_documentation_names_is_there(tmp_path: Path, servers: NatsServers) -> None:
    named = documented_metrics().engine_node
    assert len(named) > 10
    with serving(tmp_path, "serve", "--data", tmp_path / "venue", "--config", configuration(tmp_path, servers, "one", "metrics")) as node:
        wait_until(lambda: node.metric("cambist_cluster_leads") == 1)
        with urllib.request.urlopen(f"{node.url}/metrics", timeout=PATIENCE) as answer:
            there = set(re.findall(r"^(cambist_\w+) ", answer.read().decode(), re.MULTILINE))
        assert named - there == set()


def test_a_venue_of_one_machine_moves_to_three_with_all_it_has(tmp_path: Path, servers: NatsServers) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data):
        pass
    before = verified(data)
    with serving(tmp_path, "serve", "--data", data, "--config", configuration(tmp_path, servers, "one", "moved")):
        wait_until(lambda: status(data)["nodes"][0]["leads"])
    assert verified(data)["state_hash"] == before["state_hash"]


def test_a_backup_from_before_the_cluster_is_refused_and_told_how_to_become_a_node(tmp_path: Path, servers: NatsServers) -> None:
    one, two, saved = (tmp_path / name for name in ("one", "two", "saved"))
    with serving(tmp_path, "serve", "--data", one):
        assert cambist("user", "add", "alice", "--data", one).returncode == 0
        assert cambist("backup", saved, "--data", one).returncode == 0
    with serving(tmp_path, "serve", "--data", one, "--config", configuration(tmp_path, servers, "one", "before")) as node:
        wait_until(lambda: leads(node))
        assert cambist("user", "add", "bob", "--data", one).returncode == 0
        assert cambist("restore", saved, "--data", two).returncode == 0
        of_two = configuration(tmp_path, servers, "two", "before")
        refused = cambist("serve", "--data", two, "--config", of_two, "--port", "0")
        assert refused.returncode == Exit.DAMAGED
        assert "put the directory journal aside and start again, the log has it" in refused.stderr
        (two / "journal").rename(tmp_path / "aside")
        folder = tmp_path / "second"
        folder.mkdir()
        with serving(folder, "serve", "--data", two, "--config", of_two) as other:
            wait_until(lambda: other.metric("cambist_applied_seq") == node.metric("cambist_durable_seq"))
            wait_until(lambda: other.metric("cambist_cluster_may_lead") == 1)


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
