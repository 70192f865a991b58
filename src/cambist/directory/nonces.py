"""Which nonces were used: a high-water mark per key, and once-only nonces for APIs that allow any order inside a time window.

A view of the journal: state-changing commands carry key id and nonce in their meta, so what was accepted and not yet written here
comes back through `apply` after a crash. In the journal a once-only nonce is written negative (`Nonces.once(nonce)`): that is how
`apply` tells the two kinds apart on a key that uses both.

Once-only nonces are forgotten by the machine's clock, because dialects judge by it whether a nonce is of now. Once that clock is set back,
a nonce that was forgotten could pass a second time. The journal has them all: `wanted_since` tells from when on they are needed again, and
until they were handed to `recall` once-only nonces are refused.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection, delete, insert, select

from cambist._core import OnceOnlyNonces

from .database import Database, next_number, upsert
from .tables import facts, nonce_marks, once_only_nonces
from .values import Clock

MAX_NONCE = (1 << 63) - 1
CLOCK_STEP = 10_000_000
"""By how much the machine's clock may be set back without any forgotten nonce passing again, µs."""
ONCE_HORIZON = 120_000_000 + CLOCK_STEP
"""How long a once-only nonce is remembered at least, µs: twice the widest window that a dialect grants (±60 s), and a step of the clock."""
SPAN = 5_000_000
"""Once-only nonces of so many µs are forgotten together."""
ONCE_CAPACITY = 65_536
"""Once-only nonces kept per key; a key that has more alive is refused until some expire."""
_SEQ = "nonces-applied-seq"
_JOURNAL = "nonces-journal"


@dataclass(frozen=True, slots=True)
class NonceMarks:
    """What `store` writes: the marks and once-only nonces of a moment, complete up to `seq`."""

    seq: int
    marks: list[tuple[int, int]]
    used: list[_Span]
    now: int


@dataclass(slots=True, eq=False)
class _Span:
    """The once-only nonces that were used within a short time, by key, as `Meta.nonce` has them. They are remembered until `until` (µs)."""

    until: int
    nonces: dict[int, bytes]
    """Runs, as `OnceOnlyNonces` has them."""


@dataclass(slots=True)
class _Memory:
    marks: dict[int, int] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    once_only: OnceOnlyNonces = field(default_factory=lambda: OnceOnlyNonces(ONCE_CAPACITY))
    """Those of all spans, as `Meta.nonce` has them."""
    spans: list[_Span] = field(default_factory=list)
    """Those that have ended."""
    unwritten: list[_Span] = field(default_factory=list)

    def forget(self, span: _Span) -> None:
        for key_id, nonces in span.nonces.items():
            self.once_only.forget(key_id, nonces)


class Nonces:
    """`accept*`, `last`, `apply` and `collect` belong to the event-loop thread; `store` may run on another one.

    Nonces are integers 1..2^63-1. A dialect with fractions or other units scales first, and always in the same way per key. `wall_clock` is
    the machine's: it may go back.
    """

    def __init__(self, database: Database, wall_clock: Clock) -> None:
        self._database = database
        self._clock = wall_clock
        self._memory = _Memory()
        self._latest = wall_clock()
        """The highest time of the clock by which once-only nonces were forgotten."""
        self._recalled: Mapping[int, Sequence[int]] = {}
        self._recalled_until = 0
        self._span_ends = 0
        self._applied_seq = 0
        self._folded_from = 0
        self._load()

    @property
    def applied_seq(self) -> int:
        """Every command up to here is in: the journal is read from the next one on."""
        return self._applied_seq

    @property
    def folded_from(self) -> int:
        """The fingerprint of the journal that the nonces come from, 1 to 2^63 - 1; 0 while nobody said."""
        return self._folded_from

    def adopt(self, journal: int) -> None:
        """Writes that fingerprint down."""
        with self._database.transaction() as connection:
            _put_fact(connection, _JOURNAL, journal)
        self._folded_from = journal

    def last(self, key_id: int) -> int:
        """The highest nonce accepted on the key, 0 when none was."""
        return self._memory.marks.get(key_id, 0)

    def accept(self, key_id: int, nonce: int) -> bool:
        """True, and remembered, when the nonce is above every one accepted on the key before."""
        memory = self._memory
        if not memory.marks.get(key_id, 0) < nonce <= MAX_NONCE:
            return False
        memory.marks[key_id] = nonce
        memory.changed.add(key_id)
        return True

    def judge(self, key_id: int, nonce: int) -> bool:
        """True, and remembered, when a request of that key may use this nonce, written as `Meta.nonce` has it. For the command port.

        A once-only one must not have been used on the key for ONCE_HORIZON; older ones the dialect's own window check refuses. It has
        nothing to do with `accept`'s mark.
        """
        if nonce > 0:  # as `accept`, written out for the orders' sake
            memory = self._memory
            if not memory.marks.get(key_id, 0) < nonce <= MAX_NONCE:
                return False
            memory.marks[key_id] = nonce
            memory.changed.add(key_id)
            return True
        now = self._clock()
        if now >= self._span_ends:
            self._end_span(now)
        if now < self._latest - CLOCK_STEP or (self._recalled and self._was_recalled(key_id, nonce, now)):
            return False
        return self._memory.once_only.use(key_id, nonce)

    def _end_span(self, now: int) -> None:
        """Begins a new span, and forgets those that are over."""
        memory = self._memory
        self._latest = max(self._latest, now)
        newest = memory.once_only.take_newest()
        if newest:
            span = _Span(self._span_ends + ONCE_HORIZON, newest)
            memory.spans.append(span)
            memory.unwritten.append(span)
        self._span_ends = now + SPAN
        for span in memory.spans:
            if span.until <= now:
                memory.forget(span)
        memory.spans = [span for span in memory.spans if span.until > now]
        memory.unwritten = [span for span in memory.unwritten if span.until > now]

    # --- after the clock was set back ---------------------------------------------------------------------------------------

    def continue_from(self, time: int) -> None:
        """`time` (µs): the venue's last command. Before it this process may have forgotten nonces, in an earlier run."""
        self._latest = max(self._latest, time)

    def wanted_since(self) -> int | None:
        """After the clock was set back: the time (µs) since which the journal's once-only nonces are needed (`recall`). Else None."""
        now = self._clock()
        return now - ONCE_HORIZON if now < self._latest - CLOCK_STEP else None

    def recall(self, used: Mapping[int, Sequence[int]], since: int) -> None:
        """Takes in, by key id, the nonces (ascending, as `Meta.nonce` has them) of all durable commands stamped `since` (µs) or later.

        A command's stamp is never before the clock's time at its nonce's judgement, so none that could pass again is missing.
        """
        self._recalled = used
        self._recalled_until = max(self._recalled_until, self._latest + ONCE_HORIZON)
        self._latest = since + ONCE_HORIZON
        self._end_span(self._latest)

    def _was_recalled(self, key_id: int, nonce: int, now: int) -> bool:
        if now >= self._recalled_until:
            self._recalled = {}
        used = self._recalled.get(key_id, ())
        place = bisect_left(used, nonce)
        return place < len(used) and used[place] == nonce

    @staticmethod
    def once(nonce: int) -> int:
        """How a once-only nonce is written into `Meta.nonce`."""
        return -nonce

    def apply(self, key_id: int, nonce: int, seq: int, at: int | None = None) -> None:
        """Catches up one journaled command: `Meta.key_id`, `Meta.nonce`, its seq and its time (µs; None: now). Twice is harmless."""
        self._applied_seq = max(self._applied_seq, seq)
        if key_id == 0 or nonce == 0:
            return
        if nonce > 0:
            self.accept(key_id, nonce)
            return
        now = self._clock()
        if (now if at is None else at) + ONCE_HORIZON > now:
            if now >= self._span_ends:
                self._end_span(now)
            self._memory.once_only.remember(key_id, nonce)

    def flush(self, seq: int) -> None:
        """Writes what changed and `seq` in one transaction. `seq`: a journal position whose commands all went through accept or apply."""
        self.store(self.collect(seq))

    def collect(self, seq: int) -> NonceMarks:
        """Takes what changed since the last collect; hand it to `store`, which may run on another thread. In memory only."""
        memory, now = self._memory, self._clock()
        self._end_span(now)
        collected = NonceMarks(
            seq=max(seq, self._applied_seq),
            marks=[(key_id, memory.marks[key_id]) for key_id in sorted(memory.changed)],
            used=memory.unwritten,
            now=now,
        )
        memory.changed = set()
        memory.unwritten = []
        return collected

    def store(self, collected: NonceMarks) -> None:
        """Writes one collection; nothing in the file ever goes down. When it raises, hand the collection to `uncollect`."""
        with self._database.transaction() as connection:
            if collected.marks:
                upsert(connection, nonce_marks, [{"key_id": key_id, "nonce": nonce} for key_id, nonce in collected.marks], rising=True)
            connection.execute(delete(once_only_nonces).where(once_only_nonces.c.until <= collected.now))
            for span in collected.used:
                number = next_number(connection, "once_only_nonces")
                connection.execute(insert(once_only_nonces).values(id=number, until=span.until, nonces=_encoded(span.nonces)))
            _put_fact(connection, _SEQ, max(collected.seq, _fact(connection, _SEQ)))
        self._applied_seq = max(self._applied_seq, collected.seq)

    def uncollect(self, collected: NonceMarks) -> None:
        """Takes back what `store` could not write, so that the next collection has it."""
        self._memory.changed.update(key_id for key_id, _ in collected.marks)
        self._memory.unwritten[:0] = collected.used

    def highest_key_id(self) -> int:
        """The highest key id that ever sent a nonce, 0 when none: new keys are numbered above it."""
        return max((max(keys, default=0) for keys in self._key_ids()), default=0)

    def _key_ids(self) -> Iterable[Iterable[int]]:
        return self._memory.marks.keys(), self._memory.once_only.key_ids()

    def _load(self) -> None:
        now = self._clock()
        with self._database.transaction() as connection:
            self._memory.marks = {row.key_id: row.nonce for row in connection.execute(select(nonce_marks))}
            for row in connection.execute(select(once_only_nonces).where(once_only_nonces.c.until > now)):
                span = _Span(row.until, _decoded(row.nonces))
                self._memory.spans.append(span)
                for key_id, nonces in span.nonces.items():
                    self._memory.once_only.load(key_id, nonces)
            self._applied_seq = _fact(connection, _SEQ)
            self._folded_from = _fact(connection, _JOURNAL)


def _encoded(nonces: Mapping[int, bytes]) -> bytes:
    return msgspec.msgpack.encode({key_id: array("q", run).tolist() for key_id, run in nonces.items()})


def _decoded(encoded: bytes) -> dict[int, bytes]:
    stored = msgspec.msgpack.decode(encoded, type=dict[int, list[int]])
    return {key_id: array("q", used).tobytes() for key_id, used in stored.items()}


def _fact(connection: Connection, name: str) -> int:
    stored = connection.execute(select(facts.c.value).where(facts.c.name == name)).scalar_one_or_none()
    return int(stored) if stored is not None else 0


def _put_fact(connection: Connection, name: str, value: int) -> None:
    connection.execute(delete(facts).where(facts.c.name == name))
    connection.execute(insert(facts).values(name=name, value=str(value).encode()))
