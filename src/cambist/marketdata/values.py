"""What marketdata answers with and publishes.

Units: *time* µs; *price* and *amount* integers in the market's units; *volume* sums of amounts; *notional* sums of price * amount,
that is units of 10^-(price_scale + amount_scale) quote (times the market's `quote_unit`: atoms of quote).
"""

from typing import Protocol

import msgspec

from cambist.domain.trades import Appearance
from cambist.domain.units import MarketId


class RecentTrade(msgspec.Struct, frozen=True, gc=False):
    """A public trade. `time` strictly increases over all markets."""

    id: int
    time: int
    taker_side: int
    price: int
    amount: int
    taker_market: bool
    """Whether the taker named no price."""
    appearance: int = Appearance.ONLY
    """Of a trade between two linked markets, which of its two this is."""


class PastTrade(Protocol):
    """A stored trade, as history has it for one market."""

    @property
    def id(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def taker_side(self) -> int: ...
    @property
    def price(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def taker_market(self) -> bool: ...
    @property
    def appearance(self) -> int: ...


def logged(trade: PastTrade | RecentTrade) -> tuple[int, int, int, int, int, bool, int]:
    """A trade as `_core.TradeLog` takes it."""
    return trade.id, trade.time, trade.taker_side, trade.price, trade.amount, trade.taker_market, trade.appearance


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """A market's last trade and its last 24 hours.

    The window is the second under way and the 86,399 whole seconds before it, by trade time: nothing older than 24 hours
    counts, and everything younger than 23:59:59 does. Within it all numbers are exact. No trade in the window: `count` is 0 and
    so are high, low, open and both sums; the last trade stays for ever (`last` 0: there never was one).
    """

    last: int
    last_amount: int
    last_time: int
    open: int
    high: int
    low: int
    volume: int
    notional: int
    count: int


class Candle(msgspec.Struct, frozen=True, gc=False):
    """Trades in [start, start + interval), seconds since 1970: first price, highest, lowest, last; `volume`, `notional`, `count`."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    notional: int
    count: int


class LevelChange(msgspec.Struct, frozen=True, gc=False):
    """A price level as it is now: `amount` 0 when it is gone; `previous` is what stood there before (0: nothing)."""

    side: int
    price: int
    amount: int
    orders: int
    previous: int


class MarketUpdate(msgspec.Struct, frozen=True, gc=False):
    """What one durable frame did to one market.

    `levels` holds each changed level once, in its state after the frame; when there are any, `book_seq` is the book's number
    after them and the number before was `book_seq - 1`. `trades` in order, oldest first.
    """

    market: MarketId
    version: int
    book_seq: int
    levels: tuple[LevelChange, ...]
    trades: tuple[RecentTrade, ...]
