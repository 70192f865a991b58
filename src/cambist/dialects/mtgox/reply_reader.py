"""What clients of this API were told, read back from its replies and from the stream."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from cambist.dialect_kit.reply_reading import Answer, ClientRejection, RejectionCode, StatedBalance, decoded
from cambist.dialects.mtgox import ids
from cambist.dialects.mtgox.currencies import scale_of


class _Failed(msgspec.Struct):
    error: str
    token: str = ""


class _Value(msgspec.Struct):
    value: str
    currency: str


class _Wallet(msgspec.Struct):
    balance: _Value = msgspec.field(name="Balance")
    available: _Value = msgspec.field(name="Max_Withdraw")


class _Info(msgspec.Struct):
    wallets: dict[str, _Wallet] = msgspec.field(name="Wallets", default_factory=dict)


class _Done(msgspec.Struct):
    data: Any = None
    content: Any = msgspec.field(name="return", default=None)
    result: Any = None


class _Moved(msgspec.Struct):
    balance: _Value


class _WalletMessage(msgspec.Struct):
    wallet: _Moved


class _Funds(msgspec.Struct):
    """Of version 0."""

    usds: Decimal | None = None
    btcs: Decimal | None = None


CODES = {
    "login_error_invalid_nonce": RejectionCode.NONCE,
    "right_missing": RejectionCode.PERMISSION,
    "invalid_parameter": RejectionCode.INVALID_FIELD,
    "invalid_call": RejectionCode.INVALID_FIELD,
    "request_too_large": RejectionCode.INVALID_FIELD,
    "method_not_found": RejectionCode.METHOD_UNKNOWN,
    "http_method_not_allowed": RejectionCode.METHOD_UNKNOWN,
    "order_not_found": RejectionCode.ORDER_UNKNOWN,
    "order_amount_too_fine": RejectionCode.PRECISION,
    "order_amount_too_low": RejectionCode.BELOW_MINIMUM,
    "order_price_too_low": RejectionCode.BELOW_MINIMUM,
    "order_amount_too_high": RejectionCode.ABOVE_MAXIMUM,
    "order_price_too_high": RejectionCode.ABOVE_MAXIMUM,
    "unknown_error": RejectionCode.UNAVAILABLE,
}
NO_TRADES = "order_not_executed"
"""What is worded as an error and says that there is nothing to list."""
BY_WORDS = {
    "Invalid nonce": RejectionCode.NONCE,
    "Order not found": RejectionCode.ORDER_UNKNOWN,
    "Order amount has too many decimals": RejectionCode.PRECISION,
    "Order amount is too low": RejectionCode.BELOW_MINIMUM,
    "Order price is too low": RejectionCode.BELOW_MINIMUM,
    "Order amount is too high": RejectionCode.ABOVE_MAXIMUM,
    "Order price is too high": RejectionCode.ABOVE_MAXIMUM,
}
"""Version 0 has no tokens."""


class ReplyReader:
    """An error has a `token`, in version 0 its text alone; balances stand in `Wallets`, in version 0's two funds and in messages of the
    private channel."""

    def rejection(self, answer: Answer) -> ClientRejection | None:
        failed = decoded(answer.reply, _Failed)
        if failed is None or failed.token == NO_TRADES:
            return None
        if failed.token.startswith("login_error_") and failed.token not in CODES:
            return ClientRejection(RejectionCode.AUTHENTICATION, failed.error)
        code = CODES.get(failed.token) or BY_WORDS.get(failed.error)
        if code is None:
            code = RejectionCode.AUTHENTICATION if answer.status == 403 else RejectionCode.OTHER
        return ClientRejection(code, failed.error)

    def balances(self, answer: Answer) -> Sequence[StatedBalance]:
        moved = decoded(answer.reply, _WalletMessage)
        if moved is not None:
            value = moved.wallet.balance
            return [StatedBalance(value.currency, scale_of(value.currency), total=value.value)]
        done = decoded(answer.reply, _Done)
        if done is not None:
            for content in (done.data, done.content, done.result):
                info = _converted(content)
                if info is not None and info.wallets:
                    return [
                        StatedBalance(code, scale_of(code), available=wallet.available.value, total=wallet.balance.value)
                        for code, wallet in info.wallets.items()
                    ]
        funds = decoded(answer.reply, _Funds)
        if funds is None:
            return ()
        pairs = (("USD", funds.usds), ("BTC", funds.btcs))
        return [StatedBalance(code, scale_of(code), total=f"{amount:f}") for code, amount in pairs if amount is not None]

    def order_text(self, order: int) -> str:
        return ids.make(ids.ORDER, order)

    def order_number(self, text: str) -> int | None:
        return ids.number_of(ids.ORDER, text)


def _converted(content: Any) -> _Info | None:
    try:
        return msgspec.convert(content, _Info)
    except msgspec.ValidationError:
        return None
