"""What was rejected, by the core or by a dialect, under stable codes, and the checks of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cambist.dialect_kit.reply_reading import RejectionCode
from cambist.domain.reject_reasons import RejectReason
from cambist.sandbox.report.evidence import Evidence
from cambist.sandbox.report.findings import Found, times
from cambist.sandbox.report.precision import too_fine_requests

BELOW = frozenset({"price-too-low", "amount-too-small", "total-too-small", RejectionCode.BELOW_MINIMUM.value})
ABOVE = frozenset({"price-too-high", "amount-too-large", "total-too-large", RejectionCode.ABOVE_MAXIMUM.value})
FUNDS = frozenset({RejectionCode.INSUFFICIENT_FUNDS.value})
UNKNOWN = frozenset({"order-not-found", "not-your-order", RejectionCode.ORDER_UNKNOWN.value})
TOO_LATE = frozenset({"order-not-live"})
REUSED = frozenset({"client-id-used"})
EXPECTED = frozenset({"would-cross", "fill-or-kill-unfillable"})
"""What an order asks for itself: no fault of the bot's."""
AUTHENTICATION = frozenset({RejectionCode.AUTHENTICATION.value, RejectionCode.PERMISSION.value})
NONCE = frozenset({RejectionCode.NONCE.value})
RATE = frozenset({RejectionCode.RATE_LIMIT.value})
PRECISION = frozenset({RejectionCode.PRECISION.value})
_KNOWN = BELOW | ABOVE | FUNDS | UNKNOWN | TOO_LATE | REUSED | EXPECTED | AUTHENTICATION | NONCE | RATE | PRECISION


@dataclass(slots=True)
class RejectionCount:
    """Rejections of one code. `words`: what the client was told the first time, empty where that is not known."""

    code: str
    count: int = 0
    words: str = ""
    seqs: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)


def code_of(reason: int) -> str:
    """The core's code as this report writes it: `price-too-low`."""
    return RejectReason(reason).name.lower().replace("_", "-")


def rejections(evidence: Evidence) -> dict[str, RejectionCount]:
    """By code, in order of code. Where the core rejected, its code counts, whatever the dialect made of it."""
    found: dict[str, RejectionCount] = {}
    by_core: set[int] = set()
    for rejected in evidence.record.rejected:
        counted = found.setdefault(code_of(rejected.code), RejectionCount(code_of(rejected.code)))
        counted.count += 1
        counted.seqs.append(rejected.seq)
        record = evidence.requests.of_seq(rejected.seq) if evidence.requests is not None else None
        if record is not None and evidence.requests is not None:
            by_core.add(record.number)
            counted.requests.append(record.number)
            words = evidence.requests.rejection(record)
            counted.words = counted.words or (words.words if words is not None else "")
    if evidence.requests is not None:
        for record, rejection in evidence.requests.rejections():
            if record.number in by_core:
                continue
            counted = found.setdefault(rejection.code.value, RejectionCount(rejection.code.value))
            counted.count += 1
            counted.words = counted.words or rejection.words
            counted.requests.append(record.number)
    return dict(sorted(found.items()))


def _found(evidence: Evidence, codes: Iterable[str], what: str) -> Iterator[Found]:
    """One finding for all rejections of these codes: `what` happened so often, and which codes they had."""
    counted = [each for code, each in rejections(evidence).items() if code in codes]
    if counted:
        count = sum(each.count for each in counted)
        names = "; ".join(_described(each, alone=len(counted) == 1) for each in counted)
        yield Found(f"{what} {times(count)}: {names}.", count, [number for each in counted for number in each.requests])


def _described(counted: RejectionCount, *, alone: bool) -> str:
    """What the client was told, and how often where there is more than one code."""
    words = f'"{counted.words.rstrip(".")}"' if counted.words else counted.code
    return words if alone else f"{words} {times(counted.count)}"


def below_minimum(evidence: Evidence) -> Iterator[Found]:
    return _found(evidence, BELOW, "An order was below a market's least price, amount or total")


def above_maximum(evidence: Evidence) -> Iterator[Found]:
    return _found(evidence, ABOVE, "An order was above a market's largest price, amount or total")


def insufficient_funds(evidence: Evidence) -> Iterator[Found]:
    return _found(evidence, FUNDS, "The bot asked for more than it had")


def unknown_orders(evidence: Evidence) -> Iterator[Found]:
    return _found(evidence, UNKNOWN, "The bot named an order that it does not have")


def cancels_too_late(evidence: Evidence) -> Iterator[Found]:
    return _found(evidence, TOO_LATE, "The bot tried to change an order that was done already")


def client_ids_reused(evidence: Evidence) -> Iterator[Found]:
    return _found(evidence, REUSED, "A client order id was used again")


def nonces_rejected(evidence: Evidence) -> Iterator[Found]:
    return _found(evidence, NONCE, "A nonce was rejected")


def not_authenticated(evidence: Evidence) -> Iterator[Found]:
    return _found(evidence, AUTHENTICATION, "A request was not accepted as this user's, or its key may not do that")


def other_rejections(evidence: Evidence) -> Iterator[Found]:
    """What no other check speaks of. What has too many decimals is the precision check's."""
    codes = set(rejections(evidence)) - _KNOWN
    if evidence.requests is not None:
        fine = {number for number, _ in too_fine_requests(evidence)}
        codes = {code for code in codes if set(rejections(evidence)[code].requests) - fine or not rejections(evidence)[code].requests}
    return _found(evidence, codes, "A request was rejected")
