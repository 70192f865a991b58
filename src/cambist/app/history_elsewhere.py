"""History that another process folds into the database: this one only waits for it."""

from __future__ import annotations

import asyncio
from time import monotonic

from cambist.app.stored_progress import StoredProgress
from cambist.history import HistoryWriter
from cambist.history.port import PATIENCE, HistoryBlocked

LOOK_EVERY = 1.0
"""Seconds between two looks while nobody waits: as frames come, and as metrics and readiness ask."""


class HistoryElsewhere:
    """What stands in a history writer's place. For the event loop's thread."""

    failure: BaseException | None = None
    queued_bytes = 0
    behind = False

    def __init__(self, progress: StoredProgress) -> None:
        """`progress` is closed with it."""
        self._progress = progress
        self._blocked_since: float | None = None
        self._looked = 0.0
        self._closed = False
        self._look: asyncio.Task[None] | None = None

    @property
    def applied_seq(self) -> int:
        """What the database had when it was looked at last. From any thread."""
        return self._progress.applied_seq

    @property
    def blocked(self) -> HistoryBlocked | None:
        """Why the database could not be asked the last time."""
        self._look_soon()
        trouble = self._progress.trouble
        if trouble is None:
            self._blocked_since = None
            return None
        if self._blocked_since is None:
            self._blocked_since = monotonic()
        return trouble if isinstance(trouble, HistoryBlocked) else HistoryBlocked(str(trouble))

    @property
    def blocked_seconds(self) -> float:
        return 0.0 if self.blocked is None or self._blocked_since is None else monotonic() - self._blocked_since

    def feed(self, _raw: bytes, _last_seq: int) -> bool:
        """Keeps nothing."""
        self._look_soon()
        return False

    def _look_soon(self) -> None:
        now = monotonic()
        if not self._closed and now - self._looked >= LOOK_EVERY and (self._look is None or self._look.done()):
            self._looked = now
            self._look = asyncio.get_running_loop().create_task(self._progress.look())

    async def reached(self, seq: int, *, within: float | None = PATIENCE) -> None:
        """Returns once every command up to `seq` is in the database. HistoryBehind after `within` seconds (None: never)."""
        await self._progress.reached(seq, within=within)

    def close(self) -> None:
        """Looks no more."""
        self._closed = True
        if self._look is not None:
            self._look.cancel()
        self._progress.close()


class HistoryOfLeader:
    """History that the node that leads folds: until this one does, it waits for another. For the event loop's thread."""

    def __init__(self, elsewhere: HistoryElsewhere, writer: HistoryWriter) -> None:
        """`writer` is not started yet; both are closed with it."""
        self._elsewhere = elsewhere
        self._writer = writer
        self._now: HistoryElsewhere | HistoryWriter = elsewhere

    def lead(self) -> None:
        """From here on this process folds, as soon as the one before has let go of the database; what is missing comes from the journal."""
        if self._now is not self._writer:
            self._writer.start()
            self._now = self._writer

    @property
    def leads(self) -> bool:
        return self._now is self._writer

    @property
    def applied_seq(self) -> int:
        """From any thread."""
        return self._now.applied_seq

    @property
    def failure(self) -> BaseException | None:
        return self._now.failure

    @property
    def blocked(self) -> HistoryBlocked | None:
        return self._now.blocked

    @property
    def blocked_seconds(self) -> float:
        return self._now.blocked_seconds

    @property
    def behind(self) -> bool:
        return self._now.behind

    @property
    def queued_bytes(self) -> int:
        return self._now.queued_bytes

    def feed(self, raw: bytes, last_seq: int) -> bool:
        return self._now.feed(raw, last_seq)

    async def reached(self, seq: int, *, within: float | None = PATIENCE) -> None:
        """Returns once every command up to `seq` is in the database. HistoryBehind after `within` seconds (None: never)."""
        await self._now.reached(seq, within=within)

    def close(self) -> None:
        self._writer.close()
        self._elsewhere.close()


WrittenHistory = HistoryWriter | HistoryElsewhere | HistoryOfLeader
"""What tells how far history is: this process's writer, or what stands in its place."""
