"""What clients of this API were told, read back from its replies and from its stream."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cambist.api_types.balances import Balance
from cambist.api_types.problems import Code
from cambist.dialect_kit.reply_reading import Answer, ClientRejection, RejectionCode, StatedBalance, decoded
from cambist.dialects.native.listings import Listings


class _Problem(msgspec.Struct):
    code: str
    detail: str
    status: int


class _Failed(msgspec.Struct):
    """Of the stream."""

    problem: _Problem


class _Balances(msgspec.Struct):
    """Of the stream."""

    balances: list[Balance]


CODES = {
    code.value: meaning
    for meaning, codes in {
        RejectionCode.NONCE: (Code.TIMESTAMP_WRONG, Code.REQUEST_REPEATED),
        RejectionCode.AUTHENTICATION: (
            Code.UNAUTHENTICATED,
            Code.KEY_UNKNOWN,
            Code.SIGNATURE_WRONG,
            Code.LOGIN_WRONG,
            Code.CODE_REQUIRED,
            Code.CODE_WRONG,
            Code.PASSKEY_WRONG,
            Code.CSRF_WRONG,
        ),
        RejectionCode.PERMISSION: (Code.SCOPE_MISSING, Code.SESSION_REQUIRED, Code.PROOF_REQUIRED, Code.ADDRESS_REFUSED, Code.USER_FROZEN),
        RejectionCode.RATE_LIMIT: (Code.RATE_LIMITED, Code.LOGIN_PAUSED, Code.CODE_PAUSED),
        RejectionCode.PRECISION: (Code.TOO_MANY_DECIMALS,),
        RejectionCode.BELOW_MINIMUM: (Code.PRICE_TOO_LOW, Code.AMOUNT_TOO_SMALL, Code.TOTAL_TOO_SMALL, Code.WITHDRAWAL_TOO_SMALL),
        RejectionCode.ABOVE_MAXIMUM: (Code.PRICE_TOO_HIGH, Code.AMOUNT_TOO_LARGE, Code.TOTAL_TOO_LARGE, Code.LEVEL_FULL),
        RejectionCode.INSUFFICIENT_FUNDS: (Code.INSUFFICIENT_FUNDS,),
        RejectionCode.ORDER_UNKNOWN: (Code.NOT_FOUND, Code.ORDER_NOT_LIVE),
        RejectionCode.METHOD_UNKNOWN: (Code.METHOD_NOT_ALLOWED,),
        RejectionCode.UNAVAILABLE: (Code.BUSY, Code.INTERNAL, Code.UNAVAILABLE, Code.HISTORY_UNAVAILABLE, Code.MARKET_HALTED),
        RejectionCode.INVALID_FIELD: (
            Code.REQUEST_INVALID,
            Code.CONTENT_TYPE_WRONG,
            Code.BODY_TOO_LARGE,
            Code.MARKET_UNKNOWN,
            Code.ASSET_UNKNOWN,
            Code.ORDER_INVALID,
            Code.TRAIL_INVALID,
        ),
    }.items()
    for code in codes
}


class ReplyReader:
    """Every error is a problem with a code; balances are rows, on the stream a message's."""

    def __init__(self, listings: Listings) -> None:
        self._listings = listings

    def rejection(self, answer: Answer) -> ClientRejection | None:
        problem = decoded(answer.reply, _Problem)
        if problem is None:
            failed = decoded(answer.reply, _Failed)
            if failed is None:
                return None
            problem = failed.problem
        return ClientRejection(CODES.get(problem.code, RejectionCode.OTHER), problem.detail)

    def balances(self, answer: Answer) -> Sequence[StatedBalance]:
        rows = decoded(answer.reply, list[Balance])
        if rows is None:
            message = decoded(answer.reply, _Balances)
            rows = [] if message is None else message.balances
        scales = {asset.code: asset.scale for asset in self._listings.assets()}
        return [StatedBalance(row.asset, scales.get(row.asset, 0), available=row.available, total=row.total) for row in rows]

    def order_text(self, order: int) -> str:
        return str(order)

    def order_number(self, text: str) -> int | None:
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
