"""Public API v2: `/api/2/<pair>/<method>`, one pair, and a count as one more part of the path."""

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialects.btce_wex import errors
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.errors import error_body
from cambist.dialects.btce_wex.market_views import MarketViews, fee_percent, reply_of
from cambist.dialects.btce_wex.parse import MAX_PATH, form_fields, path_parts
from cambist.dialects.btce_wex.public_v3 import limit_of


class PublicV2:
    """The handler of `/api/2/<pair>/<method>` and `/api/2/<pair>/<method>/<count>`."""

    def __init__(self, context: DialectContext, views: MarketViews) -> None:
        self._context = context
        self._views = views

    async def __call__(self, request: Request) -> Reply:
        if len(request.path) > MAX_PATH:
            return Reply(body=error_body(errors.PUBLIC_METHOD_INVALID))
        name, method, count = [*path_parts(request.path)[2:], "", "", ""][:3]
        pair = self._context.pairs.find(name)
        if pair is None:
            return Reply(body=error_body(errors.invalid_pair(name)))
        limit = limit_of(count or form_fields(request.query).get("limit"))
        match method:
            case "ticker":
                members, second = self._views.ticker(pair)
                return Reply(body=f'{{"ticker":{{{members},"server_time":{second}}}}}'.encode())
            case "depth":
                return reply_of(await self._views.depth(pair, limit))
            case "trades":
                return reply_of(await self._views.trades_v2(pair, limit))
            case "fee":
                return Reply(body=f'{{"trade":{fee_percent(pair.spec())}}}'.encode())
            case _:
                return Reply(body=error_body(errors.PUBLIC_METHOD_INVALID))
