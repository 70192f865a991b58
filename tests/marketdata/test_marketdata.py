"""Market data behind a real core: books, tickers, trades, subscriptions, a start from history."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cambist import _core
from cambist.domain.trades import Appearance
from cambist.history import History, Page
from cambist.history.sqlite import SqliteReads, SqliteWrites
from cambist.marketdata import MarketData, MarketUpdate
from cambist.marketdata.marketdata import RECENT_TRADES, UNREAD_BYTES
from tests.history.scenes import BTC_EUR, BTC_USD, LTC_BTC, USERS, LinkedVenue, Venue, random_day

MARKETS = (BTC_USD, LTC_BTC)


class Clock:
    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def followed(venue: Venue, clock: Callable[[], int]) -> MarketData:
    data = MarketData(MARKETS, clock)
    for raw, _ in venue.runs:
        data.apply(raw)
    return data


def all_trades(venue: Venue, market: int) -> list[_core.TradeExecuted]:
    events = [event for raw, _ in venue.runs for event in _core.decode_events(raw)]
    return [event for event in events if isinstance(event, _core.TradeExecuted) and event.market == market]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), commands=st.integers(0, 300), cut_every=st.integers(1, 40))
def test_folded_book_changes_equal_the_cores_depth(seed: int, commands: int, cut_every: int) -> None:
    venue = Venue()
    random_day(venue, seed, commands, cut_every)
    data = MarketData((), lambda: venue.time)
    updates: list[MarketUpdate] = []
    data.subscribe(None, updates.append)
    for raw, _ in venue.runs:
        data.apply(raw)
    for market in MARKETS:
        folded: tuple[dict[int, int], dict[int, int]] = ({}, {})
        number = 0
        for update in updates:
            if update.market != market:
                continue
            assert update.book_seq == number + bool(update.levels)
            number = update.book_seq
            for level in update.levels:
                assert folded[level.side].get(level.price, 0) == level.previous
                folded[level.side][level.price] = level.amount
                if not level.amount:
                    del folded[level.side][level.price]
        bids, asks = venue.engine.depth(market, 0)
        assert data.book(market) == (bids, asks)
        assert data.book(market, 3) == (bids[:3], asks[:3])
        assert sorted(folded[0].items(), reverse=True) == bids
        assert sorted(folded[1].items()) == asks
        assert data.best(market) == venue.engine.best(market)
        assert data.book_seq(market) == number


@pytest.mark.parametrize("seed", range(3))
def test_the_ticker_equals_a_recomputation_at_any_time(venue: Venue, seed: int) -> None:
    random_day(venue, seed, 900)
    clock = Clock(venue.time)
    data = followed(venue, clock)
    for market in MARKETS:
        trades = all_trades(venue, market)
        clock.now = venue.time
        for _ in range(60):
            first = (clock.now // 1_000_000 - 86_399) * 1_000_000
            inside = [trade for trade in trades if trade.time >= first]
            prices = [trade.price for trade in inside]
            ticker = data.ticker(market)
            assert ticker.count == len(inside)
            assert ticker.volume == sum(trade.amount for trade in inside)
            assert ticker.notional == sum(trade.amount * trade.price for trade in inside)
            assert (ticker.open, ticker.high, ticker.low) == ((prices[0], max(prices), min(prices)) if prices else (0, 0, 0))
            assert (ticker.last, ticker.last_time) == (trades[-1].price, trades[-1].time)
            clock.now += 3_333_333_333


@pytest.mark.parametrize("seed", range(3))
def test_what_was_traded_since_a_second_equals_a_recomputation(venue: Venue, seed: int) -> None:
    random_day(venue, seed, 900)
    clock = Clock(venue.time + 1_000_000)
    data = followed(venue, clock)
    now = clock.now // 1_000_000
    dice = random.Random(seed)
    for market in MARKETS:
        trades = all_trades(venue, market)
        recent = [trade.time // 1_000_000 for trade in trades if trade.time >= (now - 86_399) * 1_000_000]
        for second in [now - dice.randint(0, 86_399) for _ in range(60)] + recent:
            inside = [trade for trade in trades if trade.time >= second * 1_000_000]
            found = data.since(market, second)
            if not inside:
                assert found is None
                continue
            assert found is not None
            prices = [trade.price for trade in inside]
            assert (found.open, found.high, found.low, found.close) == (prices[0], max(prices), min(prices), prices[-1])
            assert (found.volume, found.count) == (sum(trade.amount for trade in inside), len(inside))
            until = second + dice.randint(1, 500)
            within = [trade for trade in inside if trade.time < until * 1_000_000]
            assert sum(each.count for each in data.seconds(market, second, until)) == len(within)


def test_the_price_before_a_time(venue: Venue) -> None:
    data = MarketData(MARKETS, lambda: venue.time)
    venue.place(16, 1, 100, 10**6)
    venue.place(16, 1, 200, 10**12)
    for _ in range(2):
        venue.place(17, 0, 200, 10**6)
    data.apply(venue.cut())
    first, second = all_trades(venue, BTC_USD)
    assert [data.price_before(BTC_USD, time) for time in (first.time, second.time, second.time + 1)] == [0, 100, 200]
    assert data.price_before(LTC_BTC, venue.time) == 0
    for _ in range(RECENT_TRADES):
        venue.place(17, 0, 200, 10**6)
    data.apply(venue.cut())
    # What is no longer remembered is not said to have never been.
    assert data.price_before(BTC_USD, second.time) is None
    assert data.price_before(BTC_USD, venue.time) == 200


def test_the_ticker_of_a_market_without_trades(venue: Venue) -> None:
    ticker = MarketData((), lambda: venue.time).ticker(BTC_USD)
    assert (ticker.last, ticker.count, ticker.high, ticker.low) == (0, 0, 0, 0)


def test_recent_trades_newest_first_and_bounded(venue: Venue) -> None:
    data = MarketData(MARKETS, lambda: venue.time)
    venue.place(16, 1, 100, 10**11)
    for _ in range(RECENT_TRADES + 10):
        venue.place(17, 0, 100, 10**6)
    data.apply(venue.cut())
    newest = data.trades(BTC_USD, 10)
    assert [trade.id for trade in newest] == list(range(RECENT_TRADES + 10, RECENT_TRADES, -1))
    assert len(data.trades(BTC_USD, 10**6)) == RECENT_TRADES
    assert data.trades(BTC_USD, 100, since_id=newest[3].id) == newest[:3]
    assert data.trades(BTC_USD, 100, since=newest[3].time) == newest[:4]
    assert data.trades_kept_since(BTC_USD) == 10
    assert data.trades_kept_since(LTC_BTC) == 0


def test_frames_that_nobody_reads_are_folded_before_they_fill_the_memory(venue: Venue) -> None:
    data = MarketData(MARKETS, lambda: venue.time)
    waiting, frames = [], 0
    while frames * 100 < 2 * UNREAD_BYTES // 250:
        for _ in range(100):
            venue.place(16, 0, 100 - frames % 50, 10**6)
        frames += 1
        data.apply(venue.cut())
        waiting.append(data._unread_bytes)
    assert max(waiting) <= UNREAD_BYTES
    assert waiting.count(0) >= 1
    assert data.book(BTC_USD) == venue.engine.depth(BTC_USD, 0)


def test_what_cannot_be_folded_is_not_passed_over_in_silence(venue: Venue) -> None:
    data = MarketData(MARKETS, lambda: venue.time)
    venue.place(16, 0, 100, 10**6)
    data.apply(venue.cut()[:-1])
    for _ in range(2):
        with pytest.raises(ValueError, match="no event"):
            data.book(BTC_USD)
    with pytest.raises(ValueError, match="no event"):
        data.apply(b"any frame after it")


def test_a_level_knows_when_it_changed_last(venue: Venue) -> None:
    data = MarketData(MARKETS, lambda: venue.time)
    venue.place(16, 0, 100, 10**6)
    first = venue.time
    data.load_books(venue.engine)
    assert data.level_changed_at(BTC_USD, 0, 100) == 0
    data.apply(venue.cut())
    venue.place(16, 0, 99, 10**6)
    data.apply(venue.cut())
    assert (data.level_changed_at(BTC_USD, 0, 100), data.level_changed_at(BTC_USD, 0, 99)) == (first, venue.time)
    venue.place(17, 1, 99, 2 * 10**6)
    data.apply(venue.cut())
    assert data.level_changed_at(BTC_USD, 0, 100) == data.level_changed_at(BTC_USD, 0, 99) == 0


def test_the_version_moves_when_something_changed_and_only_then(venue: Venue) -> None:
    data = followed(venue, lambda: venue.time)
    before = data.version(BTC_USD), data.version(LTC_BTC)
    venue.place(16, 0, 100, 10**6)
    data.apply(venue.cut())
    assert (data.version(BTC_USD), data.version(LTC_BTC)) == (before[0] + 1, before[1])
    venue.engine.note(venue.tick())
    data.apply(venue.cut())
    assert data.version(BTC_USD) == before[0] + 1


def test_a_level_that_ends_a_frame_as_it_began_is_no_change(venue: Venue) -> None:
    data = followed(venue, lambda: venue.time)
    updates: list[MarketUpdate] = []
    data.subscribe(BTC_USD, updates.append)
    order = venue.place(16, 0, 100, 10**6)
    venue.engine.cancel_order(venue.tick(), 16, order.id)
    data.apply(venue.cut())
    assert updates == []
    assert data.book_seq(BTC_USD) == 0


def test_subscribers_do_not_disturb_each_other(venue: Venue, caplog: pytest.LogCaptureFixture) -> None:
    data = followed(venue, lambda: venue.time)
    heard: list[MarketUpdate] = []
    others: list[MarketUpdate] = []

    def broken(_: MarketUpdate) -> None:
        raise RuntimeError("a bug")

    data.subscribe(BTC_USD, broken)
    end = data.subscribe(BTC_USD, heard.append)
    data.subscribe(LTC_BTC, others.append)
    venue.place(16, 0, 100, 10**6)
    venue.place(17, 1, 100, 10**5)
    data.apply(venue.cut())
    (update,) = heard
    assert [(level.side, level.price, level.amount, level.previous) for level in update.levels] == [(0, 100, 9 * 10**5, 0)]
    assert [trade.amount for trade in update.trades] == [10**5]
    assert (update.version, update.book_seq) == (data.version(BTC_USD), 1)
    assert "a bug" in caplog.text
    end()
    end()
    venue.place(16, 0, 101, 10**6)
    data.apply(venue.cut())
    assert len(heard) == 1
    assert others == []


@pytest.mark.parametrize("seed", range(3))
async def test_a_start_from_history_equals_having_been_there(tmp_path: Path, venue: Venue, seed: int) -> None:
    random_day(venue, seed, 900)
    store = SqliteWrites(tmp_path / "history")
    venue.folded_into(store)
    history = History(SqliteReads(tmp_path / "history"))
    clock = Clock(venue.time)
    there = followed(venue, clock)
    loaded = MarketData(MARKETS, clock)
    await loaded.load(history)
    loaded.load_books(venue.engine)
    overlap = venue.runs[-1][0]
    loaded.apply(overlap)
    random_day(venue, seed + 100, 60)
    for raw, last in venue.runs:
        if last > store.cursor.seq:
            there.apply(raw)
            loaded.apply(raw)
    for market in MARKETS:
        assert loaded.trades(market, 10_000) == there.trades(market, 10_000)
        assert loaded.book(market) == there.book(market) == tuple(venue.engine.depth(market, 0))
        for later in (0, 3_600, 80_000, 90_000):
            clock.now = venue.time + later * 1_000_000
            assert loaded.ticker(market) == there.ticker(market)
        clock.now = venue.time
        end = venue.time // 1_000_000 + 1
        for interval in (300, 14_400, 604_800):
            mine = await loaded.candle_history(market, interval, 0, end)
            assert mine == there.candles(market, interval, 0, end)
            assert mine == await there.candle_history(market, interval, 0, end)
            assert await loaded.candle_history(market, interval, 0, end, 2) == mine[-2:]
    history.close()
    store.close()


async def test_candles_older_than_memory_come_from_history(tmp_path: Path, venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    random_day(venue, 8, 1_500)
    store = SqliteWrites(tmp_path / "history")
    venue.folded_into(store)
    history = History(SqliteReads(tmp_path / "history"))
    monkeypatch.setattr("cambist.marketdata.marketdata.KEPT", {60: 600, 3_600: 30, 86_400: 3})
    data = MarketData(MARKETS, lambda: venue.time)
    await data.load(history)
    end = venue.time // 1_000_000 + 1
    for interval in (60, 900, 3_600, 7_200, 86_400, 604_800):
        whole = await history.candles(BTC_USD, interval, 0, end, 10**6)
        found = await data.candle_history(BTC_USD, interval, 0, end, 10**6)
        assert [(candle.start, candle.volume) for candle in found] == [(candle.start, candle.volume) for candle in whole]
        assert len(data.candles(BTC_USD, interval, 0, end)) <= len(whole)
    assert len(await history.market_trades(BTC_USD, Page(limit=3))) == 3
    history.close()
    store.close()


def test_a_trade_across_currencies_appears_in_both_markets_and_is_loaded_so_again(tmp_path: Path) -> None:
    venue = LinkedVenue()
    data = MarketData((BTC_USD, BTC_EUR), lambda: venue.time)
    for raw, _ in venue.runs:
        data.apply(raw)
    venue.place(USERS[0], 1, 40_000, 10**6, market=BTC_EUR)
    venue.place(USERS[1], 0, 10**6, 10**6)
    run = venue.cut()
    data.apply(run)
    (trade,) = (event for event in _core.decode_events(run) if isinstance(event, _core.ConvertedTradeExecuted))
    seen = {market: [(each.id, each.price, each.appearance) for each in data.trades(market, 9)] for market in (BTC_USD, BTC_EUR)}
    assert seen == {
        BTC_USD: [(trade.trade_id, trade.price, Appearance.PRIMARY)],
        BTC_EUR: [(trade.trade_id, 40_000, Appearance.SECONDARY)],
    }
    assert [data.ticker(market).last for market in (BTC_USD, BTC_EUR)] == [trade.price, 40_000]
    store = SqliteWrites(tmp_path / "history.sqlite")
    venue.folded_into(store)
    store.close()
    reads = SqliteReads(tmp_path / "history.sqlite")
    stored = {market: [(each.id, each.price, each.appearance) for each in reads.market_trades(market)] for market in (BTC_USD, BTC_EUR)}
    reads.close()
    assert stored == seen


async def test_without_history_a_start_takes_the_same_from_all_events(tmp_path: Path) -> None:
    """Its database is away, and the journal is not long."""
    venue = Venue()
    random_day(venue, 4, 600)
    clock = Clock(venue.time)
    live, started = followed(venue, clock), MarketData((), clock)
    history = History(SqliteReads(_folded(venue, tmp_path)))
    started.load_from_events(history, (raw for raw, _ in venue.runs), 0, 0)
    started.load_books(venue.engine)
    for market in MARKETS:
        assert started.ticker(market) == live.ticker(market)
        assert started.trades(market, 10_000) == live.trades(market, 10_000)
        assert started.book(market) == live.book(market)
        assert (started.trades_kept_since(market), started.trades_seen(market)) == (0, 0)
        for interval in (60, 3_600, 86_400):
            end = clock.now // 1_000_000 + 1
            assert started.candles(market, interval, 0, end) == live.candles(market, interval, 0, end)
    venue.place(USERS[0], 1, 100, 10**6)
    venue.place(USERS[1], 0, 100, 10**6)
    venue.cut()
    for data in (live, started):
        data.apply(venue.runs[-1][0])
    assert started.ticker(BTC_USD) == live.ticker(BTC_USD)
    history.close()


async def test_a_start_from_the_last_events_alone_asks_history_for_what_came_before(tmp_path: Path) -> None:
    venue = Venue()
    random_day(venue, 4, 600)
    at, since, before = len(venue.runs), venue.time, venue.engine.next_trade_id - 1
    random_day(venue, 5, 600)
    clock = Clock(venue.time)
    history = History(SqliteReads(_folded(venue, tmp_path)))
    started = MarketData((), clock)
    started.load_from_events(history, (raw for raw, _ in venue.runs[at:]), since, before)
    end = clock.now // 1_000_000 + 1
    for market in MARKETS:
        kept = started.trades(market, 10_000)
        assert kept
        assert all(trade.id > before for trade in kept)
        assert started.trades_kept_since(market) == before, "what is older is history's to know"
        assert started.price_before(market, kept[-1].time) is None
        whole = await history.candles(market, 3_600, 0, end, 10_000)
        found = await started.candle_history(market, 3_600, 0, end, 10_000)
        assert [(candle.start, candle.volume, candle.count) for candle in found] == [
            (candle.start, candle.volume, candle.count) for candle in whole
        ]
    history.close()


def _folded(venue: Venue, folder: Path) -> Path:
    store = SqliteWrites(folder / "history.sqlite")
    venue.folded_into(store)
    store.close()
    return folder / "history.sqlite"
