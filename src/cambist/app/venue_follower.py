"""Keeps a venue that does not lead at the end of a journal that another node writes, until it leads itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from cambist import _core
from cambist._core import JournalError
from cambist.app.venue import Venue
from cambist.app.views import apply_to_directory
from cambist.domain.events import EventFilter, kinds_of
from cambist.exchange.journal_port import Follower
from cambist.exchange.replica import CHECKPOINT, Replica
from cambist.exchange.sequencer import Checkpoint

APPLY_SECONDS = 0.02
"""How long frames are applied at a stretch before the loop does something else."""
LOOKED_BACK = 20_000
"""Commands whose frames a start looks through for checkpoints."""
EVERY_COMMAND = EventFilter(kinds_of(_core.CommandApplied))


class VenueFollower:
    """Belongs to the event loop's thread. Views, history and market data hear of each frame as they do of a leader's own."""

    def __init__(self, venue: Venue, failed: Callable[[JournalError], object]) -> None:
        """`failed` hears why the journal can be followed no further. JournalError."""
        self._venue = venue
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._replica = Replica(venue.engine)
        self._replica.subscribe(lambda frame: apply_to_directory(venue.directory, EVERY_COMMAND.of(frame.events), live=True))
        self._replica.subscribe(venue.sequencer.follow)
        self._replica.checkpoints.extend(self._checked_at_the_start())
        self._frames: Follower | None = None
        self.last_time = venue.engine.time
        """Of the last command that was applied, µs."""

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """The newest that the venue's state agreed with, oldest first. From any thread."""
        return tuple(self._replica.checkpoints)

    def begin(self) -> None:
        """Follows from here on. JournalError."""
        self._frames = self._venue.journal.follow(self._venue.engine.seq + 1)
        self._loop.add_reader(self._frames.fileno(), self._apply_due)

    def end(self) -> None:
        """Follows no more. Idempotent."""
        self.rest()
        frames, self._frames = self._frames, None
        if frames is not None:
            frames.close()

    def rest(self) -> None:
        """Applies nothing until `lead`."""
        if self._frames is not None:
            self._loop.remove_reader(self._frames.fileno())

    def lead(self) -> None:
        """The journal is this process's to write: applies what it has, and has the venue take commands. JournalDamaged, JournalError."""
        venue = self._venue
        assert self._frames is not None
        self._replica.apply(self._frames)
        self.end()
        last = venue.engine.time
        venue.machine_clock.begin_at(last)
        venue.directory.nonces.continue_from(last)
        venue.sequencer.lead(checkpoint_first=True)

    def _apply_due(self) -> None:
        """Applies what came, for a moment: the descriptor stays readable while there is more."""
        until = time.perf_counter() + APPLY_SECONDS
        try:
            assert self._frames is not None
            for frame in self._frames:
                self._replica.apply((frame,))
                self.last_time = frame.time
                if time.perf_counter() > until:
                    return
            self._venue.journal.acknowledge()
        except JournalError as error:
            self.end()
            self._failed(error)

    def _checked_at_the_start(self) -> list[Checkpoint]:
        """Checkpoints among the journal's last commands, behind the newest snapshot: the replay from there compared them."""
        venue = self._venue
        seq = venue.engine.seq
        since = max(venue.snapshot_seq, seq - LOOKED_BACK)
        frames = venue.journal.read(max(since, 1))
        return [
            Checkpoint(frame.first_seq, frame.payload) for frame in frames if frame.kind == CHECKPOINT and since <= frame.first_seq <= seq
        ]
