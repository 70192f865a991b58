"""The numbers that the page docs/internals/core.md gives a name to.

They are written down here a second time on purpose: the twin shares nothing with what it is compared to.
"""

from enum import IntEnum

U32_MAX = 2**32 - 1
U64_MAX = 2**64 - 1
MAX_ATOMS = 2**96
WORLD_MAY_OWE = 2**120
PPM = 1_000_000

WORLD = 0
FEES = 1
CONVERSION = 5
FIRST_USER_ACCOUNT = 16
ALL_MARKETS = 0xFFFF
BOTH_SIDES = 255
NO_FEE_OVERRIDE = U32_MAX

MAX_ASSETS = 65_535
MAX_MARKETS = 65_534
MAX_META = 4_096
MAX_GROUPS = 65_535
MAX_LINKED_MARKETS = 32
RATE_ONE = 10**12
MAX_RATE = 10**18
REMEMBERED_FINISHED = 1_000
OPEN_ORDERS_AT_START = 10_000


class Code(IntEnum):
    """Rejections; 0 is success."""

    OK = 0
    TIME_WENT_BACK = 1
    MALFORMED_COMMAND = 2
    ACCOUNT_NOT_FOUND = 3
    SYSTEM_ACCOUNT = 4
    ASSET_NOT_FOUND = 5
    MARKET_NOT_FOUND = 6
    MARKET_HALTED = 7
    ASSET_EXISTS = 8
    MARKET_EXISTS = 9
    ASSET_INVALID = 10
    MARKET_INVALID = 11
    FEE_INVALID = 12
    ENUM_INVALID = 20
    COMBINATION_INVALID = 21
    PRICE_TOO_LOW = 22
    PRICE_TOO_HIGH = 23
    AMOUNT_TOO_SMALL = 24
    AMOUNT_TOO_LARGE = 25
    TOTAL_TOO_SMALL = 26
    TOTAL_TOO_LARGE = 27
    ALREADY_EXPIRED = 28
    CLIENT_ID_USED = 29
    TOO_MANY_OPEN_ORDERS = 30
    WOULD_CROSS = 31
    INSUFFICIENT_FUNDS = 32
    FILL_OR_KILL_UNFILLABLE = 33
    LEVEL_FULL = 34
    NO_LAST_PRICE = 35
    TRAIL_INVALID = 36
    ORDER_NOT_FOUND = 40
    ORDER_NOT_LIVE = 41
    NOT_YOUR_ORDER = 42
    NOT_REPLACEABLE = 43
    AMOUNT_BELOW_FILLED = 44
    TRANSFER_ID_USED = 50
    TRANSFER_NOT_FOUND = 51
    TRANSFER_NOT_PENDING = 52
    SAME_ACCOUNT = 53
    TRANSFER_AMOUNT_INVALID = 54
    WORLD_LIMIT = 55
    GROUP_NOT_FOUND = 60
    LINK_INVALID = 61
    MARKET_LINKED = 62
    MARKET_NOT_LINKED = 63
    RATE_INVALID = 64


class Side(IntEnum):
    BUY = 0
    SELL = 1


class Type(IntEnum):
    LIMIT = 0
    MARKET = 1
    STOP_LIMIT = 2
    STOP_MARKET = 3


class Tif(IntEnum):
    GTC = 0
    IOC = 1
    FOK = 2
    GTD = 3


POST_ONLY = 1
TAKE_PROFIT = 2
ONE_CANCELS_OTHER = 4
TRAILS_BY_PRICE = 8
TRAILS_BY_PPM = 16


class SelfTrade(IntEnum):
    MARKETS = 0
    ALLOW = 1
    CANCEL_NEWEST = 2
    CANCEL_OLDEST = 3
    CANCEL_BOTH = 4


class MarketStatus(IntEnum):
    OPEN = 0
    HALTED = 1


class OrderStatus(IntEnum):
    NONE = 0
    RESTING = 1
    WAITING = 2
    DONE = 3


class Reason(IntEnum):
    """Why an order is done."""

    FILLED = 1
    CANCELLED = 2
    EXPIRED = 3
    UNFILLED = 4
    SELF_TRADE = 5
    INSUFFICIENT_FUNDS = 6
    FOK = 7
    CANCEL_AFTER = 8
    ONE_CANCELS_OTHER = 9


class Business(IntEnum):
    """Why a balance changed."""

    TRADE = 1
    HOLD = 2
    RELEASE = 3
    TRANSFER = 4


LIMIT_TYPES = (Type.LIMIT, Type.STOP_LIMIT)
MARKET_TYPES = (Type.MARKET, Type.STOP_MARKET)
STOP_TYPES = (Type.STOP_LIMIT, Type.STOP_MARKET)
TRAILING_FLAGS = (TRAILS_BY_PRICE, TRAILS_BY_PPM)
RESTING_TIFS = (Tif.GTC, Tif.GTD)
