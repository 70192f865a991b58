"""Damage that reading the log met with: kept for the operator, counted, and written to the log file."""

from dataclasses import dataclass

import structlog

_log = structlog.get_logger("cambist.cluster")

KEPT = 100


@dataclass(frozen=True, slots=True)
class Damage:
    """A message that a server's copy of the log does not have, or not as it was written."""

    seq: int
    """The stream's number."""
    server: str
    reason: str
    healed_from: str
    """Where the right bytes came from; empty when nothing was missing from the chain: a lost claim."""


class DamageRecord:
    """What was found since this process began. Written on the connection's loop, read from any thread."""

    def __init__(self) -> None:
        self.count = 0
        self.newest: list[Damage] = []

    def note(self, damage: Damage) -> None:
        self.count += 1
        self.newest = [*self.newest[-KEPT + 1 :], damage]
        _log.error(
            "a server's copy of the log is damaged; what it lacks was had elsewhere",
            message=damage.seq,
            server=damage.server,
            reason=damage.reason,
            healed_from=damage.healed_from or "the chain, which lacks nothing",
            remedy="have the server make its copy anew (docs/internals/cluster.md, Damage)",
        )
