"""What can be armed: the kinds of faults, the fields that say whom one meets, when, and what it does, and which go together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

MOST_SECONDS = 366 * 86_400
"""Of any time that a fault is told."""
MOST_BYTES = 1 << 30
MOST_TEXT = 1_000
"""Characters of a text."""


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault to arm: its `kind`, whom it meets, when it fires, and what it does. What is left out restricts nothing."""

    kind: str
    """What goes wrong; docs/reference/faults.md lists the kinds."""
    dialect: str | None = None
    """Only requests and sockets of this API: btce_wex, btse, expie, mtgox, native."""
    transport: Literal["http", "handshake", "socket"] | None = None
    """Only HTTP requests, only opening handshakes of sockets, or only what is said on sockets."""
    user: str | None = None
    """Only requests of this user, by name."""
    key: str | None = None
    """Only requests with this API key, by its public text (Expie: the access id)."""
    method: str | None = None
    """Only this HTTP method, or the request's own `method` (BTC-e, WEX, Expie's socket) or `op` (the other sockets)."""
    path: str | None = None
    """Only this path, without its query; `*` stands for anything."""
    contains: str | None = None
    """Only requests whose query or body, or messages whose text, contains this."""
    market: str | None = None
    """Only orders of this market, as in btc_usd."""
    side: Literal["buy", "sell"] | None = None
    """Only orders of this side."""
    order: int | None = None
    """Only the cancellation of this order, by the venue's own number."""
    client_order_id: str | None = None
    """Only the placing of orders with this client order id; `*` stands for anything."""
    skip: int = 0
    """So many that it would meet pass before it fires."""
    every: int = 1
    """It fires at every nth that it meets: 3 is the third, the sixth, and so on."""
    probability: float = 1.0
    """How likely it fires at one that it meets, 0 to 1; drawn from the sandbox's seed."""
    count: int | None = None
    """How often it fires at most, 0 for any number. Left out: once, and with `seconds` any number; lasting kinds any number."""
    seconds: float | None = None
    """How long it stays armed, by the sandbox's clock. Left out: until it has fired `count` times, or is disarmed."""
    before: float | None = None
    """Of delay: seconds before the request is carried out."""
    after: float | None = None
    """Of delay: seconds between carrying it out and the reply."""
    after_bytes: int | None = None
    """Of reset and truncate: how many bytes leave first. Left out: half of them."""
    status: int | None = None
    """Of server-error: 500, 502, 503 (left out) or 504."""
    executed: bool | None = None
    """Of server-error and reset: whether the request is carried out all the same. Left out: not by server-error, but by reset."""
    length: Literal["right", "wrong"] | None = None
    """Of truncate: whether Content-Length is that of what comes ("right", left out), or that of the whole."""
    content_type: str | None = None
    """Of content-type: what the reply says that it is. Left out: text/html."""
    wait: float | None = None
    """Of rate-limit and ban: seconds after which the client may try again, as it is told. Of fill: seconds until the rest (left out: 1)."""
    skew: float | None = None
    """Of clock-skew: seconds that the API's clock is ahead, negative for behind."""
    age: float | None = None
    """Of stale: replies of so many seconds ago."""
    commands: int | None = None
    """Of stale: replies of so many commands ago."""
    code: int | None = None
    """Of socket-close: the close code, 1000 to 4999 (left out: 1006, which sends none and cuts the connection)."""
    reason: str | None = None
    """Of socket-close: the reason."""
    now: bool | None = None
    """Of socket-close, socket-silence and socket-freeze: at once on every open socket that it meets, not at its next message. Of
    socket-close: then it is over, unless `count` or `seconds` says otherwise."""
    messages: int | None = None
    """Of socket-skip: how many messages are lost together (left out: 1). Of socket-late-snapshot: how many go first."""
    delay: float | None = None
    """Of socket-late-snapshot: seconds until the snapshot."""
    percent: float | None = None
    """Of fill and partial-cancel: how much of the order is filled, above 0 and at most 100."""
    price: str | None = None
    """Of fill: the price of the first part, no worse than the order's own. Left out: the best price there is, or the order's."""
    rest: Literal["fill", "cancel", "leave"] | None = None
    """Of fill: what becomes of the rest after `wait` seconds. Left out: it is filled."""
    rest_price: str | None = None
    """Of fill: the price of the rest, no worse than the order's own. Left out: the order's."""


class Family(StrEnum):
    """Where a fault works."""

    REQUEST = "request"
    """Between a request and its reply, over HTTP or on a socket."""
    MESSAGE = "message"
    """On what a socket sends."""
    ORDER = "order"
    """On the order that a request places or cancels."""
    MARKET = "market"
    """On a market."""


REQUESTS = frozenset({"dialect", "transport", "user", "key", "method", "path", "contains"})
ORDERS = frozenset({"market", "side", "order", "client_order_id"})
WHO = frozenset({"dialect", "user", "key"})
WHEN = frozenset({"skip", "every", "probability", "count", "seconds"})


ANYWHERE = frozenset({"http", "handshake", "socket"})
NO_HANDSHAKE = frozenset({"http", "socket"})
HTTP_ONLY = frozenset({"http"})
SOCKET_ONLY = frozenset({"socket"})
NO_SOCKET = frozenset({"http", "handshake"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `selectors` may say whom it meets, `parameters` what it does; `needed`: one of them must be there."""

    name: str
    family: Family
    parameters: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    selectors: frozenset[str] = REQUESTS
    transports: frozenset[str] = ANYWHERE
    """Where it can work."""
    lasting: bool = False
    """Whether it fires any number of times when nobody says how often."""
    stays: bool = False
    """Whether what it began goes on when it fires no more."""
    timed: frozenset[str] = WHEN


def _of(*names: str) -> frozenset[str]:
    return frozenset(names)


_BY_ORDER = REQUESTS | ORDERS
_OF_ORDER = WHO | ORDERS
KINDS = {
    kind.name: kind
    for kind in (
        Kind("lose-request", Family.REQUEST, selectors=_BY_ORDER),
        Kind("lose-reply", Family.REQUEST, selectors=_BY_ORDER),
        Kind("delay", Family.REQUEST, _of("before", "after"), _of("before", "after"), _BY_ORDER, transports=NO_HANDSHAKE),
        Kind("reset", Family.REQUEST, _of("after_bytes", "executed"), selectors=_BY_ORDER),
        Kind("refuse", Family.REQUEST, selectors=_BY_ORDER),
        Kind("rate-limit", Family.REQUEST, _of("wait"), selectors=_BY_ORDER),
        Kind("ban", Family.REQUEST, _of("wait"), selectors=_BY_ORDER, lasting=True),
        Kind("maintenance", Family.REQUEST, selectors=_BY_ORDER, lasting=True),
        Kind("nonce-rejected", Family.REQUEST, selectors=_BY_ORDER),
        Kind("server-error", Family.REQUEST, _of("status", "executed"), selectors=_BY_ORDER, transports=NO_SOCKET),
        Kind("truncate", Family.REQUEST, _of("after_bytes", "length"), transports=NO_HANDSHAKE),
        Kind("content-type", Family.REQUEST, _of("content_type"), transports=HTTP_ONLY),
        Kind("clock-skew", Family.REQUEST, _of("skew"), _of("skew"), transports=NO_HANDSHAKE, lasting=True),
        Kind("stale", Family.REQUEST, _of("age", "commands"), _of("age", "commands"), transports=NO_HANDSHAKE, lasting=True),
        Kind("socket-close", Family.MESSAGE, _of("code", "reason", "now"), transports=SOCKET_ONLY),
        Kind("socket-silence", Family.MESSAGE, _of("now"), transports=SOCKET_ONLY, lasting=True, stays=True),
        Kind("socket-freeze", Family.MESSAGE, _of("now"), transports=SOCKET_ONLY, lasting=True, stays=True),
        Kind("socket-skip", Family.MESSAGE, _of("messages"), transports=SOCKET_ONLY),
        Kind("socket-duplicate", Family.MESSAGE, transports=SOCKET_ONLY),
        Kind("socket-reorder", Family.MESSAGE, transports=SOCKET_ONLY),
        Kind("socket-late-snapshot", Family.MESSAGE, _of("messages", "delay"), _of("messages", "delay"), transports=SOCKET_ONLY),
        Kind("fill", Family.ORDER, _of("percent", "price", "wait", "rest", "rest_price"), _of("percent"), _OF_ORDER),
        Kind("cancel-loses", Family.ORDER, selectors=_OF_ORDER),
        Kind("partial-cancel", Family.ORDER, _of("percent"), _of("percent"), _OF_ORDER),
        Kind("halt", Family.MARKET, selectors=_of("market"), timed=_of("seconds")),
    )
}
"""By name, in the order of the reference."""

_NUMBERS: dict[str, tuple[int, int]] = {
    "skip": (0, 1_000_000_000),
    "every": (1, 1_000_000_000),
    "probability": (0, 1),
    "count": (0, 1_000_000_000),
    "before": (0, MOST_SECONDS),
    "after": (0, MOST_SECONDS),
    "after_bytes": (0, MOST_BYTES),
    "wait": (0, MOST_SECONDS),
    "skew": (-MOST_SECONDS, MOST_SECONDS),
    "age": (0, MOST_SECONDS),
    "commands": (1, 1_000_000_000),
    "messages": (1, 1_000_000_000),
    "delay": (0, MOST_SECONDS),
    "order": (1, (1 << 63) - 1),
}
"""Least and most of each number."""
STATUSES = (500, 502, 503, 504)
_TEXTS = ("dialect", "user", "key", "method", "path", "contains", "market", "client_order_id", "content_type", "reason")


def complaint(plan: FaultPlan) -> str | None:
    """What is wrong with a plan by itself, a sentence; None when nothing is."""
    kind = KINDS.get(plan.kind)
    if kind is None:
        return f'there is no kind "{plan.kind}": {", ".join(KINDS)}'
    known = kind.selectors | kind.parameters | kind.timed | {"kind"}
    given = {field for field in plan.__struct_fields__ if getattr(plan, field) != _DEFAULTS.get(field)}
    for field in plan.__struct_fields__:
        if field in given and field not in known:
            return f"{plan.kind} takes no {field}; it takes {', '.join(name for name in plan.__struct_fields__ if name in known)}"
    if kind.needed and not kind.needed & given:
        return f"{plan.kind}: give {' or '.join(sorted(kind.needed))}"
    if plan.transport is not None and plan.transport not in kind.transports:
        return f"{plan.kind} works on {' and '.join(sorted(kind.transports))} only"
    return _wrong_number(plan) or _wrong_text(plan) or _wrong_choice(plan)


def _wrong_number(plan: FaultPlan) -> str | None:
    for field, (least, most) in _NUMBERS.items():
        value = getattr(plan, field)
        if value is not None and not least <= value <= most:
            return f"{field}: {least} to {most}"
    if plan.seconds is not None and not 0 < plan.seconds <= MOST_SECONDS:
        return f"seconds: more than 0, at most {MOST_SECONDS}"
    if plan.percent is not None and not 0 < plan.percent <= 100:
        return "percent: more than 0, at most 100"
    return None


def _wrong_text(plan: FaultPlan) -> str | None:
    for field in _TEXTS:
        text = getattr(plan, field)
        if text is not None and (not text or len(text) > MOST_TEXT or not text.isprintable()):
            return f"{field}: 1 to {MOST_TEXT} printable characters"
    if plan.content_type is not None and not plan.content_type.isascii():
        return "content_type: ASCII characters only"
    return None


_PRICE = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")


def _wrong_choice(plan: FaultPlan) -> str | None:
    for field in ("price", "rest_price"):
        price = getattr(plan, field)
        if price is not None and not _PRICE.fullmatch(price):
            return f"{field}: a decimal number such as 2500.5"
    if plan.status is not None and plan.status not in STATUSES:
        return f"status: {', '.join(map(str, STATUSES))}"
    if plan.code is not None and not (1000 <= plan.code <= 4999 and plan.code not in (1004, 1005, 1015)):
        return "code: 1000 to 4999, but for 1004, 1005 and 1015, which nobody sends"
    if plan.age is not None and plan.commands is not None:
        return "stale: age or commands, not both"
    if plan.path is not None and not plan.path.startswith(("/", "*")):
        return 'path: begins with "/" or "*"'
    if plan.kind == "halt" and plan.market is None:
        return "halt: name the market"
    if plan.kind == "fill" and plan.order is not None:
        return "fill: an order has no number before it is placed; select it by user, market, side or client_order_id"
    return None


_DEFAULTS = {field: value for field, value in zip(FaultPlan.__struct_fields__[1:], FaultPlan.__struct_defaults__, strict=True)}
