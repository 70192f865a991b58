"""A trading floor for this dialect: real core, sequencer, directory, histories, routes and server; the clock is moved by hand."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from cambist import _core
from cambist.dialects.expie import build
from cambist.dialects.expie.auth import KEY_FORMS, SCOPES
from cambist.directory import User
from cambist.exchange import View
from cambist.gateway.app import Gateway
from cambist.gateway.http.limits import HttpLimits
from cambist.gateway.server import Server
from cambist.gateway.ws.limits import SocketLimits
from tests.support import floor as shared
from tests.support.floor import SECOND, TradingFloor
from tests.support.immediate import Immediate
from tests.support.waiting import ticks

__all__ = ["BUY", "NOON", "SECOND", "SELL", "Client", "Floor", "Trader", "same_shape"]

NOON = 1_516_600_000_000_000
"""Before everything that the reference shows, µs."""
PATIENCE = 20.0

# base, quote, price decimals, amount decimals, min amount, maker and taker ppm
MARKETS = (
    ("BCC", "BTC", 6, 4, "0.001", 600, 600),
    ("BTG", "BTC", 6, 4, "0.001", 1000, 1000),
    ("BCD", "BTC", 6, 4, "0.001", 0, 0),
    ("BTC", "USD", 3, 8, "0.001", 1000, 2000),
)
SELL, BUY = 1, 2


@dataclass
class Trader(shared.Trader):
    """A user with one token."""

    @property
    def token(self) -> str:
        return self.key.secret


@dataclass
class Answer:
    """An HTTP reply."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """A socket client: replies by id, pushes in the order in which they came."""

    connection: ClientConnection
    pushes: list[dict[str, Any]] = field(default_factory=list)
    number: int = 0

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            return dict(json.loads(await self.connection.recv()))

    async def request(self, method: str, params: Any) -> dict[str, Any]:
        """The whole answer; pushes that come before it are kept."""
        self.number += 1
        await self.connection.send(json.dumps({"method": method, "params": params, "id": self.number}))
        while True:
            message = await self.receive()
            if "result" in message:
                assert list(message) == ["error", "result", "id"]
                assert message["id"] == self.number
                return message
            self.pushes.append(message)

    async def call(self, method: str, *params: Any) -> Any:
        """The result of a request that must succeed."""
        answer = await self.request(method, list(params))
        assert answer["error"] is None, answer
        return answer["result"]

    async def error(self, method: str, *params: Any) -> tuple[int, str]:
        """(code, message) of a request that must fail."""
        answer = await self.request(method, list(params))
        assert answer["result"] is None
        assert list(answer["error"]) == ["code", "message"]
        return answer["error"]["code"], answer["error"]["message"]

    async def follow(self, method: str, *params: Any) -> None:
        assert await self.call(method, *params) == {"status": "success"}

    async def push(self) -> tuple[str, list[Any]]:
        """(method, params) of the next push."""
        message = self.pushes.pop(0) if self.pushes else await self.receive()
        assert list(message) == ["method", "params", "id"]
        assert message["id"] is None
        return message["method"], message["params"]

    async def quiet(self) -> bool:
        """Whether nothing was pushed: what comes before the answer to a ping."""
        await self.call("server.ping")
        return not self.pushes


class Floor(TradingFloor):
    """A real server on the loop of the test; `await floor.server.start()` begins it."""

    def __init__(self, folder: Path, socket_limits: SocketLimits | None = None, **options: Any) -> None:
        super().__init__(folder, NOON)
        open_markets(self.immediate, self.engine)
        self.service = service = build(self.venue_services(), **options)
        self.gateway = Gateway(service.routes, barrier=self.sequencer.barrier, sockets=service.sockets, path_errors=service.path_errors)
        self.server = Server(self.gateway, limits=HttpLimits(sweep_seconds=0.05), socket_limits=socket_limits)
        self.clients: list[Client] = []

    def pass_time(self, micros: int) -> None:
        """Moves the clock and lets what is due happen."""
        self.clock.now += micros

    async def caught_up(self) -> None:
        """Returns once everything that was ordered is durable and has been pushed."""
        barrier = self.sequencer.barrier()
        if barrier is not None:
            await barrier
        await ticks(5)

    async def socket(self, trader: Trader | None = None) -> Client:
        """A connected client, authenticated when it is somebody's."""
        client = Client(await connect(self.server.url.replace("http", "ws") + "/ws", compression=None, ping_interval=None))
        self.clients.append(client)
        if trader is not None:
            await client.follow("server.auth", trader.token, "tests")
        return client

    async def http(self, method: str, path: str, body: bytes = b"", token: str = "", /, **headers: str) -> Answer:
        """One request on a connection of its own. Underscores in names of headers stand for dashes."""
        fields = {"host": "x", "connection": "close", "content-length": str(len(body))}
        if token:
            fields["authorization"] = f"Bearer {token}"
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        try:
            writer.write(head.encode() + b"\r\n" + body)
            async with asyncio.timeout(PATIENCE):
                raw = await reader.read()
        finally:
            writer.close()
        head_bytes, _, content = raw.partition(b"\r\n\r\n")
        assert b"content-type: application/json" in head_bytes
        return Answer(int(head_bytes.split(b" ")[1]), content)

    async def get(self, path: str, trader: Trader | None = None) -> Any:
        """The decoded body of a GET under /v1 that must succeed."""
        answer = await self.http("GET", f"/v1/{path}", b"", trader.token if trader else "")
        assert answer.status == 200, answer
        return answer.json

    async def post(self, path: str, trader: Trader, **fields: Any) -> Any:
        """The same for a POST with a JSON body."""
        answer = await self.http("POST", f"/v1/{path}", json.dumps(fields).encode(), trader.token)
        assert answer.status == 200, answer
        return answer.json

    async def refused(self, method: str, path: str, trader: Trader | None = None, **fields: Any) -> tuple[int, int, str]:
        """(status, code, message) of a request that must fail."""
        body = json.dumps(fields).encode() if fields else b""
        answer = await self.http(method, f"/v1/{path}", body, trader.token if trader else "")
        assert list(answer.json) == ["error"]
        return answer.status, answer.json["error"]["code"], answer.json["error"]["message"]

    async def limit(self, trader: Trader, market: str, side: int, amount: str, price: str) -> Any:
        return await self.post(f"markets/{market}/orders", trader, side=side, amount=amount, price=price)

    def trader(self, name: str, scopes: frozenset[str] = SCOPES, ip_allow: tuple[str, ...] = (), **funds: str) -> Trader:
        """A new user with a token and with funds (`BTC="10"`)."""
        return self.keyed(self.user(name, **funds), scopes, ip_allow)

    def keyed(self, user: User, scopes: frozenset[str] = SCOPES, ip_allow: tuple[str, ...] = ()) -> Trader:
        return Trader(user, self.key(user, KEY_FORMS[0], scopes, ip_allow))

    def state(self) -> tuple[int, int, list[tuple[int, int, int]]]:
        """What a refused request must leave alone."""
        return self.engine.seq, self.engine.next_order_id, self.engine.totals()


def open_markets(immediate: Immediate, view: View) -> None:
    for code in ("BTC", "BCC", "BTG", "BCD", "USD"):
        assert immediate.create_asset(code, 16, 8).code == 0
    by_code = {spec.code: spec for spec in view.assets()}
    for base, quote, price_scale, amount_scale, least, maker, taker in MARKETS:
        outcome = immediate.create_market(
            by_code[base].id,
            by_code[quote].id,
            price_scale,
            amount_scale,
            self_trade=1,
            min_price=1,
            max_price=10**9,
            min_amount=_core.parse_units(least, amount_scale),
            max_amount=_core.parse_units("1000000", amount_scale),
            min_total=_core.parse_units("0.001", 16) if quote == "BTC" and base != "BTC" and maker == 0 else 0,
            maker_ppm=maker,
            taker_ppm=taker,
        )
        assert outcome.code == 0


def same_shape(found: Any, example: Any, path: str = "") -> None:
    """Fails unless both have the same keys in the same order, the same JSON types, and at least an item where the example has one."""
    assert type(found) is type(example), f"{path}: {found!r} for {example!r}"
    if isinstance(example, dict):
        assert list(found) == list(example), path
        for name, value in example.items():
            same_shape(found[name], value, f"{path}.{name}")
    elif isinstance(example, list) and example:
        assert found, f"{path}: empty"
        for item in found:
            same_shape(item, example[0], f"{path}[]") if not isinstance(example[0], list | str) else None
