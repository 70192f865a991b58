"""The durable book of one market, its numbered changes, and grouping."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from cambist.domain.orders import Side

Levels = list[tuple[int, int]]
"""(price, amount), best first."""


class Book:
    """Levels as the durable frames left them. (`Engine.depth` may be a tick ahead of what is on disk.)"""

    __slots__ = ("_amounts", "_prices", "_times", "seq")

    def __init__(self) -> None:
        self.seq = 0
        self._amounts: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._prices: tuple[list[int], list[int]] = ([], [])  # ascending
        self._times: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def load(self, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]]) -> None:
        """Replaces everything by these levels."""
        for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
            amounts = self._amounts[side]
            amounts.clear()
            amounts.update(levels)
            self._prices[side][:] = sorted(amounts)
            self._times[side].clear()

    def changed_at(self, side: int, price: int) -> int:
        """Time (µs) of the command that changed this level last; 0 for one that has stood since `load`."""
        return self._times[side].get(price, 0)

    def set(self, side: int, price: int, amount: int, time: int) -> int:
        """Makes a level that amount (0: gone) at `time` (µs). Returns what stood there."""
        amounts = self._amounts[side]
        if amount:
            self._times[side][price] = time
            before = amounts.get(price, 0)
            amounts[price] = amount
            if not before:
                insort(self._prices[side], price)
            return before
        before = amounts.pop(price, 0)
        self._times[side].pop(price, None)
        if before:
            prices = self._prices[side]
            del prices[bisect_left(prices, price)]
        return before

    def depth(self, limit: int = 0) -> tuple[Levels, Levels]:
        """(bids, asks), best first, at most `limit` levels a side (0: all)."""
        bids, asks = self._prices
        bid_amounts, ask_amounts = self._amounts
        best_bids = reversed(bids[-limit:] if limit else bids)
        best_asks = asks[:limit] if limit else asks
        return [(price, bid_amounts[price]) for price in best_bids], [(price, ask_amounts[price]) for price in best_asks]

    def best(self) -> tuple[int, int]:
        """(best bid, best ask), 0 for an empty side."""
        bids, asks = self._prices
        return bids[-1] if bids else 0, asks[0] if asks else 0


def group_levels(levels: Sequence[tuple[int, int]], side: int, step: int, limit: int = 0) -> Levels:
    """Levels of one side merged into multiples of `step` price units, best first; at most `limit` buckets (0: all).

    Asks are rounded up and bids down, so that a grouped book never looks better than it is; amounts of a bucket add.
    """
    if step <= 1:
        return list(levels[:limit] if limit else levels)
    out: Levels = []
    for price, amount in levels:
        bucket = -(-price // step) * step if side == Side.SELL else price // step * step
        if out and out[-1][0] == bucket:
            out[-1] = (bucket, out[-1][1] + amount)
        elif limit and len(out) == limit:
            break
        else:
            out.append((bucket, amount))
    return out


def group_depth(depth: tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]], step: int, limit: int = 0) -> tuple[Levels, Levels]:
    """`group_levels` for (bids, asks)."""
    bids, asks = depth
    return group_levels(bids, Side.BUY, step, limit), group_levels(asks, Side.SELL, step, limit)
