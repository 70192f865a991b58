"""What can be asked of the core, with the answers for what is not there."""

import pytest

from cambist._core import AvailableTemplate
from tests.core.venue import ALICE, BOB, CAROL, DAVE, GEM, GEM_USD, NOON, OIL, OIL_USD, RICH, USD, Venue
from tests.twin.words import Type


@pytest.mark.parametrize(
    ("scale", "display_scale", "atoms", "text"),
    [
        pytest.param(8, 8, 0, "0", id="nothing"),
        pytest.param(8, 8, 1_656_075_770, "16.5607577", id="the shortest form"),
        pytest.param(8, 8, 100_000_000, "1", id="a whole number"),
        pytest.param(16, 8, 10**16 + 10**8 - 1, "1", id="what is not shown is cut"),
        pytest.param(16, 8, 10**8 - 1, "0", id="less than can be shown"),
        pytest.param(16, 8, 10**8, "0.00000001", id="the least that can be shown"),
        pytest.param(8, 0, 199_999_999, "1", id="shown without decimals"),
        pytest.param(0, 0, 1_200, "1200", id="zeros before the point stay"),
    ],
)
def test_available_text(venue: Venue, scale: int, display_scale: int, atoms: int, text: str) -> None:
    asset = venue.do("create_asset", "FINE", scale, display_scale).id
    if atoms:
        venue.deposit(DAVE, asset, atoms)
    assert venue.engine.available_text(DAVE, AvailableTemplate(("{", ", ", ", ", ", ", "}"))) == f"{{0, 0, 0, {text}}}"


@pytest.mark.parametrize("pieces", [(), ("a",), ("a", "b", "c"), ("a", "b", "c", "d", "e")])
def test_available_text_wants_one_piece_more_than_there_are_assets(venue: Venue, pieces: tuple[str, ...]) -> None:
    with pytest.raises(IndexError, match="one piece more"):
        venue.engine.available_text(DAVE, AvailableTemplate(pieces))


def test_available_text_of_nobody(venue: Venue) -> None:
    with pytest.raises(IndexError, match="no such account"):
        venue.engine.available_text(1 << 20, AvailableTemplate(("a", "b", "c", "d")))


def test_what_is_not_there(venue: Venue) -> None:
    engine = venue.engine
    venue.buy(ALICE, 1, 1)
    venue.do("cancel_order", ALICE, 1)
    assert [engine.order(order_id) for order_id in (0, 1, 2, 2**64 - 1)] == [None] * 4
    assert engine.open_orders(ALICE) == []
    assert engine.open_order_count(ALICE) == 0
    assert engine.order_by_client_id(ALICE, 5) == 0
    assert engine.depth(GEM_USD, 0) == ([], [])
    assert engine.best(GEM_USD) == (0, 0)
    assert engine.next_expiry() == 0
    assert engine.pending_transfer(5) is None
    assert engine.pending_transfers() == []
    assert not engine.transfer_used(5)
    assert engine.balance(DAVE, USD) == (0, 0)
    assert engine.balance(DAVE, 60_000) == (0, 0)
    with pytest.raises(IndexError):
        engine.balance(DAVE + 1, USD)


def test_open_orders_are_in_order_of_id_waiting_ones_included(venue: Venue) -> None:
    venue.buy(ALICE, 1, 5)
    venue.buy(BOB, 1, 5)
    venue.buy(ALICE, 1, 5, market=OIL_USD)
    venue.sell(ALICE, 1, 9, type=Type.STOP_LIMIT, stop_price=2)
    venue.do("replace_order", ALICE, 1, price=4)
    assert [order.order_id for order in venue.engine.open_orders(ALICE)] == [1, 3, 4]
    assert [order.order_id for order in venue.engine.open_orders(ALICE, GEM_USD)] == [1, 4]
    assert [venue.engine.open_order_count(account) for account in (ALICE, BOB, CAROL)] == [3, 1, 0]
    assert [venue.engine.live_orders(market) for market in (GEM_USD, OIL_USD)] == [3, 1]


def test_depth_is_summed_by_price_and_cut_at_the_limit(venue: Venue) -> None:
    for amount, price in ((1, 5), (2, 5), (3, 4), (4, 3)):
        venue.buy(ALICE, amount, price)
        venue.sell(ALICE, amount, 20 - price)
    assert venue.engine.depth(GEM_USD, 2) == ([(5, 3), (4, 3)], [(15, 3), (16, 3)])
    assert venue.engine.depth(GEM_USD, 0) == ([(5, 3), (4, 3), (3, 4)], [(15, 3), (16, 3), (17, 4)])
    assert venue.engine.best(GEM_USD) == (5, 15)


def test_totals_add_up_to_nothing(venue: Venue) -> None:
    venue.buy(ALICE, 3, 5)
    venue.transfer(BOB, CAROL, OIL, 7, pending=1)
    venue.transfer(0, CAROL, GEM, 9, pending=1)
    assert venue.engine.totals() == [(-3 * RICH, 3 * RICH, 0), (-3 * RICH, 3 * RICH - 15, 15), (-3 * RICH, 3 * RICH - 7, 7)]


def test_counters_and_clock(venue: Venue) -> None:
    engine = venue.engine
    assert (engine.time, engine.next_order_id, engine.next_trade_id, engine.accounts) == (NOON, 1, 1, 20)
    before = engine.next_entry_id
    venue.trade_at(5)
    assert (engine.next_order_id, engine.next_trade_id, engine.next_entry_id) == (3, 2, before + 5)
