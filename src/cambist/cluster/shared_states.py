"""States that all nodes and edges share, in JetStream's object store: whoever is new begins with the newest one and not with the first
command.

A state is several files, which belong together: one archive, one object. The store tells of an object once all of it is there, with its
SHA-256, so that nobody takes half of one.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import structlog
from nats.js.api import ObjectInfo, ObjectMeta, ObjectStoreConfig, StorageType
from nats.js.errors import BucketNotFoundError, NotFoundError
from nats.js.object_store import ObjectStore

from cambist.cluster.connection import Connection
from cambist.cluster.log_stream import TROUBLE

_log = structlog.get_logger("cambist.cluster")

API_SECONDS = 5.0
LEAST_BYTES_A_SECOND = 1 << 20
"""Whoever is slower counts as away: an object that lost a part would be waited for without end."""
ATTEMPTS = 4
"""With one object: each is read from a copy that the servers choose, of which one may be damaged."""
FORM = "a state with its views, form 1"
"""The objects' description. Those with another one are of an older program, and count as none."""


class SharedStates:
    """By one connection. Coroutines are for its loop, `publish` and `fetch` for all other threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bucket = f"{connection.settings.name}-snapshots"
        self._stream = f"OBJ_{self._bucket}"

    def publish(self, seq: int, parts: Mapping[str, Path]) -> bool:
        """Shares the files, by their names there, as the state after command `seq`, and forgets the oldest of those that are too many.
        Whether it could be done; what cannot be shared is logged. OSError of the files.
        """
        with tempfile.TemporaryFile(dir=next(iter(parts.values())).parent) as archive:
            with tarfile.open(fileobj=archive, mode="w") as tar:
                for name, path in parts.items():
                    tar.add(path, name, recursive=False)
            archive.seek(0)
            return self._connection.run(self._publish(seq, archive))

    def fetch(self, into: Path, names: frozenset[str], beyond_seq: int) -> int:
        """Puts the files of the newest whole one that is beyond `beyond_seq`, and has exactly these names, into a new directory. Returns
        its seq, 0 when there is none. OSError.

        One that is not what was written is passed over, and logged. Whether it is of this log the caller has to look at.
        """
        return self._connection.run(self._fetch(into, names, beyond_seq))

    async def newest_whole_seq(self) -> int:
        """Of the newest one all of which can be read now; 0 when there is none, or the store does not answer."""
        for info in await self._infos():
            if await self._read(info, _Nowhere()):
                return int(info.name)
        return 0

    async def _store(self) -> ObjectStore:
        streams = self._connection.client.jetstream(timeout=API_SECONDS)
        try:
            return await streams.object_store(self._bucket)
        except BucketNotFoundError:
            config = ObjectStoreConfig(storage=StorageType.FILE, replicas=self._connection.settings.replicas)
            return await streams.create_object_store(self._bucket, config)

    async def _infos(self) -> list[ObjectInfo]:
        """Newest first."""
        with contextlib.suppress(*TROUBLE, NotFoundError):
            async with asyncio.timeout(2 * API_SECONDS):  # the client waits for ever for what a damaged copy lacks
                listed = await (await self._store()).list()
            found = [info for info in listed if info.name.isdigit() and info.description == FORM]
            return sorted(found, key=lambda info: int(info.name), reverse=True)
        return []

    async def _publish(self, seq: int, archive: IO[bytes]) -> bool:
        try:
            store = await self._store()
            await store.put(f"{seq:020}", archive, ObjectMeta(description=FORM))  # type: ignore[arg-type]  # it is read by `readinto`
            await self._forget_all_but((await self._infos())[: self._connection.settings.shared_states])
        except TROUBLE as error:
            _log.warning("a state could not be shared with the other nodes", seq=seq, error=repr(error))
            return False
        return True

    async def _forget_all_but(self, kept: list[ObjectInfo]) -> None:
        """Older ones, and what is left of those that were never finished or are gone."""
        streams = self._connection.client.jetstream(timeout=API_SECONDS)
        prefix = f"$O.{self._bucket}"
        wanted = {f"{prefix}.C.{info.nuid}" for info in kept}
        wanted |= {f"{prefix}.M.{base64.urlsafe_b64encode(info.name.encode()).decode()}" for info in kept}
        about = await streams.stream_info(self._stream, subjects_filter=f"{prefix}.>")
        # What tells of an object goes before the object.
        for subject in sorted(set(about.state.subjects or ()) - wanted, reverse=True):
            await streams.purge_stream(self._stream, subject=subject)

    async def _fetch(self, into: Path, names: frozenset[str], beyond_seq: int) -> int:
        for info in await self._infos():
            if int(info.name) <= beyond_seq:
                break
            with tempfile.TemporaryFile(dir=into.parent) as archive:
                if not await self._read(info, archive):
                    continue
                try:
                    await asyncio.to_thread(_unpack, archive, into, names)
                except (tarfile.TarError, ValueError) as error:
                    _log.warning("a shared state is passed over", seq=int(info.name), reason=str(error))
                else:
                    return int(info.name)
        return 0

    async def _read(self, info: ObjectInfo, into: IO[bytes] | _Nowhere) -> bool:
        """Whether it is what was written, and there."""
        seq, reason = int(info.name), ""
        for attempt in range(ATTEMPTS):
            into.seek(0)
            into.truncate()
            try:
                async with asyncio.timeout(API_SECONDS + (info.size or 0) / LEAST_BYTES_A_SECOND):
                    await (await self._store()).get(info.name, into)  # type: ignore[arg-type]  # only `write` is called
            except NotFoundError as error:
                reason = repr(error)
                break
            except TROUBLE as error:
                reason = f"a server's copy of {self._stream} is damaged, or the servers do not answer: {error!r}"
            else:
                if reason:
                    _log.error("a shared state was read from another copy", seq=seq, attempts=attempt + 1, reason=reason)
                return True
        _log.error("a shared state is passed over", seq=seq, reason=reason)
        return False


class _Nowhere:
    """Where what is only looked at is written."""

    def write(self, data: bytes) -> int:
        return len(data)

    def seek(self, offset: int) -> int:
        return offset

    def truncate(self) -> int:
        return 0


def _unpack(archive: IO[bytes], into: Path, names: frozenset[str]) -> None:
    """Exactly these files, into a directory that is made anew. tarfile.TarError, ValueError, OSError."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(mode=0o700, parents=True)
    archive.seek(0)
    with tarfile.open(fileobj=archive) as tar:
        members = tar.getmembers()
        if {member.name for member in members} != names or not all(member.isreg() for member in members):
            raise ValueError(f"it has {', '.join(member.name for member in members)}")
        for member in members:
            content = tar.extractfile(member)
            assert content is not None  # a regular file
            with content, open(into / member.name, "xb", opener=_private) as file:
                shutil.copyfileobj(content, file)
                file.flush()
                os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
