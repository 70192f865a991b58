"""What durable frames did to single accounts, told to whoever follows them."""

from __future__ import annotations

import pytest

from cambist import _core
from cambist.account_streams.events import AccountEvent, AccountStreams
from cambist.account_streams.orders import OrderStates
from cambist.domain.meta import Meta
from cambist.domain.trades import Appearance
from tests.history.scenes import BTC, BTC_EUR, BTC_USD, USD, USERS, LinkedVenue, Venue, random_day

ALICE, BOB, CAROL = USERS


class Ear:
    """A follower that keeps what it hears, one list for each frame."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, list[AccountEvent]]] = []

    def __call__(self, account: int, events: list[AccountEvent]) -> None:
        self.frames.append((account, events))

    @property
    def events(self) -> list[AccountEvent]:
        return [event for _account, events in self.frames for event in events]


@pytest.fixture
def venue() -> Venue:
    return Venue()


def test_an_account_hears_its_own_events_once_a_frame_with_the_command_that_caused_them(venue: Venue) -> None:
    streams, alice, bob = AccountStreams(), Ear(), Ear()
    streams.follow(ALICE, alice)
    streams.follow(BOB, bob)
    rests = venue.place(ALICE, 1, 100, 10**6, tag="first")
    venue.place(CAROL, 1, 101, 10**6)
    placed_at = venue.time
    takes = venue.place(BOB, 0, 100, 4 * 10**5)
    streams.apply(venue.cut())
    ((account, events),) = alice.frames
    assert account == ALICE
    kinds = [(event.seq, type(event.event).__name__) for event in events]
    assert kinds[0] == (rests.seq, "OrderAccepted")
    assert (takes.seq, "TradeExecuted") in kinds
    assert {seq for seq, _name in kinds} == {rests.seq, takes.seq}
    first = events[0]
    assert Meta.decode(first.meta).tag == "first"
    assert first.time < placed_at
    assert {event.event.account for event in events if isinstance(event.event, _core.BalanceChanged)} == {ALICE}
    assert [type(event.event).__name__ for event in bob.events if event.seq == rests.seq] == []


def test_a_trade_with_itself_is_heard_once(venue: Venue) -> None:
    streams, alice = AccountStreams(), Ear()
    streams.follow(ALICE, alice)
    venue.place(ALICE, 1, 100, 10**6)
    venue.place(ALICE, 0, 100, 10**6)
    streams.apply(venue.cut())
    assert sum(isinstance(event.event, _core.TradeExecuted) for event in alice.events) == 1


def test_a_transfer_is_heard_on_both_sides(venue: Venue) -> None:
    streams, alice, bob = AccountStreams(), Ear(), Ear()
    streams.follow(ALICE, alice)
    streams.follow(BOB, bob)
    assert venue.engine.transfer(venue.tick(), 1 << 90, ALICE, BOB, USD, 7, 0, 1_000).code == 0
    streams.apply(venue.cut())
    for ear in (alice, bob):
        assert sum(isinstance(event.event, _core.TransferPosted) for event in ear.events) == 1


@pytest.mark.parametrize("seed", range(3))
def test_followers_together_hear_everything_that_concerns_them_and_nothing_else(venue: Venue, seed: int) -> None:
    streams, ears = AccountStreams(), {user: Ear() for user in USERS}
    for user, ear in ears.items():
        streams.follow(user, ear)
    random_day(venue, seed, 300)
    for run, _seq in venue.runs:
        streams.apply(run)
    decoded = [event for run, _seq in venue.runs for event in _core.decode_events(run)]
    for user, ear in ears.items():
        trades = [
            event for event in decoded if isinstance(event, _core.TradeExecuted) and user in (event.maker_account, event.taker_account)
        ]
        accepted = [event.order_id for event in decoded if isinstance(event, _core.OrderAccepted) and event.account == user]
        assert [event.event.trade_id for event in ear.events if isinstance(event.event, _core.TradeExecuted)] == [
            trade.trade_id for trade in trades
        ]
        assert [event.event.order_id for event in ear.events if isinstance(event.event, _core.OrderAccepted)] == accepted
        balances: dict[int, _core.BalanceChanged] = {
            event.event.asset: event.event for event in ear.events if isinstance(event.event, _core.BalanceChanged)
        }
        for asset in (BTC, USD):
            assert (balances[asset].available, balances[asset].held) == venue.engine.balance(user, asset)


def test_who_leaves_hears_no_more_and_the_others_go_on(venue: Venue) -> None:
    streams, gone, stays = AccountStreams(), Ear(), Ear()
    leave = streams.follow(ALICE, gone)
    streams.follow(ALICE, stays)
    leave()
    leave()
    venue.place(ALICE, 1, 100, 10**6)
    streams.apply(venue.cut())
    assert (len(gone.frames), len(stays.frames)) == (0, 1)


def test_a_follower_that_fails_takes_nobody_with_it(venue: Venue) -> None:
    streams, ear = AccountStreams(), Ear()

    def fails(_account: int, _events: list[AccountEvent]) -> None:
        raise RuntimeError

    streams.follow(ALICE, fails)
    streams.follow(ALICE, ear)
    venue.place(ALICE, 1, 100, 10**6)
    streams.apply(venue.cut())
    assert len(ear.frames) == 1


def test_frames_are_looked_at_only_while_somebody_follows(venue: Venue) -> None:
    streams = AccountStreams()
    venue.place(ALICE, 1, 100, 10**6, market=BTC_USD)
    broken = venue.cut()[:-1]
    streams.apply(broken)
    leave = streams.follow(ALICE, Ear())
    with pytest.raises(ValueError, match="event"):
        streams.apply(broken)
    leave()
    streams.apply(broken)


@pytest.mark.parametrize(
    ("taker_side", "taker", "maker"), [(0, Appearance.PRIMARY, Appearance.SECONDARY), (1, Appearance.SECONDARY, Appearance.PRIMARY)]
)
def test_a_trade_across_currencies_is_an_ordinary_trade_of_each_sides_market(taker_side: int, taker: Appearance, maker: Appearance) -> None:
    venue = LinkedVenue()
    streams, alice, bob = AccountStreams(), Ear(), Ear()
    streams.follow(ALICE, alice)
    streams.follow(BOB, bob)
    venue.place(BOB, 1 - taker_side, 40_000, 10**6, market=BTC_EUR)
    venue.place(ALICE, taker_side, 1 if taker_side else 10**6, 10**6)
    run = venue.cut()
    streams.apply(run)
    (happened,) = (event for event in _core.decode_events(run) if isinstance(event, _core.ConvertedTradeExecuted))
    heard = [[(one.event, one.appearance) for one in ear.events if isinstance(one.event, _core.TradeExecuted)] for ear in (alice, bob)]
    assert heard == [[(happened.as_taker(), taker)], [(happened.as_maker(), maker)]]
    assert (happened.as_maker().market, happened.as_maker().price, happened.as_maker().total) == (BTC_EUR, 40_000, happened.resting_total)


def test_a_trade_with_itself_across_currencies_is_heard_in_both() -> None:
    venue = LinkedVenue()
    streams, alice, states = AccountStreams(), Ear(), OrderStates()
    streams.follow(ALICE, alice)
    venue.place(ALICE, 1, 40_000, 10**6, market=BTC_EUR, self_trade=1)
    venue.place(ALICE, 0, 10**6, 10**6, self_trade=1)
    streams.apply(venue.cut())
    ended = [order for one in alice.events for order in states.apply(one) if order.reason]
    assert [(order.market, order.filled) for order in ended] == [(BTC_EUR, 10**6), (BTC_USD, 10**6)]
    assert ended[0].total != ended[1].total
