"""The sockets, by a real client over a real server: logins, acknowledgements, streams that fold to the book, private pushes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from cambist.dialects.btse import Flavour, NonceRule, Settings
from cambist.gateway.app import Gateway
from cambist.gateway.server import Server
from tests.dialects.btse.floor import V3, Floor, Trader, signed_headers
from tests.support import sweeps
from tests.support.waiting import ticks

SPOT, OLD, OSS = "/ws/spot", "/spotWS", "/ws/oss/spot"


@dataclass
class Client:
    """A client of one socket."""

    connection: ClientConnection
    floor: Floor

    async def send(self, message: Any) -> None:
        await self.connection.send(message if isinstance(message, str) else json.dumps(message))

    async def receive(self) -> Any:
        async with asyncio.timeout(20):  # what never comes must not be waited for for ever
            message = await self.connection.recv()
        return message if message == "pong" else json.loads(message)

    async def subscribe(self, *topics: str) -> list[str]:
        await self.send({"op": "subscribe", "args": topics})
        answer = await self.receive()
        assert answer["event"] == "subscribe"
        return list(answer["channel"])

    async def login(self, trader: Trader, path: str = SPOT, number: bool = False) -> bool:
        nonce = self.floor.nonce()
        headers = signed_headers(trader.key.key, trader.key.secret, path, nonce)
        sign = headers[b"request-sign"].decode()
        await self.send({"op": "authKeyExpires", "args": [trader.key.key, nonce if number else str(nonce), sign]})
        answer = await self.receive()
        assert list(answer) == ["event", "success"]
        assert answer["event"] == "login"
        return bool(answer["success"])

    async def nothing_waits(self) -> None:
        """Everything that was told has been read: the next thing to come is the answer to a ping."""
        self.floor.sequencer.drain()
        await self.floor.services.history.reached(self.floor.engine.seq)
        await self.send("ping")
        assert await self.receive() == "pong"


Open = Any


async def drain(client: Client) -> None:
    """Reads until the server ends it."""
    while True:
        await client.receive()


@pytest.fixture
async def sockets(floor: Floor) -> AsyncIterator[Open]:
    """Opens clients: `async with sockets(SPOT) as client`."""
    server = Server(Gateway(floor.service.routes, barrier=floor.sequencer.barrier, sockets=floor.service.sockets))
    await server.start()

    @asynccontextmanager
    async def opened(path: str) -> AsyncIterator[Client]:
        async with connect(f"{server.url.replace('http', 'ws')}{path}", compression=None, proxy=None) as connection:
            yield Client(connection, floor)

    yield opened
    await server.stop(deadline=1.0)


@pytest.mark.parametrize("path", [SPOT, OLD])
@pytest.mark.parametrize("signed", [SPOT, OLD])
@pytest.mark.parametrize("number", [False, True])
async def test_login_comes_before_everything_else(sockets: Open, alice: Trader, path: str, signed: str, number: bool) -> None:
    async with sockets(path) as client:
        assert await client.login(alice, signed, number)
        assert await client.subscribe("notificationApiV2", "nonsense", "orderBookApi:BTC-USD_0") == [
            "notificationApiV2",
            "orderBookApi:BTC-USD_0",
        ]
        assert (await client.receive())["topic"] == "orderBookApi:BTC-USD_0"


async def test_bad_logins(sockets: Open, floor: Floor, alice: Trader) -> None:
    trading_only = floor.keyed(alice.user, frozenset({"trading"}))
    elsewhere = floor.keyed(alice.user, ip_allow=("198.51.100.7",))
    async with sockets(SPOT) as client:
        assert not await client.login(alice, "/ws/oss/spot")
        assert not await client.login(trading_only)
        assert not await client.login(elsewhere)
        wrong: list[list[Any]] = [[], ["a", "b"], [1, 2, 3], [alice.key.key, "soon", "x"], [alice.key.key, None, {}], ["\u0000", "1", "é"]]
        for arguments in wrong:
            await client.send({"op": "authKeyExpires", "args": arguments})
            assert await client.receive() == {"event": "login", "success": False}
        floor.clock.now += 120_000_000
        assert await client.login(alice)


@pytest.mark.parametrize("settings", [Settings(nonce_rule=NonceRule.NONCE)])
async def test_a_login_uses_its_nonce_up_under_the_stricter_rule(sockets: Open, floor: Floor, alice: Trader, settings: Settings) -> None:
    async with sockets(SPOT) as client:
        assert await client.login(alice)
        floor.counter -= 1
        assert not await client.login(alice)
    assert len(floor.nonces(alice)) == 1


async def test_keep_alives(sockets: Open) -> None:
    async with sockets(SPOT) as client:
        for _ in range(3):
            await client.send("2")
        await client.send("ping")
        assert await client.receive() == "pong"
        await (await client.connection.ping())


async def test_what_makes_no_sense_is_said_and_ends_in_the_end(sockets: Open) -> None:
    async with sockets(OSS) as client:
        for message, code in (("{", 1002), ("[]", 1002), ('{"op":"subscribe"}', 1002), ('{"op":"dance","args":[]}', 1001)):
            await client.send(message)
            error = (await client.receive())["errors"][0]["error"]
            assert error["code"] == code
        await client.send({"op": "subscribe", "args": ["update:XYZ-USD_0", "nothing", "snapshotL1:BTC-USD", 7]})
        answers = [await client.receive() for _ in range(4)]
        assert [answer["errors"][0]["error"]["code"] for answer in answers[:3]] == [1000, 1005, 1005]
        assert answers[3] == {"event": "subscribe", "channel": ["snapshotL1:BTC-USD"]}
        for _ in range(30):
            await client.send("what?")
        with pytest.raises(ConnectionClosed):
            await drain(client)


async def test_books_of_the_old_topics(sockets: Open, floor: Floor, alice: Trader) -> None:
    await floor.order(alice, side="BUY", price="99.5", size="1")
    await floor.order(alice, side="SELL", price="110", size="2")
    await floor.order(alice, side="SELL", price="120.123", size="3")
    floor.sequencer.drain()
    async with sockets(OLD) as client:
        topics = ["orderBookApi:BTC-USD_0", "orderBookL2Api:BTC-USD_1", "orderBookApi:BTC-USD_8"]
        assert await client.subscribe(*topics) == topics
        first = await client.receive()
        assert first == {
            "topic": topics[0],
            "data": {
                "buyQuote": [{"price": "99.5", "size": "1"}],
                "sellQuote": [{"price": "120.123", "size": "3"}, {"price": "110", "size": "2"}],
                "symbol": "BTC-USD",
                "timestamp": floor.now_ms,
            },
        }
        second = await client.receive()
        assert (second["data"]["depth"], second["data"]["sellQuote"]) == (1, [{"price": "110", "size": "2"}])
        assert (await client.receive())["data"]["sellQuote"] == [{"price": "130", "size": "3"}, {"price": "110", "size": "2"}]
        await floor.order(alice, side="BUY", price="100", size="1")
        assert [(await client.receive())["data"]["buyQuote"][0]["price"] for _ in topics] == ["100", "100", "100"]
        await client.send({"op": "unsubscribe", "args": [*topics, "other"]})
        assert await client.receive() == {"event": "unsubscribe", "channel": topics}
        await floor.order(alice, side="BUY", price="101", size="1")
        await client.nothing_waits()


async def test_trades_in_both_forms(sockets: Open, floor: Floor, alice: Trader, bob: Trader) -> None:
    async with sockets(SPOT) as client:
        await client.subscribe("tradeHistoryApi:BTC-USD", "tradeHistory:BTC-USD")
        await floor.order(alice, side="SELL", price="100", size="1")
        await floor.order(bob, side="BUY", price="100", size="0.5")
        assert await client.receive() == {
            "topic": "tradeHistoryApi:BTC-USD",
            "data": [{"symbol": "BTC-USD", "side": "BUY", "size": 0.5, "price": 100, "tradeId": 1, "timestamp": floor.now_ms}],
        }
        old = await client.receive()
        assert old["data"] == [{"amount": 0.5, "gain": 1, "newest": 1, "price": 100, "serialId": 1, "transactionUnixTime": floor.now_ms}]


# --- the numbered book ----------------------------------------------------------------------------------------------------


class Fold:
    """A client's book, by the document: snapshot, deltas, zero deletes, numbers without a gap."""

    def __init__(self) -> None:
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}
        self.seq = 0

    def take(self, data: dict[str, Any]) -> bool:
        """False: something is missing, subscribe anew."""
        if data["type"] == "snapshot":
            self.bids, self.asks = dict(data["bids"]), dict(data["asks"])
        elif data["prevSeqNum"] != self.seq:
            return False
        else:
            for mine, changes in ((self.bids, data["bids"]), (self.asks, data["asks"])):
                for price, size in changes:
                    if size == "0":
                        del mine[price]
                    else:
                        mine[price] = size
        assert data["seqNum"] == data["prevSeqNum"] + 1
        self.seq = data["seqNum"]
        return True

    def crossed(self) -> bool:
        return bool(self.bids and self.asks) and max(map(Decimal, self.bids)) >= min(map(Decimal, self.asks))


def window(floor: Floor, levels: int = 50) -> tuple[dict[str, str], dict[str, str]]:
    """The best levels a side (0: all) of the core's own book."""
    from cambist._core import format_units

    bids, asks = ({format_units(price, 3): format_units(amount, 8) for price, amount in side} for side in floor.engine.depth(0, levels))
    return bids, asks


async def churn(floor: Floor, trader: Trader, rounds: int) -> AsyncIterator[None]:
    """Orders, trades and cancels that keep more than fifty levels a side moving."""
    state = 12345
    for number in range(rounds):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        price = 500 + state % 160 - 80
        side = "BUY" if state >> 8 & 1 else "SELL"
        if number % 7 == 6:
            orders = floor.engine.open_orders(trader.account)
            floor.immediate.cancel(trader.account, orders[state % len(orders)].order_id)
            floor.sequencer.drain()
        else:
            await floor.order(trader, side=side, price=str(price), size="0.01")
        yield


async def test_the_stream_folded_is_the_book_at_all_times(sockets: Open, floor: Floor) -> None:
    carol = floor.trader("carol", BTC="1000", USD="10000000")
    for number in range(70):
        await floor.order(carol, side="BUY", price=str(400 - number), size="0.02")
        await floor.order(carol, side="SELL", price=str(600 + number), size="0.02")
    floor.sequencer.drain()
    async with sockets(OSS) as client, sockets(SPOT) as old:
        fold = Fold()
        await old.subscribe("orderBookL2Api:BTC-USD_0")
        whole = await old.receive()
        assert await client.subscribe("update:BTC-USD_0") == ["update:BTC-USD_0"]
        assert fold.take((await client.receive())["data"])
        assert (len(fold.bids), len(fold.asks)) == (50, 50)
        deltas = 0
        async for _ in churn(floor, carol, 300):
            await client.send("ping")
            while (message := await client.receive()) != "pong":
                assert message["data"]["type"] == "delta"
                assert fold.take(message["data"])
                deltas += 1
            assert (fold.bids, fold.asks) == window(floor)
            assert not fold.crossed()
            await old.send("ping")
            while (message := await old.receive()) != "pong":
                whole = message
            sides = [[(quote["price"], quote["size"]) for quote in whole["data"][side]] for side in ("buyQuote", "sellQuote")]
            assert (dict(sides[0]), dict(sides[1])) == window(floor, 0)
        assert deltas > 200


async def test_after_a_gap_a_new_subscription_brings_a_fresh_snapshot(sockets: Open, floor: Floor, alice: Trader) -> None:
    async with sockets(OSS) as client, sockets(OSS) as other:
        fold = Fold()
        for each in (client, other):
            await each.subscribe("update:BTC-USD_0")
        assert fold.take((await client.receive())["data"])
        await floor.order(alice, side="BUY", price="100", size="1")
        await client.receive()  # lost on the way
        await floor.order(alice, side="BUY", price="101", size="1")
        assert not fold.take((await client.receive())["data"])
        await client.send({"op": "unsubscribe", "args": ["update:BTC-USD_0"]})
        assert await client.receive() == {"event": "unsubscribe", "channel": ["update:BTC-USD_0"]}
        await client.subscribe("update:BTC-USD_0")
        assert fold.take((await client.receive())["data"])
        assert fold.bids == {"101": "1", "100": "1"}
        await floor.order(alice, side="BUY", price="102", size="1")
        assert fold.take((await client.receive())["data"])
        assert fold.bids == {"101": "1", "100": "1", "102": "1"}


async def test_best_prices(sockets: Open, floor: Floor, alice: Trader) -> None:
    async with sockets(OSS) as client:
        await client.subscribe("snapshotL1:BTC-USD")
        assert (await client.receive())["data"]["bids"] == []
        await floor.order(alice, side="BUY", price="100", size="1")
        assert await client.receive() == {
            "topic": "snapshotL1:BTC-USD",
            "data": {"bids": [["100", "1"]], "asks": [], "type": "snapshotL1", "symbol": "BTC-USD", "timestamp": floor.now_ms},
        }
        await floor.order(alice, side="BUY", price="99", size="1")
        await client.nothing_waits()


# --- private topics -------------------------------------------------------------------------------------------------------


async def test_without_a_login_private_topics_are_acknowledged_and_silent(sockets: Open, floor: Floor, alice: Trader) -> None:
    async with sockets(SPOT) as client:
        assert await client.subscribe("notificationApiV2", "fills") == ["notificationApiV2", "fills"]
        await floor.order(alice, side="BUY", price="100", size="1")
        await client.nothing_waits()
        assert await client.login(alice)
        await floor.order(alice, side="BUY", price="101", size="1")
        assert (await client.receive())["topic"] == "notificationApiV2"


async def test_an_order_from_insertion_to_its_end(sockets: Open, floor: Floor, alice: Trader, bob: Trader) -> None:
    async with sockets(SPOT) as client:
        await client.login(alice)
        await client.subscribe("notificationApiV2")
        order = await floor.order(alice, side="BUY", price="100", size="2", clOrderID="mine", time_in_force="DAY")
        first = await client.receive()
        assert first == {
            "topic": "notificationApiV2",
            "data": {
                "symbol": "BTC-USD", "orderID": order["orderID"], "side": "BUY", "type": 76, "price": 100, "size": 2, "originalSize": 2,
                "avgFilledPrice": 0, "fillSize": 0, "status": 2, "clOrderID": "mine", "maker": False, "remainingSize": 2,
                "time_in_force": "DAY", "timestamp": floor.now_ms, "txType": 0, "stealth": 1, "pegPriceDeviation": 0, "triggerPrice": 0,
            },
        }  # fmt: skip
        await floor.order(bob, side="SELL", price="100", size="0.5")
        data = (await client.receive())["data"]
        assert [data[key] for key in ("status", "price", "size", "fillSize", "remainingSize", "maker")] == [5, 100, 0.5, 0.5, 1.5, True]
        await floor.call(alice, "PUT", f"{V3}/order", symbol="BTC-USD", orderID=order["orderID"], type="PRICE", value="99")
        data = (await client.receive())["data"]
        assert [data[key] for key in ("status", "price", "remainingSize", "clOrderID")] == [123, 99, 1.5, "mine"]
        await floor.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD")
        data = (await client.receive())["data"]
        assert [data[key] for key in ("status", "fillSize", "remainingSize", "avgFilledPrice")] == [6, 0.5, 1.5, 100]


async def test_the_notification_of_v3_3_key_for_key(sockets: Open, floor: Floor, alice: Trader, bob: Trader) -> None:
    async with sockets(SPOT) as client:
        await client.login(alice)
        await client.subscribe("notificationApiV3")
        order = await floor.order(alice, side="SELL", price="100", size="2", clOrderID="mine", postOnly=True)
        assert (first := await client.receive()) == {
            "topic": "notificationApiV3",
            "data": {
                "symbol": "BTC-USD", "orderID": order["orderID"], "side": "SELL", "orderType": 76, "txType": 0, "price": 100,
                "triggerPrice": 0, "pegPriceDeviation": 1, "stealth": 1, "status": 2, "timestamp": floor.now_ms, "avgFilledPrice": 0,
                "clOrderID": "mine", "maker": False, "postOnly": True, "orderUserInitiated": True,
                "originalOrderBaseSize": 2, "originalOrderQuoteSize": None, "currentOrderBaseSize": 2, "currentOrderQuoteSize": None,
                "filledBaseSize": 0, "totalFilledBaseSize": 0, "remainingBaseSize": 2, "remainingQuoteSize": None,
                "orderCurrency": "base", "time_in_force": "GTC",
            },
        }  # fmt: skip
        for size, total in (("0.5", 0.5), ("0.25", 0.75)):
            await floor.order(bob, side="BUY", price="100", size=size)
            data = (await client.receive())["data"]
            assert list(data) == list(first["data"])
            assert [data[key] for key in ("status", "maker", "filledBaseSize", "totalFilledBaseSize", "remainingBaseSize")] == [
                5, True, float(size), total, 2 - total,
            ]  # fmt: skip
        await client.login(bob)
        await floor.order(bob, side="BUY", type="MARKET", price="50")
        _inserted, data = [(await client.receive())["data"] for _ in range(2)]
        sizes = [data[key] for key in ("originalOrderBaseSize", "originalOrderQuoteSize", "totalFilledBaseSize", "remainingQuoteSize")]
        assert (data["orderType"], data["orderCurrency"], sizes) == (77, "quote", [0, 50, 0.5, 0])


async def test_a_stop_is_inserted_activated_and_filled(sockets: Open, floor: Floor, alice: Trader, bob: Trader) -> None:
    async with sockets(SPOT) as client:
        await client.login(alice)
        await client.subscribe("notificationApiV2")
        await floor.order(alice, side="BUY", price="105", size="1", txType="STOP", triggerPrice="101")
        await floor.order(bob, side="SELL", price="101", size="2")
        await floor.order(bob, side="BUY", price="101", size="0.5", clOrderID="x")
        changes = [(await client.receive())["data"] for _ in range(3)]
        assert [data["status"] for data in changes] == [9, 10, 4]
        assert [data["triggerPrice"] for data in changes] == [101, 101, 101]


async def test_a_fill_has_the_same_numbers_everywhere(sockets: Open, floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.order(bob, side="SELL", price="100.5", size="1")
    await floor.order(bob, side="SELL", price="101", size="1")
    async with sockets(SPOT) as client, sockets(SPOT) as notified:
        await client.login(alice)
        await client.subscribe("fills")
        await notified.login(alice)
        await notified.subscribe("notificationApiV2")
        await floor.order(alice, side="BUY", price="101", size="1.75", clOrderID="mine")
        await floor.order(alice, side="SELL", price="200", size="0.1")
        await floor.order(bob, side="BUY", price="200", size="0.3")
        fills = (await client.receive())["data"] + (await client.receive())["data"]
        notices = [data for data in [(await notified.receive())["data"] for _ in range(5)] if data["status"] in (4, 5)]
    history = await floor.call(alice, "GET", f"{V3}/user/trade_history", symbol="BTC-USD")
    history.reverse()
    assert len(fills) == len(notices) == len(history) == 3
    for fill, row, notice in zip(fills, history, notices, strict=True):
        names = {"orderId": "orderId", "clOrderId": "clOrderID", "type": "orderType", "symbol": "symbol"}
        names |= {"side": "side", "price": "filledPrice", "size": "filledSize", "feeAmount": "feeAmount", "feeCurrency": "feeCurrency"}
        names |= {"base": "base", "quote": "quote", "timestamp": "timestamp", "tradeId": "tradeId"}
        assert [fill[name] for name in names] == [row[name] for name in names.values()]
        assert fill["serialId"] == str(row["serialId"])
        assert [notice[name] for name in ("orderID", "price", "size", "side", "timestamp", "clOrderID", "maker")] == [
            fill[name] for name in ("orderId", "price", "size", "side", "timestamp", "clOrderId", "maker")
        ]
    assert [notice["status"] for notice in notices] == [5, 4, 5]
    assert notices[1]["avgFilledPrice"] == history[1]["averageFillPrice"]


async def test_the_older_notifications(sockets: Open, floor: Floor, alice: Trader) -> None:
    async with sockets(OLD) as client:
        await client.login(alice, OLD)
        await client.subscribe("notificationApi", "notificationApiV1")
        order = await floor.order(alice, side="BUY", price="100", size="2")
        changes = {message["topic"]: message["data"] for message in [await client.receive() for _ in range(2)]}
        assert changes["notificationApi"] == [
            {
                "symbol": "BTC-USD", "orderID": order["orderID"], "orderMode": "MODE_BUY", "orderType": "TYPE_LIMIT", "price": "100",
                "size": "2", "status": "ORDER_INSERTED", "timestamp": str(floor.now_ms), "type": "LIMIT", "triggerPrice": "0",
            }
        ]  # fmt: skip
        assert [row["status"] for row in changes["notificationApiV1"]] == [2]


LOGGED_OUT = {"event": "login", "success": False}


async def test_a_revoked_key_is_logged_out_and_its_private_topics_end(sockets: Open, floor: Floor, alice: Trader) -> None:
    other = floor.keyed(alice.user)
    async with sockets(SPOT) as client, sockets(SPOT) as spared:
        for each, trader in ((client, alice), (spared, other)):
            await each.login(trader)
            await each.subscribe("notificationApiV2", "fills", "tradeHistoryApi:BTC-USD")
        floor.directory.revoke(alice.key)
        assert await client.receive() == LOGGED_OUT
        assert await client.receive() == {"event": "unsubscribe", "channel": ["fills", "notificationApiV2"]}
        await floor.order(other, side="BUY", price="100", size="2")
        assert (await spared.receive())["data"]["status"] == 2
        await client.nothing_waits()
        assert not await client.login(alice)
        await floor.order(other, side="SELL", price="100", size="1")
        assert (await client.receive())["topic"] == "tradeHistoryApi:BTC-USD", "market topics go on"
        await client.nothing_waits()


async def test_after_a_revoked_key_another_one_may_log_in(sockets: Open, floor: Floor, alice: Trader) -> None:
    other = floor.keyed(alice.user)
    async with sockets(SPOT) as client:
        await client.login(alice)
        floor.directory.revoke(alice.key)
        assert await client.receive() == LOGGED_OUT
        await client.subscribe("notificationApiV2")
        await floor.order(other, side="BUY", price="100", size="2")
        await client.nothing_waits()
        assert await client.login(other)
        await floor.order(other, side="BUY", price="101", size="2")
        assert (await client.receive())["data"]["price"] == 101


async def test_the_end_of_a_key_that_a_socket_has_left_is_not_told(sockets: Open, floor: Floor, alice: Trader) -> None:
    other = floor.keyed(alice.user)
    async with sockets(SPOT) as client:
        await client.login(alice)
        await client.subscribe("notificationApiV2")
        await client.login(other)
        floor.directory.revoke(alice.key)
        await floor.order(other, side="BUY", price="100", size="2")
        assert (await client.receive())["data"]["status"] == 2
        await client.nothing_waits()


async def test_a_login_ends_when_somebody_is_erased(sockets: Open, floor: Floor, alice: Trader) -> None:
    async with sockets(SPOT) as client:
        await client.login(alice)
        await client.subscribe("notificationApi")
        await asyncio.to_thread(floor.directory.erase_user, alice.user)
        assert await client.receive() == LOGGED_OUT
        assert await client.receive() == {"event": "unsubscribe", "channel": ["notificationApi"]}


async def test_nobody_hears_of_another_account(sockets: Open, floor: Floor, alice: Trader, bob: Trader) -> None:
    async with sockets(SPOT) as client:
        await client.login(alice)
        await client.subscribe("notificationApiV2", "fills")
        await floor.order(bob, side="BUY", price="100", size="2")
        await client.nothing_waits()
        await client.login(bob)
        await floor.order(alice, side="BUY", price="100", size="2")
        await client.nothing_waits()
        await floor.order(bob, side="BUY", price="100", size="2")
        assert (await client.receive())["data"]["side"] == "BUY"


# --- what clients of other years need -------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [Settings(v2_flavour=Flavour.V2_0)])
async def test_every_message_to_a_client_of_2019_has_a_topic(sockets: Open, floor: Floor, alice: Trader, settings: Settings) -> None:
    async with sockets(OLD) as client:
        await client.send({"op": "subscribe", "args": ["tradeHistory:BTC-USD"]})
        assert await client.receive() == {"event": "subscribe", "channel": ["tradeHistory:BTC-USD"], "topic": "subscribe"}
        await client.send({"op": "authKeyExpires", "args": ["nobody", "1", "x"]})
        assert await client.receive() == {"event": "login", "success": False, "topic": "login"}
        await client.send({"op": "dance", "args": []})
        assert (await client.receive())["topic"] == "error"


async def test_refused_orders_are_told(sockets: Open, floor: Floor, alice: Trader, bob: Trader) -> None:
    async with sockets(SPOT) as client:
        await client.login(alice)
        await client.subscribe("notificationApiV2", "notificationApi", "fills")
        row = await floor.order(alice, side="BUY", price="100", size="99999", clOrderID="much")
        assert row["status"] == 8
        changes = (await client.receive())["data"]
        assert {name: changes[name] for name in ("status", "orderID", "clOrderID", "price", "size", "side", "symbol", "fillSize")} == {
            "status": 8, "orderID": "", "clOrderID": "much", "price": 100, "size": 99999, "side": "BUY", "symbol": "BTC-USD", "fillSize": 0,
        }  # fmt: skip
        (old,) = (await client.receive())["data"]
        assert (old["status"], old["orderID"]) == ("INSUFFICIENT_BALANCE", "")
        await floor.order(bob, side="SELL", price="100", size="1")
        assert (await floor.order(alice, side="BUY", price="100", size="1", postOnly=True))["status"] == 15
        assert [(await client.receive())["topic"] for _ in range(2)] == ["notificationApiV2", "notificationApi"]
        assert (await floor.order(alice, side="SELL", type="MARKET", size="2000"))["status"] == 8
        assert (await client.receive())["data"]["type"] == 77
        await client.receive()
        await client.nothing_waits()


async def test_whole_books_on_the_numbered_path(sockets: Open, floor: Floor, alice: Trader) -> None:
    await floor.order(alice, side="BUY", price="99.5", size="1")
    await floor.order(alice, side="BUY", price="99.499", size="2")
    floor.sequencer.drain()
    async with sockets(OSS) as client:
        topics = ["snapshot:BTC-USD_0", "snapshot:BTC-USD_4", "snapshotL1:BTC-USD_4"]
        assert await client.subscribe(*topics) == topics
        first = [await client.receive() for _ in topics]
        assert [(message["topic"], message["data"]["type"]) for message in first] == [
            (topics[0], "snapshot"), (topics[1], "snapshot"), (topics[2], "snapshotL1"),
        ]  # fmt: skip
        assert [message["data"]["bids"] for message in first] == [
            [["99.5", "1"], ["99.499", "2"]], [["99.5", "1"], ["99.4", "2"]], [["99.5", "1"]],
        ]  # fmt: skip
        await floor.order(alice, side="SELL", price="120.01", size="1")
        assert [(await client.receive())["data"]["asks"] for _ in topics] == [[["120.01", "1"]], [["120.1", "1"]], [["120.1", "1"]]]


async def test_thousands_of_fills_come_in_messages_that_clients_can_take(sockets: Open, floor: Floor, alice: Trader, bob: Trader) -> None:
    for number in range(350):
        floor.immediate.place(bob.account, 0, 1, 0, 0, 100_000 + number, 100_000)
    floor.sequencer.drain()
    async with sockets(SPOT) as client:
        await client.login(alice)
        await client.subscribe("fills", "tradeHistoryApi:BTC-USD")
        await floor.order(alice, side="BUY", price="200", size="1")
        sizes: dict[str, list[int]] = {"fills": [], "tradeHistoryApi:BTC-USD": []}
        ids: dict[str, list[int]] = {"fills": [], "tradeHistoryApi:BTC-USD": []}
        for _ in range(8):
            message = await client.receive()
            sizes[message["topic"]].append(len(message["data"]))
            ids[message["topic"]] += [int(row.get("serialId", row["tradeId"])) for row in message["data"]]
        assert sizes == {"fills": [100, 100, 100, 50], "tradeHistoryApi:BTC-USD": [100, 100, 100, 50]}
        assert ids["fills"] == list(range(1, 351))
        assert ids["tradeHistoryApi:BTC-USD"] == list(range(350, 0, -1))


async def test_thousands_of_notifications_of_one_command_reach_a_client_that_reads(
    sockets: Open, floor: Floor, alice: Trader, bob: Trader
) -> None:
    price, amount = 100_000, 100_000
    async with sockets(SPOT) as client:
        await client.login(alice)
        await client.subscribe("notificationApiV2", "fills")
        sweeps.rest(floor, alice.account, 0, price, amount)
        sweeps.sweep(floor, bob.account, 0, price, amount)
        heard = [await client.receive() for _number in range(3 * sweeps.ORDERS)]
        notified = [message["data"]["status"] for message in heard if message["topic"] == "notificationApiV2"]
        assert [notified.count(status) for status in (2, 4)] == [sweeps.ORDERS, sweeps.ORDERS]
        assert len([message for message in heard if message["topic"] == "fills"]) == sweeps.ORDERS
        sweeps.rest(floor, alice.account, 0, price, amount)
        await ticks()
        sweeps.cancel_all(floor, alice.account)
        notified = [(await client.receive())["data"]["status"] for _number in range(2 * sweeps.ORDERS)]
        assert notified.count(6) == sweeps.ORDERS
        await client.nothing_waits()
