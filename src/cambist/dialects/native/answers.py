"""What an endpoint may answer beside what was asked for: statuses and codes of its problems, for documents and for those who check them.

They follow from the row (who may ask, what is read, what it changes) and from the codes that the function's docstring names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cambist.api_types.problems import KINDS, Code
from cambist.dialects.native.endpoint import Endpoint
from cambist.dialects.native.endpoints.operator import STATUSES
from cambist.dialects.native.scopes import OPERATORS, Effect, Scope

EVERYWHERE = (Code.REQUEST_INVALID, Code.RATE_LIMITED, Code.ADDRESS_BANNED, Code.BUSY, Code.UNAVAILABLE, Code.HISTORY_UNAVAILABLE)
OF_CALLERS = (
    Code.UNAUTHENTICATED,
    Code.KEY_UNKNOWN,
    Code.SIGNATURE_WRONG,
    Code.TIMESTAMP_WRONG,
    Code.ADDRESS_REFUSED,
    Code.CSRF_WRONG,
)
OF_CHANGES = (Code.REQUEST_REPEATED, Code.IDEMPOTENCY_KEY_INVALID, Code.IDEMPOTENCY_KEY_REUSED, Code.IDEMPOTENCY_KEY_IN_USE)
OF_ORDERS = frozenset(
    {
        Code.ORDER_INVALID,
        Code.TOO_MANY_DECIMALS,
        Code.MARKET_HALTED,
        Code.PRICE_TOO_LOW,
        Code.PRICE_TOO_HIGH,
        Code.AMOUNT_TOO_SMALL,
        Code.AMOUNT_TOO_LARGE,
        Code.TOTAL_TOO_SMALL,
        Code.TOTAL_TOO_LARGE,
        Code.ALREADY_EXPIRED,
        Code.CLIENT_ORDER_ID_USED,
        Code.IDEMPOTENCY_KEY_REUSED,
        Code.TOO_MANY_OPEN_ORDERS,
        Code.WOULD_CROSS,
        Code.INSUFFICIENT_FUNDS,
        Code.UNFILLABLE,
        Code.LEVEL_FULL,
        Code.NO_LAST_PRICE,
        Code.TRAIL_INVALID,
    }
)
"""Why an order is not placed, or not changed."""
_WORD = re.compile(r"`([a-z]+(?:-[a-z]+)*)`")


def codes_of(endpoint: Endpoint) -> frozenset[Code]:
    """Every code that it may answer with. Operators' endpoints have the operations' own beside them."""
    return frozenset(_codes(endpoint))


def _codes(endpoint: Endpoint) -> Iterator[Code]:
    said = endpoint.signature()
    yield from EVERYWHERE
    yield from endpoint.problems
    if endpoint.scope is not Scope.PUBLIC:
        yield from OF_CALLERS
        yield from (Code.SCOPE_MISSING, Code.SESSION_REQUIRED)
        if endpoint.effect is not Effect.READ:
            yield from OF_CHANGES
    elif said.body is not None:
        yield Code.CSRF_WRONG
    if said.body is not None or endpoint.effect is not Effect.READ:
        yield from (Code.CONTENT_TYPE_WRONG, Code.BODY_TOO_LARGE)
    if endpoint.proof:
        yield Code.PROOF_REQUIRED
    if endpoint.scope not in OPERATORS:
        yield from (Code(word) for word in _WORD.findall(said.words) if word in set(Code))


def statuses_of(endpoint: Endpoint) -> dict[int, list[Code]]:
    """By status, in order; of an operator's endpoint the operations' own have no code here."""
    found: dict[int, list[Code]] = {status: [] for status in STATUSES.values()} if endpoint.scope in OPERATORS else {}
    for code in sorted(codes_of(endpoint)):
        found.setdefault(KINDS[code].status, []).append(code)
    return dict(sorted(found.items()))
