"""A real client library, unmodified, against a live server process: tests/clients has what it is made to do."""

from pathlib import Path

from tests.support.clients import drive_node, node_situations
from tests.support.processes import Running, cambist, serving

PACKAGE = "mtgox@1.0.1"


def assert_passes(script: str, folder: Path, running: Running) -> None:
    """Every situation of the script passes, with alice's and bob's keys."""
    keys = {user["name"]: user["keys"]["mtgox"] for user in running.ready["users"]}
    config = {"url": running.url, "alice": keys["alice"], "bob": keys["bob"]}
    assert drive_node(script, PACKAGE, config, folder) == node_situations(script)


def test_npm_mtgox(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet") as running:
        assert_passes("drive_mtgox.js", tmp_path, running)


def test_npm_mtgox_in_two_currencies(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet", "--data", data) as running:
        for line in (
            "market link btc_usd btc_eur btc_gbp --anchor USD --fee-ppm 2500",
            "rates set BTC EUR=1.2,GBP=1.5",
            "fund @5 USD=10000,EUR=10000",
        ):
            done = cambist(*line.split(), "--data", data)
            assert done.returncode == 0, done.stderr
        assert_passes("drive_mtgox_linked.js", tmp_path, running)
