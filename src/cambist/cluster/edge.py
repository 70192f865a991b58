"""The log and whoever leads, as one run of an edge has them: frames into its state, commands out of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from time import perf_counter

from nats.js.api import StorageType
from nats.js.errors import BucketNotFoundError, KeyNotFoundError, KeyWrongLastSequenceError

from cambist._core import Engine, JournalError, SnapshotOrigin
from cambist.cluster.command_channel import CommandSender
from cambist.cluster.connection import Connection
from cambist.cluster.log_stream import TROUBLE
from cambist.cluster.log_tail import LogTail
from cambist.exchange.edge_messages import BatchAnswer
from cambist.exchange.log_follower import LogFollower
from cambist.exchange.pending_commands import PendingCommands
from cambist.exchange.remote import RemoteCommands

APPLY_SECONDS = 0.005
"""How long frames are applied before the loop turns to requests again."""
LOOK_SECONDS = 0.1
"""Between two looks at the commands that are not decided."""
_KEY = "last"


class EdgeLog:
    """For the venue's loop. `begin`, once everybody has subscribed to `follower`; `close` ends it."""

    def __init__(
        self,
        connection: Connection,
        engine: Engine,
        origin: SnapshotOrigin | None,
        last_nonce: Callable[[int], int],
        on_failure: Callable[[BaseException], object],
        *,
        patience_seconds: float,
    ) -> None:
        """`engine` with its state, which came of a snapshot with that `origin`. JournalDamaged, JournalError: the log cannot be had."""
        self._connection = connection
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self.tail = LogTail(connection, engine.seq, origin)
        self.number = connection.run(new_number(connection))
        self.pending = PendingCommands(
            self.number, engine, self, last_nonce, self._loop, patience_seconds=patience_seconds, timer=perf_counter
        )
        self.follower = LogFollower(engine, self.pending, on_failure)
        self.commands = RemoteCommands(self.pending)
        self._sender = CommandSender(connection, self._loop, self._answered)
        self._due = self._closed = self._held = False
        self._looking: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Follows the log from now on."""
        self.tail.follow(self._moved, self._ended)
        self._look()

    def hold(self) -> None:
        """Lets the state stay as it is until `resume`; what comes waits."""
        self._held = True

    def resume(self) -> None:
        """Follows on."""
        self._held = False
        self._take()

    async def reached(self, seq: int, *, within: float) -> bool:
        """Waits until the state has command `seq`; False when the time was over first, or the log cannot be followed."""
        deadline = self._loop.time() + within
        while self._engine.seq < seq:
            if self._loop.time() >= deadline or self.follower.failure is not None:
                return False
            await asyncio.sleep(0.005)
        return True

    async def reached_tip(self, *, within: float) -> bool:
        """Waits until the state has everything that the log has by now; False when the time was over first, or it cannot be followed."""
        deadline = self._loop.time() + within
        tip = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.tail.look(), self._connection.loop))
        while not tip or not self.tail.taken(tip):
            if self._loop.time() >= deadline or self.follower.failure is not None:
                return False
            await asyncio.sleep(0.005)
        return True

    def close(self) -> None:
        """Follows no more; who waits for a command gets JournalStopped. The connection stays: it is its owner's to close, later."""
        if self._closed:
            return
        self._closed = True
        self.tail.close()
        self.pending.stop()
        if self._looking is not None:
            self._looking.cancel()

    def send(self, epoch: int, batch: bytes) -> None:
        """As `exchange.pending_commands.ToLeader`."""
        self._sender.send(epoch, batch)

    # --- on the connection's loop -----------------------------------------------------------------------------------------------
    def _moved(self) -> None:
        if not self._due:
            self._due = True
            with contextlib.suppress(RuntimeError):  # the venue's loop has ended
                self._loop.call_soon_threadsafe(self._take)

    def _ended(self, error: JournalError) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.follower.fail, error)

    # --- on the venue's loop ----------------------------------------------------------------------------------------------------
    def _take(self) -> None:
        self._due = False
        if self._closed or self._held:
            return
        until = perf_counter() + APPLY_SECONDS
        epoch = self.tail.epoch  # what it was read behind waits to be taken by now
        while (frame := self.tail.take()) is not None:
            self.follower.apply(frame)
            if perf_counter() > until:
                self._due = True
                self._loop.call_soon(self._take)
                return
        self.follower.opened(epoch)

    def _look(self) -> None:
        self.pending.look()
        self._take()
        self._looking = self._loop.call_later(LOOK_SECONDS, self._look)

    def _answered(self, answer: BatchAnswer) -> None:
        if not self._closed:
            self.pending.answered(answer)


async def new_number(connection: Connection) -> int:
    """A number for a run of an edge that no other one has or had; from 1. For the connection's loop. JournalError."""
    settings = connection.settings
    streams = connection.client.jetstream(timeout=2.0)
    bucket = f"{settings.name}-edges"
    deadline = connection.loop.time() + settings.give_up_seconds
    while True:
        try:
            try:
                store = await streams.key_value(bucket)
            except BucketNotFoundError:
                store = await streams.create_key_value(bucket=bucket, history=1, replicas=settings.replicas, storage=StorageType.FILE)
            try:
                last = await store.get(_KEY)
            except KeyNotFoundError:
                await store.create(_KEY, b"1")
                return 1
            number = int(last.value or b"0") + 1
            await store.update(_KEY, b"%d" % number, last.revision)
            return number
        except KeyWrongLastSequenceError:
            continue  # another one took it
        except TROUBLE as error:
            if connection.loop.time() > deadline:
                raise JournalError(f"the edge cannot be given a number: {error!r}") from None
            await asyncio.sleep(0.1)
