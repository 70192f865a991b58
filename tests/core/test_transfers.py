"""Transfers: money between accounts in one step or in two, each id good for one only."""

from typing import Any

import pytest

from tests.core.faults import Fault, pairs, single
from tests.core.venue import ALICE, BOB, CAROL, DAVE, GEM, NOON, RICH, USD, Venue
from tests.twin.events import BalanceChanged, CommandApplied, Outcome, TransferPending, TransferPosted, TransferVoided
from tests.twin.words import MAX_ATOMS, U64_MAX, WORLD, WORLD_MAY_OWE, Business, Code

GOOD = {"transfer_id": 7, "source": ALICE, "destination": BOB, "asset": USD, "kind": 7, "pending": 0, "amount": 50}
PENDING = {**GOOD, "pending": 1}
COUPONS, WITHDRAWALS = 2, 3


def spend_seven(venue: Venue) -> None:
    assert venue.do("transfer", **{**GOOD, "source": CAROL}).code == Code.OK


def spend_everything(venue: Venue) -> None:
    venue.leave_only(ALICE, USD, 0)


FAULTS = [
    Fault("unknown source", Code.ACCOUNT_NOT_FOUND, {"source": 20}),
    Fault("unknown destination", Code.ACCOUNT_NOT_FOUND, {"destination": 20}),
    Fault("to oneself", Code.SAME_ACCOUNT, {"source": BOB, "destination": BOB}),
    Fault("unknown asset", Code.ASSET_NOT_FOUND, {"asset": 3}),
    Fault("kind 0", Code.ENUM_INVALID, {"kind": 0}),
    Fault("kind 9", Code.ENUM_INVALID, {"kind": 9}),
    Fault("pending 2", Code.ENUM_INVALID, {"pending": 2}),
    Fault("amount 0", Code.TRANSFER_AMOUNT_INVALID, {"amount": 0}),
    Fault("amount above 2^96", Code.TRANSFER_AMOUNT_INVALID, {"amount": MAX_ATOMS + 1}),
    Fault("absurd amount", Code.TRANSFER_AMOUNT_INVALID, {"amount": 2**128 - 1}),
    Fault("id 0", Code.TRANSFER_ID_USED, {"transfer_id": 0}),
    Fault("id used", Code.TRANSFER_ID_USED, prepare=spend_seven),
    Fault("no money", Code.INSUFFICIENT_FUNDS, prepare=spend_everything),
]


@pytest.mark.parametrize("pending", [0, 1], ids=["single-phase", "pending"])
@pytest.mark.parametrize("fault", single(FAULTS))
def test_a_faulty_transfer_is_refused_and_changes_nothing(venue: Venue, fault: Fault, pending: int) -> None:
    fault.prepare(venue)
    before = venue.engine.snapshot()
    outcome = venue.do("transfer", **{**GOOD, "pending": pending, **fault.fields})
    assert outcome == Outcome(fault.code, seq=venue.engine.seq)
    assert venue.events == [CommandApplied(outcome.seq, NOON, 20, fault.code, 0, b"")]
    assert venue.engine.snapshot()[8:] == before[8:]


@pytest.mark.parametrize(("first", "second"), pairs(FAULTS, lambda first, second: {first.name, second.name} == {"to oneself", "no money"}))
def test_of_two_faults_the_first_in_the_page_names_the_rejection(venue: Venue, first: Fault, second: Fault) -> None:
    first.prepare(venue)
    second.prepare(venue)
    assert venue.do("transfer", **{**GOOD, **first.fields, **second.fields}).code == first.code


def test_a_single_step(venue: Venue) -> None:
    outcome = venue.do("transfer", **{**GOOD, "transfer_id": 2**100 + 5}, meta=b"memo")
    entry = venue.engine.next_entry_id - 2
    assert outcome == Outcome(seq=venue.engine.seq, id=entry)
    assert venue.events == [
        CommandApplied(outcome.seq, NOON, 20, 0, entry, b"memo"),
        TransferPosted(2**100 + 5, ALICE, BOB, USD, 7, False, 50),
        BalanceChanged(entry, ALICE, USD, Business.TRANSFER, 5, -50, 0, RICH - 50, 0),
        BalanceChanged(entry + 1, BOB, USD, Business.TRANSFER, 5, 50, 0, RICH + 50, 0),
    ]
    assert venue.engine.transfer_used(2**100 + 5)
    assert not venue.engine.transfer_used(5)
    assert venue.engine.pending_transfer(2**100 + 5) is None


def test_two_steps_posted(venue: Venue) -> None:
    outcome = venue.do("transfer", **PENDING)
    entry = venue.engine.next_entry_id - 1
    assert outcome == Outcome(seq=venue.engine.seq, id=entry)
    assert venue.events[1:] == [
        TransferPending(7, ALICE, BOB, USD, 7, 50),
        BalanceChanged(entry, ALICE, USD, Business.TRANSFER, 7, -50, 50, RICH - 50, 50),
    ]
    move: Any = venue.engine.pending_transfer(7)
    assert (move.transfer_id, move.source, move.destination, move.asset, move.kind, move.amount) == (7, ALICE, BOB, USD, 7, 50)

    outcome = venue.do("post_transfer", 7, meta=b"sent")
    assert outcome == Outcome(seq=venue.engine.seq, id=entry + 1)
    assert venue.events == [
        CommandApplied(outcome.seq, NOON, 21, 0, entry + 1, b"sent"),
        TransferPosted(7, ALICE, BOB, USD, 7, True, 50),
        BalanceChanged(entry + 1, ALICE, USD, Business.TRANSFER, 7, 0, -50, RICH - 50, 0),
        BalanceChanged(entry + 2, BOB, USD, Business.TRANSFER, 7, 50, 0, RICH + 50, 0),
    ]
    assert venue.engine.pending_transfer(7) is None


def test_two_steps_voided(venue: Venue) -> None:
    venue.do("transfer", **PENDING)
    outcome = venue.do("void_transfer", 7, meta=b"back")
    entry = venue.engine.next_entry_id - 1
    assert outcome == Outcome(seq=venue.engine.seq, id=entry)
    assert venue.events == [
        CommandApplied(outcome.seq, NOON, 22, 0, entry, b"back"),
        TransferVoided(7, ALICE, BOB, USD, 7, 50),
        BalanceChanged(entry, ALICE, USD, Business.TRANSFER, 7, 50, -50, RICH, 0),
    ]
    assert venue.balances(BOB, [USD]) == [(RICH, 0)]


@pytest.mark.parametrize("command", ["post_transfer", "void_transfer"])
@pytest.mark.parametrize(
    ("transfer_id", "expected"),
    [
        pytest.param(0, Code.TRANSFER_NOT_FOUND, id="id 0"),
        pytest.param(8, Code.TRANSFER_NOT_FOUND, id="never seen"),
        pytest.param(2**128 - 1, Code.TRANSFER_NOT_FOUND, id="absurd id"),
        pytest.param(1, Code.TRANSFER_NOT_PENDING, id="a single step"),
        pytest.param(2, Code.TRANSFER_NOT_PENDING, id="posted"),
        pytest.param(3, Code.TRANSFER_NOT_PENDING, id="voided"),
        pytest.param(4, Code.TRANSFER_NOT_FOUND, id="refused"),
        pytest.param(7, Code.OK, id="pending"),
    ],
)
def test_the_second_step_is_taken_once(venue: Venue, command: str, transfer_id: int, expected: Code) -> None:
    venue.do("transfer", **{**GOOD, "transfer_id": 1})
    for pending_id in (2, 3, 7):
        venue.do("transfer", **{**PENDING, "transfer_id": pending_id})
    venue.do("post_transfer", 2)
    venue.do("void_transfer", 3)
    venue.do("transfer", **{**GOOD, "transfer_id": 4, "source": DAVE})
    assert venue.do(command, transfer_id).code == expected


@pytest.mark.parametrize("fields", [{}, {"pending": 1}, {"amount": 1}, {"source": CAROL}, {"asset": GEM, "kind": 1}], ids=str)
@pytest.mark.parametrize("first", [GOOD, PENDING], ids=["after a single step", "after two"])
def test_an_id_is_good_for_one_transfer_for_ever(venue: Venue, first: dict[str, int], fields: dict[str, int]) -> None:
    venue.do("transfer", **first)
    assert venue.do("transfer", **{**GOOD, **fields}).code == Code.TRANSFER_ID_USED
    venue.do("post_transfer", 7)
    assert venue.do("transfer", **{**GOOD, **fields}).code == Code.TRANSFER_ID_USED


def test_a_refused_transfer_uses_no_id_up(venue: Venue) -> None:
    assert venue.do("transfer", **{**GOOD, "source": DAVE}).code == Code.INSUFFICIENT_FUNDS
    assert not venue.engine.transfer_used(7)
    assert venue.do("transfer", **GOOD).code == Code.OK


@pytest.mark.parametrize(
    ("amount", "expected"),
    [pytest.param(60, Code.OK, id="to the last atom"), pytest.param(61, Code.INSUFFICIENT_FUNDS, id="an atom short")],
)
def test_only_what_is_available_can_be_sent(venue: Venue, amount: int, expected: Code) -> None:
    venue.leave_only(ALICE, USD, 100)
    venue.buy(ALICE, 4, 10)  # forty are held
    assert venue.do("transfer", **{**GOOD, "amount": amount}).code == expected


def test_money_on_its_way_cannot_be_spent_by_either(venue: Venue) -> None:
    venue.leave_only(ALICE, USD, 50)
    venue.transfer(ALICE, DAVE, USD, 50, pending=1)
    assert venue.buy(ALICE, 1, 1).code == Code.INSUFFICIENT_FUNDS
    assert venue.buy(DAVE, 1, 1).code == Code.INSUFFICIENT_FUNDS


def test_system_accounts_send_and_receive(venue: Venue) -> None:
    assert venue.transfer(ALICE, COUPONS, USD, 5, kind=3).code == Code.OK
    assert venue.transfer(COUPONS, BOB, USD, 6, kind=4).code == Code.INSUFFICIENT_FUNDS
    assert venue.transfer(COUPONS, BOB, USD, 5, kind=4).code == Code.OK
    assert venue.transfer(ALICE, WITHDRAWALS, USD, 9, kind=2, pending=1, transfer_id=77).code == Code.OK
    venue.do("post_transfer", 77)
    assert venue.transfer(WITHDRAWALS, WORLD, USD, 9, kind=8).code == Code.OK
    assert venue.engine.totals()[USD] == (-3 * RICH + 9, 3 * RICH - 9, 0)


@pytest.mark.parametrize("pending", [0, 1], ids=["single-phase", "pending"])
def test_the_world_may_owe_2_to_120_and_no_more(venue: Venue, pending: int) -> None:
    asset = venue.do("create_asset", "FRESH", 0, 0).id
    records = [
        ("transfer", {"source": WORLD, "destination": BOB, "asset": asset, "kind": 1, "pending": 0, "amount": MAX_ATOMS, "transfer_id": n})
        for n in range(1, 6)
    ]
    for command, fields in records:
        assert venue.do(command, **fields).code == Code.OK
    assert venue.engine.balance(WORLD, asset) == (-5 * MAX_ATOMS, 0)
    snapshot = bytearray(venue.engine.snapshot())
    # Owing 2^120 takes 2^24 transfers: the debt and Bob's fortune are written into the state instead.
    old, new = 5 * MAX_ATOMS, WORLD_MAY_OWE - 10
    for sign in (-1, 1):
        row = asset.to_bytes(2, "little") + (sign * old).to_bytes(16, "little", signed=True)
        at = snapshot.index(row)
        snapshot[at : at + 18] = asset.to_bytes(2, "little") + (sign * new).to_bytes(16, "little", signed=True)
    owing = Venue(type(venue.engine).restore(bytes(snapshot)))
    owing.now = venue.now
    again = {"source": WORLD, "destination": BOB, "asset": asset, "kind": 1, "pending": pending}
    assert owing.do("transfer", **again, amount=11, transfer_id=8).code == Code.WORLD_LIMIT
    assert owing.do("transfer", **again, amount=10, transfer_id=8).code == Code.OK
    assert owing.do("transfer", **again, amount=1, transfer_id=9).code == Code.WORLD_LIMIT
    assert owing.do("transfer", **again, amount=1, transfer_id=8).code == Code.TRANSFER_ID_USED


def test_pending_transfers_are_listed_in_order_of_id(venue: Venue) -> None:
    for transfer_id in (9, 2**127, 3):
        venue.do("transfer", **{**PENDING, "transfer_id": transfer_id})
    assert [move.transfer_id for move in venue.engine.pending_transfers()] == [3, 9, 2**127]


def test_the_reference_is_the_low_half_of_the_id(venue: Venue) -> None:
    venue.do("transfer", **{**GOOD, "transfer_id": 2**128 - 1})
    assert {change.reference for change in venue.only(BalanceChanged)} == {U64_MAX}
