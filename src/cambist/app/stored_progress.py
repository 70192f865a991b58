"""How far a history has come that another process writes: an edge's `reached`."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Protocol

from cambist.history.port import HistoryBehind, HistoryError

LOOK_SECONDS = 0.03
"""Between two looks while somebody waits."""


class Store(Protocol):
    """A connection of its own; one thread at a time."""

    def look(self) -> int:
        """The last command that the store has. HistoryError when it cannot be asked."""

    def close(self) -> None: ...


class StoredProgress:
    """For the event loop's thread."""

    def __init__(self, store: Store) -> None:
        """`store` is closed with it."""
        self._store = store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history-progress")
        self._looking: asyncio.Task[None] | None = None
        self._trouble: HistoryError | None = None
        self.applied_seq = 0
        """What the store had when it was looked at last."""

    @property
    def trouble(self) -> HistoryError | None:
        """Why it could not be looked at the last time; None when it could."""
        return self._trouble

    async def reached(self, seq: int, *, within: float | None) -> None:
        """Returns once every command up to `seq` is in the store. HistoryBehind after `within` seconds (None: never)."""
        deadline = None if within is None else monotonic() + within
        while self.applied_seq < seq:
            if deadline is not None and monotonic() >= deadline:
                raise HistoryBehind("history does not follow the log in time") from self._trouble
            if self._looking is None or self._looking.done():  # one look for all who wait
                self._looking = asyncio.create_task(self._look_once())
            await asyncio.shield(self._looking)

    async def look(self) -> None:
        """Looks once, for readiness and metrics."""
        await self._look_once()

    async def _look_once(self) -> None:
        loop = asyncio.get_running_loop()
        before = self.applied_seq
        try:
            self.applied_seq = max(before, await loop.run_in_executor(self._thread, self._store.look))
            self._trouble = None
        except HistoryError as error:
            self._trouble = error
        if self.applied_seq == before:
            await asyncio.sleep(LOOK_SECONDS)

    def close(self) -> None:
        """Looks no more."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._store.close()
