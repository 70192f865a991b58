"""The kinds of commands, by the numbers of docs/internals/core.md."""

from enum import IntEnum


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
    PLACE_OCO = 16
    PLACE_TRAILING = 17
    TRANSFER = 20
    POST_TRANSFER = 21
    VOID_TRANSFER = 22
    ADVANCE_TIME = 30
    NOTE = 31
