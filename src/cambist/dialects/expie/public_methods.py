"""`server.*`, and the methods that show markets: depth, price, deals, kline, state, today."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from cambist.dialect_kit.hub import Hub
from cambist.dialects.expie import auth, depth, errors
from cambist.dialects.expie.calls import SUCCESS, BadParams, Params
from cambist.dialects.expie.channels import Candles, Deals, Depth, Price, State, push
from cambist.dialects.expie.context import DialectContext
from cambist.dialects.expie.klines import Klines, good_interval
from cambist.dialects.expie.market_views import MAX_PERIOD, MarketViews, deal_form
from cambist.dialects.expie.markets import Market
from cambist.dialects.expie.session import Client, Method, Result
from cambist.directory import ApiKey
from cambist.history.port import Page
from cambist.marketdata.candles import DAY
from cambist.marketdata.marketdata import RECENT_TRADES
from cambist.marketdata.values import RecentTrade, logged

FIRST_DEALS = 100
"""So many deals a new follower gets at most."""
MAX_DEALS = 10_000
MAX_SOURCE = 31
PIECE = 100
"""Deals that are written between two rounds of the event loop."""


class PublicMethods:
    """Everything here shows durable things only."""

    def __init__(self, context: DialectContext, hub: Hub) -> None:
        self._context = context
        self._hub = hub
        self._scheduler = context.services.scheduler
        self._views = MarketViews(context)
        self._klines = Klines(context)
        self._data = context.services.marketdata
        self._texts = context.services.market_texts

    def table(self) -> dict[str, Method]:
        def dropping(family: str) -> Method:
            return Method(partial(self._unsubscribe, family))

        return {
            "server.ping": Method(lambda _client, _params: '"pong"'),
            "server.time": Method(lambda _client, _params: str(self._context.services.wall_clock() // 1_000_000)),
            "server.auth": Method(self.auth, 2),
            "server.sign": Method(self.sign, 3),
            "depth.query": Method(self.depth_query, 3),
            "depth.subscribe": Method(self.depth_subscribe, 3, then=self._depth_first),
            "depth.unsubscribe": dropping("depth"),
            "price.query": Method(self.price_query, 1),
            "price.subscribe": Method(self.price_subscribe, then=self._price_first),
            "price.unsubscribe": dropping("price"),
            "deals.query": Method(self.deals_query, 3),
            "deals.subscribe": Method(self.deals_subscribe, then=self._deals_first),
            "deals.unsubscribe": dropping("deals"),
            "kline.query": Method(self.kline_query, 4),
            "kline.subscribe": Method(self.kline_subscribe, 2, then=self._kline_first),
            "kline.unsubscribe": dropping("kline"),
            "state.query": Method(self.state_query, 2),
            "state.subscribe": Method(partial(self._states, "state"), then=partial(self._state_first, "state")),
            "state.unsubscribe": dropping("state"),
            "today.query": Method(self.today_query, 1),
            "today.subscribe": Method(partial(self._states, "today"), then=partial(self._state_first, "today")),
            "today.unsubscribe": dropping("today"),
        }

    def _unsubscribe(self, family: str, client: Client, _params: Params) -> Result:
        client.drop(family)
        return SUCCESS

    def _replace(self, family: str, client: Client) -> None:
        """Makes place for a new subscription whose parameters are right.

        What is on its way to the others goes out first: the new follower's first message has it already.
        """
        client.drop(family)
        self._hub.flush()

    # --- server -----------------------------------------------------------------------------------------------------------

    def auth(self, client: Client, params: Params) -> Result:
        """[token, source]: who this is from now on."""
        token, _source = params.text(0), params.text(1, MAX_SOURCE)
        key = auth.find(self._context.services.directory, token, client.socket.client)
        return self._authenticated(client, key, errors.TOKEN_INVALID)

    def sign(self, client: Client, params: Params) -> Result:
        """[access_id, signature, tonce in ms]: the same without sending the token."""
        access_id, signature, tonce = params.text(0), params.text(1), params.integer(2)
        services = self._context.services
        now = services.wall_clock() // 1_000
        key = auth.find_signed(services.directory, access_id, signature, tonce, now, client.socket.client)
        return self._authenticated(client, key, errors.SIGNATURE_INVALID)

    @staticmethod
    def _authenticated(client: Client, key: ApiKey | None, rejection: errors.Rejection) -> Result:
        if key is None:
            return rejection
        if not key.permits(auth.READ):
            return errors.SCOPE_MISSING
        client.authenticated(key)
        return SUCCESS

    # --- depth ------------------------------------------------------------------------------------------------------------

    async def depth_query(self, _client: Client, params: Params) -> Result:
        market, limit = params.market(0), params.integer(1, 0, depth.MAX_LIMIT)
        merge = depth.Merge(market, params.interval(2))
        bids, asks = await depth.sides_text(self._texts, market, merge, limit)
        return f'{{"asks":{asks},"bids":{bids}}}'

    def depth_subscribe(self, client: Client, params: Params) -> Result:
        """[market, limit, interval]; one for each client."""
        market, limit, interval = params.known_market(0), params.integer(1), params.interval(2)
        if limit not in depth.PUSH_LIMITS or interval not in depth.PUSH_INTERVALS:
            raise BadParams
        self._replace("depth", client)
        if market is None:
            return SUCCESS
        merge = depth.Merge(market, interval)

        def make() -> Depth:
            pace = self._context.pace
            followed = depth.Followed(market, merge, limit, pace.full, lambda: depth.followed_book(self._data, market, merge, limit))
            return Depth(self._data, followed, self._scheduler, pace.depth)

        client.follow("depth", (market.id, limit, interval.normalize()), make)
        return SUCCESS

    @staticmethod
    def _depth_first(client: Client) -> None:
        for channel in client.followed("depth"):
            if isinstance(channel, Depth):
                client.socket.send(channel.full(), durable=True)

    # --- price ------------------------------------------------------------------------------------------------------------

    def price_query(self, _client: Client, params: Params) -> Result:
        market = params.market(0)
        return f'"{self._views.price(market, self._views.last(market))}"'

    def price_subscribe(self, client: Client, params: Params) -> Result:
        markets = params.known_markets()
        self._replace("price", client)
        for market in markets:
            client.follow("price", market.id, partial(Price, self._views, market))
        return SUCCESS

    def _price_first(self, client: Client) -> None:
        """Here without trailing zeros, unlike the later ones; nothing for a market without a trade."""
        for market in self._followed_markets(client, "price"):
            last = self._views.last(market)
            if last:
                client.socket.send(push("price.update", f'"{market.name}","{market.price(last)}"'), durable=True)

    def _followed_markets(self, client: Client, family: str) -> list[Market]:
        keys = [channel.key for channel in client.followed(family)]
        return [self._context.markets[key[1]] for key in keys if isinstance(key, tuple)]

    # --- deals ------------------------------------------------------------------------------------------------------------

    async def deals_query(self, _client: Client, params: Params) -> Result:
        market, limit, last_id = params.market(0), params.integer(1, 1, MAX_DEALS), params.integer(2)
        if limit <= RECENT_TRADES or last_id >= self._data.trades_kept_since(market.id):
            form = deal_form(market.money_scale, market.stock_scale)
            return b"".join((b"[", *await self._texts.trades(market.id, form, limit, since_id=last_id), b"]"))
        # Only what market data shows already: the journal may know more, and this answer does not wait for it.
        newest = self._data.trades(market.id, 1)
        await self._context.public_history_caught_up()
        found = await self._context.services.history.market_trades(market.id, Page(first_id=last_id + 1, last_id=newest[0].id, limit=limit))
        pieces: list[str] = []
        for at in range(0, len(found), PIECE):
            if at:
                await asyncio.sleep(0)  # others are served in between
            deals = found[at : at + PIECE]
            recent = (RecentTrade(*logged(t)) for t in deals)
            pieces.append(self._views.deals(market, recent))
        return f"[{','.join(pieces)}]"

    def deals_subscribe(self, client: Client, params: Params) -> Result:
        markets = params.known_markets()
        self._replace("deals", client)
        for market in markets:
            client.follow("deals", market.id, partial(Deals, self._views, market))
        return SUCCESS

    def _deals_first(self, client: Client) -> None:
        for market in self._followed_markets(client, "deals"):
            trades = self._data.trades(market.id, FIRST_DEALS)
            if trades:
                text = f'"{market.name}",[{self._views.deals(market, trades)}]'
                client.socket.send(push("deals.update", text), durable=True)

    # --- kline ------------------------------------------------------------------------------------------------------------

    async def kline_query(self, _client: Client, params: Params) -> Result:
        """[market, start, end, interval]: seconds. Every slot from the one of `start` to the one of `end`, none of them in the future."""
        market, start, interval = params.market(0), params.second(1), params.integer(3)
        end = min(params.second(2), self._scheduler.now() // 1_000_000)
        if start > end or not good_interval(interval):
            raise BadParams
        return f"[{await self._klines.rows(market, start, end, interval)}]"

    def kline_subscribe(self, client: Client, params: Params) -> Result:
        """[market, interval]; one for each client."""
        market, interval = params.known_market(0), params.integer(1)
        if not good_interval(interval):
            raise BadParams
        self._replace("kline", client)
        if market is not None:
            client.follow("kline", (market.id, interval), partial(Candles, self._data, self._klines, market, interval))
        return SUCCESS

    def _kline_first(self, client: Client) -> None:
        """The newest candle there is."""
        for channel in client.followed("kline"):
            if isinstance(channel, Candles) and (first := channel.newest()):
                client.socket.send(first, durable=True)

    # --- state and today --------------------------------------------------------------------------------------------------

    def state_query(self, _client: Client, params: Params) -> Result:
        """[market, period]: the last so many seconds."""
        return self._views.state(params.market(0), params.integer(1, 1, MAX_PERIOD))

    def today_query(self, _client: Client, params: Params) -> Result:
        return self._views.today(params.market(0))

    def _write(self, family: str, market: Market) -> Callable[[], bytes]:
        def write() -> bytes:
            text = self._views.state(market, DAY) if family == "state" else self._views.today(market)
            return push(f"{family}.update", f'"{market.name}",{text}')

        return write

    def _states(self, family: str, client: Client, params: Params) -> Result:
        markets = params.known_markets()
        self._replace(family, client)
        for market in markets:
            make = partial(State, self._write(family, market), self._scheduler, self._context.pace.state)
            client.follow(family, market.id, make)
        return SUCCESS

    @staticmethod
    def _state_first(family: str, client: Client) -> None:
        for channel in client.followed(family):
            if isinstance(channel, State):
                client.socket.send(channel.full(), durable=True)
