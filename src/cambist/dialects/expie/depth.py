"""The book as this API shows it: merged into intervals, cut to a limit, and as clean and incremental updates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache

from cambist import _core
from cambist.dialect_kit.market_texts import AMOUNT, PRICE, BookForm, MarketTexts
from cambist.dialects.expie.markets import Market
from cambist.dialects.expie.numbers import decimal_of, units
from cambist.domain.orders import Side
from cambist.marketdata.book import Levels
from cambist.marketdata.marketdata import MarketData

MAX_LIMIT = 101
PUSH_LIMITS = frozenset((1, 5, 10, 20, 30, 50, 100))
PUSH_INTERVALS = frozenset((Decimal(0), *(Decimal(1).scaleb(-digits) for digits in range(1, 9))))
"""0, and 0.1 down to 0.00000001; compared as numbers."""
MAX_INTERVAL_DECIMALS = 18

Book = tuple[Levels, Levels]
"""(bids, asks) of (price, amount), best first; prices in units of the interval's scale (see Merge)."""


class Merge:
    """An interval on a market: `scale` decimals of the merged prices, `step` units of that scale (0 or 1: prices as they are).

    OutOfRange for an interval that is no 64-bit number of such units.
    """

    __slots__ = ("factor", "scale", "step")

    def __init__(self, market: Market, interval: Decimal) -> None:
        exponent = interval.normalize().as_tuple().exponent
        assert isinstance(exponent, int)
        # An interval may be finer than the market's prices, and no multiple of their unit.
        self.scale = max(market.money_scale, -exponent)
        self.factor = int(10 ** (self.scale - market.money_scale))
        self.step = units(interval, self.scale)


def interval_of(text: str) -> Decimal | None:
    """An interval as sent, None when it is none: `0`, or a number below 10^18 with at most 18 decimals."""
    number = decimal_of(text)
    if number is None:
        return None
    exponent = number.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MAX_INTERVAL_DECIMALS or number.adjusted() >= MAX_INTERVAL_DECIMALS:
        return None
    return number


@lru_cache(maxsize=256)
def _level_form(price_scale: int, amount_scale: int) -> _core.RowForm:
    return _core.RowForm([b'["', b'","', b'"]'], [_core.Column.decimal(PRICE, price_scale), _core.Column.decimal(AMOUNT, amount_scale)])


async def sides_text(texts: MarketTexts, market: Market, merge: Merge, limit: int) -> tuple[str, str]:
    """(bids, asks) of the durable book as JSON: asks rounded up and bids down to multiples of the interval, amounts added."""
    if not limit:
        return "[]", "[]"
    form = BookForm(_level_form(merge.scale, market.stock_scale), step=max(merge.step, 1), multiply=merge.factor)
    bids, asks = await texts.sides(market.id, form, limit, limit)
    return f"[{b''.join(bids).decode()}]", f"[{b''.join(asks).decode()}]"


def followed_book(data: MarketData, market: Market, merge: Merge, limit: int) -> Book:
    """The same in numbers, for the intervals that can be followed: they divide, or are multiples of, the unit of the market's prices."""
    if merge.factor == 1:
        return data.book(market.id, limit, max(merge.step, 1))
    bids, asks = ([(price * merge.factor, amount) for price, amount in levels] for levels in data.book(market.id, limit))
    return bids, asks


def changes(old: Sequence[tuple[int, int]], new: Sequence[tuple[int, int]], side: int, limit: int) -> Levels:
    """What turns one side into another: levels as they are now, amount 0 for those that are gone, best first.

    A level that was only pushed out of a full side is not named: whoever keeps the side cuts it to the limit himself.
    """
    before = dict(old)
    now = dict(new)
    worst = new[-1][0] if len(new) == limit else None
    named = [(price, amount) for price, amount in new if before.get(price) != amount]
    for price, _amount in old:
        pushed_out = worst is not None and (price < worst if side == Side.BUY else price > worst)
        if price not in now and not pushed_out:
            named.append((price, 0))
    named.sort(reverse=side == Side.BUY)
    return named


def levels_text(market: Market, merge: Merge, levels: Sequence[tuple[int, int]]) -> str:
    """`[["12.94","0.1524"],...]`."""
    write, scale, stock_scale = _core.format_units, merge.scale, market.stock_scale
    return "[" + ",".join([f'["{write(price, scale)}","{write(amount, stock_scale)}"]' for price, amount in levels]) + "]"


def push_text(market: Market, merge: Merge, book: Book, clean: bool) -> bytes:
    """A `depth.update`; of an incremental one (`clean` false) a side without changes is left out."""
    sides = [
        f'"{name}":{levels_text(market, merge, levels)}' for name, levels in zip(("bids", "asks"), book, strict=True) if levels or clean
    ]
    flag = "true" if clean else "false"
    return f'{{"method":"depth.update","params":[{flag},{{{",".join(sides)}}},"{market.name}"],"id":null}}'.encode()


class Followed:
    """One book as its followers have it: what they were sent, and what must be sent next."""

    def __init__(self, market: Market, merge: Merge, limit: int, full_every: int, read: Callable[[], Book]) -> None:
        self.market = market
        self.merge = merge
        self._limit = limit
        self._full_every = full_every
        self._read = read
        self._sent: Book = ([], [])
        self._last_full = 0

    def start(self, now: int) -> None:
        """Takes the book as it is for what has been sent."""
        self._sent = self._read()
        self._last_full = now

    def full(self) -> bytes:
        """What a new follower gets: the book as the others have it."""
        return push_text(self.market, self.merge, self._sent, clean=True)

    def update(self, now: int, whole: bool = False) -> bytes | None:
        """What brings every follower up to date, None when nothing changed. `whole`: a full book whatever changed."""
        sent, book = self._sent, self._read()
        if book == sent and not whole:
            return None
        self._sent = book
        if whole or now - self._last_full >= self._full_every:
            self._last_full = now
            return push_text(self.market, self.merge, book, clean=True)
        changed = (changes(sent[0], book[0], Side.BUY, self._limit), changes(sent[1], book[1], Side.SELL, self._limit))
        # Only levels beyond a limit moved: whoever cuts to the limit has the new book already.
        return push_text(self.market, self.merge, changed, clean=False) if changed[0] or changed[1] else None
