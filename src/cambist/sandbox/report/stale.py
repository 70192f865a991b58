"""The check of how old the prices were that the bot traded by."""

from __future__ import annotations

from collections.abc import Iterator

from cambist.sandbox.report.evidence import Evidence
from cambist.sandbox.report.findings import Found
from cambist.sandbox.report.record import OrderRecord
from cambist.sandbox.request_log import Exchange, Record

STALE = "stale-"
"""How the ids of faults begin that have the client get an old reply."""


def stale_book(evidence: Evidence) -> Iterator[Found]:
    """Orders in a market that the bot had seen, long before. One that never asks for prices does not trade by them."""
    requests, limit = evidence.logged(), evidence.limits.stale_after
    found: list[tuple[int, OrderRecord, int]] = []
    for order in evidence.orders:
        placed = requests.of_seq(order.seq)
        seen = None if placed is None else requests.last_prices(_spellings(evidence, order.market), placed.number)
        if placed is None or seen is None:
            continue
        age = placed.time - came_at(seen)
        if age > limit or any(fault.startswith(STALE) for fault in seen.faults):
            found.append((age, order, seen.number))
    if found:
        age, worst, number = max(found, key=lambda each: each[0])
        how_many = f"{len(found)} {'order was' if len(found) == 1 else 'orders were'}"
        yield Found(
            f"{how_many} placed by old prices; the worst, {evidence.names.order(worst)}, {age // 1_000_000}.{age // 100_000 % 10} s "
            f"after the last that the bot was sent of that market (request {number}).",
            len(found),
            [*evidence.requests_of(order.seq for _, order, _ in found), number],
            [order.id for _, order, _ in found],
        )


def came_at(record: Record) -> int:
    """When it came to the client, µs."""
    return record.replied_at if isinstance(record, Exchange) else record.time


def _spellings(evidence: Evidence, market: int) -> tuple[bytes, ...]:
    """How dialects write a market."""
    spec = evidence.names.markets[market]
    base, quote = evidence.names.assets[spec.base].code, evidence.names.assets[spec.quote].code
    pairs = [f"{base}{between}{quote}" for between in ("_", "", "-", "/")]
    return tuple(text.encode() for pair in pairs for text in (pair, pair.lower()))
