"""Trades between two linked markets: one row, two appearances."""

from __future__ import annotations

import pytest

from cambist import _core
from cambist.domain.trades import Appearance
from cambist.domain.transfers import Business
from cambist.history.port import HistoryWrites, Page, StoreReads
from cambist.history.records import Leg
from tests.history.scenes import BTC_EUR, BTC_USD, START, USERS, LinkedVenue, random_day

ALICE, BOB, _ = USERS
WHOLE = Page(limit=100_000, newest_first=False)
BUY, SELL = 0, 1


@pytest.fixture
def venue() -> LinkedVenue:
    return LinkedVenue()


@pytest.fixture(params=[BUY, SELL], ids=["taker buys", "taker sells"])
def taker_side(request: pytest.FixtureRequest) -> int:
    side: int = request.param
    return side


@pytest.fixture
def trade(venue: LinkedVenue, writes: HistoryWrites, taker_side: int) -> _core.ConvertedTradeExecuted:
    """Bob's order rests in BTC/EUR, Alice takes it in BTC/USD."""
    venue.place(BOB, 1 - taker_side, 40_000, 10**6, market=BTC_EUR)
    venue.place(ALICE, taker_side, 1 if taker_side == SELL else 10**6, 10**6)
    (found,) = (event for event in _core.decode_events(venue.cut()) if isinstance(event, _core.ConvertedTradeExecuted))
    venue.folded_into(writes)
    return found


def test_each_market_has_its_own_appearance(trade: _core.ConvertedTradeExecuted, reads: StoreReads, taker_side: int) -> None:
    (dollars,), (euros,) = reads.market_trades(BTC_USD), reads.market_trades(BTC_EUR)
    assert (dollars.market, dollars.price, dollars.total) == (BTC_USD, trade.price, trade.total)
    assert (euros.market, euros.price, euros.total) == (BTC_EUR, 40_000, trade.resting_total)
    assert dollars.id == euros.id == trade.trade_id
    buyers, sellers = (dollars, euros) if taker_side == BUY else (euros, dollars)
    assert (buyers.appearance, sellers.appearance) == (Appearance.PRIMARY, Appearance.SECONDARY)


def test_each_side_has_its_own_fill_order_and_ledger(trade: _core.ConvertedTradeExecuted, reads: StoreReads) -> None:
    for account, market, total in ((ALICE, BTC_USD, trade.total), (BOB, BTC_EUR, trade.resting_total)):
        (fill,) = reads.fills(account)
        assert (fill.market, fill.total) == (market, total)
        assert reads.fills(account, market=market) == [fill]
        assert reads.fills(account, market=BTC_USD + BTC_EUR - market) == []
        (order,) = reads.orders(account)
        assert (order.market, order.total) == (market, total)
        assert [volume.market for volume in reads.volumes(START, account=account)] == [market]
        entries = reads.entries(account, trade_id=trade.trade_id)
        assert [(entry.price, entry.total) for entry in entries] == [(fill.price, total)] * 2
        money = next(entry for entry in entries if entry.asset != 0)
        assert abs(money.change) + money.fee == total


def test_the_conversion_account_has_the_two_legs_between(trade: _core.ConvertedTradeExecuted, reads: StoreReads) -> None:
    received, paid = reads.entries(_core.CONVERSION, WHOLE, trade_id=trade.trade_id)
    assert (received.leg, paid.leg) == (Leg.CONVERSION_RECEIVES, Leg.CONVERSION_PAYS)
    assert {received.change, -paid.change} == {trade.total, trade.resting_total}


def test_the_ledger_names_what_the_other_side_saw(trade: _core.ConvertedTradeExecuted, reads: StoreReads, taker_side: int) -> None:
    taken, rested = (BTC_USD, trade.price), (BTC_EUR, trade.resting_price)
    primary, secondary = Appearance.PRIMARY, Appearance.SECONDARY
    for account, appearance, other in (
        (ALICE, primary if taker_side == BUY else secondary, rested),
        (BOB, secondary if taker_side == BUY else primary, taken),
    ):
        entries = reads.entries(account, trade_id=trade.trade_id)
        assert [(entry.appearance, (entry.counter_market, entry.counter_price)) for entry in entries] == [(appearance, other)] * 2
    for entry in reads.entries(ALICE):
        if entry.reference != trade.trade_id or entry.business != Business.TRADE:
            assert (entry.appearance, entry.counter_market, entry.counter_price) == (Appearance.ONLY, 0, 0)


def test_by_id_or_time_it_is_the_takers(trade: _core.ConvertedTradeExecuted, reads: StoreReads) -> None:
    (by_id,) = reads.trades_by_id([trade.trade_id])
    assert by_id == reads.trade_at(trade.time)
    assert (by_id.market, by_id.price) == (BTC_USD, trade.price)


@pytest.mark.parametrize("primary", [True, False])
def test_public_trades_of_one_kind_alone(venue: LinkedVenue, writes: HistoryWrites, reads: StoreReads, primary: bool) -> None:
    random_day(venue, 5, 600)
    venue.folded_into(writes)
    for market in (BTC_USD, BTC_EUR):
        whole = reads.market_trades(market, WHOLE)
        assert len({trade.appearance for trade in whole}) == 3
        wanted = [trade for trade in whole if (trade.appearance != Appearance.SECONDARY) == primary]
        assert reads.market_trades(market, WHOLE, primary=primary) == wanted
        first = Page(limit=3, since=whole[5].time, newest_first=False)
        assert reads.market_trades(market, first, primary=primary) == [trade for trade in wanted if trade.time >= whole[5].time][:3]


@pytest.mark.parametrize("seed", range(3))
def test_primary_appearances_count_each_coin_once(venue: LinkedVenue, writes: HistoryWrites, reads: StoreReads, seed: int) -> None:
    random_day(venue, seed, 600)
    venue.folded_into(writes)
    events = [event for run, _ in venue.runs for event in _core.decode_events(run)]
    converted = [event for event in events if isinstance(event, _core.ConvertedTradeExecuted)]
    assert converted, "the day has trades across currencies"
    happened = sum(event.amount for event in events if isinstance(event, _core.TradeExecuted)) + sum(event.amount for event in converted)
    public = [trade for market in range(3) for trade in reads.market_trades(market, WHOLE)]
    assert sum(trade.amount for trade in public if trade.appearance != Appearance.SECONDARY) == happened
    assert sum(trade.amount for trade in public) == happened + sum(event.amount for event in converted)
    for market in range(3):
        seen = [trade for trade in public if trade.market == market]
        assert [trade.id for trade in seen] == sorted({trade.id for trade in seen})
        candles = reads.candles(market, 86_400, 0, 1 << 40)
        assert sum(candle.volume for candle in candles) == sum(trade.amount for trade in seen)
        assert sum(candle.notional for candle in candles) == sum(trade.amount * trade.price for trade in seen)


def test_pages_run_over_both_kinds_in_order_of_id(venue: LinkedVenue, writes: HistoryWrites, reads: StoreReads) -> None:
    random_day(venue, 1, 600)
    venue.folded_into(writes)
    for market in (BTC_USD, BTC_EUR):
        whole = reads.market_trades(market, WHOLE)
        assert {trade.appearance for trade in whole} == set(Appearance)
        paged = [
            trade for at in range(0, len(whole), 7) for trade in reads.market_trades(market, Page(offset=at, limit=7, newest_first=False))
        ]
        assert paged == whole
        assert reads.market_trades(market, Page(limit=5)) == whole[:-6:-1]
