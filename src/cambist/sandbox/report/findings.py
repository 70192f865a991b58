"""A finding of the bot's report, and the list of everything that is looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from cambist.sandbox.report.evidence import Evidence

MOST_NUMBERS = 20
"""Request and order numbers that a finding lists; `count` has them all."""


class Severity(StrEnum):
    """`error`: it loses money, or will. `warning`: it goes wrong on another day. `note`: worth a look; no test fails for it."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a bot did wrong."""

    code: str
    """Which check found it; stays for ever."""
    severity: Severity
    """`error`: it loses money, or will; `warning`: it goes wrong on another day; `note`: no test fails for it."""
    sentence: str
    """What happened, and what helps."""
    count: int = 1
    """How often it happened."""
    requests: list[int] = []
    """Numbers of the request log, the first twenty."""
    orders: list[int] = []
    """The venue's numbers of orders, the first twenty."""


class Source(StrEnum):
    """What a check needs to see."""

    JOURNAL = "journal"
    REQUESTS = "request log"


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: a sentence that says what happened, and where."""

    sentence: str
    count: int = 1
    requests: Iterable[int] = ()
    orders: Iterable[int] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked for. `title`: what is well when nothing is found. `remedy`: what helps, in every finding's sentence."""

    code: str
    severity: Severity
    source: Source
    title: str
    remedy: str
    look: Callable[[Evidence], Iterable[Found]]

    def findings(self, evidence: Evidence) -> list[Finding]:
        """What the bot did wrong in this respect."""
        return [
            Finding(
                code=self.code,
                severity=self.severity,
                sentence=f"{found.sentence} {self.remedy}",
                count=found.count,
                requests=_first(found.requests),
                orders=_first(found.orders),
            )
            for found in self.look(evidence)
        ]


def _first(numbers: Iterable[int]) -> list[int]:
    return sorted(set(numbers))[:MOST_NUMBERS]


def times(count: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def listed(numbers: Sequence[int]) -> str:
    """`1, 2, 3 and 4 more`."""
    shown = ", ".join(map(str, numbers[:3]))
    return f"{shown} and {len(numbers) - 3} more" if len(numbers) > 3 else shown
