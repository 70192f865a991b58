"""Which nonces were used: a high-water mark per key, and once-only nonces for APIs that allow any order inside a time window.

A view of the journal: state-changing commands carry key id and nonce in their meta, so what was accepted and not yet written here
comes back through `apply` after a crash. In the journal a once-only nonce is written negative (`Nonces.once(nonce)`): that is how
`apply` tells the two kinds apart on a key that uses both.

Once-only nonces are forgotten by the machine's clock, because dialects judge by it whether a nonce is of now. Once that clock is set back,
a nonce that was forgotten could pass a second time. The journal has them all: `wanted_since` tells from when on they are needed again, and
until they were handed to `recall` once-only nonces are refused.
"""

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select

from .database import Database, upsert
from .tables import facts, nonce_marks, used_nonces
from .values import Clock

MAX_NONCE = (1 << 63) - 1
CLOCK_STEP = 10_000_000
"""By how much the machine's clock may be set back without any forgotten nonce passing again, µs."""
ONCE_HORIZON = 120_000_000 + CLOCK_STEP
"""How long a once-only nonce is remembered, µs: twice the widest window that a dialect grants (±60 s), and a step of the clock."""
ONCE_CAPACITY = 65_536
"""Once-only nonces kept per key; a key that has more alive is refused until some expire."""
_SEQ = "nonces-applied-seq"
_JOURNAL = "nonces-journal"


@dataclass(frozen=True, slots=True)
class NonceMarks:
    """What `store` writes: the marks and once-only nonces of a moment, complete up to `seq`."""

    seq: int
    marks: list[tuple[int, int]]
    used: list[tuple[int, int, int]]
    now: int


class _UsedOnce:
    """The live once-only nonces of one key, the one that expires first on top of the heap."""

    __slots__ = ("expiry", "nonces")

    def __init__(self) -> None:
        self.nonces: set[int] = set()
        self.expiry: list[tuple[int, int]] = []

    def drop_expired(self, now: int) -> None:
        while self.expiry and self.expiry[0][0] <= now:
            self.nonces.discard(heapq.heappop(self.expiry)[1])

    def add(self, nonce: int, until: int) -> None:
        self.nonces.add(nonce)
        heapq.heappush(self.expiry, (until, nonce))


@dataclass(slots=True)
class _Memory:
    marks: dict[int, int] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    used: dict[int, _UsedOnce] = field(default_factory=dict)
    unwritten: list[tuple[int, int, int]] = field(default_factory=list)
    most_unwritten: int = ONCE_CAPACITY
    """Beyond it the expired ones are taken out: a node that only follows the log writes nothing."""


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
        """The highest time of the clock by which nonces may have been forgotten."""
        self._recalled: Mapping[int, Sequence[int]] = {}
        self._recalled_until = 0
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

    def accept_once(self, key_id: int, nonce: int, until: int) -> bool:
        """True, and remembered until `until` (µs), when the nonce was not used on the key. Independent of `accept`'s mark.

        `until` is the moment from which the dialect's own window check refuses this nonce. The command's meta carries `once(nonce)`.
        """
        if not 1 <= nonce <= MAX_NONCE:
            return False
        now = self._clock()
        if now < self._latest - CLOCK_STEP or self._was_recalled(key_id, nonce, now):
            return False
        self._latest = max(self._latest, now)
        used = self._memory.used.get(key_id)
        if used is None:
            used = self._memory.used[key_id] = _UsedOnce()
        used.drop_expired(now)
        if until <= now or nonce in used.nonces or len(used.nonces) >= ONCE_CAPACITY:
            return False
        used.add(nonce, until)
        self._memory.unwritten.append((key_id, nonce, until))
        return True

    def judge(self, key_id: int, nonce: int) -> bool:
        """True, and remembered, when a request of that key may use this nonce, written as `Meta.nonce` has it. For the command port."""
        if nonce > 0:  # as `accept`, written out for the orders' sake
            memory = self._memory
            if not memory.marks.get(key_id, 0) < nonce <= MAX_NONCE:
                return False
            memory.marks[key_id] = nonce
            memory.changed.add(key_id)
            return True
        return self.accept_once(key_id, -nonce, self._clock() + ONCE_HORIZON)

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

    def _was_recalled(self, key_id: int, nonce: int, now: int) -> bool:
        if self._recalled and now >= self._recalled_until:
            self._recalled = {}
        used = self._recalled.get(key_id, ())
        place = bisect_left(used, self.once(nonce))
        return place < len(used) and used[place] == self.once(nonce)

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
        until = (now if at is None else at) + ONCE_HORIZON
        if until > now:
            used = self._memory.used.setdefault(key_id, _UsedOnce())
            used.drop_expired(now)
            if -nonce not in used.nonces:
                used.add(-nonce, until)
                self._keep_unwritten((key_id, -nonce, until), now)

    def _keep_unwritten(self, entry: tuple[int, int, int], now: int) -> None:
        memory = self._memory
        memory.unwritten.append(entry)
        if len(memory.unwritten) > memory.most_unwritten:
            memory.unwritten = [each for each in memory.unwritten if each[2] > now]
            memory.most_unwritten = max(ONCE_CAPACITY, 2 * len(memory.unwritten))

    def flush(self, seq: int) -> None:
        """Writes what changed and `seq` in one transaction. `seq`: a journal position whose commands all went through accept or apply."""
        self.store(self.collect(seq))

    def collect(self, seq: int) -> NonceMarks:
        """Takes what changed since the last collect; hand it to `store`, which may run on another thread. In memory only."""
        memory, now = self._memory, self._clock()
        self._latest = max(self._latest, now)
        for key_id, used in list(memory.used.items()):
            used.drop_expired(now)
            if not used.nonces:
                del memory.used[key_id]
        collected = NonceMarks(
            seq=max(seq, self._applied_seq),
            marks=[(key_id, memory.marks[key_id]) for key_id in sorted(memory.changed)],
            used=[entry for entry in memory.unwritten if entry[2] > now],
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
            connection.execute(delete(used_nonces).where(used_nonces.c.until <= collected.now))
            if collected.used:
                used = [{"key_id": key_id, "nonce": nonce, "until": until} for key_id, nonce, until in collected.used]
                upsert(connection, used_nonces, used, rising=True)
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
        return self._memory.marks.keys(), self._memory.used.keys()

    def _load(self) -> None:
        now = self._clock()
        with self._database.transaction() as connection:
            self._memory.marks = {row.key_id: row.nonce for row in connection.execute(select(nonce_marks))}
            for row in connection.execute(select(used_nonces).where(used_nonces.c.until > now)):
                self._memory.used.setdefault(row.key_id, _UsedOnce()).add(row.nonce, row.until)
            self._applied_seq = _fact(connection, _SEQ)
            self._folded_from = _fact(connection, _JOURNAL)


def _fact(connection: Connection, name: str) -> int:
    stored = connection.execute(select(facts.c.value).where(facts.c.name == name)).scalar_one_or_none()
    return int(stored) if stored is not None else 0


def _put_fact(connection: Connection, name: str, value: int) -> None:
    connection.execute(delete(facts).where(facts.c.name == name))
    connection.execute(insert(facts).values(name=name, value=str(value).encode()))
