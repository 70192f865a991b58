"""What ends with an API key: whoever speaks for a key on a socket hears when it is revoked, and says so in its dialect's words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from cambist.directory.directory import Directory
    from cambist.directory.values import ApiKey

_log = structlog.get_logger("cambist.gateway")


class Revocations:
    """Calls back, on the event loop, when a key is revoked. For the loop's thread only; a key may be revoked in any.

    Revoked on the loop, it is told before `revoke` returns. Revoked in another thread, it is told ahead of everything that the loop is
    given after that. So what a session ends in its callback says nothing that happened later.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._waiting: dict[int, dict[object, Callable[[], None]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        directory.follow_revocations(self._revoked)

    def follow(self, key: ApiKey, revoked: Callable[[], None]) -> Callable[[], None]:
        """Calls `revoked` once, as soon as this key is. Returns what calls that off; idempotent."""
        self._loop = asyncio.get_running_loop()
        place = object()
        self._waiting.setdefault(key.id, {})[place] = revoked
        if self._directory.find_key(key.key) is None:
            # Another thread was quicker than its caller, and may have found nobody here to tell.
            self._loop.call_soon(self._tell, key.id)
        return lambda: self._take(key.id, place)

    def _take(self, key_id: int, place: object) -> None:
        waiting = self._waiting.get(key_id)
        if waiting is not None and waiting.pop(place, None) is not None and not waiting:
            del self._waiting[key_id]

    def _revoked(self, key: ApiKey) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        try:
            here = asyncio.get_running_loop() is loop
        except RuntimeError:
            here = False
        if here:
            self._tell(key.id)
        else:
            loop.call_soon_threadsafe(self._tell, key.id)

    def _tell(self, key_id: int) -> None:
        for place, revoked in tuple(self._waiting.get(key_id, {}).items()):
            if place not in self._waiting.get(key_id, {}):
                continue  # called off by one before it
            self._take(key_id, place)
            try:
                revoked()
            except Exception as error:  # one session's bug must not leave the others to a revoked key
                _log.exception("a session failed to give a revoked key up", error=type(error).__name__)

    def __len__(self) -> int:
        """How many wait."""
        return sum(len(waiting) for waiting in self._waiting.values())
