"""The journal's port on NATS JetStream: the log is a replicated stream, and reading is this node's own journal files."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time as clock
import weakref
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import structlog
from nats.aio.msg import Msg
from nats.js.api import StreamInfo

from cambist._core import (
    Frame,
    JournalError,
    JournalFailed,
    JournalFenced,
    Last,
    ReadOnlyJournal,
    decode_frame,
    encode_frame,
)
from cambist.cluster.claims import Claim
from cambist.cluster.connection import cut_off
from cambist.cluster.frame_writer import FrameWriter, WriterCounts
from cambist.cluster.handed_in import OVERHEAD, Draft, HandedIn
from cambist.cluster.log_stream import CLAIM, FRAME, Unknown
from cambist.cluster.node import Entropy, LogNode
from cambist.cluster.settings import FRAME_BYTES, LogSettings
from cambist.cluster.wake import Bell

_log = structlog.get_logger("cambist.cluster")

HEADER_BYTES = 512
"""Of a message, beside the frame: what its fields may take."""
RESERVE_BYTES = 64 << 20
"""Room that is kept for cancels when the log fills up; of a small log an eighth."""
LOOK_SECONDS = 1.0
"""Between two looks at how full the log is, when it is nearly."""


class JetStreamJournal:
    """A `JournalPort`. It follows the log, as a reader, until `lead`; whoever leads after it fences it."""

    def __init__(self, settings: LogSettings, directory: Path, entropy: Entropy) -> None:
        """Catches up with the log. `directory`: this node's own journal files.

        JournalLocked: another process has the directory. JournalDamaged, JournalError, JournalFailed.
        """
        self._changed = threading.Condition()
        self._failure: JournalError | None = None
        self._closing = self._closed = self._leads = self._retired = False
        self._bell = Bell()
        self._listeners: weakref.WeakSet[Bell] = weakref.WeakSet()
        self.counts = WriterCounts()
        try:
            self.node = LogNode(settings, directory, entropy)
        except BaseException:
            self._bell.close()
            raise
        self._loop = self.node.connection.loop
        self._files = ReadOnlyJournal(str(directory))
        end = self.node.files.last()
        self._durable_seq, self._durable_hash = end.seq, end.hash
        self._handed = self._nothing_handed_in()
        self._in_flight = False
        self._work = asyncio.Event()
        self._idle = True
        self.node.connection.run(self._begin(self._follow()))

    def lead(self) -> None:
        """Reads to the log's end and claims its next epoch: from here on this opening writes. Blocks until that is so.

        JournalDamaged, JournalError, JournalFailed: this opening is of no use any more.
        """
        self._check_open()
        self.node.connection.run(self._end(cut=True))
        with self._changed:
            if self._failure is not None:
                raise self._failure
        try:
            epoch = self.node.connection.run(self._claim())
        except JournalError as error:
            self._fail(error)
            raise
        with self._changed:
            self._epoch, self._leads = epoch, True
            self._note_end()
            self._handed = self._nothing_handed_in()
            self._bell.clear()
        self.node.connection.run(self._begin(self._write()))
        _log.info("this node leads", node=self.node.settings.node, epoch=epoch, seq=self._durable_seq)

    def retire(self) -> None:
        """Writes no more: everything handed in is durable, and another node's claim is expected."""
        with self._changed:
            self._retired, self.node.leads = True, False

    @property
    def leads(self) -> bool:
        """Whether this opening has the log's newest claim, as far as it knows."""
        return self._leads and not self._retired and self._failure is None

    # --- the port: reading ---------------------------------------------------------------------------------------------------
    @property
    def identity(self) -> int:
        return self.node.identity

    def read(self, from_seq: int = 1) -> Iterator[Frame]:
        self._check_open()
        return self._files.read(from_seq)

    def follow(self, from_seq: int = 1) -> JetStreamFollower:
        self._check_open()
        return JetStreamFollower(self, self._files.read(from_seq))

    def last(self) -> Last:
        with self._changed:
            return Last(self._handed.last_seq if self._leads else self._durable_seq, self._durable_seq, self._durable_hash)

    # --- the port: writing ---------------------------------------------------------------------------------------------------
    @property
    def epoch(self) -> int:
        return self._epoch if self._leads else self.node.reader.epoch

    @property
    def space_low(self) -> bool:
        low = self._leads and self._room() < self._reserve
        if low:
            self._look_for_room()
        return low

    def fileno(self) -> int:
        return self._bell.descriptor

    def append(self, expected_last_seq: int, epoch: int, count: int, time: int, commands: bytes) -> int:
        with self._changed:
            self._check(expected_last_seq, epoch)
            if count == 0:
                raise JournalError("a command frame needs at least one command")
            self._check_room(len(commands))
            seq = self._handed.commands(count, time, commands)
            self._wake_writer()
            return seq

    def checkpoint(self, seq: int, epoch: int, state_hash: bytes) -> None:
        if len(state_hash) != 32:
            raise ValueError(f"a hash has 32 bytes, not {len(state_hash)}")
        with self._changed:
            self._check(seq, epoch)
            self._check_room(len(state_hash))
            self._handed.checkpoint(state_hash)
            self._wake_writer()

    def acknowledge(self) -> int:
        self._bell.clear()
        with self._changed:
            if self._failure is not None:
                raise self._failure
            return self._durable_seq

    def wait(self) -> int:
        with self._changed:
            while self._failure is None and (self._in_flight or len(self._handed)):
                self._changed.wait()
            if self._failure is not None:
                raise self._failure
            return self._durable_seq

    def close(self) -> None:
        with self._changed:
            if self._closing:
                return
            self._closing = True
        failure: JournalError | None = None
        with contextlib.suppress(RuntimeError):  # the loop is gone with a thread that died
            self.node.connection.run(self._end(cut=not self._leads))
        with self._changed:
            if self._in_flight or len(self._handed):
                failure = self._failure or JournalFailed("the journal was closed before everything was durable")
        self.node.leads = False
        try:
            self.node.close()
        finally:
            with self._changed:
                self._closed = True
                self._announce()
            self._bell.close()
        if failure is not None:
            raise failure

    # --- following, and taking over ------------------------------------------------------------------------------------------
    async def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Has this go on beside everything else: following first, writing later."""
        self._running = asyncio.create_task(work)

    async def _end(self, *, cut: bool) -> None:
        """Returns when what goes on has ended, which what is not cut off does once nothing is handed in."""
        if cut:
            await cut_off(self._running)
        self._work.set()
        await asyncio.wait([self._running])

    async def _follow(self) -> None:
        try:
            await self.node.follow(self._moved)
        except JournalError as error:
            self._fail(error)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            _log.exception("following the log failed")
            self._fail(JournalFailed(f"following the log failed: {error!r}"))

    def _moved(self) -> None:
        with self._changed:
            self._note_end()

    def _note_end(self) -> None:
        """The caller holds `_changed`."""
        end = self.node.files.last()
        self._durable_seq, self._durable_hash = end.seq, end.hash
        self._announce()

    def _nothing_handed_in(self) -> HandedIn:
        seq = self._durable_seq
        return HandedIn(seq, self._last_time(seq), FRAME_BYTES, self.node.stream.payload_limit - HEADER_BYTES)

    async def _claim(self) -> int:
        """Puts this opening's claim at the log's end; returns its epoch."""
        node = self.node
        opening = node.entropy("log opening", 16)
        while True:
            await node.catch_up()
            end = node.files.last()
            claim = Claim(node.identity, node.reader.epoch + 1, end.seq, end.hash, opening, node.settings.node)
            self._writer = FrameWriter(node.stream, node.reader.position, self.counts)
            try:
                await self._writer.write(CLAIM, claim.encode(), f"claim {claim.epoch} {opening.hex()}")
            except JournalFenced:
                continue  # somebody wrote meanwhile: their message comes first
            break
        node.reader.position = self._writer.position
        node.reader.claim(claim)
        node.leads = True
        await node.tell_tip()
        self._note_room(await self._info())
        await node.connection.client.subscribe(node.settings.subject(CLAIM), cb=self._hear_claim)
        return claim.epoch

    async def _info(self) -> StreamInfo:
        deadline = self.node.connection.loop.time() + self.node.settings.give_up_seconds
        while True:
            try:
                return await self.node.stream.info()
            except Unknown as error:
                if self.node.connection.loop.time() > deadline:
                    raise JournalError(f"the log cannot be looked at: {error}") from None
                await asyncio.sleep(0.05)

    async def _hear_claim(self, message: Msg) -> None:
        """Somebody asks for the log: when he gets it, this writer need not wait for its next frame to hear of that."""
        del message
        if self._retired:
            return
        self._work.set()
        for _ in range(20):
            await asyncio.sleep(0.05)
            with contextlib.suppress(Unknown):
                if not self._in_flight and self._failure is None and (who := await self._writer.fenced()) and not self._in_flight:
                    self._fail(JournalFenced(f"another writer has taken over: {who}"))
                    return

    # --- the writer, on the connection's loop ----------------------------------------------------------------------------------
    async def _write(self) -> None:
        try:
            while True:
                draft = self._next_draft()
                if draft is not None:
                    await self._make_durable(draft)
                elif self._closing:
                    return
                else:
                    await self._work.wait()
        except JournalError as error:
            # A plain one is of this node's own disk: what the log has and the disk has not must not be acknowledged.
            self._fail(JournalFailed(str(error)) if type(error) is JournalError else error)
        except asyncio.CancelledError:
            self._fail(JournalFailed("the connection's thread has ended"))
            raise
        except BaseException as error:
            _log.exception("the log's writer failed")
            self._fail(JournalFailed(f"the log's writer failed: {error!r}"))

    def _next_draft(self) -> Draft | None:
        with self._changed:
            if self._failure is not None:
                raise self._failure
            draft = self._handed.take()
            self._in_flight = draft is not None
            if draft is None:
                self._idle = True
                self._work.clear()
            return draft

    async def _make_durable(self, draft: Draft) -> None:
        payload = b"".join(draft.payload)
        end = self.node.files.last()
        identity, first, count = self.node.identity, draft.first_seq, draft.count
        encoded = encode_frame(identity, self._epoch, draft.kind, first, count, draft.time, end.hash, payload)
        frame_hash = decode_frame(encoded, identity, "", 0).hash
        # The disk has the frame before this one by the time that the servers have this one.
        synced = self._loop.run_in_executor(None, self.node.files.sync)
        try:
            await self._writer.write(FRAME, encoded, frame_hash.hex())
        finally:
            await synced
        self.node.reader.position = self._writer.position
        last = self.node.files.append(encoded)
        with self._changed:
            self._durable_seq, self._durable_hash = last.seq, last.hash
            self._used += len(encoded) + OVERHEAD
            self._in_flight = False
            self._announce()
        await self.node.tell_tip(encoded)

    def _announce(self) -> None:
        """Wakes everybody. The caller holds `_changed`."""
        self._changed.notify_all()
        self._bell.ring()
        for bell in self._listeners:
            bell.ring()

    def _fail(self, error: JournalError) -> None:
        with self._changed:
            if self._failure is None:
                self._failure = error
                _log.error("this node's writing has ended", reason=str(error))
            self.node.leads = False
            self._announce()

    def _wake_writer(self) -> None:
        """The caller holds `_changed`."""
        if self._idle:
            self._idle = False
            self._loop.call_soon_threadsafe(self._work.set)

    # --- room ----------------------------------------------------------------------------------------------------------------
    def _note_room(self, info: StreamInfo) -> None:
        most = info.config.max_bytes or -1
        self._most = most if most > 0 else 1 << 62
        self._used = info.state.bytes
        self._reserve = min(RESERVE_BYTES, self._most // 8)
        self._looked = clock.monotonic()

    def _room(self) -> int:
        """Bytes that the log takes before it is full, as far as this writer knows: a frame more or less, without the lock."""
        return 0 if self._writer.full else self._most - self._used - self._handed.size

    def _check_room(self, payload: int) -> None:
        if self._room() < payload + 2 * OVERHEAD:
            self._look_for_room()
            raise JournalError(
                f"the log has no space left: its servers take {self._most} bytes, and {self._used} are used; nothing was written, nothing "
                "acknowledged is lost"
            )

    def _look_for_room(self) -> None:
        """Asks the servers again, at most once a second; the answer is for the next who asks."""
        if clock.monotonic() - self._looked >= LOOK_SECONDS and not self._closing:
            self._looked = clock.monotonic()
            asyncio.run_coroutine_threadsafe(self._refresh_room(), self._loop)

    async def _refresh_room(self) -> None:
        with contextlib.suppress(Unknown):
            info = await self.node.stream.info()
            with self._changed:
                self._note_room(info)

    # --- checks --------------------------------------------------------------------------------------------------------------
    def _last_time(self, seq: int) -> int:
        """Of the last frame; 0 without frames."""
        return max((frame.time for frame in self._files.read(max(seq, 1))), default=0)

    def _check_open(self) -> None:
        if self._closing:
            raise JournalError("the journal is closed")

    def _check(self, expected_last_seq: int, epoch: int) -> None:
        self._check_open()
        if self._failure is not None:
            raise self._failure
        if not self._leads or self._retired:
            raise JournalFenced("this node follows the log and does not write it")
        if epoch != self._epoch:
            raise JournalFenced(f"epoch {epoch} is not the current epoch {self._epoch}")
        if expected_last_seq != self._handed.last_seq:
            raise JournalError(f"expected last seq {expected_last_seq}, but it is {self._handed.last_seq}")


class JetStreamFollower:
    """What `follow` returns."""

    def __init__(self, journal: JetStreamJournal, frames: Iterator[Frame]) -> None:
        self._journal = journal
        self._frames = frames
        self._ahead: Frame | None = None
        """Taken from the files by a wait, and not iterated over yet."""
        self._bell = Bell()
        self._bell.ring()
        journal._listeners.add(self._bell)

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        self._check_open()
        if not self._look():
            with self._journal._changed:
                self._bell.clear()
                if self._journal._failure is not None or self._journal._closed:
                    self._bell.ring()
            if not self._look():  # once more: it may have come between the two
                raise StopIteration
            self._bell.ring()
        frame, self._ahead = self._ahead, None
        assert frame is not None
        return frame

    def wait(self, timeout_seconds: float | None = None) -> bool:
        self._check_open()
        deadline = None if timeout_seconds is None else clock.monotonic() + timeout_seconds
        while not self._look():
            with self._journal._changed:
                if self._look():
                    return True
                if self._journal._failure is not None:
                    raise self._journal._failure
                if self._journal._closed:
                    raise JournalError("the journal is closed")
                left = None if deadline is None else deadline - clock.monotonic()
                if left is not None and left <= 0:
                    return False
                self._journal._changed.wait(left)
        return True

    def fileno(self) -> int:
        return self._bell.descriptor

    def close(self) -> None:
        self._journal._listeners.discard(self._bell)
        self._bell.close()

    def _look(self) -> bool:
        """Whether there is a frame to iterate over."""
        if self._ahead is None:
            self._ahead = next(self._frames, None)
        return self._ahead is not None

    def _check_open(self) -> None:
        if self._bell.descriptor < 0:
            raise JournalError("the follower is closed")
