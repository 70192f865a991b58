"""The log as an edge reads it: from a shared snapshot on, without files of its own, every frame and the chain checked in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from time import monotonic

import structlog
from nats.aio.msg import Msg
from nats.js.api import StreamInfo

from cambist._core import Frame, JournalDamaged, JournalError, Last, SnapshotOrigin, decode_frame
from cambist.cluster.connection import Connection, majority_silence
from cambist.cluster.damage import DamageRecord
from cambist.cluster.frame_fields import frame_fields
from cambist.cluster.log_reader import LogReader, seq_of
from cambist.cluster.log_stream import BATCH_MESSAGES, FRAME, LogStream, Unknown
from cambist.cluster.nodes import Nodes, NodeStatus
from cambist.cluster.tips import decode_tip
from cambist.exchange.journal_port import GENESIS

LOOK_SECONDS = 0.25
"""Between two looks at the log's end when nobody tells of it."""
AHEAD_BYTES = 32 << 20
"""Frames that were read and not taken yet, at most: then reading waits."""

_log = structlog.get_logger("cambist.cluster")


class MemoryChain:
    """Frames that continue each other, until they are taken: a `log_reader.Chain`. For the connection's loop, but for `take`."""

    def __init__(self, identity: int, begin: Last, where: str, wanted: tuple[int, bytes] | None = None) -> None:
        """`wanted`: (last command, hash) of a frame that has to come, or to be where it begins."""
        self._identity = identity
        self._wanted = wanted
        self._last = begin
        self._where = where
        self._frames: deque[Frame] = deque()
        self.size = 0
        """Bytes of the frames that wait."""

    def append(self, encoded: bytes) -> Last:
        try:
            frame = decode_frame(encoded, self._identity, self._where, 0)
        except JournalDamaged as error:
            raise JournalError(str(error.args[0])) from None
        last = self._last
        if frame.prev_hash != last.hash:
            raise JournalError("the frame does not name the hash of the one before it")
        if frame.first_seq != (last.seq + 1 if frame.count else last.seq):
            raise JournalError(f"command {frame.first_seq} cannot come after {last.seq}")
        if self._wanted is not None and frame.last_seq >= self._wanted[0]:
            self._check_wanted(frame)
        self._last = Last(frame.last_seq, frame.last_seq, frame.hash)
        self._frames.append(frame)
        self.size += len(frame.payload)
        return self._last

    def _check_wanted(self, frame: Frame) -> None:
        """JournalDamaged when the frame that was wanted is not there."""
        assert self._wanted is not None
        seq, frame_hash = self._wanted
        if frame.hash == frame_hash:
            self._wanted = None
        elif frame.last_seq > seq:
            raise JournalDamaged(
                "the edge's state is of a copy of this venue that went on by itself: begin it anew", self._where, frame.last_seq
            )

    def last(self) -> Last:
        return self._last

    def take(self) -> Frame | None:
        """The oldest that waits. From any thread."""
        try:
            frame = self._frames.popleft()
        except IndexError:
            return None
        self.size -= len(frame.payload)
        return frame


async def log_identity(connection: Connection) -> int:
    """Of the log on these servers. For the connection's loop. JournalError: there is none, or they do not answer in time."""
    stream = LogStream(connection)
    info = await stream.find()
    identity = None if info is None else stream.identity_of(info)
    if identity is None:
        raise JournalError("there is no log on these servers: an engine node makes it")
    return identity


async def reaches_back_to(connection: Connection, seq: int) -> bool:
    """Whether the log has everything behind command `seq`. For the connection's loop. JournalError: it cannot be read in time."""
    stream = LogStream(connection)
    info = await stream.find()
    return info is not None and await _patiently(connection, stream, info, seq, stream.identity_of(info) or 0) is not None


async def _patiently(connection: Connection, stream: LogStream, info: StreamInfo, seq: int, identity: int) -> tuple[int, Last, int] | None:
    """As `frame_before`, asked again until it is time to give up: JournalError."""
    deadline = connection.loop.time() + connection.settings.give_up_seconds
    while True:
        try:
            return await frame_before(stream, max(info.state.first_seq, 1), info.state.last_seq, seq, identity)
        except Unknown as error:
            if connection.loop.time() > deadline:
                raise JournalError(f"the log cannot be read: {error}") from None
            await asyncio.sleep(0.05)


class LogTail:
    """Goes on reading the log. `moved` is called on the connection's loop when there are frames to `take`, or a new epoch."""

    def __init__(self, connection: Connection, seq: int, origin: SnapshotOrigin | None = None) -> None:
        """From the frame that holds command `seq + 1`, or begins before it. `origin`: of the snapshot whose state is had; the log has to
        hold its frame, which may come later than `seq`.

        JournalDamaged: the log does not, or no longer, hold what was before. JournalError: there is no log, or its servers do not answer
        in time.
        """
        self._connection = connection
        self.damage = DamageRecord()
        self.stream = LogStream(connection)
        self.tip = 0
        """The log's last message, as far as it is known."""
        self._heard_at = monotonic()
        self._running: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._room.set()
        connection.run(self._open(seq, origin))

    @property
    def identity(self) -> int:
        return self._identity

    @property
    def epoch(self) -> int:
        """The highest that the log showed so far. One that is read while frames wait to be taken is theirs."""
        return self._reader.epoch

    @property
    def behind(self) -> int:
        """Messages of the log that are not read yet."""
        return max(0, self.tip - self._reader.position)

    @property
    def silent_seconds(self) -> float:
        """Since anything was heard of the log's end. From any thread."""
        return monotonic() - self._heard_at

    async def look(self) -> int:
        """The log's last message as its leader has it; 0 when it does not answer. For the connection's loop."""
        with contextlib.suppress(Unknown):
            self.tip = max(self.tip, (await self.stream.info()).state.last_seq)
            return self.tip
        return 0

    def taken(self, message: int) -> bool:
        """Whether everything up to this message was read and taken."""
        return self._reader.position >= message and self._chain.size == 0

    def take(self) -> Frame | None:
        """The next frame; None when all that were read are taken. From any thread."""
        frame = self._chain.take()
        if self._chain.size <= AHEAD_BYTES and not self._room.is_set():
            with contextlib.suppress(RuntimeError):  # the connection's loop has ended
                self._connection.loop.call_soon_threadsafe(self._room.set)
        return frame

    def follow(self, moved: Callable[[], object], failed: Callable[[JournalError], object]) -> None:
        """Begins. `failed`, on the connection's loop too, hears why it ends. From any thread but the connection's."""
        self._connection.run(self._begin(moved, failed))

    def close(self) -> None:
        """Reads no more. From any thread but the connection's. Idempotent."""
        self._connection.run(self._end())

    async def _end(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.wait([running])

    async def _begin(self, moved: Callable[[], object], failed: Callable[[JournalError], object]) -> None:
        self._running = asyncio.create_task(self._follow(moved, failed))

    async def _open(self, seq: int, origin: SnapshotOrigin | None) -> None:
        info = await self.stream.find()
        identity = None if info is None else self.stream.identity_of(info)
        if info is None or identity is None:
            raise JournalError("there is no log on these servers: an engine node makes it")
        if origin is not None and origin.journal_identity != identity:
            raise JournalDamaged("the edge's state is of another log than the one on these servers", f"stream {self.stream.name}", 0)
        self._identity = identity
        found = await _patiently(self._connection, self.stream, info, seq, identity)
        if found is None:
            raise JournalDamaged(
                f"the log begins behind command {seq}, where this edge's state ends: what was before message {info.state.first_seq} was "
                "purged, and no node shares a state behind it; `cambist snapshot` on the node that leads does",
                f"stream {self.stream.name}",
                info.state.first_seq,
            )
        position, begin, epoch = found
        wanted = None if origin is None or origin.frame_hash == begin.hash else (origin.frame_seq, origin.frame_hash)
        self._chain = MemoryChain(identity, begin, f"stream {self.stream.name}", wanted)
        others = Nodes(self._connection, "", _no_status)
        self._reader = LogReader(self.stream, identity, self._chain, others, self.damage, position, epoch)
        self.tip = info.state.last_seq

    async def _follow(self, moved: Callable[[], object], failed: Callable[[JournalError], object]) -> None:
        heard = asyncio.Event()
        frames: dict[int, bytes] = {}
        loop, looked = self._connection.loop, -LOOK_SECONDS

        async def hear(message: Msg) -> None:
            with contextlib.suppress(ValueError):
                number, frame = decode_tip(message.data)
                self._heard_at = monotonic()
                self.tip = max(self.tip, number)
                if frame and len(frames) < BATCH_MESSAGES:
                    frames[number] = frame
            heard.set()

        await self._connection.client.subscribe(self._connection.settings.tip, cb=hear)
        while True:
            heard.clear()
            try:
                if loop.time() - looked >= LOOK_SECONDS:
                    looked = loop.time()
                    info = await self.stream.info()
                    self.tip = max(self.tip, info.state.last_seq)
                    self._heard_at = max(self._heard_at, monotonic() - majority_silence(info))
                while self._reader.position < self.tip:
                    if not self._reader.take_frames(frames):
                        await self._reader.read_to(min(self.tip, self._reader.position + BATCH_MESSAGES))
                    moved()
                    self._room.clear()
                    if self._chain.size > AHEAD_BYTES:
                        await self._room.wait()
            except Unknown:
                pass  # servers that do not answer are no reason to end: nobody can write to the log meanwhile
            except JournalError as error:
                failed(error)
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await heard.wait()


async def frame_before(stream: LogStream, first: int, last: int, seq: int, identity: int) -> tuple[int, Last, int] | None:
    """(message, its end, its epoch) of the last frame that ends before command `seq`; the log's beginning when there is none. None when
    what was between them was purged. Unknown.
    """
    low, high = first, last + 1
    while low < high:  # the first message that goes as far as `seq`
        middle = (low + high) // 2
        found = await stream.next_from(middle)
        if found is None or found.seq >= high or seq_of(found) >= max(seq, 1):
            high = middle
        else:
            low = found.seq + 1
    for position in range(low - 1, first - 1, -1):
        message = await stream.get(position)
        if message is not None and message.kind == FRAME:
            with contextlib.suppress(JournalDamaged):
                frame = decode_frame(message.data, identity, f"stream {stream.name}", position)
                return position, Last(frame.last_seq, frame.last_seq, frame.hash), frame.epoch
    if first == 1:
        return 0, Last(0, 0, GENESIS), 1
    message = await stream.next_from(first)
    fields = None if message is None else frame_fields(message.data)
    if fields is not None and fields.first_seq <= seq + 1:
        before = fields.first_seq - (1 if fields.commands else 0)
        return first - 1, Last(before, before, fields.prev_hash), fields.epoch
    return None


def _no_status() -> NodeStatus:
    raise AssertionError("an edge is asked for no status")
