"""Real client libraries, unmodified, against a live sandbox process: tests/clients has what they are made to do."""

import json
from pathlib import Path

import pytest

from tests.support.clients import drive, drive_node, node_situations, situations
from tests.support.processes import cambist, serving

CLIENTS = [("drive_cryptoxlib.py", "cryptoxlib"), ("drive_ccxt_btse.py", "ccxt-4.5"), ("drive_ccxt_unified.py", "ccxt-4.5")]


@pytest.mark.parametrize(("script", "environment"), CLIENTS)
def test_an_unmodified_client(tmp_path: Path, script: str, environment: str) -> None:
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet") as sandbox:
        keys = {user["name"]: user["keys"]["btse"] for user in sandbox.ready["users"]}
        assert drive(script, environment, {"url": sandbox.url, **keys}, tmp_path) == situations(script)


def test_an_unmodified_trading_program_by_its_sockets(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet") as sandbox:
        keys = {user["name"]: user["keys"]["btse"] for user in sandbox.ready["users"]}
        # It makes a directory in its user's home.
        driven = drive("drive_vnpy.py", "vnpy", {"url": sandbox.url, **keys}, tmp_path, HOME=str(tmp_path))
    assert driven == situations("drive_vnpy.py")


def test_all_that_ccxt_declares_and_every_error_that_it_knows(tmp_path: Path) -> None:
    script, data, limits = "drive_ccxt_declared.py", tmp_path / "data", tmp_path / "limits.toml"
    limits.write_text('[dialects.btse]\nrate_limits = "exact"\n')
    (tmp_path / "limited").mkdir()
    with (
        serving(tmp_path, "sandbox", "--seed", "7", "--quiet", "--data", data) as sandbox,
        serving(tmp_path / "limited", "sandbox", "--seed", "7", "--quiet", "--config", limits) as limited,
    ):
        keys = {user["name"]: user["keys"]["btse"] for user in sandbox.ready["users"]}
        made = cambist("key", "create", "alice", "--data", data, "--dialect", "btse", "--scopes", "read", "--json")
        assert cambist("market", "halt", "ltc_usd", "--data", data).returncode == 0
        config = {"url": sandbox.url, "limited": limited.url, "limited_alice": limited.ready["users"][0]["keys"]["btse"]}
        strangers = {"reader": json.loads(made.stdout), "nobody": {"key": "nobody", "secret": "x"}}
        assert drive(script, "ccxt-4.5", {**config, **keys, **strangers}, tmp_path) == situations(script)


def test_an_unmodified_client_for_node(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet") as sandbox:
        keys = {user["name"]: user["keys"]["btse"] for user in sandbox.ready["users"]}
        assert drive_node("drive_ccxt.js", "ccxt@4.5.84", {"url": sandbox.url, **keys}, tmp_path) == node_situations("drive_ccxt.js")
