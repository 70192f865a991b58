"""Withdrawals that an operator must look at: they wait through restarts and rebuilds, and go exactly when they were approved."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist.domain.reject_reasons import RejectReason
from cambist.wallet import Approval, AssetPolicy, WalletRejection, WithdrawalState
from tests.wallet.conftest import ALICE, BTC, COIN, ETH, SOMEWHERE, Venue

LIMIT = AssetPolicy(confirmations=1, approve_above=COIN)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Venue]:
    """Withdrawals of more than one BTC wait."""
    venue = Venue(tmp_path, BTC=LIMIT)
    venue.fund(ALICE, BTC, 10 * COIN)
    yield venue
    venue.stop()


def request(venue: Venue, number: int, atoms: int) -> None:
    assert venue.service.request_withdrawal(ALICE, BTC, atoms, SOMEWHERE, transfer_id=number).code == RejectReason.OK
    venue.sync()


def sent(venue: Venue) -> list[str]:
    return [amount for _, _, _, amount in venue.chain.sent()]


@pytest.mark.parametrize(
    ("atoms", "approval"),
    [(COIN, Approval.NOT_NEEDED), (COIN + 10**8, Approval.AWAITED), (2 * COIN, Approval.AWAITED)],
    ids=["at the limit", "one coin unit above", "far above"],
)
def test_the_limit_is_the_largest_that_goes_by_itself(guarded: Venue, atoms: int, approval: Approval) -> None:
    request(guarded, 71, atoms)
    assert guarded.service.withdrawal(71).approval == approval
    guarded.tick(blocks=1)
    assert bool(sent(guarded)) == (approval == Approval.NOT_NEEDED)
    assert [item.transfer_id for item in guarded.service.awaiting_approval()] == ([71] if approval == Approval.AWAITED else [])


def test_without_a_limit_nothing_waits(venue: Venue) -> None:
    venue.fund(ALICE, BTC, 100 * COIN)
    venue.service.request_withdrawal(ALICE, BTC, 99 * COIN, SOMEWHERE)
    venue.sync()
    venue.tick()
    assert sent(venue) == ["99"]


@pytest.mark.parametrize("file_lost", [False, True], ids=["restarted", "rebuilt from the journal"])
def test_who_waits_still_waits_after_a_restart_and_who_was_approved_goes(guarded: Venue, file_lost: bool) -> None:
    for number in (71, 72):
        request(guarded, number, 2 * COIN)
    assert guarded.service.approve_withdrawal(72).code == RejectReason.OK
    guarded.sync()
    guarded.stop()
    guarded.policies = {}  # the limit is gone since: who waits goes on waiting
    if file_lost:
        for file in guarded.folder.glob("wallet.sqlite*"):
            file.unlink()
    guarded.restart()
    assert [guarded.service.withdrawal(number).approval for number in (71, 72)] == [Approval.AWAITED, Approval.GIVEN]
    for _ in range(5):
        assert guarded.tick(blocks=1) == []
    assert [reference for reference, *_ in guarded.chain.sent()] == [f"{72:032x}"]
    assert guarded.service.withdrawal(71).state == WithdrawalState.WAITING
    guarded.check_conservation()


def test_an_approval_that_a_crash_took_back_is_none(guarded: Venue) -> None:
    request(guarded, 71, 2 * COIN)
    assert guarded.service.approve_withdrawal(71).code == RejectReason.OK
    guarded.crash()
    guarded.restart()
    guarded.tick(blocks=1)
    assert sent(guarded) == []
    assert guarded.service.approve_withdrawal(71).code == RejectReason.OK
    guarded.sync()
    guarded.tick(blocks=1)
    assert sent(guarded) == ["2"]


def test_a_refused_one_goes_back_and_is_never_sent(guarded: Venue) -> None:
    request(guarded, 71, 2 * COIN)
    assert guarded.service.cancel_withdrawal(71).code == RejectReason.OK
    guarded.sync()
    assert guarded.service.approve_withdrawal(71) is WalletRejection.NOT_AWAITED
    for _ in range(3):
        assert guarded.tick(blocks=1) == []
    assert sent(guarded) == []
    assert guarded.balance(ALICE) == (10 * COIN, 0)


@pytest.mark.parametrize("number", [70, 72], ids=["unknown", "needs none"])
def test_what_waits_for_nobody_cannot_be_approved(guarded: Venue, number: int) -> None:
    request(guarded, 72, COIN)
    assert guarded.service.approve_withdrawal(number) is WalletRejection.NOT_AWAITED


def test_assets_without_a_limit_of_their_own_never_wait(guarded: Venue) -> None:
    guarded.fund(ALICE, ETH, 10**12)
    address = guarded.address(ALICE, ETH)
    assert guarded.service.request_withdrawal(ALICE, ETH, 10**12, address, transfer_id=73).code == RejectReason.OK
    guarded.sync()
    assert guarded.service.withdrawal(73).approval == Approval.NOT_NEEDED
