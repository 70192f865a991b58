"""The paths of this dialect."""

import re

from cambist.dialect_kit.routes import Route
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.market_views import MarketViews
from cambist.dialects.btce_wex.public_v2 import PublicV2
from cambist.dialects.btce_wex.public_v3 import PublicV3
from cambist.dialects.btce_wex.trade_api import TradeApi

BOTH = ("GET", "POST")
"""Several clients POST to public paths; a GET of `/tapi` is told that it lacks a key."""

V2_METHOD = re.compile(r"/api/2/+(?!money/)[^/]+/+(?:ticker|depth|trades|fee)(?:/.*)?")
"""One of the four methods, whatever the pair's name: an unknown pair has its own error. `/api/2/<PAIR>/money/...` is another API's."""
V2_PAIR = re.compile(r"/api/2/+[a-z0-9]+_[a-z0-9]+(?:/.*)?")
"""A name that looks like a pair of ours, whatever the method."""


def routes(context: DialectContext) -> tuple[Route, ...]:
    views = MarketViews(context)
    trade, v2, v3 = TradeApi(context), PublicV2(context, views), PublicV3(context, views)
    return (
        Route("/tapi", trade, BOTH, dialect="btce_wex"),
        # `/tapi/`, and `/tapi/3/getInfo` as one client has it; the method is in the body all the same.
        Route("/tapi/", trade, BOTH, prefix=True, dialect="btce_wex", name="/tapi/*"),
        Route("/api/3", v3, BOTH, dialect="btce_wex"),
        # Limits and fees are read from the core itself, the rest from market data, which is durable by itself.
        Route("/api/3/info", v3, BOTH, prefix=True, dialect="btce_wex", name="/api/3/info"),
        Route("/api/3/fee", v3, BOTH, prefix=True, dialect="btce_wex", name="/api/3/fee"),
        Route("/api/3/", v3, BOTH, prefix=True, dialect="btce_wex", name="/api/3/*", durable=False),
        Route("/api/2/", v2, BOTH, prefix=True, pattern=V2_METHOD, dialect="btce_wex", name="/api/2/*"),
        Route("/api/2/", v2, BOTH, prefix=True, pattern=V2_PAIR, dialect="btce_wex", name="/api/2/*"),
    )
