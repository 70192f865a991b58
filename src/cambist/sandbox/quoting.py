"""What a simple trader would like to have in the book: pure decisions, in the market's integer units."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from cambist._core import LiveOrder, MarketSpec
from cambist.domain.orders import Side

LEVELS = 6
"""Quotes per side of one maker: what bounds the number of live orders."""
NEAREST = 0.0008
"""How close to the reference price a new quote may be, as a share of it."""
SPACING = 0.0009
TOO_CLOSE = 0.0003
TOO_FAR = 0.02


@dataclass(frozen=True, slots=True)
class Quote:
    side: Side
    price: int
    amount: int


def stale(orders: Sequence[LiveOrder], reference: float) -> list[int]:
    """Ids of quotes that the reference price has come too close to, run through, or left behind."""
    found = []
    for order in orders:
        away = (reference - order.price) / reference if order.side == Side.BUY else (order.price - reference) / reference
        if not TOO_CLOSE <= away <= TOO_FAR:
            found.append(order.order_id)
    return found


def missing(orders: Sequence[LiveOrder], spec: MarketSpec, reference: float, unit_usd: float, random: Random) -> list[Quote]:
    """New quotes that bring each side back to LEVELS. `unit_usd`: what one base unit is worth, for sizes."""
    quotes = []
    for side in (Side.BUY, Side.SELL):
        taken = {order.price for order in orders if order.side == side}
        outward = -1 if side == Side.BUY else 1
        for level in range(sum(order.side == side for order in orders), LEVELS):
            away = NEAREST + SPACING * level * random.uniform(0.7, 1.3) + random.uniform(0.0, NEAREST)
            price = round(reference * (1 - away)) if side == Side.BUY else math.ceil(reference * (1 + away))
            while price in taken:  # where ticks are coarse, neighbours would meet on one price and the book would be thin
                price += outward
            taken.add(price)
            if spec.min_price <= price <= spec.max_price:
                quotes.append(Quote(side, price, size(spec, unit_usd, random)))
    return quotes


def size(spec: MarketSpec, unit_usd: float, random: Random, typical_usd: float = 400.0) -> int:
    """An amount that people would type: worth about `typical_usd`, three significant digits, inside the market's limits."""
    worth = typical_usd * math.exp(random.gauss(0.0, 0.9))
    amount: float = worth / unit_usd * 10**spec.amount_scale
    round_to = int(10 ** max(0, math.floor(math.log10(max(amount, 1.0))) - 2))
    return min(max(round(amount / round_to) * round_to, spec.min_amount), spec.max_amount)
