"""`TradeHistory` and `TransHistory`: rows, texts, filters, pages."""

from typing import Any

import pytest

from tests.dialects.btce_wex.floor import DAY, NOON, SECOND, Floor, Trader

NOW = NOON // SECOND


async def trade(floor: Floor, trader: Trader, side: str, rate: str, amount: str, pair: str = "btc_usd") -> int:
    return int((await floor.returned(trader, "Trade", pair=pair, type=side, rate=rate, amount=amount))["order_id"])


async def ids(floor: Floor, trader: Trader, method: str = "TradeHistory", **filters: str | int) -> list[int]:
    """The ids that a history lists, in its order; an empty list for the error that stands for it."""
    answer = await floor.call(trader, method, **filters)
    if answer["success"] == 0:
        assert answer["error"] == ("no trades" if method == "TradeHistory" else "no transactions")
        return []
    return [int(key) for key in answer["return"]]


async def test_trades_from_both_sides(floor: Floor, alice: Trader, bob: Trader) -> None:
    resting = await trade(floor, alice, "sell", "450", "1.5")
    await trade(floor, bob, "buy", "460", "1")
    await floor.call(alice, "TradeHistory")
    assert floor.replies[-1] == (
        b'{"success":1,"return":{"1000001":{"pair":"btc_usd","type":"sell","amount":1,"rate":450,"order_id":1000001,"is_your_order":1,'
        b'"timestamp":1795000000}}}'
    )
    # The one who came and took sees whom he took from: the resting order, which is not his.
    assert await floor.returned(bob, "TradeHistory") == {
        "1000001": {"pair": "btc_usd", "type": "buy", "amount": 1, "rate": 450, "order_id": resting, "is_your_order": 0, "timestamp": NOW}
    }


async def test_a_trade_with_oneself_comes_once_and_the_order_is_yours(floor: Floor, alice: Trader) -> None:
    resting = await trade(floor, alice, "sell", "450", "1")
    await trade(floor, alice, "buy", "450", "1")
    assert await floor.returned(alice, "TradeHistory") == {
        "1000001": {"pair": "btc_usd", "type": "buy", "amount": 1, "rate": 450, "order_id": resting, "is_your_order": 1, "timestamp": NOW}
    }


async def test_nothing_is_an_error(floor: Floor) -> None:
    carol = floor.trader("carol")
    assert await floor.error(carol, "TradeHistory") == "no trades"
    assert await floor.error(carol, "TransHistory") == "no transactions"


@pytest.fixture
async def ten(floor: Floor, alice: Trader, bob: Trader) -> list[int]:
    """Ids of ten trades, a day between each and the next, the last one today; the fourth and the eighth are ltc_usd."""
    for number in range(10):
        pair = "ltc_usd" if number in (3, 7) else "btc_usd"
        await trade(floor, alice, "buy", "10", "1", pair)
        await trade(floor, bob, "sell", "10", "1", pair)
        floor.clock.now += DAY if number < 9 else 0
    return list(range(1, 11))


def back(days: int) -> int:
    """Unix time of so many days before the last of the ten trades."""
    return NOW + (9 - days) * 86_400


BELOW = 1_000_000
"""No number of a trade, an order or a transaction is as low as this."""
# Trades by their place among the ten, also in `from_id` and `end_id`.
PAGES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    ({"order": "DESC"}, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    ({"order": "ASC"}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ({"order": "asc", "count": 2}, [1, 2]),
    ({"count": 3}, [10, 9, 8]),
    ({"from_": 2, "count": 3}, [8, 7, 6]),
    ({"from_": 9}, [1]),
    ({"from_": 10}, []),
    ({"count": 0}, []),
    ({"count": 99999}, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    ({"from_id": 4}, [10, 9, 8, 7, 6, 5, 4]),
    ({"end_id": 4}, [4, 3, 2, 1]),
    ({"from_id": 4, "end_id": 6}, [6, 5, 4]),
    ({"from_id": 4, "end_id": 6, "order": "ASC"}, [4, 5, 6]),
    ({"from_id": 4, "end_id": 6, "from_": 1, "count": 1}, [5]),
    ({"from_id": 7, "end_id": 6}, []),
    ({"from_id": 11}, []),
    ({"end_id": 18446744073709551615}, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    ({"pair": "ltc_usd"}, [8, 4]),
    ({"pair": "ltc_btc"}, []),
    # either time turns the order round, whatever `order` says
    ({"since": back(2)}, [8, 9, 10]),
    ({"since": back(2), "order": "DESC"}, [8, 9, 10]),
    ({"end": back(7), "order": "DESC"}, [1, 2, 3]),
    ({"since": back(5), "end": back(4)}, [5, 6]),
    ({"since": back(5) + 1, "end": back(4) - 1}, []),
    ({"since": back(5), "end": back(5)}, [5]),
    # `since` reaches back a week at most
    ({"since": 0}, [3, 4, 5, 6, 7, 8, 9, 10]),
    ({"since": back(9)}, [3, 4, 5, 6, 7, 8, 9, 10]),
    ({"since": 18446744073709551615}, []),
    ({"end": 0}, []),
    (
        {"since": "", "end": "", "order": "", "from_": "", "count": "", "from_id": "", "end_id": "", "pair": ""},
        [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
    ),
]


async def test_trade_history_pages(floor: Floor, alice: Trader, ten: list[int]) -> None:
    for filters, expected in PAGES:
        sent = {name: BELOW + value if name in ("from_id", "end_id") and value else value for name, value in filters.items()}
        assert await ids(floor, alice, **sent) == [BELOW + number for number in expected], filters
    assert await ids(floor, alice, from_id=0) == [BELOW + number for number in ten][::-1]
    assert await ids(floor, alice, end_id=BELOW) == []


@pytest.mark.parametrize("method", ["TradeHistory", "TransHistory"])
@pytest.mark.parametrize("name", ["from", "count", "from_id", "end_id", "since", "end"])
@pytest.mark.parametrize("value", ["x", "-1", "1.5", "1e3", "\x05", "\ufffd", " 1", "٣", "9" * 21])
async def test_what_is_no_number(floor: Floor, alice: Trader, method: str, name: str, value: str) -> None:
    # One old client sends a count of 5 as the character with that code.
    assert await floor.error(alice, method, **{name: value}) == f"invalid parameter: {name}"


@pytest.mark.parametrize("method", ["TradeHistory", "TransHistory"])
async def test_other_wrong_filters(floor: Floor, alice: Trader, method: str) -> None:
    assert await floor.error(alice, method, order="UP") == "invalid parameter: order"
    assert await floor.error(alice, "TradeHistory", pair="usd_btc") == "invalid parameter: pair"


async def rows(floor: Floor, trader: Trader) -> list[tuple[int, float, str, str, int]]:
    """(type, amount, currency, desc, status) of all transactions but the deposits, oldest first."""
    listed = await floor.returned(trader, "TransHistory", order="ASC")
    return [tuple(row.values())[:5] for row in listed.values() if row["type"] != 1]


async def test_a_deposit(floor: Floor) -> None:
    carol = floor.trader("carol", BTC="1")
    await floor.call(carol, "TransHistory")
    entry = BELOW + floor.engine.next_entry_id - 1
    assert floor.replies[-1] == (
        b'{"success":1,"return":{"%d":{"type":1,"amount":1.00000000,"currency":"BTC","desc":"BTC Payment","status":2,'
        b'"timestamp":1795000000}}}' % entry
    )


async def test_texts_of_a_makers_life(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = await trade(floor, alice, "buy", "1180", "0.5")
    await trade(floor, bob, "sell", "1180", "0.1")
    await floor.returned(alice, "CancelOrder", order_id=order)
    assert await rows(floor, alice) == [
        (5, 590, "USD", "In payment for a warrant :order:1000001:", 2),
        (4, 0.0998, "BTC", "Buy 0.1 BTC (-0.2%) from your order :order:1000001: by price 1180 USD", 2),
        (4, 472, "USD", "Cancel order :order:1000001:", 2),
    ]


async def test_texts_of_takers(floor: Floor, alice: Trader, bob: Trader) -> None:
    await trade(floor, bob, "sell", "1180", "0.001")
    await trade(floor, alice, "buy", "1180", "0.001")
    await trade(floor, bob, "buy", "976.001", "0.01700107")
    await trade(floor, alice, "sell", "976.001", "0.01700107")
    assert await rows(floor, alice) == [
        (5, 1.18, "USD", "Buy 0.001 BTC (-0.2%) from order :order:1000001: by price 1180 USD", 2),
        # 16.59306132107 less 0.2 %: what is shown is cut, where the original rounded its books.
        (4, 16.55987519, "USD", "Sell 0.01700107 BTC from order :order:1000003: by price 976.001 USD total 16.59306132 USD (-0.2%)", 2),
    ]
    assert (await rows(floor, bob))[1] == (
        4, 1.17764, "USD", "Sell 0.001 BTC from your order :order:1000001: by price 1180 USD total 1.18 USD (-0.2%)", 2,
    )  # fmt: skip


async def test_a_takers_rest_is_booked_as_an_order(floor: Floor, alice: Trader, bob: Trader) -> None:
    await trade(floor, bob, "sell", "100", "1")
    await trade(floor, alice, "buy", "110", "3")
    assert await rows(floor, alice) == [
        (5, 100, "USD", "Buy 1 BTC (-0.2%) from order :order:1000001: by price 100 USD", 2),
        (5, 220, "USD", "In payment for a warrant :order:1000002:", 2),
    ]


async def test_other_fees_stand_in_the_text(floor: Floor, alice: Trader, bob: Trader) -> None:
    floor.immediate.set_account_fees(alice.account, 0, 1250)
    await trade(floor, bob, "sell", "100", "1")
    await trade(floor, alice, "buy", "100", "1")
    assert (await rows(floor, alice))[0][3] == "Buy 1 BTC (-0.125%) from order :order:1000001: by price 100 USD"


async def test_transaction_history_pages(floor: Floor, alice: Trader, bob: Trader) -> None:
    """Rows, not ledger entries, are what is counted and skipped: a taker's trade is one row of two entries."""
    for _ in range(4):
        await trade(floor, bob, "sell", "100", "1")
        await trade(floor, alice, "buy", "100", "1")
    everything = await ids(floor, alice, "TransHistory")
    # three deposits and four purchases
    assert len(everything) == 7
    assert everything == sorted(everything, reverse=True)
    assert await ids(floor, alice, "TransHistory", order="ASC") == everything[::-1]
    assert await ids(floor, alice, "TransHistory", count=2) == everything[:2]
    assert await ids(floor, alice, "TransHistory", from_=1, count=3) == everything[1:4]
    assert await ids(floor, alice, "TransHistory", from_=7) == []
    assert await ids(floor, alice, "TransHistory", count=0) == []
    assert await ids(floor, alice, "TransHistory", from_id=everything[4], end_id=everything[2]) == everything[2:5]
    assert await ids(floor, alice, "TransHistory", since=NOW, order="DESC") == everything[::-1]
    assert await ids(floor, alice, "TransHistory", since=0) == everything[::-1]
    assert await ids(floor, alice, "TransHistory", end=NOW - 1) == []


async def test_transactions_are_found_beyond_many_entries_that_are_none(floor: Floor, alice: Trader, bob: Trader) -> None:
    await trade(floor, bob, "sell", "1", "50")
    for _ in range(40):
        await trade(floor, alice, "buy", "1", "0.01")
    from cambist.dialects.btce_wex import histories

    kept = histories.CHUNK
    histories.CHUNK = 7
    try:
        everything = await ids(floor, alice, "TransHistory")
        assert len(everything) == 43
        assert await ids(floor, alice, "TransHistory", from_=20, count=15) == everything[20:35]
        assert await ids(floor, alice, "TransHistory", from_=20, count=15, order="ASC") == everything[::-1][20:35]
    finally:
        histories.CHUNK = kept


async def test_a_history_never_lags_behind_replies(floor: Floor, alice: Trader, bob: Trader) -> None:
    for number in range(1, 30):
        await trade(floor, alice, "buy", "10", "1")
        await trade(floor, bob, "sell", "10", "1")
        assert (await ids(floor, bob))[0] == BELOW + number
