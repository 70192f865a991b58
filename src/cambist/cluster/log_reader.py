"""Reads the log message by message, checks that nothing is missing, and gets elsewhere what one server has lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from cambist._core import Frame, JournalDamaged, JournalError, Last, decode_frame
from cambist.cluster.claims import Claim, decode_claim
from cambist.cluster.damage import Damage, DamageRecord
from cambist.cluster.frame_fields import frame_fields
from cambist.cluster.log_stream import CLAIM, FRAME, LogStream, Message, damaged
from cambist.exchange.journal_port import GENESIS

LAG_SECONDS = 3.0
"""How long a server may be behind the end that its leader tells of; then what it lacks is looked for elsewhere."""
HEAL_SECONDS = 10.0
"""How long all servers and nodes are asked for a message before it counts as being nowhere."""
_LOOK_SECONDS = 0.01


class Chain(Protocol):
    """Where the frames that were read go: a node's journal files (`_core.JournalCopy`), or what checks the chain without any."""

    def append(self, encoded: bytes) -> Last:
        """Takes a whole frame that continues what is there; where it ends now.

        JournalError, with nothing changed: it is not whole, of another journal, or does not continue it. JournalFailed.
        """

    def last(self) -> Last:
        """Where it ends."""


class OtherJournals(Protocol):
    """The journals of other nodes."""

    def frames_after(self, last: Last) -> AsyncIterator[tuple[str, list[bytes]]]:
        """(node, encoded frames behind the one that `last` names), of each node that has some."""


class LogReader:
    """Goes through the stream from one message on. For the connection's loop."""

    def __init__(
        self, stream: LogStream, identity: int, chain: Chain, others: OtherJournals, damage: DamageRecord, position: int, epoch: int
    ) -> None:
        self._stream = stream
        self._identity = identity
        self._chain = chain
        self._others = others
        self._damage = damage
        self.position = position
        """The message up to which the chain has everything."""
        self.epoch = epoch
        """The highest that is known: of a claim, or of a frame."""
        self._claimed = False
        self._skipped: tuple[int, str, str] | None = None
        """(first message, server, reason) of what no server has, and the chain may not need."""

    async def read_to(self, end: int) -> None:
        """Adds everything up to message `end` to the chain. JournalDamaged: something is nowhere whole. JournalError, Unknown."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + LAG_SECONDS
        while self.position < end:
            messages = await self._stream.batch(self.position + 1)
            for message in messages:
                if message.seq > end:
                    break
                await self._take_in_order(message)
            if messages:
                patience = loop.time() + LAG_SECONDS
            elif loop.time() > patience:
                await self._heal(self.position + 1, "the server's copy ends before the log does", may_skip=False)
            else:
                await asyncio.sleep(_LOOK_SECONDS)

    def take_frames(self, frames: dict[int, bytes]) -> bool:
        """Takes frames that came by another way than the log, by their messages' numbers, as far as they fit; whether any did.

        What is taken or behind is removed from `frames`, and what does not fit too: the log has what should be there. JournalFailed.
        """
        before = self.position
        while (data := frames.pop(self.position + 1, None)) is not None:
            if self._skipped is not None or self._take(Message(self.position + 1, FRAME, data)) is not None:
                break
        for number in [number for number in frames if number <= self.position]:
            del frames[number]
        return self.position > before

    async def _take_in_order(self, message: Message) -> None:
        while self.position + 1 < message.seq:
            await self._heal(self.position + 1, f"missing: the next message there is {message.seq}", may_skip=True)
        reason = self._take(message)
        if reason is None:
            return
        if self._skipped is not None:
            first, server, lost = self._skipped
            raise damaged(
                f"{server} has lost message {first} ({lost}), and neither another server nor another node has it", self._where, first
            )
        await self._heal(message.seq, reason, may_skip=True)

    def _take(self, message: Message) -> str | None:
        """Adds it; why not, when it is not what must stand here. JournalFailed."""
        if message.kind == FRAME:
            reason = self._take_frame(message.data)
        elif message.kind == CLAIM:
            reason = self._take_claim(message.data)
        else:
            reason = "neither a frame nor a claim"
        if reason is None:
            self.position = message.seq
            if self._skipped is not None:
                first, server, lost = self._skipped
                self._skipped = None
                self._damage.note(Damage(first, server, lost, ""))
        return reason

    def _take_frame(self, data: bytes) -> str | None:
        fields = frame_fields(data)
        if fields is None:
            return "shorter than a frame's header"
        if self._claimed and self._skipped is None and fields.epoch != self.epoch:
            return f"the frame is of epoch {fields.epoch}, and {self.epoch} holds"
        try:
            self._chain.append(data)
        except JournalError as error:
            if type(error) is not JournalError:
                raise
            frame = self._decoded(data)
            if frame is not None and frame.prev_hash == self._chain.last().hash and frame.epoch >= self.epoch:
                raise  # the frame is the next one: it is the disk that cannot take it
            if frame is None or frame.hash != self._chain.last().hash:
                return str(error)
            # The files end with it already: another node's journal was ahead of the message.
        self.epoch = max(self.epoch, fields.epoch)
        return None

    def _decoded(self, data: bytes) -> Frame | None:
        try:
            return decode_frame(data, self._identity, "", 0)
        except JournalDamaged:
            return None

    def _take_claim(self, data: bytes) -> str | None:
        claim = decode_claim(data)
        if claim is None or claim.identity != self._identity:
            return "the claim is not whole, or of another log"
        last = self._chain.last()
        if (claim.last_seq, claim.last_hash) != (last.seq, last.hash):
            return "the claim stands behind another frame than the log does"
        if claim.epoch <= self.epoch and self._claimed:
            return f"epoch went back from {self.epoch} to {claim.epoch}"
        self.claim(claim)
        return None

    def claim(self, claim: Claim) -> None:
        """A new writer's epoch holds from here on."""
        self.epoch, self._claimed = claim.epoch, True

    async def _heal(self, seq: int, reason: str, *, may_skip: bool) -> None:
        """Has message `seq` from another server or another node's journal, and notes the damage. JournalDamaged."""
        server, loop = self._stream.connected_server, asyncio.get_running_loop()
        deadline = loop.time() + HEAL_SECONDS
        while not await self._had_elsewhere(seq, server, reason):
            if loop.time() > deadline:
                break
            await asyncio.sleep(HEAL_SECONDS / 20)  # servers that were started just now do not answer for their copies yet
        else:
            return
        if not may_skip:
            raise damaged(f"{server}: {reason}, and neither another server nor another node has message {seq}", self._where, seq)
        # If it was a claim the chain goes on without it; the next frame tells.
        if self._skipped is None:
            self._skipped = (seq, server, reason)
        self.position = seq

    async def _had_elsewhere(self, seq: int, server: str, reason: str) -> bool:
        async for origin, message in self._stream.replicas(seq):
            if self._take(message) is None:
                self._damage.note(Damage(seq, server, reason, origin))
                return True
        async for node, frames in self._others.frames_after(self._chain.last()):
            for encoded in frames[:1]:
                if self._take(Message(seq, FRAME, encoded)) is None:
                    self._damage.note(Damage(seq, server, reason, f"the journal of node {node}"))
                    return True
        return False

    @property
    def _where(self) -> str:
        return f"stream {self._stream.name}"


async def locate(stream: LogStream, first: int, last: int, end: Last, identity: int) -> int | None:
    """The message with the frame that a chain ends with, looked for from message `first` to `last`; None when none of them has it.

    Before the first frame of all: the last message before it. Unknown.
    """
    if end.hash == GENESIS:
        return 0 if first <= 1 else None
    low, high = first, last + 1
    while low < high:  # the first message that is at `end.seq` or behind it
        middle = (low + high) // 2
        found = await stream.next_from(middle)
        if found is None or found.seq >= high or seq_of(found) >= end.seq:
            high = middle
        else:
            low = found.seq + 1
    while low <= last:
        found = await stream.next_from(low)
        if found is None or seq_of(found) > end.seq:
            return None
        if found.kind == FRAME and _hash_of(found, identity) == end.hash:
            return found.seq
        low = found.seq + 1
    return None


def seq_of(message: Message) -> int:
    """The last command up to this message; 0 when it does not say."""
    if message.kind == FRAME:
        fields = frame_fields(message.data)
        return 0 if fields is None else fields.last_seq
    claim = decode_claim(message.data)
    return 0 if claim is None else claim.last_seq


def _hash_of(message: Message, identity: int) -> bytes:
    try:
        return decode_frame(message.data, identity, "", 0).hash
    except JournalDamaged:
        return b""
