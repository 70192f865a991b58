"""How long a client may follow an account: as long as an idKey that it showed is good, and the API key behind it lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cambist.dialects.mtgox.id_keys import IdKeys, Pass
from cambist.directory import ApiKey, Directory
from cambist.gateway.ws_timetable import Timetable

EXPIRED, REVOKED = "idKey expired", "API key revoked"

Ended = Callable[[str], None]
"""Gets EXPIRED or REVOKED: what ended last."""


class Lease:
    """One client's right to one account's channel. A newer idKey prolongs it; it ends with the last of them."""

    def __init__(self, leases: Leases, ended: Ended) -> None:
        self._leases = leases
        self._ended = ended
        self._passes: list[tuple[Pass, Callable[[], None]]] = []

    def show(self, shown: Pass) -> None:
        """Another idKey for the same account. One that was shown before changes nothing."""
        if all(known != shown for known, _ in self._passes):
            self._passes.append((shown, self._leases.timetable.at(shown.until, lambda: self.look(EXPIRED))))
            self._leases.open.setdefault(self, None)

    def look(self, reason: str) -> None:
        """Drops what is not good any more, and ends when nothing is left."""
        if not self._passes:
            return
        good = [(shown, call_off) for shown, call_off in self._passes if self._leases.id_keys.good(shown)]
        for entry in self._passes:
            if entry not in good:
                entry[1]()
        self._passes = good
        if not good:
            self.end()
            self._ended(reason)

    def end(self) -> None:
        """Nobody follows any more: nothing will be told. Idempotent."""
        for _, call_off in self._passes:
            call_off()
        self._passes = []
        self._leases.open.pop(self, None)


class Leases:
    """All of them; hears of every key that is revoked."""

    def __init__(self, directory: Directory, id_keys: IdKeys, timetable: Timetable) -> None:
        self.id_keys = id_keys
        self.timetable = timetable
        self.open: dict[Lease, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        directory.follow_revocations(self._revoked)

    def lease(self, ended: Ended) -> Lease:
        """A new one, without any idKey yet."""
        self._loop = asyncio.get_running_loop()
        return Lease(self, ended)

    def _revoked(self, _key: ApiKey) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        try:
            here = asyncio.get_running_loop() is loop
        except RuntimeError:
            here = False
        if here:
            self._look()
        else:
            loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        for lease in tuple(self.open):
            lease.look(REVOKED)
