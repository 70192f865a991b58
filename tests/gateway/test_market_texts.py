"""Texts of books and trades: exact, of one moment, shared, and written a slice at a time."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import pytest

from cambist._core import Column, LevelBook, RowForm, TradeLog
from cambist.dialect_kit.market_texts import SLICE, BookForm, MarketTexts, past_trades
from cambist.domain.orders import Side
from tests.support.waiting import ticks

LEVEL = RowForm([b"[", b",", b"]"], [Column.decimal(0, 2), Column.decimal(1, 3, 3)])
TRADE = RowForm([b"", b":", b""], [Column.integer(0), Column.choice(2, [b"bid", b"ask"])])


class Market:
    """As much of market data as texts are made of; `book_seq` grows with every change, as there."""

    def __init__(self) -> None:
        self.levels = LevelBook()
        self.log = TradeLog(5_000)
        self.seq = 0

    def set(self, side: int, price: int, amount: int) -> None:
        self.levels.set(side, price, amount, 1_000 + price)
        self.seq += 1

    def level_book(self, _market: int) -> LevelBook:
        return self.levels

    def trade_log(self, _market: int) -> TradeLog:
        return self.log

    def book_seq(self, _market: int) -> int:
        return self.seq

    version = book_seq


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
def texts(market: Market) -> MarketTexts:
    return MarketTexts(market)  # type: ignore[arg-type]


def deep(market: Market, levels: int) -> None:
    for number in range(levels):
        market.set(Side.BUY, 100_000 - number, 1_000 + number)
        market.set(Side.SELL, 100_001 + number, 2_000 + number)


def row(price: int, amount: int) -> bytes:
    cents = f"{price // 100}.{price % 100:02d}".rstrip("0").rstrip(".")
    return f"[{cents},{amount // 1000}.{amount % 1000:03d}]".encode()


async def test_a_short_text_is_there_at_once(market: Market, texts: MarketTexts) -> None:
    deep(market, 3)
    reading = texts.sides(0, BookForm(LEVEL))
    with pytest.raises(StopIteration) as ended:
        reading.send(None)  # to its end, without a task
    bids, asks = ended.value.value
    assert b"".join(bids) == b"[1000,1.000],[999.99,1.001],[999.98,1.002]"
    assert b"".join(asks) == b"[1000.01,2.000],[1000.02,2.001],[1000.03,2.002]"


@pytest.mark.parametrize("limit", [1, 2, 50, SLICE, SLICE + 1, 2_000, 3_000, 9_999, 0])
async def test_a_limit_cuts_between_rows(market: Market, texts: MarketTexts, limit: int) -> None:
    deep(market, 3_000)
    most = limit or 3_000
    bids, asks = await texts.sides(0, BookForm(LEVEL), limit, limit)
    assert b"".join(bids) == b",".join(row(100_000 - number, 1_000 + number) for number in range(min(most, 3_000)))
    assert b"".join(asks) == b",".join(row(100_001 + number, 2_000 + number) for number in range(min(most, 3_000)))


async def test_an_empty_book_has_no_rows(texts: MarketTexts) -> None:
    assert await texts.sides(0, BookForm(LEVEL)) == ((), ())


async def test_all_who_ask_get_the_same_bytes_while_the_book_stands(market: Market, texts: MarketTexts) -> None:
    deep(market, 2_000)
    first, second = await asyncio.gather(texts.sides(0, BookForm(LEVEL)), texts.sides(0, BookForm(LEVEL)))
    third = await texts.sides(0, BookForm(LEVEL))
    for other in (second, third):
        assert all(one is another for side, same in zip(first, other, strict=True) for one, another in zip(side, same, strict=True))


async def test_a_long_text_is_of_the_moment_it_was_asked_for_and_a_later_one_of_its_own(market: Market, texts: MarketTexts) -> None:
    deep(market, 3_000)
    early = asyncio.create_task(texts.sides(0, BookForm(LEVEL)))
    await ticks(2)
    assert not early.done()
    market.set(Side.BUY, 99_999, 7_777)
    later = asyncio.create_task(texts.sides(0, BookForm(LEVEL)))
    await ticks(1)
    market.set(Side.BUY, 99_998, 8_888)
    last = asyncio.create_task(texts.sides(0, BookForm(LEVEL)))
    found = [b"".join((await task)[0]) for task in (early, later, last)]
    assert [text.split(b"],[")[1:3] for text in found] == [
        [b"999.99,1.001", b"999.98,1.002"],
        [b"999.99,7.777", b"999.98,8.888"],  # it had not been begun: whoever asks last is shown to all who wait
        [b"999.99,7.777", b"999.98,8.888"],
    ]
    assert all(text.count(b"[") == 3_000 for text in found)


async def test_a_short_text_does_not_wait_for_a_long_one(market: Market, texts: MarketTexts) -> None:
    deep(market, 20_000)
    long = asyncio.create_task(texts.sides(0, BookForm(LEVEL)))
    await ticks(2)
    bids, _asks = await asyncio.wait_for(texts.sides(0, BookForm(LEVEL, multiply=1), 2, 2), 5)
    assert b"".join(bids).count(b"[") == 2
    assert not long.done()
    long.cancel()


async def test_who_goes_away_leaves_the_others_their_text(market: Market, texts: MarketTexts) -> None:
    deep(market, 3_000)
    leaving, staying = (asyncio.create_task(texts.sides(0, BookForm(LEVEL))) for _ in range(2))
    await ticks(2)
    leaving.cancel()
    assert b"".join((await staying)[0]).count(b"[") == 3_000


async def test_levels_are_merged_like_the_books_own(market: Market, texts: MarketTexts) -> None:
    deep(market, 2_000)
    bids, asks = await texts.sides(0, BookForm(LEVEL, step=500), 3, 3)
    merged = market.levels.depth(3, 500)
    assert (b"".join(bids), b"".join(asks)) == tuple(b",".join(row(*level) for level in side) for side in merged)
    finer = await texts.sides(0, BookForm(RowForm([b"", b""], [Column.decimal(0, 3)]), step=15, multiply=10), 2, 2)
    assert [b"".join(side) for side in finer] == [b"999.99,999.975", b"1000.02,1000.035"]


async def test_levels_near_the_best_price_only_and_bids_from_the_worst(market: Market, texts: MarketTexts) -> None:
    for price in (100, 95, 90, 89):
        market.set(Side.BUY, price, 1_000)
    for price in (101, 110, 111, 112):
        market.set(Side.SELL, price, 1_000)
    plain = RowForm([b"", b"@", b""], [Column.integer(0), Column.integer(2, zero=7)])
    bids, asks = await texts.sides(0, BookForm(plain, near=10, bids_worst_first=True))
    assert (b"".join(bids), b"".join(asks)) == (b"90@1090,95@1095,100@1100", b"101@1101,110@1110,111@1111")


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"limit": 2}, [5, 4]),
        ({"limit": 9}, [5, 4, 3, 2, 1]),
        ({"since_id": 3}, [5, 4]),
        ({"since_id": 3, "oldest_first": True}, [4, 5]),
        ({"limit": 2, "oldest_first": True}, [1, 2]),
        ({"limit": 2, "since_id": 2, "oldest_first": True}, [3, 4]),
        ({"since_id": 5}, []),
    ],
)
async def test_trades(market: Market, texts: MarketTexts, arguments: dict[str, int], rows: list[int]) -> None:
    market.log.extend([(number, number * 10, number % 2, 100, 5, False, 0) for number in range(1, 6)])
    found = b"".join(await texts.trades(0, TRADE, **arguments))  # type: ignore[arg-type]
    assert found == b",".join(b"%d:%b" % (number, (b"bid", b"ask")[number % 2]) for number in rows)


@pytest.mark.parametrize(("since", "first"), [(0, 1), (10, 1), (11, 2), (50, 5), (51, 0)])
def test_where_a_time_begins(since: int, first: int) -> None:
    log = TradeLog(10)
    log.extend([(number, number * 10, 0, 100, 5, False, 0) for number in range(1, 6)])
    assert log.first_id(since) == first


async def test_trades_that_come_while_a_text_is_written_are_not_in_it(market: Market, texts: MarketTexts) -> None:
    market.log.extend([(number, number, 0, 1, 1, False, 0) for number in range(1, 3_001)])
    reading = asyncio.create_task(texts.trades(0, TRADE))
    await ticks(1)
    market.log.extend([(3_001, 3_001, 0, 1, 1, False, 0)])
    market.seq += 1
    assert b"".join(await reading).startswith(b"3000:bid,2999:bid")
    assert b"".join(await texts.trades(0, TRADE, 1)) == b"3001:bid"


async def test_a_trade_log_keeps_the_newest(market: Market, texts: MarketTexts) -> None:
    market.log.extend([(number, number, 0, 1, 1, False, 0) for number in range(1, 7_001)])
    assert len(market.log) == 5_000
    found = b"".join(await texts.trades(0, TRADE))
    assert found.split(b",")[0::4_999] == [b"7000:bid", b"2001:bid"]


@pytest.mark.parametrize(
    ("column", "value", "written"),
    [
        (Column.decimal(4, 8), 12_345_678, b"0.12345678"),
        (Column.decimal(4, 8), 120_000_000, b"1.2"),
        (Column.decimal(4, 8), 0, b"0"),
        (Column.decimal(4, 8, 2), 129_999_999, b"1.29"),
        (Column.decimal(4, 0), 5, b"5"),
        (Column.decimal(4, 2, 8), 1, b"0.01000000"),
        (Column.decimal(4, 36, 36), 1, b"0." + b"0" * 35 + b"1"),
        (Column.integer(4, multiply=1_000), 7, b"7000"),
        (Column.integer(4, divide=1_000), 7_999, b"7"),
        (Column.integer(4, zero=42), 0, b"42"),
        (Column.integer(4, plus=1_000_000), 0, b"1000000"),
        (Column.integer(4, multiply=3, divide=2, plus=10), 5, b"17"),
        (Column.utc(4), 1_527_856_496_789_123, b"2018-06-01T12:34:56.789Z"),
        (Column.utc(4, 0), 0, b"1970-01-01T00:00:00Z"),
        (Column.utc(4, 6), 951_782_400_000_001, b"2000-02-29T00:00:00.000001Z"),
        (Column.choice(4, [b"a", b"b"]), 1, b"b"),
        (Column.choice(4, [b"a", b"b"]), 9, b"b"),
    ],
)
def test_forms_of_a_number(column: Column, value: int, written: bytes) -> None:
    log = TradeLog(1)
    log.extend([(1, 0, 0, 0, value, False, 0)])
    text = log.text(RowForm([b"<", b">"], [column]))
    assert text.write(0, 1_000)
    assert b"".join(text.parts()) == b"<" + written + b">"


@pytest.mark.parametrize(
    "make",
    [
        lambda: RowForm([b""], [Column.integer(0)]),
        lambda: Column.decimal(0, 37),
        lambda: Column.decimal(0, 2, 37),
        lambda: Column.integer(0, divide=0),
        lambda: Column.choice(0, []),
        lambda: Column.utc(0, 7),
        lambda: LevelBook().text(0, RowForm([b"", b""], [Column.integer(3)])),
        lambda: TradeLog(1).text(RowForm([b"", b""], [Column.integer(7)])),
    ],
)
def test_forms_that_could_not_be_written(make: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        make()  # type: ignore[operator]


class Past(NamedTuple):
    id: int
    time: int = 0
    taker_side: int = 0
    price: int = 0
    amount: int = 0
    taker_market: bool = False
    appearance: int = 0


@pytest.mark.parametrize("count", [0, 1, 256, 257, 1_000])
@pytest.mark.parametrize("newest_first", [True, False])
async def test_trades_of_history_keep_their_order(count: int, newest_first: bool) -> None:
    ids = list(range(1, count + 1))[:: -1 if newest_first else 1]
    rows = await past_trades(TRADE, [Past(number) for number in ids])
    assert b"".join(rows) == b",".join(b"%d:bid" % number for number in ids)
