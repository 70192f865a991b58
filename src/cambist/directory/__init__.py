"""Identity: users, passwords, one-time codes, sessions, API keys and their nonces. No money."""

from .directory import Directory, check_master_key_fits
from .dual_control import AwaitedApproval, DualControl
from .hotp import HotpKey, HotpKeys, draw_hotp_key
from .nonces import MAX_NONCE, NonceMarks, Nonces
from .passkeys import Passkey, Passkeys, PasskeyUse
from .passwords import cheap_password_hasher
from .recovery import RecoveryCodes
from .sealing import load_or_create_master_key
from .second_factor import Enrolment, SecondFactor
from .security_events import SecurityEvent, SecurityEventKind, SecurityEvents
from .sessions import Session, Sessions
from .values import (
    ApiKey,
    Clock,
    DirectoryBusy,
    DirectoryError,
    DirectoryRejection,
    DirectoryUnavailable,
    DirectoryUnreadable,
    Entropy,
    KeyForm,
    LoginRejection,
    MasterKeyUnsafe,
    MasterKeyWrong,
    Role,
    User,
    UserSummary,
)

__all__ = [
    "MAX_NONCE",
    "ApiKey",
    "AwaitedApproval",
    "Clock",
    "Directory",
    "DirectoryBusy",
    "DirectoryError",
    "DirectoryRejection",
    "DirectoryUnavailable",
    "DirectoryUnreadable",
    "DualControl",
    "Enrolment",
    "Entropy",
    "HotpKey",
    "HotpKeys",
    "KeyForm",
    "LoginRejection",
    "MasterKeyUnsafe",
    "MasterKeyWrong",
    "NonceMarks",
    "Nonces",
    "Passkey",
    "PasskeyUse",
    "Passkeys",
    "RecoveryCodes",
    "Role",
    "SecondFactor",
    "SecurityEvent",
    "SecurityEventKind",
    "SecurityEvents",
    "Session",
    "Sessions",
    "User",
    "UserSummary",
    "cheap_password_hasher",
    "check_master_key_fits",
    "draw_hotp_key",
    "load_or_create_master_key",
]
