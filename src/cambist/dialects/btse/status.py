"""The numbers that this API has for states, kinds and errors, and which of them a rejection of the core becomes."""

from enum import IntEnum

from cambist.domain.orders import OrderType, Side
from cambist.domain.reject_reasons import RejectReason


class Status(IntEnum):
    """One enumeration for everything, as published; only what can happen on a spot venue is here."""

    TIMEOUT = -1
    INVALID_REQUEST = -2
    AUTHENTICATION_FAILED = -7
    UNSUPPORTED_SYMBOL = -7006
    MARKET_UNAVAILABLE = 1
    ORDER_INSERTED = 2
    ORDER_FULLY_TRANSACTED = 4
    ORDER_PARTIALLY_TRANSACTED = 5
    ORDER_CANCELLED = 6
    INSUFFICIENT_BALANCE = 8
    TRIGGER_INSERTED = 9
    TRIGGER_ACTIVATED = 10
    ORDER_REJECTED = 15
    ORDER_NOTFOUND = 16
    REQUEST_FAILED = 17
    MODE_BUY = 66
    ORDER_TYPE_LIMIT = 76
    ORDER_TYPE_MARKET = 77
    MODE_SELL = 83
    AMEND_ORDER = 123
    MAX_ORDER_SIZE_EXCEEDED = 300
    INVALID_ORDER_SIZE = 301
    INVALID_ORDER_PRICE = 302
    RATE_LIMITS_EXCEEDED = 303
    MAX_OPEN_ORDER_EXCEEDED = 304


SYSTEM = -11
GENERIC = -1
"""The error code of what has no number of its own; -1 is TIMEOUT as an order's status."""

SIDE_NAMES = ("BUY", "SELL")
STOP_TYPES = frozenset({OrderType.STOP_LIMIT, OrderType.STOP_MARKET})
TYPE_NAMES = ("LIMIT", "MARKET", "LIMIT", "MARKET")
"""By the core's order type: a stop is a LIMIT or MARKET order with a trigger price here."""

REJECTIONS: dict[int, tuple[Status, str]] = {
    RejectReason.MARKET_HALTED: (Status.MARKET_UNAVAILABLE, "Market is unavailable"),
    RejectReason.COMBINATION_INVALID: (Status.INVALID_REQUEST, "These order parameters do not go together"),
    RejectReason.PRICE_TOO_LOW: (Status.INVALID_ORDER_PRICE, "Invalid order price"),
    RejectReason.PRICE_TOO_HIGH: (Status.INVALID_ORDER_PRICE, "Invalid order price"),
    RejectReason.AMOUNT_TOO_SMALL: (Status.INVALID_ORDER_SIZE, "Invalid order size"),
    RejectReason.AMOUNT_TOO_LARGE: (Status.MAX_ORDER_SIZE_EXCEEDED, "Invalid order size: maximum exceeded"),
    RejectReason.TOTAL_TOO_SMALL: (Status.INVALID_ORDER_SIZE, "Invalid order size: the order's value is too small"),
    RejectReason.TOTAL_TOO_LARGE: (Status.MAX_ORDER_SIZE_EXCEEDED, "Invalid order size: the order's value is too large"),
    RejectReason.LEVEL_FULL: (Status.MAX_ORDER_SIZE_EXCEEDED, "Invalid order size: too much at this price"),
    RejectReason.NO_LAST_PRICE: (Status.ORDER_REJECTED, "A trailing stop follows the last price, and this market has none yet"),
    RejectReason.TRAIL_INVALID: (Status.INVALID_ORDER_PRICE, "Invalid trail value"),
    RejectReason.AMOUNT_BELOW_FILLED: (Status.INVALID_ORDER_SIZE, "Invalid order size: that much is filled already"),
    RejectReason.ALREADY_EXPIRED: (Status.ORDER_REJECTED, "The order has expired"),
    RejectReason.CLIENT_ID_USED: (Status.ORDER_REJECTED, "Duplicate order: its idempotency key was used before"),
    RejectReason.TOO_MANY_OPEN_ORDERS: (Status.MAX_OPEN_ORDER_EXCEEDED, "Maximum open orders exceeded"),
    RejectReason.WOULD_CROSS: (Status.ORDER_REJECTED, "A post-only order would trade at once"),
    RejectReason.INSUFFICIENT_FUNDS: (Status.INSUFFICIENT_BALANCE, "Insufficient balance"),
    RejectReason.FILL_OR_KILL_UNFILLABLE: (Status.ORDER_REJECTED, "A fill-or-kill order cannot be filled"),
    RejectReason.ORDER_NOT_FOUND: (Status.ORDER_NOTFOUND, "Order not found"),
    RejectReason.ORDER_NOT_LIVE: (Status.ORDER_NOTFOUND, "Order not found"),
    RejectReason.NOT_YOUR_ORDER: (Status.ORDER_NOTFOUND, "Order not found"),
    RejectReason.NOT_REPLACEABLE: (Status.ORDER_REJECTED, "This order cannot be amended"),
}
BUSINESS = frozenset({Status.INSUFFICIENT_BALANCE, Status.ORDER_REJECTED, Status.ORDER_NOTFOUND})
"""What v3 says as an order's status with HTTP 200, because the request was fine and the order was not."""


def mode_of(side: int) -> Status:
    return Status.MODE_BUY if side == Side.BUY else Status.MODE_SELL


def type_number(order_type: int) -> Status:
    return Status.ORDER_TYPE_LIMIT if TYPE_NAMES[order_type] == "LIMIT" else Status.ORDER_TYPE_MARKET
