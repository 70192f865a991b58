"""Stops whose trigger follows the price."""

import pytest

from tests.core.venue import ALICE, BOB, CAROL, GEM, GEM_USD, NOON, OIL_USD, RICH, USD, Venue
from tests.twin.events import BalanceChanged, OrderAccepted, OrderDone, StopTrailed
from tests.twin.words import TRAILS_BY_PPM, TRAILS_BY_PRICE, Business, Code, OrderStatus, Reason, Side, Tif, Type

STOP = 3
"""Its id: a trade that sets the last price comes before."""
PPM = {"flags": TRAILS_BY_PPM}


def trade(venue: Venue, price: int) -> list[str]:
    """Bob sells one to Carol; what happened when it traded."""
    venue.sell(BOB, 1, price)
    venue.buy(CAROL, 1, price)
    return venue.story()


def trigger(venue: Venue, order_id: int = STOP) -> int:
    order = venue.engine.order(order_id)
    assert order is not None
    return order.stop_price


def test_it_begins_at_its_distance_from_the_last_price(venue: Venue) -> None:
    venue.trade_at(100)
    outcome = venue.trailing(ALICE, Side.SELL, 5, 80, trail=10)
    assert (outcome.id, outcome.status, outcome.remaining) == (STOP, OrderStatus.WAITING, 5)
    accepted, trailed, hold = venue.events[1:]
    assert isinstance(accepted, OrderAccepted)
    assert (accepted.flags, accepted.stop_price) == (TRAILS_BY_PRICE, 90)
    assert trailed == StopTrailed(STOP, ALICE, GEM_USD, 10, 90)
    assert hold == BalanceChanged(venue.engine.next_entry_id - 1, ALICE, GEM, Business.HOLD, STOP, -5, 5, RICH - 5, 5)


@pytest.mark.parametrize(
    ("side", "trail", "prices", "triggers"),
    [
        pytest.param(Side.SELL, {"trail": 10}, [101, 99, 103, 103, 97], [91, 91, 93, 93, 93], id="a sell follows the highest price"),
        pytest.param(Side.BUY, {"trail": 10}, [99, 101, 97, 97, 103], [109, 109, 107, 107, 107], id="a buy follows the lowest price"),
        pytest.param(Side.SELL, {"trail": 100_000, **PPM}, [101, 102, 110], [90, 91, 99], id="a sell by ppm, rounded down"),
        pytest.param(Side.BUY, {"trail": 100_000, **PPM}, [99, 98, 90], [109, 108, 99], id="a buy by ppm, rounded up"),
        pytest.param(Side.SELL, {"trail": 1, **PPM}, [101], [100], id="never nearer than one unit below"),
        pytest.param(Side.BUY, {"trail": 1, **PPM}, [99], [100], id="never nearer than one unit above"),
    ],
)
def test_its_trigger_follows_the_price_one_way(
    venue: Venue, side: Side, trail: dict[str, int], prices: list[int], triggers: list[int]
) -> None:
    venue.trade_at(100)
    venue.trailing(ALICE, side, 5, 80, **trail)
    seen = []
    for price in prices:
        trade(venue, price)
        seen.append(trigger(venue))
        assert venue.only(StopTrailed) == []
    assert seen == triggers


@pytest.mark.parametrize(
    ("side", "prices", "last"),
    [(Side.SELL, (105, 96), 95), (Side.BUY, (95, 104), 105)],
    ids=["sell", "buy"],
)
def test_it_is_triggered_when_the_price_comes_back_to_it(venue: Venue, side: Side, prices: tuple[int, int], last: int) -> None:
    venue.trade_at(100)
    venue.trailing(ALICE, side, 5, 100, trail=10)
    for price in prices:
        assert not any("triggered" in line for line in trade(venue, price))
    story = trade(venue, last)
    assert story[story.index(f"trailed {STOP} to {last}") + 1] == f"triggered {STOP} at {last}"
    order = venue.engine.order(STOP)
    assert order is not None
    assert (order.type, order.stop_price, order.flags) == (Type.LIMIT, last, TRAILS_BY_PRICE)


def test_every_trade_of_a_match_moves_it_before_the_last_one_triggers_it(venue: Venue) -> None:
    """A sweep down from 120 to 109: the stop followed to 110 and is reached by the end of the same match."""
    venue.trade_at(100)
    venue.trailing(ALICE, Side.SELL, 1, 1, trail=10)
    venue.buy(CAROL, 1, 120)
    venue.buy(CAROL, 2, 109)
    venue.sell(BOB, 2, 109)
    assert f"trailed {STOP} to 110" in venue.story()
    assert f"triggered {STOP} at 109" in venue.story()


def test_a_market_order_sells_at_once_and_a_buy_by_funds_spends_them(venue: Venue) -> None:
    at_market = {"type": Type.STOP_MARKET, "tif": Tif.IOC}
    venue.trade_at(100)
    assert venue.trailing(ALICE, Side.SELL, 2, trail=5, **at_market).code == Code.OK
    assert venue.trailing(ALICE, Side.BUY, trail=5, funds=300, **at_market).code == Code.OK
    assert venue.balances(ALICE) == [(RICH - 2, 2), (RICH - 300, 300)]
    venue.buy(BOB, 2, 94)
    trade(venue, 95)
    assert [(done.order_id, done.reason) for done in venue.only(OrderDone) if done.account == ALICE] == [(STOP, Reason.FILLED)]
    venue.sell(BOB, 9, 99)
    trade(venue, 94)
    venue.buy(CAROL, 1, 99)
    assert [(done.order_id, done.reason, done.filled) for done in venue.only(OrderDone) if done.account == ALICE] == [
        (STOP + 1, Reason.FILLED, 3)
    ]
    assert venue.balances(ALICE) == [(RICH + 1, 0), (RICH + 2 * 94 - 297, 0)]


def test_those_with_the_same_trigger_come_by_price_first_then_by_ppm_then_by_id(venue: Venue) -> None:
    venue.trade_at(100)
    for trail in ({"trail": 100_000, **PPM}, {"trail": 95_001, **PPM}, {"trail": 10}, {"trail": 95_001, **PPM}):
        venue.trailing(ALICE, Side.SELL, 1, 200, **trail)
    assert [trigger(venue, order_id) for order_id in range(STOP, STOP + 4)] == [90] * 4
    story = trade(venue, 90)
    assert [line for line in story if "triggered" in line] == [f"triggered {order_id} at 90" for order_id in (5, 4, 6, 3)]


def test_stops_of_different_ages_move_together_once_the_price_passes_them(venue: Venue) -> None:
    venue.trade_at(100)
    venue.trailing(ALICE, Side.SELL, 1, 1, trail=30)
    for price in (95, 90, 98):
        trade(venue, price)
        venue.trailing(ALICE, Side.SELL, 1, 1, trail=30)
    ids = [order.order_id for order in venue.engine.open_orders(ALICE)]
    assert [trigger(venue, order_id) for order_id in ids] == [70, 68, 68, 68]
    trade(venue, 99)
    assert [trigger(venue, order_id) for order_id in ids] == [70, 69, 69, 69]
    venue.do("cancel_order", ALICE, ids[1])
    trade(venue, 110)
    assert [trigger(venue, order_id) for order_id in (ids[0], ids[2], ids[3])] == [80, 80, 80]


def test_neither_a_halt_nor_another_market_nor_new_limits_move_it(venue: Venue) -> None:
    venue.trade_at(100)
    venue.trailing(ALICE, Side.SELL, 5, 80, trail=10)
    venue.do("set_market_status", GEM_USD, 1)
    venue.do("set_market_status", GEM_USD, 0)
    venue.do("set_market_limits", GEM_USD, 95, 100, 1, 100, 0)
    venue.trade_at(300, market=OIL_USD)
    assert trigger(venue) == 90


def test_price_and_amount_can_be_replaced_and_the_trigger_stays(venue: Venue) -> None:
    venue.trade_at(100)
    venue.trailing(ALICE, Side.SELL, 5, 80, trail=10)
    trade(venue, 105)
    assert venue.do("replace_order", ALICE, STOP, stop_price=96).code == Code.COMBINATION_INVALID
    assert venue.do("replace_order", ALICE, STOP, price=70, amount=7).code == Code.OK
    assert (trigger(venue), venue.held(ALICE, GEM)) == (95, 7)
    trade(venue, 106)
    assert trigger(venue) == 96


@pytest.mark.parametrize("how", ["cancel_order", "cancel_all", "advance_time", "cancel_after"])
def test_however_it_ends_its_last_trigger_is_told_and_its_hold_comes_back(venue: Venue, how: str) -> None:
    venue.trade_at(100)
    venue.trailing(ALICE, Side.SELL, 5, 80, trail=10, tif=Tif.GTD, expire_at=NOON + 9)
    trade(venue, 105)
    if how == "cancel_after":
        venue.do("set_cancel_after", ALICE, NOON + 5)
    venue.now = NOON + 9
    arguments = {"cancel_order": (ALICE, STOP), "cancel_all": (ALICE,)}.get(how, ())
    venue.do("advance_time" if how == "cancel_after" else how, *arguments)
    assert venue.story()[-2:] == [f"trailed {STOP} to 95", venue.story()[-1]]
    assert venue.story()[-1].startswith(f"done {STOP}")
    assert venue.balances(ALICE) == [(RICH, 0), (RICH, 0)]


def test_nothing_to_follow_in_a_market_that_never_traded(venue: Venue) -> None:
    assert venue.trailing(ALICE, Side.SELL, 5, 80, trail=10).code == Code.NO_LAST_PRICE


def section(rows: list[tuple[int, int, int]]) -> bytes:
    numbers = b"".join(number.to_bytes(8, "little") for row in rows for number in row)
    return (0).to_bytes(4 + 2, "little") + len(rows).to_bytes(4, "little") + numbers


def test_what_it_follows_survives_a_snapshot(venue: Venue) -> None:
    venue.trade_at(100)
    plain = venue.engine.snapshot()
    venue.trailing(ALICE, Side.SELL, 5, 80, trail=10)
    venue.trailing(ALICE, Side.BUY, 5, 80, trail=200_000, **PPM)
    trade(venue, 105)
    trade(venue, 96)
    snapshot = venue.engine.snapshot()
    assert snapshot.endswith(section([(STOP, 10, 105), (STOP + 1, 200_000, 96)]))
    venue.engine = type(venue.engine).restore(snapshot)
    assert venue.engine.snapshot() == snapshot
    assert (trigger(venue), trigger(venue, STOP + 1)) == (95, 116)
    trade(venue, 106)
    assert (trigger(venue), trigger(venue, STOP + 1)) == (96, 116)
    venue.do("cancel_all", ALICE)
    for number in (BOB, CAROL):
        venue.leave_only(number, USD, 0)
    assert len(venue.engine.snapshot()) < len(plain)  # no section is left behind, and two balances are gone


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="none"),
        pytest.param([(STOP, 10, 0)], id="from no price"),
        pytest.param([(STOP, 0, 90)], id="without a trail"),
        pytest.param([(STOP, 9, 100)], id="with another trigger than the order's"),
        pytest.param([(STOP, 10, 100), (STOP, 10, 100)], id="twice"),
        pytest.param([(STOP + 1, 10, 100)], id="of an order that does not trail"),
        pytest.param([(99, 10, 100)], id="of no order"),
    ],
)
def test_no_other_rows_say_the_same(venue: Venue, rows: list[tuple[int, int, int]]) -> None:
    venue.trade_at(100)
    venue.trailing(ALICE, Side.SELL, 5, 80, trail=10)
    venue.sell(ALICE, 5, 80, type=Type.STOP_LIMIT, stop_price=50)
    snapshot = venue.engine.snapshot()
    own = section([(STOP, 10, 100)])
    assert snapshot.endswith(own)
    kind = type(venue.engine)
    kind.restore(snapshot)
    with pytest.raises(ValueError, match=r"\w"):
        kind.restore(snapshot.removesuffix(own) + section(rows))
