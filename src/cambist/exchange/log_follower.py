"""A state that follows the log which another node writes: on an edge it stands where the sequencer stands on the leader."""

from collections.abc import Callable

from cambist import _core
from cambist._core import Engine, JournalDamaged, Last, LedgerViolation, commands_of_edge
from cambist.exchange.pending_commands import PendingCommands
from cambist.exchange.replica import CHECKPOINT, Replica
from cambist.exchange.sequencer import Frame, Subscriber


class LogFollower:
    """For the event loop's thread. The state is always durable: it is made of what is in the log."""

    def __init__(self, engine: Engine, pending: PendingCommands, on_failure: Callable[[BaseException], object]) -> None:
        """`on_failure` hears why the log can be followed no further."""
        self._engine = engine
        self._replica = Replica(engine)
        self._replica.subscribe(self._publish)
        self._pending = pending
        self._on_failure = on_failure
        self._subscribers: list[Subscriber] = []
        self._failure: BaseException | None = None
        self.last = Last(engine.seq, engine.seq, bytes(32))
        """The frame that was applied last; before the first one its hash says nothing."""
        self.epoch = 0
        """Of the newest frame, or of a claim that came later."""

    @property
    def failure(self) -> BaseException | None:
        """Why the log can be followed no further; None while it can."""
        return self._failure

    @property
    def durable_seq(self) -> int:
        """The last command that is in the state."""
        return self._engine.seq

    @property
    def backlog(self) -> int:
        """Commands of this edge that are not decided."""
        return len(self._pending)

    @property
    def waiting_since(self) -> int:
        """Time (µs) of the oldest of them, by the venue's clock; 0 when there is none."""
        waits = self._pending.oldest_seconds
        return max(1, self._engine.time - int(waits * 1_000_000)) if len(self._pending) else 0

    def subscribe(self, subscriber: Subscriber) -> None:
        """Every frame from here on."""
        self._subscribers.append(subscriber)

    def opened(self, epoch: int) -> None:
        """The log has a claim of this epoch, and all frames before it were applied."""
        if epoch > self.epoch:
            self.epoch = epoch
            self._pending.opened(epoch)

    def apply(self, frame: _core.Frame) -> None:
        """Applies the next frame, and tells everybody who waits for something in it, each on the state right after his command.

        Nothing once it has failed: a frame that does not fit the state, a state hash that differs, a ledger that does not add up.
        """
        if self._failure is not None:
            return
        try:
            self._apply(frame)
            self._pending.caught_up()
            self.last = Last(frame.last_seq, frame.last_seq, frame.hash)
        except (JournalDamaged, LedgerViolation, ValueError) as error:
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """The log can be followed no further."""
        if self._failure is None:
            self._failure = error
            self._pending.stop()
            self._on_failure(error)

    def _apply(self, frame: _core.Frame) -> None:
        engine = self._engine
        self.opened(frame.epoch)  # a claim may be lost where the chain is whole
        own: list[tuple[int, int, int]] = []
        if len(self._pending) and frame.kind != CHECKPOINT and frame.first_seq == engine.seq + 1:
            own = commands_of_edge(frame.payload, self._pending.edge)
        if not own:
            self._replica.apply([frame])
            return
        run, begin = frame.payload, 0
        for kind, counter, end in own:
            outcome = engine.follow(run[begin:end])
            begin = end
            self._pending.decided(kind, counter, outcome)
        if begin < len(run):
            engine.follow(run[begin:])
        if engine.seq != frame.last_seq:
            raise JournalDamaged(f"it ends at command {engine.seq} where its header says {frame.last_seq}", frame.file, frame.offset)
        self._publish(Frame(engine.take_events(), engine.seq))

    def _publish(self, published: Frame) -> None:
        for subscriber in self._subscribers:
            subscriber(published)
