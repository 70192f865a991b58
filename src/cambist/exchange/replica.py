"""A core that follows a log which another process writes: the same frames, the same state, the same events."""

from collections import deque
from collections.abc import Iterable, Iterator

from cambist import _core
from cambist.exchange.sequencer import CHECKPOINTS_KEPT, Checkpoint, Frame, Subscriber

CHECKPOINT = 2
"""The kind of a journal's frame that holds the hash of the state."""


class Replica:
    """Applies a log's frames to an engine, in order, and delivers what they did as the sequencer does. One thread at a time.

    Whoever reads the log has checked the frames and their chain (`cluster/log_reader.py`); each of the log's checkpoints is compared
    with the engine's own state here. After an error the engine must not be used any more.
    """

    def __init__(self, engine: _core.Engine) -> None:
        """`engine`: of this log, at any command."""
        self.engine = engine
        self.checkpoints: deque[Checkpoint] = deque(maxlen=CHECKPOINTS_KEPT)
        """The newest that were compared and found equal, oldest first."""
        self._frames = _Frames()
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        """Hears of every frame with commands from here on, once its commands are applied and before the next one's are."""
        self._subscribers.append(subscriber)

    def apply(self, frames: Iterable[_core.Frame], until: int | None = None) -> None:
        """Applies what the engine does not have yet, of each frame at once; up to command `until` when that is given: the rest follows
        when its frame is handed in again.

        JournalDamaged: a command is missing before these, a frame holds no commands, or the log's state has another hash.
        """
        engine = self.engine
        for frame in frames:
            before = engine.seq
            self._frames.next = frame
            events = engine.replay(self._frames, until, events=True)
            if engine.seq > before:
                applied = Frame(events, engine.seq)
                for subscriber in self._subscribers:
                    subscriber(applied)
            elif frame.kind == CHECKPOINT and frame.first_seq == engine.seq:
                self.checkpoints.append(Checkpoint(frame.first_seq, frame.payload))


class _Frames:
    """As `Engine.replay` takes a journal: one frame, which is there already."""

    identity = 0
    next: _core.Frame | None = None

    def read(self, from_seq: int = 1) -> Iterator[_core.Frame]:
        del from_seq
        frame, self.next = self.next, None
        if frame is not None:
            yield frame
