"""Why a command is rejected, by the numbers of docs/internals/core.md."""

from enum import IntEnum


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
    JOURNAL_FULL = 900
