"""One node of the log: a connection, the stream, this node's own journal files, and the others who may have what it lacks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.js.api import StreamInfo

from cambist._core import JournalCopy, JournalError, ReadOnlyJournal
from cambist.cluster.connection import Connection
from cambist.cluster.damage import DamageRecord
from cambist.cluster.frame_fields import frame_fields
from cambist.cluster.log_reader import LogReader, locate
from cambist.cluster.log_stream import BATCH_MESSAGES, FRAME, LogStream, Unknown, damaged
from cambist.cluster.nodes import Nodes, NodeStatus, whole_frame
from cambist.cluster.settings import LogSettings
from cambist.cluster.tips import decode_tip, encode_tip

_log = structlog.get_logger("cambist.cluster")

Entropy = Callable[[str, int], bytes]
LOOK_SECONDS = 0.25
"""Between two looks at the log's end of a node that follows, when it hears of nothing."""
SEEDED_AT_ONCE = 64
"""Frames on their way when a journal from before the cluster is put into the log."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the core stands that is fed from the log."""

    applied: int = 0
    checkpoints: Sequence[tuple[int, bytes]] = ()
    """As in NodeStatus."""
    trouble: str = "no venue runs on it"
    degraded: Sequence[str] = ()


class LogNode:
    """Opened: everything that was in the log is in this node's own journal."""

    def __init__(self, settings: LogSettings, directory: Path, entropy: Entropy) -> None:
        """JournalError, JournalLocked, JournalDamaged; JournalFailed when the node's own journal cannot be written."""
        self.settings = settings
        self.directory = directory
        self.entropy = entropy
        self.damage = DamageRecord()
        self.leads = False
        self.standing: Callable[[], Standing] = Standing
        """Asked for what only the process around the log knows. From any thread."""
        self.connection = Connection(settings)
        self.copy: JournalCopy | None = None
        try:
            self.connection.run(self._open())
        except BaseException:
            self.close()
            raise

    @property
    def files(self) -> JournalCopy:
        """This node's own journal."""
        assert self.copy is not None
        return self.copy

    @property
    def identity(self) -> int:
        return self.files.identity

    def status(self) -> NodeStatus:
        """For the other nodes. From any thread."""
        last, standing = self.files.last(), self.standing()
        return NodeStatus(
            self.settings.node,
            self.leads,
            self.reader.epoch,
            last.seq,
            last.hash.hex(),
            self.damage.count,
            standing.applied,
            tuple((seq, state_hash.hex()) for seq, state_hash in standing.checkpoints),
            standing.trouble,
            tuple(standing.degraded),
        )

    def close(self) -> None:
        """Lets go of everything. Idempotent. JournalFailed the first time when the node's own journal could not be written."""
        self.connection.close()
        if self.copy is not None:
            self.copy.close()

    async def catch_up(self) -> None:
        """Reads what the log has now into the node's own journal. JournalDamaged, JournalError, JournalFailed."""
        for_seconds = self.settings.give_up_seconds
        deadline = self.connection.loop.time() + for_seconds
        while True:
            try:
                info = await self.stream.info()
                await self.reader.read_to(info.state.last_seq)
            except Unknown as error:
                if self.connection.loop.time() > deadline:
                    raise JournalError(f"the log could not be read to its end within {for_seconds:g} s: {error}") from None
                await asyncio.sleep(0.05)
            else:
                return

    async def follow(self, moved: Callable[[], object]) -> None:
        """Goes on reading what is added to the log until it is cancelled; `moved` is called when the node's own journal has more.

        JournalDamaged, JournalError, JournalFailed.
        """
        loop, heard, wanted, looked = self.connection.loop, asyncio.Event(), 0, 0.0

        async def hear(message: Msg) -> None:
            nonlocal wanted
            with contextlib.suppress(ValueError):
                wanted = max(wanted, decode_tip(message.data)[0])
            heard.set()

        subscription = await self.connection.client.subscribe(self.settings.tip, cb=hear)
        try:
            while True:
                heard.clear()
                # Servers that do not answer are no reason to end: nobody can write to the log meanwhile.
                with contextlib.suppress(Unknown):
                    if loop.time() - looked >= LOOK_SECONDS:
                        looked = loop.time()
                        wanted = max(wanted, (await self.stream.info()).state.last_seq)
                    while self.reader.position < wanted:
                        await self.reader.read_to(min(wanted, self.reader.position + BATCH_MESSAGES))
                        moved()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await heard.wait()
        finally:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def tell_tip(self, frame: bytes = b"") -> None:
        """Has those who follow know that the log has more; `frame`, where it is one. What gets lost they find out by themselves."""
        with contextlib.suppress(nats.errors.Error):
            await self.connection.client.publish(self.settings.tip, encode_tip(self.reader.position, frame))

    # --- opening -------------------------------------------------------------------------------------------------------------
    async def _open(self) -> None:
        self.stream = LogStream(self.connection)
        self.nodes = Nodes(self.connection, str(self.directory), self.status)
        info = await self.stream.find()
        if info is None:
            # Another node may make it at the same time: then it is that one's.
            info = await self.stream.create(self._identity_of_files() or int.from_bytes(self.entropy("journal identity", 8), "little"))
        identity = self.stream.identity_of(info)
        self.copy = await asyncio.to_thread(self._open_copy, identity)
        position = await self._position(info)
        self.reader = LogReader(self.stream, self.identity, self.copy, self.nodes, self.damage, position, self.copy.epoch)
        await self.catch_up()
        await self.nodes.serve()
        await self._register()

    def _identity_of_files(self) -> int | None:
        """Of the journal that this node has already, from before there was a log."""
        return ReadOnlyJournal(str(self.directory)).identity if (self.directory / "format").exists() else None

    def _open_copy(self, identity: int | None) -> JournalCopy:
        settings = self.settings
        copy = JournalCopy.open(str(self.directory), identity, settings.segment_bytes, synced=settings.synced)
        if copy.cut is not None:
            file, offset, size = copy.cut
            _log.warning("the torn end of this node's journal was removed; the log has it", file=file, offset=offset, bytes=size)
        return copy

    async def _position(self, info: StreamInfo) -> int:
        """The message that this node's journal ends with. Before that, one of the two gets what only the other has."""
        deadline = self.connection.loop.time() + self.settings.give_up_seconds
        while True:
            try:
                return await self._find_position(info)
            except Unknown as error:
                if self.connection.loop.time() > deadline:
                    raise JournalError(f"the log cannot be read: {error}") from None
                await asyncio.sleep(0.05)
                with contextlib.suppress(Unknown):
                    info = await self.stream.info()

    async def _find_position(self, info: StreamInfo) -> int:
        first, last = max(info.state.first_seq, 1), info.state.last_seq
        position = await locate(self.stream, first, last, self.files.last(), self.identity)
        if position is not None:
            return position
        if first > 1 and await self._fill_from_others(first):
            position = await locate(self.stream, first, last, self.files.last(), self.identity)
            if position is not None:
                return position
            return first - 1  # the log begins exactly behind this node's journal
        if first == 1 and await self.stream.claims() == 0:  # nobody wrote to it but who began to put this journal into it
            return await self._seed(last)
        ends = self.files.last().seq
        raise damaged(
            f"the log does not hold command {ends} as this node's journal does: the node's journal is of a copy that went on by itself, "
            "such as a backup that was restored before its configuration had cluster.servers, or the log has lost what it had acknowledged "
            "(docs/internals/cluster.md, Damage). For a copy: put the directory journal aside and start again, the log has it",
            f"stream {self.stream.name}",
            last,
        )

    async def _fill_from_others(self, first: int) -> bool:
        """What was purged from the log, out of other nodes' journals, until the log's first message is reached; whether it was."""
        while True:
            beginning = await self.stream.next_from(first)
            fields = None if beginning is None else frame_fields(beginning.data)
            last = self.files.last()
            if fields is not None and (fields.prev_hash == last.hash or last.seq >= fields.last_seq):
                return True
            before = last.hash
            async for _node, frames in self.nodes.frames_after(last):
                for encoded in frames:
                    self.files.append(encoded)
                    if fields is not None and self.files.last().hash == fields.prev_hash:
                        return True
                break
            if self.files.last().hash == before:
                # A claim at the beginning names where it stands.
                return await locate(self.stream, first, first + 1, self.files.last(), self.identity) is not None

    # --- a journal from before the cluster -----------------------------------------------------------------------------------
    async def _seed(self, last: int) -> int:
        """Puts this node's own journal, or the rest of it, into the log; returns the last message. JournalDamaged, Unknown."""
        frames = iter(ReadOnlyJournal(str(self.directory)).read(1))
        if last > 0:
            newest = await self.stream.next_from(last)
            assert newest is not None
            for frame in frames:
                if whole_frame(self.identity, frame) == newest.data:
                    break
            else:
                raise damaged("the log holds another journal than this node's", f"stream {self.stream.name}", last)
        _log.info("putting this node's journal into the log", commands=self.files.last().seq)
        limit = self.stream.payload_limit
        waiting: set[asyncio.Task[tuple[int, bool]]] = set()
        for frame in frames:
            encoded = whole_frame(self.identity, frame)
            if len(encoded) > limit:
                raise JournalError(f"a frame of {len(encoded)} bytes does not fit a message of {limit}: raise the servers' max_payload")
            waiting.add(asyncio.create_task(self.stream.publish(FRAME, encoded, last, frame.hash.hex())))
            last += 1
            await asyncio.sleep(0)  # so that they leave in order
            if len(waiting) >= SEEDED_AT_ONCE:
                waiting = await self._some_seeded(waiting)
        while waiting:
            waiting = await self._some_seeded(waiting)
        return last

    @staticmethod
    async def _some_seeded(waiting: set[asyncio.Task[tuple[int, bool]]]) -> set[asyncio.Task[tuple[int, bool]]]:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        troubles = [error for task in done if (error := task.exception()) is not None]
        if troubles:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            # Whatever was stored is a beginning of the journal: the next attempt goes on behind it.
            raise Unknown(f"putting the journal into the log was interrupted: {troubles[0]!r}")
        return waiting

    async def _register(self) -> None:
        deadline = self.connection.loop.time() + self.settings.give_up_seconds
        while True:
            try:
                return await self.nodes.register()
            except Exception as error:
                if self.connection.loop.time() > deadline:
                    raise JournalError(f"the node cannot be entered into the cluster's list: {error}") from None
                await asyncio.sleep(0.2)
