"""Linked markets as this API shows them: a book with the orders of all currencies in one's own, and what a price elsewhere is worth here.

Everything comes from the exchange's state, which may be ahead of the disk: replies wait for the disk by themselves, and streams read with
`stream.group_watch.DurableReads`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cambist import _core
from cambist.dialects.mtgox.currencies import half_up
from cambist.domain.orders import Side
from cambist.domain.units import MarketId

if TYPE_CHECKING:
    from cambist.dialects.mtgox.instruments import Pair
    from cambist.exchange.view import View
    from cambist.marketdata.book import Levels

LEVELS = 400
"""So many levels a side, the best, a converted book shows: taking them up costs some 0.3 ms whenever anything in the group has changed."""

LevelAmounts = dict[tuple[int, int], int]
"""Amounts by (side, price)."""


class ChangedLevel(NamedTuple):
    """A level as it is now, `amount` 0 when it is gone, and what stood there before."""

    side: int
    price: int
    amount: int
    previous: int


def level_amounts(depth: tuple[Levels, Levels]) -> LevelAmounts:
    """(bids, asks) by side and price."""
    bids, asks = depth
    amounts = {(int(Side.BUY), price): amount for price, amount in bids}
    amounts.update({(int(Side.SELL), price): amount for price, amount in asks})
    return amounts


def level_changes(before: LevelAmounts, after: LevelAmounts) -> list[ChangedLevel]:
    """What makes `after` of `before`; what is gone comes first, so that a book that is followed is never crossed on the way."""
    gone = [ChangedLevel(*level, 0, amount) for level, amount in before.items() if level not in after]
    known = before.get
    return gone + [ChangedLevel(*level, amount, known(level, 0)) for level, amount in after.items() if known(level) != amount]


class ConvertedBook:
    """What a taker in one linked market could take. `version` grows when a level changes, and levels know when they were seen to change."""

    __slots__ = ("_market", "_seq", "_view", "amounts", "levels", "version")

    def __init__(self, view: View, market: MarketId) -> None:
        self._view = view
        self._market = market
        self._seq = -1
        self.version = 0
        self.levels = _core.LevelBook()
        self.amounts: LevelAmounts = {}
        """The same; replaced when something changes, never altered."""

    def refresh(self) -> None:
        """Takes the state as it is now."""
        view = self._view
        if view.seq == self._seq:
            return
        self._seq = view.seq
        amounts = level_amounts(view.converted_depth(self._market, LEVELS))
        changes = level_changes(self.amounts, amounts)
        if changes:
            for level in changes:
                self.levels.set(level.side, level.price, level.amount, view.time)
            self.amounts = amounts
            self.version += 1


class ConvertedBooks:
    """The books of linked markets, each kept from the first time that somebody asked for it."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._books: dict[MarketId, ConvertedBook] = {}

    def is_linked(self, market: MarketId) -> bool:
        return self._view.linked_group_of(market) is not None

    def group_markets(self, market: MarketId) -> list[MarketId]:
        """The markets that it is linked with, itself included; none when it is not linked."""
        group = self._view.linked_group_of(market)
        return [] if group is None else self._view.linked_groups()[group].markets

    def of(self, market: MarketId) -> ConvertedBook:
        """As of now. Of a market that is not linked: its own best levels."""
        book = self._books.get(market)
        if book is None:
            book = self._books[market] = ConvertedBook(self._view, market)
        book.refresh()
        return book

    def best(self, market: MarketId) -> tuple[int, int]:
        """(best bid, best ask), 0 for an empty side."""
        bids, asks = self._view.converted_depth(market, 1)
        return (bids[0][0] if bids else 0, asks[0][0] if asks else 0)

    def price_int(self, price: int, source: Pair, target: Pair) -> int | None:
        """A price of one market in the integers of another one's currency: at the plain rates, without a fee, rounded half up.

        None while one of the two currencies has no current rate.
        """
        group = self._view.linked_group_of(target.market)
        if group is None:
            return None
        terms = self._view.linked_groups()[group]
        rates = {asset: rate for asset, rate, set_at in terms.rates if not terms.max_age or self._view.time - set_at <= terms.max_age}
        rates[terms.anchor] = _core.RATE_ONE
        from_rate, to_rate = rates.get(source.currency.asset), rates.get(target.currency.asset)
        if not from_rate or not to_rate:
            return None
        value = source.price_int(price) * from_rate * int(10**target.currency.scale)
        return half_up(value, to_rate * int(10**source.currency.scale))
