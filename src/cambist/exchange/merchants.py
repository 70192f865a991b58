"""A payment from one account to a merchant's, by way of the account MERCHANTS.

Both steps have transfer ids that follow from the order, so whatever races, retries or crashes there are, an order is paid from an
account at most once and its merchant gets that money once. They are two commands of one tick and so one frame; should the second be
missing all the same, `credit` may be asked again at any time. Memos: `{"merchant": <order, 32 hex digits>, "step": "pay" | "credit"}`.

An order that may be paid several times is paid in parts, each with a word of its own from which its ids follow too (memo `part`).
Coins that a merchant wants sold are sold by an order whose client id is the payment's and whose memo names it: `{"merchant_sold": ...}`.
"""

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfer_ids import transfer_id
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId, MarketId
from cambist.exchange.commands import Commands

PAY, CREDIT = "pay", "credit"
NO_META = Meta()


def payment_id(order: str, step: str = PAY, part: str = "") -> int:
    """The id of a step's transfer; `order` is 32 hex digits, `part` the word of one of several payments."""
    return transfer_id("merchant", order, step, part) if part else transfer_id("merchant", order, step)


class MerchantFunds:
    """Moves the money of merchant orders. Amounts are atoms."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def pay(
        self, order: str, payer: AccountId, merchant: AccountId, asset: AssetId, amount: int, meta: Meta = NO_META, *, part: str = ""
    ) -> _core.Outcome:
        """From the payer to the merchant. INSUFFICIENT_FUNDS; TRANSFER_ID_USED when the order (this part of it) was paid before."""
        paid = await self._step(PAY, order, payer, _core.MERCHANTS, asset, amount, meta, part)
        if paid.code == RejectReason.OK:
            await self.credit(order, merchant, asset, amount, part=part)
        return paid

    async def credit(self, order: str, merchant: AccountId, asset: AssetId, amount: int, *, part: str = "") -> _core.Outcome:
        """From MERCHANTS to the merchant. TRANSFER_ID_USED when he has it already."""
        return await self._step(CREDIT, order, _core.MERCHANTS, merchant, asset, amount, NO_META, part)

    async def sell(self, payment: str, account: AccountId, market: MarketId, amount: int) -> _core.Outcome:
        """Sells what a payment (32 hex digits) brought at what the market gives; `amount` in its units. CLIENT_ID_USED the second time."""
        meta = Meta(memo={"merchant_sold": payment})
        number = int(payment, 16)
        done = await self._commands.place(
            account, market, Side.SELL, OrderType.MARKET, TimeInForce.IOC, 0, amount, client_id=number, meta=meta
        )
        return done.outcome

    async def _step(
        self, step: str, order: str, source: AccountId, destination: AccountId, asset: AssetId, amount: int, meta: Meta, part: str
    ) -> _core.Outcome:
        memo = {"merchant": order, "step": step, "part": part} if part else {"merchant": order, "step": step}
        whole = Meta(key_id=meta.key_id, nonce=meta.nonce, memo=memo)
        moved = await self._commands.transfer(
            payment_id(order, step, part), source, destination, asset, TransferKind.MERCHANT, amount, meta=whole
        )
        return moved.outcome
