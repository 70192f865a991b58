"""The thread that keeps history behind the journal.

The event loop hands over every durable frame's events by `feed`, which only queues bytes. The thread decodes, folds and stores them,
as many frames at once as have come together, in one transaction with the cursor: a run is in or it is not, and one that comes
twice is passed over.

Memory is bounded. When more than `max_bytes` wait, `feed` drops what it is given and answers False; the writer finishes what it
has and then reads the rest from the source (the journal through a second core) until it has caught up with the feed again. So a feed never
blocks, nothing is lost, and neither orders nor money ever wait for history.

A store that is away, that another process has locked, or whose disk is full, is tried again until it takes what it is given, however long
that takes: `blocked` says so, feeds gather or are left to the source, and whoever waits is told `HistoryBehind` in time. A store that was
away may come back without its last batches: they are read from the source again. A failure (a row contradicts another) is final for this
writer: `failure` is set, waiting readers get `HistoryFailed`, feeds are dropped. A new writer, at the latest that of the next start,
continues where the store ends.
"""

import asyncio
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from heapq import heapify, heappop, heappush
from itertools import count
from time import monotonic

from cambist import _core
from cambist.history.fold import Fold, Rows
from cambist.history.port import (
    PATIENCE,
    EventSource,
    HistoryAhead,
    HistoryBehind,
    HistoryBlocked,
    HistoryError,
    HistoryFailed,
    HistoryMoved,
    HistoryWrites,
)

MAX_BYTES = 256 << 20
"""Events that wait, encoded: 600 to 900 bytes an order with its trades."""

BATCH_BYTES = 4 << 20
"""Events of one transaction, roughly: enough that its fixed cost does not count, few enough that a reader does not wait long."""

BATCH_ROWS = 20_000
"""The same for what is read from the source, whose runs may be longer."""

GATHER_BYTES = 2 << 20
GATHER_SECONDS = 0.2
"""How much the writer lets come together, and for how long, while nobody waits for history."""

REST_SHARE = 9.0
REST_SECONDS = 2.0
"""After a batch the writer rests so many times as long as the batch took, at most so long, while nobody waits for history."""

NICENESS = 10
"""The thread's, above the process's: where processors are scarce, orders come first."""

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.05, 1.0
"""Pauses between two attempts on a store that is locked or whose disk is full: each twice as long as the one before."""

SOURCE_ATTEMPTS = 100
"""How often the source may have nothing new although more is durable, before that counts as a hole. Half a second."""

_log = logging.getLogger(__name__)

_Waiter = tuple[int, int, asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class HistoryWriter:
    """Follows the journal into a store. Made and fed on the event loop's thread; the store is used on the writer's alone."""

    def __init__(
        self,
        store: HistoryWrites,
        source: EventSource | None = None,
        *,
        journal: int = 0,
        max_bytes: int = MAX_BYTES,
        on_failure: Callable[[BaseException], None] | None = None,
        source_may_lag: bool = False,
    ) -> None:
        """`source` supplies what was never fed; without one a hole is a failure. `journal` is its fingerprint (0: not known).
        `on_failure` is called on the writer's thread. `source_may_lag`: others fold into the store too, one at a time, so that it may know
        more than this source has yet."""
        self._store = store
        self._source = source
        self._journal = journal
        self._max_bytes = max_bytes
        self._on_failure = on_failure
        self._source_may_lag = source_may_lag
        self._opened = False
        self._applied = 0
        self._offered = 0  # the last command fed, kept or dropped
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._behind = False  # what is to come must be read from the source
        self._stopping = False
        self._rest_until = 0.0
        self._failure: BaseException | None = None
        self._blocked: HistoryBlocked | None = None
        self._blocked_since = 0.0
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._waiters: list[_Waiter] = []
        self._given_up = 0  # waiters whose time is over
        self._order = count()
        self._thread = threading.Thread(target=self._run, name="history-writer", daemon=True)

    # --- the loop's side --------------------------------------------------------------------------------------------------

    @property
    def applied_seq(self) -> int:
        """Every command up to this one is in the store; 0 while that is not known, because the store was away since the start."""
        return self._applied

    @property
    def failure(self) -> BaseException | None:
        """Why history does not follow any more; None while it does."""
        return self._failure

    @property
    def blocked(self) -> HistoryBlocked | None:
        """Why the store takes nothing now, another process's lock or its disk: history follows again when that is over. Else None."""
        return self._blocked

    @property
    def behind(self) -> bool:
        """Whether the writer reads from the source, because it is new or because feeds came too fast."""
        return self._behind

    @property
    def queued_bytes(self) -> int:
        return self._queued_bytes

    @property
    def blocked_seconds(self) -> float:
        """For how long the store has taken nothing; 0.0 while it does."""
        return monotonic() - self._blocked_since if self._blocked is not None else 0.0

    def start(self) -> None:
        """Opens the store and starts the thread, which first catches up with the source. A store that is away is opened when it is back.

        HistoryAhead when the store knows more than the source; HistoryForeign, HistoryError of the store.
        """
        try:
            self._open()
        except HistoryBlocked as error:
            self._behind = self._source is not None
            self._hindered(error)
        self._thread.start()

    def _open(self) -> None:
        self._store.open(self._journal)
        self._begin_at(self._store.cursor.seq)
        self._opened = True

    def _begin_at(self, seq: int) -> None:
        """The store ends there, whatever was known of it."""
        with self._lock:
            self._applied = seq
            self._offered = max(self._offered, seq)
            if self._source is not None:
                last = self._source.last_seq
                if seq > last and not self._source_may_lag:
                    raise HistoryAhead(f"history ends at command {seq}, the journal at {last}. Make it again: cambist rebuild")
                self._behind = self._behind or seq < last
                self._offered = max(self._offered, last)

    def feed(self, raw: bytes, last_seq: int) -> bool:
        """Takes a durable frame's encoded events, in order. False: dropped, the writer reads it from the source later."""
        with self._lock:
            self._offered = max(self._offered, last_seq)
            if self._behind or self._failure is not None or self._stopping:
                return False
            if self._queued_bytes + len(raw) > self._max_bytes:
                self._behind = True
                _log.warning("history lags: %d bytes of events wait, the rest is read from the journal", self._queued_bytes)
                return False
            before = self._queued_bytes
            self._queue.append(raw)
            self._queued_bytes += len(raw)
            if before == 0 or before < GATHER_BYTES <= self._queued_bytes:
                self._work.notify()  # not for each frame: waking a thread costs the loop more than feeding it
            return True

    def look(self) -> None:
        """The source has more than before: reads it, in the place of a feed."""
        assert self._source is not None
        with self._lock:
            self._offered = max(self._offered, self._source.last_seq)
            self._behind = True
            self._work.notify()

    async def reached(self, seq: int, *, within: float | None = PATIENCE) -> None:
        """Returns once every command up to `seq` is in the store.

        HistoryBehind after `within` seconds (None: never), at once when the store has been blocked for that long already.
        HistoryFailed when the writer failed or was closed before.
        """
        if self._applied >= seq:
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if self._applied >= seq:
                return
            if self._failure is not None or self._stopping:
                raise self._stopped()
            blocked = self._blocked
            if within is not None and blocked is not None:
                within -= monotonic() - self._blocked_since
                if within <= 0:
                    raise HistoryBehind(f"history does not follow the journal: {blocked}")
            heappush(self._waiters, (seq, next(self._order), loop, future))
            self._work.notify()
        timer = loop.call_later(within, self._give_up, future) if within is not None else None
        try:
            await future
        finally:
            if timer is not None:
                timer.cancel()

    def _give_up(self, future: "asyncio.Future[None]") -> None:
        if future.done():
            return
        future.set_exception(HistoryBehind("history does not follow the journal in time"))
        with self._lock:
            self._given_up += 1
            if self._given_up * 2 > len(self._waiters):
                self._given_up = 0
                self._waiters = [waiter for waiter in self._waiters if not waiter[3].done()]
                heapify(self._waiters)

    def close(self) -> None:
        """Stores what was fed, stops the thread and closes the store. What the source still had is left for the next start. Idempotent."""
        with self._lock:
            self._stopping = True
            self._work.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._fail_waiters(self._stopped())
        self._store.close()

    # --- the writer's side ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        if sys.platform == "linux":  # elsewhere this would be the whole process's
            with suppress(OSError):  # a container may forbid it, and history follows all the same
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        try:
            while self._step():
                pass
        except BaseException as error:
            _log.critical("history does not follow the journal any more", exc_info=error)
            with self._lock:
                self._failure = error
                self._queue.clear()
                self._queued_bytes = 0
            try:
                if self._on_failure is not None:
                    self._on_failure(error)
            finally:
                self._fail_waiters(self._stopped())

    def _step(self) -> bool:
        """One batch. False when there is nothing left to do for ever."""
        if not self._opened and not self._persist(self._open):
            return False
        with self._work:
            self._gather()
            runs = self._next_runs()
            if not runs and self._stopping:
                return False
        began = monotonic()
        try:
            if runs:
                self._store_runs(runs)
            elif self._behind:
                self._catch_up()
            else:
                self._persist(self._store.check)
        except HistoryMoved as moved:
            self._moved(moved)
        if self._blocked is not None:
            return False  # the end came first: what was fed and not stored is read from the source at the next start
        ended = monotonic()
        self._rest_until = ended + min(REST_SHARE * (ended - began), REST_SECONDS)
        return True

    def _gather(self) -> None:
        """Waits for work, or until the store is to be looked at, and lets small amounts gather: a transaction costs as much as hundreds of
        rows.

        While nobody waits for history it also rests after each batch, in proportion to what the batch took: orders come first,
        a reader may lag. Somebody who waits, an end, or a queue that fills makes it go on at once.
        """
        while not (self._queue or self._behind or self._stopping):
            if not self._work.wait(self._store.check_seconds):
                return
        deadline = monotonic() + GATHER_SECONDS
        while not (self._waiters or self._behind or self._stopping or self._queued_bytes * 2 > self._max_bytes):
            if self._queued_bytes >= GATHER_BYTES:
                deadline = 0.0
            left = max(deadline, self._rest_until) - monotonic()
            if left <= 0:
                return
            self._work.wait(left)

    def _next_runs(self) -> list[bytes]:
        runs: list[bytes] = []
        size = 0
        while self._queue and size < BATCH_BYTES:
            run = self._queue.popleft()
            runs.append(run)
            size += len(run)
        self._queued_bytes -= size
        return runs

    def _store_runs(self, runs: list[bytes]) -> None:
        fold = Fold(self._store.cursor)
        for run in runs:
            first = _core.first_command(run)
            if first > fold.seq + 1:
                # Something before was never fed. All that is durable is in the source, this run included.
                self._lose_place(first, fold.seq)
                break
            fold.feed(run)
        self._apply(fold)

    def _lose_place(self, first: int, have: int) -> None:
        if self._source is None:
            raise HistoryError(f"events jump from command {have} to {first}")
        self._read_from_source()

    def _moved(self, moved: HistoryMoved) -> None:
        if self._source is None:
            raise moved
        _log.warning("%s: what is missing is read from the journal", moved)
        self._read_from_source()
        self._begin_at(self._store.cursor.seq)

    def _read_from_source(self) -> None:
        with self._lock:
            self._behind = True
            self._queue.clear()
            self._queued_bytes = 0

    def _catch_up(self) -> None:
        """Reads from the source until it has what was fed last; then feeds are queued again."""
        if self._source is None:
            raise HistoryError("events were fed faster than they could be stored, and there is nowhere to read them again")
        waited = 0
        while True:
            before = self._applied
            fold = Fold(self._store.cursor)
            for run, _ in self._source.runs(before):
                fold.feed(run)
                if fold.size >= BATCH_ROWS:
                    self._apply(fold)
                    fold = Fold(self._store.cursor)
                if self._stopping:
                    return
            self._apply(fold)
            with self._work:
                if self._applied >= self._offered:
                    self._behind = False
                    return
                if self._stopping:
                    return
                if self._applied == before:
                    waited += 1
                    if waited > SOURCE_ATTEMPTS:
                        raise HistoryError(f"command {self._offered} is durable, but the journal's events end at {before}")
                    self._work.wait(0.005)

    def _apply(self, fold: Fold) -> None:
        if fold.seq == self._applied or not self._stored(fold.rows()):
            return
        with self._lock:
            self._applied = fold.seq
            ready = []
            while self._waiters and self._waiters[0][0] <= self._applied:
                ready.append(heappop(self._waiters))
        _wake(ready, None)

    def _stored(self, rows: Rows) -> bool:
        return self._persist(lambda: self._store.apply(rows))

    def _persist(self, attempt: Callable[[], None]) -> bool:
        """Does it as soon as the store can be used. False when the writer was closed before that."""
        pause = FIRST_RETRY_SECONDS
        while True:
            try:
                attempt()
            except HistoryBlocked as error:
                with self._work:
                    self._hindered(error)
                    if self._stopping:
                        return False
                    self._work.wait(pause)
                pause = min(pause * 2, LONGEST_RETRY_SECONDS)
                continue
            except HistoryMoved:
                self._unhindered()  # it answers
                raise
            self._unhindered()
            return True

    def _hindered(self, error: HistoryBlocked) -> None:
        if self._blocked is None:
            self._blocked_since = monotonic()
            _log.warning("history does not follow: %s", error)
        self._blocked = error

    def _unhindered(self) -> None:
        if self._blocked is not None:
            _log.warning("history follows again after %.1f s", monotonic() - self._blocked_since)
            self._blocked = None

    def _stopped(self) -> HistoryFailed:
        failed = HistoryFailed("history does not follow the journal" if self._failure is not None else "history is closed")
        failed.__cause__ = self._failure
        return failed

    def _fail_waiters(self, error: HistoryFailed) -> None:
        with self._lock:
            waiters, self._waiters = self._waiters, []
        _wake(waiters, error)


def _wake(waiters: list[_Waiter], error: HistoryFailed | None) -> None:
    """Resolves futures on their loops, one call a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for _, _, loop, future in waiters:
        by_loop.setdefault(loop, []).append(future)
    for loop, futures in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, futures, error)
        except RuntimeError:
            continue  # the loop is closed: nobody waits any more


def _resolve(futures: list["asyncio.Future[None]"], error: HistoryFailed | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def rebuild(store: HistoryWrites, source: EventSource, progress: Callable[[int], None] | None = None) -> int:
    """Drops everything and folds it again from the source. `progress` hears the last seq after each batch. Returns it."""
    store.open(0)
    store.clear()
    fold = Fold(store.cursor)
    for run, _ in source.runs(0):
        fold.feed(run)
        if fold.size >= BATCH_ROWS:
            store.apply(fold.rows())
            fold = Fold(store.cursor)
            if progress is not None:
                progress(store.cursor.seq)
    store.apply(fold.rows())
    if progress is not None:
        progress(store.cursor.seq)
    return store.cursor.seq
