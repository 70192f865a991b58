"""cancelAllAfter: an account's orders end when nobody asks for more time, by the server's clock.

A switch lives in memory. It is the client's promise to call again, so after a restart it is armed by the client's next call; see
decision 0042 for why it is not journaled.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from cambist.domain.meta import Meta
from cambist.exchange.catalogue import Catalogue
from cambist.exchange.commands import JournalStopped
from cambist.scheduling.timetable import Timetable

MAX_TIMEOUT_MS = 7 * 86_400_000
MEMO = {"btse": "cancelAllAfter"}
"""Stands in the journal beside the command that a switch gave."""

_log = structlog.get_logger("cambist.dialects")


@dataclass(slots=True)
class _Armed:
    """One account's switch: `call_off` takes its appointment back."""

    call_off: Callable[[], None]


class DeadMansSwitches:
    """At most one switch for each account."""

    def __init__(self, catalogue: Catalogue, clock: Callable[[], int], timetable: Timetable) -> None:
        self._clock = clock
        self._timetable = timetable
        self._armed: dict[int, _Armed] = {}

    def set(self, account: int, timeout_ms: int) -> None:
        """Cancels every order of the account in `timeout_ms`, unless asked again before; 0 takes the switch back."""
        armed = self._armed.pop(account, None)
        if armed is not None:
            armed.call_off()
        if timeout_ms:
            due = self._clock() + timeout_ms * 1_000
            self._armed[account] = _Armed(self._timetable.at(due, lambda: self._fire(account)))

    def armed(self, account: int) -> bool:
        return account in self._armed

    def _fire(self, account: int) -> None:
        # Taken out first: whatever happens now, it happens once.
        self._armed.pop(account, None)
        try:
            self._exchange.orders.cancel_all(account, meta=Meta(memo=MEMO))
        except JournalStopped:
            _log.error("a dead man's switch found the journal stopped")
