"""The stream, by a real client over a real server: what is pushed folds to what there is, and comes to nobody else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cambist.api_types import markets, stream
from cambist.dialects.native.asyncapi import EXAMPLES
from cambist.gateway.app import Gateway
from cambist.gateway.server import Server
from tests.dialects.native.floor import BASE, Browser, Floor, Trader, signed_headers
from tests.support.waiting import ticks

PATH = f"{BASE}/stream"
ORDER = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "900", "amount": "0.1"}
decode = msgspec.json.Decoder(stream.AnyServerMessage).decode


@dataclass
class Client:
    """A client of one socket; `heard` has everything that it was sent."""

    connection: ClientConnection
    floor: Floor
    heard: list[Any] = field(default_factory=list)

    async def send(self, message: Any) -> None:
        await self.connection.send(message if isinstance(message, str) else json.dumps(message))

    async def receive(self) -> Any:
        """The next message, decoded strictly as the documents have it."""
        async with asyncio.timeout(20):  # what never comes must not be waited for for ever
            text = await self.connection.recv()
        message = decode(text)
        assert msgspec.json.decode(msgspec.json.encode(message)) == json.loads(text)
        self.heard.append(message)
        return message

    async def subscribe(self, *topics: str) -> stream.Done | stream.Failed:
        await self.send({"op": "subscribe", "id": "s", "topics": topics})
        while not isinstance(answer := await self.receive(), stream.Done | stream.Failed):
            pass
        assert answer.id == "s"
        return answer

    async def login(self, trader: Trader) -> stream.Done | stream.Failed:
        signed = signed_headers(trader.key.key, trader.key.secret, self.floor.timestamp(), "GET", PATH, b"", b"")
        values = {name: signed[f"cambist-{name}".encode()].decode() for name in ("key", "timestamp", "signature")}
        await self.send({"op": "login", "id": "l", **values})
        answer = await self.receive()
        assert isinstance(answer, stream.Done | stream.Failed)
        return answer

    async def until_quiet(self) -> list[Any]:
        """Everything that is on its way: the last thing to come is the answer to a ping."""
        self.floor.sequencer.drain()
        await self.floor.services.history.reached(self.floor.engine.seq)
        found = []
        for number in range(2):  # what is read from history is sent a few ticks later
            await self.send({"op": "ping", "id": f"quiet-{number}"})
            while not (isinstance(message := await self.receive(), stream.Done) and message.id == f"quiet-{number}"):
                found.append(message)
        return found


Open = Any


@pytest.fixture
async def sockets(floor: Floor) -> AsyncIterator[Open]:
    """Opens clients: `async with sockets() as client`."""
    server = Server(Gateway(floor.service.routes, barrier=floor.sequencer.barrier, sockets=floor.service.sockets))
    await server.start()

    @asynccontextmanager
    async def opened(**headers: str) -> AsyncIterator[Client]:
        url = f"{server.url.replace('http', 'ws')}{PATH}"
        async with connect(url, compression=None, proxy=None, additional_headers=headers) as connection:
            yield Client(connection, floor)

    yield opened
    await server.stop(deadline=1.0)


async def place(floor: Floor, trader: Trader, **fields: Any) -> str:
    said = {name: value for name, value in {**ORDER, **fields}.items() if value is not None}
    placed = await floor.call(trader, "POST", "/orders", said)
    return str(placed["id"])


def folded(messages: list[Any], depth: int) -> tuple[dict[str, str], dict[str, str]]:
    """What the snapshot and deltas of a book add up to; holds each to the numbered rules."""
    sides: tuple[dict[str, str], dict[str, str]] = ({}, {})
    last = None
    for message in messages:
        if isinstance(message, stream.BookSnapshot):
            sides = dict(message.bids), dict(message.asks)
        elif isinstance(message, stream.BookDelta):
            assert message.previous == last
            for side, levels in zip(sides, (message.bids, message.asks), strict=True):
                for price, amount in levels:
                    if amount == "0":
                        del side[price]
                    else:
                        side[price] = amount
        else:
            continue
        last = message.sequence
        best = [sorted(side.items(), key=lambda level: float(level[0]), reverse=not number) for number, side in enumerate(sides)]
        assert all(len(side) <= depth for side in sides)
        assert message.checksum == markets.checksum(*best)
    return sides


async def test_a_book_folds_to_what_it_is(sockets: Open, floor: Floor, alice: Trader, bob: Trader) -> None:
    async with sockets() as client:
        await client.subscribe("book:btc_usd:10")
        assert isinstance(await client.receive(), stream.BookSnapshot)
        resting: list[str] = []
        for number in range(60):
            trader, price = (alice, 1_000 + number % 17) if number % 2 else (bob, 999 - number % 13)
            side = "sell" if number % 2 else "buy"
            resting.append(await place(floor, trader, side=side, price=str(price), amount=f"0.{number + 1:03}"))
            if number % 5 == 4:
                owner = bob if (number - 4) % 2 == 0 else alice
                await floor.reply(owner, "DELETE", f"/orders/{resting[number - 4]}")  # it may be filled by now
            if number % 7 == 6:
                await place(floor, bob, price="1005", amount="0.2", time_in_force="ioc")
            floor.sequencer.drain()
            await ticks(2)
        await client.until_quiet()
        bids, asks = folded(client.heard, 10)
        book = await floor.public("/markets/btc_usd/book?depth=10")
        assert (bids, asks) == (dict(map(tuple, book["bids"])), dict(map(tuple, book["asks"])))
        assert len([message for message in client.heard if isinstance(message, stream.BookDelta)]) > 20


async def test_who_comes_later_begins_with_the_book_as_it_is(sockets: Open, floor: Floor, alice: Trader) -> None:
    async with sockets() as early, sockets() as late:
        await early.subscribe("book:btc_usd:25")
        await place(floor, alice, side="sell", price="1100", amount="1")
        floor.sequencer.drain()
        await late.subscribe("book:btc_usd:25")
        for price in ("1101", "1102"):
            await place(floor, alice, side="sell", price=price, amount="2")
            await early.until_quiet()
            await late.until_quiet()
        assert folded(early.heard, 25) == folded(late.heard, 25) == ({}, {"1100": "1", "1101": "2", "1102": "2"})


async def test_trades_candles_and_the_ticker(sockets: Open, floor: Floor, alice: Trader, bob: Trader) -> None:
    async with sockets() as client:
        await client.subscribe("trades:btc_usd", "candles:btc_usd:60", "ticker:btc_usd", "trades:ltc_usd")
        await client.until_quiet()
        await place(floor, alice, side="sell", price="1000", amount="1")
        await place(floor, bob, price="1000", amount="0.25")
        heard = await client.until_quiet()
        (trades,) = [message for message in heard if isinstance(message, stream.Trades)]
        assert [(trade.side, trade.price, trade.amount) for trade in trades.trades] == [("buy", "1000", "0.25")]
        assert msgspec.to_builtins(trades.trades) == await floor.public("/markets/btc_usd/trades")
        candles = [message for message in heard if isinstance(message, stream.Candles)]
        assert msgspec.to_builtins(candles[-1].candles) == await floor.public("/markets/btc_usd/candles?interval=60")
        tickers = [message for message in heard if isinstance(message, stream.TickerChanged)]
        assert (tickers[-1].ticker.last, tickers[-1].ticker.ask) == ("1000", "1000")


async def test_one_s_own_orders_fills_and_balances(sockets: Open, floor: Floor, alice: Trader, bob: Trader) -> None:
    before = await place(floor, bob, price="800", client_order_id="before")
    async with sockets() as client:
        assert isinstance(await client.login(bob), stream.Done)
        await client.subscribe("orders", "fills", "balances")
        opening = await client.until_quiet()
        (orders,) = [message for message in opening if isinstance(message, stream.OrdersSnapshot)]
        assert [(order.id, order.client_order_id) for order in orders.orders] == [(before, "before")]
        (balances,) = [message for message in opening if isinstance(message, stream.BalancesSnapshot)]
        assert {row.asset: row.held for row in balances.balances}["USD"] == "80"
        sale = await place(floor, alice, side="sell", price="1000", amount="1")
        bought = await place(floor, bob, price="1000", amount="0.5", client_order_id="b")
        await floor.call(bob, "PATCH", f"/orders/{before}", {"price": "810"})
        await floor.call(bob, "DELETE", f"/orders/{before}")
        heard = await client.until_quiet()
        changed = [order for message in heard if isinstance(message, stream.OrdersChanged) for order in message.orders]
        assert [(order.id, order.status, order.client_order_id, order.price) for order in changed] == [
            (bought, "filled", "b", "1000"),
            (before, "open", "before", "810"),
            (before, "cancelled", "before", "810"),
        ]
        for order in (bought, before):
            last = [each for each in changed if each.id == order][-1]
            assert msgspec.to_builtins(last) == {**await floor.call(bob, "GET", f"/orders/{order}"), "updated": last.updated}
        (fills,) = [message for message in heard if isinstance(message, stream.FillsMade)]
        assert msgspec.to_builtins(fills.fills) == (await floor.call(bob, "GET", "/fills"))["rows"]
        sequences = [message.sequence for message in heard if isinstance(message, stream.BalancesChanged)]
        assert sequences == sorted(sequences)
        state = {row.asset: row for row in balances.balances}
        for message in heard:
            if isinstance(message, stream.BalancesChanged) and message.sequence > balances.sequence:
                state |= {row.asset: row for row in message.balances}
        assert msgspec.to_builtins(list(state.values())) == await floor.call(bob, "GET", "/balances")
        assert sale not in {order.id for order in changed}


async def test_nothing_of_one_s_own_without_a_login(sockets: Open, floor: Floor, alice: Trader) -> None:
    trading_only = floor.keyed(alice.user, frozenset({"trade"}))
    async with sockets() as client:
        for topic in ("orders", "fills", "balances"):
            answer = await client.subscribe(topic, "trades:btc_usd")
            assert isinstance(answer, stream.Failed)
            assert answer.problem.code == "unauthenticated"
        assert isinstance(await client.login(trading_only), stream.Done)
        answer = await client.subscribe("orders")
        assert isinstance(answer, stream.Failed)
        assert answer.problem.code == "scope-missing"
        await place(floor, alice)
        assert await client.until_quiet() == []


async def test_a_login_is_taken_once_and_no_other_signature_is(sockets: Open, floor: Floor, alice: Trader) -> None:
    signed = signed_headers(alice.key.key, alice.key.secret, floor.timestamp(), "GET", PATH, b"", b"")
    said = {"op": "login", **{name: signed[f"cambist-{name}".encode()].decode() for name in ("key", "timestamp", "signature")}}
    async with sockets() as client, sockets() as other:
        await client.send(said)
        assert isinstance(await client.receive(), stream.Done)
        for wrong, code in (
            (said, "request-repeated"),
            ({**said, "signature": "0" * 64}, "signature-wrong"),
            ({**said, "key": "x"}, "key-unknown"),
        ):
            await other.send(wrong)
            assert (await other.receive()).problem.code == code


async def test_a_revoked_key_ends_its_topics(sockets: Open, floor: Floor, alice: Trader) -> None:
    async with sockets() as client:
        await client.login(alice)
        await client.subscribe("orders", "trades:btc_usd")
        await client.until_quiet()
        floor.directory.revoke(alice.key)
        assert (await client.receive()) == stream.LoggedOut(topics=["orders"])
        other = floor.keyed(alice.user)
        await place(floor, other)
        assert await client.until_quiet() == []


async def test_a_browser_comes_in_with_its_cookie_until_it_logs_out(sockets: Open, floor: Floor, alice: Trader) -> None:
    browser = Browser(floor)
    await browser.log_in("alice")
    cookie = f"cambist-session={browser.cookies['cambist-session']}"
    async with sockets(cookie=cookie) as client:
        assert isinstance(await client.subscribe("balances"), stream.Done)
        await client.until_quiet()
        await browser.call("DELETE", "/session")
        assert (await client.receive()) == stream.LoggedOut(topics=["balances"])
        assert isinstance(await client.subscribe("balances"), stream.Failed)
    with pytest.raises(InvalidStatus) as refused:
        async with sockets(cookie=cookie, origin="http://evil.example"):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("", "request-invalid"),
        ("[]", "request-invalid"),
        ("{}", "request-invalid"),
        ("[" * 50_000, "request-invalid"),
        ('{"op":"nothing"}', "request-invalid"),
        ('{"op":"subscribe"}', "request-invalid"),
        ('{"op":"subscribe","topics":[]}', "request-invalid"),
        ('{"op":"subscribe","topics":["book:btc_usd:7"]}', "request-invalid"),
        ('{"op":"subscribe","topics":["book:btc_eur:10"]}', "market-unknown"),
        ('{"op":"subscribe","topics":["candles:btc_usd:61"]}', "interval-invalid"),
        ('{"op":"ping","colour":1}', "request-invalid"),
    ],
)
async def test_messages_that_cannot_be_answered(sockets: Open, said: str, code: str) -> None:
    async with sockets() as client:
        await client.send(said)
        answer = await client.receive()
        assert isinstance(answer, stream.Failed)
        assert answer.problem.code == code


async def drain(client: Client) -> None:
    """Reads until the server ends it."""
    while True:
        await client.receive()


async def test_too_many_of_them_end_the_connection(sockets: Open) -> None:
    async with sockets() as client:
        for _ in range(20):
            await client.send("nonsense")
        with pytest.raises(ConnectionClosed) as closed:
            await drain(client)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


async def test_no_more_topics_than_one_connection_may_have(sockets: Open) -> None:
    async with sockets() as client:
        many = [
            f"candles:{market}:{60 * minutes}"
            for market in ("btc_usd", "ltc_usd")
            for minutes in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)
        ]
        many += [f"candles:{market}:{86_400 * days}" for market in ("btc_usd", "ltc_usd") for days in range(1, 60)]
        assert isinstance(await client.subscribe(*many[:128]), stream.Done)
        answer = await client.subscribe("trades:btc_usd")
        assert isinstance(answer, stream.Failed)
        assert answer.problem.code == "too-many-topics"


async def test_the_examples_of_the_document_are_answered(sockets: Open) -> None:
    async with sockets() as client:
        for example in EXAMPLES:
            await client.send(msgspec.json.encode(example).decode())
            while not isinstance(answer := await client.receive(), stream.Done):
                assert not isinstance(answer, stream.Failed)
            assert answer.id == example.id  # type: ignore[attr-defined]
