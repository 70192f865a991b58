"""A trading floor for this dialect's tests: real core, sequencer, directory, wallet, history, market data and routes, no sockets."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cambist.dialect_kit.messages import Reply
from cambist.dialects.btse import Settings, build
from cambist.dialects.btse.auth import KEY_FORMS, SCOPES
from cambist.directory import User
from cambist.gateway.http.router import Router
from tests.support.floor import RoutedFloor, Trader, open_markets

__all__ = ["V2", "V3", "Floor", "Trader", "error_of", "signed_headers"]

V2, V3 = "/spot/v2", "/spot/api/v3.2"


def signed_headers(key: str, secret: str, path: str, nonce: int | str, body: bytes = b"", family: str = "request") -> dict[bytes, bytes]:
    """What the documented algorithm puts into the headers; `path` exactly as it is to be signed."""
    sign = hmac.new(secret.encode(), path.encode() + str(nonce).encode() + body, hashlib.sha384).hexdigest()
    values = {"api": key, "nonce": str(nonce), "sign": sign}
    return {f"{family}-{name}".encode(): value.encode() for name, value in values.items()}


class Floor(RoutedFloor):
    """Routes on a running venue. `call` is what a well-behaved client does, `send` whatever a client might do."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        super().__init__(folder)
        open_markets(self.commands, self.engine)
        self.settings = settings
        self.services = self.venue_services()
        self.counter = 0
        self.restart_dialect()

    def restart_dialect(self) -> None:
        """The dialect as after a restart: nothing that it kept in memory is there."""
        self.service = build(self.services, self.settings)
        self.router = Router(self.service.routes)

    @property
    def now_ms(self) -> int:
        return self.clock.now // 1_000

    def nonce(self) -> int:
        """A nonce of its own for each call, inside the window."""
        self.counter += 1
        return self.now_ms + self.counter % 1_000

    async def public(self, path: str) -> Any:
        """The decoded answer of a public path, which may have a query."""
        path, _, query = path.partition("?")
        reply = await self.send("GET", path, query=query.encode())
        assert reply.status == 200, reply.body
        return json.loads(reply.content)

    async def reply(
        self, trader: Trader, method: str, path: str, fields: dict[str, Any] | None = None, *, body: bytes | None = None
    ) -> Reply:
        """A signed request: fields in the query for GET and DELETE, in the body otherwise."""
        query = b""
        if method in ("GET", "DELETE"):
            query, content = urlencode(fields or {}).encode(), body or b""
        else:
            content = body if body is not None else json.dumps(fields or {}).encode()
        headers = signed_headers(trader.key.key, trader.key.secret, path.removeprefix("/spot"), self.nonce(), content)
        return await self.send(method, path, content, headers, query)

    async def call(self, trader: Trader, method: str, path: str, **fields: Any) -> Any:
        """The decoded body of a call that must succeed."""
        reply = await self.reply(trader, method, path, fields)
        assert reply.status == 200, reply.body
        return json.loads(reply.content)

    async def error(self, trader: Trader, method: str, path: str, **fields: Any) -> tuple[int, int, str]:
        """(HTTP status, errorCode, message) of a call that must fail; checks the body's form."""
        reply = await self.reply(trader, method, path, fields)
        return error_of(path, reply)

    async def order(self, trader: Trader, **fields: Any) -> Any:
        """The one row of a v3.2 order; LIMIT unless said otherwise."""
        rows = await self.call(trader, "POST", f"{V3}/order", **{"symbol": "BTC-USD", "type": "LIMIT", **fields})
        assert len(rows) == 1
        return rows[0]

    def trader(self, name: str, scopes: frozenset[str] = SCOPES, ip_allow: tuple[str, ...] = (), **funds: str) -> Trader:
        """A new user with a key and with funds (`BTC="10"`)."""
        return self.keyed(self.user(name, **funds), scopes, ip_allow)

    def keyed(self, user: User, scopes: frozenset[str] = SCOPES, ip_allow: tuple[str, ...] = ()) -> Trader:
        return Trader(user, self.key(user, KEY_FORMS[0], scopes, ip_allow))

    def state(self) -> list[tuple[int, ...]]:
        """Everybody's money and orders: what a refused request must leave alone."""
        accounts = range(self.engine.accounts)
        orders = [(order.order_id, order.price, order.remaining) for number in accounts for order in self.engine.open_orders(number)]
        return [*self.money(), *orders]


def error_of(path: str, reply: Reply) -> tuple[int, int, str]:
    """(HTTP status, errorCode, message), and the form that the path's generation has."""
    decoded = json.loads(reply.content)
    if path.startswith(("/public-api/", "/spot/api/v4", "/spot/api/v3.3")):
        assert list(decoded) == ["code", "msg", "time", "data", "success"], decoded
        assert (decoded["data"], decoded["success"]) == (None, False)
        decoded = {"errorCode": decoded["code"], "message": decoded["msg"]}
    elif path.startswith("/spot/api/"):
        assert list(decoded) == ["status", "errorCode", "message", "extraData"], decoded
        assert decoded["status"] == reply.status
        assert decoded["extraData"] is None
    else:
        assert list(decoded) == ["code", "errorCode", "message"], decoded
        assert decoded["code"] == reply.status
    assert reply.status >= 400
    return reply.status, decoded["errorCode"], decoded["message"]
