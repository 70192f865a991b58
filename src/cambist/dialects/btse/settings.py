"""What a venue's operator can set for this dialect; `[dialects.btse]` of the configuration."""

from enum import StrEnum
from typing import Literal

from cambist.dialect_kit.dialect import DialectSettings
from cambist.dialect_kit.rate_limits import UNLIMITED, Budget, RateRules

MAX_NONCE_WINDOW = 60
"""Seconds. The journal gives used nonces back for twice that long after a crash, so no wider window would be safe."""


class NonceRule(StrEnum):
    """What may not be said twice."""

    REQUEST = "request"
    """The same signed request, if it changes anything. Different requests may share a millisecond, reads use nothing up."""
    NONCE = "nonce"
    """The same nonce on one key, whatever it asks for."""


class Flavour(StrEnum):
    """Which of two v2 generations answers three calls that clients read differently; docs/reference/btse.md has the table."""

    V2_0 = "2.0"
    V2_1 = "2.1"


EXACT_LIMITS = RateRules(
    {
        "query": (Budget("key", 15), Budget("user", 30)),
        "orders": (Budget("key", 75), Budget("user", 75)),
    }
)
"""The published limits: requests a second for one key and for one user, then blocks of 1 s, 5 min and 15 min."""


class Settings(DialectSettings, frozen=True, kw_only=True):
    """`[dialects.btse]`. Defaults are what a sandbox needs: no rate limits, the documented v2.1."""

    nonce_window_seconds: int = MAX_NONCE_WINDOW
    """Both ways from now."""
    nonce_rule: NonceRule = NonceRule.REQUEST
    rate_limits: Literal["off", "exact"] = "off"
    v2_flavour: Flavour = Flavour.V2_1

    @property
    def rates(self) -> RateRules:
        return EXACT_LIMITS if self.rate_limits == "exact" else UNLIMITED

    def complaints(self) -> list[str]:
        if 1 <= self.nonce_window_seconds <= MAX_NONCE_WINDOW:
            return []
        return [
            f"nonce_window_seconds = {self.nonce_window_seconds} must lie between 1 and {MAX_NONCE_WINDOW}: "
            "the journal keeps used nonces for twice that"
        ]
