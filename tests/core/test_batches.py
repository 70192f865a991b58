"""The batch entry and the records that it takes: whole and well-formed, or refused as a whole."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cambist._core import Engine
from tests.core.traffic import Traffic, furniture
from tests.core.venue import ALICE, BOB, GEM_USD, NOON, Venue
from tests.twin import Twin
from tests.twin.commands import CancelMany, Command, CreateAsset, Note, OpenAccount, PlaceOrder, decode_records
from tests.twin.words import Code

NewEngine = Callable[[], Engine | Twin]

GOOD = OpenAccount(time=5).encode() + CreateAsset(time=6, code=b"GEM", scale=2, display_scale=2, meta=b"why").encode()
ORDER = PlaceOrder(time=7, account=16, market=0, side=0, type=0, tif=0, flags=0, self_trade=0, price=1, amount=1)


def codes(*expected: Code) -> bytes:
    return b"".join(code.to_bytes(2, "little") for code in expected)


def test_records_are_as_the_page_says(engine: Engine | Twin) -> None:
    """Byte by byte, so that both could not be wrong together."""
    engine.create_asset(0x0102030405060708, "GEM", 9, 4, b"hi")
    engine.cancel_order(0x0102030405060709, 0xA1B2C3D4, 0x1112131415161718)
    first = bytes.fromhex("20000000 02 00 0200 0807060504030201") + b"GEM\0\0\0\0\0\0\0\0\0" + bytes([9, 4]) + b"hi"
    second = bytes.fromhex("1c000000 0b 00 0000 0907060504030201 d4c3b2a1 1817161514131211")
    assert engine.take_commands() == (1, 2, 0x0102030405060709, first + second)
    assert engine.take_commands()[1] == 0
    assert engine.take_commands()[3] == b""


def test_events_are_as_the_page_says(engine: Engine | Twin) -> None:
    engine.create_asset(0x0102030405060708, "GEM", 9, 4, b"hi")
    applied = bytes.fromhex("2200 01 00 0100000000000000 0807060504030201 02 00 0000 0000000000000000") + b"hi"
    created = bytes.fromhex("1400 0e 00 0000 09 04") + b"GEM\0\0\0\0\0\0\0\0\0"
    assert engine.take_events() == applied + created
    assert engine.take_events() == b""


def test_a_batch_answers_with_a_code_for_each_command(new_engine: NewEngine) -> None:
    engine = new_engine()
    run = GOOD + ORDER.encode() + Note(time=1).encode() + CancelMany(time=8, account=16, order_ids=(1, 2)).encode()
    answers, events = engine.apply_batch(run)
    assert answers == codes(Code.OK, Code.OK, Code.MARKET_NOT_FOUND, Code.TIME_WENT_BACK, Code.OK)
    assert (engine.seq, engine.time) == (5, 8)
    again = new_engine()
    assert again.apply_batch(run, events=False) == (answers, b"")
    assert again.state_hash() == engine.state_hash()
    assert len(events) > 0


def test_a_batch_leaves_the_outboxes_alone(engine: Engine | Twin) -> None:
    engine.open_account(1)
    engine.apply_batch(GOOD)
    _, count, _, records = engine.take_commands()
    assert (count, records) == (1, OpenAccount(time=1).encode())
    assert engine.take_events() != b""
    assert engine.apply_batch(b"") == (b"", b"")


def test_a_batch_goes_on_where_typed_calls_ended(venue: Venue, new_engine: NewEngine) -> None:
    """Typed calls here, their records there: the same codes, events and state."""
    batch = new_engine()
    batch.apply_batch(venue.engine.take_commands()[3])
    assert batch.state_hash() == venue.engine.state_hash()
    venue.engine.place_order(NOON, ALICE, GEM_USD, 1, 0, 0, 0, 0, 10, 5)
    venue.engine.place_order(NOON, BOB, GEM_USD, 0, 0, 0, 0, 0, 10, 3)
    venue.engine.place_order(NOON, BOB, GEM_USD, 0, 0, 0, 0, 0, 0, 3)
    _, count, _, records = venue.engine.take_commands()
    assert count == 3
    assert batch.apply_batch(records) == (codes(Code.OK, Code.OK, Code.PRICE_TOO_LOW), venue.engine.take_events())
    assert batch.state_hash() == venue.engine.state_hash()


def changed(record: bytes, at: int, value: int) -> bytes:
    return record[:at] + bytes([value]) + record[at + 1 :]


ONE = Note(time=9, meta=b"abc").encode()
MANY = CancelMany(time=9, account=16, order_ids=(1, 2)).encode()


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(ONE[:-1], id="a byte short"),
        pytest.param(ONE[:15], id="no whole header"),
        pytest.param(ONE[:3], id="no whole length"),
        pytest.param(ONE + b"\0", id="a byte over"),
        pytest.param(changed(ONE, 0, len(ONE) + 1), id="length too large"),
        pytest.param(changed(ONE, 0, len(ONE) - 1), id="length too small"),
        pytest.param(changed(ONE, 0, 0), id="length 0"),
        pytest.param(changed(ONE, 3, 255), id="absurd length"),
        pytest.param(changed(ONE, 4, 0), id="kind 0"),
        pytest.param(changed(ONE, 4, 9), id="kind 9"),
        pytest.param(changed(ONE, 4, 32), id="kind 32"),
        pytest.param(changed(ONE, 4, 11), id="another kind's body"),
        pytest.param(changed(ONE, 5, 1), id="the zero is none"),
        pytest.param(changed(ONE, 6, 2), id="meta shorter than the record"),
        pytest.param(changed(ONE, 6, 4), id="meta longer than the record"),
        pytest.param(changed(MANY, 20, 1), id="fewer orders than there are"),
        pytest.param(changed(MANY, 20, 3), id="more orders than there are"),
        pytest.param(ORDER.encode()[:16], id="no body"),
        pytest.param(
            (16 + 4_097).to_bytes(4, "little") + bytes([31, 0]) + (4_097).to_bytes(2, "little") + bytes(8) + bytes(4_097),
            id="meta of 4,097 bytes",
        ),
    ],
)
@pytest.mark.parametrize("where", ["first", "last", "alone"])
def test_a_malformed_batch_is_refused_whole(engine: Engine | Twin, bad: bytes, where: str) -> None:
    engine.apply_batch(GOOD)
    before = engine.snapshot()
    run = {"first": bad + Note(time=9).encode(), "last": GOOD + bad, "alone": bad}[where]
    with pytest.raises(ValueError, match=r".+"):
        engine.apply_batch(run)
    assert engine.snapshot() == before
    assert engine.apply_batch(Note(time=9).encode())[0] == codes(Code.OK)


def test_the_longest_meta_is_well_formed(engine: Engine | Twin) -> None:
    assert engine.apply_batch(Note(time=9, meta=bytes(4_096)).encode())[0] == codes(Code.OK)


def test_nonsense_in_a_field_is_refused_by_the_rules_not_by_the_form(engine: Engine | Twin) -> None:
    """An enumeration or a code that makes no sense is a command all the same, and is answered."""
    letters = CreateAsset(time=9, code=b"A\0B\xff", scale=2, display_scale=2)
    nothing = PlaceOrder(time=9, account=16, market=0, side=9, type=9, tif=9, flags=9, self_trade=9, price=0, amount=0)
    assert engine.apply_batch(letters.encode() + nothing.encode())[0] == codes(Code.ASSET_INVALID, Code.ACCOUNT_NOT_FOUND)


# --- any bytes


def some_records(numbers: list[int]) -> list[Command]:
    twin = Twin()
    for command, fields in furniture(7):
        getattr(twin, command)(0, **fields)
    twin.take_commands()
    for number in numbers:
        time, command, fields = Traffic(number, twin.state).call()
        getattr(twin, command)(time, **fields)
    return decode_records(twin.take_commands()[3])


@given(
    numbers=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4),
    cut=st.integers(0, 400),
    flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=2),
)
def test_both_agree_on_what_is_well_formed(numbers: list[int], cut: int, flips: list[tuple[int, int]]) -> None:
    """Bytes of good records, a few of them changed: both refuse the run, or both apply it with the same result."""
    run = bytearray(b"".join(command.encode() for command in some_records(numbers)))
    for at, value in flips:
        run[at % len(run)] = value
    if cut % 4 == 0:
        del run[cut % len(run) :]
    native, twin = Engine(), Twin()
    assert outcome_of(native, bytes(run)) == outcome_of(twin, bytes(run))
    assert native.snapshot() == twin.snapshot()


def outcome_of(engine: Engine | Twin, run: bytes) -> tuple[bytes, bytes] | None:
    try:
        return engine.apply_batch(run)
    except ValueError:
        return None
