"""Dual control: what one operator may not do alone where there are two, whoever they are, and after a restart too."""

from __future__ import annotations

from typing import Any

import pytest

from cambist.directory import Role, User
from cambist.directory.dual_control import KEPT, DualControl
from cambist.domain.units import AccountId, AssetId
from cambist.operations.dual_control import Awaiting
from cambist.operations.operation import Actor
from cambist.operations.rejections import Rejected
from tests.operations.conftest import Office

COIN = 10**16
SOMEWHERE = "sim1btcqqqqqqqqqqqqqqqqqqqqqqqq"


async def user(office: Office, name: str, role: Role | None = None) -> User:
    await office.done("user.add", name=name, password="a password")
    found = office.directory.user(name)
    assert found is not None
    if role is not None:
        office.directory.set_role(found, role)
    return found


async def asked(office: Office, who: User, operation: str, **arguments: Any) -> str:
    """What became of what an operator asked for over the network: done, waiting, or a rejection's code."""
    result = await office.operations.run(Actor(f"@{who.account} from 192.0.2.1", who.account), operation, arguments)
    return "waiting" if isinstance(result, Awaiting) else result.code if isinstance(result, Rejected) else "done"


async def withdrawal(office: Office, account: AccountId, coins: int = 3) -> str:
    address = await office.wallet.new_address(account, AssetId(1))
    assert isinstance(address, str)
    await office.wallet.request_withdrawal(account, AssetId(1), coins * COIN, address)
    await office.context.storage.durable()
    return f"{office.wallet.withdrawals(account)[0].transfer_id:032x}"


async def state(office: Office, withdrawal: str) -> tuple[str, str]:
    (row,) = [row for row in await office.done("withdrawal.list", state="all") if row["id"] == withdrawal]
    return row["state"], row["asked_by"]


async def test_one_operator_is_enough_where_there_is_one(office: Office, alice: AccountId) -> None:
    olga = await user(office, "olga", Role.OPERATOR)
    await user(office, "sam", Role.SUPPORT)
    assert await asked(office, olga, "withdrawal.approve", id=await withdrawal(office, alice)) == "done"


async def test_of_two_operators_both_must_let_a_withdrawal_go(office: Office, alice: AccountId) -> None:
    olga, otto = await user(office, "olga", Role.OPERATOR), await user(office, "otto", Role.OPERATOR)
    large = await withdrawal(office, alice)
    assert [await asked(office, olga, "withdrawal.approve", id=large) for _ in range(2)] == ["waiting", "waiting"], (
        "who asked may not approve"
    )
    assert await state(office, large) == ("awaiting approval", "olga")
    (waits,) = await office.done("approval.list")
    assert (waits["operation"], waits["arguments"], waits["asked_by"]) == ("withdrawal.approve", {"id": large}, "olga")
    assert await asked(office, otto, "withdrawal.approve", id=large.upper()) == "done", "the same, however it is written"
    assert await state(office, large) == ("waiting", "")
    assert await office.done("approval.list") == []
    records = (await office.done("audit.list", operation="withdrawal"))["rows"]
    assert [(record["by"], record["outcome"], record["account"]) for record in records] == [
        (f"@{otto.account} from 192.0.2.1", "done", alice),
        (f"@{olga.account} from 192.0.2.1", "waiting", alice),
        (f"@{olga.account} from 192.0.2.1", "waiting", alice),
    ]


async def test_the_first_word_survives_a_restart(office: Office, alice: AccountId) -> None:
    olga, otto = await user(office, "olga", Role.OPERATOR), await user(office, "otto", Role.OPERATOR)
    large = await withdrawal(office, alice)
    await asked(office, olga, "withdrawal.approve", id=large)
    directory: Any = office.directory
    directory.dual_control = DualControl(directory._database, lambda: office.clock.now)
    assert await asked(office, otto, "withdrawal.approve", id=large) == "done"


async def test_nobody_lets_their_own_withdrawal_go(office: Office) -> None:
    olga, otto = await user(office, "olga", Role.OPERATOR), await user(office, "otto", Role.OPERATOR)
    await office.done("fund", user="olga", amounts="BTC=10")
    large = await withdrawal(office, olga.account)
    assert await asked(office, olga, "withdrawal.approve", id=large) == "own-withdrawal"
    assert await asked(office, otto, "withdrawal.approve", id=large) == "done", "an operator asked for it, and another one let it go"


@pytest.mark.parametrize(
    "change", [lambda office, user: office.directory.set_role(user, None), lambda office, user: office.directory.freeze(user)]
)
async def test_the_word_of_who_is_no_operator_any_more_does_not_count(office: Office, alice: AccountId, change: Any) -> None:
    olga, otto, ottilie = [await user(office, name, Role.OPERATOR) for name in ("olga", "otto", "ottilie")]
    large = await withdrawal(office, alice)
    await asked(office, olga, "withdrawal.approve", id=large)
    change(office, olga)
    assert await asked(office, otto, "withdrawal.approve", id=large) == "waiting"
    assert await state(office, large) == ("awaiting approval", "otto")
    assert await asked(office, ottilie, "withdrawal.approve", id=large) == "done"


async def test_a_frozen_operator_still_counts_as_one_who_exists(office: Office, alice: AccountId) -> None:
    olga, otto = await user(office, "olga", Role.OPERATOR), await user(office, "otto", Role.OPERATOR)
    assert await asked(office, olga, "user.freeze", user="otto") == "done"
    assert await asked(office, olga, "withdrawal.approve", id=await withdrawal(office, alice)) == "waiting"
    assert await asked(office, olga, "user.role", user="otto", role="none") == "waiting", "nor can the other one be removed alone"
    assert office.directory.role(otto.id) is Role.OPERATOR


async def test_roles_below_an_operator_s_need_one_and_an_operator_s_two(office: Office) -> None:
    olga, otto = await user(office, "olga", Role.OPERATOR), await user(office, "otto", Role.OPERATOR)
    await user(office, "alice")
    assert await asked(office, olga, "user.role", user="alice", role="auditor") == "done"
    assert await asked(office, olga, "user.role", user="alice", role="operator") == "waiting"
    assert await asked(office, otto, "user.role", user="alice", role="support") == "done", "another role is another request"
    assert await asked(office, otto, "user.role", user="Alice", role="operator") == "done"
    assert await asked(office, olga, "user.role", user="olga", role="none") == "own-role"


async def test_what_waits_can_be_taken_back_and_is_forgotten_after_a_week(office: Office, alice: AccountId) -> None:
    olga, otto = await user(office, "olga", Role.OPERATOR), await user(office, "otto", Role.OPERATOR)
    large = await withdrawal(office, alice)
    await asked(office, olga, "withdrawal.approve", id=large)
    (waits,) = await office.done("approval.list")
    assert await asked(office, otto, "approval.withdraw", id=waits["id"]) == "done"
    assert await office.refused("approval.withdraw", id=waits["id"]) == "approval-unknown"
    assert await asked(office, otto, "withdrawal.approve", id=large) == "waiting"
    office.clock.now += KEPT
    assert await asked(office, olga, "withdrawal.approve", id=large) == "waiting"


async def test_what_cannot_be_approved_never_waits(office: Office, alice: AccountId) -> None:
    olga, _ = await user(office, "olga", Role.OPERATOR), await user(office, "otto", Role.OPERATOR)
    assert await asked(office, olga, "withdrawal.approve", id="f" * 32) == "withdrawal-unknown"
    assert await asked(office, olga, "withdrawal.approve", id=await withdrawal(office, alice, coins=1)) == "approval-not-awaited"
    assert await office.done("approval.list") == []


async def test_who_has_the_machine_is_not_bound(office: Office, alice: AccountId) -> None:
    await user(office, "olga", Role.OPERATOR), await user(office, "otto", Role.OPERATOR)
    assert (await office.done("withdrawal.approve", id=await withdrawal(office, alice)))["state"] == "waiting"
    assert (await office.done("user.role", user="otto", role="none"))["role"] == "none"
