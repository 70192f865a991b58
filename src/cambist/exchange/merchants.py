"""A payment from one account to a merchant's, by way of the account MERCHANTS.

Both steps have transfer ids that follow from the order, so whatever races, retries or crashes there are, an order is paid from an
account at most once and its merchant gets that money once. They are two commands of one tick and so one frame; should the second be
missing all the same, `credit` may be asked again at any time. Memos: `{"merchant": <order, 32 hex digits>, "step": "pay" | "credit"}`.

An order that may be paid several times is paid in parts, each with a word of its own from which its ids follow too (memo `part`).
Coins that a merchant wants sold are sold by an order whose client id is the payment's and whose memo names it: `{"merchant_sold": ...}`.
"""

from typing import Protocol

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderType, RejectReason, Side, TimeInForce, TransferKind
from cambist.domain.transfer_ids import transfer_id
from cambist.exchange.coupons import MoveMoney

PAY, CREDIT = "pay", "credit"
NO_META = Meta()


class PlaceOrder(Protocol):
    """`Orders.place`, as far as selling needs it."""

    def __call__(
        self, account: int, market: int, side: int, type: int, tif: int, price: int, amount: int, *, client_id: int, meta: Meta
    ) -> _core.Outcome: ...


def payment_id(order: str, step: str = PAY, part: str = "") -> int:
    """The id of a step's transfer; `order` is 32 hex digits, `part` the word of one of several payments."""
    return transfer_id("merchant", order, step, part) if part else transfer_id("merchant", order, step)


class MerchantFunds:
    """Moves the money of merchant orders. Amounts are atoms."""

    def __init__(self, move: MoveMoney, place: PlaceOrder) -> None:
        self._move = move
        self._place = place

    def pay(self, order: str, payer: int, merchant: int, asset: int, amount: int, meta: Meta = NO_META, *, part: str = "") -> _core.Outcome:
        """From the payer to the merchant. INSUFFICIENT_FUNDS; TRANSFER_ID_USED when the order (this part of it) was paid before."""
        paid = self._step(PAY, order, payer, _core.MERCHANTS, asset, amount, meta, part)
        if paid.code == RejectReason.OK:
            self.credit(order, merchant, asset, amount, part=part)
        return paid

    def credit(self, order: str, merchant: int, asset: int, amount: int, *, part: str = "") -> _core.Outcome:
        """From MERCHANTS to the merchant. TRANSFER_ID_USED when he has it already."""
        return self._step(CREDIT, order, _core.MERCHANTS, merchant, asset, amount, NO_META, part)

    def sell(self, payment: str, account: int, market: int, amount: int) -> _core.Outcome:
        """Sells what a payment (32 hex digits) brought at what the market gives; `amount` in its units. CLIENT_ID_USED the second time."""
        meta = Meta(memo={"merchant_sold": payment})
        number = int(payment, 16)
        return self._place(account, market, Side.SELL, OrderType.MARKET, TimeInForce.IOC, 0, amount, client_id=number, meta=meta)

    def _step(self, step: str, order: str, source: int, destination: int, asset: int, amount: int, meta: Meta, part: str) -> _core.Outcome:
        memo = {"merchant": order, "step": step, "part": part} if part else {"merchant": order, "step": step}
        whole = Meta(key_id=meta.key_id, nonce=meta.nonce, memo=memo)
        return self._move(payment_id(order, step, part), source, destination, asset, TransferKind.MERCHANT, amount, meta=whole)
