"""Everything under `/v1`: finds the method, the market and the caller, and words what comes of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.dialects.expie import auth, depth, errors, orders, parameters
from cambist.dialects.expie.balances import RecordFilter
from cambist.dialects.expie.context import DialectContext
from cambist.dialects.expie.errors import Rejection
from cambist.dialects.expie.market_views import MarketViews
from cambist.dialects.expie.markets import Market
from cambist.dialects.expie.numbers import OutOfRange
from cambist.dialects.expie.order_views import OrderViews
from cambist.dialects.expie.parameters import Parameters, Wrong
from cambist.dialects.expie.placing import Placing
from cambist.directory import ApiKey
from cambist.history.port import HistoryError

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
"""All of them reach us, so that the rejection of the wrong one is in this API's words."""
DEFAULT_DEPTH = 10
MAX_NAME = 32

_MARKET_DATA = re.compile(r"/v1/+markets?/+[^/]+/+(?:depth|ticker)/*")
_ORDER_ID = re.compile(r"[1-9][0-9]{0,18}")

Answer = str | Rejection
Run = Callable[[ApiKey, Market, Parameters, int], Awaitable[Answer]]


def path_parts(path: str) -> list[str]:
    """The non-empty parts behind `/v1`, unescaped."""
    return [parameters.unescaped(part) for part in path.split("/")[2:] if part]


class HttpApi:
    """The handler of every path."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._views = MarketViews(context)
        self._orders = OrderViews(context)
        self._placing = Placing(context)

    def routes(self) -> tuple[Route, ...]:
        """Market data is durable by itself; everything else waits for the journal."""
        return (
            Route("/v1/", self.handle, METHODS, prefix=True, pattern=_MARKET_DATA, dialect="expie", name="/v1/markets/*", durable=False),
            Route("/v1/", self.handle, METHODS, prefix=True, dialect="expie", name="/v1/*"),
        )

    async def handle(self, request: Request) -> Reply:
        try:
            answer = await self._answer(request)
        except (Wrong, OutOfRange):
            answer = errors.INVALID_ARGUMENT
        except HistoryError:
            # Trading goes on, what only history knows cannot be read.
            answer = errors.SERVICE_UNAVAILABLE
        return answer.reply() if isinstance(answer, Rejection) else Reply(body=answer.encode())

    async def _answer(self, request: Request) -> Answer:
        parts = path_parts(request.path)
        match parts:
            case ["markets" | "market"]:
                return self._views.markets() if request.method == "GET" else errors.WRONG_HTTP_METHOD
            case ["markets" | "market", name, "depth" | "ticker" as view]:
                if request.method != "GET":
                    return errors.WRONG_HTTP_METHOD
                market = self._market(name)
                return await self._depth(market, parameters.of_request(request)) if view == "depth" else self._views.ticker(market)
            case ["markets" | "market", name, "orders", *rest] if len(rest) <= 2:
                return await self._on_orders(request, name, rest)
            case ["balance", "summary" | "history" as view]:
                return await self._balance(request, view)
        return errors.METHOD_NOT_FOUND

    def _market(self, name: str) -> Market:
        market = self._context.markets.find(name) if len(name) <= MAX_NAME else None
        if market is None:
            raise Wrong
        return market

    def _caller(self, request: Request, scope: str) -> ApiKey | Rejection:
        key = auth.find(self._context.services.directory, auth.sent_token(request.headers), request.client)
        if key is None:
            return errors.AUTHENTICATION_REQUIRED
        return key if key.permits(scope) else errors.SCOPE_MISSING

    # --- markets ----------------------------------------------------------------------------------------------------------

    async def _depth(self, market: Market, given: Parameters) -> str:
        """`limit` (1..101, default 10) and `interval` are not in the reference; they are the socket's."""
        limit = given.integer("limit", DEFAULT_DEPTH)
        interval = given.decimal("interval") if given.has("interval") else None
        checked = depth.interval_of("0" if interval is None else str(interval))
        if not 1 <= limit <= depth.MAX_LIMIT or checked is None:
            raise Wrong
        merge = depth.Merge(market, checked)
        bids, asks = await depth.sides_text(self._context.services.market_texts, market, merge, limit)
        return f'{{"bids":{bids},"asks":{asks}}}'

    # --- orders -----------------------------------------------------------------------------------------------------------

    async def _on_orders(self, request: Request, name: str, rest: list[str]) -> Answer:
        """Finds the method by what follows `orders`, then the caller, then the market: strangers learn nothing."""
        run: Run
        order_id = 0
        match rest:
            case []:
                verb, scope, run = "POST", auth.TRADE, self._place
            case ["_pending"]:
                verb, scope, run = "GET", auth.READ, self._pending
            case ["_finished"]:
                verb, scope, run = "GET", auth.READ, self._finished
            case [number] if _ORDER_ID.fullmatch(number):
                verb, scope, run, order_id = "GET", auth.READ, self._deals, int(number)
            case [number, "_cancel"] if _ORDER_ID.fullmatch(number):
                verb, scope, run, order_id = "POST", auth.TRADE, self._cancel, int(number)
            case _:
                return errors.METHOD_NOT_FOUND
        if request.method != verb:
            return errors.WRONG_HTTP_METHOD
        key = self._caller(request, scope)
        if isinstance(key, Rejection):
            return key
        if order_id >= self._context.services.view.next_order_id:
            return errors.ORDER_NOT_FOUND
        return await run(key, self._market(name), parameters.of_request(request), order_id)

    async def _place(self, key: ApiKey, market: Market, given: Parameters, _order_id: int) -> Answer:
        return await self._placing.place(key, market, given)

    async def _cancel(self, key: ApiKey, market: Market, _given: Parameters, order_id: int) -> Answer:
        return await self._placing.cancel(key, market, order_id)

    async def _pending(self, key: ApiKey, market: Market, given: Parameters, _order_id: int) -> Answer:
        offset, limit = given.page()
        records, total = await self._orders.pending(key.account, market, offset, limit)
        return orders.page(records, offset, limit, total)

    async def _finished(self, key: ApiKey, market: Market, given: Parameters, _order_id: int) -> Answer:
        offset, limit = given.page()
        return orders.page(await self._orders.finished(key.account, market, offset, limit), offset, limit)

    async def _deals(self, key: ApiKey, market: Market, given: Parameters, order_id: int) -> Answer:
        offset, limit = given.page()
        records = await self._orders.deals(key.account, market, order_id, offset, limit)
        return records if isinstance(records, Rejection) else orders.page(records, offset, limit)

    # --- balances ---------------------------------------------------------------------------------------------------------

    async def _balance(self, request: Request, view: str) -> Answer:
        if request.method != "GET":
            return errors.WRONG_HTTP_METHOD
        key = self._caller(request, auth.READ)
        if isinstance(key, Rejection):
            return key
        if view == "summary":
            return self._context.balances.summary(key.account)
        given = parameters.of_request(request)
        offset, limit = given.page()
        asset = self._context.markets.find_asset(given.text("coin_code"))
        if asset is None:
            raise Wrong
        await self._context.history_caught_up()
        records = await self._context.balances.records(RecordFilter(key.account, asset, "", offset, limit))
        return orders.page(records, offset, limit)
