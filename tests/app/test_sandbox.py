"""The sandbox as a bot's author meets it: users, keys, money and a moving book from a seed, and the same again from its directory."""

import asyncio
import json
import stat
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cambist.app.errors import Exit
from tests.support.btce_client import BtceClient
from tests.support.processes import Running, cambist, serving, start
from tests.support.waiting import wait_until


def get(running: Running, path: str) -> Any:
    with urllib.request.urlopen(running.url + path, timeout=10) as answer:
        return json.load(answer)


def watched(running: Running) -> None:
    """Returns when the traders have gone through some of their markets."""
    first = running.metric("cambist_applied_seq")
    wait_until(lambda: running.metric("cambist_applied_seq") >= first + 40)


def call(running: Running, user: int, method: str, dialect: str = "btce", **parameters: str) -> dict[str, Any]:
    """One signed call as that user of the ready file, with the clock as nonce."""
    keys = running.ready["users"][user]["keys"][dialect]

    async def once() -> dict[str, Any]:
        client = BtceClient(running.port, keys["key"], keys["secret"], nonce=int(time.time() * 1000) % 4_000_000_000)
        exchanged = await client.call(method, **parameters)
        await client.close()
        assert exchanged.reply is not None
        return exchanged.reply

    return asyncio.run(once())


def test_the_ready_file_says_all_that_a_test_needs(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet") as running:
        ready = running.ready
        assert ready["url"] == f"http://127.0.0.1:{running.port}"
        assert ready["pid"] == running.process.pid
        assert ready["seed"] == 7
        assert [user["name"] for user in ready["users"]] == ["alice", "bob", "carol"]
        for user in ready["users"]:
            assert set(user) == {"name", "password", "account", "keys"}
            assert {"btce", "wex"} <= set(user["keys"])
            assert all(set(keys) == {"key", "secret"} for keys in (user["keys"]["btce"], user["keys"]["wex"]))
        assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("dialect", ["btce", "wex"])
def test_the_keys_work_and_the_money_is_there(dialect: str, tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--quiet", "--users", "dora", "--fund", "BTC=2.5,USD=1000") as running:
        info = call(running, 0, "getInfo", dialect)
        assert info["success"] == 1, info
        assert (info["return"]["funds"]["btc"], info["return"]["funds"]["usd"], info["return"]["funds"]["ltc"]) == (2.5, 1000, 0)
        assert info["return"]["rights"] == {"info": 1, "trade": 1, "withdraw": 1}


def test_one_seed_makes_one_sandbox(tmp_path: Path) -> None:
    seen = []
    for seed in (3, 3, 4):
        with serving(tmp_path, "sandbox", "--quiet", "--seed", str(seed)) as running:
            seen.append(running.ready["users"])
    assert seen[0] == seen[1]
    secrets = [{user["password"] for user in users} | {user["keys"]["btce"]["secret"] for user in users} for users in seen]
    assert not secrets[0] & secrets[2]


def test_a_reopened_directory_is_the_same_sandbox(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--data", data, "--seed", "9", "--users", "alice,bob") as running:
        first = running.ready["users"]
        placed = call(running, 0, "Trade", pair="btc_usd", type="buy", rate="100", amount="1")
        assert placed["success"] == 1, placed
        funds = call(running, 0, "getInfo", "wex")["return"]["funds"]
    with serving(tmp_path, "sandbox", "--data", data) as running:
        assert running.ready["seed"] == 9
        assert running.ready["users"] == first
        assert list(call(running, 0, "ActiveOrders")["return"]) == [str(placed["return"]["order_id"])]
        assert call(running, 0, "getInfo")["return"]["funds"] == funds
    with serving(tmp_path, "sandbox", "--data", data, "--users", "carol", "--quiet") as running:
        assert [user["name"] for user in running.ready["users"]] == ["alice", "bob", "carol"]
        assert running.ready["users"][:2] == first
    assert "All is well" in cambist("verify", "--data", data).stdout


def test_who_signed_up_is_no_demo_user_after_a_restart_either(tmp_path: Path) -> None:
    """No keys of the sandbox's making, no password of its own in the ready file, and no login without one."""
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--data", data, "--users", "alice", "--quiet") as running:
        body = json.dumps({"name": "maria", "password": "correct horse"}).encode()
        sign_up = urllib.request.Request(running.url + "/cambist/v1/users", body, {"content-type": "application/json"})
        with urllib.request.urlopen(sign_up, timeout=30) as answer:
            assert answer.status == 201
    with serving(tmp_path, "sandbox", "--data", data, "--quiet") as running:
        assert [user["name"] for user in running.ready["users"]] == ["alice"]
        assert get(running, "/cambist/v1/venue")["demo_users"] == ["alice"]


def test_another_seed_on_a_kept_directory_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--data", data, "--seed", "9", "--quiet"):
        pass
    answer = cambist("sandbox", "--data", data, "--seed", "10", "--port", "0")
    assert answer.returncode == Exit.REFUSED
    assert "seed 9" in answer.stderr


def test_a_venue_is_not_opened_as_a_sandbox(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", tmp_path / "venue"):
        pass
    answer = cambist("sandbox", "--data", tmp_path / "venue", "--port", "0")
    assert answer.returncode == Exit.NOT_A_VENUE


def test_every_market_has_two_sides_and_moves(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--seed", "5") as running:
        pairs = get(running, "/api/3/info")["pairs"]
        assert len(pairs) >= 9
        names = "-".join(pairs)
        first = get(running, f"/api/3/depth/{names}")
        for name, book in first.items():
            assert len(book["bids"]) >= 5, name
            assert len(book["asks"]) >= 5, name
            assert book["bids"][0][0] < book["asks"][0][0], name
        trades = get(running, f"/api/3/trades/{names}")
        assert all(trades[name] for name in pairs)
        wait_until(lambda: get(running, f"/api/3/depth/{names}") != first and get(running, f"/api/3/trades/{names}") != trades)


def test_live_orders_stay_bounded(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--data", tmp_path / "kept") as running:
        watched(running)
        rows = json.loads(cambist("market", "list", "--data", tmp_path / "kept", "--json").stdout)
        assert max(row["orders"] for row in rows) <= 80


def test_quiet_means_quiet(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--quiet") as running:
        assert get(running, "/api/3/depth/btc_usd") == {"btc_usd": {"asks": [], "bids": []}}
        assert get(running, "/api/3/trades/btc_usd") == {"btc_usd": []}


def test_a_temporary_directory_is_gone_afterwards(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    running = start(tmp_path, "sandbox", "--quiet", TMPDIR=str(scratch))
    assert len(list(scratch.iterdir())) == 1
    assert running.terminate() == 0
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "ready.json").exists()
    said = running.log.read_text()
    assert "alice" in said
    assert "/tapi" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["--seed", str(1 << 80)], "--seed: a seed is a whole number from", Exit.USAGE),
        (["--users", "al ice"], "letters, digits", Exit.USAGE),
        (["--users", "alice,bob,Alice"], "Alice is named twice", Exit.USAGE),
        (["--fund", "BTC"], '"BTC=1.5,USD=1000"', Exit.USAGE),
        (["--fund", "XYZ=1"], "no asset XYZ", Exit.REFUSED),
        (["--config", "nowhere.toml"], "no such configuration file", Exit.CONFIGURATION),
    ],
)
def test_a_mistake_is_a_sentence(arguments: list[str], words: str, code: Exit) -> None:
    answer = cambist("sandbox", "--port", "0", *arguments)
    assert answer.returncode == code, answer.stderr
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr


def test_idle_memory_is_small(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox") as running:
        watched(running)
        status = Path(f"/proc/{running.process.pid}/status")
        if not status.exists():
            pytest.skip("needs /proc to read a process's memory (Linux)")
        kibibytes = int(status.read_text().partition("VmRSS:")[2].split()[0])
        assert kibibytes <= 150 * 1024


def test_a_new_sandbox_has_a_past_that_a_rebuild_makes_again(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--data", data, "--seed", "5") as running:
        ticker = get(running, "/api/3/ticker/btc_usd")["btc_usd"]
        assert ticker["low"] < ticker["last"] < ticker["high"]
        assert ticker["vol"] > 1_000_000
        trades = get(running, "/api/3/trades/btc_usd?limit=2000")["btc_usd"]
        assert len(trades) > 100
        assert trades[0]["timestamp"] - trades[-1]["timestamp"] > 120
        assert call(running, 0, "TradeHistory")["success"] == 0, "the user has traded in a past that was not his"
        before = candles(running)
        assert len(before) >= 30
        hours = candles(running, 60)
        assert len(hours) == 300
    (data / "history.sqlite").unlink()
    assert cambist("rebuild", "--data", data).returncode == 0
    with serving(tmp_path, "sandbox", "--data", data, "--quiet") as running:
        assert candles(running)[1:30] == before[1:30]
        assert set(hours[2:250]) <= set(candles(running, 60))
    assert "All is well" in cambist("verify", "--data", data).stdout


def candles(running: Running, minutes: int = 1_440) -> list[tuple[float, ...]]:
    """The newest 300 candles of bitcoin in dollars as BTSE's API has them, newest first."""
    return [tuple(row) for row in get(running, f"/spot/api/v3.2/ohlcv?symbol=BTC-USD&resolution={minutes}")]


def test_presets_are_markets_of_their_own(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--data", data, "--preset", "halted") as running:
        markets = json.loads(cambist("market", "list", "--data", data, "--json").stdout)
        assert {market["status"] for market in markets} == {"halted"}
        assert all(market["orders"] > 10 for market in markets)
        assert get(running, "/api/3/ticker/btc_usd")["btc_usd"]["buy"] > 0  # what the first screen tells people to ask
        refused = call(running, 0, "Trade", pair="btc_usd", type="buy", rate="100", amount="1")
        assert refused["success"] == 0
    with serving(tmp_path, "sandbox", "--data", data, "--preset", "one-sided") as running:
        placed = call(running, 0, "Trade", pair="btc_usd", type="buy", rate="100", amount="1")
        assert placed["success"] == 1, placed
        depth = get(running, "/api/3/depth/btc_usd")["btc_usd"]
        assert depth["bids"]
        assert not depth["asks"]


def test_a_manual_clock_moves_when_it_is_told_to_and_everything_with_it(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with serving(tmp_path, "sandbox", "--seed", "11", "--clock", "manual") as running:
            before = get(running, "/sandbox/clock")
            assert before["time"] == "2020-01-01T00:00:00.000000Z"
            assert get(running, "/api/3/trades/btc_usd") == get(running, "/api/3/trades/btc_usd")
            request = urllib.request.Request(
                f"{running.url}/sandbox/clock", b'{"advance": 30}', {"content-type": "application/json"}, method="POST"
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                assert json.load(answer)["time"] == "2020-01-01T00:00:30.000000Z"
            names = "-".join(get(running, "/api/3/info")["pairs"])
            seen.append([get(running, f"/api/3/{view}/{names}?limit=2000") for view in ("depth", "trades", "ticker")] + [candles(running)])
    assert seen[0] == seen[1]
    assert max(trade["timestamp"] for trade in seen[0][1]["btc_usd"]) > 1_577_836_800
