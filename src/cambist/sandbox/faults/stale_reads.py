"""Stale reads: a client is answered what the same request was answered some time ago, as caches and lagging replicas do."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from cambist.sandbox.faults.matching import Asked
from cambist.sandbox.faults.plan import FaultPlan
from cambist.sandbox.faults.registry import Fault

R = TypeVar("R")
READS = 1_000
"""Different reads that one fault remembers, the least recently asked are forgotten."""
REPLIES = 1_000
"""Replies to one read."""
_ONCE = re.compile(
    rb'(?:^|(?<=[&\n]))(?:nonce|tonce|request-nonce|timestamp|_)=[^&\n]*&?|"(?:nonce|tonce|id|timestamp)"\s*:\s*(?:"[^"]*"|[0-9.]+)\s*,?'
)
"""What differs between two times of asking the same."""


def same_read(asked: Asked) -> tuple[str, str, str, bytes, int | None]:
    """What two requests have in common that ask the same for the same account: all but nonces and the like."""
    identity = asked.identity
    return (
        asked.dialect,
        asked.verb,
        asked.path,
        _ONCE.sub(b"", asked.text).strip(b"&"),
        None if identity is None else identity.account,
    )


class _Remembered(Generic[R]):
    """Replies to one read, oldest first, each with the time and the seq at which it was true."""

    def __init__(self) -> None:
        self.replies: deque[tuple[int, int, R]] = deque(maxlen=REPLIES)


class StaleReads(Generic[R]):
    """Remembers, for each fault, what was answered since it was armed. `clock` in µs, `seq` of the last command.

    `changes` counts what clients changed: a request that moved it is no read.
    """

    def __init__(self, clock: Callable[[], int], seq: Callable[[], int], changes: Callable[[], int]) -> None:
        self._clock = clock
        self._seq = seq
        self.changes = changes
        self._reads: dict[str, dict[tuple[object, ...], _Remembered[R]]] = {}

    def reply(self, fault: Fault, asked: Asked, fresh: R) -> R:
        """The newest reply to the same read that is old enough; when none is, the oldest that is known, which may be `fresh`."""
        plan, reads = fault.plan, self._reads.get(fault.id)
        if reads is None:
            reads = self._reads[fault.id] = {}
            fault.on_end.append(lambda: self._reads.pop(fault.id, None))
        read = same_read(asked)
        remembered = reads.pop(read, None) or _Remembered()
        reads[read] = remembered
        if len(reads) > READS:
            del reads[next(iter(reads))]
        now, seq = self._clock(), self._seq()
        replies = remembered.replies
        replies.append((now, seq, fresh))
        while len(replies) > 1 and self._old_enough(plan, replies[1], now, seq):
            replies.popleft()
        return replies[0][2]

    def _old_enough(self, plan: FaultPlan, remembered: tuple[int, int, R], now: int, seq: int) -> bool:
        time, at, _reply = remembered
        if plan.age is not None:
            return now - time >= round(plan.age * 1e6)
        return seq - at >= (plan.commands or 0)
