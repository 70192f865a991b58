"""An edge's commands on their way: sent to the leader, found again in the log, sent again while nobody knows what became of them."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from cambist._core import Engine, Outcome
from cambist.domain.commands import CommandKind
from cambist.domain.meta import Meta
from cambist.domain.reject_reasons import RejectReason
from cambist.exchange.command_records import record
from cambist.exchange.commands import Done, JournalStopped, NonceRejected, OutcomeUnknown
from cambist.exchange.edge_messages import BatchAnswer, CommandBatch
from cambist.exchange.view import Read

BATCH_BYTES = 256 << 10
"""Records of one batch: what the servers take by default is four times that."""
SEND_AGAIN_SECONDS = 0.5
"""How long the log is waited for before everything undecided is sent again; then twice as long each time, up to the next."""
SEND_AGAIN_LATEST_SECONDS = 4.0


class ToLeader(Protocol):
    """The way to whoever leads."""

    def send(self, epoch: int, batch: bytes) -> None:
        """Sends it, if it can. It may get lost."""


class _Pending:
    """A command that nobody was told the outcome of."""

    __slots__ = ("future", "given", "kind", "nonce_of", "read", "record")

    def __init__(
        self, kind: int, encoded: bytes, nonce_of: int, read: Read[Any] | None, future: asyncio.Future[Done[Any]], given: float
    ) -> None:
        self.kind = kind
        self.record = encoded
        self.nonce_of = nonce_of
        """The key whose nonce it carries; 0: it carries none."""
        self.read = read
        self.future = future
        self.given = given


class PendingCommands:
    """For the event loop's thread. `patience_seconds`: how long a client is let wait; then nobody sends the command again.

    `last_nonce(key_id)` is the key's highest one in the state of this edge. `timer` counts seconds.
    """

    def __init__(
        self,
        edge: int,
        engine: Engine,
        leader: ToLeader,
        last_nonce: Callable[[int], int],
        loop: asyncio.AbstractEventLoop,
        *,
        patience_seconds: float,
        timer: Callable[[], float],
    ) -> None:
        self.edge = edge
        self._engine = engine
        self._leader = leader
        self._last_nonce = last_nonce
        self._loop = loop
        self._patience = patience_seconds
        self._timer = timer
        self._pending: dict[int, _Pending] = {}
        """By counter, which they are in the order of."""
        self._refused: dict[int, tuple[int, int]] = {}
        """By counter, what this epoch's leader refused on the strength of commands that are not in the state yet: up to which one, and the
        key's highest nonce.
        """
        self._counter = 0
        self._unsent: list[int] = []
        self._epoch = 0
        self._stopped = False
        self._sent_at = 0.0
        self._pause = SEND_AGAIN_SECONDS
        self.sent_again = 0
        """How often everything undecided was sent again."""
        self.given_up = 0
        """Commands whose outcome no client was told."""

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def oldest(self) -> float | None:
        """When the oldest undecided command was given, by the timer."""
        return next(iter(self._pending.values())).given if self._pending else None

    @property
    def oldest_seconds(self) -> float:
        """For how long the oldest undecided command has been waiting; 0 when there is none."""
        oldest = self.oldest
        return 0.0 if oldest is None else self._timer() - oldest

    # --- from the handlers ----------------------------------------------------------------------------------------------------
    def give(self, kind: CommandKind, body: bytes, meta: Meta, read: Read[Any] | None) -> asyncio.Future[Done[Any]]:
        """Has the command done; all of one tick leave together. OverflowError; JournalStopped once the log cannot be followed.

        The future: NonceRejected, JournalStopped, OutcomeUnknown.
        """
        if self._stopped:
            raise JournalStopped
        counter = self._counter + 1
        encoded = record(kind, body, meta.sent_by(self.edge, counter))
        self._counter = counter
        future: asyncio.Future[Done[Any]] = self._loop.create_future()
        nonce_of = meta.key_id if meta.nonce else 0
        self._pending[counter] = _Pending(kind, encoded, nonce_of, read, future, self._timer())
        if not self._unsent:
            self._loop.call_soon(self._send_new)
        self._unsent.append(counter)
        return future

    # --- from the log ---------------------------------------------------------------------------------------------------------
    def opened(self, epoch: int) -> None:
        """Somebody leads under this epoch from now on: he gets everything undecided, none of which is in the log up to here."""
        if epoch > self._epoch:
            self._epoch = epoch
            self._refused.clear()
            self._pause = SEND_AGAIN_SECONDS
            self._send_again()

    def decided(self, kind: int, counter: int, outcome: Outcome) -> None:
        """The command with this counter is in the log, and the engine's state is the one right after it."""
        while self._pending and (earlier := next(iter(self._pending))) < counter:
            # Whoever leads takes commands in the order of their counters: one that is not there before a later one was refused.
            _, last_nonce = self._refused.pop(earlier, (0, 0))
            self._refuse(earlier, last_nonce or self._last_nonce(self._pending[earlier].nonce_of))
        pending = self._pending.pop(counter, None)
        self._refused.pop(counter, None)
        if pending is None or pending.future.done():
            return
        if kind != pending.kind:  # a note in its place, for the sake of its nonce
            outcome = Outcome.refused(RejectReason.JOURNAL_FULL, outcome.seq)
        self._finish(pending, outcome)

    def caught_up(self) -> None:
        """The state has one more frame of the log."""
        if self._refused:
            for counter, (seq, last_nonce) in list(self._refused.items()):
                if seq <= self._engine.seq:
                    del self._refused[counter]
                    self._refuse(counter, last_nonce)

    # --- from the leader ------------------------------------------------------------------------------------------------------
    def answered(self, answer: BatchAnswer) -> None:
        """What became of a batch, beside what the log tells. One of an earlier leader means nothing any more."""
        if answer.epoch != self._epoch:
            return
        for refused in answer.refused:
            if refused.counter in self._pending:
                self._refused[refused.counter] = answer.seq, refused.last_nonce
        self.caught_up()
        if answer.wanted:
            self._send_again()

    # --- by the clock ---------------------------------------------------------------------------------------------------------
    def look(self) -> None:
        """To be called every 100 ms or so: gives up what is too old, sends again what is not decided."""
        now = self._timer()
        while self._pending:
            counter, pending = next(iter(self._pending.items()))
            if pending.given + self._patience > now:
                break
            self._give_up(counter)
        if self._pending and now - max(self._sent_at, next(iter(self._pending.values())).given) >= self._pause:
            self._pause = min(self._pause * 2, SEND_AGAIN_LATEST_SECONDS)
            self._send_again()

    def stop(self) -> None:
        """The log can be followed no further: who waits gets JournalStopped."""
        self._stopped = True
        self._unsent.clear()
        self._refused.clear()
        for counter in list(self._pending):
            pending = self._pending.pop(counter)
            if not pending.future.done():
                pending.future.set_exception(JournalStopped())

    # --- inside ---------------------------------------------------------------------------------------------------------------
    def _finish(self, pending: _Pending, outcome: Outcome) -> None:
        self._pause = SEND_AGAIN_SECONDS
        if pending.future.done():  # whoever waited has gone
            return
        try:
            done = Done(outcome, None if pending.read is None else pending.read(self._engine))
        except Exception as error:  # the reader's own: it is told who waits for it
            pending.future.set_exception(error)
        else:
            pending.future.set_result(done)

    def _refuse(self, counter: int, last_nonce: int) -> None:
        """Nonces are all that is refused for commands with a nonce, and room all for those without."""
        pending = self._pending.pop(counter)
        if pending.nonce_of:
            if not pending.future.done():
                pending.future.set_exception(NonceRejected(last_nonce))
        else:
            self._finish(pending, Outcome.refused(RejectReason.JOURNAL_FULL, self._engine.seq))

    def _give_up(self, counter: int) -> None:
        pending = self._pending.pop(counter)
        self._refused.pop(counter, None)
        self.given_up += 1
        if not pending.future.done():
            pending.future.set_exception(OutcomeUnknown())

    def _send_new(self) -> None:
        counters, self._unsent = self._unsent, []
        if self._epoch:
            self._send([counter for counter in counters if counter in self._pending])

    def _send_again(self) -> None:
        if self._pending and self._epoch:
            self.sent_again += 1
            self._unsent.clear()
            self._send(list(self._pending))

    def _send(self, counters: list[int]) -> None:
        if not counters:
            return
        self._sent_at = self._timer()
        decided = next(iter(self._pending)) - 1
        after = self._before(counters[0])
        batch: list[int] = []
        size = 0
        for counter in counters:
            length = len(self._pending[counter].record)
            if batch and size + length > BATCH_BYTES:
                self._send_batch(batch, after, decided)
                after, batch, size = batch[-1], [], 0
            batch.append(counter)
            size += length
        self._send_batch(batch, after, decided)

    def _send_batch(self, counters: list[int], after: int, decided: int) -> None:
        records = b"".join(self._pending[counter].record for counter in counters)
        self._leader.send(self._epoch, CommandBatch(self.edge, self._epoch, after, decided, records).encode())

    def _before(self, counter: int) -> int:
        """The undecided command before this one; 0: there is none."""
        before = 0
        for earlier in reversed(self._pending):
            if earlier < counter:
                before = earlier
                break
        return before
