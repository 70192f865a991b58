"""Rate limits: how many requests a key and its user may make, and how long who exceeds them is turned away.

A dialect names its groups of calls, each with budgets per key and per user, asks `admit` once a request is authenticated, and words the
rejection itself. Windows are counted, not averaged: a window begins with a request and ends `window` later, and the budget's next request
begins another. Exceeding a budget blocks whoever exceeded it for the first tier's time; exceeding it again before `forgiven_after` has
passed without a violation, for the next tier's. What is asked during a block is refused and makes nothing worse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from cambist.domain.state_parts import StatePart

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `requests` in each `window` (µs) for one `scope`: what is counted, `"key"` or `"user"` or a word of the dialect's."""

    scope: str
    requests: int
    window: int = SECOND


@dataclass(frozen=True, slots=True)
class RateRules:
    """Budgets by group of calls, and what exceeding one costs. Times are µs; ValueError for a number that could not work.

    No `tiers` means no blocks: a request beyond the budget waits for the window's end. A violation `forgiven_after` the last one starts at
    the first tier again; the last tier repeats. `remembered` bounds the counters kept, so give it more than there are active keys.
    """

    budgets: Mapping[str, tuple[Budget, ...]] = field(default_factory=dict)
    tiers: tuple[int, ...] = (SECOND, 5 * MINUTE, 15 * MINUTE)
    forgiven_after: int = HOUR
    remembered: int = 100_000

    def __post_init__(self) -> None:
        if any(budget.requests < 1 or budget.window < 1 for budgets in self.budgets.values() for budget in budgets):
            raise ValueError("a budget allows at least one request in at least a microsecond")
        if any(tier < 1 for tier in self.tiers) or self.forgiven_after < 0 or self.remembered < 1:
            raise ValueError("tiers, forgiven_after and remembered are positive")


UNLIMITED = RateRules()
"""Nothing is ever refused, nothing is counted."""


class _Counter:
    """One budget of one key or user."""

    __slots__ = ("blocked_until", "count", "tier", "violated", "window_end")

    def __init__(self) -> None:
        self.window_end = 0
        self.count = 0
        self.blocked_until = 0
        self.tier = 0
        self.violated = 0


class RateLimits:
    """The counters of one dialect. `clock` gives microseconds and never goes back. For the event loop's thread only."""

    def __init__(self, rules: RateRules, clock: Callable[[], int]) -> None:
        self._rules = rules
        self._clock = clock
        self._counters: dict[tuple[str, str, str | int], _Counter] = {}
        self._admitted: dict[tuple[str, str, str | int], int] | None = None
        """What was counted here and other processes have not heard of; None: there are none."""

    def limits(self, group: str) -> bool:
        """Whether the group has any budget: a call without one need not be asked for."""
        return bool(self._rules.budgets.get(group))

    def admit(self, group: str, **subjects: str | int) -> int:
        """0 and the request is counted, or for how many µs it is refused (then nothing is counted).

        `subjects` are ids by scope: `admit("orders", key=key.id, user=key.user)`. A budget whose scope is not named does not apply, nor
        does any for a group without budgets. Of several budgets the longest wait is told.
        """
        budgets = self._rules.budgets.get(group)
        if not budgets:
            return 0
        now = self._clock()
        counters: list[_Counter] = []
        wait = 0
        for budget in budgets:
            subject = subjects.get(budget.scope)
            if subject is None:
                continue
            counter = self._counter((group, budget.scope, subject), now)
            counters.append(counter)
            wait = max(wait, self._wait(counter, budget, now))
        if not wait:
            for counter in counters:
                counter.count += 1
            if self._admitted is not None:
                self._note_admitted(group, budgets, subjects, self._admitted)
        return wait

    # --- over several processes (`shared_counts.py`) ---------------------------------------------------------------------------
    def remember_admitted(self) -> None:
        """From now on, for `take_admitted`."""
        self._admitted = {}

    def take_admitted(self, most: int) -> list[tuple[tuple[str, str, str | int], int]]:
        """(group, scope and subject, how many requests) that were counted here since the last time, at most so many; the rest stays."""
        admitted = self._admitted or {}
        taken = [(subject, admitted[subject]) for subject in islice(admitted, most)]
        for subject, _ in taken:
            del admitted[subject]
        return taken

    def count_elsewhere(self, group: str, scope: str, subject: str | int, count: int) -> None:
        """Counts requests that another process admitted; who exceeds a budget by them waits for its end, and is not blocked for them."""
        budget = next((budget for budget in self._rules.budgets.get(group, ()) if budget.scope == scope), None)
        if budget is None or count < 1:
            return
        now = self._clock()
        counter = self._counter((group, scope, subject), now)
        if now >= counter.window_end:
            counter.window_end = now + budget.window
            counter.count = 0
        counter.count += count

    def _note_admitted(
        self,
        group: str,
        budgets: tuple[Budget, ...],
        subjects: Mapping[str, str | int],
        admitted: dict[tuple[str, str, str | int], int],
    ) -> None:
        for budget in budgets:
            subject = subjects.get(budget.scope)
            if subject is not None and (len(admitted) < self._rules.remembered or (group, budget.scope, subject) in admitted):
                admitted[group, budget.scope, subject] = admitted.get((group, budget.scope, subject), 0) + 1

    def _wait(self, counter: _Counter, budget: Budget, now: int) -> int:
        if now < counter.blocked_until:
            return counter.blocked_until - now
        if now >= counter.window_end:
            counter.window_end = now + budget.window
            counter.count = 0
        if counter.count < budget.requests:
            return 0
        tiers = self._rules.tiers
        if not tiers:
            return counter.window_end - now
        if counter.tier and now - counter.violated >= self._rules.forgiven_after:
            counter.tier = 0
        block = tiers[min(counter.tier, len(tiers) - 1)]
        counter.tier += 1
        counter.violated = now
        counter.blocked_until = counter.window_end = now + block
        return block

    def _counter(self, subject: tuple[str, str, str | int], now: int) -> _Counter:
        """The counter, moved to the end of the dict: its order is the order of use, so the idle ones are at the front."""
        counters = self._counters
        counter = counters.pop(subject, None)
        if counter is None:
            counter = _Counter()
            self._forget(now)
        counters[subject] = counter
        return counter

    def _forget(self, now: int) -> None:
        """Makes room for one: two of the idle go for each that comes, and when none is idle and all room is taken, the longest unused."""
        counters = self._counters
        for _pair in range(2):
            subject = next(iter(counters), None)
            if subject is None:
                return
            counter = counters[subject]
            idle = now >= counter.window_end and (not counter.tier or now - counter.violated >= self._rules.forgiven_after)
            if not idle and len(counters) < self._rules.remembered:
                return
            del counters[subject]

    def save(self) -> list[tuple[tuple[str, str, str | int], list[int]]]:
        """All counters, in the order of use."""
        return [(subject, [getattr(counter, name) for name in _Counter.__slots__]) for subject, counter in self._counters.items()]

    def restore(self, saved: list[tuple[tuple[str, str, str | int], list[int]]]) -> None:
        """Goes on from there."""
        self._counters.clear()
        for subject, numbers in saved:
            counter = self._counters[subject] = _Counter()
            for name, number in zip(_Counter.__slots__, numbers, strict=True):
                setattr(counter, name, number)

    def part(self, name: str) -> StatePart[list[tuple[tuple[str, str, str | int], list[int]]]]:
        """What a sandbox keeps of it."""
        return StatePart(name, list[tuple[tuple[str, str, str | int], list[int]]], self.save, self.restore)

    def __len__(self) -> int:
        """How many counters are kept."""
        return len(self._counters)


def retry_after(wait: int) -> bytes:
    """The value of a Retry-After field for a wait in µs: whole seconds, at least 1, never too early."""
    return b"%d" % max(1, -(-wait // SECOND))
