"""Death at every moment: between any two steps of a deposit and three withdrawals, then a restart, and everything happens exactly once.

Moments are: before and after each command to the core, before and after each call that leaves a trace on the network, before and after
each sync, before and after the view was fed. What was not synced is lost, what the network was told is not.
"""

from pathlib import Path

import pytest

from cambist import _core
from cambist.wallet import AssetPolicy, DepositState, WithdrawalState
from tests.wallet.conftest import ALICE, BOB, BTC, COIN, SOMEWHERE, Crash, Venue

FEE = COIN // 1000
REFUSED_ADDRESS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
PAID, REFUSED, CANCELLED = 101, 102, 103


def furnished(folder: Path) -> Venue:
    """Alice has 10 BTC, Bob an address that somebody pays 0.5 BTC to; nothing has been asked of the service."""
    venue = Venue(folder, BTC=AssetPolicy(confirmations=2, fee=FEE))
    venue.fund(ALICE, BTC, 10 * COIN)
    venue.chain.simulate_rejection(REFUSED_ADDRESS, "on a black list")
    venue.chain.simulate_deposit(venue.address(BOB, BTC), "0.5")
    return venue


def story(venue: Venue) -> None:
    """Everything that is asked; who asks it again after a crash uses the same ids, as a client with a retry does."""
    venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE, transfer_id=PAID)
    venue.service.request_withdrawal(ALICE, BTC, 2 * COIN, REFUSED_ADDRESS, transfer_id=REFUSED)
    venue.service.request_withdrawal(ALICE, BTC, 3 * COIN, SOMEWHERE, transfer_id=CANCELLED)
    venue.sync()
    venue.service.cancel_withdrawal(CANCELLED)
    venue.sync()
    for _ in range(6):
        venue.tick(blocks=1)


def check(venue: Venue) -> None:
    assert venue.balance(ALICE) == (9 * COIN, 0)
    assert venue.balance(BOB) == (COIN // 2, 0)
    assert venue.balance(_core.WITHDRAWALS) == (0, 0)
    assert venue.balance(_core.FEES) == (FEE, 0)
    assert venue.engine.pending_transfers() == []
    assert [row[0] for row in venue.chain.sent()] == [f"{PAID:032x}"]
    states = {item.transfer_id: item.state for item in venue.service.withdrawals(ALICE)}
    assert states == {PAID: WithdrawalState.DONE, REFUSED: WithdrawalState.CANCELLED, CANCELLED: WithdrawalState.CANCELLED}
    assert [item.state for item in venue.service.deposits(BOB)] == [DepositState.DONE]
    venue.check_conservation()


def count_moments(folder: Path) -> int:
    venue = furnished(folder)
    before = venue.steps.taken
    story(venue)
    check(venue)
    venue.stop()
    return venue.steps.taken - before


def die_and_tell_again(venue: Venue, at: int) -> None:
    venue.steps.die_at = venue.steps.taken + at
    with pytest.raises(Crash):
        story(venue)
    venue.crash()
    venue.restart()


def test_a_death_at_every_moment(tmp_path: Path) -> None:
    moments = count_moments(tmp_path)
    assert moments > 50
    for moment in range(1, moments + 1):
        folder = tmp_path / f"{moment}"
        folder.mkdir()
        venue = furnished(folder)
        die_and_tell_again(venue, moment)
        story(venue)
        check(venue)
        venue.stop()


@pytest.mark.parametrize("view_lost", [False, True], ids=["view kept", "view lost as well"])
def test_two_deaths_in_a_row(tmp_path: Path, view_lost: bool) -> None:
    for first in range(8, 40, 6):
        for second in range(1, 40, 7):
            folder = tmp_path / f"{first}-{second}"
            folder.mkdir()
            venue = furnished(folder)
            die_and_tell_again(venue, first)
            if view_lost:
                venue.stop()
                (folder / "wallet.sqlite").unlink()
                venue.restart()
            die_and_tell_again(venue, second)
            story(venue)
            check(venue)
            venue.stop()


def test_ticking_faster_than_the_disk_answers_changes_nothing(tmp_path: Path) -> None:
    venue = furnished(tmp_path)
    venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE, transfer_id=PAID)
    for _ in range(6):
        seq = venue.engine.seq
        venue.now += 10_000_000
        assert venue.service.run_due(venue.now) == []
        done = venue.engine.seq
        for _ in range(3):
            assert venue.service.run_due(venue.now) == []
        assert venue.engine.seq == done, f"asked again for what was asked already, after {seq}"
        venue.sync()
    assert (venue.balance(ALICE), venue.balance(BOB)) == ((9 * COIN, 0), (COIN // 2, 0))
    assert venue.balance(_core.WITHDRAWALS) == (0, 0)
    venue.stop()


def test_a_deposit_booked_but_not_yet_durable_is_read_again_after_a_crash(tmp_path: Path) -> None:
    venue = furnished(tmp_path)
    venue.service.run_due(venue.now)
    assert len(venue.engine.pending_transfers()) == 1
    venue.service.flush()
    venue.crash()
    venue.restart()
    assert venue.engine.pending_transfers() == []
    for _ in range(3):
        venue.tick(blocks=1)
    assert venue.balance(BOB) == (COIN // 2, 0)
    venue.stop()
