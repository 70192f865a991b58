"""A trading floor for the native API's tests: real core, sequencer, directory, wallet, history, market data and routes, no sockets."""

import hashlib
import hmac
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from cambist.dialect_kit.messages import Reply
from cambist.dialects.native import Settings, build
from cambist.dialects.native.answers import codes_of, statuses_of
from cambist.dialects.native.auth import KEY_FORM
from cambist.dialects.native.endpoint import Endpoint
from cambist.dialects.native.routes import ENDPOINTS
from cambist.dialects.native.scopes import KEY_SCOPES, OPERATORS
from cambist.directory import KeyForm, User
from cambist.domain.units import AccountId
from cambist.gateway.http.router import Router
from cambist.operations.audit import AuditLog
from cambist.operations.context import OperationsContext
from cambist.operations.operation import Actor
from cambist.operations.registry import OPERATIONS, Operations
from tests.support.floor import RoutedFloor, Trader, open_markets
from tests.support.memory_storage import MemoryStorage

__all__ = ["BASE", "Browser", "Floor", "Trader", "problem_of", "signed_headers"]

BASE = "/cambist/v1"
OTHER_FORM = KeyForm(
    "other",
    lambda entropy: (entropy("key", 8).hex(), entropy("secret", 8).hex()),
    frozenset({"info", "spend"}),
    frozenset({"info"}),
    lambda key: {"public": key.key, "private": key.secret},
)
"""Keys of another API of the venue."""


def signed_message(timestamp: bytes, method: str, path: str, query: bytes, body: bytes) -> bytes:
    """What the documented algorithm signs."""
    return b"\n".join((timestamp, method.encode(), path.encode(), query, body))


def signed_headers(key: str, secret: str, timestamp: int | str, method: str, path: str, query: bytes, body: bytes) -> dict[bytes, bytes]:
    """What the documented algorithm puts into the headers."""
    message = signed_message(str(timestamp).encode(), method, path, query, body)
    signature = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return {
        b"cambist-key": key.encode(),
        b"cambist-timestamp": str(timestamp).encode(),
        b"cambist-signature": signature.encode(),
        b"content-type": b"application/json",
    }


class Floor(RoutedFloor):
    """Routes on a running venue. `call` is what a well-behaved client does, `send` whatever a client might do."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        super().__init__(folder)
        open_markets(self.commands, self.engine)
        self.settings = settings
        self.services = replace(self.venue_services(), key_forms=(KEY_FORM, OTHER_FORM))
        self.counter = 0
        self._serve_operators(folder / "audit.jsonl")
        self.restart_dialect()

    def _serve_operators(self, audit_log: Path) -> None:
        self.audit = AuditLog(audit_log)
        context = OperationsContext(
            commands=self.services.commands,
            view=self.services.view,
            catalogue=self.services.catalogue,
            directory=self.directory,
            wallet=self.wallet,
            history=self.history,
            merchants=self.merchants,
            scheduler=self.services.scheduler,
            entropy=self.services.entropy,
            key_forms=self.services.key_forms,
            storage=MemoryStorage(self, audit_log),
            simulated_network=self.chain,
        )
        operations = Operations(context, self.audit)

        async def run(actor: str, account: AccountId, name: str, request: msgspec.Struct) -> Any:
            return await operations.perform(Actor(actor, account), OPERATIONS[name], request)

        self.services.operator_requests.bind(run)

    def close(self) -> None:
        super().close()
        self.audit.close()

    def restart_dialect(self) -> None:
        """The dialect as after a restart: nothing that it kept in memory is there."""
        self.service = build(self.services, self.settings)
        self.router = Router(self.service.routes, self.service.path_errors)

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[bytes, bytes] | None = None,
        query: bytes = b"",
        client: str = "192.0.2.1",
    ) -> Reply:
        """As everywhere; and whatever is answered must be what the documents say."""
        reply = await super().send(method, path, body, headers, query, client)
        endpoint = _endpoint_of(method, path)
        if endpoint is not None:
            _check_documented(endpoint, reply)
        return reply

    def timestamp(self) -> int:
        """One of its own for each request, inside the window."""
        self.counter += 1
        return self.clock.now + self.counter

    async def public(self, path: str) -> Any:
        """The decoded answer of a public path, which may have a query."""
        path, _, query = path.partition("?")
        reply = await self.send("GET", BASE + path, query=query.encode())
        assert reply.status == 200, reply.body
        return json.loads(reply.content)

    async def reply(
        self,
        trader: Trader,
        method: str,
        path: str,
        fields: Any = None,
        *,
        body: bytes | None = None,
        timestamp: int | None = None,
        client: str = "192.0.2.1",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """A signed request; `path` below BASE, with a query."""
        path, _, query = (BASE + path).partition("?")
        content = body if body is not None else b"" if fields is None else json.dumps(fields).encode()
        at = self.timestamp() if timestamp is None else timestamp
        signed = signed_headers(trader.key.key, trader.key.secret, at, method, path, query.encode(), content)
        more = {name.encode(): value.encode() for name, value in (headers or {}).items()}
        return await self.send(method, path, content, {**signed, **more}, query.encode(), client)

    async def call(self, trader: Trader, method: str, path: str, fields: Any = None, headers: dict[str, str] | None = None) -> Any:
        """The decoded body of a call that must succeed."""
        reply = await self.reply(trader, method, path, fields, headers=headers)
        assert reply.status < 300, reply.body
        return json.loads(reply.content)

    async def problem(
        self, trader: Trader, method: str, path: str, fields: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """(HTTP status, code) of a call that must fail; checks the body's form."""
        return problem_of(await self.reply(trader, method, path, fields, headers=headers))

    def trader(self, name: str, scopes: frozenset[str] = KEY_SCOPES, ip_allow: tuple[str, ...] = (), **funds: str) -> Trader:
        """A new user with a key and with funds (`BTC="10"`)."""
        return self.keyed(self.user(name, **funds), scopes, ip_allow)

    def keyed(self, user: User, scopes: frozenset[str] = KEY_SCOPES, ip_allow: tuple[str, ...] = ()) -> Trader:
        return Trader(user, self.key(user, KEY_FORM, scopes, ip_allow))

    def state(self) -> list[tuple[int, ...]]:
        """Everybody's money and orders: what a refused request must leave alone."""
        accounts = range(self.engine.accounts)
        orders = [(order.order_id, order.price, order.remaining) for number in accounts for order in self.engine.open_orders(number)]
        return [*self.money(), *orders]


class Browser:
    """A browser on the floor: keeps cookies, and says the CSRF token with whatever changes something."""

    def __init__(self, floor: Floor, client: str = "192.0.2.1", scheme: str = "http") -> None:
        self._floor = floor
        self._client = client
        self.cookies: dict[str, str] = {}
        self.attributes: dict[str, str] = {}
        """Of each cookie, what stood behind its value."""
        self.csrf = ""
        self.headers = {"host": "cambist.example", "origin": f"{scheme}://cambist.example", "user-agent": "A browser"}
        self.scheme = scheme

    def elsewhere(self) -> "Browser":
        """Another browser on the same network."""
        return Browser(self._floor, self._client, self.scheme)

    async def reply(self, method: str, path: str, fields: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """What the server says; cookies are kept."""
        path, _, query = (BASE + path).partition("?")
        sent = {**self.headers, "content-type": "application/json", **({"cambist-csrf": self.csrf} if self.csrf else {}), **(headers or {})}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        encoded = {name.encode(): value.encode() for name, value in sent.items() if value}
        body = b"" if fields is None else json.dumps(fields).encode()
        self._floor.scheme = self.scheme
        reply = await self._floor.send(method, path, body, encoded, query.encode(), self._client)
        self._floor.scheme = "http"
        for name, value in reply.headers:
            if name == b"set-cookie":
                pair, _, self.attributes[value.decode().partition("=")[0]] = value.decode().partition("; ")
                cookie, _, content = pair.partition("=")
                self.cookies[cookie] = content
        return reply

    async def call(self, method: str, path: str, fields: Any = None, headers: dict[str, str] | None = None) -> Any:
        """The decoded body of a call that must succeed."""
        reply = await self.reply(method, path, fields, headers)
        assert reply.status < 300, reply.body
        decoded = json.loads(reply.content)
        if isinstance(decoded, dict) and "csrf_token" in decoded:
            self.csrf = decoded["csrf_token"]
        return decoded

    async def problem(self, method: str, path: str, fields: Any = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """(HTTP status, code) of a call that must fail."""
        return problem_of(await self.reply(method, path, fields, headers))

    async def log_in(self, name: str, password: str = "a password", code: str | None = None) -> Any:
        said = {"name": name, "password": password, **({"code": code} if code is not None else {})}
        return await self.call("POST", "/session", said)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str], Endpoint]]:
    return [(each.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", BASE + each.path)), each) for each in ENDPOINTS]


def _endpoint_of(method: str, path: str) -> Endpoint | None:
    """Literal paths stand before patterns, as in the router."""
    found = [each for wanted, pattern, each in _patterns() if wanted == method and pattern.fullmatch(path)]
    return min(found, key=lambda each: "{" in each.path, default=None)


def _check_documented(endpoint: Endpoint, reply: Reply) -> None:
    if reply.status < 400:
        waits = endpoint.accepted is not None and reply.status == 202
        assert waits or reply.status == endpoint.status
        msgspec.json.decode(reply.content, type=endpoint.accepted if waits else endpoint.signature().reply)
        return
    code = json.loads(reply.content)["code"]
    assert reply.status in statuses_of(endpoint), f"{endpoint.name} does not say that it answers {reply.status} {code}"
    if endpoint.scope not in OPERATORS:
        assert code in codes_of(endpoint), f"{endpoint.name} does not say that it answers {code}"


def problem_of(reply: Reply) -> tuple[int, str]:
    """(HTTP status, code), of a reply in the form that every problem has."""
    assert reply.content_type == b"application/problem+json", reply
    decoded = json.loads(reply.content)
    assert list(decoded) == ["type", "title", "status", "code", "detail", "retryable", "field", "order_id", "retry_after"], decoded
    assert decoded["status"] == reply.status >= 400
    assert decoded["type"] == f"/cambist/v1/reference#{decoded['code']}"
    return reply.status, decoded["code"]
