"""Who should try to lead: a key that one node holds and renews. It stops nobody; what keeps the log safe is its claims and their order."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import msgspec
import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.js.api import KeyValueConfig
from nats.js.errors import APIError, BucketNotFoundError, KeyDeletedError, KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from cambist.cluster.connection import Connection, cut_off
from cambist.cluster.log_stream import TROUBLE

_log = structlog.get_logger("cambist.cluster")

AGE_SECONDS = 5.0
"""Without a renewal the servers forget the key so long after the last one."""
RENEW_SECONDS = 1.0
TROUBLED_SECONDS = 0.25
"""Between two attempts while the servers do not answer."""
EXPECTED_SECONDS = 0.02
"""Between two looks at a key that was heard to be for this node."""
ABSENT_SECONDS = 1.0
"""How long the key must be seen to be gone before another node takes it: a holder whose servers were electing a leader comes first."""
ANSWER_SECONDS = 1.0
_KEY = "leader"


class Holding(msgspec.Struct, frozen=True):
    """The key's value."""

    node: str
    """Empty: nobody, and whoever comes first may take it."""
    opening: str = ""
    """Of the process that holds it; empty when `node` is only named as the next one."""


class Lease:
    """One process's part in it. `begin`, `hand_over` and `end` are for any thread but the connection's; the rest of it goes on there.

    What is heard of it is called on the connection's thread.
    """

    def __init__(self, connection: Connection, opening: str, *, wants: Callable[[], bool], taken: Callable[[], object]) -> None:
        """`opening`: of this process alone. `wants`: whether this node would take it now; `taken`: it has."""
        self._connection = connection
        self._settings = connection.settings
        self._opening = opening
        self._wants = wants
        self._taken = taken
        self._revision = 0
        """Of the key while this process holds it; 0 otherwise."""
        self._valid_until = 0.0
        self._first_look = True
        self._absent_since: float | None = None
        self._look_now = asyncio.Event()
        self._expected_until = 0.0
        """Until then the key may turn out to be for this node: it was heard of, and is perhaps not stored yet."""
        self._work: asyncio.Task[None] | None = None
        self.holder = ""
        """The node that was seen to hold it last; empty: none."""
        self.renewals_failed = 0

    @property
    def valid(self) -> bool:
        """Whether this process holds it, by its own clock: no other node takes it before this has become False."""
        return time.monotonic() < self._valid_until

    @property
    def seconds_left(self) -> float:
        return max(0.0, self._valid_until - time.monotonic())

    def begin(self) -> None:
        """From here on it is taken as soon as it may be, and renewed."""
        self._connection.run(self._begin())

    def hand_over(self, node: str = "") -> bool:
        """Gives it to a node, or to whoever comes first; this process tries no more. Whether the servers have it so."""
        return self._connection.run(self._hand_over(node))

    def end(self) -> None:
        """Tries no more. Idempotent. What is held runs out."""
        self._connection.run(self._end())

    # --- on the connection's loop ----------------------------------------------------------------------------------------------
    async def _begin(self) -> None:
        self._work = asyncio.create_task(self._go_on())

    async def _end(self) -> None:
        self._valid_until = 0.0
        if self._work is not None:
            await cut_off(self._work)

    async def _hand_over(self, node: str) -> bool:
        revision = self._revision
        await self._end()
        if revision == 0:
            return False
        for _ in range(3):
            try:
                await (await self._bucket()).update(_KEY, msgspec.json.encode(Holding(node)), last=revision)
            except KeyWrongLastSequenceError:
                return False
            except TROUBLE as error:
                _log.warning("the lease could not be handed over", reason=repr(error))
                continue
            return True
        return False

    async def _go_on(self) -> None:
        bucket: KeyValue | None = None
        while True:
            self._look_now.clear()
            pause = RENEW_SECONDS
            try:
                if bucket is None:
                    bucket = await self._bucket()
                    await self._connection.client.subscribe(f"$KV.{self._bucket_name}.{_KEY}", cb=self._hear)
                if self._revision:
                    await self._renew(bucket)
                else:
                    await self._look(bucket)
            except TROUBLE as error:
                self.renewals_failed += bool(self._revision)
                self._absent_since = None
                pause = TROUBLED_SECONDS
                _log.debug("the lease cannot be looked at", reason=repr(error))
            except Exception as error:
                _log.exception("the lease cannot be kept", error=repr(error))
            if self._absent_since is not None:
                pause = TROUBLED_SECONDS
            if not self._revision and time.monotonic() < self._expected_until:
                pause = EXPECTED_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), pause)

    async def _hear(self, message: Msg) -> None:
        """Somebody writes the key: when it is for this node, it need not wait for its next look."""
        with contextlib.suppress(msgspec.MsgspecError):
            if msgspec.json.decode(message.data, type=Holding).node in ("", self._settings.node) and not self._revision:
                self._expected_until = time.monotonic() + ABSENT_SECONDS
                self._look_now.set()

    async def _look(self, bucket: KeyValue) -> None:
        """Takes it when it is free, meant for this node, was held by this node before it started, or is gone for long enough.

        Errors of the client.
        """
        now = time.monotonic()
        first, self._first_look = self._first_look, False
        try:
            entry = await bucket.get(_KEY)
        except (KeyNotFoundError, KeyDeletedError):
            self.holder = ""
            if self._absent_since is None:
                self._absent_since = now
            if now - self._absent_since >= ABSENT_SECONDS and self._wants():
                await self._take(bucket, 0, now)
            return
        self._absent_since = None
        held = msgspec.json.decode(entry.value or b"{}", type=Holding)
        self.holder = held.node if held.opening else ""
        meant = held.node == "" or (held.node == self._settings.node and (first or not held.opening))
        if meant and self._wants():
            await self._take(bucket, entry.revision or 0, now)

    async def _take(self, bucket: KeyValue, revision: int, now: float) -> None:
        try:
            taken = await bucket.update(_KEY, self._value, last=revision)
        except KeyWrongLastSequenceError:
            self._absent_since = None
            return
        self._absent_since = None
        self._held(taken, now)
        _log.info("this node has the lease", node=self._settings.node)
        self._taken()

    async def _renew(self, bucket: KeyValue) -> None:
        now = time.monotonic()
        try:
            self._held(await bucket.update(_KEY, self._value, last=self._revision), now)
            return
        except KeyWrongLastSequenceError:
            pass
        try:
            entry = await bucket.get(_KEY)
        except (KeyNotFoundError, KeyDeletedError):
            # It ran out while the servers were electing a leader, and nobody else has it yet.
            with contextlib.suppress(KeyWrongLastSequenceError):
                self._held(await bucket.update(_KEY, self._value, last=0), now)
            return
        if entry.value == self._value:  # a renewal whose answer did not come
            self._revision = entry.revision or 0
            self._look_now.set()
            return
        self._revision, self._valid_until = 0, 0.0
        _log.warning("this node has lost the lease", node=self._settings.node)

    def _held(self, revision: int, since: float) -> None:
        self._revision, self._valid_until = revision, since + AGE_SECONDS
        self.holder = self._settings.node

    @property
    def _value(self) -> bytes:
        return msgspec.json.encode(Holding(self._settings.node, self._opening))

    @property
    def _bucket_name(self) -> str:
        return f"{self._settings.name}-lease"

    async def _bucket(self) -> KeyValue:
        return await lease_bucket(self._connection)


async def lease_bucket(connection: Connection) -> KeyValue:
    """Errors of the client."""
    streams = connection.client.jetstream(timeout=ANSWER_SECONDS)
    name = f"{connection.settings.name}-lease"
    try:
        return await streams.key_value(name)
    except BucketNotFoundError:
        config = KeyValueConfig(bucket=name, history=1, ttl=AGE_SECONDS, replicas=connection.settings.replicas)
        with contextlib.suppress(APIError, nats.errors.Error):  # another node makes it at the same time
            return await streams.create_key_value(config)
        return await streams.key_value(name)


async def holder(connection: Connection) -> str:
    """The node that holds it; empty when none does. Errors of the client."""
    try:
        entry = await (await lease_bucket(connection)).get(_KEY)
    except (KeyNotFoundError, KeyDeletedError):
        return ""
    held = msgspec.json.decode(entry.value or b"{}", type=Holding)
    return held.node if held.opening else ""
