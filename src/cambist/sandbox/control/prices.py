"""`/sandbox/prices`: what things are worth, set by hand or taken from a record."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec

from cambist._core import MarketSpec, format_units, parse_units
from cambist.exchange import Catalogue
from cambist.sandbox.control.operations import AnyBound, Bound, Operation, Refused
from cambist.sandbox.market import TradedMarket
from cambist.sandbox.recorded import MOST_BYTES, NotRecorded, read_prices
from cambist.sandbox.traders import Traders

PATH = "/sandbox/prices"
REQUOTES = 3
"""How often makers look when the book is to move at once: they make room for each other."""


class PriceLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price for a market."""

    market: str
    """Such as btc_usd."""
    price: str
    """Of one unit of the base, in the quote: decimal text inside the market's limits."""
    book: bool = False
    """Whether makers move their quotes at once; otherwise they do when they look next."""


class PriceRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Historical trades or candles. One of `csv` and `file`."""

    market: str
    """Such as btc_usd."""
    csv: str = ""
    """The text. Its first line names the columns: time and price, or time, open, high, low and close; others are passed over."""
    file: str = ""
    """The whole path of a file of this machine that belongs to the user who runs the sandbox; at most 64 MiB and a million rows."""
    speed: float = 1.0
    """How many times as fast as it was recorded."""


class PriceShown(msgspec.Struct, frozen=True):
    """Where a market is."""

    market: str
    fundamental: str
    """What makers and informed traders think that it is worth, decimal text."""
    bid: str
    """The best price that somebody buys at, 0 without any."""
    ask: str
    """The best price that somebody sells at, 0 without any."""


class OfMarket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One market."""

    market: str
    """Such as btc_usd."""


class RecordFollowed(msgspec.Struct, frozen=True):
    """A record that prices follow from now on. `points`: so many prices; `seconds`: so long it lasts."""

    market: str
    points: int
    seconds: int


SHOW = Operation("price", "GET", PATH + "/{market}", OfMarket, PriceShown, "Says what a market's base is worth, and what is quoted.")
SET = Operation("set-price", "POST", PATH, PriceLevel, PriceShown, "Has a market's base be worth so much from now on.")
FOLLOW = Operation("follow-prices", "POST", PATH + "/record", PriceRecord, RecordFollowed, "Has prices follow recorded trades or candles.")


class PriceOperations:
    """On the traders of the sandbox as it is now; `traders` gives None when nobody trades."""

    def __init__(self, catalogue: Catalogue, clock: Callable[[], int], traders: Callable[[], Traders | None]) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._traders = traders

    def bound(self) -> list[AnyBound]:
        return [Bound(SHOW, lambda asked: self._shown(self._traded(asked.market)[1])), Bound(SET, self._set), Bound(FOLLOW, self._follow)]

    async def _set(self, level: PriceLevel) -> PriceShown:
        traders, market = self._traded(level.market)
        spec = market.spec
        try:
            price = parse_units(level.price, spec.price_scale)
        except ValueError as error:
            raise Refused(f"price: {error}") from None
        if not spec.min_price <= price <= spec.max_price:
            low, high = (format_units(limit, spec.price_scale) for limit in (spec.min_price, spec.max_price))
            raise Refused(f"price: {market.name} takes {low} to {high}")
        traders.set_price(market, price / 10**spec.price_scale)
        if level.book:
            for _ in range(REQUOTES):
                await traders.open_markets()
        return self._shown(market)

    def _follow(self, record: PriceRecord) -> RecordFollowed:
        traders, market = self._traded(record.market)
        if not 0.001 <= record.speed <= 1_000.0:
            raise Refused("speed: 0.001 to 1000")
        try:
            prices = read_prices(text_of(record.csv, record.file))
        except NotRecorded as error:
            raise Refused(str(error)) from None
        spec, unit = market.spec, 10**market.spec.price_scale
        if not spec.min_price <= min(prices.prices) * unit or not max(prices.prices) * unit <= spec.max_price:
            raise Refused(f"there are prices that {market.name} does not take")
        now = self._clock() // 1_000_000
        traders.follow(market, [now + int(second / record.speed) for second in prices.seconds], prices.prices)
        return RecordFollowed(market.name, len(prices.prices), int(prices.seconds[-1] / record.speed))

    def _traded(self, name: str) -> tuple[Traders, TradedMarket]:
        spec = market_of(self._catalogue, name)
        traders = self._traders()
        market = next((market for market in traders.markets if market.id == spec.id), None) if traders is not None else None
        if traders is None or market is None:
            raise Refused(f"nobody makes a market in {name.lower()} in this sandbox", 409)
        return traders, market

    def _shown(self, market: TradedMarket) -> PriceShown:
        scale = market.spec.price_scale
        fundamental, bid, ask = (format_units(round(price), scale) for price in (market.fair(self._clock()), *market.best()))
        return PriceShown(market.name, fundamental, bid, ask)


def market_of(catalogue: Catalogue, name: str) -> MarketSpec:
    """Refused when there is none of that name."""
    base, _, quote = name.upper().partition("_")
    spec = catalogue.markets.by_codes(base, quote)
    if spec is None:
        raise Refused(f"there is no market {name[:80]}", 404)
    return spec


def text_of(text: str, file: str) -> str:
    """What is given, or what stands in a file. Refused."""
    if bool(text) == bool(file):
        raise Refused("give one of csv and file")
    if text:
        return text
    path = Path(file)
    try:
        found = path.stat()
        if not path.is_absolute() or not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
            raise Refused("file: a file of the user who runs the sandbox, by its whole path")
        if found.st_size > MOST_BYTES:
            raise Refused(f"file: at most {MOST_BYTES >> 20} MiB")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise Refused("file: it cannot be read as text") from None
