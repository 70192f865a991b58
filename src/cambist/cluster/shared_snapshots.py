"""Snapshots that all nodes share, in JetStream's object store: whoever is new begins with the newest one and not with the first command."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import structlog
from nats.js.api import ObjectStoreConfig, StorageType
from nats.js.errors import BadObjectMetaError, BucketNotFoundError, NotFoundError
from nats.js.object_store import ObjectStore

from cambist import _core
from cambist.cluster.connection import Connection
from cambist.cluster.log_stream import TROUBLE

_log = structlog.get_logger("cambist.cluster")

API_SECONDS = 5.0


class SharedSnapshots:
    """By one connection. Coroutines are for its loop, `publish` and `fetch` for all other threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bucket = f"{connection.settings.name}-snapshots"

    def publish(self, seq: int, path: str) -> bool:
        """Shares a snapshot file; whether it could be done. What cannot be shared stays a file, and is logged. OSError of the file."""
        return self._connection.run(self._publish(seq, Path(path).read_bytes()))

    def fetch(self, directory: Path, beyond_seq: int) -> int:
        """Puts the newest whole one into the directory when it is beyond `beyond_seq`; returns its seq, 0 when there is none. OSError.

        One that is not what was written is passed over, and logged. Whether it is of this log the caller has to look at.
        """
        return self._connection.run(self._fetch(directory, beyond_seq))

    async def newest_seq(self) -> int:
        """0 when there is none, or the store does not answer."""
        return max(await self._seqs(), default=0)

    async def _store(self) -> ObjectStore:
        streams = self._connection.client.jetstream(timeout=API_SECONDS)
        try:
            return await streams.object_store(self._bucket)
        except BucketNotFoundError:
            config = ObjectStoreConfig(storage=StorageType.FILE, replicas=self._connection.settings.replicas)
            return await streams.create_object_store(self._bucket, config)

    async def _seqs(self) -> list[int]:
        """Newest first."""
        with contextlib.suppress(*TROUBLE), contextlib.suppress(NotFoundError):
            return sorted((int(info.name) for info in await (await self._store()).list() if info.name.isdigit()), reverse=True)
        return []

    async def _publish(self, seq: int, content: bytes) -> bool:
        try:
            store = await self._store()
            await store.put(f"{seq:020}", content)
            for older in (await self._seqs())[self._connection.settings.shared_snapshots :]:
                await store.delete(f"{older:020}")
        except TROUBLE as error:
            _log.warning("a snapshot could not be shared with the other nodes", seq=seq, error=repr(error))
            return False
        return True

    async def _fetch(self, directory: Path, beyond_seq: int) -> int:
        for seq in await self._seqs():
            if seq <= beyond_seq:
                break
            try:
                content = (await (await self._store()).get(f"{seq:020}")).data
            except (BadObjectMetaError, *TROUBLE) as error:
                _log.warning("a shared snapshot is passed over", seq=seq, reason=repr(error))
                continue
            if await asyncio.to_thread(_keep, directory, seq, content or b""):
                return seq
            _log.warning("a shared snapshot is passed over", seq=seq, reason="it is not what was written")
        return 0


def _keep(directory: Path, seq: int, content: bytes) -> bool:
    """Writes a snapshot's file; whether it is whole: it is gone again otherwise. OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = directory / f"{seq:020}.snapshot.tmp"
    path = directory / f"{seq:020}.snapshot"
    draft.write_bytes(content)
    draft.rename(path)
    if _core.load_snapshot(str(path)) is None:
        path.unlink()
        return False
    return True
