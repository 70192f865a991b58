"""What clients of this API were told, read back from its replies and from its socket."""

from collections.abc import Sequence
from typing import Any

import msgspec

from cambist.dialect_kit.reply_reading import Answer, ClientRejection, RejectionCode, StatedBalance, decoded
from cambist.dialects.expie import errors
from cambist.dialects.expie.markets import Markets


class _Error(msgspec.Struct):
    code: int
    message: str


class _Failed(msgspec.Struct):
    error: _Error


class _Row(msgspec.Struct):
    """Of `balance/summary`."""

    coin_code: str
    available_amount: str
    balance: str


class _Message(msgspec.Struct):
    method: str = ""
    params: Any = None
    result: Any = None


class _Amounts(msgspec.Struct, forbid_unknown_fields=True):
    """Of `asset.query` and `asset.update`."""

    available: str
    freeze: str


CODES = {
    (each.code, each.message): code
    for code, rejections in {
        RejectionCode.INVALID_FIELD: (errors.INVALID_ARGUMENT,),
        RejectionCode.UNAVAILABLE: (errors.INTERNAL_ERROR, errors.SERVICE_UNAVAILABLE, errors.NO_ENOUGH_TRADER),
        RejectionCode.METHOD_UNKNOWN: (errors.METHOD_NOT_FOUND,),
        RejectionCode.AUTHENTICATION: (errors.AUTHENTICATION_REQUIRED, errors.TOKEN_INVALID, errors.SIGNATURE_INVALID),
        RejectionCode.PERMISSION: (errors.SCOPE_MISSING,),
        RejectionCode.INSUFFICIENT_FUNDS: (errors.BALANCE_NOT_ENOUGH,),
        RejectionCode.BELOW_MINIMUM: (errors.AMOUNT_TOO_SMALL,),
        RejectionCode.ORDER_UNKNOWN: (errors.ORDER_NOT_FOUND, errors.USER_NOT_MATCH),
    }.items()
    for each in rejections
}


class ReplyReader:
    """Errors have a number and words, of which only both together are one thing; balances are rows, or objects by asset."""

    def __init__(self, markets: Markets) -> None:
        self._markets = markets

    def rejection(self, answer: Answer) -> ClientRejection | None:
        failed = decoded(answer.reply, _Failed)
        if failed is None:
            return None
        if answer.status == 429:
            return ClientRejection(RejectionCode.RATE_LIMIT, failed.error.message)
        return ClientRejection(CODES.get((failed.error.code, failed.error.message), RejectionCode.OTHER), failed.error.message)

    def balances(self, answer: Answer) -> Sequence[StatedBalance]:
        rows = decoded(answer.reply, list[_Row])
        if rows is not None:
            return [self._stated(row.coin_code, row.available_amount, row.balance) for row in rows if self._digits(row.coin_code) >= 0]
        message = decoded(answer.reply, _Message)
        if message is None:
            return ()
        stated: list[StatedBalance] = []
        for content in (message.result, *(message.params if isinstance(message.params, list) else ())):
            try:
                amounts = msgspec.convert(content, dict[str, _Amounts])
            except msgspec.ValidationError:
                continue
            stated += [self._stated(code, each.available, None) for code, each in amounts.items() if self._digits(code) >= 0]
        return stated

    def order_text(self, order: int) -> str:
        return str(order)

    def order_number(self, text: str) -> int | None:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None

    def _digits(self, code: str) -> int:
        asset = self._markets.find_asset(code)
        return -1 if asset is None else asset.display_scale

    def _stated(self, code: str, available: str, total: str | None) -> StatedBalance:
        return StatedBalance(code, self._digits(code), available=available, total=total)
