"""Checks of what a bot did when a reply got lost: whether it sent the same order again without looking, and fills it never heard of."""

from __future__ import annotations

from collections.abc import Iterator

from cambist.domain.orders import DoneReason
from cambist.sandbox.report.evidence import Evidence
from cambist.sandbox.report.findings import Found
from cambist.sandbox.report.orders import filled_by, names_filled
from cambist.sandbox.report.record import OrderRecord
from cambist.sandbox.report.requests import Requests, came
from cambist.sandbox.request_log import Exchange, Record

WINDOW = 60_000_000
"""µs after which the same order again is taken for another decision."""


def lost(requests: Requests, record: Record | None) -> bool:
    """Whether the client of a request that was carried out cannot have learned so from the reply."""
    if not isinstance(record, Exchange) or record.last_seq == record.first_seq:
        return False
    return not came(record) or record.status >= 500 or (bool(record.faults) and not requests.is_readable(record))


def duplicate_orders(evidence: Evidence) -> Iterator[Found]:
    """Orders that were taken, whose replies got lost, and that were sent again without a look at what had become of them."""
    requests = evidence.logged()
    orders = evidence.orders
    for position, order in enumerate(orders):
        first = requests.of_seq(order.seq)
        if first is None or not lost(requests, first):
            continue
        for later in orders[position + 1 :]:
            if later.created - order.created > WINDOW:
                break
            second = requests.of_seq(later.seq) if _same(order, later) else None
            if second is None or second is first:
                continue
            if _taken_back(order, later) or requests.showed_order(order.id, first.number, second.number):
                break
            yield Found(
                f"The reply to request {first.number} got lost, but {evidence.names.order(order)} had been taken; request {second.number} "
                f"placed it once more as order {later.id}.",
                1,
                (first.number, second.number),
                (order.id, later.id),
            )
            break


def _same(order: OrderRecord, later: OrderRecord) -> bool:
    def key(each: OrderRecord) -> tuple[int, ...]:
        return each.market, each.side, each.type, each.first_price, each.first_amount, each.funds, each.stop_price

    return key(order) == key(later)


def _taken_back(order: OrderRecord, later: OrderRecord) -> bool:
    return order.reason == DoneReason.CANCELLED and order.ended_seq < later.seq


def partial_fills_ignored(evidence: Evidence) -> Iterator[Found]:
    """Orders that were filled in part, and of which the bot then traded the whole amount without a look at them.

    Either the other way, as if all had been bought, or once more, as if nothing had been.
    """
    requests = evidence.logged()
    orders = evidence.orders
    for position, order in enumerate(orders):
        first = requests.of_seq(order.seq)
        if first is None or order.funds or not order.fills:
            continue
        for later in orders[position + 1 :]:
            if later.market != order.market or later.first_amount != order.first_amount:
                continue
            second = requests.of_seq(later.seq)
            if second is None:
                continue
            filled = filled_by(order, later.seq)
            if not 0 < filled < order.amount or lost(requests, first) or requests.showed_order(order.id, first.number, second.number):
                break
            again = evidence.names.order(later)
            if later.side != order.side:
                words = f"{names_filled(evidence, order, later.seq)}, and {again} trades the whole amount back."
            elif order.reason in (DoneReason.CANCELLED, DoneReason.UNFILLED) and order.ended_seq < later.seq:
                words = f"{names_filled(evidence, order, later.seq)} when it ended, and {again} asks for all again."
            else:
                continue
            yield Found(words, 1, (first.number, second.number), (order.id, later.id))
            break


def fills_unseen(evidence: Evidence) -> Iterator[Found]:
    """Orders that were filled after they were placed, while nothing that came to the bot afterwards can have told it so."""
    requests = evidence.logged()
    unseen = []
    for order in evidence.orders:
        fills = [fill for fill in order.fills if fill.seq != order.seq]
        if fills and not requests.came_after(fills[-1].seq):
            unseen.append(order)
    if unseen:
        how_many = f"{len(unseen)} {'order was' if len(unseen) == 1 else 'orders were'}"
        yield Found(
            f"{how_many} filled, and nothing came to the bot after that: the first, {evidence.names.order(unseen[0])}.",
            len(unseen),
            evidence.requests_of(order.seq for order in unseen),
            [order.id for order in unseen],
        )
