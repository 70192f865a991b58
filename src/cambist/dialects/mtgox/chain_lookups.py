"""`bitcoin/tx_details`, `block_list_tx`, `addr_details`: what the network shows to anybody. Whose an address is, it does not know."""

from cambist import _core
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.mtgox import replies
from cambist.dialects.mtgox.call import Call, MethodGroup
from cambist.dialects.mtgox.currencies import Currency, Value
from cambist.dialects.mtgox.parse import whole
from cambist.dialects.mtgox.replies import Answer, Rejection, invalid
from cambist.wallet import ChainTransaction, WalletRejection

NO_TRANSACTION = Rejection("Transaction not found", "transaction_not_found")
NO_BLOCK = Rejection("Block not found", "block_not_found")
NO_ADDRESS = Rejection("Address not found", "address_not_found")


class ChainLookups(MethodGroup):
    def transaction(self, call: Call) -> Answer:
        """A transaction by its `hash` (also `txid`)."""
        bitcoin, name = self.instruments.currency("BTC"), (call.text("hash") or call.text("txid")).lower()
        if bitcoin is None:
            return replies.NO_METHOD
        if not name:
            return invalid("hash", "is required")
        found = self.services.wallet.transaction(bitcoin.asset, name)
        if isinstance(found, WalletRejection):
            return replies.BUSY
        return _described(bitcoin, found) if found is not None else NO_TRANSACTION

    def block(self, call: Call) -> Answer:
        """The transactions of a block, by its `hash` or its `depth`: its height."""
        bitcoin, name, depth = self.instruments.currency("BTC"), call.text("hash").lower(), call.text("depth")
        if bitcoin is None:
            return replies.NO_METHOD
        number = whole(depth)
        if not name and number is None:
            return invalid("depth", "should be a whole number") if depth else invalid("hash", "or depth is required")
        found = self.services.wallet.block(bitcoin.asset, name or number or 0)
        if isinstance(found, WalletRejection):
            return replies.BUSY
        if found is None:
            return NO_BLOCK
        return {
            "hash": found.block,
            "depth": found.height,
            "previous": found.previous,
            "date": found.time // SECOND,
            "tx": list(found.txids),
        }

    def address(self, call: Call) -> Answer:
        """What was paid to an address, given as `hash` (also `address`). One that was never paid is not known, whoever has it."""
        bitcoin, name = self.instruments.currency("BTC"), call.text("hash") or call.text("address")
        if bitcoin is None:
            return replies.NO_METHOD
        if not self.services.wallet.valid_address(bitcoin.asset, name):
            return invalid("hash", "should be a Bitcoin address")
        found = self.services.wallet.payments_to(bitcoin.asset, name)
        if isinstance(found, WalletRejection):
            return replies.BUSY
        if not found:
            return NO_ADDRESS
        return {"address": name, "tx": [_described(bitcoin, one) for one in found]}


def _described(bitcoin: Currency, found: ChainTransaction) -> dict[str, object]:
    return {
        "hash": found.txid,
        "date": found.seen // SECOND,
        "block": found.block or None,
        "depth": found.height or None,
        "confirmations": found.confirmations,
        "out": [{"n": output.index, "address": output.address, "amount": _coins(bitcoin, output.amount)} for output in found.outputs],
    }


def _coins(bitcoin: Currency, amount: str) -> Value:
    """BitcoinMethods as decimal text. What is finer than this API's integers is cut."""
    whole_coins, _, fraction = amount.partition(".")
    return bitcoin.value(_core.parse_units(f"{whole_coins}.{fraction[: bitcoin.scale] or '0'}", bitcoin.scale))
