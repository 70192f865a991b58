"""Whom a fault meets: what is known of a request or of an order, and the selectors of a plan, made ready to be compared with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from fnmatch import translate

from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Request
from cambist.directory import ApiKey, Directory
from cambist.domain.orders import Side
from cambist.domain.units import AccountId, MarketId
from cambist.exchange import Catalogue
from cambist.sandbox.faults.plan import KINDS, ORDERS, FaultPlan

HTTP, HANDSHAKE, SOCKET = "http", "handshake", "socket"
LOOKED_AT = 65_536
"""Bytes of a request in which a fault's text and a method are looked for."""
_METHOD_IN_FORM = re.compile(rb"(?:^|&)method=([^&]*)")
_NONCE_ON_SOCKET = re.compile(rb'"(?:nonce|tonce|call|authKeyExpires|login|server\.sign)"')
_METHOD_IN_JSON = re.compile(r'"(?:method|op)"\s*:\s*"([^"]*)"')


class PlanRefused(ValueError):
    """A plan that cannot be armed here; its text is a sentence for whoever wrote it."""


class Asked:
    """A request, or a message on a socket: what selectors look at. Who it comes from is looked up only when a selector wants to know."""

    __slots__ = ("_identify", "_identity", "_methods", "dialect", "path", "text", "transport", "verb")

    def __init__(
        self, dialect: str, transport: str, verb: str, path: str, text: bytes, identify: Callable[[], Identity | None] | None
    ) -> None:
        """`verb`: the HTTP method, empty on a socket. `text`: query and body, or the message."""
        self.dialect = dialect
        self.transport = transport
        self.verb = verb
        self.path = path
        self.text = text[:LOOKED_AT]
        self._identify = identify
        self._identity: Identity | None = None
        self._methods: tuple[str, ...] | None = None

    @classmethod
    def by_request(
        cls, dialect: str, request: Request, identify: Callable[[Request], Identity | None] | None, transport: str = HTTP
    ) -> Asked:
        """An HTTP request, or the handshake of a socket."""
        text = request.body if not request.query else request.query + b"\n" + request.body
        known = None if identify is None else lambda: identify(request)
        return cls(dialect, transport, request.method, request.path, text, known)

    @property
    def identity(self) -> Identity | None:
        """Whom it says that it comes from."""
        if self._identify is not None:
            self._identity, self._identify = self._identify(), None
        return self._identity

    @property
    def methods(self) -> tuple[str, ...]:
        """What `method` may say to select it: the HTTP method, and the one that the request itself names."""
        if self._methods is None:
            own = self._own_method()
            self._methods = tuple(name for name in (self.verb, own) if name)
        return self._methods

    def _own_method(self) -> str:
        if self.transport == SOCKET:
            found = _METHOD_IN_JSON.search(self.text.decode("utf-8", "replace"))
            return found[1] if found else ""
        in_form = _METHOD_IN_FORM.search(self.text.rpartition(b"\n")[2])
        return in_form[1].decode("latin-1") if in_form else ""

    @property
    def has_nonce(self) -> bool:
        """Whether it carries a nonce, a tonce, or what else is judged so."""
        if self.transport == SOCKET:
            return _NONCE_ON_SOCKET.search(self.text) is not None
        return self.identity is not None and self.identity.nonce != ""

    @property
    def line(self) -> str:
        """How it is shown: method and path."""
        return " ".join((*self.methods, self.path))


@dataclass(frozen=True, slots=True)
class AskedOrder:
    """An order that is about to be placed (`order` 0), or to be cancelled."""

    account: AccountId
    market: MarketId
    side: int
    order: int
    tag: str
    key_id: int


class Selector:
    """The selectors of one plan. PlanRefused for a name that this sandbox does not know."""

    def __init__(self, plan: FaultPlan, dialects: Collection[str], directory: Directory, catalogue: Catalogue) -> None:
        if plan.dialect is not None and plan.dialect not in dialects:
            raise PlanRefused(f'there is no dialect "{plan.dialect}": {", ".join(dialects)}')
        self._dialect = plan.dialect
        self._transports = KINDS[plan.kind].transports if plan.transport is None else frozenset({plan.transport})
        self._account = _account_of(plan.user, directory)
        key = _key_of(plan.key, directory)
        self._key = None if key is None else key.key
        self._key_id = None if key is None else key.id
        self._method = plan.method
        self._path = _pattern(plan.path)
        self._nonce = plan.kind == "nonce-rejected"
        self._contains = None if plan.contains is None else plan.contains.encode()
        self.market = _market_of(plan.market, catalogue)
        self._side = None if plan.side is None else Side.BUY if plan.side == "buy" else Side.SELL
        self._order = plan.order
        self._tag = _pattern(plan.client_order_id)
        self.by_order = any(getattr(plan, field) is not None for field in ORDERS)
        """Whether it says anything about an order: then only who places or cancels one is met."""

    def meets(self, asked: Asked) -> bool:
        """Whether it meets this request or message, what it says of orders left out."""
        if not self._meets_request(asked):
            return False
        if self._account is None and self._key is None:
            return True
        identity = asked.identity
        if identity is None:
            return False
        return (self._account is None or identity.account == self._account) and (self._key is None or identity.key == self._key)

    def _meets_request(self, asked: Asked) -> bool:
        """The same, whoever asks."""
        if self._dialect is not None and asked.dialect != self._dialect:
            return False
        if asked.transport not in self._transports:
            return False
        if self._method is not None and self._method not in asked.methods:
            return False
        if self._path is not None and not self._path.fullmatch(asked.path):
            return False
        if self._contains is not None and self._contains not in asked.text:
            return False
        return not self._nonce or asked.has_nonce

    def meets_order(self, order: AskedOrder, asked: Asked) -> bool:
        """Whether it meets this order of this request."""
        if self._account is not None and order.account != self._account:
            return False
        if self._key_id is not None and order.key_id != self._key_id:
            return False
        if self.market is not None and order.market != self.market:
            return False
        if self._side is not None and order.side != self._side:
            return False
        if self._order is not None and order.order != self._order:
            return False
        if self._tag is not None and (order.order or not self._tag.fullmatch(order.tag)):
            return False
        return self._meets_request(asked)


def _account_of(user: str | None, directory: Directory) -> AccountId | None:
    if user is None:
        return None
    found = directory.user(user)
    if found is None:
        raise PlanRefused(f'there is no user "{user}"')
    return found.account


def _key_of(key: str | None, directory: Directory) -> ApiKey | None:
    if key is None:
        return None
    found = directory.find_key(key) or directory.find_key(key.lower())
    if found is None:
        raise PlanRefused(f'there is no key "{key}"')
    return found


def _market_of(name: str | None, catalogue: Catalogue) -> MarketId | None:
    if name is None:
        return None
    base, _, quote = name.upper().partition("_")
    spec = catalogue.markets.by_codes(base, quote)
    if spec is None:
        raise PlanRefused(f'there is no market "{name}"; they are named as in btc_usd')
    return spec.id


def _pattern(text: str | None) -> re.Pattern[str] | None:
    """Of a text in which only `*` means something else than itself."""
    if text is None:
        return None
    return re.compile(translate(text.replace("[", "[[]").replace("?", "[?]")))
