"""What nodes say to each other: who they are, how far their journals go, and frames out of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import msgspec
import nats.errors
from nats.aio.msg import Msg
from nats.js.errors import BucketNotFoundError, NoKeysError
from nats.js.kv import KeyValue

from cambist._core import Frame, JournalError, Last, ReadOnlyJournal, encode_frame
from cambist.cluster.connection import Connection
from cambist.cluster.frame_fields import split_frames
from cambist.exchange.journal_port import GENESIS

ANSWER_SECONDS = 1.0
"""How long the nodes are waited for; one that is silent for longer counts as away."""
HAND_OVER_SECONDS = 30.0
"""How long the node that leads may take to hand over."""
VERIFY_SECONDS = 3600.0
"""How long a node may take to read its whole journal."""
REPLY_BYTES = 512 << 10


class NodeStatus(msgspec.Struct, frozen=True):
    """One node, as it says itself."""

    node: str
    leads: bool
    epoch: int
    seq: int
    """The last command in its own journal."""
    hash: str
    """Of its journal's last frame, in hexadecimal digits."""
    damage: int
    """How many damaged messages it met with since it began."""
    applied: int = 0
    """The last command in its core's state."""
    checkpoints: tuple[tuple[int, str], ...] = ()
    """(seq, hash of the state after it in hexadecimal digits) of the newest checkpoints that its own state agreed with, oldest first."""
    trouble: str = ""
    """Why it could not lead; empty when it could."""
    degraded: tuple[str, ...] = ()
    """What does not work there although people can trade."""


class JournalCheck(msgspec.Struct, frozen=True):
    """What reading a node's own journal from its first byte came to."""

    node: str
    seq: int
    """The last command of the last whole frame that is not beyond what was asked for."""
    hash: str
    trouble: str
    """Why it could not be read on; empty when it is whole."""


class FramesWanted(msgspec.Struct, frozen=True):
    """A request for what stands behind a frame."""

    seq: int
    hash: str


class VerifyWanted(msgspec.Struct, frozen=True):
    up_to: int


class HandOverWanted(msgspec.Struct, frozen=True):
    """A request to the node that leads."""

    to: str
    """The node that shall lead; empty: whichever is ready."""


class HandedOver(msgspec.Struct, frozen=True):
    to: str
    rejection: str = ""
    """Why nothing was handed over."""


class Nodes:
    """This node's side of it. For the connection's loop, unless a method says otherwise."""

    def __init__(self, connection: Connection, directory: str, status: Callable[[], NodeStatus]) -> None:
        self._connection = connection
        self._client = connection.client
        self._directory = directory
        self._status = status
        self._name = connection.settings.name
        self._node = connection.settings.node
        self._stretch: tuple[bytes, Iterator[Frame]] | None = None

    async def serve(self) -> None:
        """Answers the others from now on."""
        for subject, answer in (
            (f"{self._name}.nodes", self._answer_status),
            (f"{self._name}.frames", self._answer_frames),
            (f"{self._name}.node.{self._node}.verify", self._answer_verify),
        ):
            await self._client.subscribe(subject, cb=answer)

    async def serve_hand_over(self, hand_over: Callable[[str], Awaitable[HandedOver]]) -> None:
        """Has requests to hand over answered, given the node that shall lead."""

        async def answer(message: Msg) -> None:
            with contextlib.suppress(msgspec.MsgspecError):
                wanted = msgspec.json.decode(message.data, type=HandOverWanted)
                await message.respond(msgspec.json.encode(await hand_over(wanted.to)))

        await self._client.subscribe(f"{self._name}.node.{self._node}.hand-over", cb=answer)

    async def register(self) -> None:
        """Has the cluster know of this node, for good: what is purged must be in its journal too. Errors of the client."""
        await (await registry(self._connection)).put(self._node, b"")

    # --- what others are asked -----------------------------------------------------------------------------------------------
    async def statuses(self, within: float = ANSWER_SECONDS, *, until: Callable[[NodeStatus], bool] | None = None) -> list[NodeStatus]:
        """Of all nodes that answer in time, this one too where it serves; no longer than until one is as `until` says."""
        return await ask_statuses(self._connection, within, until=until)

    async def frames_after(self, last: Last) -> AsyncIterator[tuple[str, list[bytes]]]:
        """(node, encoded frames behind the one that `last` names), of each other node that has some."""
        wanted = msgspec.json.encode(FramesWanted(last.seq, last.hash.hex()))
        async for answer in _answers(self._connection, f"{self._name}.frames", wanted, 2 * ANSWER_SECONDS):
            node = (answer.headers or {}).get("Node", "?")
            frames = split_frames(answer.data)
            if node != self._node and frames:
                yield node, frames

    # --- what this one answers -----------------------------------------------------------------------------------------------
    async def _answer_status(self, message: Msg) -> None:
        await message.respond(msgspec.json.encode(self._status()))

    async def _answer_frames(self, message: Msg) -> None:
        with contextlib.suppress(msgspec.MsgspecError, ValueError, JournalError):
            wanted = msgspec.json.decode(message.data, type=FramesWanted)
            frames = await asyncio.to_thread(self._frames_behind, wanted.seq, bytes.fromhex(wanted.hash))
            await self._client.publish(message.reply, frames, headers={"Node": self._node})

    async def _answer_verify(self, message: Msg) -> None:
        with contextlib.suppress(msgspec.MsgspecError):
            wanted = msgspec.json.decode(message.data, type=VerifyWanted)
            check = await asyncio.to_thread(check_journal, self._directory, self._node, wanted.up_to)
            await message.respond(msgspec.json.encode(check))

    def _frames_behind(self, seq: int, frame_hash: bytes) -> bytes:
        """Some of the frames behind this one in this node's journal, encoded; empty when it has none. JournalError."""
        journal = ReadOnlyJournal(self._directory)
        stretch, self._stretch = self._stretch, None
        frames = stretch[1] if stretch is not None and stretch[0] == frame_hash else self._behind(journal, seq, frame_hash)
        encoded, size, last = [], 0, frame_hash
        for frame in frames:
            encoded.append(whole_frame(journal.identity, frame))
            size += len(encoded[-1])
            last = frame.hash
            if size >= REPLY_BYTES:
                break
        self._stretch = (last, frames)
        return b"".join(encoded)

    @staticmethod
    def _behind(journal: ReadOnlyJournal, seq: int, frame_hash: bytes) -> Iterator[Frame]:
        frames = journal.read(max(seq, 1))
        if frame_hash == GENESIS:
            return journal.read(1)
        for frame in frames:
            if frame.hash == frame_hash:
                return frames
            if frame.first_seq > seq:
                break
        return iter(())


def whole_frame(identity: int, frame: Frame) -> bytes:
    """The frame's bytes, as they stand in every log."""
    return encode_frame(identity, frame.epoch, frame.kind, frame.first_seq, frame.count, frame.time, frame.prev_hash, frame.payload)


def check_journal(directory: str, node: str, up_to: int) -> JournalCheck:
    """Reads a journal's files from their first byte up to a command, every frame checked. Raises nothing."""
    seq, frame_hash = 0, GENESIS
    try:
        for frame in ReadOnlyJournal(directory).read(1):
            if frame.last_seq > up_to:
                break
            seq, frame_hash = frame.last_seq, frame.hash
    except JournalError as error:
        return JournalCheck(node, seq, frame_hash.hex(), " ".join(str(part) for part in error.args))
    return JournalCheck(node, seq, frame_hash.hex(), "")


async def registry(connection: Connection) -> KeyValue:
    """The bucket with the names of all nodes that ever were. Errors of the client."""
    streams = connection.client.jetstream(timeout=5.0)
    bucket = f"{connection.settings.name}-nodes"
    try:
        return await streams.key_value(bucket)
    except BucketNotFoundError:
        return await streams.create_key_value(bucket=bucket, history=1, replicas=connection.settings.replicas)


async def registered(connection: Connection) -> list[str]:
    """The names of all nodes, in order. Errors of the client."""
    try:
        return sorted(await (await registry(connection)).keys())
    except NoKeysError:
        return []


async def ask_statuses(
    connection: Connection, within: float = ANSWER_SECONDS, *, until: Callable[[NodeStatus], bool] | None = None
) -> list[NodeStatus]:
    """As `Nodes.statuses`, for whoever is no node."""
    found: dict[str, NodeStatus] = {}
    async for answer in _answers(connection, f"{connection.settings.name}.nodes", b"", within):
        with contextlib.suppress(msgspec.MsgspecError):
            status = msgspec.json.decode(answer.data, type=NodeStatus)
            found[status.node] = status
            if until is not None and until(status):
                break
    return [found[node] for node in sorted(found)]


async def ask_verified(connection: Connection, node: str, up_to: int) -> JournalCheck | None:
    """Has a node read its own journal from its first byte; None when it does not answer. It may take minutes."""
    request = msgspec.json.encode(VerifyWanted(up_to))
    async for answer in _answers(connection, f"{connection.settings.name}.node.{node}.verify", request, VERIFY_SECONDS):
        with contextlib.suppress(msgspec.MsgspecError):
            return msgspec.json.decode(answer.data, type=JournalCheck)
    return None


async def ask_hand_over(connection: Connection, node: str, to: str) -> HandedOver | None:
    """Has the node that leads hand over; None when it does not answer in time."""
    request = msgspec.json.encode(HandOverWanted(to))
    async for answer in _answers(connection, f"{connection.settings.name}.node.{node}.hand-over", request, HAND_OVER_SECONDS):
        with contextlib.suppress(msgspec.MsgspecError):
            return msgspec.json.decode(answer.data, type=HandedOver)
    return None


async def _answers(connection: Connection, subject: str, request: bytes, within: float) -> AsyncIterator[Msg]:
    """Every answer to a request that comes in time; none when nobody listens."""
    client, deadline = connection.client, connection.loop.time() + within
    subscription = await client.subscribe(client.new_inbox())
    try:
        await client.publish(subject, request, reply=subscription.subject)
        while (left := deadline - connection.loop.time()) > 0:
            try:
                message = await subscription.next_msg(timeout=left)
            except (nats.errors.Error, TimeoutError):
                return
            if (message.headers or {}).get("Status") == "503":  # nobody listens
                return
            yield message
    finally:
        with contextlib.suppress(nats.errors.Error):
            await subscription.unsubscribe()
