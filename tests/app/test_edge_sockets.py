"""Every API's sockets and histories on one edge while orders come in through another: the same as on a venue of one process.

What the venue of one process says is what the dialects' own tests are about; here it is the measure of everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from cambist.app.edge import SharedData
from cambist.dialect_kit.messages import Reply
from cambist.gateway.server import Server
from tests.cluster import conftest
from tests.dialects.every_dialect import Owner, connected, private_topics
from tests.support.edge_venues import LeadingVenue, Place, alone, leading, served_edge
from tests.support.history_places import PostgresPlace
from tests.support.nats_servers import NatsServers
from tests.support.postgresql import Server as PostgresServer
from tests.support.postgresql import postgresql
from tests.support.waiting import ticks, until

__all__ = ["postgresql"]
servers = conftest.servers

HEARTBEAT = "2::"
"""socket.io's, by the clock."""
TIME = 1_500_000_000
"""Numbers from here on are times: nothing else of these venues is as large."""


class WallClock:
    """The machine's, of which a venue without another clock has its time."""

    def __init__(self, wall: Callable[[], int]) -> None:
        self._wall = wall

    @property
    def now(self) -> int:
        return self._wall()


@dataclass
class Doors:
    """A venue as its clients meet it: requests go to one address, sockets are at another, and so is what `look` asks."""

    leader: LeadingVenue
    trading: str
    looking: str
    settled_there: Callable[[], Awaitable[None]]
    clock: WallClock = field(init=False)
    at: str = field(init=False)

    def __post_init__(self) -> None:
        self.clock = WallClock(self.leader.venue.machine_clock.wall)
        self.at = self.trading

    @property
    def sockets(self) -> str:
        return self.looking.replace("http", "ws")

    async def send(self, method: str, path: str, body: bytes = b"", headers: dict[bytes, bytes] | None = None, query: bytes = b"") -> Reply:
        address = f"{self.at}{path}" + (f"?{query.decode()}" if query else "")
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            answer = await client.request(method, address, content=body, headers=[*(headers or {}).items()])
        return Reply(answer.status_code, answer.content)

    async def settled(self) -> None:
        await self.settled_there()
        await ticks(5)

    async def owner(self, name: str, **funds: int) -> Owner:
        """A user with a key of every API."""
        user = await self.leader.user(name, **funds)
        forms = self.leader.venue.key_forms
        keys = {form.dialect: await self.leader.key(user, form, form.scopes) for form in forms}
        return Owner(self, user, keys)


@asynccontextmanager
async def one_process(folder: Path) -> AsyncIterator[Doors]:
    leader = await alone(folder / "alone")
    venue, server = leader.venue, Server(leader.venue.gateway)
    await server.start()

    async def settled() -> None:
        await venue.durable()
        await venue.history.reached(venue.engine.seq)

    try:
        yield Doors(leader, server.url, server.url, settled)
    finally:
        await server.stop(deadline=2.0)
        await leader.close()


@asynccontextmanager
async def two_edges(place: Place) -> AsyncIterator[Doors]:
    leader = await leading(place, "one")
    venue = leader.venue
    shared = SharedData(venue.directory, venue.chain, lambda: None)
    try:
        async with served_edge(place, "e1", shared) as one, served_edge(place, "e2", shared) as two:

            async def settled() -> None:
                await venue.durable()
                await until(lambda: one.edge.engine.seq == two.edge.engine.seq == venue.engine.seq)
                await two.edge.services.history.reached(venue.engine.seq)

            yield Doors(leader, one.server.url, two.server.url, settled)
    finally:
        await leader.close()


# --- what each API is asked -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Socket:
    """`topics` are said behind those of the own orders, where this socket has them."""

    path: str
    topics: Sequence[Any] = ()
    private: bool = True
    prefix: str = ""
    handshake: str = ""


@dataclass(frozen=True)
class Api:
    """`order` gives the order's name; `histories` are asked where the sockets are."""

    name: str
    order: Callable[[Owner, str, str, str], Awaitable[str]]
    cancel: Callable[[Owner, str], Awaitable[Any]]
    histories: Sequence[Callable[[Owner], Awaitable[Reply]]]
    sockets: Sequence[Socket] = ()


def form(path: str, **fields: str) -> Callable[[Owner], Awaitable[Reply]]:
    body = urlencode({"nonce": "<nonce>", **fields}, safe="<>")
    return lambda owner: owner.form(path, body)


def decoded(reply: Reply) -> Any:
    return json.loads(reply.content)


async def wex_order(owner: Owner, side: str, price: str, amount: str) -> str:
    asked = form("/tapi", method="Trade", pair="btc_usd", type=side, rate=price, amount=amount)
    answer = decoded(await asked(owner))
    return str(answer["return"]["order_id"]) if answer["success"] else ""


async def wex_cancel(owner: Owner, order: str) -> Any:
    return decoded(await form("/tapi", method="CancelOrder", order_id=order)(owner))


def wex(method: str, **fields: str) -> Callable[[Owner], Awaitable[Reply]]:
    return form("/tapi", method=method, **fields)


async def mtgox_order(owner: Owner, side: str, price: str, amount: str) -> str:
    kind, price_int, amount_int = "bid" if side == "buy" else "ask", int(Decimal(price) * 10**5), int(Decimal(amount) * 10**8)
    asked = form("/api/2/BTCUSD/money/order/add", type=kind, price_int=str(price_int), amount_int=str(amount_int))
    return str(decoded(await asked(owner)).get("data", ""))


async def mtgox_cancel(owner: Owner, order: str) -> Any:
    return decoded(await form("/api/2/BTCUSD/money/order/cancel", oid=order)(owner))


async def btse_order(owner: Owner, side: str, price: str, amount: str) -> str:
    asked = {"symbol": "BTC-USD", "type": "LIMIT", "side": side.upper(), "price": price, "size": amount}
    reply = decoded(await owner.btse("POST", "/spot/api/v3.2/order", json.dumps(asked)))
    return str(reply[0]["orderID"])


async def btse_cancel(owner: Owner, order: str) -> Any:
    return decoded(await owner.btse("DELETE", "/spot/api/v3.2/order", query=urlencode({"symbol": "BTC-USD", "orderID": order})))


def btse(path: str, **fields: str) -> Callable[[Owner], Awaitable[Reply]]:
    return lambda owner: owner.btse("GET", path, query=urlencode(fields))


async def expie_order(owner: Owner, side: str, price: str, amount: str) -> str:
    asked = {"side": 2 if side == "buy" else 1, "price": price, "amount": amount}
    return str(decoded(await owner.expie("POST", "/v1/markets/BTCUSD/orders", json.dumps(asked))).get("id", ""))


async def expie_cancel(owner: Owner, order: str) -> Any:
    return decoded(await owner.expie("POST", f"/v1/markets/BTCUSD/orders/{order}/_cancel"))


def expie(path: str, **fields: str) -> Callable[[Owner], Awaitable[Reply]]:
    return lambda owner: owner.expie("GET", path, query=urlencode(fields))


async def native_order(owner: Owner, side: str, price: str, amount: str) -> str:
    asked = {"market": "btc_usd", "side": side, "type": "limit", "price": price, "amount": amount}
    return str(decoded(await owner.native("POST", "/cambist/v1/orders", json.dumps(asked))).get("id", ""))


async def native_cancel(owner: Owner, order: str) -> Any:
    return decoded(await owner.native("DELETE", f"/cambist/v1/orders/{order}"))


def native(path: str, **fields: str) -> Callable[[Owner], Awaitable[Reply]]:
    return lambda owner: owner.native("GET", f"/cambist/v1/{path}", query=urlencode(fields))


def expie_call(number: int, method: str, *params: Any) -> dict[str, Any]:
    return {"method": method, "params": list(params), "id": number}


BOOKS = [f"orderBookApi:BTC-USD_{group}" for group in (0, 3)] + ["orderBookL2Api:BTC-USD_5"]
SPOT_TOPICS = [{"op": "subscribe", "args": [*BOOKS, "tradeHistory:BTC-USD", "tradeHistoryApi:BTC-USD"]}]
OSS_TOPICS = [{"op": "subscribe", "args": ["update:BTC-USD_0", "snapshot:BTC-USD_1", "snapshotL1:BTC-USD_0"]}]
GOX = "/mtgox?Channel=trade/ticker.BTCUSD/depth.BTCUSD"
EXPIE_TOPICS = [
    expie_call(1, "deals.subscribe", "BTCUSD"),
    expie_call(2, "price.subscribe", "BTCUSD"),
    expie_call(3, "kline.subscribe", "BTCUSD", 604_800),
    expie_call(4, "asset.subscribe", "BTC", "USD"),
]
"""Books, `state` and `today` are pushed by the clock: ccxws follows the first of them over an edge."""
NATIVE_TOPICS = ["book:btc_usd:10", "trades:btc_usd", "ticker:btc_usd", "candles:btc_usd:86400", "balances"]

APIS = [
    Api(
        "WEX",
        wex_order,
        wex_cancel,
        [wex("ActiveOrders"), wex("TradeHistory"), wex("TransHistory"), wex("getInfo")],
    ),
    Api(
        "Mt.Gox",
        mtgox_order,
        mtgox_cancel,
        [
            form("/api/2/money/orders"),
            form("/api/2/money/wallet/history", currency="USD"),
            form("/api/2/money/wallet/history", currency="BTC"),
            form("/api/2/money/info"),
        ],
        [
            Socket(GOX),
            Socket("/socket.io/1/websocket/", ["1::/mtgox"], prefix="4::/mtgox:", handshake="/socket.io/1"),
        ],
    ),
    Api(
        "BTSE",
        btse_order,
        btse_cancel,
        [
            btse("/spot/api/v3.2/user/open_orders", symbol="BTC-USD"),
            btse("/spot/api/v3.2/user/trade_history", symbol="BTC-USD"),
            btse("/spot/api/v3.2/user/wallet"),
            btse("/spot/api/v3.2/user/wallet_history"),
        ],
        [Socket("/ws/spot", SPOT_TOPICS), Socket("/spotWS", SPOT_TOPICS), Socket("/ws/oss/spot", OSS_TOPICS, private=False)],
    ),
    Api(
        "Expie",
        expie_order,
        expie_cancel,
        [
            expie("/v1/markets/BTCUSD/orders/_pending"),
            expie("/v1/markets/BTCUSD/orders/_finished"),
            expie("/v1/balance/summary"),
            expie("/v1/balance/history", coin_code="BTC", limit="100"),
        ],
        [Socket("/ws", EXPIE_TOPICS)],
    ),
    Api(
        "Cambist",
        native_order,
        native_cancel,
        [native("orders", state="all"), native("fills"), native("balances"), native("ledger")],
        [Socket("/cambist/v1/stream", [{"op": "subscribe", "id": "m", "topics": NATIVE_TOPICS}])],
    ),
]


# --- what happens -----------------------------------------------------------------------------------------------------------------


async def transcript(doors: Doors, api: Api) -> dict[str, list[str]]:
    """Everything that alice hears while she and bob trade, by socket, and then what she finds in her histories."""
    alice, bob = await doors.owner("alice", USD=10_000), await doors.owner("bob", BTC=10)
    heard: dict[str, list[str]] = {}
    async with AsyncExitStack() as opened:
        listeners = []
        for socket in api.sockets:
            path = socket.path
            if socket.handshake:
                path += (await doors.send("GET", socket.handshake)).content.decode().partition(":")[0]
            listener = await opened.enter_async_context(connected(doors, api.name, path, socket.prefix))
            heard[socket.path] = []
            listeners.append((listener, heard[socket.path]))
            private = await private_topics(doors, alice, api.name) if socket.private else []
            # An envelope comes before what is said in it.
            for message in [*socket.topics, *private] if socket.prefix else [*private, *socket.topics]:
                await listener.say(message)
            heard[socket.path] += await listener.quiet()

        async def listen() -> None:
            for listener, messages in listeners:
                messages.extend(await listener.quiet())

        for owner, side, price, amount in (
            (alice, "buy", "100", "1"),
            (bob, "sell", "100", "0.4"),
            (alice, "buy", "99", "2"),
            (bob, "sell", "99", "1.5"),
            (alice, "buy", "9000", "50"),
            (bob, "sell", "120", "3"),
            (alice, "buy", "120", "0.5"),
        ):
            await api.order(owner, side, price, amount)
            await listen()
        order = await api.order(alice, "buy", "98", "1")
        await listen()
        await api.cancel(alice, order)
        await listen()
        await api.order(alice, "sell", "130", "0.1")
        await listen()
    doors.at = doors.looking
    replies = [await asked(alice) for asked in api.histories]
    assert {reply.status for reply in replies} == {200}, replies
    heard["histories"] = [reply.content.decode() for reply in replies]
    return {name: [timeless(message) for message in messages if message != HEARTBEAT] for name, messages in heard.items()}


def timeless(message: str) -> str:
    """Without times, which are no two venues' the same, and without what is drawn."""
    message = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", message)
    message = re.sub(r"\d{10,}(\.\d+)?", lambda found: "TIME" if float(found[0]) >= TIME else found[0], message)
    return re.sub(r'"(key|token|idKey|checksum)":"[^"]*"', r'"\1":DRAWN', message)


@pytest.mark.parametrize("api", APIS, ids=[api.name for api in APIS])
async def test_pushes_and_histories_of_another_edge_are_those_of_a_venue_of_one_process(
    api: Api, tmp_path: Path, servers: NatsServers, postgresql: PostgresServer
) -> None:
    async with one_process(tmp_path) as doors:
        expected = await transcript(doors, api)
    database = PostgresPlace(postgresql)
    place = Place(tmp_path, servers, postgresql.tcp_url(database.database), f"sockets-{database.database}")
    async with two_edges(place) as doors:
        found = await transcript(doors, api)
    assert all(len(messages) > 3 for messages in expected.values())
    for name, messages in expected.items():
        assert found[name] == messages
