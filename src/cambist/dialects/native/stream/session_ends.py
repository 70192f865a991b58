"""What ends with a login: whoever speaks for a session on a socket hears when it is revoked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cambist.directory import Session, Sessions


class SessionEnds:
    """Calls back, on the event loop, when a session is revoked. For the loop's thread only; a session may be revoked in any."""

    def __init__(self, sessions: Sessions) -> None:
        self._waiting: dict[int, dict[object, Callable[[], None]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        sessions.follow_ends(self._ended)

    def follow(self, session: Session, ended: Callable[[], None]) -> Callable[[], None]:
        """Calls `ended` once this session is revoked. Returns what calls that off; idempotent."""
        self._loop = asyncio.get_running_loop()
        place = object()
        self._waiting.setdefault(session.id, {})[place] = ended

        def take() -> None:
            waiting = self._waiting.get(session.id)
            if waiting is not None and waiting.pop(place, None) is not None and not waiting:
                del self._waiting[session.id]

        return take

    def _ended(self, session: Session) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._tell, session.id)

    def _tell(self, session_id: int) -> None:
        for ended in tuple(self._waiting.pop(session_id, {}).values()):
            ended()
