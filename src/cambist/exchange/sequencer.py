"""The single writer: stamps time, hands commands to the core in order, and lets nothing out before it is on disk."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

import msgspec

from cambist._core import Engine, JournalError, JournalFenced, LedgerViolation, Outcome
from cambist.exchange.commands import JournalStopped
from cambist.exchange.journal_port import JournalPort
from cambist.exchange.sync_times import SyncTimes

Clock = Callable[[], int]
"""Microseconds since the epoch."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """What the commands of a durable frame did: an encoded run of events (`domain.events.EventFilter` decodes those one looks at)."""

    events: bytes
    last_seq: int


Subscriber = Callable[[Frame], object]
"""Called once per durable frame, in order, on the loop."""

CHECKPOINT_EVERY = 100_000
"""Commands between two state hashes in the journal: a hash walks the whole state, a replay checks each one it meets."""


CHECKPOINTS_KEPT = 8


class Checkpoint(NamedTuple):
    """The state after a command, as its hash."""

    seq: int
    state_hash: bytes


class _Batch:
    """The commands of one tick on their way to disk."""

    __slots__ = ("begun", "events", "future", "handed_over", "last_seq")

    def __init__(self) -> None:
        self.begun = 0
        self.handed_over = 0.0
        self.last_seq = 0
        self.events = b""
        self.future: asyncio.Future[None] | None = None


class Sequencer:
    """Commands in, durable frames out.

    The facade calls `stamp()`, then the engine, then `committed(outcome)`. All commands of one event-loop tick become one
    frame; the journal's own thread syncs, and syncs again as soon as the last sync returned. With `waits` each tick's commands are synced
    and published at its end, before anything else goes on: then no two ticks' commands are published in one tick, however slow the disk.

    One that does not lead takes no commands: it publishes what another process wrote (`follow`), until `lead`.
    """

    def __init__(
        self,
        engine: Engine,
        journal: JournalPort,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        *,
        on_failure: Callable[[BaseException], None],
        checkpoint_every: int = CHECKPOINT_EVERY,
        timer: Callable[[], float] = perf_counter,
        waits: bool = False,
        leads: bool = True,
    ) -> None:
        self._engine = engine
        self.journal = journal
        """Where the commands go. Only for its state: what is written goes through here."""
        self._clock = clock
        self._loop = loop
        self._on_failure = on_failure
        self._checkpoint_every = checkpoint_every
        self._timer = timer
        self._waits = waits
        self.sync_times = SyncTimes()
        self._checkpointed = 0
        self._time = 0
        self._subscribers: list[Subscriber] = []
        self._in_flight: deque[_Batch] = deque()
        self._newest = _Batch()
        self._flush_due = False
        self._stopped: BaseException | None = None
        """Why no command can be taken."""
        self.failure: BaseException | None = None
        """Why the journal stopped; None while it works."""
        self._closed = False
        self.applied_seq = engine.seq
        self.durable_seq = engine.seq
        self.checkpoints: deque[Checkpoint] = deque(maxlen=CHECKPOINTS_KEPT)
        """The newest that this process wrote into the journal, oldest first."""
        self.leads = False
        if leads:
            self.lead()
        else:
            self._stopped = JournalFenced("this node follows: another one writes the journal")

    # --- following, and leading ---------------------------------------------------------------------------------------------
    def follow(self, frame: Frame) -> None:
        """Publishes what another process wrote and the engine has applied."""
        self.applied_seq = self.durable_seq = frame.last_seq
        for subscriber in self._subscribers:
            subscriber(frame)

    def lead(self, *, checkpoint_first: bool = False) -> None:
        """Takes commands from here on: the engine has everything that is in the journal, and the journal is this process's to write.

        `checkpoint_first`: the first commands are followed by the state's hash, so that whoever follows can compare at once.
        """
        self.leads, self._stopped = True, None
        self._time = self._engine.time
        self._checkpointed = self._engine.seq - (self._checkpoint_every if checkpoint_first else 0)
        self._loop.add_reader(self.journal.fileno(), self._on_durable)

    def retire(self) -> None:
        """Takes no more commands, once everything applied is durable and the journal ends with the state's hash. JournalStopped."""
        self.checkpoint()
        self.leads = False
        self._stopped = JournalFenced("this node has handed over")
        self._loop.remove_reader(self.journal.fileno())

    @property
    def has_space(self) -> bool:
        """False: only what frees orders and money may still be journaled."""
        return not self.journal.space_low

    @property
    def backlog(self) -> int:
        """Commands applied and not yet durable."""
        return self.applied_seq - self.durable_seq

    @property
    def waiting_since(self) -> int:
        """Time (µs) of the oldest command that was applied and is not yet durable; 0 when there is none."""
        if self._in_flight:
            return self._in_flight[0].begun
        return self._newest.begun if self._flush_due else 0

    def subscribe(self, subscriber: Subscriber) -> None:
        """Every durable frame from here on."""
        self._subscribers.append(subscriber)

    def stamp(self) -> int:
        """Time for the next command, never decreasing. Orders that ended by then are expired first. JournalStopped."""
        if self._stopped is not None:
            raise JournalStopped from self._stopped
        now = self._clock()
        if now > self._time:
            self._time = now
        else:
            now = self._time
        if 0 < self._engine.next_expiry() <= now:
            self.committed(self._engine.advance_time(now))
        return now

    def advance(self) -> None:
        """Expires what is due by now; for a timer, so that orders end in a quiet market too."""
        self.stamp()

    def committed(self, outcome: Outcome) -> Outcome:
        """Books an applied command into the frame of this tick; returns the outcome for the caller's convenience."""
        self.applied_seq = outcome.seq
        if not self._flush_due:
            self._flush_due = True
            self._newest.begun = self._time
            self._loop.call_soon(self._flush)
        return outcome

    def barrier(self) -> asyncio.Future[None] | None:
        """Done when everything applied so far is durable; None when it already is. Fails with JournalStopped."""
        if self.failure is not None:
            failed: asyncio.Future[None] = self._loop.create_future()
            failed.set_exception(JournalStopped())
            return failed
        if self.applied_seq == self.durable_seq:
            return None
        batch = self._newest if self._flush_due else self._in_flight[-1]
        if batch.future is None:
            batch.future = self._loop.create_future()
        return batch.future

    def _flush(self) -> None:
        self._flush_due = False
        try:
            first, count, time, commands = self._engine.take_commands()
        except LedgerViolation as error:
            self._fail(error)
            return
        if count == 0 or self._closed or self.failure is not None:
            return
        batch, self._newest = self._newest, _Batch()
        batch.last_seq = first + count - 1
        batch.events = self._engine.take_events()
        batch.handed_over = self._timer()
        self._in_flight.append(batch)
        try:
            self.journal.append(first - 1, self.journal.epoch, count, time, commands)
            if self.applied_seq - self._checkpointed >= self._checkpoint_every:
                self._checkpoint()
            if self._waits:
                self._publish(self.journal.wait())
        except JournalError as error:
            self._fail(error)

    def _checkpoint(self) -> None:
        self._checkpointed = self.applied_seq
        state_hash = self._engine.state_hash()
        self.journal.checkpoint(self.applied_seq, self.journal.epoch, state_hash)
        self.checkpoints.append(Checkpoint(self.applied_seq, state_hash))

    def _on_durable(self) -> None:
        try:
            durable = self.journal.acknowledge()
        except JournalError as error:
            self._fail(error)
            return
        self._publish(durable)

    def _publish(self, durable: int) -> None:
        """Tells everybody of what one sync made durable, which the commands of several ticks may have waited for, as one frame."""
        events: list[bytes] = []
        while self._in_flight and self._in_flight[0].last_seq <= durable:
            batch = self._in_flight.popleft()
            self.durable_seq = batch.last_seq
            self.sync_times.observe(self._timer() - batch.handed_over)
            if batch.future is not None and not batch.future.done():
                batch.future.set_result(None)
            events.append(batch.events)
        if events:
            frame = Frame(events[0] if len(events) == 1 else b"".join(events), self.durable_seq)
            for subscriber in self._subscribers:
                subscriber(frame)

    def _fail(self, error: BaseException) -> None:
        if self.failure is not None:
            return
        self.failure = self._stopped = error
        self._loop.remove_reader(self.journal.fileno())
        self._let_nobody_wait()
        self._on_failure(error)

    def _let_nobody_wait(self) -> None:
        for batch in (*self._in_flight, self._newest):
            if batch.future is not None and not batch.future.done():
                batch.future.set_exception(JournalStopped())

    def drain(self) -> None:
        """Blocks until everything applied is durable and published. For start, shutdown and tools; not for the hot path. JournalStopped."""
        self._flush()
        if self.failure is None:
            try:
                self._publish(self.journal.wait())
            except JournalError as error:
                self._fail(error)
        if self.failure is not None:
            raise JournalStopped from self.failure

    def checkpoint(self) -> None:
        """Drains, then records the state hash in the journal and waits for that too. JournalStopped."""
        self.drain()
        try:
            self._checkpoint()
            self.journal.wait()
        except JournalError as error:
            self._fail(error)
            raise JournalStopped from error

    def close(self) -> None:
        """Detaches from the loop. The journal stays open: it is its owner's to close.

        What was applied in this tick is not handed over any more; whoever waits for it gets JournalStopped.
        """
        self._loop.remove_reader(self.journal.fileno())
        self._closed = True
        self._let_nobody_wait()
