"""A whole trading floor for this dialect's tests: real core, sequencer, directory, wallet, merchant service, histories and routes."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cambist import _core
from cambist.dialect_kit.messages import Reply
from cambist.dialects.mtgox import build
from cambist.dialects.mtgox.auth import KEY_FORM, SCOPES
from cambist.directory import User
from cambist.gateway.http.router import Router
from tests.support import floor as shared
from tests.support.floor import DAY, NOON, SECOND, RoutedFloor, open_markets

__all__ = ["AGENT", "DAY", "NOON", "SECOND", "Floor", "Trader"]

ASSETS = ("USD", "BTC", "LTC", "EUR", "JPY", "GBP")
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
class Trader(shared.Trader):
    """A user with one key; `nonce` is the last one that this trader sent."""

    nonce: int = 1_000_000_000_000_000

    def sign(self, message: bytes) -> bytes:
        return base64.b64encode(hmac.new(base64.b64decode(self.key.secret), message, hashlib.sha512).digest())

    def headers(self, message: bytes) -> dict[bytes, bytes]:
        return {**AGENT, b"rest-key": self.key.key.encode(), b"rest-sign": self.sign(message)}

    def form(self, **fields: object) -> bytes:
        """A body with the next nonce."""
        self.nonce += 1
        return urlencode({"nonce": self.nonce, **fields}).encode()


class Floor(RoutedFloor):
    """Routes on a running venue. `call` is what a well-behaved client does, `send` whatever a client might do."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        open_markets(self.commands, self.engine, ASSETS, MARKETS, max_amount="100000", fee_ppm=6000)
        self.services = self.venue_services()
        self.service = build(self.services)
        assert self.service.webhook_signer is not None
        self.merchants.outbox.sign_with(self.service.webhook_signer)
        self.router = Router(self.service.routes)

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[bytes, bytes] | None = None,
        query: bytes = b"",
        client: str = "192.0.2.1",
    ) -> Reply:
        """As for every floor; the path may have a query."""
        path, _, asked = path.partition("?")
        return await super().send(method, path, body, AGENT if headers is None else headers, query or asked.encode(), client)

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

    async def call(self, trader: Trader, path: str, status: int = 200, /, **fields: object) -> Any:
        """A signed v1 call with the next nonce; `from_` stands for the field `from`."""
        body = trader.form(**{name.rstrip("_"): value for name, value in fields.items()})
        return await self.json("POST", f"/api/1/{path}", body, trader.headers(body), status)

    async def returned(self, trader: Trader, path: str, **fields: object) -> Any:
        """What a call that must succeed returned."""
        answer = await self.call(trader, path, **fields)
        assert answer["result"] == "success", answer
        return answer["return"]

    async def error(self, trader: Trader, path: str, status: int = 200, /, **fields: object) -> str:
        """The text of a call that must fail."""
        answer = await self.call(trader, path, status, **fields)
        assert answer["result"] == "error", answer
        assert list(answer) == ["result", "error", "token"]
        assert re.fullmatch("[a-z_]+", answer["token"])
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
        return self.keyed(self.user(name, **funds), scopes, ip_allow)

    def keyed(self, user: User, scopes: frozenset[str] = SCOPES, ip_allow: tuple[str, ...] = ()) -> Trader:
        return Trader(user, self.key(user, KEY_FORM, scopes, ip_allow))

    def available(self, trader: Trader, code: str) -> str:
        """What an account can spend, as text."""
        spec = self.catalogue.assets.by_code(code)
        assert spec is not None
        return _core.format_units(self.engine.balance(trader.account, spec.id)[0], spec.scale)
