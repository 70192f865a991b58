"""`merchant/order/*`: payment orders for shops."""

import uuid

from cambist.dialects.mtgox.call import Call, DialectContext, MethodGroup
from cambist.dialects.mtgox.code_check import CodeCheck
from cambist.dialects.mtgox.currencies import Currency
from cambist.dialects.mtgox.parse import flag
from cambist.dialects.mtgox.replies import BUSY, Answer, Rejection, Result, invalid
from cambist.dialects.mtgox.trades import moment
from cambist.domain.reject_reasons import RejectReason
from cambist.merchant import MerchantOrder, MerchantRejection, OrderTexts, PaymentState, Terms

PAY_PATH = "/payment/"
NO_ORDER = Rejection("Payment order not found", "merchant_order_not_found")
STATES = {
    PaymentState.OPEN: "pending",
    PaymentState.PARTIAL: "partial",
    PaymentState.PAID: "paid",
    PaymentState.CANCELLED: "cancelled",
    PaymentState.CLOSED: "closed",
}
OWN_TEXTS = {MerchantRejection.AMOUNT_INVALID: "amount", MerchantRejection.URL_INVALID: "return_success, return_failure or ipn"}


def order_key(text: str) -> str:
    """An order's id as the service knows it, from the UUID that shops know; empty when it is none."""
    try:
        return uuid.UUID(text).hex if len(text) == 36 else ""
    except ValueError:
        return ""


def transaction(order: MerchantOrder) -> str:
    """The UUID that shops know."""
    return str(uuid.UUID(order.id))


class MerchantOrderMethods(MethodGroup):
    def __init__(self, context: DialectContext) -> None:
        super().__init__(context)
        self._merchants = context.merchants
        self._codes = CodeCheck(context)

    async def create(self, call: Call) -> Result:
        """A new payment order; the shop sends its customer to `payment_url`."""
        caller = call.signed
        currency = self.instruments.currency(call.text("currency"))
        if currency is None:
            return invalid("currency", "should be a known currency")
        units = call.units("amount", currency.scale)
        if isinstance(units, Rejection):
            return units
        atoms = currency.atoms(units) if units else None
        if not atoms:
            return invalid("amount", f"should be above zero, with at most {currency.scale} decimals")
        user = self.services.directory.user_by_account(caller.account)
        assert user is not None
        texts = OrderTexts(
            call.text("description") or f"Payment to {user.name}",
            call.text("return_success"),
            call.text("return_failure"),
            call.text("ipn"),
            call.fields.get("data", ""),
        )
        for name, url in (("return_success", texts.success), ("return_failure", texts.failure)):
            if not url:
                return invalid(name, "is required")
        terms = self._terms(call, currency)
        if isinstance(terms, Rejection):
            return terms
        made = await self._merchants.create(
            caller.account,
            currency.asset,
            atoms,
            caller.key.key,
            texts,
            terms=terms,
            meta=caller.meta,
        )
        if isinstance(made, MerchantRejection):
            return invalid(OWN_TEXTS[made], made.words) if made in OWN_TEXTS else rejected(made)
        name = str(uuid.UUID(made))
        return {"transaction": name, "payment_url": f"{call.base_url}{PAY_PATH}{name}"}

    def _terms(self, call: Call, currency: Currency) -> Terms | Rejection:
        """The flags. BitcoinMethods are sold in the market of the path, or for USD. `email` is taken and nothing is mailed."""
        only_accounts = flag(call.text("instant_only")) or not currency.virtual
        repeated = flag(call.text("multipay"))
        if not flag(call.text("autosell")):
            return Terms(only_accounts, repeated)
        pair = self.instruments.find(currency.code + (call.pair.currency.code if call.pair is not None else "USD"))
        if not currency.virtual or pair is None:
            return invalid("autosell", "only coins that have a market can be sold")
        return Terms(only_accounts, repeated, pair.market)

    def _asked(self, call: Call) -> MerchantOrder | None:
        name = call.text("transaction") or call.text("order") or call.text("id")
        return self._merchants.order(order_key(name))

    def details(self, call: Call) -> Answer:
        """An order of one's own, by `transaction` (also `order`, `id`)."""
        order = self._asked(call)
        if order is None or order.account != call.signed.account:
            return NO_ORDER
        return self._described(order, call.base_url)

    def _described(self, order: MerchantOrder, base_url: str) -> dict[str, object]:
        currency = self.instruments.of_asset(order.asset)
        pending, valid = self._merchants.view.sums(order.id)
        return {
            "transaction": transaction(order),
            "payment_url": f"{base_url}{PAY_PATH}{transaction(order)}",
            "status": STATES[order.state],
            "description": order.texts.description,
            "amount": currency.of_atoms(order.amount),
            "amount_valid": currency.of_atoms(valid),
            "amount_pending": currency.of_atoms(pending),
            "return_success": order.texts.success,
            "return_failure": order.texts.failure,
            "ipn": order.texts.notify,
            "data": order.texts.data,
            "address": order.address,
            "instant_only": order.terms.only_accounts,
            "multipay": order.terms.repeated,
            "autosell": self._sold_for(order),
            "email": False,
            "created": moment(order.created),
            "expires": moment(order.expires),
        }

    def _sold_for(self, order: MerchantOrder) -> str | None:
        """The currency for which the coins are sold."""
        pair = self.instruments.of_market(order.terms.sell_in)
        return pair.currency.code if pair is not None else None

    def payments(self, call: Call) -> Answer:
        """The payments of an order of one's own."""
        order = self._asked(call)
        if order is None or order.account != call.signed.account:
            return NO_ORDER
        currency = self.instruments.of_asset(order.asset)
        return [
            {
                "payment_id": str(uuid.UUID(payment.id)),
                "amount": currency.of_atoms(payment.amount),
                "status": "valid" if payment.valid else "pending",
                "method": method_of(payment.by_coins),
                "date": moment(payment.seen),
            }
            for payment in self._merchants.payments(order.id)
        ]

    async def pay(self, call: Call) -> Result:
        """Pays an order from the caller's account; with `code`, once it has one-time codes."""
        if self._asked(call) is None:
            return NO_ORDER
        rejection = await self._codes.rejection(call)
        if rejection is not None:
            return rejection
        # A code takes a while to be looked at, and the order may have changed.
        caller, order = call.signed, self._asked(call)
        if order is None:
            return NO_ORDER
        paid = await self._merchants.pay(order, caller.account, caller.meta, part=f"{caller.key.id}/{caller.nonce}")
        if isinstance(paid, MerchantRejection):
            return rejected(paid)
        return pay_rejection(paid.code) or {"transaction": transaction(order), "status": "paid"}


def rejected(rejection: MerchantRejection) -> Rejection:
    """What the merchant service rejected."""
    return Rejection(rejection.words.capitalize(), rejection.value.replace("-", "_"))


def method_of(by_coins: bool) -> str:
    """How a payment was made, for lists."""
    return "BITCOIN" if by_coins else "ACCOUNT"


def pay_rejection(code: int) -> Rejection | None:
    """Why the core did not pay; None when it did."""
    match code:
        case RejectReason.OK:
            return None
        case RejectReason.INSUFFICIENT_FUNDS:
            return Rejection("There is not enough money in this account", "insufficient_funds")
        case RejectReason.TRANSFER_ID_USED:
            return Rejection("This order was paid already", "already_paid")
        case _:
            return BUSY
