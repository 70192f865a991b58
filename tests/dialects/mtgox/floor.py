"""A whole trading floor for this dialect's tests: real core, sequencer, directory, wallet, merchant desk, histories and routes."""

import base64
import hashlib
import hmac
import inspect
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from cambist import _core
from cambist.dialects.mtgox.auth import KEY_FORM, SCOPES
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

ASSETS = ("USD", "BTC", "LTC", "EUR", "JPY", "GBP")
# base, quote, price decimals, min price, max price, min amount
MARKETS = (
    ("BTC", "USD", 3, "0.1", "10000", "0.001"),
    ("BTC", "EUR", 5, "0.1", "10000", "0.001"),
    ("BTC", "JPY", 3, "1", "1000000", "0.001"),
    ("BTC", "GBP", 5, "0.1", "10000", "0.001"),
    ("LTC", "BTC", 5, "0.0001", "10", "0.01"),
    ("LTC", "USD", 6, "0.0001", "1000", "0.1"),
    ("EUR", "USD", 5, "0.5", "2", "0.1"),
)
AGENT = {b"user-agent": b"hello", b"host": b"127.0.0.1:8700"}


@dataclass
class Trader:
    """A user with one key; `nonce` is the last one that this trader sent."""

    user: User
    key: ApiKey
    nonce: int = 1_000_000_000_000_000

    @property
    def account(self) -> int:
        return self.user.account

    def sign(self, message: bytes) -> bytes:
        return base64.b64encode(hmac.new(base64.b64decode(self.key.secret), message, hashlib.sha512).digest())

    def headers(self, message: bytes) -> dict[bytes, bytes]:
        return {**AGENT, b"rest-key": self.key.key.encode(), b"rest-sign": self.sign(message)}

    def form(self, **fields: object) -> bytes:
        """A body with the next nonce."""
        self.nonce += 1
        return urlencode({"nonce": self.nonce, **fields}).encode()


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
    service: Any
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
        client: str = "192.0.2.1",
    ) -> Reply:
        """One request through the routes and, as the gateway does, past the journal's barrier."""
        path, _, query = path.partition("?")
        route, match = self.router.find(method, path)
        made = route.handler(Request(method, path, query.encode(), AGENT if headers is None else headers, body, client, match))
        reply = await made if inspect.isawaitable(made) else made
        barrier = self.exchange.sequencer.barrier()
        if route.durable and barrier is not None:
            await barrier
        self.replies.append(reply.body)
        return reply

    async def json(self, method: str, path: str, body: bytes = b"", headers: dict[bytes, bytes] | None = None, status: int = 200) -> Any:
        """The decoded answer."""
        reply = await self.send(method, path, body, headers)
        assert reply.status == status, reply.body
        assert reply.content_type == b"application/json"
        return json.loads(reply.body)

    async def public(self, path: str, method: str = "GET") -> Any:
        """What a public v1 method returned."""
        answer = await self.json(method, f"/api/1/{path}")
        assert list(answer) == ["result", "return"], answer
        assert answer["result"] == "success"
        return answer["return"]

    async def call(self, trader: Trader, path: str, status: int = 200, **fields: object) -> Any:
        """A signed v1 call with the next nonce; `from_` stands for the field `from`."""
        body = trader.form(**{name.rstrip("_"): value for name, value in fields.items()})
        return await self.json("POST", f"/api/1/{path}", body, trader.headers(body), status)

    async def returned(self, trader: Trader, path: str, **fields: object) -> Any:
        """What a call that must succeed returned."""
        answer = await self.call(trader, path, **fields)
        assert answer["result"] == "success", answer
        return answer["return"]

    async def error(self, trader: Trader, path: str, status: int = 200, **fields: object) -> str:
        """The text of a call that must fail."""
        answer = await self.call(trader, path, status, **fields)
        assert answer["result"] == "error", answer
        assert set(answer) <= {"result", "error", "token"}
        return str(answer["error"])

    async def order(self, trader: Trader, side: str, price: str, amount: str, pair: str = "BTCUSD") -> str:
        """Places a limit order by decimals; its oid."""
        scale = 3 if pair.endswith("JPY") else 5
        fields = {"type": side, "amount_int": _core.parse_units(amount, 8), "price_int": _core.parse_units(price, scale)}
        oid = await self.returned(trader, f"{pair}/private/order/add", **fields)
        assert isinstance(oid, str)
        return oid

    def trader(self, name: str, scopes: frozenset[str] = SCOPES, ip_allow: tuple[str, ...] = (), **funds: str) -> Trader:
        """A new user with a key and with funds (`BTC="10"`)."""
        account = self.exchange.control.open_account().id
        user = self.directory.add_user(name, "a password", account)
        assert isinstance(user, User)
        for code, amount in funds.items():
            self.fund(account, code, amount)
        return self.keyed(user, scopes, ip_allow)

    def keyed(self, user: User, scopes: frozenset[str] = SCOPES, ip_allow: tuple[str, ...] = ()) -> Trader:
        key = self.directory.mint_key(user, KEY_FORM, scopes, ip_allow)
        assert isinstance(key, ApiKey)
        return Trader(user, key)

    def fund(self, account: int, code: str, amount: str) -> None:
        spec = self.exchange.assets.by_code(code)
        assert spec is not None
        transfer_id = (1 << 100) + self.engine.seq
        assert self.exchange.funds.deposit(transfer_id, account, spec.id, _core.parse_units(amount, spec.scale)).code == 0

    def money(self) -> list[tuple[int, int, int, int]]:
        """(account, asset, available, held) of everybody: what a refused request must leave alone."""
        return [
            (account, balance.asset, balance.available, balance.held)
            for account in range(self.engine.accounts)
            for balance in self.engine.balances(account)
        ]

    def available(self, trader: Trader, code: str) -> str:
        """What an account can spend, as text."""
        spec = self.exchange.assets.by_code(code)
        assert spec is not None
        return _core.format_units(self.engine.balance(trader.account, spec.id)[0], spec.scale)

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
            max_amount=_core.parse_units("100000", 8),
            min_total=0,
            maker_ppm=6000,
            taker_ppm=6000,
        )
        assert outcome.code == 0
