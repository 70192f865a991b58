"""What an operator changes on a running venue is so for every API at once, and stays so after the next start."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cambist.app.errors import Exit
from tests.support.btce_client import BtceClient
from tests.support.processes import Running, cambist, serving

XYZ_USD = ["--price-decimals", "2", "--min-price", "0.01", "--max-price", "1000", "--min-amount", "0.1", "--max-amount", "1000"]


def done(data: Path, *arguments: str) -> str:
    answer = cambist(*arguments, "--data", data)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def rows(data: Path, *arguments: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(done(data, *arguments, "--json"))
    return found


def get(url: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=30) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_markets_that_the_configuration_does_not_name_stay_and_so_do_changed_fees(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data) as running:
        done(data, "asset", "create", "XYZ")
        assert done(data, "market", "create", "xyz_usd", *XYZ_USD) == "xyz_usd is open.\n"
        done(data, "market", "set", "btc_usd", "--taker-fee-ppm", "700")
        status, body = get(f"{running.url}/api/3/info")
        assert (status, "xyz_usd" in json.loads(body)["pairs"]) == (200, True), "at once"
        after = rows(data, "market", "list")
    for maker_fee in (2000, 1500):
        file = data / "config.toml"
        file.write_text(file.read_text().replace("maker_fee_ppm = 2000", f"maker_fee_ppm = {maker_fee}", 1))
        with serving(tmp_path, "serve", "--data", data):
            found = {row["name"]: row for row in rows(data, "market", "list")}
        assert found["xyz_usd"] == after[-1]
        assert found["btc_usd"]["taker_fee_ppm"] == 700, "the configuration says what it said before"
    assert found["btc_usd"]["maker_fee_ppm"] == 1500, "and this is new"


def signed_in(running: Running, keys: dict[str, dict[str, str]]) -> dict[str, bool]:
    """Of each API that asks with a key alone: whether the key is taken."""
    expie, _ = get(f"{running.url}/v1/balance/summary", {"authorization": f"Bearer {keys['expie']['token']}"})
    return {"expie": expie == 200}


@pytest.mark.parametrize("dialect", ["btce", "wex", "mtgox", "btse", "expie", "native"])
def test_a_key_is_minted_for_every_api_with_its_own_scopes(dialect: str, venue: Path) -> None:
    key = json.loads(done(venue, "key", "create", "alice", "--dialect", dialect, "--json"))
    assert key["scopes"]
    assert "withdraw" not in key["scopes"]
    assert cambist("key", "create", "alice", "--dialect", dialect, "--scopes", "", "--data", venue).returncode == Exit.REFUSED
    refused = cambist("key", "create", "alice", "--dialect", dialect, "--scopes", "steal", "--data", venue)
    assert (refused.returncode, f"{dialect} has no scope steal" in refused.stderr) == (Exit.REFUSED, True)


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A running venue with a user."""
    folder = tmp_path_factory.mktemp("operator")
    with serving(folder, "serve", "--data", folder / "venue"):
        done(folder / "venue", "user", "add", "alice")
        yield folder / "venue"


async def test_a_frozen_user_is_refused_and_let_in_again(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data) as running:
        done(data, "user", "add", "alice")
        done(data, "fund", "alice", "USD=1000")
        btce = json.loads(done(data, "key", "create", "alice", "--json"))
        expie = json.loads(done(data, "key", "create", "alice", "--dialect", "expie", "--json"))
        client = BtceClient(running.port, btce["key"], btce["secret"])
        placed = await client.call(method="Trade", pair="btc_usd", type="buy", rate="100", amount="1")
        assert placed.reply is not None
        assert placed.reply["success"] == 1
        assert signed_in(running, {"expie": expie}) == {"expie": True}
        assert "1 orders were cancelled" in done(data, "user", "freeze", "alice", "--cancel-orders")
        refused = await client.call(method="getInfo")
        assert refused.reply is not None
        assert refused.reply["success"] == 0
        assert signed_in(running, {"expie": expie}) == {"expie": False}
        done(data, "user", "unfreeze", "alice")
        again = await client.call(method="getInfo")
        assert again.reply is not None
        assert again.reply["return"]["funds"]["usd"] == 1000
        await client.close()


def test_the_audit_log_knows_who_it_was(venue: Path) -> None:
    done(venue, "market", "halt", "btc_usd")
    done(venue, "market", "resume", "btc_usd")
    newest = rows(venue, "audit", "list", "--limit", "2")
    assert [(row["operation"], row["outcome"], row["arguments"]["halted"]) for row in newest] == [  # type: ignore[index]
        ("market.status", "done", True),
        ("market.status", "done", False),
    ]
    assert all(str(row["by"]).startswith("uid ") for row in newest)


def test_an_export_is_whole_whatever_its_form(venue: Path, tmp_path: Path) -> None:
    done(venue, "user", "add", "exporter")
    for number in range(3):
        done(venue, "fund", "exporter", f"BTC={number + 1}")
    assert done(venue, "ledger", "export", "exporter", "--output", str(tmp_path / "all.csv")).startswith("3 entries")
    table = (tmp_path / "all.csv").read_text().splitlines()
    assert table[0].startswith("id,time,account,user,asset,business,available_change")
    assert [line.split(",")[8] for line in table[1:]] == ["1", "3", "6"]
    lines = [json.loads(line) for line in done(venue, "ledger", "export", "exporter", "--format", "json").splitlines()]
    assert [line["available"] for line in lines] == ["1", "3", "6"]
    taken = cambist("ledger", "export", "exporter", "--output", tmp_path / "all.csv", "--data", venue)
    assert (taken.returncode, "exists" in taken.stderr) == (Exit.USAGE, True)
    nobody = cambist("ledger", "export", "nobody", "--output", tmp_path / "none.csv", "--data", venue)
    assert (nobody.returncode, (tmp_path / "none.csv").exists()) == (Exit.REFUSED, False)


async def test_a_sandbox_key_whose_nonces_ran_ahead_is_renewed_for_good(tmp_path: Path) -> None:
    data = tmp_path / "play"
    with serving(tmp_path, "sandbox", "--quiet", "--users", "alice", "--data", data) as running:
        (alice,) = running.ready["users"]
        key = alice["keys"]["btce"]
        ahead = BtceClient(running.port, key["key"], key["secret"], 4_294_967_290)
        await ahead.call(method="getInfo")
        await ahead.close()
        late = BtceClient(running.port, key["key"], key["secret"])
        refused = await late.call(method="getInfo")
        await late.close()
        assert refused.reply is not None
        assert refused.reply["success"] == 0
        new = json.loads(done(data, "key", "renew", key["key"], "--json"))
        assert new["scopes"] == ["coupon", "info", "trade", "withdraw"], "what the old one could do"
        client = BtceClient(running.port, new["key"], new["secret"])
        taken = await client.call(method="getInfo")
        await client.close()
        assert taken.reply is not None
        assert taken.reply["success"] == 1
    with serving(tmp_path, "sandbox", "--quiet", "--data", data) as running:
        (alice,) = running.ready["users"]
        assert alice["keys"]["btce"] == {"key": new["key"], "secret": new["secret"]}, "the sandbox shows the new one from now on"
