"""The stream that holds the log: one message is one frame, or a claim. All methods run on the connection's loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import NamedTuple

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError

from cambist._core import JournalDamaged, JournalError
from cambist.cluster import claims, frame_fields
from cambist.cluster.connection import Connection, connect

FRAME, CLAIM = "frame", "claim"
TROUBLE = (nats.errors.Error, OSError, TimeoutError)
"""What the client raises when servers or network do not do what they should."""
WRONG_LAST = frozenset({10071, 10164})
STORE_FAILED, STORAGE_EXCEEDED, NO_RESOURCES = 10077, 10047, 10023
ANSWER_SECONDS = 2.0
"""How long one request is waited for; beyond it nothing is known of it."""
BATCH_MESSAGES, BATCH_BYTES = 512, 4 << 20
IDENTITY = "cambist-journal"
"""In the stream's metadata: the journal's id in hexadecimal digits."""
DUPLICATE_WINDOW_SECONDS = 120.0


class Message(NamedTuple):
    """One of the stream's messages."""

    seq: int
    """The stream's number, from 1; commands have their own."""
    kind: str
    """`frame`, `claim`, or empty when it is neither."""
    data: bytes


class WrongLast(Exception):
    """The stream does not end where the writer thought: nothing was stored. args: (what the server says,)."""


class NoRoom(Exception):
    """The stream or its servers are full: nothing was stored. args: (what the server says,)."""


class Unknown(Exception):
    """No answer, or none that says whether the message was stored. args: (why,)."""


def kind_of(data: bytes) -> str:
    if data.startswith(frame_fields.MAGIC):
        return FRAME
    return CLAIM if data.startswith(claims.MAGIC) else ""


class LogStream:
    """The stream, by one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.settings = connection.settings
        self.name = self.settings.stream
        self._client = connection.client
        self._streams = connection.client.jetstream(timeout=ANSWER_SECONDS)

    @property
    def payload_limit(self) -> int:
        """Bytes of the largest message that the servers take."""
        return self._client.max_payload

    @property
    def connected_server(self) -> str:
        url = self._client.connected_url
        return "" if url is None else f"nats://{url.hostname}:{url.port}"

    # --- the stream itself ---------------------------------------------------------------------------------------------------
    def config(self, identity: int) -> StreamConfig:
        settings = self.settings
        return StreamConfig(
            name=self.name,
            subjects=[settings.subject("*")],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            num_replicas=settings.replicas,
            max_bytes=settings.max_bytes,
            discard=DiscardPolicy.NEW,
            duplicate_window=DUPLICATE_WINDOW_SECONDS,
            deny_delete=True,
            allow_direct=True,
            metadata={IDENTITY: f"{identity:016x}"},
        )

    async def find(self) -> StreamInfo | None:
        """None when there is no such stream. JournalError when nobody answers in time, or it is not kept as a log must be."""
        reasons: list[str] = []
        async for _ in self._attempts("the log on NATS", reasons):
            try:
                info = await self._streams.stream_info(self.name)
            except NotFoundError:
                return None
            except TROUBLE as error:
                reasons.append(f"{error!r}")
                continue
            kept = info.config
            if self.identity_of(info) is None:
                raise JournalError(f"the stream {self.name} is no log of Cambist's")
            if kept.discard != DiscardPolicy.NEW or kept.storage != StorageType.FILE or (kept.max_age or 0) > 0:
                raise JournalError(f"the stream {self.name} must be kept in files, discard new messages when full, and let none expire")
            return info
        raise AssertionError("attempts end with an error")

    async def create(self, identity: int) -> StreamInfo:
        """Makes it; what is there already is left as it is. JournalError."""
        reasons: list[str] = []
        async for _ in self._attempts("a new log on NATS", reasons):
            try:
                return await self._streams.add_stream(self.config(identity))
            except APIError as error:
                reasons.append(f"{error.description}")
                if error.err_code in (STORAGE_EXCEEDED, NO_RESOURCES):
                    raise JournalError(f"the servers have no room for a log of {self.settings.max_bytes} bytes: {reasons[-1]}") from None
                if (found := await self.find()) is not None:
                    return found
            except TROUBLE as error:
                reasons.append(f"{error!r}")
        raise AssertionError("attempts end with an error")

    async def info(self) -> StreamInfo:
        """As its leader has it. Unknown."""
        try:
            return await self._streams.stream_info(self.name)
        except TROUBLE as error:
            raise Unknown(f"{error!r}") from None

    async def claims(self) -> int:
        """How many claims the log holds, as its leader has it. Unknown."""
        subject = self.settings.subject(CLAIM)
        try:
            info = await self._streams.stream_info(self.name, subjects_filter=subject)
        except TROUBLE as error:
            raise Unknown(f"{error!r}") from None
        return (info.state.subjects or {}).get(subject, 0)

    @staticmethod
    def identity_of(info: StreamInfo) -> int | None:
        text = (info.config.metadata or {}).get(IDENTITY, "")
        try:
            return int(text, 16)
        except ValueError:
            return None

    async def purge_before(self, seq: int) -> None:
        """Removes all messages before `seq`. Unknown."""
        try:
            await self._streams.purge_stream(self.name, seq=seq)
        except TROUBLE as error:
            raise Unknown(f"{error!r}") from None

    # --- writing -------------------------------------------------------------------------------------------------------------
    async def publish(self, kind: str, data: bytes, expected_last: int, message_id: str) -> tuple[int, bool]:
        """Stores the message behind `expected_last`, once whatever is retried with the same id; returns its number, and whether an earlier
        call had stored it.

        WrongLast, NoRoom: it was not stored by this call. Unknown.
        """
        headers = {
            "Nats-Msg-Id": message_id,
            "Nats-Expected-Last-Sequence": str(expected_last),
            "Nats-Expected-Stream": self.name,
        }
        try:
            ack = await self._streams.publish(self.settings.subject(kind), data, timeout=ANSWER_SECONDS, headers=headers)
        except APIError as error:
            text = error.description or ""
            if error.err_code in WRONG_LAST:
                raise WrongLast(text) from None
            full = error.err_code == STORE_FAILED and "maximum" in text
            if full or error.err_code in (STORAGE_EXCEEDED, NO_RESOURCES):
                raise NoRoom(text) from None
            raise Unknown(text) from None
        except TROUBLE as error:
            raise Unknown(f"{error!r}") from None
        return ack.seq, bool(ack.duplicate)

    # --- reading -------------------------------------------------------------------------------------------------------------
    async def get(self, seq: int) -> Message | None:
        """What the connected server's copy has under this number. Unknown."""
        found = await self.next_from(seq)
        return found if found is not None and found.seq == seq else None

    async def next_from(self, seq: int) -> Message | None:
        """The first one from this number on that the connected server's copy has. Unknown."""
        return next(iter(await self._ask(self._client, max(seq, 1), 1)), None)

    async def batch(self, first: int) -> list[Message]:
        """Messages from `first` on in order, as the connected server's copy has them, holes left out; empty at its end. Unknown."""
        return await self._ask(self._client, first, BATCH_MESSAGES)

    async def replicas(self, seq: int) -> AsyncIterator[tuple[str, Message]]:
        """(server, message) from every server that has it, each asked by itself: the connected one answers for its own copy only."""
        known = {f"nats://{url.hostname}:{url.port}" for url in self._client.servers} | set(self.settings.servers)
        for server in sorted(known):
            try:
                client = await connect(self.settings, [server], patient=False)
            except TROUBLE:
                continue
            try:
                with contextlib.suppress(Unknown):
                    for message in await self._ask(client, seq, 1):
                        if message.seq == seq:
                            yield server, message
            finally:
                await client.close()

    async def _ask(self, client: Client, first: int, most: int) -> list[Message]:
        """A direct request, which the asked server answers from its own copy."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Msg] = loop.create_future()
        answers: list[Msg] = []

        async def hear(message: Msg) -> None:
            if message.headers and "Status" in message.headers:
                if not done.done():
                    done.set_result(message)
            else:
                answers.append(message)

        request = {"seq": first, "batch": most, "max_bytes": BATCH_BYTES, "no_hdr": most > 1}
        inbox = client.new_inbox()
        try:
            subscription = await client.subscribe(inbox, cb=hear, pending_msgs_limit=-1, pending_bytes_limit=-1)
            await client.publish(f"$JS.API.DIRECT.GET.{self.name}", json.dumps(request).encode(), reply=inbox)
            try:
                end = await asyncio.wait_for(done, ANSWER_SECONDS)
            finally:
                await subscription.unsubscribe()
        except TROUBLE as error:
            raise Unknown(f"{error!r}") from None
        return await self._numbered(client, first, answers, end)

    async def _numbered(self, client: Client, first: int, answers: list[Msg], end: Msg) -> list[Message]:
        """Without headers, which are slow to read, messages are numbered by their order; with a hole among them that does not hold."""
        headers = end.headers or {}
        if headers.get("Status") == "404" or not answers:
            return []
        if headers.get("Status") != "204":
            raise Unknown(f"the server answers {headers.get('Status')} {headers.get('Description')}")
        if all(answer.headers for answer in answers):
            numbers = [int((answer.headers or {})["Nats-Sequence"]) for answer in answers]
        elif int(headers["Nats-Last-Sequence"]) == first + len(answers) - 1:
            numbers = list(range(first, first + len(answers)))
        else:
            found: list[Message] = []
            at, last = first, int(headers["Nats-Last-Sequence"])
            while at <= last:
                one = await self._ask(client, at, 1)
                if not one:
                    break
                found += one
                at = one[-1].seq + 1
            return found
        return [Message(number, kind_of(answer.data), answer.data) for number, answer in zip(numbers, answers, strict=True)]

    # --- inside --------------------------------------------------------------------------------------------------------------
    async def _attempts(self, what: str, reasons: list[str]) -> AsyncIterator[int]:
        """Attempts with growing pauses until it is time to give up: JournalError, with the newest of the reasons."""
        loop = asyncio.get_running_loop()
        deadline, pause, number = loop.time() + self.settings.give_up_seconds, 0.05, 0
        while loop.time() < deadline:
            yield number
            number += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)
        why = f": {reasons[-1]}" if reasons else ""
        raise JournalError(f"{what} cannot be had within {self.settings.give_up_seconds:g} s{why}")


def damaged(reason: str, stream: str, seq: int) -> JournalDamaged:
    """Names the stream and the message's number, as files name segment and offset."""
    return JournalDamaged(reason, stream, seq)
