"""Books and trades as text for public reads: written natively, kept while the market stands still, and never at length in one tick.

    LEVEL = RowForm([b'{"price":"', b'","size":"', b'"}'], [Column.decimal(PRICE, 2), Column.decimal(AMOUNT, 8)])
    bids, asks = await texts.sides(market, BookForm(LEVEL), bids=50, asks=50)
    return Reply(parts=(b'{"bids":[', *bids, b'],"asks":[', *asks, b"]}"))

Short texts are there at once: the coroutine then never waits. Of long ones a slice is written in each tick of the event loop, whoever asks
for however many, so that a stranger's reads cost the others nothing; all who ask meanwhile get the same bytes.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cambist._core import RowForm, TradeLog
from cambist.domain.orders import Side
from cambist.marketdata.values import logged

if TYPE_CHECKING:
    from cambist._core import LevelBook, RowText
    from cambist.marketdata.marketdata import MarketData

PRICE, AMOUNT, CHANGED = 0, 1, 2
"""Fields of a level: its price (times the form's `multiply`), its amount, and the time (µs) at which it changed last."""
TRADE_ID, TRADE_TIME, TRADE_SIDE, TRADE_PRICE, TRADE_AMOUNT, TRADE_MARKET, TRADE_APPEARANCE = range(7)
"""Fields of a trade: its id, time (µs), the taker's side, price, amount, 1 when the taker named no price, and its `Appearance`."""

SLICE = 512
"""Levels or trades that are looked at in one tick: some 20 to 50 µs."""
PAST_SLICE = 256
"""Trades of history that are written in one tick: some 100 µs."""
KEPT_BYTES = 64 << 20
KEPT_TEXTS = 2_048

Parts = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class BookForm:
    """How a book is written. Equal forms share their texts, so keep the RowForm and make the rest as you like.

    `step`, `multiply`: prices are multiplied, then merged into multiples of `step`, bids down and asks up; amounts add. `near`: only levels
    at most so many percent from the best price of their side (0: all). `bids_worst_first`: bids ascend like asks; such texts have no limit.
    """

    level: RowForm
    step: int = 1
    multiply: int = 1
    near: int = 0
    bids_worst_first: bool = False


class _Text:
    """Texts of one moment, and who waits for more of them. `wanted` rows of each (0: all)."""

    __slots__ = ("counted", "key", "texts", "version", "waiters", "wanted")

    def __init__(self, key: Hashable, version: int, texts: tuple[RowText, ...]) -> None:
        self.key = key
        self.version = version
        self.texts = texts
        self.wanted = (1,) * len(texts)
        self.waiters: list[tuple[tuple[int, ...], asyncio.Future[_Text]]] = []
        self.counted = -1  # bytes counted among the kept ones; -1: not kept

    def has(self, rows: tuple[int, ...]) -> bool:
        return all(text.has(most) for text, most in zip(self.texts, rows, strict=True))

    def wait(self, rows: tuple[int, ...], future: asyncio.Future[_Text]) -> None:
        self.waiters.append((rows, future))
        self.wanted = tuple(0 if 0 in both else max(both) for both in zip(self.wanted, rows, strict=True))

    def write(self, rows: tuple[int, ...]) -> None:
        """Writes on, at most a slice of each."""
        for text, most in zip(self.texts, rows, strict=True):
            text.write(most, SLICE)

    def wake(self) -> None:
        """Gives it to those who waited for no more than there is by now."""
        waiting = []
        for rows, future in self.waiters:
            if not self.has(rows):
                waiting.append((rows, future))
            elif not future.done():
                future.set_result(self)
        self.waiters = waiting


class MarketTexts:
    """The texts of one venue's markets. For the event loop's thread only."""

    def __init__(self, marketdata: MarketData) -> None:
        self._data = marketdata
        self._kept: OrderedDict[Hashable, _Text] = OrderedDict()  # the newest of each key, in order of use
        self._kept_bytes = 0
        self._writing: dict[Hashable, _Text] = {}  # one of each key that is waited for, in the order of their chances
        self._next: dict[Hashable, _Text] = {}  # and the newer one that follows it
        self._due = False

    async def sides(self, market: int, form: BookForm, bids: int = 0, asks: int = 0) -> tuple[Parts, Parts]:
        """The rows of the best `bids` and `asks` levels (0: all), separated, of one moment; what is durable when this is called is in them.

        ValueError for a limit on bids that are written worst first.
        """
        return (await self.numbered_sides(market, form, bids, asks))[1:]

    async def numbered_sides(self, market: int, form: BookForm, bids: int = 0, asks: int = 0) -> tuple[int, Parts, Parts]:
        """The same behind the book's number (`MarketData.book_seq`) at that moment."""
        return await self._sides(("book", market), self._data.book_seq(market), self._data.level_book(market), form, bids, asks)

    async def book_sides(
        self, name: Hashable, version: int, book: LevelBook, form: BookForm, bids: int = 0, asks: int = 0
    ) -> tuple[Parts, Parts]:
        """The same of another book than a market's own. `name` is the book's for ever, `version` is another one whenever it has changed."""
        return (await self._sides(name, version, book, form, bids, asks))[1:]

    async def _sides(self, name: Hashable, version: int, book: LevelBook, form: BookForm, bids: int, asks: int) -> tuple[int, Parts, Parts]:
        if bids and form.bids_worst_first:
            raise ValueError("bids that are written worst first have no limit")

        def make() -> tuple[RowText, ...]:
            step, multiply, near = form.step, form.multiply, form.near
            return (
                book.text(Side.BUY, form.level, step=step, multiply=multiply, near=near, worst_first=form.bids_worst_first),
                book.text(Side.SELL, form.level, step=step, multiply=multiply, near=near),
            )

        text = await self._text((name, form), version, (bids, asks), make)
        return text.version, text.texts[0].parts(bids), text.texts[1].parts(asks)

    async def trades(self, market: int, form: RowForm, limit: int = 0, *, since_id: int = 0, oldest_first: bool = False) -> Parts:
        """The rows of the last 5,000 trades with ids above `since_id`, separated, newest first unless told otherwise; the first `limit` of
        them (0: all). `MarketData.trade_log(market).first_id(time)` finds the id that a time begins with."""
        log, version = self._data.trade_log(market), self._data.version(market)
        return await self.log_trades(("trades", market), version, log, form, limit, since_id=since_id, oldest_first=oldest_first)

    async def log_trades(
        self, name: Hashable, version: int, log: TradeLog, form: RowForm, limit: int = 0, *, since_id: int = 0, oldest_first: bool = False
    ) -> Parts:
        """The same of another log. `name` is that log's for ever, `version` is another one whenever it has changed."""

        def make() -> tuple[RowText, ...]:
            return (log.text(form, since_id=since_id, oldest_first=oldest_first),)

        text = await self._text((name, form, since_id, oldest_first), version, (limit,), make)
        return text.texts[0].parts(limit)

    async def _text(self, key: Hashable, version: int, rows: tuple[int, ...], make: Callable[[], tuple[RowText, ...]]) -> _Text:
        text = self._kept.get(key)
        if text is None or text.version != version:
            text = self._renew(key, _Text(key, version, make()))
        else:
            self._kept.move_to_end(key)
        if not text.has(rows) and not text.waiters:
            text.write(rows)  # the beginning here and now: a short text is ready with it
            self._count(text)
        if text.has(rows):
            return text
        future: asyncio.Future[_Text] = asyncio.get_running_loop().create_future()
        text.wait(rows, future)
        if key not in self._writing:
            self._writing[key] = text
            self._run_later()
        elif self._writing[key] is not text:
            self._next[key] = text
        return await future

    def _renew(self, key: Hashable, text: _Text) -> _Text:
        """Keeps it in place of an older one. Who waits for that one gets this one, unless that is being written already."""
        old = self._kept.pop(key, None)
        if old is not None:
            self._drop(old)
            if self._next.get(key) is old:
                self._next[key] = text
                text.waiters, text.wanted = old.waiters, old.wanted
        self._kept[key] = text
        text.counted = 0
        return text

    def _count(self, text: _Text) -> None:
        """Counts what was written of a kept one; forgets those that nobody has asked for for longest when it is too much."""
        if text.counted >= 0:
            size = sum(each.size for each in text.texts)
            self._kept_bytes += size - text.counted
            text.counted = size
        while (len(self._kept) > KEPT_TEXTS or self._kept_bytes > KEPT_BYTES) and len(self._kept) > 1:
            self._drop(self._kept.popitem(last=False)[1])

    def _drop(self, text: _Text) -> None:
        self._kept_bytes -= text.counted
        text.counted = -1

    def _run_later(self) -> None:
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        """A slice of the text whose chance it is."""
        self._due = False
        key, text = next(iter(self._writing.items()))
        del self._writing[key]
        text.write(text.wanted)
        self._count(text)
        text.wake()
        following = text if text.waiters else self._next.pop(key, None)
        if following is not None:
            self._writing[key] = following  # behind the others
        if self._writing:
            self._run_later()


class PastTrade(Protocol):
    """A trade of history's or of market data."""

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


async def past_trades(form: RowForm, trades: Sequence[PastTrade]) -> Parts:
    """The rows of trades that were read from history, in their order, separated by commas; a slice in each tick."""
    parts: list[bytes] = []
    for first in range(0, len(trades), PAST_SLICE):
        if parts:
            parts.append(b",")
            await asyncio.sleep(0)
        log = TradeLog(PAST_SLICE)
        some = trades[first : first + PAST_SLICE]
        log.extend([logged(each) for each in some])
        text = log.text(form, oldest_first=True)
        text.write(0, PAST_SLICE)
        parts += text.parts()
    return tuple(parts)
