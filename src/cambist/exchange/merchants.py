"""A payment from one account to a merchant's, by way of the account MERCHANTS.

Both steps have transfer ids that follow from the order, so whatever races, retries or crashes there are, an order is paid from an
account at most once and its merchant gets that money once. They are two commands of one tick and so one frame; should the second be
missing all the same, `credit` may be asked again at any time. Memos: `{"merchant": <order, 32 hex digits>, "step": "pay" | "credit"}`.
"""

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.orders import Reject, TransferKind
from cambist.domain.transfer_ids import transfer_id
from cambist.exchange.coupons import MoveMoney

PAY, CREDIT = "pay", "credit"
NO_META = Meta()


def payment_id(order: str, step: str = PAY) -> int:
    """The id of a step's transfer; `order` is 32 hex digits."""
    return transfer_id("merchant", order, step)


class MerchantFunds:
    """Moves the money of merchant orders. Amounts are atoms."""

    def __init__(self, move: MoveMoney) -> None:
        self._move = move

    def pay(self, order: str, payer: int, merchant: int, asset: int, amount: int, meta: Meta = NO_META) -> _core.Outcome:
        """From the payer to the merchant. INSUFFICIENT_FUNDS; TRANSFER_ID_USED when the order was paid from an account before."""
        paid = self._step(PAY, order, payer, _core.MERCHANTS, asset, amount, meta)
        if paid.code == Reject.OK:
            self.credit(order, merchant, asset, amount)
        return paid

    def credit(self, order: str, merchant: int, asset: int, amount: int) -> _core.Outcome:
        """From MERCHANTS to the merchant. TRANSFER_ID_USED when he has it already."""
        return self._step(CREDIT, order, _core.MERCHANTS, merchant, asset, amount, NO_META)

    def _step(self, step: str, order: str, source: int, destination: int, asset: int, amount: int, meta: Meta) -> _core.Outcome:
        whole = Meta(key_id=meta.key_id, nonce=meta.nonce, memo={"merchant": order, "step": step})
        return self._move(payment_id(order, step), source, destination, asset, TransferKind.MERCHANT, amount, meta=whole)
