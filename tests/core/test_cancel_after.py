"""Cancel-after, an account's dead man's switch: its orders end at an hour, unless that is put off first."""

import pytest

from cambist._core import Engine
from tests.core.venue import ALICE, BOB, CAROL, DAVE, GEM, GEM_USD, NOON, OIL_USD, RICH, USD, Venue
from tests.twin import Twin
from tests.twin.events import BalanceChanged, BookLevelChanged, CancelAfterFired, CancelAfterSet, CommandApplied, OrderDone, Outcome
from tests.twin.words import U64_MAX, Business, Code, Reason, Side, Tif, Type


def advance_to(venue: Venue, time: int) -> Outcome:
    venue.now = time
    return venue.do("advance_time")


def ended(venue: Venue) -> list[tuple[int, Reason]]:
    return [(done.order_id, Reason(done.reason)) for done in venue.only(OrderDone)]


@pytest.mark.parametrize(
    ("account", "due", "code"),
    [
        pytest.param(99, NOON + 1, Code.ACCOUNT_NOT_FOUND, id="no such account"),
        pytest.param(99, 0, Code.ACCOUNT_NOT_FOUND, id="no such account to disarm"),
        pytest.param(0, NOON + 1, Code.SYSTEM_ACCOUNT, id="the world"),
        pytest.param(15, 1, Code.SYSTEM_ACCOUNT, id="the last system account, before the hour is looked at"),
        pytest.param(ALICE, NOON, Code.ALREADY_EXPIRED, id="now"),
        pytest.param(ALICE, 1, Code.ALREADY_EXPIRED, id="long ago"),
        pytest.param(ALICE, NOON + 1, Code.OK, id="in a microsecond"),
        pytest.param(ALICE, U64_MAX, Code.OK, id="at the end of time"),
        pytest.param(ALICE, 0, Code.OK, id="disarmed though never armed"),
        pytest.param(DAVE, NOON + 1, Code.OK, id="an account without money or orders"),
    ],
)
def test_what_is_rejected(venue: Venue, account: int, due: int, code: Code) -> None:
    outcome = venue.do("set_cancel_after", account, due)
    assert outcome == Outcome(code, seq=venue.engine.seq)
    applied = CommandApplied(outcome.seq, NOON, 15, code, 0, b"")
    assert venue.events == [applied, *([] if code else [CancelAfterSet(account, due)])]
    assert venue.engine.next_expiry() == (0 if code else due)


def test_it_fires_at_its_hour_and_then_is_disarmed(venue: Venue) -> None:
    venue.buy(ALICE, 5, 10)
    venue.buy(BOB, 4, 10)
    venue.do("set_cancel_after", ALICE, NOON + 10)
    assert venue.engine.cancel_after(ALICE) == venue.engine.next_expiry() == NOON + 10
    assert advance_to(venue, NOON + 9).count == 0
    assert venue.engine.cancel_after(ALICE) == NOON + 10
    outcome = advance_to(venue, NOON + 10)
    assert outcome == Outcome(seq=venue.engine.seq, count=1)
    assert venue.events == [
        CommandApplied(outcome.seq, NOON + 10, 30, 0, 0, b""),
        CancelAfterFired(ALICE, 1, NOON + 10),
        OrderDone(1, ALICE, GEM_USD, Side.BUY, Reason.CANCEL_AFTER, 5, 0),
        BalanceChanged(venue.engine.next_entry_id - 1, ALICE, USD, Business.RELEASE, 1, 50, -50, RICH, 0),
        BookLevelChanged(GEM_USD, Side.BUY, 1, 10, 4),
    ]
    assert (venue.engine.cancel_after(ALICE), venue.engine.next_expiry()) == (0, 0)
    venue.buy(ALICE, 1, 10)
    assert advance_to(venue, NOON + 99).count == 0


def test_it_takes_every_order_of_the_account_wherever_it_stands(venue: Venue) -> None:
    venue.sell(ALICE, 5, 20, market=OIL_USD)
    venue.buy(ALICE, 5, 10, type=Type.STOP_LIMIT, stop_price=50)
    venue.buy(BOB, 5, 10)
    venue.buy(ALICE, 5, 9)
    venue.do("set_market_status", GEM_USD, 1)
    venue.do("set_cancel_after", ALICE, NOON + 1)
    assert advance_to(venue, NOON + 1).count == 3
    assert ended(venue) == [(1, Reason.CANCEL_AFTER), (2, Reason.CANCEL_AFTER), (4, Reason.CANCEL_AFTER)]
    assert venue.engine.open_order_count(ALICE) == 0
    assert venue.balances(ALICE, (GEM, USD)) == [(RICH, 0), (RICH, 0)]
    assert venue.engine.open_order_count(BOB) == 1


def test_orders_placed_after_it_was_armed_are_cancelled_too(venue: Venue) -> None:
    venue.do("set_cancel_after", ALICE, NOON + 5)
    venue.buy(ALICE, 5, 10)
    assert advance_to(venue, NOON + 5).count == 1


def test_it_fires_without_orders(venue: Venue) -> None:
    venue.do("set_cancel_after", DAVE, NOON + 5)
    assert advance_to(venue, NOON + 6).count == 0
    assert venue.events[1:] == [CancelAfterFired(DAVE, 0, NOON + 5)]
    assert venue.engine.cancel_after(DAVE) == 0


@pytest.mark.parametrize(("then", "fires"), [(NOON + 20, NOON + 20), (NOON + 2, NOON + 2), (0, 0)], ids=["later", "sooner", "never"])
def test_arming_again_replaces_and_nought_disarms(venue: Venue, then: int, fires: int) -> None:
    venue.buy(ALICE, 5, 10)
    venue.do("set_cancel_after", ALICE, NOON + 10)
    venue.do("set_cancel_after", ALICE, then)
    assert venue.engine.cancel_after(ALICE) == venue.engine.next_expiry() == fires
    assert advance_to(venue, fires - 1 if fires else U64_MAX).count == 0
    if fires:
        assert advance_to(venue, fires).count == 1


def test_what_is_due_happens_in_order_of_hour_orders_before_switches_then_by_number(venue: Venue) -> None:
    until = {"tif": Tif.GTD}
    venue.buy(ALICE, 1, 10, **until, expire_at=NOON + 30)  # 1: its owner's switch is sooner
    venue.buy(BOB, 1, 10, **until, expire_at=NOON + 20)  # 2: at the very microsecond of the switches
    venue.buy(CAROL, 1, 10, **until, expire_at=NOON + 30)  # 3: expires last
    venue.buy(BOB, 1, 10)  # 4
    venue.buy(ALICE, 1, 10, **until, expire_at=NOON + 10)  # 5: expires first
    venue.do("set_cancel_after", BOB, NOON + 20)
    venue.do("set_cancel_after", ALICE, NOON + 20)
    assert advance_to(venue, NOON + 99).count == 5
    assert ended(venue) == [
        (5, Reason.EXPIRED),
        (2, Reason.EXPIRED),
        (1, Reason.CANCEL_AFTER),
        (4, Reason.CANCEL_AFTER),
        (3, Reason.EXPIRED),
    ]
    assert [(fired.account, fired.orders) for fired in venue.only(CancelAfterFired)] == [(ALICE, 1), (BOB, 1)]


def test_nothing_but_advance_time_fires_it(venue: Venue) -> None:
    venue.sell(ALICE, 5, 10)
    venue.do("set_cancel_after", ALICE, NOON + 1)
    venue.now = NOON + 5
    venue.do("note")
    assert venue.buy(BOB, 2, 10).filled == 2
    assert venue.do("advance_time").count == 1


def test_a_switch_put_off_past_its_hour_does_not_fire(venue: Venue) -> None:
    """Time has moved on, but nobody has advanced it: the client was in time."""
    venue.buy(ALICE, 5, 10)
    venue.do("set_cancel_after", ALICE, NOON + 1)
    venue.now = NOON + 5
    assert venue.do("set_cancel_after", ALICE, NOON + 9).code == Code.OK
    assert venue.do("advance_time").count == 0


def test_armed_switches_survive_a_snapshot(venue: Venue) -> None:
    venue.buy(ALICE, 5, 10)
    plain = venue.engine.snapshot()
    venue.do("set_cancel_after", BOB, NOON + 7)
    venue.do("set_cancel_after", ALICE, NOON + 10)
    armed = venue.engine.snapshot()
    assert armed[len(plain) :] == b"".join(
        [
            (2).to_bytes(4, "little"),
            *(part.to_bytes(size, "little") for part, size in [(ALICE, 4), (NOON + 10, 8), (BOB, 4), (NOON + 7, 8)]),
        ]
    )
    venue.engine = type(venue.engine).restore(armed)
    assert [venue.engine.cancel_after(account) for account in (ALICE, BOB, CAROL)] == [NOON + 10, NOON + 7, 0]
    assert advance_to(venue, NOON + 10).count == 1


def test_a_state_without_switches_has_the_bytes_it_had_before_there_were_any(venue: Venue) -> None:
    before = venue.engine.snapshot()
    venue.do("set_cancel_after", ALICE, NOON + 10)
    venue.do("set_cancel_after", ALICE, 0)
    assert venue.engine.snapshot()[8:] == before[8:]


def row(account: int, due: int) -> bytes:
    return account.to_bytes(4, "little") + due.to_bytes(8, "little")


@pytest.mark.parametrize(
    "section",
    [
        pytest.param((0).to_bytes(4, "little"), id="a section without rows"),
        pytest.param((1).to_bytes(4, "little"), id="a row too few"),
        pytest.param((1).to_bytes(4, "little") + row(BOB, 0), id="disarmed"),
        pytest.param((1).to_bytes(4, "little") + row(15, 9), id="of a system account"),
        pytest.param((1).to_bytes(4, "little") + row(99, 9), id="of no account"),
        pytest.param((2).to_bytes(4, "little") + row(BOB, 9) + row(ALICE, 9), id="out of order"),
        pytest.param((2).to_bytes(4, "little") + row(BOB, 9) + row(BOB, 9), id="twice the same"),
        pytest.param((1).to_bytes(4, "little") + row(BOB, 9) + b"\0", id="with a rest"),
    ],
)
def test_no_other_bytes_say_the_same(venue: Venue, section: bytes) -> None:
    plain = venue.engine.snapshot()
    kind = type(venue.engine)
    assert kind.restore(plain + (1).to_bytes(4, "little") + row(BOB, 9)).cancel_after(BOB) == 9
    with pytest.raises(ValueError, match=r"\w"):
        kind.restore(plain + section)


def test_nobody_s_switch_is_an_error(venue: Venue) -> None:
    with pytest.raises(IndexError):
        venue.engine.cancel_after(99)


# --- what caches of assets and markets go by

CATALOGUE = [
    ("create_asset", ("NEW", 0, 0)),
    ("set_market_limits", (GEM_USD, 1, 2, 1, 2, 0)),
    ("set_market_status", (GEM_USD, 0)),
    ("set_market_fees", (GEM_USD, 1, 1)),
    ("set_account_fees", (ALICE, 1, 1)),
    ("set_max_open_orders", (10_000,)),
]


@pytest.mark.parametrize(("command", "arguments"), CATALOGUE, ids=[command for command, _ in CATALOGUE])
def test_what_changes_the_catalogue_has_another_version(venue: Venue, command: str, arguments: tuple[object, ...]) -> None:
    before = venue.engine.catalogue_version
    assert venue.do(command, *arguments).code == Code.OK
    assert venue.engine.catalogue_version > before


def test_a_market_changes_the_catalogue(venue: Venue) -> None:
    before = venue.engine.catalogue_version
    assert venue.create_market(USD, GEM).code == Code.OK
    assert venue.engine.catalogue_version > before


def test_what_is_rejected_or_changes_something_else_leaves_the_version(venue: Venue) -> None:
    before = venue.engine.catalogue_version
    assert venue.do("create_asset", "GEM", 0, 0).code == Code.ASSET_EXISTS
    assert venue.do("set_market_fees", 99, 1, 1).code == Code.MARKET_NOT_FOUND
    assert venue.do_at(0, "set_market_status", GEM_USD, 1).code == Code.TIME_WENT_BACK
    venue.do("open_account")
    venue.trade_at(10)
    venue.do("set_cancel_after", ALICE, NOON + 10)
    venue.do("note")
    assert venue.engine.catalogue_version == before


def test_no_two_engines_share_a_version() -> None:
    """A cache outlives an engine: a restored one, or another one with the same history, must not look like the one it knew."""
    one, other = Engine(), Engine()
    assert one.catalogue_version != other.catalogue_version
    for engine in (one, other):
        engine.create_asset(0, "GEM", 0, 0)
    restored = Engine.restore(one.snapshot())
    versions = {engine.catalogue_version for engine in (one, other, restored)}
    assert len(versions) == 3
    restored.create_asset(0, "USD", 0, 0)
    assert restored.catalogue_version not in versions
    assert restored.catalogue_version > one.catalogue_version


def test_records_applied_from_the_log_are_noticed_too() -> None:
    leader, follower = Twin(), Engine()
    leader.create_asset(0, "GEM", 0, 0)
    before = follower.catalogue_version
    follower.apply_batch(leader.take_commands()[3])
    assert follower.catalogue_version > before
