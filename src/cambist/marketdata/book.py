"""Levels of a book, and how they are merged."""

from collections.abc import Sequence

from cambist.domain.orders import Side

Levels = list[tuple[int, int]]
"""(price, amount), best first."""


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
