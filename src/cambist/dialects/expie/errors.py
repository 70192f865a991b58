"""Every error of this API: the ancestor's numbers and words, and which HTTP status each gets."""

from dataclasses import dataclass

import msgspec

from cambist.domain.orders import Reject
from cambist.gateway.messages import Reply


@dataclass(frozen=True, slots=True)
class Failure:
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


INVALID_ARGUMENT = Failure(1, "invalid argument")
INTERNAL_ERROR = Failure(2, "internal error", 500)
SERVICE_UNAVAILABLE = Failure(3, "service unavailable", 503)
METHOD_NOT_FOUND = Failure(4, "method not found", 404)
WRONG_HTTP_METHOD = Failure(4, "method not found", 405)
AUTHENTICATION_REQUIRED = Failure(6, "require authentication", 401)
SCOPE_MISSING = Failure(6, "the token lacks the scope for this", 403)

TOKEN_INVALID = Failure(11, "invalid token", 401)
SIGNATURE_INVALID = Failure(11, "invalid signature", 401)

BALANCE_NOT_ENOUGH = Failure(10, "balance not enough")
AMOUNT_TOO_SMALL = Failure(11, "amount too small")
NO_ENOUGH_TRADER = Failure(12, "no enough trader")
MARKET_ORDERS_DISABLED = Failure(1, "market orders are disabled")
TOO_MANY_ORDERS = Failure(1, "too many open orders")

ORDER_NOT_FOUND = Failure(10, "order not found", 404)
USER_NOT_MATCH = Failure(11, "user not match", 403)

_PLACING = {
    Reject.INSUFFICIENT_FUNDS: BALANCE_NOT_ENOUGH,
    Reject.AMOUNT_TOO_SMALL: AMOUNT_TOO_SMALL,
    Reject.TOTAL_TOO_SMALL: AMOUNT_TOO_SMALL,
    Reject.TOO_MANY_OPEN_ORDERS: TOO_MANY_ORDERS,
    Reject.PRICE_TOO_LOW: INVALID_ARGUMENT,
    Reject.PRICE_TOO_HIGH: INVALID_ARGUMENT,
    Reject.AMOUNT_TOO_LARGE: INVALID_ARGUMENT,
    Reject.TOTAL_TOO_LARGE: INVALID_ARGUMENT,
    Reject.LEVEL_FULL: INVALID_ARGUMENT,
}


def place_refusal(code: int) -> Failure:
    """What the core's refusal of an order is called here. A halted market and a full disk are `service unavailable`."""
    return _PLACING.get(Reject(code), SERVICE_UNAVAILABLE)


def cancel_refusal(code: int) -> Failure:
    """The same for a cancel."""
    if code in (Reject.ORDER_NOT_FOUND, Reject.ORDER_NOT_LIVE):
        return ORDER_NOT_FOUND
    return USER_NOT_MATCH if code == Reject.NOT_YOUR_ORDER else SERVICE_UNAVAILABLE
