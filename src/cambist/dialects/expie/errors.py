"""Every error of this API: the ancestor's numbers and words, and which HTTP status each gets."""

from dataclasses import dataclass

import msgspec

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.situations import Situation
from cambist.domain.reject_reasons import RejectReason


@dataclass(frozen=True, slots=True)
class Rejection:
    """`code` and `message` as clients read them; `status` is HTTP's."""

    code: int
    message: str
    status: int = 400

    def body(self) -> bytes:
        """`{"code":...,"message":...}`."""
        return msgspec.json.encode({"code": self.code, "message": self.message})

    def reply(self) -> Reply:
        """As an HTTP reply, `{"error":{"code":...,"message":...}}`."""
        return Reply(self.status, b'{"error":' + self.body() + b"}")


INVALID_ARGUMENT = Rejection(1, "invalid argument")
INTERNAL_ERROR = Rejection(2, "internal error", 500)
SERVICE_UNAVAILABLE = Rejection(3, "service unavailable", 503)
METHOD_NOT_FOUND = Rejection(4, "method not found", 404)
WRONG_HTTP_METHOD = Rejection(4, "method not found", 405)
AUTHENTICATION_REQUIRED = Rejection(6, "require authentication", 401)
SCOPE_MISSING = Rejection(6, "the token lacks the scope for this", 403)

TOKEN_INVALID = Rejection(11, "invalid token", 401)
SIGNATURE_INVALID = Rejection(11, "invalid signature", 401)

BALANCE_NOT_ENOUGH = Rejection(10, "balance not enough")
AMOUNT_TOO_SMALL = Rejection(11, "amount too small")
NO_ENOUGH_TRADER = Rejection(12, "no enough trader")
MARKET_ORDERS_DISABLED = Rejection(1, "market orders are disabled")
TOO_MANY_ORDERS = Rejection(1, "too many open orders")

ORDER_NOT_FOUND = Rejection(10, "order not found", 404)
USER_NOT_MATCH = Rejection(11, "user not match", 403)

_PLACING = {
    RejectReason.INSUFFICIENT_FUNDS: BALANCE_NOT_ENOUGH,
    RejectReason.AMOUNT_TOO_SMALL: AMOUNT_TOO_SMALL,
    RejectReason.TOTAL_TOO_SMALL: AMOUNT_TOO_SMALL,
    RejectReason.TOO_MANY_OPEN_ORDERS: TOO_MANY_ORDERS,
    RejectReason.PRICE_TOO_LOW: INVALID_ARGUMENT,
    RejectReason.PRICE_TOO_HIGH: INVALID_ARGUMENT,
    RejectReason.AMOUNT_TOO_LARGE: INVALID_ARGUMENT,
    RejectReason.TOTAL_TOO_LARGE: INVALID_ARGUMENT,
    RejectReason.LEVEL_FULL: INVALID_ARGUMENT,
}


def place_rejection(code: int) -> Rejection:
    """What the core's rejection of an order is called here. A halted market and a full disk are `service unavailable`."""
    return _PLACING.get(RejectReason(code), SERVICE_UNAVAILABLE)


def cancel_rejection(code: int) -> Rejection:
    """The same for a cancel."""
    if code in (RejectReason.ORDER_NOT_FOUND, RejectReason.ORDER_NOT_LIVE):
        return ORDER_NOT_FOUND
    return USER_NOT_MATCH if code == RejectReason.NOT_YOUR_ORDER else SERVICE_UNAVAILABLE


TOO_MANY_REQUESTS = Rejection(3, "service unavailable", 429)
BANNED = Rejection(3, "service unavailable", 403)
SITUATIONS = {
    Situation.BUSY: SERVICE_UNAVAILABLE,
    Situation.RATE_LIMITED: TOO_MANY_REQUESTS,
    Situation.BANNED: BANNED,
    Situation.MAINTENANCE: SERVICE_UNAVAILABLE,
    Situation.NONCE_REJECTED: SIGNATURE_INVALID,
}
"""What is said instead of an answer; the ancestor has no words but these."""

_OF_THE_GATEWAY = {
    404: METHOD_NOT_FOUND,
    405: WRONG_HTTP_METHOD,
    413: Rejection(1, "invalid argument", 413),
    429: TOO_MANY_REQUESTS,
    503: SERVICE_UNAVAILABLE,
    504: Rejection(3, "service unavailable", 504),
}


def gateway_reply(_request: Request, status: int) -> Reply:
    """The gateway's own errors in this API's words."""
    return _OF_THE_GATEWAY.get(status, INTERNAL_ERROR).reply()


def worded(_request: Request, situation: Situation, _wait: int) -> Reply:
    """What is said instead of an answer."""
    return SITUATIONS[situation].reply()


def cannot_be_shown(order_id: int, done: str) -> Rejection:
    """The order was placed or cancelled (`done`), and what it traded cannot be read now."""
    return Rejection(SERVICE_UNAVAILABLE.code, f"order {order_id} was {done}; its deals cannot be read now", SERVICE_UNAVAILABLE.status)
