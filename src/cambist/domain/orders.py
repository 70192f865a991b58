"""The core's enumerations, by the numbers of docs/internals/core.md."""

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


class Business(IntEnum):
    """Why a balance changed."""

    TRADE = 1
    HOLD = 2
    RELEASE = 3
    TRANSFER = 4


class TransferKind(IntEnum):
    DEPOSIT = 1
    WITHDRAWAL = 2
    COUPON_CREATE = 3
    COUPON_REDEEM = 4
    MERCHANT = 5
    ADJUSTMENT = 6
    INTERNAL = 7
    WITHDRAWAL_SETTLE = 8


class MarketStatus(IntEnum):
    OPEN = 0
    HALTED = 1


class CommandKind(IntEnum):
    OPEN_ACCOUNT = 1
    CREATE_ASSET = 2
    CREATE_MARKET = 3
    SET_MARKET_LIMITS = 4
    SET_MARKET_STATUS = 5
    SET_MARKET_FEES = 6
    SET_ACCOUNT_FEES = 7
    SET_MAX_OPEN_ORDERS = 8
    PLACE_ORDER = 10
    CANCEL_ORDER = 11
    CANCEL_MANY = 12
    CANCEL_ALL = 13
    REPLACE_ORDER = 14
    SET_CANCEL_AFTER = 15
    TRANSFER = 20
    POST_TRANSFER = 21
    VOID_TRANSFER = 22
    ADVANCE_TIME = 30
    NOTE = 31


class RejectReason(IntEnum):
    """Rejection codes. Numbers are for ever; those from 900 are the sequencer's own and never reach the journal."""

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
    JOURNAL_FULL = 900
