"""Money from one user to another, by name."""

import pytest

from tests.dialects.native.floor import Browser, Floor, Trader
from tests.dialects.native.test_funds import available

DAY = 24 * 3_600_000_000
SENT = {"asset": "BTC", "amount": "1.5", "receiver": "bob"}


async def test_both_sides_see_it_with_the_other_s_name(floor: Floor, alice: Trader, bob: Trader) -> None:
    sent = await floor.call(alice, "POST", "/transfers", SENT)
    assert {name: sent[name] for name in ("kind", "direction", "asset", "amount", "status", "counterparty")} == {
        "kind": "internal",
        "direction": "out",
        "asset": "BTC",
        "amount": "1.5",
        "status": "done",
        "counterparty": "bob",
    }
    assert (available(floor, alice), available(floor, bob)) == ("98.5", "101.5")
    received = await floor.call(bob, "GET", f"/transfers/{sent['id']}")
    assert (received["direction"], received["counterparty"], received["amount"]) == ("in", "alice", "1.5")
    for trader, change, other in ((alice, "-1.5", "bob"), (bob, "1.5", "alice")):
        entry = (await floor.call(trader, "GET", "/ledger?limit=1"))["rows"][0]
        assert (entry["available_change"], entry["kind"], entry["transfer_id"], entry["counterparty"]) == (
            change,
            "internal",
            sent["id"],
            other,
        )
        listed = (await floor.call(trader, "GET", "/transfers?kind=internal"))["rows"]
        assert [row["counterparty"] for row in listed] == [other]


async def test_under_one_key_it_is_sent_once_for_ever(floor: Floor, alice: Trader, bob: Trader) -> None:
    key = {"idempotency-key": "rent-of-May"}
    first = await floor.call(alice, "POST", "/transfers", SENT, key)
    assert await floor.call(alice, "POST", "/transfers", SENT, key) == first
    floor.restart_dialect()
    assert await floor.call(alice, "POST", "/transfers", SENT, key) == first
    assert available(floor, bob) == "101.5"
    floor.restart_dialect()
    assert await floor.problem(alice, "POST", "/transfers", {**SENT, "amount": "2"}, key) == (422, "idempotency-key-reused")
    assert available(floor, bob) == "101.5"
    await floor.call(bob, "POST", "/transfers", {**SENT, "receiver": "alice"}, key)
    assert available(floor, bob) == "100.0", "somebody else's key is another one"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"receiver": "nobody"}, 404, "user-unknown"),
        ({"receiver": "al\u0000ice"}, 404, "user-unknown"),
        ({"receiver": "ALICE"}, 409, "own-transfer"),
        ({"asset": "XXX"}, 404, "asset-unknown"),
        ({"amount": "0"}, 400, "request-invalid"),
        ({"amount": "-1"}, 400, "request-invalid"),
        ({"amount": "0.000000001"}, 422, "too-many-decimals"),
        ({"amount": "101"}, 409, "insufficient-funds"),
        ({"amount": "9" * 30}, 422, "amount-too-large"),
    ],
)
async def test_what_is_refused_moves_nothing(
    floor: Floor, alice: Trader, bob: Trader, change: dict[str, str], status: int, code: str
) -> None:
    before = floor.state()
    assert await floor.problem(alice, "POST", "/transfers", {**SENT, **change}) == (status, code)
    assert floor.state() == before


async def test_coins_to_an_address_of_this_venue_name_nobody(floor: Floor, alice: Trader, bob: Trader) -> None:
    to = (await floor.call(bob, "POST", "/addresses/BTC"))["address"]
    await floor.call(alice, "POST", "/withdrawals", {"asset": "BTC", "amount": "3", "address": to})
    for _ in range(6):
        floor.clock.now += 60_000_000
        await floor.wallet.run_due(floor.clock.now)
        floor.sequencer.drain()
    assert available(floor, bob) != "100.0"
    for trader in (alice, bob):
        rows = (await floor.call(trader, "GET", "/transfers"))["rows"] + (await floor.call(trader, "GET", "/ledger"))["rows"]
        assert {row["counterparty"] for row in rows} == {None}


async def test_an_erased_user_is_a_number(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.call(alice, "POST", "/transfers", SENT)
    floor.directory.erase_user(bob.user)
    (row,) = (await floor.call(alice, "GET", "/transfers?kind=internal"))["rows"]
    assert row["counterparty"] == f"@{bob.account}"


async def test_one_account_sends_so_many_a_day(floor: Floor, alice: Trader, bob: Trader) -> None:
    for _ in range(floor.services.transfers_per_day):
        await floor.call(alice, "POST", "/transfers", {**SENT, "amount": "0.001"})
    assert await floor.problem(alice, "POST", "/transfers", SENT) == (429, "rate-limited")
    await floor.call(bob, "POST", "/transfers", {**SENT, "receiver": "alice"})
    floor.clock.now += DAY
    await floor.call(alice, "POST", "/transfers", SENT)


async def test_a_page_asks_for_a_proof_and_a_key_for_its_scope(floor: Floor, alice: Trader, bob: Trader) -> None:
    reader = floor.keyed(alice.user, frozenset({"read", "trade"}))
    assert await floor.problem(reader, "POST", "/transfers", SENT) == (403, "scope-missing")
    browser = Browser(floor)
    await browser.log_in("alice")
    await browser.call("POST", "/transfers", SENT)
    floor.clock.now += 600_000_000
    assert await browser.problem("POST", "/transfers", SENT) == (403, "proof-required")
    assert available(floor, bob) == "101.5"
