"""Rate limits that hold over several processes: each tells the others what it admitted, a few times a second.

A key may so make what its budgets allow, and besides what it sends to other processes before they hear of it: as much as a budget for each
of them at most, and for a quarter of a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from cambist.dialect_kit.rate_limits import RateLimits

MESSAGE_COUNTS = 5_000
"""Counts of one message; the rest goes with the next one."""


class _Admitted(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """So many requests of one group of calls, of one key or user or whatever the scope says."""

    limits: str
    group: str
    scope: str
    subject: str | int
    count: int


class SharedCounts:
    """The limits of one process that others share. For the event loop's thread. Without `active` nothing is shared, and nothing is kept."""

    def __init__(self, *, active: bool = False) -> None:
        self._active = active
        self._limits: dict[str, RateLimits] = {}

    def share(self, name: str, limits: RateLimits) -> None:
        """Has these limits hold over all processes; `name` is theirs in each of them."""
        if self._active:
            self._limits[name] = limits
            limits.remember_admitted()

    def collect(self) -> bytes | None:
        """What was admitted since the last time, for the others; None when nothing was."""
        found = [
            _Admitted(name, *subject, count)
            for name, limits in self._limits.items()
            for subject, count in limits.take_admitted(MESSAGE_COUNTS)
        ]
        return _encoder.encode(found) if found else None

    def apply(self, message: bytes) -> None:
        """Counts what another process admitted. Of what cannot be read, or is not known here, nothing is counted."""
        try:
            admitted = _decoder.decode(message)
        except msgspec.MsgspecError:
            return
        for each in admitted:
            limits = self._limits.get(each.limits)
            if limits is not None:
                limits.count_elsewhere(each.group, each.scope, each.subject, each.count)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[_Admitted])
