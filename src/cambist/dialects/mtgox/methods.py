"""Every method by its names. v1 and v2 name them alike; v0 has files of its own (v0.py)."""

from cambist.dialects.mtgox.account import Account
from cambist.dialects.mtgox.call import Call, DialectContext, Method
from cambist.dialects.mtgox.chain_lookups import ChainLookups
from cambist.dialects.mtgox.funds import Coins
from cambist.dialects.mtgox.market_data import Quotes
from cambist.dialects.mtgox.merchant_orders import MerchantOrders
from cambist.dialects.mtgox.orders import Orders
from cambist.dialects.mtgox.replies import Answer
from cambist.dialects.mtgox.stream.channels import public_channels
from cambist.dialects.mtgox.wallet_history import WalletHistory

ALIASES = {
    "depth/fetch": "depth",
    "depth/full": "fulldepth",
    "trades/fetch": "trades",
    "trades/cancelled": "cancelledtrades",
    "quote": "order/quote",
    "lag": "order/lag",
    "security/hotp/gen": "hotp_gen",
    "merchant/order/detail": "merchant/order/details",
    "bitcoin/tx/details": "bitcoin/tx_details",
    "bitcoin/block/list_tx": "bitcoin/block_list_tx",
    "bitcoin/addr/details": "bitcoin/addr_details",
    "bitcoin/address_details": "bitcoin/addr_details",
}
"""The newer spelling (or an older one) of a name; clients use both."""
OWN_TRADES = "trades, own"
"""`trades` of the account, which shares its name with the market's."""


class Methods:
    """The table, and how a path's words are looked up in it."""

    def __init__(self, context: DialectContext, quotes: Quotes, account: Account, orders: Orders, merchants: MerchantOrders) -> None:
        coins, wallet, chain = Coins(context), WalletHistory(context), ChainLookups(context)
        self._context = context
        self._table = {
            "ticker": Method(quotes.ticker, needs_pair=True),
            "ticker_fast": Method(quotes.ticker_fast, needs_pair=True),
            "depth": Method(quotes.depth, needs_pair=True),
            "fulldepth": Method(quotes.full_depth, needs_pair=True),
            "trades": Method(quotes.trades, needs_pair=True),
            "cancelledtrades": Method(quotes.cancelled_trades, needs_pair=True),
            "currency": Method(account.currency),
            "hotp_gen": Method(account.hotp_gen),
            "order/lag": Method(orders.lag),
            "order/quote": Method(orders.quote, needs_pair=True),
            "bitcoin/tx_details": Method(chain.transaction),
            "bitcoin/block_list_tx": Method(chain.block),
            "bitcoin/addr_details": Method(chain.address),
            "stream/list_public": Method(self._channels),
            "info": Method(account.info, ("get_info",)),
            "idkey": Method(account.id_key, ("get_info",)),
            "orders": Method(orders.listed, ("get_info",)),
            OWN_TRADES: Method(account.trades, ("get_info",)),
            "order/add": Method(orders.add, ("trade",), needs_pair=True),
            "order/cancel": Method(orders.cancel, ("trade",)),
            "order/result": Method(orders.result, ("get_info", "trade")),
            "wallet/history": Method(wallet.history, ("get_info",)),
            "bitcoin/address": Method(coins.address, ("deposit",)),
            "bitcoin/get_address": Method(coins.account_address, ("deposit",)),
            "bitcoin/send_simple": Method(coins.send_simple, ("withdraw",)),
            "merchant/order/create": Method(merchants.create, ("merchant",)),
            "merchant/order/details": Method(merchants.details, ("merchant",)),
            "merchant/order/pay": Method(merchants.pay, ("withdraw",)),
            "merchant/order/payment": Method(merchants.payments, ("merchant",)),
        }

    def find(self, name: str, *, own: bool) -> Method | None:
        """The method of a name; `own`: asked for in private or of no market, where `trades` are the account's."""
        name = ALIASES.get(name, name)
        if name == "trades" and own:
            name = OWN_TRADES
        return self._table.get(name) if name != OWN_TRADES or own else None

    def _channels(self, call: Call) -> Answer:
        return public_channels(pair.name for pair in self._context.listing.pairs())
