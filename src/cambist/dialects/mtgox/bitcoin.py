"""`bitcoin/address` and `bitcoin/send_simple`: coins in and out."""

from cambist.dialects.mtgox import ids, replies
from cambist.dialects.mtgox.call import Call, DialectContext, MethodGroup
from cambist.dialects.mtgox.code_check import CodeCheck
from cambist.dialects.mtgox.currencies import Currency
from cambist.dialects.mtgox.merchant_orders import rejected
from cambist.dialects.mtgox.parse import whole
from cambist.dialects.mtgox.replies import Rejection, Result, invalid
from cambist.domain.reject_reasons import RejectReason
from cambist.merchant import Label, MerchantRejection
from cambist.wallet import WalletRejection

MAX_FEE = 1_000_000
"""0.01 BTC: the most that may be given to the network."""


class BitcoinMethods(MethodGroup):
    def __init__(self, context: DialectContext) -> None:
        super().__init__(context)
        self._codes = CodeCheck(context)

    def _bitcoin(self) -> Currency | None:
        return self.instruments.currency("BTC")

    async def address(self, call: Call) -> Result:
        """A deposit address: the same one until coins came to it, then a new one. Each `description` and `ipn` has one of its own.

        `ipn` gets a notice when coins are seen and one when they are credited, signed with the key of this call.
        """
        bitcoin = self._bitcoin()
        if bitcoin is None:
            return replies.NO_METHOD
        account, notify = call.signed.account, call.text("ipn")
        label = Label(call.text("description"), notify, call.signed.key.key if notify else "")

        def used(address: str) -> bool:
            return any(deposit.address == address for deposit in self.services.wallet.deposits(account))

        found = await self.context.merchants.labelled_address(account, bitcoin.asset, label, used)
        if found == MerchantRejection.URL_INVALID:
            return invalid("ipn", "should be an http or https address on the public internet")
        return rejected(found) if isinstance(found, MerchantRejection) else {"addr": found}

    async def account_address(self, call: Call) -> Result:
        """v2's `bitcoin/get_address`: `account` is the `Link` of `info`, one's own."""
        if ids.number_of(ids.ACCOUNT, call.text("account")) != call.signed.account:
            return invalid("account", "should be the Link of your account")
        return await self.address(call)

    async def send_simple(self, call: Call) -> Result:
        """Sends coins; with `code`, once the account has one-time codes.

        `trx` names the withdrawal: what the network calls it is known only when it is on its way.
        """
        bitcoin = self._bitcoin()
        if bitcoin is None:
            return replies.NO_METHOD
        amount = call.units("amount", bitcoin.scale)
        if isinstance(amount, Rejection):
            return amount
        if not amount:
            return invalid("amount_int", "should be a whole number above zero")
        fee = whole(call.text("fee_int") or "0")
        if fee is None or fee > MAX_FEE:
            return invalid("fee_int", "at most 0.01 BTC")
        address = call.text("address")
        atoms = bitcoin.atoms(amount)
        if atoms is None:
            return invalid("amount_int")
        return await self._codes.rejection(call) or await self._send(call, bitcoin, atoms, address)

    async def _send(self, call: Call, bitcoin: Currency, atoms: int, address: str) -> Result:
        caller = call.signed
        drawn = int.from_bytes(self.services.entropy(f"mtgox-send/{self.view.seq}", 16), "big") or 1
        result = await self.services.wallet.request_withdrawal(
            caller.account, bitcoin.asset, atoms, address, meta=caller.meta(), transfer_id=drawn
        )
        if isinstance(result, WalletRejection):
            caller.carried = False  # no command was given
            return Rejection(result.words, result.value.replace("-", "_"))
        if result.code == RejectReason.INSUFFICIENT_FUNDS:
            return Rejection("Insufficient funds: not enough BTC", "insufficient_funds")
        return {"trx": ids.of_words("transfer", f"{drawn:032x}")} if result.code == RejectReason.OK else replies.BUSY
