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
"""Different reads that are remembered; those that were asked least recently are forgotten."""
REPLIES = 1_000
"""Replies to one read."""
KEPT_BYTES = 32 << 20
"""Of all replies that one kind of transport remembers; beyond it the reads that were asked least recently are forgotten."""
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


class StaleReads(Generic[R]):
    """Remembers, for each fault, what was answered since it was armed. `clock` in µs, `seq` of the last command.

    `changes` counts what clients changed: a request that moved it is no read.
    """

    def __init__(self, clock: Callable[[], int], seq: Callable[[], int], changes: Callable[[], int], size: Callable[[R], int]) -> None:
        """`size`: the bytes of a reply."""
        self._clock = clock
        self._seq = seq
        self._size = size
        self.changes = changes
        self._reads: dict[tuple[object, ...], deque[tuple[int, int, R]]] = {}
        self._bytes = 0

    def reply(self, fault: Fault, asked: Asked, fresh: R) -> R:
        """The newest reply to the same read that is old enough; when none is, the oldest that is known, which may be `fresh`."""
        read = (fault.id, *same_read(asked))
        replies = self._reads.pop(read, None)
        if replies is None:
            replies = deque()
            fault.on_end.append(lambda: self._forget(read))
        self._reads[read] = replies
        now, seq = self._clock(), self._seq()
        replies.append((now, seq, fresh))
        self._bytes += self._size(fresh)
        while len(replies) > 1 and (len(replies) > REPLIES or self._old_enough(fault.plan, replies[1], now, seq)):
            self._bytes -= self._size(replies.popleft()[2])
        stale = replies[0][2]
        while len(self._reads) > 1 and (len(self._reads) > READS or self._bytes > KEPT_BYTES):
            self._forget(next(iter(self._reads)))
        return stale

    def _forget(self, read: tuple[object, ...]) -> None:
        for _time, _seq, reply in self._reads.pop(read, ()):
            self._bytes -= self._size(reply)

    def _old_enough(self, plan: FaultPlan, remembered: tuple[int, int, R], now: int, seq: int) -> bool:
        time, at, _reply = remembered
        if plan.age is not None:
            return now - time >= round(plan.age * 1e6)
        return seq - at >= (plan.commands or 0)
