"""What everybody may see: assets, markets, books, trades, candles, tickers. From durable frames only."""

from __future__ import annotations

import asyncio
from functools import lru_cache

import msgspec

from cambist import _core
from cambist.api_types import markets as api
from cambist.api_types.books import BalanceSheet
from cambist.api_types.problems import Code, Problem, problem
from cambist.api_types.values import Page
from cambist.dialect_kit.market_texts import (
    AMOUNT,
    PRICE,
    TRADE_AMOUNT,
    TRADE_ID,
    TRADE_PRICE,
    TRADE_SIDE,
    TRADE_TIME,
    BookForm,
    past_trades,
)
from cambist.dialects.native.context import DialectContext
from cambist.dialects.native.endpoint import Call, Written
from cambist.dialects.native.listings import Listing, atoms_text
from cambist.dialects.native.paging import cut, history_page
from cambist.domain.markets import MarketStatus
from cambist.marketdata.candles import base_interval, candle_start
from cambist.marketdata.values import Candle as _Candle

PIECE = 60
"""Candles that are read and written between two ticks of the event loop."""
STORED_PIECE = 240
"""Stored candles that are folded for them at most."""


def server_time(call: Call) -> api.ServerTime:
    """The time. Signed requests are judged by `time`."""
    return api.ServerTime(time=call.context.services.wall_clock(), venue_time=call.context.services.view.time)


def show_books(call: Call) -> BalanceSheet:
    """Where all the venue's money is, asset by asset, added up from every account, with the journal's sequence and the state's hash."""
    return call.context.books.shown()


def list_assets(call: Call) -> list[api.Asset]:
    """Every asset."""
    return [_asset(call, spec) for spec in call.context.listings.assets()]


def _asset(call: Call, spec: _core.AssetSpec) -> api.Asset:
    rules = call.context.services.wallet.coin_rules(spec.id)
    network = None
    if rules is not None:
        policy, smallest = rules
        fee, least = atoms_text(policy.fee, spec), atoms_text(smallest, spec)
        network = api.CoinNetwork(confirmations=policy.confirmations, withdrawal_fee=fee, min_withdrawal=least)
    return api.Asset(code=spec.code, decimals=spec.scale, display_decimals=spec.display_scale, network=network)


def list_markets(call: Call) -> list[api.Market]:
    """Every market, with its limits and fees as they stand."""
    return [_market(listing) for listing in call.context.listings.markets()]


def find_market(call: Call, *, market: str) -> api.Market | Problem:
    """One market. `market-unknown`."""
    listing = call.context.listings.market(market)
    return problem(Code.MARKET_UNKNOWN) if listing is None else _market(listing)


def _market(listing: Listing) -> api.Market:
    spec = listing.spec
    return api.Market(
        name=listing.name,
        base=listing.base.code,
        quote=listing.quote.code,
        status="open" if spec.status == MarketStatus.OPEN else "halted",
        price_decimals=spec.price_scale,
        amount_decimals=spec.amount_scale,
        min_price=listing.price(spec.min_price),
        max_price=listing.price(spec.max_price),
        min_amount=listing.amount(spec.min_amount),
        max_amount=listing.amount(spec.max_amount),
        min_total=listing.total(spec.min_total),
        maker_fee_ppm=spec.maker_ppm,
        taker_fee_ppm=spec.taker_ppm,
    )


async def show_book(call: Call, *, market: str, query: api.BookQuery) -> Written[api.Book] | Problem:
    """The best levels a side. `market-unknown`."""
    listing = call.context.listings.market(market)
    if listing is None:
        return problem(Code.MARKET_UNKNOWN)
    services = call.context.services
    form = BookForm(_level_form(listing.spec.price_scale, listing.spec.amount_scale), step=query.step)
    sequence, bids, asks = await services.market_texts.numbered_sides(listing.id, form, query.depth, query.depth)
    head = b'{"market":"%s","sequence":%d,"time":%d,"bids":[' % (listing.name.encode(), sequence, services.clock())
    return Written((head, *bids, b'],"asks":[', *asks, b"]}"))


@lru_cache(maxsize=64)
def _level_form(price_scale: int, amount_scale: int) -> _core.RowForm:
    return _core.RowForm([b'["', b'","', b'"]'], [_core.Column.decimal(PRICE, price_scale), _core.Column.decimal(AMOUNT, amount_scale)])


async def list_trades(call: Call, *, market: str, query: api.TradesQuery) -> Written[list[api.Trade]] | Problem:
    """The newest trades, newest first, of the last 5,000. `market-unknown`."""
    listing = call.context.listings.market(market)
    if listing is None:
        return problem(Code.MARKET_UNKNOWN)
    after = int(query.after or 0)
    rows = await call.context.services.market_texts.trades(listing.id, _trade_form(listing), query.limit, since_id=after)
    return Written((b"[", *rows, b"]"))


async def list_past_trades(call: Call, *, market: str, query: api.TradeHistoryQuery) -> Written[Page[api.Trade]] | Problem:
    """Every trade that there ever was, newest first. `market-unknown`."""
    listing = call.context.listings.market(market)
    if listing is None:
        return problem(Code.MARKET_UNKNOWN)
    trades = await call.context.services.history.market_trades(listing.id, history_page(query))
    part, following = cut(trades, query.limit, lambda trade: trade.id)
    rows = await past_trades(_trade_form(listing), part)
    return Written((b'{"rows":[', *rows, b'],"next":', msgspec.json.encode(following), b"}"))


def _trade_form(listing: Listing) -> _core.RowForm:
    return _trade_form_of(listing.spec.price_scale, listing.spec.amount_scale)


@lru_cache(maxsize=64)
def _trade_form_of(price_scale: int, amount_scale: int) -> _core.RowForm:
    pieces = [b'{"id":"', b'","time":', b',"side":"', b'","price":"', b'","amount":"', b'"}']
    columns = [
        _core.Column.integer(TRADE_ID),
        _core.Column.integer(TRADE_TIME),
        _core.Column.choice(TRADE_SIDE, [b"buy", b"sell"]),
        _core.Column.decimal(TRADE_PRICE, price_scale),
        _core.Column.decimal(TRADE_AMOUNT, amount_scale),
    ]
    return _core.RowForm(pieces, columns)


async def list_candles(call: Call, *, market: str, query: api.CandlesQuery) -> Written[list[api.Candle]] | Problem:
    """Candles, oldest first. `market-unknown`, `interval-invalid`."""
    listing = call.context.listings.market(market)
    if listing is None:
        return problem(Code.MARKET_UNKNOWN)
    try:
        base = base_interval(query.interval)
    except ValueError:
        return problem(Code.INTERVAL_INVALID, field="interval")
    interval, data = query.interval, call.context.services.marketdata
    end = query.end if query.end is not None else call.context.services.clock() // 1_000_000 + 1
    first = candle_start(max(end - 1, 0), interval) - (query.limit - 1) * interval
    start = max(first, query.start or 0, 0)
    step = interval * max(1, min(PIECE, STORED_PIECE * base // interval))
    parts: list[bytes] = []
    while start < end:
        following = min(start + step, end)
        candles = await data.candle_history(listing.id, interval, start, following, query.limit)
        if candles:
            parts += [b"," if parts else b"", msgspec.json.encode([candle_of(listing, candle) for candle in candles])[1:-1]]
        start = following
        if start < end:
            await asyncio.sleep(0)
    return Written((b"[", *parts, b"]"))


def candle_of(listing: Listing, candle: _Candle) -> api.Candle:
    return api.Candle(
        start=candle.start,
        open=listing.price(candle.open),
        high=listing.price(candle.high),
        low=listing.price(candle.low),
        close=listing.price(candle.close),
        amount=listing.amount(candle.volume),
        total=listing.notional(candle.notional),
        trades=candle.count,
    )


def list_tickers(call: Call) -> list[api.Ticker]:
    """Every market's ticker."""
    return [ticker_of(call.context, listing) for listing in call.context.listings.markets()]


def show_ticker(call: Call, *, market: str) -> api.Ticker | Problem:
    """A market's last trade, best prices and last 24 hours. `market-unknown`."""
    listing = call.context.listings.market(market)
    return problem(Code.MARKET_UNKNOWN) if listing is None else ticker_of(call.context, listing)


def ticker_of(context: DialectContext, listing: Listing) -> api.Ticker:
    data = context.services.marketdata
    ticker = data.ticker(listing.id)
    bid, ask = data.best(listing.id)

    def price(units: int) -> str | None:
        return listing.price(units) if units else None

    change = (ticker.last - ticker.open) * 1_000_000
    return api.Ticker(
        market=listing.name,
        time=context.services.clock(),
        last=price(ticker.last),
        last_amount=listing.amount(ticker.last_amount) if ticker.last else None,
        last_time=ticker.last_time or None,
        bid=price(bid),
        ask=price(ask),
        open=price(ticker.open),
        high=price(ticker.high),
        low=price(ticker.low),
        amount=listing.amount(ticker.volume),
        total=listing.notional(ticker.notional),
        trades=ticker.count,
        change_ppm=(abs(change) // ticker.open) * (1 if change >= 0 else -1) if ticker.open else 0,
    )
