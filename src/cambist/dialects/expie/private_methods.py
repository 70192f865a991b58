"""`order.*` and `asset.*`: what an authenticated client sees of its own account."""

from __future__ import annotations

from functools import partial

from cambist.dialect_kit.order_feed import order_feed
from cambist.dialects.expie.balances import RecordFilter
from cambist.dialects.expie.calls import SUCCESS, Params
from cambist.dialects.expie.channels import Assets, Orders
from cambist.dialects.expie.context import DialectContext
from cambist.dialects.expie.markets import Market
from cambist.dialects.expie.order_views import OrderViews
from cambist.dialects.expie.parameters import MAX_LIMIT
from cambist.dialects.expie.session import Client, Method, Result
from cambist.directory import ApiKey
from cambist.domain.orders import Side

SIDES = {0: None, 1: int(Side.SELL), 2: int(Side.BUY)}


class PrivateMethods:
    """The client is authenticated when these run."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._views = OrderViews(context)
        self._feed = order_feed(context.services)

    def table(self) -> dict[str, Method]:
        return {
            "order.query": Method(self.order_query, 3, private=True),
            "order.history": Method(self.order_history, 6, private=True),
            "order.subscribe": Method(self.order_subscribe, private=True),
            "order.unsubscribe": Method(partial(self._unsubscribe, "order"), private=True),
            "asset.query": Method(self.asset_query, private=True),
            "asset.history": Method(self.asset_history, 6, private=True),
            "asset.subscribe": Method(self.asset_subscribe, private=True),
            "asset.unsubscribe": Method(partial(self._unsubscribe, "asset"), private=True),
        }

    def _unsubscribe(self, family: str, client: Client, _params: Params) -> Result:
        client.drop(family)
        return SUCCESS

    # --- orders -----------------------------------------------------------------------------------------------------------

    async def order_query(self, client: Client, params: Params) -> Result:
        """[market, offset, limit]: pending orders."""
        market, offset, limit = params.market(0), params.integer(1), params.integer(2, 0, MAX_LIMIT)
        records, total = await self._views.pending(_key(client).account, market, offset, limit)
        return _page(offset, limit, records, total)

    async def order_history(self, client: Client, params: Params) -> Result:
        """[market, start, end, offset, limit, side]: finished orders by the time at which they were placed."""
        market, (since, until) = params.market(0), params.window(1)
        offset, limit, side = params.integer(3), params.integer(4, 0, MAX_LIMIT), SIDES[params.integer(5, 0, 2)]
        account = _key(client).account
        return _page(offset, limit, await self._views.finished(account, market, offset, limit, since=since, until=until, side=side))

    def order_subscribe(self, client: Client, params: Params) -> Result:
        """[markets]: nothing comes at first, then every change of an own order."""
        key, markets = _key(client), params.known_markets()
        client.drop("order")
        for market in markets:
            client.follow("order", (key.id, market.id), partial(self._orders, key, market))
        return SUCCESS

    def _orders(self, key: ApiKey, market: Market) -> Orders:
        return Orders(self._feed, key.account, market)

    # --- assets -----------------------------------------------------------------------------------------------------------

    def asset_query(self, client: Client, params: Params) -> Result:
        """[] for all, or [assets]."""
        assets = params.all_assets() or self._context.markets.assets()
        return self._context.balances.shown(_key(client).account, assets)

    async def asset_history(self, client: Client, params: Params) -> Result:
        """[asset or "", business or "", start, end, offset, limit]."""
        asset = params.asset(0) if params.text(0) else None
        business, (since, until) = params.text(1, 30), params.window(2)
        offset, limit = params.integer(4), params.integer(5, 1, MAX_LIMIT)
        await self._context.history_caught_up()
        record_filter = RecordFilter(_key(client).account, asset, business, offset, limit, since, until)
        return _page(offset, limit, await self._context.balances.records(record_filter))

    def asset_subscribe(self, client: Client, params: Params) -> Result:
        """[assets]: nothing comes at first, then every change of a balance."""
        key, assets = _key(client), params.known_assets()
        streams = self._context.services.account_streams
        client.drop("asset")
        for asset in assets:
            client.follow("asset", (key.id, asset.id), partial(Assets, streams, key.account, asset))
        return SUCCESS


def _key(client: Client) -> ApiKey:
    key = client.key
    assert key is not None
    return key


def _page(offset: int, limit: int, records: list[str], total: int | None = None) -> str:
    count = "" if total is None else f'"total":{total},'
    return f'{{"limit":{limit},"offset":{offset},{count}"records":[{",".join(records)}]}}'
