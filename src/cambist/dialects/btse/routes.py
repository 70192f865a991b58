"""The paths of this dialect: one table a version, and every rejection in that version's words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cambist.dialect_kit.messages import Handler, Reply, Request
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.dialects.btse import errors
from cambist.dialects.btse.auth import READ, TRADING
from cambist.dialects.btse.cancels import OrderChanges
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.endpoint import ORDERS, QUERY, Private, PublicRun, private, public
from cambist.dialects.btse.entry import OrderEntry
from cambist.dialects.btse.errors import Generation, Rejection
from cambist.dialects.btse.market_views import MarketViews
from cambist.dialects.btse.records import OrderRecords
from cambist.dialects.btse.rejected import RejectedOrders
from cambist.dialects.btse.unified.market import UnifiedMarket
from cambist.dialects.btse.unified.orders import UnifiedOrders
from cambist.dialects.btse.unified.wallet import UnifiedWallet
from cambist.dialects.btse.v2.public import V2Public
from cambist.dialects.btse.v2.trade import V2Trade
from cambist.dialects.btse.v3.account import V3Account
from cambist.dialects.btse.v3.orders import V3Orders
from cambist.dialects.btse.v3.public import V3Public
from cambist.dialects.btse.v3.rows import Rows, SizedRows

NAME = "btse"
V2_PREFIXES = ("/spot/v2", "/v2")
V3_PREFIXES = ("/spot/api/v3.1", "/spot/api/v3.2")
V3_3_PREFIX = "/spot/api/v3.3"
MARKET_PREFIX, WALLET_PREFIX, TRADE_PREFIX = "/public-api/market/v1", "/public-api/wallet/v1", "/spot/api/v4/trade"
GENERATIONS: Mapping[str, Generation] = {
    **dict.fromkeys(("/spot", "/ws/spot", "/ws/oss", "/spotWS"), Generation.V3),
    **dict.fromkeys(V2_PREFIXES, Generation.V2),
    **dict.fromkeys(("/public-api", "/spot/api/v4", V3_3_PREFIX), Generation.UNIFIED),
}
"""Which generation's words stand below which prefix; the longest counts."""
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Public:
    """An endpoint for everybody. `lasting`: it shows what the core itself knows, so its reply waits for the journal."""

    run: PublicRun
    lasting: bool = False


Endpoint = Public | Private
Table = Mapping[str, Mapping[str, Endpoint]]
"""Path below the version's prefix, with `{symbol}` at the end for one in the path, to method to endpoint."""


def v2_table(context: DialectContext, views: MarketViews, trade: V2Trade) -> Table:
    public_part = V2Public(context, views)
    return {
        "/market_summary": {"GET": Public(public_part.market_summary)},
        "/markets": {"GET": Public(public_part.markets, lasting=True)},
        "/orderbook/{symbol}": {"GET": Public(views.orderbook)},
        "/ticker/{symbol}": {"GET": Public(public_part.ticker)},
        "/stats/{symbol}": {"GET": Public(public_part.stats)},
        "/trades/{symbol}": {"GET": Public(public_part.trades)},
        "/time": {"GET": Public(public_part.time)},
        "/account": {"GET": Private(READ, QUERY, False, trade.account)},
        "/order": {"POST": Private(TRADING, ORDERS, True, trade.order)},
        "/pending": {"GET": Private(READ, QUERY, False, trade.pending)},
        "/fills": {"POST": Private(READ, QUERY, False, trade.fills)},
        "/deleteOrder": {"POST": Private(TRADING, ORDERS, True, trade.delete_order)},
    }


def v3_table(context: DialectContext, views: MarketViews, orders: V3Orders, account: V3Account) -> Table:
    public_part = V3Public(context, views)
    return {
        "/market_summary": {"GET": Public(public_part.market_summary, lasting=True)},
        "/ohlcv": {"GET": Public(public_part.ohlcv)},
        "/price": {"GET": Public(public_part.price)},
        "/orderbook": {"GET": Public(views.orderbook)},
        "/orderbook/L2": {"GET": Public(public_part.orderbook_l2)},
        "/trades": {"GET": Public(public_part.trades)},
        "/time": {"GET": Public(public_part.time)},
        "/order": {
            "POST": Private(TRADING, ORDERS, True, orders.place),
            "GET": Private(TRADING, QUERY, False, orders.find),
            "PUT": Private(TRADING, ORDERS, True, orders.amend),
            "DELETE": Private(TRADING, ORDERS, True, orders.cancel),
        },
        "/order/peg": {"POST": Private(TRADING, ORDERS, True, orders.place)},
        "/order/cancelAllAfter": {"POST": Private(TRADING, ORDERS, True, orders.cancel_all_after)},
        "/user/open_orders": {"GET": Private(TRADING, QUERY, False, account.open_orders)},
        "/user/trade_history": {"GET": Private(READ, QUERY, False, account.trade_history)},
        "/user/fees": {"GET": Private(READ, QUERY, False, account.fees)},
        "/user/wallet": {"GET": Private(READ, QUERY, False, account.wallet)},
        "/user/wallet_history": {"GET": Private(READ, QUERY, False, account.wallet_history)},
    }


def market_table(market: UnifiedMarket) -> Table:
    return {
        "/markets": {"GET": Public(market.markets, lasting=True)},
        "/orderbook": {"GET": Public(market.orderbook)},
        "/trades": {"GET": Public(market.trades)},
        "/klines": {"GET": Public(market.klines)},
        "/ticker/24hr": {"GET": Public(market.ticker)},
    }


def wallet_table(wallet: UnifiedWallet) -> Table:
    return {
        "/user/assets": {"GET": Private(READ, QUERY, False, wallet.assets)},
        "/user/walletHistory": {"GET": Private(READ, QUERY, False, wallet.history)},
    }


def trade_table(orders: UnifiedOrders) -> Table:
    return {
        "/orders": {
            "POST": Private(TRADING, ORDERS, True, orders.place),
            "GET": Private(TRADING, QUERY, False, orders.open_orders),
            "PUT": Private(TRADING, ORDERS, True, orders.amend),
            "DELETE": Private(TRADING, ORDERS, True, orders.cancel),
        },
        "/orders/algo": {"POST": Private(TRADING, ORDERS, True, orders.place_algo)},
        "/orders/all": {"DELETE": Private(TRADING, ORDERS, True, orders.cancel_all)},
        "/orders/cancel_all_after": {"POST": Private(TRADING, ORDERS, True, orders.cancel_all_after)},
        "/order": {"GET": Private(TRADING, QUERY, False, orders.find)},
        "/trade_history": {"GET": Private(READ, QUERY, False, orders.trade_history)},
        "/fees": {"GET": Private(READ, QUERY, False, orders.fees)},
    }


def routes(context: DialectContext, views: MarketViews, records: OrderRecords, rejected: RejectedOrders) -> tuple[Route, ...]:
    entry, changes = OrderEntry(context, records, rejected), OrderChanges(context, records)
    v2 = v2_table(context, views, V2Trade(context, records, entry, changes))
    v3 = [(V3Orders(context, records, entry, changes, rows), V3Account(context, records, rows)) for rows in (Rows(), SizedRows())]
    unified = UnifiedOrders(context, records, entry, changes, *v3[1])
    tables = [
        *((prefix, Generation.V2, v2) for prefix in V2_PREFIXES),
        *((prefix, Generation.V3, v3_table(context, views, *v3[0])) for prefix in V3_PREFIXES),
        (V3_3_PREFIX, Generation.UNIFIED, v3_table(context, views, *v3[1])),
        (MARKET_PREFIX, Generation.UNIFIED, market_table(UnifiedMarket(context, views))),
        (WALLET_PREFIX, Generation.UNIFIED, wallet_table(UnifiedWallet(context))),
        (TRADE_PREFIX, Generation.UNIFIED, trade_table(unified)),
    ]
    found: list[Route] = []
    for prefix, generation, table in tables:
        for path, methods in table.items():
            found += _routes_of(context, generation, prefix, path, methods)
        nowhere = _say(context, generation, errors.NOT_FOUND)
        found.append(Route(f"{prefix}/", nowhere, METHODS, prefix=True, dialect=NAME, name=f"{prefix}/*", durable=False))
    return tuple(found)


def _routes_of(context: DialectContext, generation: Generation, prefix: str, path: str, methods: Mapping[str, Endpoint]) -> list[Route]:
    literal, in_path, _ = path.partition("{symbol}")
    where = prefix + literal
    pattern = re.compile(re.escape(where) + r"(?P<symbol>[^/]+)/?") if in_path else None
    allow = ", ".join(sorted(methods)).encode()
    others = tuple(method for method in METHODS if method not in methods)
    made = []
    for spelling in (where,) if in_path else (where, f"{where}/"):
        for method, endpoint in methods.items():
            handler = _handler(context, generation, endpoint)
            durable = isinstance(endpoint, Private) or endpoint.lasting
            made.append(Route(spelling, handler, (method,), bool(in_path), pattern, NAME, prefix + path, durable))
        refuse = _say(context, generation, errors.METHOD_WRONG, allow)
        made.append(Route(spelling, refuse, others, bool(in_path), pattern, NAME, prefix + path, False))
    return made


def path_errors(context: DialectContext) -> tuple[PathErrors, ...]:
    """The gateway's own errors, in the words of the generation whose paths they are at; what is at none is said as v3 tells it."""

    def worded(generation: Generation) -> Callable[[Request, int], Reply]:
        def reply(_request: Request, status: int) -> Reply:
            return errors.reply(generation, errors.OF_GATEWAY.get(status, errors.SYSTEM_ERROR), context.services.clock())

        return reply

    return tuple(PathErrors(prefix, worded(generation), NAME) for prefix, generation in GENERATIONS.items())


def _handler(context: DialectContext, generation: Generation, endpoint: Endpoint) -> Handler:
    if isinstance(endpoint, Private):
        return private(generation, context, endpoint)
    return public(generation, context, endpoint.run)


def _say(context: DialectContext, generation: Generation, rejection: Rejection, allow: bytes = b"") -> Handler:
    def answer(_request: Request) -> Reply:
        return errors.reply(generation, rejection, context.services.clock(), allow)

    return answer
