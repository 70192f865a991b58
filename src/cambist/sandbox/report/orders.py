"""Checks of what became of orders: left open, filled in part and treated as whole, traded with itself."""

from __future__ import annotations

from collections.abc import Iterator

from cambist import _core
from cambist.domain.orders import DoneReason
from cambist.sandbox.report.evidence import Evidence
from cambist.sandbox.report.findings import Found, listed
from cambist.sandbox.report.record import OrderRecord


def left_open(evidence: Evidence) -> Iterator[Found]:
    """Orders that are live in the end."""
    live = [order.id for order in evidence.orders if not order.reason]
    if live:
        yield Found(
            f"{len(live)} {'order is' if len(live) == 1 else 'orders are'} still open: {listed(live)}.",
            len(live),
            evidence.requests_of(evidence.record.orders[number].seq for number in live),
            live,
        )


def filled_by(order: OrderRecord, seq: int) -> int:
    """How much of it was filled by then, units of the market."""
    return sum(fill.amount for fill in order.fills if fill.seq <= seq)


def names_filled(evidence: Evidence, order: OrderRecord, seq: int) -> str:
    """`Order 17 (buy 1 BTC at 2500 in btc_usd) had got 0.4 BTC`."""
    text = evidence.names.order(order)
    return f"{text[0].upper()}{text[1:]} had got {evidence.names.amount(order.market, filled_by(order, seq))}"


def self_trades(evidence: Evidence) -> Iterator[Found]:
    """Orders that met another one of the same account."""
    met = [order.id for order in evidence.orders if order.reason == DoneReason.SELF_TRADE]
    seen: dict[int, list[int]] = {}
    for order, fill in evidence.record.fills:
        seen.setdefault(fill.trade_id, []).append(order.id)
    both = [orders for orders in seen.values() if len(orders) == 2]
    if met or both:
        orders = met + [order for pair in both for order in pair]
        yield Found(
            f"The bot's orders met each other {len(met) + len(both)} times.",
            len(met) + len(both),
            evidence.requests_of(evidence.record.orders[order].seq for order in orders),
            orders,
        )


def slippage(evidence: Evidence) -> Iterator[Found]:
    """Orders that took far worse prices than the middle of the book was."""
    limit = evidence.limits.slippage_ppm
    far: list[tuple[int, OrderRecord]] = []
    for order in evidence.orders:
        taken = [fill for fill in order.fills if not fill.maker and fill.bid and fill.ask]
        amount = sum(fill.amount for fill in taken)
        middle = sum(fill.amount * (fill.bid + fill.ask) for fill in taken)
        if not middle:
            continue
        paid = sum(2 * fill.amount * fill.price for fill in taken)
        lost = (paid - middle if order.side == 0 else middle - paid) * 1_000_000 // middle
        if amount and lost > limit:
            far.append((lost, order))
    if far:
        lost, worst = max(far, key=lambda each: each[0])
        yield Found(
            f"{len(far)} {'order' if len(far) == 1 else 'orders'} took prices more than {_core.format_units(limit, 4)} % worse than the "
            f"middle of the book; the worst, {evidence.names.order(worst)}, {_core.format_units(lost, 4, 2)} %.",
            len(far),
            evidence.requests_of(order.seq for _, order in far),
            [order.id for _, order in far],
        )
