"""A whole trading floor for this dialect's tests: real core, sequencer, directory, wallet, histories and routes, no sockets."""

import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cambist.dialects.btce_wex import build
from cambist.dialects.btce_wex.auth import KEY_FORMS, SCOPES
from cambist.directory import User
from cambist.gateway.http.router import Router
from tests.support import floor as shared
from tests.support.floor import DAY, NOON, SECOND, RoutedFloor, open_markets

__all__ = ["DAY", "NOON", "SECOND", "Floor", "Trader"]

FORMS = {form.dialect: form for form in KEY_FORMS}


@dataclass
class Trader(shared.Trader):
    """A user with one key; `nonce` is the last one that this trader sent."""

    nonce: int = 0


class Floor(RoutedFloor):
    """Routes on a running venue. `call` is what a well-behaved client does, `send` whatever a client might do."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        open_markets(self.commands, self.engine)
        self.services = self.venue_services()
        service = build(self.services)
        self.router = Router(service.routes, service.path_errors)

    def limit_coupons(self, per_day: int) -> None:
        """Another limit for one account's coupons."""
        self.services = replace(self.services, coupons_per_day=per_day)
        service = build(self.services)
        self.router = Router(service.routes, service.path_errors)

    async def public(self, path: str, method: str = "GET") -> Any:
        """The decoded answer of a public path, which may have a query."""
        path, _, query = path.partition("?")
        reply = await self.send(method, path, query=query.encode())
        assert reply.status == 200
        return json.loads(reply.content)

    async def post(self, trader: Trader, body: bytes, **overrides: bytes) -> Any:
        """Signs exactly these bytes."""
        sign = hmac.new(trader.key.secret.encode(), body, hashlib.sha512).hexdigest().encode()
        headers = {b"key": trader.key.key.encode(), b"sign": sign} | {name.encode(): value for name, value in overrides.items()}
        reply = await self.send("POST", "/tapi", body, headers)
        assert reply.status == 200
        assert reply.content_type == b"application/json"
        return json.loads(reply.content)

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
        return self.keyed(self.user(name, **funds), dialect, scopes, ip_allow)

    def keyed(self, user: User, dialect: str = "btce", scopes: frozenset[str] = SCOPES, ip_allow: tuple[str, ...] = ()) -> Trader:
        return Trader(user, self.key(user, FORMS[dialect], scopes, ip_allow))

    def set_limits(self, min_price: int, min_amount: int, min_total: int = 0) -> None:
        """Other lower limits for btc_usd."""
        outcome = self.immediate.set_market_limits(
            0, min_price=min_price, max_price=10**7, min_amount=min_amount, max_amount=10**14, min_total=min_total
        )
        assert outcome.code == 0

    def orders(self) -> list[tuple[int, int]]:
        """(id, remaining) of all live orders."""
        return [
            (order.order_id, order.remaining)
            for account in range(self.engine.accounts)
            for order in self.engine.open_orders(account)
        ]  # fmt: skip
