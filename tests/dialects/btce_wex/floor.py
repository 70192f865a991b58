"""A whole trading floor for this dialect's tests: real core, sequencer, directory, wallet, histories and routes, no sockets."""

import hashlib
import hmac
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from cambist import _core
from cambist.dialects.btce_wex.auth import KEY_FORMS, SCOPES
from cambist.directory import ApiKey, Directory, User
from cambist.domain.meta import Meta
from cambist.exchange import Exchange
from cambist.gateway.house import House
from cambist.gateway.messages import Reply, Request
from cambist.gateway.router import Router
from cambist.wallet import Desk, SimulatedChain
from support.by_hand import HandClock, MemoryJournal

NOON = 1_795_000_000_000_000
SECOND = 1_000_000
DAY = 86_400 * SECOND

ASSETS = ("USD", "BTC", "LTC", "ETH", "EUR")
# base, quote, price decimals, min price, max price, min amount (as texts)
MARKETS = (
    ("BTC", "USD", 3, "0.1", "10000", "0.001"),
    ("LTC", "USD", 6, "0.0001", "1000", "0.1"),
    ("LTC", "BTC", 5, "0.0001", "10", "0.01"),
    ("EUR", "USD", 5, "0.5", "2", "0.1"),
)
FORMS = {form.dialect: form for form in KEY_FORMS}


@dataclass
class Trader:
    """A user with one key; `nonce` is the last one that this trader sent."""

    user: User
    key: ApiKey
    nonce: int = 0

    @property
    def account(self) -> int:
        return self.user.account


@dataclass
class Floor:
    """Routes on a running house. `call` is what a well-behaved client does, `send` whatever a client might do."""

    exchange: Exchange
    journal: MemoryJournal
    directory: Directory
    desk: Desk
    chain: SimulatedChain
    clock: HandClock
    house: House
    router: Router
    metas: list[Meta]
    """The metas of every durable command, in order."""
    replies: list[bytes] = field(default_factory=list)

    @property
    def engine(self) -> _core.Engine:
        return self.exchange.engine

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
        self.replies.append(reply.body)
        return reply

    async def public(self, path: str, method: str = "GET") -> Any:
        """The decoded answer of a public path, which may have a query."""
        path, _, query = path.partition("?")
        reply = await self.send(method, path, query=query.encode())
        assert reply.status == 200
        return json.loads(reply.body)

    async def post(self, trader: Trader, body: bytes, **overrides: bytes) -> Any:
        """Signs exactly these bytes."""
        sign = hmac.new(trader.key.secret.encode(), body, hashlib.sha512).hexdigest().encode()
        headers = {b"key": trader.key.key.encode(), b"sign": sign} | {name.encode(): value for name, value in overrides.items()}
        reply = await self.send("POST", "/tapi", body, headers)
        assert reply.status == 200
        assert reply.content_type == b"application/json"
        return json.loads(reply.body)

    async def call(self, trader: Trader, method: str, **fields: str | int) -> Any:
        """A signed call with the next nonce; `from_` stands for the field `from`."""
        trader.nonce += 1
        named = {name.rstrip("_"): str(value) for name, value in fields.items()}
        return await self.post(trader, urlencode({"method": method, "nonce": trader.nonce, **named}).encode())

    async def returned(self, trader: Trader, method: str, **fields: str | int) -> Any:
        """What a call that must succeed returned."""
        answer = await self.call(trader, method, **fields)
        assert answer.get("success") == 1, answer
        return answer["return"]

    async def error(self, trader: Trader, method: str, **fields: str | int) -> str:
        """The text of a call that must fail."""
        answer = await self.call(trader, method, **fields)
        assert answer["success"] == 0, answer
        assert list(answer) == ["success", "error"]
        return str(answer["error"])

    def trader(
        self, name: str, dialect: str = "btce", scopes: frozenset[str] = SCOPES, ip_allow: tuple[str, ...] = (), **funds: str
    ) -> Trader:
        """A new user with a key and with funds (`BTC="10"`)."""
        account = self.exchange.control.open_account().id
        user = self.directory.add_user(name, "a password", account)
        assert isinstance(user, User)
        for code, amount in funds.items():
            self.fund(account, code, amount)
        return self.keyed(user, dialect, scopes, ip_allow)

    def keyed(self, user: User, dialect: str = "btce", scopes: frozenset[str] = SCOPES, ip_allow: tuple[str, ...] = ()) -> Trader:
        key = self.directory.mint_key(user, FORMS[dialect], scopes, ip_allow)
        assert isinstance(key, ApiKey)
        return Trader(user, key)

    def fund(self, account: int, code: str, amount: str) -> None:
        spec = self.exchange.assets.by_code(code)
        assert spec is not None
        transfer_id = (1 << 100) + self.engine.seq
        assert self.exchange.funds.deposit(transfer_id, account, spec.id, _core.parse_units(amount, spec.scale)).code == 0

    def set_limits(self, min_price: int, min_amount: int, min_total: int = 0) -> None:
        """Other lower limits for btc_usd."""
        outcome = self.exchange.control.set_market_limits(
            0, min_price=min_price, max_price=10**7, min_amount=min_amount, max_amount=10**14, min_total=min_total
        )
        assert outcome.code == 0

    def money(self) -> list[tuple[int, int, int, int]]:
        """(account, asset, available, held) of everybody: what a refused request must leave alone."""
        return [
            (account, balance.asset, balance.available, balance.held)
            for account in range(self.engine.accounts)
            for balance in self.engine.balances(account)
        ]

    def orders(self) -> list[tuple[int, int]]:
        """(id, remaining) of all live orders."""
        return [
            (order.order_id, order.remaining)
            for account in range(self.engine.accounts)
            for order in self.engine.open_orders(account)
        ]  # fmt: skip

    def nonces(self, trader: Trader) -> list[int]:
        """The nonces of a key that stand in the journal, in order."""
        self.exchange.sequencer.settle()
        return [meta.nonce for meta in self.metas if meta.key_id == trader.key.id]


def open_markets(exchange: Exchange) -> None:
    for code in ASSETS:
        assert exchange.control.create_asset(code, 16, 8).code == 0
    by_code = {spec.code: spec for spec in exchange.assets.by_id}
    for base, quote, scale, min_price, max_price, min_amount in MARKETS:
        outcome = exchange.control.create_market(
            by_code[base].id,
            by_code[quote].id,
            scale,
            8,
            self_trade=1,
            min_price=_core.parse_units(min_price, scale),
            max_price=_core.parse_units(max_price, scale),
            min_amount=_core.parse_units(min_amount, 8),
            max_amount=_core.parse_units("1000000", 8),
            min_total=0,
            maker_ppm=2000,
            taker_ppm=2000,
        )
        assert outcome.code == 0


Closing = list[Callable[[], None]]
