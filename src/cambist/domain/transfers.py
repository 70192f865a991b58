"""Why money moves, by the numbers of docs/internals/core.md."""

from enum import IntEnum


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
