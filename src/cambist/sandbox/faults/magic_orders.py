"""Outcomes that an order asks for itself, by its client order id or, where an API has none, by the last digits of its amount: for clients
whose tests cannot reach the control API."""

from __future__ import annotations

from dataclasses import dataclass

from cambist.sandbox.faults.plan import FaultPlan

PREFIX = "fault-"
"""What a client order id begins with that asks for an outcome; its name follows, and anything behind a further dash."""
DIGITS = 6660
"""The last eight digits of an amount, in the market's smallest unit, that asks for an outcome: 00, these, and the outcome's two. With fewer
digits, orders of random amounts under load met outcomes by chance."""
FRACTION = 100_000_000
"""Eight digits."""


@dataclass(frozen=True, slots=True)
class MagicOutcome:
    """`name` in a client order id, `code` in an amount, and what the order meets."""

    name: str
    code: int
    plan: FaultPlan

    @property
    def id(self) -> str:
        """What the request log and the list of firings call it."""
        return f"order-{self.name}"


OUTCOMES = tuple(
    MagicOutcome(name, code, FaultPlan(**plan))
    for name, code, plan in (
        ("lose-reply", 1, {"kind": "lose-reply"}),
        ("lose-request", 2, {"kind": "lose-request"}),
        ("reset", 3, {"kind": "reset"}),
        ("refuse", 4, {"kind": "refuse"}),
        ("rate-limit", 5, {"kind": "rate-limit", "wait": 1.0}),
        ("ban", 6, {"kind": "ban"}),
        ("maintenance", 7, {"kind": "maintenance"}),
        ("nonce-rejected", 8, {"kind": "nonce-rejected"}),
        ("500", 9, {"kind": "server-error", "status": 500}),
        ("502", 10, {"kind": "server-error", "status": 502, "executed": True}),
        ("503", 11, {"kind": "server-error", "status": 503}),
        ("504", 12, {"kind": "server-error", "status": 504, "executed": True}),
        ("slow", 13, {"kind": "delay", "after": 5.0}),
        ("late", 14, {"kind": "delay", "before": 5.0}),
        ("half-fill", 20, {"kind": "fill", "percent": 50.0, "rest": "leave", "wait": 60.0}),
        ("two-fills", 21, {"kind": "fill", "percent": 50.0, "rest": "fill", "wait": 5.0}),
        ("half-cancelled", 22, {"kind": "fill", "percent": 50.0, "rest": "cancel", "wait": 5.0}),
        ("full-fill", 23, {"kind": "fill", "percent": 100.0}),
        ("cancel-loses", 30, {"kind": "cancel-loses"}),
        ("partial-cancel", 31, {"kind": "partial-cancel", "percent": 50.0}),
    )
)
"""In the order of the reference."""
BY_NAME = {outcome.name: outcome for outcome in OUTCOMES}
_BY_CODE = {outcome.code: outcome for outcome in OUTCOMES}
_LONGEST = max(name.count("-") for name in BY_NAME) + 1


def of_client_id(tag: str) -> MagicOutcome | None:
    """What a client order id asks for."""
    if not tag.startswith(PREFIX):
        return None
    words = tag[len(PREFIX) :].split("-", _LONGEST)
    for count in range(min(len(words), _LONGEST), 0, -1):
        found = BY_NAME.get("-".join(words[:count]))
        if found is not None:
            return found
    return None


def of_amount(amount: int) -> MagicOutcome | None:
    """What an amount, in the market's units, asks for."""
    digits, code = divmod(amount % FRACTION, 100)
    return _BY_CODE.get(code) if digits == DIGITS else None
