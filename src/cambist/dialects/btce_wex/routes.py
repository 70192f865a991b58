"""The paths of this dialect, and what it says where the server answers instead of a handler."""

import re

from cambist.dialect_kit.messages import Handler, Reply, Request
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.dialects.btce_wex import errors
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.market_views import MarketViews
from cambist.dialects.btce_wex.public_v2 import PublicV2
from cambist.dialects.btce_wex.public_v3 import PublicV3
from cambist.dialects.btce_wex.trade_api import TradeApi

NAME = "btce_wex"
BOTH = ("GET", "POST")
"""Several clients POST to public paths; a GET of `/tapi` is answered that it lacks a key."""


def routes(context: DialectContext) -> tuple[Route, ...]:
    views = MarketViews(context)
    trade, v2, v3 = TradeApi(context), PublicV2(context, views), PublicV3(context, views)
    return (
        Route("/tapi", trade, BOTH, dialect=NAME),
        # `/tapi/`, and `/tapi/3/getInfo` as one client has it; the method is in the body all the same.
        Route("/tapi/", trade, BOTH, prefix=True, dialect=NAME, name="/tapi/*"),
        Route("/api/3", v3, BOTH, dialect=NAME),
        # Limits and fees are read from the core itself, the rest from market data, which is durable by itself.
        Route("/api/3/info", v3, BOTH, prefix=True, dialect=NAME, name="/api/3/info"),
        Route("/api/3/fee", v3, BOTH, prefix=True, dialect=NAME, name="/api/3/fee"),
        Route("/api/3/", v3, BOTH, prefix=True, dialect=NAME, name="/api/3/*", durable=False),
        # Another dialect has `/api/2/<PAIR>/money/...`, by a pattern that goes before this.
        Route("/api/2", v2, BOTH, dialect=NAME),
        Route("/api/2/", v2, BOTH, prefix=True, dialect=NAME, name="/api/2/*"),
        _with_doubled_slashes("tapi", trade),
        _with_doubled_slashes("api/+3", v3),
        _with_doubled_slashes("api/+2", v2),
    )


def _with_doubled_slashes(path: str, handler: Handler) -> Route:
    """The paths that begin as ours do but for doubled slashes, which clients make of a base URL that ends with one."""
    name = f"//{path.replace('/+', '/')}/*"
    return Route("/", handler, BOTH, prefix=True, pattern=re.compile(f"/+{path}(?:/.*)?"), dialect=NAME, name=name)


def path_errors() -> tuple[PathErrors, ...]:
    return tuple(PathErrors(path, _error, NAME) for path in ("/tapi", "/api/2", "/api/3"))


def _error(request: Request, status: int) -> Reply:
    """200, as whatever this API says. Only the wrong HTTP method depends on the path: each API has its own spelling of that."""
    method_invalid = errors.METHOD_INVALID if "tapi" in request.path else errors.PUBLIC_METHOD_INVALID
    texts = {404: method_invalid, 405: method_invalid, 413: errors.REQUEST_TOO_LARGE, 429: errors.TOO_OFTEN}
    return Reply(body=errors.error_body(texts.get(status, errors.UNAVAILABLE)))
