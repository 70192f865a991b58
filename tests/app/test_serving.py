"""A venue as a process: it keeps what it acknowledged, has one owner, and its command line reaches it running or stopped."""

import asyncio
import json
import os
import signal
import stat
import urllib.request
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from cambist.app.errors import Exit
from tests.support.btce_client import BtceClient
from tests.support.processes import Running, cambist, serving, start
from tests.support.waiting import wait_until


def cambist_json(*arguments: str | Path) -> Any:
    """The JSON that a command prints."""
    answer = cambist(*arguments, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def add_user(data: Path, name: str, funds: str) -> dict[str, str]:
    """A user with a BTC-e key and money; returns the key's record."""
    assert cambist("user", "add", name, "--data", data).returncode == 0
    assert cambist("fund", name, funds, "--data", data).returncode == 0
    key = cambist_json("key", "create", name, "--data", data, "--scopes", "info,trade,withdraw,coupon")
    assert isinstance(key, dict)
    return key


async def ask(running: Running, key: dict[str, str], nonce: int, *calls: dict[str, str]) -> list[dict[str, Any]]:
    client = BtceClient(running.port, key["key"], key["secret"], nonce)
    replies = []
    for call in calls:
        exchanged = await client.call(**call)
        assert exchanged.reply is not None
        replies.append(exchanged.reply)
    await client.close()
    return replies


BUY = {"method": "Trade", "pair": "btc_usd", "type": "buy", "rate": "100", "amount": "1"}


async def test_what_was_acknowledged_is_there_after_an_orderly_restart(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data) as running:
        key = add_user(data, "alice", "USD=1000")
        placed, info = await ask(running, key, 0, BUY, {"method": "getInfo"})
        assert placed["success"] == 1, placed
        assert info["return"]["funds"]["usd"] == 900
        assert running.terminate() == Exit.OK
    assert list((data / "snapshots").glob("*.snapshot"))
    with serving(tmp_path, "serve", "--data", data) as running:
        refused, orders, after = await ask(running, key, 1, {"method": "getInfo"}, {"method": "ActiveOrders"}, {"method": "getInfo"})
        assert "invalid nonce" in str(refused["error"])
        assert list(orders["return"]) == [str(placed["return"]["order_id"])]
        assert after["return"]["funds"] == info["return"]["funds"]


async def test_a_killed_venue_comes_back_the_same(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    running = start(tmp_path, "serve", "--data", data)
    key = add_user(data, "alice", "USD=1000")
    (placed,) = await ask(running, key, 0, BUY)
    running.kill()
    assert (data / "admin.sock").exists()
    users = cambist_json("user", "list", "--data", data)
    assert users == [{"name": "alice", "account": 16, "keys": 1, "frozen": None, "second_factor": False, "role": "", "created": ANY}]
    with serving(tmp_path, "serve", "--data", data) as running:
        (orders,) = await ask(running, key, 10, {"method": "ActiveOrders"})
        assert list(orders["return"]) == [str(placed["return"]["order_id"])]


def test_a_second_server_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data) as running:
        answer = cambist("serve", "--data", data, "--port", "0")
        assert answer.returncode == Exit.BUSY
        assert f"process {running.process.pid}" in answer.stderr
        assert "Traceback" not in answer.stderr
        assert urllib.request.urlopen(f"{running.url}/readyz").status == 200


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", tmp_path / "one") as running:
        answer = cambist("serve", "--data", tmp_path / "two", "--port", str(running.port))
        assert answer.returncode == Exit.BUSY
        assert str(running.port) in answer.stderr


def test_metrics_tell_how_far_the_venue_and_its_history_have_come(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", tmp_path / "venue") as running:
        before = running.metric("cambist_durable_seq")
        add_user(tmp_path / "venue", "alice", "USD=1")
        assert running.metric("cambist_applied_seq") == running.metric("cambist_durable_seq") > before
        wait_until(lambda: running.metric("cambist_history_seq") == running.metric("cambist_durable_seq"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_it_in_order(number: signal.Signals, tmp_path: Path) -> None:
    running = start(tmp_path, "serve", "--data", tmp_path / "venue")
    running.process.send_signal(number)
    assert running.process.wait(30) == 0
    assert not (tmp_path / "ready.json").exists()
    assert not (tmp_path / "venue" / "admin.sock").exists()


def test_only_the_owner_reaches_its_files(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data):
        for name in ("admin.sock", "master.key", "directory.sqlite"):
            assert stat.S_IMODE((data / name).stat().st_mode) == 0o600, name
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600


def test_the_command_line_reaches_a_directory_with_a_very_long_name(tmp_path: Path) -> None:
    data = tmp_path / ("deep" * 20) / ("deeper" * 20)
    with serving(tmp_path, "serve", "--data", data):
        assert cambist_json("user", "list", "--data", data) == []


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "running"])
def test_actions_work_on_a_venue(stopped: bool, tmp_path: Path) -> None:
    data = tmp_path / "venue"
    running = start(tmp_path, "serve", "--data", data)
    if stopped:
        running.terminate()
    try:
        key = add_user(data, "alice", "BTC=1.5,USD=1000")
        assert cambist_json("user", "list", "--data", data) == [
            {"name": "alice", "account": 16, "keys": 1, "frozen": None, "second_factor": False, "role": "", "created": ANY}
        ]
        assert [row["key"] for row in cambist_json("key", "list", "--data", data)] == [key["key"]]
        assert cambist("market", "halt", "btc_usd", "--data", data).returncode == 0
        status = {row["name"]: row["status"] for row in cambist_json("market", "list", "--data", data)}
        assert (status["btc_usd"], status["ltc_usd"]) == ("halted", "open")
        assert cambist("market", "resume", "btc_usd", "--data", data).returncode == 0
        assert cambist("key", "revoke", key["key"], "--data", data).returncode == 0
        assert cambist_json("key", "list", "--data", data) == []
        assert "Snapshot at seq" in cambist("snapshot", "--data", data).stdout
        assert "All is well" in cambist("verify", "--data", data).stdout
    finally:
        if not stopped:
            assert running.terminate() == 0


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["user", "add", "alice"], "taken", Exit.REFUSED),
        (["user", "add", "bob", "--password", "short"], "8 characters", Exit.REFUSED),
        (["user", "add", "_"], "letters, digits", Exit.REFUSED),
        (["fund", "nobody", "USD=1"], "no user nobody", Exit.REFUSED),
        (["fund", "alice", "XYZ=1"], "no asset XYZ", Exit.REFUSED),
        (["fund", "alice", "USD"], '"BTC=1.5,USD=1000"', Exit.USAGE),
        (["fund", "alice", "USD=-1"], "below zero", Exit.USAGE),
        (["fund", "alice", "USD=1e99"], "too large", Exit.USAGE),
        (["fund", "alice", ""], "at least one", Exit.USAGE),
        (["key", "create", "nobody"], "no user nobody", Exit.REFUSED),
        (["key", "create", "alice", "--dialect", "nyse"], "known: btce", Exit.REFUSED),
        (["key", "create", "alice", "--scopes", "steal"], "scope", Exit.REFUSED),
        (["key", "create", "alice", "--allow-ip", "the office"], "address", Exit.REFUSED),
        (["key", "revoke", "nothing"], "no key nothing", Exit.REFUSED),
        (["market", "halt", "abc_def"], "no market abc_def", Exit.REFUSED),
    ],
)
def test_a_rejection_is_a_sentence(arguments: list[str], words: str, code: Exit, venue: Path) -> None:
    answer = cambist(*arguments, "--data", venue)
    assert answer.returncode == code, answer.stderr
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A running venue with a user, for questions that change nothing."""
    directory = tmp_path_factory.mktemp("rejections")
    with serving(directory, "serve", "--data", directory / "venue"):
        assert cambist("user", "add", "alice", "--data", directory / "venue").returncode == 0
        yield directory / "venue"


def test_funding_with_a_reference_happens_once(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data):
        key = add_user(data, "alice", "USD=1")
        for _ in range(2):
            answer = cambist("fund", "alice", "USD=1000", "--reference", "bank slip 17", "--data", data)
            assert answer.returncode == 0
        assert "was done before" in answer.stdout
        (info,) = asyncio.run(ask_port(data, key))
        assert info["return"]["funds"]["usd"] == 1001


async def ask_port(data: Path, key: dict[str, str]) -> list[dict[str, Any]]:
    ready = json.loads((data.parent / "ready.json").read_text())
    client = BtceClient(int(ready["url"].rpartition(":")[2]), key["key"], key["secret"])
    exchanged = await client.call("getInfo")
    await client.close()
    assert exchanged.reply is not None
    return [exchanged.reply]


def test_configuration_changes_are_applied_at_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data):
        pass
    file = data / "config.toml"
    text = file.read_text()
    file.write_text(text.replace("taker_fee_ppm = 2000", "taker_fee_ppm = 1000", 1))
    with serving(tmp_path, "serve", "--data", data):
        rows = {row["name"]: row for row in cambist_json("market", "list", "--data", data)}
        assert rows["btc_usd"]["taker_fee_ppm"] == 1000
    file.write_text(text.replace("price_decimals = 3", "price_decimals = 2", 1))
    answer = cambist("serve", "--data", data, "--port", "0")
    assert answer.returncode == Exit.CONFIGURATION
    assert "cannot change" in answer.stderr
    file.write_text(text[: text.index("[[market]]")])
    with serving(tmp_path, "serve", "--data", data):
        assert {row["name"]: row for row in cambist_json("market", "list", "--data", data)} == rows, (
            "what the configuration leaves out stays"
        )


def test_a_configuration_file_becomes_the_directorys_own(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(cambist("config").stdout.replace('name = "btg_btc"', 'name = "btg_usd"'))
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data, "--config", own):
        assert "btg_usd" in {row["name"] for row in cambist_json("market", "list", "--data", data)}
    own.unlink()
    with serving(tmp_path, "serve", "--data", data):
        assert "btg_usd" in {row["name"] for row in cambist_json("market", "list", "--data", data)}


def test_tls_files_belong_together(tmp_path: Path) -> None:
    answer = cambist("serve", "--data", tmp_path / "venue", "--tls-cert", tmp_path / "cert.pem")
    assert answer.returncode == Exit.USAGE
    assert "--tls-key" in answer.stderr
    assert not (tmp_path / "venue").exists()


def test_logs_are_json_lines_without_secrets(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data) as running:
        key = add_user(data, "alice", "USD=1")
        running.terminate()
        text = running.log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert "serving" in {line["event"] for line in lines}
    assert key["secret"] not in text
    assert os.environ.get("CAMBIST_PASSWORD", "no password here") not in text
