"""The service: coins come in once and go out once, and every step of it stands in the ledger."""

from pathlib import Path

import pytest

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfers import TransferKind
from cambist.wallet import (
    AssetPolicy,
    CoinPortUnavailable,
    DepositState,
    Incoming,
    WalletRejection,
    WalletUnreadable,
    WithdrawalState,
    deposit_id,
)
from tests.support.immediate import Immediate
from tests.wallet.conftest import ALICE, BOB, BTC, COIN, ETH, NOON, SECOND, SOMEWHERE, USD, Venue


# --- addresses --------------------------------------------------------------------------------------------------------------
def test_there_is_no_address_before_one_is_generated(venue: Venue) -> None:
    assert venue.service.address_of(ALICE, BTC) is None
    address = venue.service.new_address(ALICE, BTC)
    assert venue.service.address_of(ALICE, BTC) == address
    assert venue.service.address_of(BOB, BTC) is None
    assert venue.service.address_of(ALICE, ETH) is None


def test_a_newer_address_is_shown_and_the_older_one_still_pays_in(venue: Venue) -> None:
    first, second = venue.address(ALICE, BTC), venue.address(ALICE, BTC)
    assert first != second
    venue.chain.simulate_deposit(first, "1")
    venue.tick()
    venue.tick(blocks=3)
    assert venue.balance(ALICE) == (COIN, 0)


def test_addresses_come_back_from_the_journal_alone(venue: Venue) -> None:
    address = venue.address(ALICE, BTC)
    venue.stop()
    (venue.folder / "wallet.sqlite").unlink()
    venue.restart()
    assert venue.service.address_of(ALICE, BTC) == address
    assert venue.service.new_address(ALICE, BTC) != address


@pytest.mark.parametrize(("asset", "rejection"), [(USD, WalletRejection.NO_NETWORK), (99, WalletRejection.ASSET_UNKNOWN)])
def test_some_assets_have_no_addresses(venue: Venue, asset: int, rejection: WalletRejection) -> None:
    assert venue.service.new_address(ALICE, asset) is rejection
    assert rejection.words


@pytest.mark.parametrize("account", [_core.WORLD, _core.FEES, 18])
def test_only_users_have_addresses(venue: Venue, account: int) -> None:
    with pytest.raises(IndexError):
        venue.service.new_address(account, BTC)


# --- deposits ---------------------------------------------------------------------------------------------------------------
def test_a_deposit_is_seen_then_credited(venue: Venue) -> None:
    """
    block  alice's BTC      the deposit
    0      nothing          unconfirmed: a pending transfer of the world's
    2      nothing          still so
    3      1.5              done
    """
    address = venue.address(ALICE, BTC)
    txid = venue.chain.simulate_deposit(address, "1.5")
    venue.tick()
    (deposit,) = venue.service.deposits(ALICE)
    assert (deposit.state, deposit.amount, deposit.address, deposit.txid) == (DepositState.UNCONFIRMED, 15 * COIN // 10, address, txid)
    assert venue.balance(ALICE) == (0, 0)
    assert [pending.transfer_id for pending in venue.engine.pending_transfers()] == [deposit_id("BTC", txid, 0)]
    venue.tick(blocks=2)
    assert venue.balance(ALICE) == (0, 0)
    venue.tick(blocks=1)
    assert venue.balance(ALICE) == (15 * COIN // 10, 0)
    assert venue.service.deposits(ALICE)[0].state is DepositState.DONE
    venue.check_conservation()


def test_a_deposit_seen_late_is_credited_in_one_step(venue: Venue) -> None:
    txid = venue.chain.simulate_deposit(venue.address(ALICE, BTC), "1")
    venue.tick(blocks=5)
    assert venue.balance(ALICE) == (COIN, 0)
    found = venue.service.deposit(deposit_id("BTC", txid, 0))
    assert found is not None
    assert found.state is DepositState.DONE


def test_nothing_is_credited_twice_however_often_the_wallet_looks(venue: Venue) -> None:
    txid = venue.chain.simulate_deposit(venue.address(ALICE, BTC), "1")
    for _ in range(10):
        assert venue.tick(blocks=1) == []
    again = Immediate(venue.commands).transfer(deposit_id("BTC", txid, 0), _core.WORLD, ALICE, BTC, TransferKind.DEPOSIT, COIN)
    assert again.code == RejectReason.TRANSFER_ID_USED
    assert venue.balance(ALICE) == (COIN, 0)


def test_a_deposit_that_can_never_confirm_is_cancelled(venue: Venue) -> None:
    txid = venue.chain.simulate_deposit(venue.address(ALICE, BTC), "1")
    venue.tick()
    venue.chain.simulate_drop("BTC", txid)
    venue.tick(blocks=10)
    assert venue.balance(ALICE) == (0, 0)
    assert [deposit.state for deposit in venue.service.deposits(ALICE)] == [DepositState.CANCELLED]
    assert venue.engine.pending_transfers() == []
    venue.check_conservation()


@pytest.mark.parametrize(
    ("amount", "atoms"), [("1", 10**10), ("0.0000000001", 1), ("0.123456789012345678", 1_234_567_890), ("0.00000000009", 0)]
)
def test_what_is_finer_than_the_ledger_is_cut(venue: Venue, amount: str, atoms: int) -> None:
    venue.chain.simulate_deposit(venue.address(ALICE, ETH), amount)
    venue.tick(blocks=5)
    assert venue.balance(ALICE, ETH) == (atoms, 0)


def test_a_payment_to_an_address_without_an_account_stops_nobody(venue: Venue) -> None:
    stray = venue.chain.new_address("BTC", "the venue's own")
    venue.chain.simulate_deposit(stray, "7")
    venue.chain.simulate_deposit(venue.address(ALICE, BTC), "1")
    venue.tick(blocks=5)
    assert venue.balance(ALICE) == (COIN, 0)


def test_a_thousand_deposits_are_read_once_and_not_again_after_a_restart(venue: Venue) -> None:
    address = venue.address(ALICE, BTC)
    for _ in range(1_100):
        venue.chain.simulate_deposit(address, "0.001")
    venue.tick(blocks=5)
    assert venue.balance(ALICE) == (1_100 * COIN // 1000, 0)
    venue.stop()
    venue.restart()
    read: list[Incoming] = []
    incoming = venue.chain.incoming

    def counted(after: str) -> list[Incoming]:
        read.extend(incoming(after))
        return incoming(after)

    venue.chain.incoming = counted  # type: ignore[method-assign]
    venue.tick()
    assert read == []


# --- withdrawals ------------------------------------------------------------------------------------------------------------
def test_a_withdrawal_goes_its_way(venue: Venue) -> None:
    """
    step              alice free/held   withdrawals   sent   BTC-e status
    requested         7 / 3             0             no     1
    tick              7 / 0             3             yes    3
    three blocks      7 / 0             0             yes    2
    """
    venue.fund(ALICE, BTC, 10 * COIN)
    outcome = venue.service.request_withdrawal(ALICE, BTC, 3 * COIN, SOMEWHERE, Meta(key_id=5, nonce=9))
    assert not isinstance(outcome, WalletRejection)
    assert outcome.code == RejectReason.OK
    assert venue.balance(ALICE) == (7 * COIN, 3 * COIN)
    venue.sync()
    (waiting,) = venue.service.withdrawals(ALICE)
    assert (waiting.state, waiting.amount, waiting.fee, waiting.address) == (WithdrawalState.WAITING, 3 * COIN, 0, SOMEWHERE)
    assert venue.chain.sent() == []

    assert venue.tick() == []
    assert venue.balance(ALICE) == (7 * COIN, 0)
    assert venue.balance(_core.WITHDRAWALS) == (3 * COIN, 0)
    assert [row[1:] for row in venue.chain.sent()] == [("BTC", SOMEWHERE, "3")]
    assert venue.service.withdrawals(ALICE)[0].state is WithdrawalState.UNCONFIRMED
    assert venue.service.withdrawals(ALICE)[0].txid

    venue.tick(blocks=2)
    assert venue.balance(_core.WITHDRAWALS) == (3 * COIN, 0)
    assert venue.tick(blocks=1) == []
    assert venue.balance(_core.WITHDRAWALS) == (0, 0)
    assert venue.service.withdrawals(ALICE)[0].state is WithdrawalState.DONE
    assert [int(item.state) for item in venue.service.withdrawals(ALICE)] == [2]
    venue.check_conservation()


def test_nothing_is_sent_before_the_hold_is_durable(venue: Venue) -> None:
    venue.fund(ALICE, BTC, COIN)
    venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE)
    venue.service.run_due(venue.now)
    assert venue.chain.sent() == []
    venue.sync()
    venue.service.run_due(venue.now)
    assert len(venue.chain.sent()) == 1


def test_who_sent_it_stands_beside_the_address_in_the_journal(venue: Venue) -> None:
    venue.fund(ALICE, BTC, COIN)
    venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE, Meta(key_id=5, nonce=9, memo={"own": 1}))
    (command,) = [event for event in _core.decode_events(venue.engine.take_events()) if isinstance(event, _core.CommandApplied)]
    meta = Meta.decode(command.meta)
    assert (meta.key_id, meta.nonce, meta.memo) == (5, 9, {"own": 1, "address": SOMEWHERE})


@pytest.mark.parametrize(
    ("asset", "atoms", "address", "answer"),
    [
        (BTC, COIN, SOMEWHERE, RejectReason.OK),
        (BTC, COIN // 10**8, SOMEWHERE, WalletRejection.AMOUNT_TOO_SMALL),  # not more than the fee
        (BTC, 2 * COIN // 10**8, SOMEWHERE, RejectReason.OK),
        (BTC, COIN + 1, SOMEWHERE, WalletRejection.AMOUNT_TOO_FINE),
        (BTC, 0, SOMEWHERE, WalletRejection.AMOUNT_TOO_SMALL),
        (BTC, -COIN, SOMEWHERE, WalletRejection.AMOUNT_TOO_SMALL),
        (BTC, COIN, SOMEWHERE[:-1], WalletRejection.ADDRESS_INVALID),
        (BTC, COIN, "", WalletRejection.ADDRESS_INVALID),
        (BTC, 11 * COIN, SOMEWHERE, RejectReason.INSUFFICIENT_FUNDS),
        (ETH, 10**10, SOMEWHERE, WalletRejection.ADDRESS_INVALID),
        (ETH, 10**10, "0x" + 40 * "a", RejectReason.INSUFFICIENT_FUNDS),
        (USD, 10**10, SOMEWHERE, WalletRejection.NO_NETWORK),
        (99, COIN, SOMEWHERE, WalletRejection.ASSET_UNKNOWN),
    ],
)
def test_which_withdrawals_are_taken(tmp_path: Path, asset: int, atoms: int, address: str, answer: RejectReason | WalletRejection) -> None:
    venue = Venue(tmp_path, BTC=AssetPolicy(fee=COIN // 10**8))
    venue.fund(ALICE, BTC, 10 * COIN)
    venue.fund(ALICE, USD, 10**12)
    seq = venue.engine.seq
    outcome = venue.service.request_withdrawal(ALICE, asset, atoms, address)
    if isinstance(answer, WalletRejection):
        assert outcome is answer
        assert venue.engine.seq == seq, "the core was not even asked"
    else:
        assert not isinstance(outcome, WalletRejection)
        assert outcome.code == answer
    venue.check_conservation()
    venue.stop()


@pytest.mark.parametrize(
    ("policy", "smallest"),
    [
        (AssetPolicy(), COIN // 10**8),
        (AssetPolicy(fee=COIN // 10**8), 2 * COIN // 10**8),  # more than the fee
        (AssetPolicy(fee=COIN // 10**8, minimum=COIN), COIN),
        (AssetPolicy(fee=COIN // 1000, minimum=1), COIN // 1000 + COIN // 10**8),
        (AssetPolicy(minimum=COIN // 100 + 1), COIN // 100 + COIN // 10**8),  # what the network carries
    ],
)
def test_the_smallest_withdrawal_is_taken_and_a_smaller_one_is_not(tmp_path: Path, policy: AssetPolicy, smallest: int) -> None:
    venue = Venue(tmp_path, BTC=policy)
    venue.fund(ALICE, BTC, 10 * COIN)
    assert venue.service.coin_rules(BTC) == (policy, smallest)
    assert venue.service.coin_rules(USD) is None
    below = venue.service.request_withdrawal(ALICE, BTC, smallest - COIN // 10**8, SOMEWHERE)
    assert below is WalletRejection.AMOUNT_TOO_SMALL
    outcome = venue.service.request_withdrawal(ALICE, BTC, smallest, SOMEWHERE)
    assert not isinstance(outcome, WalletRejection)
    assert outcome.code == RejectReason.OK
    venue.stop()


def test_a_fee_is_part_of_the_amount(tmp_path: Path) -> None:
    venue = Venue(tmp_path, BTC=AssetPolicy(confirmations=1, fee=COIN // 1000))
    venue.fund(ALICE, BTC, COIN)
    venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE)
    venue.sync()
    for _ in range(3):
        assert venue.tick(blocks=1) == []
    assert [row[3] for row in venue.chain.sent()] == ["0.999"]
    assert venue.balance(ALICE) == (0, 0)
    assert venue.balance(_core.FEES) == (COIN // 1000, 0)
    assert venue.balance(_core.WITHDRAWALS) == (0, 0)
    assert [item.state for item in venue.service.withdrawals(ALICE)] == [WithdrawalState.DONE]
    venue.check_conservation()
    venue.stop()


def test_a_caller_with_his_own_id_may_ask_again(venue: Venue) -> None:
    venue.fund(ALICE, BTC, 10 * COIN)
    codes = []
    for _ in range(2):
        outcome = venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE, transfer_id=77)
        assert not isinstance(outcome, WalletRejection)
        codes.append(outcome.code)
    assert codes == [RejectReason.OK, RejectReason.TRANSFER_ID_USED]
    assert venue.balance(ALICE) == (9 * COIN, COIN)


def test_what_the_network_refuses_goes_back(venue: Venue) -> None:
    venue.chain.simulate_rejection(SOMEWHERE, "on a black list")
    venue.fund(ALICE, BTC, COIN)
    venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE)
    venue.sync()
    venue.tick()
    assert venue.balance(ALICE) == (COIN, 0)
    assert [item.state for item in venue.service.withdrawals(ALICE)] == [WithdrawalState.CANCELLED]
    for _ in range(3):
        assert venue.tick(blocks=1) == []
    venue.check_conservation()


def test_a_withdrawal_can_be_cancelled_until_it_is_sent(venue: Venue) -> None:
    venue.fund(ALICE, BTC, 2 * COIN)
    for number in (71, 72):
        venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE, transfer_id=number)
        venue.sync()
        if number == 71:
            outcome = venue.service.cancel_withdrawal(number)
            assert not isinstance(outcome, WalletRejection)
            assert outcome.code == RejectReason.OK
            venue.sync()
        venue.tick()
    assert venue.service.cancel_withdrawal(71) is WalletRejection.NOT_CANCELLABLE
    assert venue.service.cancel_withdrawal(72) is WalletRejection.NOT_CANCELLABLE
    assert venue.service.cancel_withdrawal(73) is WalletRejection.NOT_CANCELLABLE
    assert [row[0] for row in venue.chain.sent()] == [f"{72:032x}"]
    assert venue.balance(ALICE) == (COIN, 0)


def test_one_user_pays_another_over_the_network(venue: Venue) -> None:
    venue.fund(ALICE, BTC, COIN)
    venue.service.request_withdrawal(ALICE, BTC, COIN, venue.address(BOB, BTC))
    venue.sync()
    for _ in range(5):
        venue.tick(blocks=1)
    assert (venue.balance(ALICE), venue.balance(BOB)) == ((0, 0), (COIN, 0))
    venue.check_conservation()


def test_an_unreachable_node_only_costs_time(venue: Venue) -> None:
    venue.fund(ALICE, BTC, COIN)
    venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE)
    venue.sync()
    calls = []

    def unreachable(*_: object) -> None:
        calls.append(venue.now)
        raise CoinPortUnavailable

    working, venue.chain.send = venue.chain.send, unreachable  # type: ignore[method-assign, assignment]
    for _ in range(5):
        assert venue.tick() == []
        venue.now += SECOND
    assert calls == [NOON], "it is left alone for ten seconds"
    venue.chain.send = working  # type: ignore[method-assign]
    venue.now = NOON + 10 * SECOND
    venue.tick()
    assert len(venue.chain.sent()) == 1


def test_transfers_of_others_are_none_of_the_wallet_s(venue: Venue) -> None:
    venue.fund(ALICE, BTC, 5 * COIN)
    for number, kind, pending, meta in [
        (1, TransferKind.WITHDRAWAL, True, Meta()),
        (2, TransferKind.COUPON_CREATE, True, Meta(memo={"address": SOMEWHERE})),
        (3, TransferKind.WITHDRAWAL_SETTLE, False, Meta(memo={"withdrawal": 7})),
        (4, TransferKind.DEPOSIT, False, Meta(memo={"txid": 1})),
    ]:
        moved = Immediate(venue.commands).transfer(number, ALICE, _core.WITHDRAWALS, BTC, kind, COIN, pending=pending, meta=meta)
        assert moved.code == RejectReason.OK
    assert venue.engine.note(venue.now, b"deposit_address, but no meta").code == RejectReason.OK
    venue.sync()
    assert venue.tick(blocks=5) == []
    assert (venue.service.withdrawals(ALICE), venue.service.deposits(ALICE), venue.chain.sent()) == ([], [], [])


# --- the view ---------------------------------------------------------------------------------------------------------------
def test_feeding_twice_is_harmless_and_a_gap_is_not_taken(venue: Venue) -> None:
    venue.fund(ALICE, BTC, 5 * COIN)
    frames = []
    for number in (81, 82):
        venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE, transfer_id=number)
        frames.append(_core.decode_events(venue.engine.take_events()))
    with pytest.raises(ValueError, match="events are missing"):
        venue.service.apply(frames[1])
    for frame in (frames[0], frames[0], frames[1], frames[0] + frames[1]):
        venue.service.apply(frame)
    assert [item.transfer_id for item in venue.service.withdrawals(ALICE)] == [82, 81]
    assert venue.service.applied_seq == venue.engine.seq


def test_what_moves_no_money_may_be_left_out_when_it_is_said_how_far_the_events_go(venue: Venue) -> None:
    venue.fund(ALICE, BTC, 5 * COIN)
    venue.engine.advance_time(venue.now)
    venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE, transfer_id=81)
    venue.engine.advance_time(venue.now)
    run = venue.engine.take_events()
    event_filter = venue.service.event_filter.of(run)
    assert len(event_filter) < len(_core.decode_events(run))
    venue.service.apply(event_filter, through=venue.engine.seq)
    venue.service.apply(event_filter, through=venue.engine.seq)
    assert [item.transfer_id for item in venue.service.withdrawals(ALICE)] == [81]
    assert venue.service.applied_seq == venue.engine.seq


def test_a_flushed_view_need_not_read_what_it_knows(venue: Venue) -> None:
    venue.fund(ALICE, BTC, 5 * COIN)
    for _ in range(20):
        venue.engine.advance_time(venue.now)
    venue.sync()
    venue.service.flush()
    seq = venue.engine.seq
    venue.stop()
    venue._start()
    assert venue.service.applied_seq == seq


def test_a_view_of_a_longer_journal_is_refused(venue: Venue) -> None:
    """A journal put back from an older backup, with the view left as it was."""
    venue.fund(ALICE, BTC, COIN)
    del venue.journal[-1]
    venue.service.flush()
    venue.stop()
    venue.restart()
    with pytest.raises(WalletUnreadable, match="delete it"):
        venue.service.run_due(venue.now)


def test_the_view_folded_from_nothing_is_the_view_that_was_kept(venue: Venue) -> None:
    venue.fund(ALICE, BTC, 10 * COIN)
    address = venue.address(BOB, BTC)
    for step in range(8):
        if step % 2:
            venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE if step % 3 else address)
        else:
            venue.chain.simulate_deposit(address, f"0.{step + 1}")
        venue.sync()
        venue.tick(blocks=1)
    venue.service.request_withdrawal(ALICE, BTC, COIN, SOMEWHERE)
    venue.sync()
    kept = (venue.service.withdrawals(ALICE), venue.service.deposits(BOB))
    venue.stop()
    (venue.folder / "wallet.sqlite").unlink()
    venue.restart()
    assert (venue.service.withdrawals(ALICE), venue.service.deposits(BOB)) == kept
    assert len({item.state for item in kept[0]}) == 3


def test_an_account_has_only_so_many_addresses_of_an_asset(venue: Venue) -> None:
    venue.stop()
    venue.most_addresses = 2
    venue.restart()
    first, second = venue.address(ALICE, BTC), venue.address(ALICE, BTC)
    assert venue.service.new_address(ALICE, BTC) == WalletRejection.TOO_MANY_ADDRESSES
    assert venue.address(ALICE, ETH)
    assert venue.address(BOB, BTC) not in {first, second}
