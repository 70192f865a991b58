"""A timeline as text, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from cambist.sandbox.timeline import Timeline, TimelineRequest

MOST_LINES = 40
"""Of one list; what is left out is counted."""


def timeline_text(shown: Timeline) -> str:
    """Lines that end with a newline."""
    return "\n".join(_lines(shown)) + "\n"


def _lines(shown: Timeline) -> Iterator[str]:
    name = f"Order {shown.order}" if shown.order is not None else f"Command {shown.seq}"
    yield f"{name}: {shown.user} wants to {shown.summary}"
    yield f"{_when(shown.time)}   state: {shown.state}   filled: {shown.filled}"
    if shown.names:
        yield "called " + ", ".join(f"{text} ({dialect})" for dialect, text in shown.names.items())
    yield ""
    yield "Request"
    yield from _request(shown.request)
    yield ""
    yield "Checks"
    marks = {"passed": "ok ", "failed": "NO ", "not reached": "-  "}
    for check in shown.checks:
        numbers = f" ({check.numbers})" if check.numbers else ""
        yield f"  {marks[check.outcome]} {check.rule}{numbers}" + (f": {check.code}" if check.code else "")
    yield from _listed("What happened", (f"{_when(each.time)}  {each.words}{_of_request(each.request)}" for each in shown.events))
    yield from _listed(
        "Queue at its price",
        (f"{_when(each.time)}  {each.orders} {'order' if each.orders == 1 else 'orders'} before it, {each.amount}" for each in shown.queue),
    )
    yield from _listed(
        "Fills",
        (f"{_when(each.time)}  {each.amount} at {each.price} as {each.role}, total {each.total}, fee {each.fee}" for each in shown.fills),
    )
    yield from _listed(
        "Ledger",
        (f"{_when(each.time)}  {each.why:8} {each.asset:5} available {each.available}, held {each.held}" for each in shown.ledger),
    )
    yield from _listed("What named it to its owner", (f"{_when(each.time)}  {each.what} (request {each.number})" for each in shown.sent))
    yield from _listed("Faults that touched it", shown.faults)
    if shown.cut:
        yield ""
        yield "The journal goes on, and was not gone through any further."


def _request(request: TimelineRequest | None) -> Iterator[str]:
    if request is None:
        yield "  is not in the log"
        return
    yield f"  {request.number}: {request.what} ({request.dialect}), {request.outcome or 'a message'}"
    if request.body:
        yield f"  {request.body}"
    if request.reply:
        yield f"  answered {request.reply}"
    if request.faults:
        yield f"  touched by {', '.join(request.faults)}"


def _listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    rows = list(lines)
    if not rows:
        return
    yield ""
    yield title
    yield from (f"  {row}" for row in rows[:MOST_LINES])
    if len(rows) > MOST_LINES:
        yield f"  and {len(rows) - MOST_LINES} more"


def _of_request(number: int | None) -> str:
    return "" if number is None else f" (request {number})"


def _when(time: int) -> str:
    whole = datetime.fromtimestamp(time // 1_000_000, UTC).strftime("%H:%M:%S")
    return f"{whole}.{time % 1_000_000 // 1_000:03}"
