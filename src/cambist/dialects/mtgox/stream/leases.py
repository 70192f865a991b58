"""How long a client may follow an account: as long as an idKey that it showed is good, and the API key behind it lives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cambist.dialect_kit.revocations import Revocations
from cambist.dialects.mtgox.id_keys import IdKeyGrant, IdKeys
from cambist.dialects.mtgox.replies import Rejection
from cambist.scheduling import Scheduler, Timer

EXPIRED = Rejection("idKey expired", "id_key_expired")
REVOKED = Rejection("API key revoked", "api_key_revoked")

Ended = Callable[[Rejection], None]
"""Gets EXPIRED or REVOKED: what ended last."""


@dataclass(frozen=True, slots=True)
class Leases:
    """What gives them out: which idKeys are good, and who says when one is not any more."""

    id_keys: IdKeys
    scheduler: Scheduler
    revocations: Revocations

    def lease(self, ended: Ended) -> Lease:
        """A new one, without any idKey yet."""
        return Lease(self, ended)


@dataclass(frozen=True, slots=True)
class _Shown:
    """An idKey that was shown, and what calls its two ends off."""

    what: IdKeyGrant
    expiry: Timer
    not_revoked: Callable[[], None]

    def forget(self) -> None:
        self.expiry.cancel()
        self.not_revoked()


class Lease:
    """One client's right to one account's channel. A newer idKey prolongs it; it ends with the last of them."""

    def __init__(self, leases: Leases, ended: Ended) -> None:
        self._leases = leases
        self._ended = ended
        self._shown: list[_Shown] = []

    def show(self, what: IdKeyGrant) -> None:
        """Another idKey for the same account. One that was shown before changes nothing."""
        if any(known.what == what for known in self._shown):
            return
        expiry = self._leases.scheduler.at(what.until, lambda: self._look(EXPIRED))
        revocation = self._leases.revocations.follow(what.key, lambda: self._look(REVOKED))
        self._shown.append(_Shown(what, expiry, revocation))

    def _look(self, reason: Rejection) -> None:
        """Drops what is not good any more, and ends when nothing is left."""
        good = [shown for shown in self._shown if self._leases.id_keys.good(shown.what)]
        for shown in self._shown:
            if shown not in good:
                shown.forget()
        self._shown = good
        if not good:
            self._ended(reason)

    def end(self) -> None:
        """Nobody follows any more: nothing more will be sent. Idempotent."""
        for shown in self._shown:
            shown.forget()
        self._shown = []
