"""What clients of this API were told, read back from its replies."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from cambist.dialect_kit.reply_reading import Answer, ClientRejection, RejectionCode, StatedBalance, decoded
from cambist.dialects.btce_wex import errors, ids
from cambist.dialects.btce_wex.pairs import Assets


class _Content(msgspec.Struct):
    funds: dict[str, Decimal] = {}


class _Done(msgspec.Struct):
    success: int
    content: _Content = msgspec.field(name="return")


class _Failed(msgspec.Struct):
    success: int
    error: str


EMPTY_LISTS = frozenset({errors.NO_ORDERS, errors.NO_TRADES, errors.NO_TRANSACTIONS})
"""What is worded as an error and says that there is nothing to list."""
CODES = {
    errors.KEY_MISSING: RejectionCode.AUTHENTICATION,
    errors.KEY_INVALID: RejectionCode.AUTHENTICATION,
    errors.SIGN_INVALID: RejectionCode.AUTHENTICATION,
    errors.METHOD_INVALID: RejectionCode.METHOD_UNKNOWN,
    errors.PUBLIC_METHOD_INVALID: RejectionCode.METHOD_UNKNOWN,
    errors.FIELDS_WRONG: RejectionCode.INVALID_FIELD,
    errors.ORDER_INVALID: RejectionCode.ORDER_UNKNOWN,
    errors.ORDER_NOT_ACTIVE: RejectionCode.ORDER_UNKNOWN,
    errors.UNAVAILABLE: RejectionCode.UNAVAILABLE,
    errors.TOO_OFTEN: RejectionCode.RATE_LIMIT,
    errors.TOO_MANY_COUPONS: RejectionCode.RATE_LIMIT,
    errors.REQUEST_TOO_LARGE: RejectionCode.INVALID_FIELD,
    errors.ADDRESS_INVALID: RejectionCode.INVALID_FIELD,
    errors.PAIR_LIST_EMPTY: RejectionCode.INVALID_FIELD,
    errors.TOO_MANY_PAIRS: RejectionCode.INVALID_FIELD,
}
BEGINNINGS = (
    ("invalid nonce parameter", RejectionCode.NONCE),
    ("api key dont have", RejectionCode.PERMISSION),
    ("It is not enough", RejectionCode.INSUFFICIENT_FUNDS),
    ("invalid parameter", RejectionCode.INVALID_FIELD),
    ("Invalid pair name", RejectionCode.INVALID_FIELD),
    ("Duplicated pair name", RejectionCode.INVALID_FIELD),
)


def code_of(words: str) -> RejectionCode:
    """The code of an error's text."""
    if words in CODES:
        return CODES[words]
    for beginning, code in BEGINNINGS:
        if words.startswith(beginning):
            return code
    if words.startswith(("Price per ", "Value ")):
        return RejectionCode.BELOW_MINIMUM if " must be greater than " in words else RejectionCode.ABOVE_MAXIMUM
    return RejectionCode.OTHER


class ReplyReader:
    """Everything is JSON with HTTP status 200; `success` 0 has an `error`, 1 a `return`, which may have `funds`."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    def rejection(self, answer: Answer) -> ClientRejection | None:
        failed = decoded(answer.reply, _Failed)
        if failed is None or failed.success or failed.error in EMPTY_LISTS:
            return None
        return ClientRejection(code_of(failed.error), failed.error)

    def balances(self, answer: Answer) -> Sequence[StatedBalance]:
        done = decoded(answer.reply, _Done)
        if done is None or not done.success:
            return ()
        found = [(self._assets.find(name), amount) for name, amount in done.content.funds.items()]
        return [StatedBalance(asset.code, asset.display_scale, available=f"{amount:f}") for asset, amount in found if asset is not None]

    def order_text(self, order: int) -> str:
        return str(ids.shown(order))

    def order_number(self, text: str) -> int | None:
        return ids.of_text(text)
