"""Look-ups of transactions, blocks and addresses: what anybody may see of the network, and nothing about whose it is."""

from typing import Any

import pytest

from cambist.wallet import CoinPortUnavailable
from tests.dialects.mtgox.floor import NOON, SECOND, Floor, Trader

SOMEWHERE = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
BLOCK = 10 * SECOND


async def look(floor: Floor, method: str, **fields: object) -> Any:
    query = "&".join(f"{name}={value}" for name, value in fields.items())
    return (await floor.json("GET", f"/api/1/generic/public/bitcoin/{method}?{query}")).get("return")


async def rejection(floor: Floor, method: str, **fields: object) -> tuple[str, str]:
    query = "&".join(f"{name}={value}" for name, value in fields.items())
    answer = await floor.json("GET", f"/api/1/generic/bitcoin/{method}?{query}")
    assert answer["result"] == "error", answer
    return answer["error"], answer.get("token", "")


async def test_a_deposit_from_its_transaction_to_its_block(floor: Floor, alice: Trader) -> None:
    address = (await floor.returned(alice, "generic/bitcoin/address"))["addr"]
    txid = floor.chain.simulate_deposit(address, "1.25")
    waiting = await look(floor, "tx_details", hash=txid)
    value = {
        "value": "1.25",
        "value_int": "125000000",
        "display": "1.25000000\xa0BTC",
        "display_short": "1.25\xa0BTC",
        "currency": "BTC",
    }
    assert waiting == {
        "hash": txid,
        "date": NOON // SECOND,
        "block": None,
        "depth": None,
        "confirmations": 0,
        "out": [{"n": 0, "address": address, "amount": value}],
    }
    floor.clock.now += 3 * BLOCK
    known = await look(floor, "tx_details", hash=txid.upper())
    assert known == {**waiting, "block": known["block"], "depth": NOON // BLOCK + 1, "confirmations": 3}
    block = await look(floor, "block_list_tx", hash=known["block"])
    assert list(block) == ["hash", "depth", "previous", "date", "tx"]
    assert (block["hash"], block["depth"], block["tx"]) == (known["block"], known["depth"], [txid])
    assert await look(floor, "block_list_tx", depth=known["depth"]) == block
    before = await look(floor, "block_list_tx", hash=block["previous"])
    assert (before["depth"], before["tx"], block["date"] - before["date"]) == (block["depth"] - 1, [], 10)
    assert await look(floor, "addr_details", hash=address) == {"address": address, "tx": [known]}


async def test_a_withdrawal_is_on_the_network_when_it_was_sent(floor: Floor, alice: Trader) -> None:
    assert await rejection(floor, "addr_details", hash=SOMEWHERE) == ("Address not found", "address_not_found")
    await floor.returned(alice, "generic/bitcoin/send_simple", address=SOMEWHERE, amount_int=50000000)
    for _ in range(2):
        await floor.wallet.run_due(floor.clock.now)
        floor.sequencer.drain()
    (sent,) = floor.wallet.withdrawals(alice.account)
    details = await look(floor, "tx_details", hash=sent.txid)
    assert [(output["address"], output["amount"]["value"]) for output in details["out"]] == [(SOMEWHERE, "0.5")]
    assert await look(floor, "addr_details", hash=SOMEWHERE) == {"address": SOMEWHERE, "tx": [details]}


async def test_whose_an_address_is_is_not_told(floor: Floor, alice: Trader) -> None:
    given = (await floor.returned(alice, "generic/bitcoin/address", description="alice's own socks"))["addr"]
    floor.sequencer.drain()
    strange = await rejection(floor, "addr_details", hash=SOMEWHERE)
    assert await rejection(floor, "addr_details", hash=given) == strange, "given out, but never paid: as unknown as anybody's"
    floor.chain.simulate_deposit(given, "1")
    reply = repr(await look(floor, "addr_details", hash=given))
    for word in ("alice", "socks", str(alice.account), "account"):
        assert word not in reply.replace(given, "").replace(floor.chain.payments_to("BTC", given)[0].txid, "")


@pytest.mark.parametrize(
    ("method", "fields", "error"),
    [
        ("tx_details", {}, ('Invalid parameter "hash" (is required)', "invalid_parameter")),
        ("tx_details", {"hash": "0" * 64}, ("Transaction not found", "transaction_not_found")),
        ("block_list_tx", {}, ('Invalid parameter "hash" (or depth is required)', "invalid_parameter")),
        ("block_list_tx", {"depth": "x"}, ('Invalid parameter "depth" (should be a whole number)', "invalid_parameter")),
        ("block_list_tx", {"depth": "0"}, ("Block not found", "block_not_found")),
        ("block_list_tx", {"depth": "9" * 25}, ('Invalid parameter "depth" (should be a whole number)', "invalid_parameter")),
        ("block_list_tx", {"hash": "f" * 64}, ("Block not found", "block_not_found")),
        ("addr_details", {}, ('Invalid parameter "hash" (should be a Bitcoin address)', "invalid_parameter")),
        ("addr_details", {"hash": SOMEWHERE[:-1]}, ('Invalid parameter "hash" (should be a Bitcoin address)', "invalid_parameter")),
    ],
)
async def test_what_is_not_found(floor: Floor, method: str, fields: dict[str, str], error: tuple[str, str]) -> None:
    assert await rejection(floor, method, **fields) == error


async def test_transactions_that_never_confirm_or_are_yet_to_come_are_not_there(floor: Floor, alice: Trader) -> None:
    address = (await floor.returned(alice, "generic/bitcoin/address"))["addr"]
    dropped, later = floor.chain.simulate_deposit(address, "1"), floor.chain.simulate_deposit(address, "1", at=NOON + SECOND)
    floor.chain.simulate_drop("BTC", dropped)
    for txid in (dropped, later):
        assert (await rejection(floor, "tx_details", hash=txid))[0] == "Transaction not found"
    assert (await rejection(floor, "addr_details", hash=address))[0] == "Address not found"
    floor.clock.now += SECOND
    assert (await look(floor, "tx_details", hash=later))["confirmations"] == 0


@pytest.mark.parametrize(
    "path",
    [
        "/api/1/generic/bitcoin/tx/details",
        "/api/1/generic/public/bitcoin/tx_details",
        "/api/1/BTCUSD/bitcoin/tx_details",
        "/api/2/money/bitcoin/tx_details",
        "/api/2/BTCUSD/money/bitcoin/tx/details",
    ],
)
async def test_spellings(floor: Floor, alice: Trader, path: str) -> None:
    address = (await floor.returned(alice, "generic/bitcoin/address"))["addr"]
    txid = floor.chain.simulate_deposit(address, "1")
    answer = await floor.json("POST", path, f"txid={txid}".encode())
    assert answer["return" if "/1/" in path else "data"]["hash"] == txid


async def test_a_network_that_is_away(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise CoinPortUnavailable

    for name in ("transaction", "block", "payments_to"):
        monkeypatch.setattr(floor.chain, name, away)
    for method, fields in (("tx_details", {"hash": "0" * 64}), ("block_list_tx", {"depth": 5}), ("addr_details", {"hash": SOMEWHERE})):
        assert (await rejection(floor, method, **fields))[1] == "unknown_error"
