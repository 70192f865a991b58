"""`order.*` and `asset.*` on the socket: events, and the histories behind them."""

import asyncio
from decimal import Decimal
from typing import Any

from cambist.domain.transfers import TransferKind
from tests.dialects.expie.floor import BUY, NOON, SECOND, SELL, Client, Floor, Trader
from tests.support import sweeps
from tests.support.floor import one_process


async def events(client: Client, count: int) -> list[tuple[int, int, str, str, str]]:
    """(event, id, left, deal_stock, deal_fee) of the next order pushes."""
    found = []
    for _push in range(count):
        method, (event, order) = await client.push()
        assert method == "order.update"
        found.append((event, order["id"], order["left"], order["deal_stock"], order["deal_fee"]))
    assert await client.quiet()
    return found


async def test_what_happens_to_orders(floor: Floor, alice: Trader, bob: Trader) -> None:
    maker, taker = await floor.socket(alice), await floor.socket(bob)
    for client in (maker, taker):
        await client.follow("order.subscribe", "BCCBTC")
        assert await client.quiet()  # nothing at first
    order = await floor.limit(alice, "BCCBTC", SELL, "2", "0.1")
    method, params = await maker.push()
    assert (method, params) == ("order.update", [1, order])
    # A taker that is filled at once has one event, its end; the maker is updated.
    await floor.limit(bob, "BCCBTC", BUY, "0.5", "0.1")
    assert await events(taker, 1) == [(3, 2, "0", "0.5", "0.0003")]
    assert await events(maker, 1) == [(2, 1, "1.5", "0.5", "0.00003")]
    # A taker that rests afterwards has one event as well, which shows what it traded; the maker ends.
    await floor.limit(bob, "BCCBTC", BUY, "2", "0.1")
    assert await events(taker, 1) == [(1, 3, "0.5", "1.5", "0.0009")]
    assert await events(maker, 1) == [(3, 1, "0", "2", "0.00012")]
    # A cancel leaves something.
    await floor.post("markets/BCCBTC/orders/3/_cancel", bob)
    assert await events(taker, 1) == [(3, 3, "0.5", "1.5", "0.0009")]
    # Other markets are other lists.
    await floor.limit(bob, "BTGBTC", BUY, "2", "0.1")
    assert await taker.quiet()
    await taker.follow("order.subscribe", "BTGBTC", "BCDBTC")
    await floor.limit(bob, "BTGBTC", BUY, "2", "0.1")
    await floor.limit(bob, "BCCBTC", BUY, "2", "0.1")
    assert await events(taker, 1) == [(1, 5, "2", "0", "0")]
    await taker.follow("order.unsubscribe")
    await floor.limit(bob, "BTGBTC", BUY, "2", "0.1")
    assert await taker.quiet()


async def test_an_order_from_before_the_subscription(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(alice, "BCCBTC", SELL, "2", "0.1")
    await floor.limit(bob, "BCCBTC", BUY, "0.5", "0.1")
    floor.clock.now += SECOND
    client = await floor.socket(alice)
    await client.follow("order.subscribe", "BCCBTC")
    await floor.limit(bob, "BCCBTC", BUY, "0.25", "0.1")
    assert await events(client, 1) == [(2, 1, "1.25", "0.75", "0.000045")]


@one_process
async def test_one_frame_of_many_commands(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket(alice)
    await client.follow("order.subscribe", "BCCBTC")
    place = floor.immediate.place
    floor.journal.held = True
    place(alice.account, 0, 1, 0, 0, 100_000, 10_000)
    place(bob.account, 0, 0, 0, 0, 100_000, 4_000)
    place(bob.account, 0, 0, 0, 0, 100_000, 6_000)
    place(alice.account, 0, 1, 0, 0, 100_000, 10_000)
    assert await client.quiet()  # not durable, not told
    floor.journal.let_go()
    assert [event[:3] for event in await events(client, 4)] == [(1, 1, "1"), (2, 1, "0.6"), (3, 1, "0"), (1, 4, "1")]


async def test_trading_with_oneself_is_told_for_both_orders(floor: Floor, alice: Trader) -> None:
    client = await floor.socket(alice)
    await client.follow("order.subscribe", "BCCBTC")
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    await client.push()
    await floor.limit(alice, "BCCBTC", BUY, "1", "0.1")
    assert sorted(event[:2] for event in await events(client, 2)) == [(3, 1), (3, 2)]


async def test_balances(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket(alice)
    answer = await client.call("asset.query")
    assert list(answer) == ["BTC", "BCC", "BTG", "BCD", "USD"]
    assert await client.call("asset.query", "bcc", "BTC", "BCC") == {
        "BCC": {"available": "1000", "freeze": "0"},
        "BTC": {"available": "100", "freeze": "0"},
    }
    await client.follow("asset.subscribe", "BTC")
    assert await client.quiet()
    await floor.limit(alice, "BCCBTC", BUY, "10", "0.1")
    assert await client.push() == ("asset.update", [{"BTC": {"available": "99", "freeze": "1"}}])
    await floor.limit(bob, "BCCBTC", SELL, "4", "0.1")
    assert await client.push() == ("asset.update", [{"BTC": {"available": "99", "freeze": "0.6"}}])
    await floor.limit(alice, "BTGBTC", SELL, "4", "0.1")
    assert await client.quiet()  # only what was asked for
    await client.follow("asset.unsubscribe")
    await floor.post("markets/BCCBTC/orders/1/_cancel", alice)
    assert await client.quiet()


@one_process
async def test_a_reply_on_the_socket_waits_for_the_journal(floor: Floor, alice: Trader) -> None:
    client = await floor.socket(alice)
    floor.journal.held = True
    floor.immediate.place(alice.account, 0, 1, 0, 0, 100_000, 10_000)
    assert await client.call("server.ping") == "pong"  # shows nothing, waits for nothing
    await client.connection.send('{"method":"order.query","params":["BCCBTC",0,10],"id":1}')
    await client.connection.send('{"method":"server.ping","params":[],"id":2}')
    first_answer = asyncio.create_task(client.receive())
    await floor.http("GET", "/v1/markets/BCCBTC/ticker")  # by now the server has read both
    assert not first_answer.done()
    floor.journal.let_go()
    first, second = await first_answer, await client.receive()
    assert (first["id"], first["result"]["total"], second["id"]) == (1, 1, 2)


# --- histories ------------------------------------------------------------------------------------------------------------


async def test_pending_and_finished_orders(floor: Floor, alice: Trader, bob: Trader) -> None:
    for number in range(4):
        floor.clock.now = NOON + number * SECOND
        await floor.limit(alice, "BCCBTC", SELL if number % 2 else BUY, "1", "0.2" if number % 2 else "0.1")
    client = await floor.socket(alice)
    pending = await client.call("order.query", "BCCBTC", 1, 2)
    assert list(pending) == ["limit", "offset", "total", "records"]
    assert (pending["limit"], pending["offset"], pending["total"], [row["id"] for row in pending["records"]]) == (2, 1, 4, [3, 2])
    await floor.limit(bob, "BCCBTC", BUY, "2", "0.2")
    await floor.limit(bob, "BCCBTC", SELL, "1.5", "0.1")
    finished = await client.call("order.history", "BCCBTC", 0, 0, 0, 101, 0)
    assert list(finished) == ["limit", "offset", "records"]
    assert [row["id"] for row in finished["records"]] == [4, 2, 1]
    partly = await client.call("order.query", "BCCBTC", 0, 10)
    assert [(row["id"], row["left"], row["deal_money"]) for row in partly["records"]] == [(3, "0.5", "0.05")]

    async def ids(*params: Any) -> list[int]:
        return [row["id"] for row in (await client.call("order.history", "BCCBTC", *params))["records"]]

    second = NOON // SECOND
    assert await ids(0, 0, 0, 101, 1) == [4, 2]
    assert await ids(0, 0, 0, 101, 2) == [1]
    assert await ids(0, 0, 1, 1, 0) == [2]
    assert await ids(second + 1, second + 3, 0, 10, 0) == [2]  # from the first second on, the second not included
    assert await ids(second + 3, 0, 0, 10, 0) == [4]
    assert await ids(0, second + 1, 0, 10, 0) == [1]


async def test_a_trade_is_a_deal_and_a_fee(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(alice, "BTGBTC", SELL, "10", "0.1")
    await floor.limit(bob, "BTGBTC", BUY, "4", "0.1")
    client = await floor.socket(bob)
    history = await client.call("asset.history", "", "trade", 0, 0, 0, 10)
    assert list(history) == ["limit", "offset", "records"]
    rows = [(row["asset"], row["business"], row["change"], row["balance"]) for row in history["records"]]
    assert rows == [("BTG", "trade", "-0.004", "1003.996"), ("BTG", "trade", "4", "1004"), ("BTC", "trade", "-0.4", "99.6")]
    detail = {"m": "BTGBTC", "i": 2, "p": "0.1", "a": "4"}
    assert [row["detail"] for row in history["records"]] == [detail | {"f": "0.001"}, detail, detail]
    maker = await (await floor.socket(alice)).call("asset.history", "BTC", "trade", 0, 0, 0, 10)
    assert [(row["change"], row["balance"]) for row in maker["records"]] == [("-0.0004", "100.3996"), ("0.4", "100.4")]


async def test_every_record_follows_from_the_one_before(floor: Floor, alice: Trader, bob: Trader) -> None:
    for number in range(1, 30):
        await floor.limit(alice, "BTGBTC", SELL, f"0.{number}777", f"0.01{number}")
        await floor.limit(bob, "BTGBTC", BUY, f"0.{number}333", f"0.01{number + 3}")
    for trader in (alice, bob):
        client = await floor.socket(trader)
        for asset, number in (("BTC", 0), ("BTG", 2)):
            records: list[Any] = []
            while True:
                page = (await client.call("asset.history", asset, "", 0, 0, len(records), 7))["records"]
                records += page
                if len(page) < 7:
                    break
            assert len(records) > 20
            balance = Decimal(0)
            for record in reversed(records):
                balance += Decimal(record["change"])
                assert Decimal(record["balance"]) == balance
            available, held = floor.engine.balance(trader.account, number)
            assert balance == Decimal(available + held).scaleb(-16)


async def test_what_a_record_is_for(floor: Floor, alice: Trader) -> None:
    for number, (kind, pending) in enumerate(
        [
            (TransferKind.WITHDRAWAL, True),
            (TransferKind.COUPON_CREATE, False),
            (TransferKind.MERCHANT, False),
            (TransferKind.ADJUSTMENT, False),
        ]
    ):
        assert floor.immediate.transfer(77 + number, alice.account, 2, 0, kind, 10**16, pending=pending).code == 0
    client = await floor.socket(alice)

    async def rows(*params: Any) -> list[tuple[str, str, str]]:
        answer = await client.call("asset.history", *params)
        return [(row["business"], row["change"], row["balance"]) for row in answer["records"]]

    moved = [("adjustment", "-1", "97"), ("merchant", "-1", "98"), ("coupon", "-1", "99"), ("deposit", "100", "100")]
    assert await rows("BTC", "", 0, 0, 0, 10) == moved
    summary = (await floor.get("balance/summary", alice))[0]
    assert (summary["pending_withdraw_amount"], summary["ex_freeze"], summary["balance"]) == ("1", "0", "97")
    # Once it has left it is a record.
    assert floor.immediate.post(77).code == 0
    assert await rows("BTC", "", 0, 0, 0, 10) == [("withdraw", "-1", "96"), *moved]
    assert await rows("BTC", "withdraw", 0, 0, 0, 10) == [("withdraw", "-1", "96")]
    assert await rows("BTC", "deposit", 0, 0, 0, 10) == [("deposit", "100", "100")]
    assert await rows("BTC", "nothing", 0, 0, 0, 10) == []
    assert await rows("BTC", "", 0, 0, 2, 2) == moved[1:3]
    assert await rows("", "deposit", NOON // SECOND, NOON // SECOND + 1, 0, 2) == [
        ("deposit", "1000000", "1000000"),
        ("deposit", "1000", "1000"),
    ]
    assert await rows("", "deposit", NOON // SECOND + 1, 0, 0, 2) == []


async def test_a_client_that_reads_gets_everything_that_one_command_did(floor: Floor, alice: Trader, bob: Trader) -> None:
    """A sweep of thousands of orders is thousands of messages at once, more than a slow client may leave unread."""
    count = 9_000
    for number in range(count):
        floor.immediate.place(alice.account, 0, 1, 0, 0, 100_000 + number % 100, 10)
    await floor.caught_up()
    client, deals = await floor.socket(alice), await floor.socket()
    await client.follow("order.subscribe", "BCCBTC")
    await deals.follow("deals.subscribe", "BCCBTC")
    await floor.limit(bob, "BCCBTC", BUY, "9", "0.2")
    received = await events(client, count)
    assert {event for event, *_rest in received} == {3}
    assert sorted(number for _event, number, *_rest in received) == list(range(1, count + 1))
    _method, (_name, rows) = await deals.push()
    assert len(rows) == count
    for _order in range(count):
        floor.immediate.place(alice.account, 0, 1, 0, 0, 200_000, 10)
    await events(client, count)
    assert floor.immediate.cancel_all(alice.account).count == count
    assert {event for event, *_rest in await events(client, count)} == {3}
    assert await client.quiet()
    assert "slow_socket" not in floor.gateway.metrics.refused


async def test_thousands_of_events_of_one_command_reach_a_client_that_reads(floor: Floor, alice: Trader, bob: Trader) -> None:
    maker, taker = await floor.socket(alice), await floor.socket(bob)
    await taker.follow("order.subscribe", "BCCBTC")
    sweeps.rest(floor, alice.account, 0, 100_000, 10)
    await floor.caught_up()
    await maker.follow("order.subscribe", "BCCBTC")
    sweeps.sweep(floor, bob.account, 0, 100_000, 10)
    for number in range(sweeps.ORDERS):
        _method, (event, order) = await maker.push()
        assert (event, order["id"], order["left"]) == (3, number + 1, "0")
    _method, (event, order) = await taker.push()
    assert (event, order["deal_stock"]) == (3, "9")
    sweeps.rest(floor, alice.account, 0, 100_000, 10)
    sweeps.cancel_all(floor, alice.account)
    events = [(await maker.push())[1][0] for _number in range(2 * sweeps.ORDERS)]
    assert [events.count(event) for event in (1, 2, 3)] == [sweeps.ORDERS, 0, sweeps.ORDERS]
    assert await maker.quiet()
