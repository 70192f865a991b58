"""What a market has from before its first trade: folded from a note, joined to what was traded, in history and in market data."""

import asyncio
from dataclasses import replace

from cambist.domain.backfill import DAY, HOUR, MINUTE, SPAN, Backfill
from cambist.domain.meta import Meta
from cambist.history import History, HistoryWriter, rebuild
from cambist.history.fold import Cursor, fold
from cambist.history.port import HistoryWrites, StoreReads
from cambist.history.records import Candle
from cambist.marketdata import MarketData
from tests.history.scenes import BTC_USD, LTC_BTC, START, USERS, Venue
from tests.support.history_places import HistoryPlace
from tests.support.waiting import ticks

UNTIL = START // 1_000_000 - START // 1_000_000 % MINUTE
FILLED = Backfill(market=BTC_USD, seed="7", until=UNTIL, days=30, price=100_000, volume=10**12, trades=5_000, deviation_ppm=30_000)


def backfill_of(reads: StoreReads, market: int) -> Backfill | None:
    (past,) = reads.market_pasts([market], 1, 0, [])
    return past.backfill


def filled_venue() -> Venue:
    """A venue whose journal has a backfill, and some trades behind it."""
    venue = Venue()
    venue.engine.note(venue.tick(), Meta(memo=FILLED.memo()).encode())
    venue.cut()
    return venue


def trade(venue: Venue, price: int = 100_500, amount: int = 10**8, market: int = BTC_USD) -> None:
    venue.place(USERS[0], 1, price, amount, market)
    venue.place(USERS[1], 0, price, amount, market)
    venue.cut()


def test_candles_of_every_interval_reach_back_through_the_first_trade(writes: HistoryWrites, reads: StoreReads) -> None:
    venue = filled_venue()
    trade(venue)
    venue.folded_into(writes)
    now = venue.time // 1_000_000
    minutes = reads.candles(BTC_USD, MINUTE, UNTIL - HOUR, now + MINUTE)
    assert [candle.start for candle in minutes][-2:] == [UNTIL - MINUTE, now - now % MINUTE]
    assert minutes[-2].close == FILLED.price
    day = reads.candles(BTC_USD, DAY, UNTIL - UNTIL % DAY, now + DAY)[-1]
    made = FILLED.candles(DAY, UNTIL - UNTIL % DAY, UNTIL)[-1]
    assert day == Candle(
        made.start,
        made.open,
        max(made.high, 100_500),
        min(made.low, 100_500),
        100_500,
        made.volume + 10**8,
        made.notional + 100_500 * 10**8,
        made.trades + 1,
    )
    assert len(reads.candles(BTC_USD, DAY, 0, now + DAY)) >= 30
    assert len(reads.candles(BTC_USD, 7 * DAY, 0, now + DAY)) >= 5


def test_a_limit_takes_the_newest_also_where_minutes_have_no_trades(writes: HistoryWrites, reads: StoreReads) -> None:
    rare = replace(FILLED, trades=100)
    venue = Venue()
    venue.engine.note(venue.tick(), Meta(memo=rare.memo()).encode())
    venue.cut()
    trade(venue)
    venue.folded_into(writes)
    found = reads.candles(BTC_USD, MINUTE, 0, UNTIL + DAY, 200)
    assert len(found) == 200
    assert found[:-1] == [Candle(*bar) for bar in rare.candles(MINUTE, UNTIL - 30 * DAY, UNTIL)[-199:]]


def test_markets_without_one_have_what_was_traded(writes: HistoryWrites, reads: StoreReads) -> None:
    venue = filled_venue()
    trade(venue, 100, 10**8, LTC_BTC)
    venue.folded_into(writes)
    assert len(reads.candles(LTC_BTC, DAY, 0, UNTIL + 2 * DAY)) == 1
    assert backfill_of(reads, LTC_BTC) is None


def test_a_markets_first_one_counts_and_nonsense_counts_for_nothing(writes: HistoryWrites, reads: StoreReads) -> None:
    venue = filled_venue()
    for memo in (replace(FILLED, price=1).memo(), {"backfill": [LTC_BTC]}, {"backfill": None}):
        venue.engine.note(venue.tick(), Meta(memo=memo).encode())
    venue.cut()
    venue.folded_into(writes)
    assert backfill_of(reads, BTC_USD) == FILLED
    assert backfill_of(reads, LTC_BTC) is None


def test_a_rebuilt_history_has_the_same_past(place: HistoryPlace) -> None:
    venue = filled_venue()
    trade(venue)
    answers = []
    for name in ("followed", "rebuilt"):
        here = place.another()
        store = here.writes()
        if name == "followed":
            venue.folded_into(store)
        else:
            rebuild(store, venue.source())
        store.close()
        reads = here.reads()
        answers.append(reads.candles(BTC_USD, HOUR, 0, UNTIL + DAY))
        reads.close()
    assert answers[0] == answers[1]
    assert len(answers[0]) > 700


def test_the_owners_of_accounts_get_no_past(writes: HistoryWrites, reads: StoreReads) -> None:
    venue = filled_venue()
    venue.folded_into(writes)
    assert reads.market_trades(BTC_USD) == []
    assert all(reads.fills(user) == [] and reads.notes(user, 0) == [] for user in USERS)


class Clock:
    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def test_the_ticker_of_a_new_market_covers_24_hours_and_forgets_them_as_they_pass() -> None:
    venue = filled_venue()
    clock = Clock(venue.time)
    data = MarketData((BTC_USD, LTC_BTC), clock)
    data.begin([FILLED], venue.engine.seq)
    assert data.ticker(BTC_USD).last == FILLED.price
    trade(venue)
    data.apply(venue.runs[-1][0])
    clock.now = venue.time
    now = clock.now // 1_000_000
    window = FILLED.candles(SPAN, now - DAY + 1, UNTIL)
    ticker = data.ticker(BTC_USD)
    assert ticker.last == 100_500
    assert ticker.open == window[0].open
    assert ticker.high == max(100_500, *(bar.high for bar in window))
    assert ticker.low == min(100_500, *(bar.low for bar in window))
    assert ticker.volume == sum(bar.volume for bar in window) + 10**8
    assert ticker.count == sum(bar.trades for bar in window) + 1
    clock.now += 12 * HOUR * 1_000_000
    assert data.ticker(BTC_USD).volume < ticker.volume
    assert data.ticker(BTC_USD).open != ticker.open
    clock.now = (UNTIL + DAY - 1) * 1_000_000
    alone = data.ticker(BTC_USD)
    assert (alone.open, alone.high, alone.low, alone.volume, alone.count) == (100_500, 100_500, 100_500, 10**8, 1)
    assert data.ticker(LTC_BTC).count == 0


async def test_older_candles_wait_until_history_has_a_past_that_the_journal_just_got(place: HistoryPlace) -> None:
    venue = filled_venue()
    writer = HistoryWriter(place.writes())
    writer.start()
    data = MarketData((BTC_USD,), Clock(venue.time))
    history = History(place.reads(), writer.reached)
    await data.load(history)
    data.begin([FILLED], venue.runs[-1][1])
    asked = asyncio.ensure_future(data.candle_history(BTC_USD, DAY, 0, UNTIL + DAY))
    await ticks(5)
    assert not asked.done()
    for events, seq in venue.runs:
        writer.feed(events, seq)
    assert len(await asked) >= 30
    history.close()
    writer.close()


async def test_market_data_answers_alike_at_once_and_after_a_restart(place: HistoryPlace) -> None:
    venue = filled_venue()
    clock = Clock(venue.time)
    live = MarketData((BTC_USD,), clock)
    live.begin([FILLED], venue.engine.seq)
    for _ in range(3):
        venue.tick(70_000_000)
        trade(venue)
        live.apply(venue.runs[-1][0])
    clock.now = venue.time
    store = place.writes()
    venue.folded_into(store)
    writer = HistoryWriter(store)
    writer.start()
    history = History(place.reads(), writer.reached)
    restarted = MarketData((BTC_USD,), clock)
    await restarted.load(history)
    now = clock.now // 1_000_000
    for interval in (MINUTE, 5 * MINUTE, HOUR, DAY):
        wanted = await history.candles(BTC_USD, interval, now - 2 * DAY, now + DAY, 100_000)
        for data in (live, restarted):
            assert [_values(each) for each in data.candles(BTC_USD, interval, now - 2 * DAY, now + DAY)] == [
                _values(each) for each in wanted if each.start >= now - 2 * DAY
            ]
        older = await restarted.candle_history(BTC_USD, interval, now - 2 * DAY, now + DAY, 100_000)
        assert [_values(each) for each in older] == [_values(each) for each in wanted]
    assert live.ticker(BTC_USD) == restarted.ticker(BTC_USD)
    assert live.span(BTC_USD, now - 2 * DAY) == restarted.span(BTC_USD, now - 2 * DAY)
    assert live.price_before(BTC_USD, (UNTIL - 30) * 1_000_000) == FILLED.candles(MINUTE, UNTIL - MINUTE, UNTIL)[0].open
    assert live.price_before(BTC_USD, 1_000_000) == 0
    history.close()
    writer.close()


def _values(candle: object) -> tuple[int, ...]:
    names = ("start", "open", "high", "low", "close", "volume", "notional", "count")
    return tuple(getattr(candle, name) for name in names)


def test_a_note_of_somebody_elses_words_is_read_by_nobody() -> None:
    venue = Venue()
    venue.engine.note(venue.tick(), Meta(memo={"words": "about a backfill"}).encode())
    venue.cut()
    assert fold(Cursor(), b"".join(raw for raw, _ in venue.runs)).backfills == []
