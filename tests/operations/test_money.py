"""Money as an operator sees and moves it: credits, simulated deposits, withdrawals, the ledger."""

import pytest

from cambist._core import Outcome
from cambist.domain.orders import Side
from cambist.domain.units import AccountId, AssetId
from cambist.wallet import WithdrawalState
from tests.operations.conftest import Office

SOMEWHERE = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
COIN = 10**16


async def test_a_reference_is_good_once_for_an_account_and_an_asset(office: Office, alice: AccountId) -> None:
    await office.done("user.add", name="bob")
    slip = {"amounts": "USD=100", "reference": "slip 17"}
    assert await office.done("fund", user="alice", **slip) == [{"asset": "USD", "amount": "100", "repeated": False}]
    assert await office.done("fund", user="alice", **slip) == [{"asset": "USD", "amount": "100", "repeated": True}]
    assert await office.refused("fund", user="alice", amounts="USD=101", reference="slip 17") == "reference-used"
    assert await office.refused("fund", user="alice", amounts="BTC=1,USD=101", reference="slip 17") == "reference-used"
    assert office.engine.balance(alice, 0)[0] == 1_100 * COIN
    assert office.engine.balance(alice, 1)[0] == 10 * COIN, "all or nothing"
    assert await office.done("fund", user="bob", **slip) == [{"asset": "USD", "amount": "100", "repeated": False}]
    assert await office.done("fund", user="alice", amounts="EUR=5", reference="slip 17") == [
        {"asset": "EUR", "amount": "5", "repeated": False}
    ]


@pytest.mark.parametrize(
    ("amounts", "code"),
    [
        ("", "amount-invalid"),
        ("USD", "amount-invalid"),
        ("USD=0", "amount-invalid"),
        ("USD=-1", "amount-invalid"),
        ("USD=1e99", "amount-invalid"),
        ("USD=0.00000000000000001", "amount-invalid"),
        ("USD=1,USD=2", "amount-invalid"),
        ("XYZ=1", "asset-unknown"),
    ],
)
async def test_amounts_that_are_none_change_nothing(office: Office, alice: AccountId, amounts: str, code: str) -> None:
    before = office.money()
    assert await office.refused("fund", user="alice", amounts=amounts) == code
    assert office.money() == before


async def test_a_simulated_deposit_is_credited_once_it_is_confirmed(office: Office, alice: AccountId) -> None:
    paid = await office.done("deposit.simulate", user="alice", asset="btc", amount="0.5")
    assert office.wallet.address_of(alice, AssetId(1)) == paid["address"]
    await go_on(office)
    assert office.engine.balance(alice, 1) == (105 * COIN // 10, 0)
    assert await office.refused("deposit.simulate", user="alice", asset="USD", amount="1") == "no-network"
    assert await office.refused("deposit.simulate", user="alice", asset="XYZ", amount="1") == "asset-unknown"
    assert await office.refused("deposit.simulate", user="alice", asset="BTC", amount="0.000000001") == "amount-too-fine"


async def withdraw(office: Office, account: AccountId, coins: int) -> str:
    """Requests a withdrawal; its id."""
    outcome = await office.wallet.request_withdrawal(account, AssetId(1), coins * COIN, SOMEWHERE)
    assert isinstance(outcome, Outcome)
    assert outcome.code == 0
    office.sequencer.drain()
    office.clock.now += 1
    return f"{office.wallet.withdrawals(account)[0].transfer_id:032x}"


async def go_on(office: Office) -> None:
    """Time enough for whatever may move."""
    for _ in range(4):
        assert await office.wallet.run_due(office.clock()) == []
        office.sequencer.drain()
        office.clock.now += 10 * 10**6


async def test_a_large_withdrawal_waits_for_approval_and_a_small_one_does_not(office: Office, alice: AccountId) -> None:
    small, large = await withdraw(office, alice, 2), await withdraw(office, alice, 3)
    await go_on(office)
    assert [amount for _, _, _, amount in office.chain.sent()] == ["2"]
    (awaiting,) = await office.done("withdrawal.list")
    assert (awaiting["id"], awaiting["user"], awaiting["amount"], awaiting["state"]) == (large, "alice", "3", "awaiting approval")
    assert {row["id"] for row in await office.done("withdrawal.list", state="all")} == {small, large}
    assert (await office.done("withdrawal.approve", id=large))["state"] == "waiting"
    assert await office.done("withdrawal.list", user="alice") == []
    await go_on(office)
    assert sorted(amount for _, _, _, amount in office.chain.sent()) == ["2", "3"]
    done = office.wallet.withdrawal(int(large, 16))
    assert done is not None
    assert done.state == WithdrawalState.DONE
    assert await office.refused("withdrawal.approve", id=large) == "approval-not-awaited"
    assert await office.refused("withdrawal.refuse", id=large) == "not-cancellable"


async def test_a_refused_withdrawal_goes_back_and_never_out(office: Office, alice: AccountId) -> None:
    large = await withdraw(office, alice, 3)
    assert (await office.done("withdrawal.refuse", id=large, reason="who is this?"))["state"] == "cancelled"
    await go_on(office)
    assert office.chain.sent() == []
    assert office.engine.balance(alice, 1) == (10 * COIN, 0)
    assert await office.refused("withdrawal.approve", id=large) == "approval-not-awaited"
    assert await office.refused("withdrawal.refuse", id=large, reason="x" * 201) == "reason-too-long"


@pytest.mark.parametrize("text", ["", "nothing", "0", "ff", "f" * 40, "-1"])
async def test_a_withdrawal_that_does_not_exist_is_named(office: Office, text: str) -> None:
    assert await office.refused("withdrawal.approve", id=text) == "withdrawal-unknown"
    assert await office.refused("withdrawal.refuse", id=text) == "withdrawal-unknown"


async def test_balances_entries_and_totals_tell_the_same_story(office: Office, alice: AccountId) -> None:
    bob = (await office.done("user.add", name="bob"))["account"]
    await office.done("fund", user="bob", amounts="USD=500")
    office.order(alice, Side.SELL, 100_000, 10**8)
    office.order(bob, Side.BUY, 100_000, 5 * 10**7)
    balances = {row["asset"]: row for row in await office.done("ledger.balances", user="bob")}
    assert (balances["USD"]["total"], balances["BTC"]["available"]) == ("450", "0.499")
    entries = await office.done("ledger.entries", user="bob", newest_first=False)
    assert [(row["business"], row["kind"], row["asset"]) for row in entries] == [
        ("transfer", "deposit", "USD"),
        ("trade", "", "USD"),
        ("trade", "", "BTC"),
    ]
    assert (entries[2]["market"], entries[2]["price"], entries[2]["amount"], entries[2]["fee"]) == ("btc_usd", "100", "0.5", "0.001")
    assert entries[2]["available"] == balances["BTC"]["available"]
    (second,) = await office.done("ledger.entries", user="bob", first_id=entries[1]["id"], limit=1, newest_first=False)
    assert second == entries[1]
    assert [row["asset"] for row in await office.done("ledger.entries", user=f"@{bob}", asset="btc")] == ["BTC"]
    assert await office.refused("ledger.entries", user="bob", asset="XYZ") == "asset-unknown"
    assert {row["sum"] for row in await office.done("ledger.totals")} == {"0"}
    fees = {row["asset"]: row["total"] for row in await office.done("ledger.balances", user="@1")}
    assert fees == {"USD": "0.1", "BTC": "0.001"}, "the fees account has no user and is seen all the same"
