"""The canonical state: what it is made of, the way back, and what is no state at all."""

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from cambist._core import Engine
from tests.core.traffic import Traffic, furniture
from tests.core.venue import ALICE, BOB, CAROL, GEM_USD, NOON, USD, Venue
from tests.twin import Twin
from tests.twin.words import Tif, Type


@pytest.fixture
def busy(venue: Venue) -> Venue:
    """Something of everything."""
    venue.do("set_account_fees", ALICE, 100, 200)
    venue.buy(ALICE, 5, 10, client_id=3)
    venue.buy(BOB, 4, 10, tif=Tif.GTD, expire_at=NOON + 9)
    venue.sell(CAROL, 7, 12)
    venue.sell(CAROL, 2, 10)
    venue.buy(ALICE, 1, 9, tif=Tif.IOC, client_id=4)
    venue.sell(ALICE, 3, 8, type=Type.STOP_LIMIT, stop_price=5)
    venue.buy(BOB, type=Type.STOP_MARKET, stop_price=50, funds=99)
    venue.do("replace_order", ALICE, 1, amount=9)  # behind Bob's now: the queue is not in order of id
    venue.transfer(ALICE, BOB, USD, 5, pending=1)
    return venue


def test_the_empty_state_byte_by_byte(engine: Engine | Twin) -> None:
    head = bytes(16) + (1).to_bytes(8, "little") * 3 + bytes(8) + (10_000).to_bytes(4, "little")
    account = b"\xff" * 8 + bytes(2) + bytes(4)
    state = head + bytes(2) + bytes(2) + (16).to_bytes(4, "little") + account * 16 + bytes(4) + bytes(8)
    assert engine.snapshot() == state
    assert engine.state_hash() == blake3(state).digest()


def test_a_restored_venue_is_the_same(busy: Venue) -> None:
    engine = busy.engine
    again = type(engine).restore(engine.snapshot())
    assert again.snapshot() == engine.snapshot()
    assert again.state_hash() == engine.state_hash() == blake3(engine.snapshot()).digest()
    assert (again.seq, again.time, again.next_order_id) == (engine.seq, engine.time, engine.next_order_id)
    assert again.take_events() == b""
    assert again.take_commands()[1] == 0


def test_a_restored_venue_behaves_the_same(busy: Venue) -> None:
    again = Venue(type(busy.engine).restore(busy.engine.snapshot()))
    again.now = busy.now
    for venue in (busy, again):
        venue.sell(CAROL, 3, 10)
        assert "trade 3 at 10: 8 takes 2" in venue.story()  # Bob's, before the one that lost its place
        venue.sell(CAROL, 20, 4)
    assert again.events == busy.events
    assert again.engine.snapshot() == busy.engine.snapshot()


def test_both_write_the_same_and_read_each_others(busy: Venue) -> None:
    snapshot = busy.engine.snapshot()
    assert Engine.restore(snapshot).snapshot() == snapshot
    assert Twin.restore(snapshot).snapshot() == snapshot


@pytest.mark.parametrize("cut", [0, 1, 7, 60, 200, -1])
def test_half_a_state_is_none(busy: Venue, cut: int) -> None:
    with pytest.raises(ValueError, match=r".+"):
        type(busy.engine).restore(busy.engine.snapshot()[:cut])


def test_more_than_a_state_is_none(busy: Venue) -> None:
    with pytest.raises(ValueError, match=r".+"):
        type(busy.engine).restore(busy.engine.snapshot() + b"\0")


def test_a_balance_of_nothing_is_left_out(venue: Venue) -> None:
    """Dave's account is the same before and after money passed through it."""
    before = venue.engine.snapshot()
    venue.transfer(ALICE, 19, USD, 5)
    venue.transfer(19, ALICE, USD, 5)
    assert len(venue.engine.snapshot()) == len(before) + 2 * 16  # but for two transfer ids


@settings(deadline=None)
@given(
    numbers=st.lists(st.integers(0, 2**64 - 1), min_size=30, max_size=30),
    flips=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=3),
)
def test_changed_bytes_are_refused_or_are_another_state(numbers: list[int], flips: list[tuple[int, int]]) -> None:
    """Never a crash, and never a state that would be written otherwise than it was read."""
    twin = Twin()
    for command, fields in furniture(11):
        getattr(twin, command)(0, **fields)
    for position, number in enumerate(numbers):
        time, command, fields = Traffic(number + position, twin.state).call()
        getattr(twin, command)(time, **fields)
    snapshot = bytearray(twin.snapshot())
    for at, value in flips:
        snapshot[at % len(snapshot)] = value
    try:
        restored = Engine.restore(bytes(snapshot))
    except ValueError:
        return
    assert restored.snapshot() == snapshot


def test_the_level_of_a_market_is_restored_in_its_queue(venue: Venue) -> None:
    for account in (ALICE, BOB, CAROL):
        venue.sell(account, 1, 10)
    venue.do("replace_order", ALICE, 1, amount=2)
    again = type(venue.engine).restore(venue.engine.snapshot())
    assert again.depth(GEM_USD, 0) == ([], [(10, 4)])
    assert [order.order_id for order in again.open_orders(ALICE)] == [1]
