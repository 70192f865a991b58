"""What a venue's operator can set for the native API; `[dialects.native]` of the configuration."""

import re
from typing import Literal

from cambist.dialect_kit.dialect import DialectSettings
from cambist.dialect_kit.rate_limits import HOUR, MINUTE, SECOND, UNLIMITED, Budget, RateRules

LIMITS = RateRules(
    {
        "public": (Budget("address", 100), Budget("address", 2_000, MINUTE)),
        "reads": (Budget("user", 50), Budget("user", 1_000, MINUTE)),
        "orders": (Budget("user", 100), Budget("user", 3_000, MINUTE)),
        "account": (Budget("user", 20, 10 * SECOND),),
    },
    tiers=(),
)
"""Requests in a window of time, by the caller's user, or by the network of whoever did not say who they are. Who exceeds one waits."""

STRANGERS = RateRules(
    {
        "sign-up": (Budget("address", 10, HOUR), Budget("everybody", 60, MINUTE)),
        "passkey": (Budget("address", 30, MINUTE),),
    },
    tiers=(),
)
"""Always counted. A new user costs a password's hash and an account that is there for ever, a passkey's signature a look on a thread."""


class Settings(DialectSettings, frozen=True, kw_only=True):
    """`[dialects.native]`."""

    sign_up: bool = True
    """Whether people may make themselves users."""
    session_hours: int = 168
    proof_minutes: int = 10
    """How long after a login, or after proving once more who they are, people may do what asks for that."""
    origin: str = ""
    """Where browsers reach this server, such as `https://exchange.example.com`: passkeys are bound to its host name. Empty: as requests
    say."""
    timestamp_window_seconds: int = 30
    """Of signed requests, both ways from now."""
    rate_limits: Literal["off", "on"] = "off"

    @property
    def rates(self) -> RateRules:
        return LIMITS if self.rate_limits == "on" else UNLIMITED

    @property
    def proof_lifetime(self) -> int:
        """µs."""
        return self.proof_minutes * MINUTE

    def complaints(self) -> list[str]:
        found = []
        if not 1 <= self.timestamp_window_seconds <= 60:
            found.append(f"timestamp_window_seconds = {self.timestamp_window_seconds} must lie between 1 and 60")
        if not 1 <= self.session_hours <= 8_760:
            found.append(f"session_hours = {self.session_hours} must lie between 1 and 8760")
        if not 1 <= self.proof_minutes <= 60:
            found.append(f"proof_minutes = {self.proof_minutes} must lie between 1 and 60")
        if self.origin and not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", self.origin):
            found.append(f'origin = "{self.origin}" is no address such as https://exchange.example.com')
        return found
