"""A floor on which every dialect of the program is served, and one user with a key of each of them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect

from cambist.app import dialects
from cambist.dialect_kit.messages import Reply
from cambist.directory import ApiKey, User
from cambist.gateway.app import Gateway
from cambist.gateway.http.router import Router
from cambist.gateway.server import Server
from tests.dialects.btse.floor import signed_headers as btse_headers
from tests.dialects.native.floor import signed_headers as native_headers
from tests.support.floor import RoutedFloor, open_markets
from tests.support.waiting import ticks

PATIENCE = 20.0


class Clock(Protocol):
    @property
    def now(self) -> int: ...


class Door(Protocol):
    """A venue as its clients meet it, with every dialect."""

    @property
    def clock(self) -> Clock: ...

    @property
    def sockets(self) -> str:
        """Where its sockets are: the beginning of an address."""

    async def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[bytes, bytes] | None = None, query: bytes = b""
    ) -> Reply: ...

    async def settled(self) -> None:
        """Returns once all that was ordered is durable, in history, and on its way to sockets."""


class Owner:
    """Somebody whose requests are signed as each API wants it; `nonce` is the last one that they sent."""

    def __init__(self, floor: Door, user: User, keys: dict[str, ApiKey]) -> None:
        self._floor = floor
        self.user = user
        self.account = user.account
        self.keys = keys
        self.nonce = 0
        self.calls = 0

    def next_nonce(self) -> int:
        """Rises, and is a time that every API takes: the clock's ms."""
        self.nonce = max(self.nonce + 1, self._floor.clock.now // 1_000)
        return self.nonce

    async def form(self, path: str, body: str) -> Reply:
        """A form of BTC-e's or Mt.Gox's; `<nonce>` in it becomes one."""
        self.calls += 1
        # BTC-e's nonces have 32 bits.
        content = body.replace("<nonce>", str(self.calls if path == "/tapi" else self.next_nonce())).encode()
        if path == "/tapi":
            key = self.keys["btce"]
            headers = {b"key": key.key.encode(), b"sign": hmac.new(key.secret.encode(), content, hashlib.sha512).hexdigest().encode()}
        else:
            key = self.keys["mtgox"]
            signed = path.removeprefix("/api/2/").encode() + b"\0" + content if path.startswith("/api/2/") else content
            sign = base64.b64encode(hmac.new(base64.b64decode(key.secret), signed, hashlib.sha512).digest())
            headers = {b"rest-key": key.key.encode(), b"rest-sign": sign, b"user-agent": b"tests"}
        return await self._floor.send("POST", path, content, headers)

    async def btse(self, method: str, path: str, body: str = "", query: str = "") -> Reply:
        key = self.keys["btse"]
        headers = btse_headers(key.key, key.secret, path, self.next_nonce(), body.encode())
        return await self._floor.send(method, path, body.encode(), headers, query.encode())

    async def expie(self, method: str, path: str, body: str = "", query: str = "") -> Reply:
        headers = {b"authorization": b"Bearer " + self.keys["expie"].secret.encode(), b"content-type": b"application/json"}
        return await self._floor.send(method, path, body.encode(), headers, query.encode())

    async def native(self, method: str, path: str, body: str = "", query: str = "") -> Reply:
        self.nonce += 1
        key, timestamp = self.keys["native"], self._floor.clock.now + self.nonce % 1_000
        headers = native_headers(key.key, key.secret, timestamp, method, path, query.encode(), body.encode())
        return await self._floor.send(method, path, body.encode(), headers, query.encode())


class EveryDialect(RoutedFloor):
    """All routes on a running venue, and a server for their sockets."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        open_markets(self.commands, self.engine)
        sections = dialects.DialectSections()
        self.forms = {form.dialect: form for form in dialects.key_forms(sections)}
        self.served = dialects.build(sections, self.venue_services())
        routes = [route for service in self.served for route in service.routes]
        claims = [claim for service in self.served for claim in service.path_errors]
        self.router = Router(routes, claims)
        sockets = [socket for service in self.served for socket in service.sockets]
        self.server = Server(Gateway(routes, barrier=self.sequencer.barrier, sockets=sockets, path_errors=claims))

    def owner(self, name: str, **funds: str) -> Owner:
        user = self.user(name, **funds)
        return Owner(self, user, {name: self.key(user, form, form.scopes) for name, form in self.forms.items()})

    @property
    def sockets(self) -> str:
        return self.server.url.replace("http", "ws")

    async def settled(self) -> None:
        self.sequencer.drain()
        await self.history.reached(self.engine.seq)
        await ticks(5)


class Listener:
    """A private stream of one API; `heard` are its messages, as they came."""

    def __init__(self, floor: Door, connection: ClientConnection, ping: Any, is_pong: Any, prefix: str = "") -> None:
        """`prefix`: before every message that is JSON."""
        self._floor = floor
        self._prefix = prefix
        self._connection = connection
        self._ping = ping
        self._is_pong = is_pong

    async def say(self, message: Any) -> None:
        await self._connection.send(message if isinstance(message, str) else self._prefix + json.dumps(message))

    async def quiet(self) -> list[str]:
        """Everything that is on its way: the last thing to come is the answer to a ping."""
        found: list[str] = []
        for _ in range(2):  # what is read from history is sent a few ticks later
            await self._floor.settled()
            await self.say(self._ping)
            async with asyncio.timeout(PATIENCE):
                while not self._is_pong(message := str(await self._connection.recv())):
                    found.append(message)
        return found


PATHS = {"BTSE": "/ws/spot", "Expie": "/ws", "Mt.Gox": "/mtgox?Channel=none", "Cambist": "/cambist/v1/stream"}


@asynccontextmanager
async def listening(floor: Door, owner: Owner, api: str) -> AsyncIterator[Listener]:
    """Follows everything that the API pushes of one's own orders. `api`: BTSE, Expie, Mt.Gox, Cambist."""
    async with connected(floor, api, PATHS[api]) as listener:
        for message in await private_topics(floor, owner, api):
            await listener.say(message)
            await listener.quiet()
        yield listener


@asynccontextmanager
async def connected(floor: Door, api: str, path: str, prefix: str = "") -> AsyncIterator[Listener]:
    """A client of a socket of that API, which has said nothing yet."""
    ping: Any = {
        "BTSE": "ping",
        "Expie": {"method": "server.ping", "params": [], "id": 9},
        "Mt.Gox": {"op": "echo", "id": "now"},
        "Cambist": {"op": "ping", "id": "now"},
    }[api]

    def is_pong(message: str) -> bool:
        return message == "pong" or '"id":"now"' in message or '"pong"' in message

    async with connect(floor.sockets + path, compression=None, proxy=None) as connection:
        yield Listener(floor, connection, ping, is_pong, prefix)


async def private_topics(floor: Door, owner: Owner, api: str) -> list[Any]:
    """What one says to be told of one's orders."""
    if api == "BTSE":
        key, nonce = owner.keys["btse"], str(owner.next_nonce())
        sign = btse_headers(key.key, key.secret, "/ws/spot", nonce)[b"request-sign"].decode()
        topics = ["notificationApi", "notificationApiV2", "notificationApiV3", "fills"]
        return [{"op": "authKeyExpires", "args": [key.key, nonce, sign]}, {"op": "subscribe", "args": topics}]
    if api == "Expie":
        followed = {"method": "order.subscribe", "params": ["BTCUSD"], "id": 8}
        return [{"method": "server.auth", "params": [owner.keys["expie"].secret, "tests"], "id": 7}, followed]
    if api == "Mt.Gox":
        reply = await owner.form("/api/1/generic/private/idkey", urlencode({"nonce": owner.next_nonce()}))
        return [{"op": "mtgox.subscribe", "key": json.loads(reply.content)["return"]}]
    key = owner.keys["native"]
    timestamp = floor.clock.now
    signed = native_headers(key.key, key.secret, timestamp, "GET", "/cambist/v1/stream", b"", b"")
    values = {name: signed[f"cambist-{name}".encode()].decode() for name in ("key", "timestamp", "signature")}
    return [{"op": "login", "id": "l", **values}, {"op": "subscribe", "id": "s", "topics": ["orders", "fills"]}]
