"""Assets and markets, and what everybody may see of a market."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from cambist.api_types.values import AssetCode, Cursor, Decimal, Id, Limit, MarketName, PageQuery, Request, Side, Time, Value

Levels = list[tuple[Decimal, Decimal]]
"""(price, amount), best first."""
CHECKSUM_LEVELS = 25
"""Levels a side that a book's checksum is made of."""
MOST_LEVELS = 5_000


class ServerTime(Value, frozen=True, kw_only=True):
    """`time` is the machine's clock, by which timestamps of requests are judged; `venue_time` that of the venue's last command."""

    time: Time
    venue_time: Time


class CoinNetwork(Value, frozen=True, kw_only=True):
    """What coins cost on their way out (`withdrawal_fee`, part of the amount that is asked for), the smallest withdrawal, and how many
    `confirmations` a deposit needs."""

    confirmations: int
    withdrawal_fee: Decimal
    min_withdrawal: Decimal


class Asset(Value, frozen=True, kw_only=True):
    """`decimals` of the ledger, of which `display_decimals` are shown to people and sent by coin networks. `network`: null for what is on
    none, such as money of banks."""

    code: AssetCode
    decimals: int
    display_decimals: int
    network: CoinNetwork | None


class Market(Value, frozen=True, kw_only=True):
    """Prices in quote for one base, with `price_decimals`; amounts in base, with `amount_decimals`. Fees are ppm of what is received.

    Limits and fees may change, everything else never does.
    """

    name: MarketName
    base: AssetCode
    quote: AssetCode
    status: Literal["open", "halted"]
    price_decimals: int
    amount_decimals: int
    min_price: Decimal
    max_price: Decimal
    min_amount: Decimal
    max_amount: Decimal
    min_total: Decimal
    maker_fee_ppm: int
    taker_fee_ppm: int


class BookQuery(Request, frozen=True, kw_only=True):
    """`depth`: levels a side, best first; `step`: prices are merged into multiples of so many ticks."""

    depth: Annotated[int, Meta(ge=1, le=MOST_LEVELS)] = 100
    step: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


class Book(Value, frozen=True, kw_only=True):
    """Durable levels. `sequence` grows with every change of the whole book and begins anew when the server starts."""

    market: MarketName
    sequence: int
    time: Time
    bids: Levels
    asks: Levels


class TradesQuery(Request, frozen=True, kw_only=True):
    """The newest `limit` with ids above `after`."""

    after: Cursor | None = None
    limit: Limit = 100


class Trade(Value, frozen=True, kw_only=True):
    """`side` is the taker's."""

    id: Id
    time: Time
    side: Side
    price: Decimal
    amount: Decimal


class TradeHistoryQuery(PageQuery, frozen=True, kw_only=True):
    """Older trades, page by page."""


class CandlesQuery(Request, frozen=True, kw_only=True):
    """Candles of `interval` seconds that begin in [start, end), both in seconds since 1970; the newest `limit` of them."""

    interval: Annotated[int, Meta(ge=60, le=31_536_000)] = 3_600
    start: Annotated[int, Meta(ge=0, le=100_000_000_000)] | None = None
    end: Annotated[int, Meta(ge=0, le=100_000_000_000)] | None = None
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 200


class Candle(Value, frozen=True, kw_only=True):
    """Trades of [start, start + interval): first price, highest, lowest, last. `total` is the quote traded. Only those with trades."""

    start: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    amount: Decimal
    total: Decimal
    trades: int


class Ticker(Value, frozen=True, kw_only=True):
    """The last trade, the best prices, and the last 24 hours; null where there is none. `change_ppm`: from the first price to the last."""

    market: MarketName
    time: Time
    last: Decimal | None
    last_amount: Decimal | None
    last_time: Time | None
    bid: Decimal | None
    ask: Decimal | None
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    amount: Decimal
    total: Decimal
    trades: int
    change_ppm: int


def checksum(bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]]) -> int:
    """CRC-32 (IEEE, unsigned) of the best CHECKSUM_LEVELS a side as text: `price:amount` joined by commas, bids, a semicolon, asks."""
    sides = [",".join(f"{price}:{amount}" for price, amount in side[:CHECKSUM_LEVELS]) for side in (bids, asks)]
    return zlib.crc32(";".join(sides).encode())
