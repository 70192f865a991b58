"""Every method by its names. v1 and v2 name them alike; v0 has names of its own (v0.py)."""

from cambist.dialects.mtgox.account import AccountMethods
from cambist.dialects.mtgox.bitcoin import BitcoinMethods
from cambist.dialects.mtgox.call import Call, DialectContext, Method
from cambist.dialects.mtgox.chain_lookups import ChainLookups
from cambist.dialects.mtgox.market_data import MarketDataMethods
from cambist.dialects.mtgox.merchant_orders import MerchantOrderMethods
from cambist.dialects.mtgox.orders import OrderMethods
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

    def __init__(self, context: DialectContext, market_data: MarketDataMethods, account: AccountMethods, orders: OrderMethods) -> None:
        bitcoin, wallet, chain = BitcoinMethods(context), WalletHistory(context), ChainLookups(context)
        merchants = MerchantOrderMethods(context)
        self._context = context
        self._in_v2 = {
            "depth": Method(market_data.depth_now, needs_pair=True),
            "fulldepth": Method(market_data.full_depth_now, needs_pair=True),
        }
        self._table = {
            "ticker": Method(market_data.ticker, needs_pair=True),
            "ticker_fast": Method(market_data.ticker_fast, needs_pair=True),
            "depth": Method(market_data.depth, needs_pair=True),
            "fulldepth": Method(market_data.full_depth, needs_pair=True),
            "trades": Method(market_data.trades, needs_pair=True),
            "cancelledtrades": Method(market_data.cancelled_trades, needs_pair=True),
            "currency": Method(account.currency),
            "hotp_gen": Method(account.hotp_gen, may_be_signed=True),
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
            "order/add": Method(orders.add, ("trade",), needs_pair=True, commanding=True),
            "order/cancel": Method(orders.cancel, ("trade",), commanding=True),
            "order/result": Method(orders.result, ("get_info", "trade")),
            "wallet/history": Method(wallet.history, ("get_info",)),
            "bitcoin/address": Method(bitcoin.address, ("deposit",)),
            "bitcoin/get_address": Method(bitcoin.account_address, ("deposit",)),
            "bitcoin/send_simple": Method(bitcoin.send_simple, ("withdraw",), commanding=True),
            "merchant/order/create": Method(merchants.create, ("merchant",), commanding=True),
            "merchant/order/details": Method(merchants.details, ("merchant",)),
            "merchant/order/pay": Method(merchants.pay, ("withdraw",), commanding=True),
            "merchant/order/payment": Method(merchants.payments, ("merchant",)),
        }

    def find(self, name: str, *, own: bool, version: int = 1) -> Method | None:
        """The method of a name; `own`: asked for in private or of no market, where `trades` are the account's."""
        name = ALIASES.get(name, name)
        if version == 2 and name in self._in_v2:
            return self._in_v2[name]
        if name == "trades" and own:
            name = OWN_TRADES
        return self._table.get(name) if name != OWN_TRADES or own else None

    def _channels(self, call: Call) -> Answer:
        return public_channels(pair.name for pair in self._context.instruments.pairs())
