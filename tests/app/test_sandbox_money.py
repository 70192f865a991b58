"""Money and keys of a sandbox's users, as the control API changes them and an exchange API shows them."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cambist.app.errors import Exit
from tests.support.btce_client import BtceClient
from tests.support.processes import Running, cambist, serving
from tests.support.sandbox_control import ask, done


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("money")
    options = ["--quiet", "--clock", "manual", "--users", "alice,bob", "--fund", "USD=1000,BTC=2"]
    with serving(folder, "sandbox", "--data", folder / "kept", *options) as started:
        yield started
    assert cambist("verify", "--data", folder / "kept").returncode == Exit.OK


def signed(running: Running, keys: dict[str, str], nonce: int, method: str, **parameters: str) -> dict[str, Any]:
    async def once() -> dict[str, Any]:
        client = BtceClient(running.port, keys["key"], keys["secret"], nonce=nonce)
        exchanged = await client.call(method, **parameters)
        await client.close()
        assert exchanged.reply is not None
        return exchanged.reply

    return asyncio.run(once())


def own(running: Running, account: str, asset: str) -> tuple[str, str]:
    """(available, held)."""
    rows = done(running, "GET", f"/sandbox/funds/{account}")["funds"]
    return next(((row["available"], row["held"]) for row in rows if row["asset"] == asset), ("0", "0"))


def test_money_is_given_and_taken_and_an_exchange_api_shows_it(running: Running) -> None:
    keys = running.ready["users"][0]["keys"]["btce"]
    assert own(running, "alice", "USD") == ("1000", "0")
    given = done(running, "POST", "/sandbox/funds", {"account": "alice", "give": "USD=0.5,LTC=3"})
    assert given["account"] == running.ready["users"][0]["account"]
    assert {row["asset"]: row["available"] for row in given["funds"]}["LTC"] == "3"
    done(running, "POST", "/sandbox/funds", {"account": "alice", "take": "USD=400.25"})
    funds = signed(running, keys, 1, "getInfo")["return"]["funds"]
    assert (funds["usd"], funds["ltc"]) == (600.25, 3)


def test_an_account_is_drained_but_for_what_its_orders_hold(running: Running) -> None:
    keys = running.ready["users"][1]["keys"]["btce"]
    placed = signed(running, keys, 1, "Trade", pair="btc_usd", type="buy", rate="100", amount="2.5")
    assert placed["success"] == 1, placed
    drained = done(running, "POST", "/sandbox/funds", {"account": "bob", "take": "all"})
    assert {row["asset"]: (row["available"], row["held"]) for row in drained["funds"] if row["asset"] in ("USD", "BTC")} == {
        "USD": ("0", "250"),
        "BTC": ("0", "0"),
    }
    assert signed(running, keys, 2, "CancelOrder", order_id=str(placed["return"]["order_id"]))["success"] == 1
    assert own(running, f"@{drained['account']}", "USD") == ("250", "0")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"account": "nobody", "give": "USD=1"}, 404, "there is no user nobody"),
        ({"account": "@99999", "give": "USD=1"}, 404, "there is no account @99999"),
        ({"account": "../alice", "give": "USD=1"}, 404, "there is no user ../alice"),
        ({"account": "@0", "give": "USD=1"}, 400, "one of the venue's own accounts"),
        ({"account": "alice"}, 400, "name amounts to give or to take"),
        ({"account": "alice", "give": "XYZ=1"}, 404, "there is no asset XYZ"),
        ({"account": "alice", "give": "USD"}, 400, "write amounts as in"),
        ({"account": "alice", "give": "USD=0"}, 400, "no amount of USD"),
        ({"account": "alice", "give": "USD=-5"}, 400, "no amount of USD"),
        ({"account": "alice", "give": "USD=1e400"}, 400, "no amount of USD"),
        ({"account": "alice", "give": "USD=0.1234567890123456789"}, 400, "no amount of USD"),
        ({"account": "alice", "give": "USD=99999999999999999999999999999"}, 400, "no amount of USD"),
        ({"account": "alice", "give": "USD=1", "take": "BTC=2.5"}, 409, "has 2 BTC available, not 2.5: nothing"),
        ({"account": "alice", "given": "USD=1"}, 400, "given"),
    ],
)
def test_a_request_for_money_that_makes_no_sense_moves_none(running: Running, body: Any, status: int, words: str) -> None:
    before = done(running, "GET", "/sandbox/funds/alice")
    answered, said = ask(running, "POST", "/sandbox/funds", body)
    assert answered == status
    assert words in said["error"]
    assert done(running, "GET", "/sandbox/funds/alice") == before


def test_a_deposit_is_credited_once_its_blocks_are_mined_or_have_come_by_the_clock(running: Running) -> None:
    before = float(own(running, "alice", "LTC")[0])
    mined = done(running, "POST", "/sandbox/deposits", {"account": "alice", "asset": "ltc", "amount": "1.5", "blocks": 10})
    assert mined["confirmations"] == 10
    assert float(own(running, "alice", "LTC")[0]) == before + 1.5
    waiting = done(running, "POST", "/sandbox/deposits", {"account": "alice", "asset": "LTC", "amount": "2"})
    assert waiting["confirmations"] == 0
    assert float(own(running, "alice", "LTC")[0]) == before + 1.5
    done(running, "POST", "/sandbox/blocks", {"asset": "LTC"})
    assert float(own(running, "alice", "LTC")[0]) == before + 1.5
    done(running, "POST", "/sandbox/blocks", {"asset": "LTC", "count": 20})
    assert float(own(running, "alice", "LTC")[0]) == before + 3.5
    done(running, "POST", "/sandbox/deposits", {"account": "alice", "asset": "LTC", "amount": "4"})
    done(running, "POST", "/sandbox/clock", {"advance": 600})
    assert float(own(running, "alice", "LTC")[0]) == before + 7.5


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("deposits", {"account": "nobody", "asset": "BTC", "amount": "1"}, 404, "there is no user nobody"),
        ("deposits", {"account": "alice", "asset": "XYZ", "amount": "1"}, 404, "there is no asset XYZ"),
        ("deposits", {"account": "alice", "asset": "USD", "amount": "1"}, 422, "network"),
        ("deposits", {"account": "alice", "asset": "BTC", "amount": "one"}, 400, "no amount of BTC"),
        ("deposits", {"account": "alice", "asset": "BTC", "amount": "1", "blocks": 1001}, 400, "blocks: 0 to 1000"),
        ("deposits", {"account": "@2", "asset": "BTC", "amount": "1"}, 404, "there is no account @2"),
        ("blocks", {"asset": "XYZ"}, 404, "there is no coin XYZ"),
        ("blocks", {"asset": "USD"}, 404, "there is no coin USD"),
        ("blocks", {"asset": "BTC", "count": 0}, 400, "count: 1 to 1000"),
    ],
)
def test_a_deposit_that_cannot_be_made_is_refused(running: Running, path: str, body: Any, status: int, words: str) -> None:
    answered, said = ask(running, "POST", f"/sandbox/{path}", body)
    assert (answered, words in said["error"]) == (status, True), said


def test_a_fresh_key_begins_its_nonces_anew_and_a_renewed_one_replaces_another(running: Running) -> None:
    fresh = done(running, "POST", "/sandbox/keys", {"user": "alice", "dialect": "btce"})
    assert set(fresh["scopes"]) == {"info", "trade", "withdraw", "coupon"}
    assert signed(running, fresh["credentials"], 1, "getInfo")["success"] == 1
    assert signed(running, fresh["credentials"], 1, "getInfo")["success"] == 0
    renewed = done(running, "POST", f"/sandbox/keys/{fresh['credentials']['key']}/renew", {})
    assert signed(running, renewed["credentials"], 1, "getInfo")["success"] == 1
    assert signed(running, fresh["credentials"], 2, "getInfo")["success"] == 0
    listed = {row["key"] for row in done(running, "GET", "/sandbox/keys?user=alice")}
    assert renewed["credentials"]["key"] in listed
    assert fresh["credentials"]["key"] not in listed
    assert done(running, "DELETE", f"/sandbox/keys/{renewed['credentials']['key']}") == {
        "key": renewed["credentials"]["key"],
        "repeated": False,
    }
    assert signed(running, renewed["credentials"], 2, "getInfo")["success"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "", {"user": "nobody", "dialect": "btce"}, 404, "there is no user nobody"),
        ("POST", "", {"user": "alice", "dialect": "nasdaq"}, 404, "there is no dialect nasdaq; known: btce"),
        ("POST", "", {"user": "alice", "dialect": "btce", "scopes": ["fly"]}, 422, "no scope fly"),
        ("POST", "", {"user": "alice", "dialect": "btce", "scopes": []}, 422, "could do nothing"),
        ("POST", "", {"user": "alice", "dialect": "btce", "ip_allow": ["home"]}, 422, "IPv4"),
        ("POST", "/no-such-key/renew", {}, 404, "there is no key no-such-key"),
        ("POST", "/..%2F..%2Fetc/renew", {}, 404, "there is no key ../../etc"),
        ("DELETE", "/no-such-key", {}, 404, "there is no key no-such-key"),
        ("GET", "?user=nobody", None, 404, "there is no user nobody"),
    ],
)
def test_a_key_that_cannot_be_had_is_refused(running: Running, method: str, path: str, body: Any, status: int, words: str) -> None:
    answered, said = ask(running, method, f"/sandbox/keys{path}", body)
    assert (answered, words in said["error"]) == (status, True), said
