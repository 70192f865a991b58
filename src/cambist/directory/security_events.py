"""What happened to a user's security, for the user to read: logins, passwords, second factors, sessions, keys."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, insert, select

from .database import Database, next_number
from .tables import security_events
from .values import Clock, User

KEPT = 1_000
FAILURES_KEPT = 100
"""Of each user. Failures are counted by themselves: strangers cause them, and must not push the others out."""


class SecurityEventKind(StrEnum):
    """What can happen; the values are for ever, since files have them."""

    SIGNED_UP = "signed-up"
    LOGGED_IN = "logged-in"
    LOGIN_FAILED = "login-failed"
    LOGGED_OUT = "logged-out"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a word, no password
    CODES_ON = "codes-on"
    CODES_OFF = "codes-off"
    RECOVERY_RENEWED = "recovery-codes-renewed"
    SESSION_REVOKED = "session-revoked"
    KEY_CREATED = "key-created"
    KEY_REVOKED = "key-revoked"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_RENAMED = "passkey-renamed"
    PASSKEY_REMOVED = "passkey-removed"
    PASSKEY_LOGIN = "passkey-login"
    PASSKEY_SUSPECT = "passkey-suspect"
    """A right signature whose counter went back: there may be a copy of the authenticator."""
    IDENTITY_PROVED = "identity-proved"


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """One of them: `time` in µs, `address` from where it was asked for."""

    id: int
    time: int
    kind: SecurityEventKind
    address: str


class SecurityEvents:
    """The newest of each user. Erased with the user."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def record(self, user: User, kind: SecurityEventKind, address: str) -> None:
        """Adds one, and forgets what is too old."""
        failure = kind is SecurityEventKind.LOGIN_FAILED
        column = security_events.c
        same = column.kind == SecurityEventKind.LOGIN_FAILED if failure else column.kind != SecurityEventKind.LOGIN_FAILED
        kept = FAILURES_KEPT if failure else KEPT
        with self._database.transaction() as connection:
            number = next_number(connection, "security-events")
            row = {"id": number, "user_id": user.id, "time": self._clock(), "kind": kind.value, "address": address[:64]}
            connection.execute(insert(security_events).values(row))
            newest = select(column.id).where(column.user_id == user.id, same).order_by(column.id.desc()).limit(kept)
            connection.execute(delete(security_events).where(column.user_id == user.id, same, column.id.not_in(newest)))

    def newest(self, user: User, limit: int, before: int | None = None) -> list[SecurityEvent]:
        """Newest first; those with ids below `before`."""
        query = select(security_events).where(security_events.c.user_id == user.id)
        if before is not None:
            query = query.where(security_events.c.id < before)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(security_events.c.id.desc()).limit(limit)).all()
        return [SecurityEvent(row.id, row.time, SecurityEventKind(row.kind), row.address) for row in rows]
