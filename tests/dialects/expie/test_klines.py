"""`kline.query` and `kline.subscribe`: slots, flat rows, and what they cost the loop."""

from __future__ import annotations

from typing import Any

import pytest

from cambist.dialects.expie.klines import MONTH, WEEK, good_interval, next_slot, slot_start
from cambist.domain.orders import Side
from cambist.marketdata.candles import DAY
from tests.dialects.expie.floor import BUY, NOON, SECOND, SELL, Floor, Trader

MINUTE = 60 * SECOND
START = NOON // SECOND // 60 * 60
JANUARY, FEBRUARY, MARCH = 1_514_764_800, 1_517_443_200, 1_519_862_400  # of 2018, UTC


async def trade(floor: Floor, alice: Trader, bob: Trader, price: str, amount: str = "1") -> None:
    """Bob buys of alice."""
    await floor.limit(alice, "BCCBTC", SELL, amount, price)
    await floor.limit(bob, "BCCBTC", BUY, amount, price)
    await floor.caught_up()


def flat(time: int, price: str) -> list[Any]:
    return [time, price, price, price, price, "0", "0", "BCCBTC"]


async def test_kline(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket()
    assert await client.call("kline.query", "BCCBTC", START, START + 600, 60) == []
    await client.follow("kline.subscribe", "BCCBTC", 60)
    assert await client.quiet()
    await trade(floor, alice, bob, "0.1", "2")
    # time, open, close, high, low
    assert await client.push() == ("kline.update", [[START, "0.1", "0.1", "0.1", "0.1", "2", "0.2", "BCCBTC"]])
    floor.pass_time(2 * SECOND)
    await trade(floor, alice, bob, "0.3")
    await client.push()
    await trade(floor, alice, bob, "0.2")
    first = [START, "0.1", "0.2", "0.3", "0.1", "4", "0.7", "BCCBTC"]
    assert await client.push() == ("kline.update", [first])
    floor.pass_time(MINUTE)
    await trade(floor, alice, bob, "0.5")
    second = [START + 60, "0.5", "0.5", "0.5", "0.5", "1", "0.5", "BCCBTC"]
    assert await client.push() == ("kline.update", [first, second])
    assert await client.call("kline.query", "BCCBTC", START, START + 600, 60) == [first, second]
    assert await client.call("kline.query", "BCCBTC", START, START, 60) == [first]
    day = START - START % 86_400
    assert await client.call("kline.query", "BCCBTC", day, START, 86_400) == [[day, "0.1", "0.5", "0.5", "0.1", "5", "1.2", "BCCBTC"]]
    parts = await client.call("kline.query", "BCCBTC", START - 60, START + 600, 2)
    now = NOON // SECOND
    assert [row[0] for row in parts] == list(range(now, now + 63, 2))
    assert [row[:5] for row in parts if row[5] != "0"] == [
        [now, "0.1", "0.1", "0.1", "0.1"],
        [now + 2, "0.3", "0.2", "0.3", "0.2"],
        [now + 62, "0.5", "0.5", "0.5", "0.5"],
    ]
    # One for each client: the next takes its place, and begins with the newest candle.
    await client.follow("kline.subscribe", "BCCBTC", 30)
    assert (await client.push())[1][0][0] == START + 90
    await trade(floor, alice, bob, "0.6")
    assert await client.push() == ("kline.update", [[START + 90, "0.5", "0.6", "0.6", "0.5", "2", "1.1", "BCCBTC"]])
    assert await client.quiet()


async def test_a_slot_without_a_trade_repeats_the_last_close(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket()
    floor.pass_time(10 * MINUTE)
    await trade(floor, alice, bob, "0.1", "2")
    await trade(floor, alice, bob, "0.3")
    floor.pass_time(3 * MINUTE)
    await trade(floor, alice, bob, "0.2")
    floor.pass_time(2 * MINUTE)
    first, minute = START + 600, 60
    traded = [first, "0.1", "0.3", "0.3", "0.1", "3", "0.5", "BCCBTC"]
    later = [first + 180, "0.2", "0.2", "0.2", "0.2", "1", "0.2", "BCCBTC"]
    rows = [traded, flat(first + 60, "0.3"), flat(first + 120, "0.3"), later, flat(first + 240, "0.2"), flat(first + 300, "0.2")]
    # Nothing before the first trade, nothing in the future.
    assert await client.call("kline.query", "BCCBTC", START - 6_000, first + 6_000, minute) == rows
    # The slot of `start` is the first, wherever in it `start` lies.
    assert await client.call("kline.query", "BCCBTC", first + 119, first + 120, minute) == rows[1:3]
    # In parts of a minute too.
    (seconds,) = [await client.call("kline.query", "BCCBTC", NOON // SECOND + 600, NOON // SECOND + 606, 3)]
    assert [row[:2] + row[5:6] for row in seconds] == [
        [NOON // SECOND + 599, "0.1", "3"],
        [NOON // SECOND + 602, "0.3", "0"],
        [NOON // SECOND + 605, "0.3", "0"],
    ]


async def test_the_price_before_the_first_slot_may_be_older_than_memory(floor: Floor, alice: Trader, bob: Trader) -> None:
    await trade(floor, alice, bob, "0.5")
    floor.pass_time(10 * MINUTE)
    await floor.limit(alice, "BCCBTC", SELL, "900", "0.001")
    for _deal in range(5_100):
        floor.immediate.place(bob.account, 0, Side.BUY, 0, 0, 1_000, 10)
    await floor.caught_up()
    rows = await (await floor.socket()).call("kline.query", "BCCBTC", START + 300, START + 360, 60)
    assert rows == [flat(START + 300, "0.5"), flat(START + 360, "0.5")]


async def test_months_are_calendar_months(floor: Floor, alice: Trader, bob: Trader) -> None:
    await trade(floor, alice, bob, "0.1")  # in January
    floor.clock.now = (FEBRUARY - 1) * SECOND
    await trade(floor, alice, bob, "0.2")
    floor.clock.now = FEBRUARY * SECOND
    await trade(floor, alice, bob, "0.3")
    floor.clock.now = (MARCH + 5) * SECOND
    client = await floor.socket()
    assert await client.call("kline.query", "BCCBTC", JANUARY + 86_400, MARCH + 5, 2_592_000) == [
        [JANUARY, "0.1", "0.2", "0.2", "0.1", "2", "0.3", "BCCBTC"],
        [FEBRUARY, "0.3", "0.3", "0.3", "0.3", "1", "0.3", "BCCBTC"],
        flat(MARCH, "0.3"),
    ]
    await client.follow("kline.subscribe", "BCCBTC", 2_592_000)
    assert await client.push() == ("kline.update", [[FEBRUARY, "0.3", "0.3", "0.3", "0.3", "1", "0.3", "BCCBTC"]])
    await trade(floor, alice, bob, "0.4")
    (february, march) = (await client.push())[1]
    assert (february[0], march) == (FEBRUARY, [MARCH, "0.4", "0.4", "0.4", "0.4", "1", "0.4", "BCCBTC"])


@pytest.mark.parametrize(
    ("interval", "good"),
    [
        *((second, 60 % second == 0) for second in (1, 2, 7, 15, 30, 59)),
        *((minutes * 60, 60 % minutes == 0) for minutes in (1, 3, 7, 15, 30, 45)),
        *((hours * 3_600, 24 % hours == 0) for hours in (1, 2, 5, 6, 12, 23)),
        *((days * DAY, days <= 7 or days == 30) for days in (1, 2, 3, 6, 7, 8, 14, 28, 30, 31, 60)),
        *((odd, False) for odd in (0, -60, 61, 90, 3_601, DAY + 3_600, WEEK + 1, MONTH + 1)),
    ],
)
def test_intervals(interval: int, good: bool) -> None:
    assert good_interval(interval) is good


@pytest.mark.parametrize(("interval", "start"), [(MONTH, FEBRUARY), (WEEK, 1_517_788_800), (DAY, 1_517_961_600), (3_600, 1_517_997_600)])
def test_slots_follow_one_another(interval: int, start: int) -> None:
    assert slot_start(1_518_000_000, interval) == start  # 2018-02-07 10:40, a Wednesday
    following = next_slot(start, interval)
    assert slot_start(following - 1, interval) == start
    assert slot_start(following, interval) == following


async def test_an_answer_has_the_newest_thousand_rows(floor: Floor, alice: Trader, bob: Trader) -> None:
    await trade(floor, alice, bob, "0.1")
    floor.pass_time(2_000 * MINUTE)
    rows = await (await floor.socket()).call("kline.query", "BCCBTC", 0, START + 120_000, 60)
    assert (len(rows), rows[0], rows[-1]) == (1_000, flat(START + 60_060, "0.1"), flat(START + 120_000, "0.1"))
