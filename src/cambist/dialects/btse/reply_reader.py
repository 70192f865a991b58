"""What clients of this API were told, read back from its replies."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from cambist.dialect_kit.reply_reading import Answer, ClientRejection, RejectionCode, StatedBalance, decoded
from cambist.dialects.btse import errors
from cambist.dialects.btse.ids import ORDER_IDS
from cambist.dialects.btse.status import BUSINESS, Status
from cambist.dialects.btse.symbols import Symbols


class _Failed(msgspec.Struct):
    """Of versions 2 and 3."""

    error: int = msgspec.field(name="errorCode")
    message: str


class _UnifiedFailed(msgspec.Struct):
    code: int
    msg: str
    success: bool


class _OrderRow(msgspec.Struct):
    """Of version 3, which says with status 200 that an order was not taken."""

    status: int
    message: str = ""


class _Row(msgspec.Struct):
    available: Decimal
    currency: str
    total: Decimal


class _UnifiedRow(msgspec.Struct):
    asset: str
    available: Decimal = msgspec.field(name="availableAmount")
    total: Decimal = msgspec.field(name="totalAmount")


class _Unified(msgspec.Struct):
    data: list[_UnifiedRow]


CODES = {
    Status.AUTHENTICATION_FAILED: RejectionCode.AUTHENTICATION,
    Status.INVALID_REQUEST: RejectionCode.INVALID_FIELD,
    Status.UNSUPPORTED_SYMBOL: RejectionCode.INVALID_FIELD,
    Status.MARKET_UNAVAILABLE: RejectionCode.UNAVAILABLE,
    Status.REQUEST_FAILED: RejectionCode.UNAVAILABLE,
    Status.INSUFFICIENT_BALANCE: RejectionCode.INSUFFICIENT_FUNDS,
    Status.ORDER_NOTFOUND: RejectionCode.ORDER_UNKNOWN,
    Status.MAX_ORDER_SIZE_EXCEEDED: RejectionCode.ABOVE_MAXIMUM,
    Status.INVALID_ORDER_SIZE: RejectionCode.BELOW_MINIMUM,
    Status.INVALID_ORDER_PRICE: RejectionCode.INVALID_FIELD,
    Status.RATE_LIMITS_EXCEEDED: RejectionCode.RATE_LIMIT,
}
NUMBERS: dict[int, RejectionCode] = {
    **{int(status): code for status, code in CODES.items()},
    **{number: CODES[Status(status)] for status, (number, _) in errors.UNIFIED_NUMBERS.items()},
}


class ReplyReader:
    """Each generation has an error of its own form; balances are rows."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols

    def rejection(self, answer: Answer) -> ClientRejection | None:
        failed = decoded(answer.reply, _Failed)
        if failed is not None:
            return _rejection(failed.error, failed.message)
        unified = decoded(answer.reply, _UnifiedFailed)
        if unified is not None and not unified.success:
            return _rejection(unified.code, unified.msg)
        rows = decoded(answer.reply, list[_OrderRow]) or []
        rejected = [row for row in rows if row.status in BUSINESS]
        if rejected and len(rejected) == len(rows) == 1:
            return _rejection(rejected[0].status, rejected[0].message)
        return None

    def balances(self, answer: Answer) -> Sequence[StatedBalance]:
        rows = decoded(answer.reply, list[_Row])
        if rows is not None:
            return [self._stated(row.currency, row.available, row.total) for row in rows]
        unified = decoded(answer.reply, _Unified)
        return [] if unified is None else [self._stated(row.asset, row.available, row.total) for row in unified.data]

    def order_text(self, order: int) -> str:
        return ORDER_IDS.text(order)

    def order_number(self, text: str) -> int | None:
        return ORDER_IDS.number(text)

    def _stated(self, code: str, available: Decimal, total: Decimal) -> StatedBalance:
        spec = self._symbols.asset(code)
        digits = 0 if spec is None else spec.display_scale
        return StatedBalance(code, digits, available=f"{available:f}", total=f"{total:f}")


def _rejection(number: int, words: str) -> ClientRejection:
    if words in (errors.NONCE_WRONG.message, errors.NONCE_MISSING.message):
        return ClientRejection(RejectionCode.NONCE, words)
    if "permission" in words:
        return ClientRejection(RejectionCode.PERMISSION, words)
    return ClientRejection(NUMBERS.get(number, RejectionCode.OTHER), words)
