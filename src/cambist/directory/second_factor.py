"""Time-based one-time codes (RFC 6238: SHA-1, six digits, 30 seconds), each accepted once."""

import base64
import hmac
from dataclasses import dataclass, field

import pyotp
from sqlalchemy import delete, insert, select, update

from .database import CODE_CHANGES, Database, next_number
from .sealing import Sealer
from .tables import totps
from .values import Clock, DirectoryRejection, Entropy, User

STEP_SECONDS = 30
STEPS_TOLERATED = 1
_SECRET_BYTES = 20


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs, once: the base32 secret, and the same as an `otpauth://` address for a QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def draw_totp_secret(entropy: Entropy, label: str) -> str:
    """A new base32 secret; `label` makes it unique."""
    return base64.b32encode(entropy(label, _SECRET_BYTES)).decode()


class SecondFactor:
    """One-time codes of users: enrolled, then confirmed by a first code, then asked for."""

    def __init__(self, database: Database, sealer: Sealer, entropy: Entropy, clock: Clock) -> None:
        self._database = database
        self._sealer = sealer
        self._entropy = entropy
        self._clock = clock

    def active(self, user: User) -> bool:
        """Whether a login of this user needs a code."""
        with self._database.reading() as connection:
            return connection.execute(select(totps.c.confirmed).where(totps.c.user_id == user.id)).scalar_one_or_none() is not None

    def enrol(self, user: User, issuer: str = "Cambist") -> Enrolment | DirectoryRejection:
        """A new secret, inactive until `confirm`; it replaces one that was never confirmed. USER_ERASED, TOTP_ACTIVE."""
        if user.erased is not None:
            return DirectoryRejection.USER_ERASED
        with self._database.transaction() as connection:
            row = connection.execute(select(totps).where(totps.c.user_id == user.id)).one_or_none()
            if row is not None and row.confirmed is not None:
                return DirectoryRejection.TOTP_ACTIVE
            number = next_number(connection, "totps")
            secret = draw_totp_secret(self._entropy, f"totp/{number}")
            connection.execute(delete(totps).where(totps.c.user_id == user.id))
            sealed = self._sealer.seal(_context(user), secret)
            connection.execute(insert(totps).values(user_id=user.id, secret=sealed, confirmed=None, last_step=0))
        return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=user.name, issuer_name=issuer))

    def confirm(self, user: User, code: str) -> int | None:
        """Switches codes on when this one is right; that code is then used up. The change's number (`marks.codes_on`), None when wrong."""
        return self._accept(user, code, confirmed=False)

    def verify(self, user: User, code: str) -> bool:
        """Whether the code is right now (one step of 30 s early or late is fine) and was not used before. False when not active."""
        return self._accept(user, code, confirmed=True) is not None

    def remove(self, user: User) -> None:
        """Switches codes off. Idempotent."""
        with self._database.transaction() as connection:
            connection.execute(delete(totps).where(totps.c.user_id == user.id))

    def forget_secret(self, user: User, drawn: str) -> None:
        """Has codes asked for of which nobody knows the secret, `drawn` for this alone; unless codes are on already."""
        with self._database.transaction() as connection:
            connection.execute(delete(totps).where(totps.c.user_id == user.id, totps.c.confirmed.is_(None)))
            if connection.execute(select(totps.c.user_id).where(totps.c.user_id == user.id)).one_or_none() is None:
                sealed = self._sealer.seal(_context(user), drawn)
                connection.execute(insert(totps).values(user_id=user.id, secret=sealed, confirmed=self._clock(), last_step=0))

    def _accept(self, user: User, code: str, *, confirmed: bool) -> int | None:
        """The number of the change that this was, 0 for none; None when the code is wrong."""
        now = self._clock()
        with self._database.transaction() as connection:
            row = connection.execute(select(totps).where(totps.c.user_id == user.id)).one_or_none()
            if row is None or (row.confirmed is not None) != confirmed:
                return None
            step = _matching_step(self._sealer.unseal(_context(user), row.secret), code, now // 1_000_000 // STEP_SECONDS)
            if step is None or step <= row.last_step:
                return None
            values = {"last_step": step} if confirmed else {"last_step": step, "confirmed": now}
            connection.execute(update(totps).where(totps.c.user_id == user.id).values(values))
            return 0 if confirmed else next_number(connection, CODE_CHANGES)


def _matching_step(secret: str, code: str, current: int) -> int | None:
    generator = pyotp.HOTP(secret)
    given, match = code.strip().encode("utf-8", "surrogatepass"), None
    for step in range(max(0, current - STEPS_TOLERATED), current + STEPS_TOLERATED + 1):
        if hmac.compare_digest(generator.at(step).encode(), given):
            match = step
    return match


def _context(user: User) -> str:
    return f"totp/{user.id}"
