"""Money that comes in, goes out and changes hands without a trade."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cambist.api_types.values import AssetCode, Decimal, Id, MarketName, PageQuery, Request, Time, Value

CoinAddress = Annotated[str, Meta(min_length=1, max_length=256)]
TransferStatus = Literal["pending", "done", "cancelled"]
CouponCode = Annotated[str, Meta(max_length=128)]


class DepositAddress(Value, frozen=True, kw_only=True):
    """Where to send coins; null when none was made yet."""

    asset: AssetCode
    address: str | None
    qr_svg: str | None


class Deposit(Value, frozen=True, kw_only=True):
    """Coins that came: `pending` until they have enough confirmations."""

    id: Id
    asset: AssetCode
    amount: Decimal
    address: str
    txid: str
    status: TransferStatus
    created: Time
    updated: Time


class RequestWithdrawal(Request, frozen=True, kw_only=True):
    """`amount` leaves the account, the venue's fee included."""

    asset: AssetCode
    amount: Decimal
    address: CoinAddress


class Withdrawal(Value, frozen=True, kw_only=True):
    """Coins on their way out: `waiting` to be sent, or for the operator's `approval`; `sent`; `done`; `cancelled`: the money is back."""

    id: Id
    asset: AssetCode
    amount: Decimal
    fee: Decimal
    address: str
    txid: str
    status: Literal["waiting", "approval", "sent", "done", "cancelled"]
    created: Time
    updated: Time


class TransfersQuery(PageQuery, frozen=True, kw_only=True):
    """Of one asset, of one kind."""

    asset: AssetCode | None = None
    kind: Literal["deposit", "withdrawal", "coupon-create", "coupon-redeem", "merchant", "adjustment", "internal"] | None = None


class SendTransfer(Request, frozen=True, kw_only=True):
    """`receiver`: another user's name."""

    asset: AssetCode
    amount: Decimal
    receiver: Annotated[str, Meta(max_length=64, examples=["maria"])]


class Transfer(Value, frozen=True, kw_only=True):
    """Money that moved to (`in`) or from (`out`) the account. `counterparty`: the other user of a transfer by name."""

    id: Id
    kind: str
    direction: Literal["in", "out"]
    asset: AssetCode
    amount: Decimal
    status: TransferStatus
    address: str | None
    txid: str | None
    counterparty: str | None
    created: Time
    updated: Time


class CreateCoupon(Request, frozen=True, kw_only=True):
    """`receiver`: the name of the only user who may redeem it. `code`: one's own choice of at least 32 letters and digits drawn at random:
    whoever repeats a request whose reply was lost then makes no second coupon, also after a restart of the server."""

    asset: AssetCode
    amount: Decimal
    receiver: Annotated[str, Meta(max_length=64)] | None = None
    code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{32,96}\Z")] | None = None


class CouponCreated(Value, frozen=True, kw_only=True):
    """Whoever has the code has the money. It is shown here and never again."""

    code: str
    asset: AssetCode
    amount: Decimal
    transfer_id: Id


class RedeemCoupon(Request, frozen=True, kw_only=True):
    """Case, dashes and blanks of the code do not count."""

    code: CouponCode


class CouponRedeemed(Value, frozen=True, kw_only=True):
    """What it brought."""

    asset: AssetCode
    amount: Decimal
    transfer_id: Id


class Coupon(Value, frozen=True, kw_only=True):
    """One that one made; not its code, which nobody keeps."""

    transfer_id: Id
    asset: AssetCode
    amount: Decimal
    receiver: str | None
    redeemed: bool
    created: Time


Url = Annotated[str, Meta(max_length=1_000)]


class CreateMerchantOrder(Request, frozen=True, kw_only=True):
    """A payment that one asks for. Payers come back to `success_url` or `failure_url`. `data` is one's own. `accounts_only`: not by coins.
    `repeated`: may be paid again and again. `notify_url`: where to tell of what happens to it (`MerchantNotice`). `autosell`: the market in
    which what is paid is sold at once, for what the market gives."""

    asset: AssetCode
    amount: Decimal
    description: Annotated[str, Meta(max_length=500)]
    success_url: Url
    failure_url: Url
    data: Annotated[str, Meta(max_length=1_000)] = ""
    accounts_only: bool = False
    repeated: bool = False
    notify_url: Url | None = None
    autosell: MarketName | None = None


PaymentStatus = Literal["open", "partial", "paid", "cancelled", "closed"]


class Payment(Value, frozen=True, kw_only=True):
    """Of a merchant order; `pending` until the merchant has it for good."""

    id: Id
    amount: Decimal
    pending: bool
    by_coins: bool
    time: Time


class MerchantOrder(Value, frozen=True, kw_only=True):
    """A payment that one asked for, and what was paid of it."""

    id: Id
    asset: AssetCode
    amount: Decimal
    paid: Decimal
    pending: Decimal
    status: PaymentStatus
    description: str
    success_url: str
    failure_url: str
    data: str
    address: str | None
    accounts_only: bool
    repeated: bool
    notify_url: str | None
    autosell: MarketName | None
    created: Time
    expires: Time


class MerchantOrderCreated(MerchantOrder, frozen=True, kw_only=True):
    """A new one. `notice_secret`: what its notices are signed with; null when nobody is told."""

    notice_secret: str | None


class NoticeSecret(Value, frozen=True, kw_only=True):
    """What an order's notices are signed with, 64 hex digits; null when nobody is told. `previous_until`: until when the secret before the
    last rotation signs them too (`MerchantNotice`); null when it does not, or no more."""

    notice_secret: str | None
    previous_until: Time | None


NoticeWord = Literal["paid", "partial", "cancelled", "closed"]


class MerchantNotice(Value, frozen=True, kw_only=True):
    """What is posted to an order's `notify_url`, again and again until the answer's status is 2xx. The field `cambist-signature` is hex of
    the HMAC-SHA256, with the order's `notice_secret` as text for key, of the field `cambist-timestamp`, a line feed and the body. For 24
    hours after the secret was rotated `cambist-signature-previous` is the same with the secret before it. `id` is the same at each
    attempt. `paid` and `pending` are sums over all payments as they stood then."""

    id: Id
    order: Id
    status: NoticeWord
    payment: Id
    asset: AssetCode
    amount: Decimal
    paid: Decimal
    pending: Decimal
    data: str
    time: Time


class NoticeAttempts(Value, frozen=True, kw_only=True):
    """How a notice fares. `next_attempt` is null when there will be none; `outcome` is what came of the last one."""

    status: NoticeWord
    attempts: int
    next_attempt: Time | None
    outcome: str


class MerchantOrderDetails(Value, frozen=True, kw_only=True):
    """The order with its payments and notices, oldest first."""

    order: MerchantOrder
    payments: list[Payment]
    notices: list[NoticeAttempts]


class PaymentRequest(Value, frozen=True, kw_only=True):
    """A merchant order as whoever knows its id sees it, to pay it."""

    id: Id
    payee: str
    asset: AssetCode
    amount: Decimal
    missing: Decimal
    status: PaymentStatus
    description: str
    expires: Time
