"""A trading floor for this dialect's tests: real core, sequencer, directory, wallet, history, market data and routes, no sockets."""

import hashlib
import hmac
import inspect
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from cambist import _core
from cambist.dialects.btse import Settings
from cambist.dialects.btse.auth import KEY_FORMS, SCOPES
from cambist.directory import ApiKey, Directory, User
from cambist.domain.meta import Meta
from cambist.exchange import Exchange
from cambist.gateway.house import House
from cambist.gateway.messages import Reply, Request
from cambist.gateway.router import Router
from cambist.gateway.service import DialectService
from cambist.gateway.ws_timetable import Timetable
from support.by_hand import HandClock, MemoryJournal

V2, V3 = "/spot/v2", "/spot/api/v3.2"


def signed_headers(key: str, secret: str, path: str, nonce: int | str, body: bytes = b"", family: str = "request") -> dict[bytes, bytes]:
    """What the documented algorithm puts into the headers; `path` exactly as it is to be signed."""
    sign = hmac.new(secret.encode(), path.encode() + str(nonce).encode() + body, hashlib.sha384).hexdigest()
    values = {"api": key, "nonce": str(nonce), "sign": sign}
    return {f"{family}-{name}".encode(): value.encode() for name, value in values.items()}


@dataclass
class Trader:
    """A user with one key."""

    user: User
    key: ApiKey

    @property
    def account(self) -> int:
        return self.user.account


@dataclass
class Floor:
    """Routes on a running house. `call` is what a well-behaved client does, `send` whatever a client might do."""

    exchange: Exchange
    journal: MemoryJournal
    directory: Directory
    clock: HandClock
    house: House
    service: DialectService
    router: Router
    timetable: Timetable
    settings: Settings
    metas: list[Meta]
    """The metas of every durable command, in order."""
    replies: list[Reply] = field(default_factory=list)
    counter: int = 0

    @property
    def engine(self) -> _core.Engine:
        return self.exchange.engine

    @property
    def now_ms(self) -> int:
        return self.clock.now // 1_000

    def nonce(self) -> int:
        """A nonce of its own for each call, inside the window."""
        self.counter += 1
        return self.now_ms + self.counter % 1_000

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[bytes, bytes] | None = None,
        query: bytes = b"",
        client: str = "192.0.2.1",
    ) -> Reply:
        """One request through the routes and, as the gateway does, past the journal's barrier."""
        route, match = self.router.find(method, path)
        made = route.handler(Request(method, path, query, headers or {}, body, client, match))
        reply = await made if inspect.isawaitable(made) else made
        barrier = self.exchange.sequencer.barrier()
        if route.durable and barrier is not None:
            await barrier
        self.replies.append(reply)
        return reply

    async def public(self, path: str) -> Any:
        """The decoded answer of a public path, which may have a query."""
        path, _, query = path.partition("?")
        reply = await self.send("GET", path, query=query.encode())
        assert reply.status == 200, reply.body
        return json.loads(reply.body)

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
        return json.loads(reply.body)

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
        account = self.exchange.control.open_account().id
        user = self.directory.add_user(name, "a password", account)
        assert isinstance(user, User)
        for code, amount in funds.items():
            self.fund(account, code, amount)
        return self.keyed(user, scopes, ip_allow)

    def keyed(self, user: User, scopes: frozenset[str] = SCOPES, ip_allow: tuple[str, ...] = ()) -> Trader:
        key = self.directory.mint_key(user, KEY_FORMS[0], scopes, ip_allow)
        assert isinstance(key, ApiKey)
        return Trader(user, key)

    def fund(self, account: int, code: str, amount: str) -> None:
        spec = self.exchange.assets.by_code(code)
        assert spec is not None
        transfer_id = (1 << 100) + self.engine.seq
        assert self.exchange.funds.deposit(transfer_id, account, spec.id, _core.parse_units(amount, spec.scale)).code == 0

    def state(self) -> list[tuple[int, ...]]:
        """Everybody's money and orders: what a refused request must leave alone."""
        accounts = range(self.engine.accounts)
        money = [(number, row.asset, row.available, row.held) for number in accounts for row in self.engine.balances(number)]
        orders = [(order.order_id, order.price, order.remaining) for number in accounts for order in self.engine.open_orders(number)]
        return [*money, *orders]

    def nonces(self, trader: Trader) -> list[int]:
        """The nonces of a key that stand in the journal, in order."""
        self.exchange.sequencer.settle()
        return [meta.nonce for meta in self.metas if meta.key_id == trader.key.id]


def error_of(path: str, reply: Reply) -> tuple[int, int, str]:
    """(HTTP status, errorCode, message), and the form that the path's generation has."""
    decoded = json.loads(reply.body)
    if path.startswith("/spot/api/"):
        assert list(decoded) == ["status", "errorCode", "message", "extraData"], decoded
        assert decoded["status"] == reply.status
        assert decoded["extraData"] is None
    else:
        assert list(decoded) == ["code", "errorCode", "message"], decoded
        assert decoded["code"] == reply.status
    assert reply.status >= 400
    return reply.status, decoded["errorCode"], decoded["message"]
