"""What an order is and how it ends, by the numbers of docs/internals/core.md."""

from enum import IntEnum


class Side(IntEnum):
    BUY = 0
    SELL = 1


class OrderType(IntEnum):
    LIMIT = 0
    MARKET = 1
    STOP_LIMIT = 2
    STOP_MARKET = 3


class TimeInForce(IntEnum):
    GTC = 0
    IOC = 1
    FOK = 2
    GTD = 3


class OrderFlag(IntEnum):
    """Bits of an order's flags."""

    POST_ONLY = 1
    TAKE_PROFIT = 2
    """A stop that waits for the price to move in its favour."""
    ONE_CANCELS_OTHER = 4
    """Placed as a leg of a pair, of which one cancels the other."""
    TRAILS_BY_PRICE = 8
    TRAILS_BY_PPM = 16
    """A stop whose trigger follows the price, by so many units of price or ppm."""


class SelfTrade(IntEnum):
    MARKET_DEFAULT = 0
    ALLOW = 1
    CANCEL_NEWEST = 2
    CANCEL_OLDEST = 3
    CANCEL_BOTH = 4


class OrderStatus(IntEnum):
    """Outcome.status: where the order of the command stands."""

    NONE = 0
    RESTING = 1
    WAITING = 2
    DONE = 3


class DoneReason(IntEnum):
    FILLED = 1
    CANCELLED = 2
    EXPIRED = 3
    UNFILLED = 4
    SELF_TRADE = 5
    INSUFFICIENT_FUNDS = 6
    FOK = 7
    CANCEL_AFTER = 8
    ONE_CANCELS_OTHER = 9


def order_flags(post_only: bool, take_profit: bool = False) -> int:
    """The flags of an order that is placed by itself."""
    return (OrderFlag.POST_ONLY if post_only else 0) | (OrderFlag.TAKE_PROFIT if take_profit else 0)
