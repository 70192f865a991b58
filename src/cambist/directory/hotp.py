"""Counter-based one-time codes (RFC 4226: SHA-1, six digits), each accepted once."""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

import pyotp
from sqlalchemy import delete, insert, select, update

from .database import CODE_CHANGES, Database, next_number
from .sealing import Sealer
from .tables import hotps
from .values import Clock, DirectoryRejection, Entropy, User

LOOK_AHEAD = 10
"""Codes that a token may be ahead of us: its button was pressed and the code not used."""
_SECRET_BYTES = 20
_NAME_BYTES = 16


@dataclass(frozen=True, slots=True)
class HotpKey:
    """A key as its owner needs it, once: its name (16 bytes) and the base32 secret. Its counter begins with 0."""

    name: bytes
    secret: str = field(repr=False)


def draw_hotp_key(entropy: Entropy) -> HotpKey:
    """A new key; `entropy` makes the labels `name` and `secret` unique."""
    return HotpKey(entropy("name", _NAME_BYTES), base64.b32encode(entropy("secret", _SECRET_BYTES)).decode())


class HotpKeys:
    """One key a user: enrolled, switched on by its first good code, then asked for."""

    def __init__(self, database: Database, sealer: Sealer, entropy: Entropy, clock: Clock) -> None:
        self._database = database
        self._sealer = sealer
        self._entropy = entropy
        self._clock = clock
        self._confirmed: list[Callable[[User, int], None]] = []

    def follow_confirmations(self, listener: Callable[[User, int], None]) -> None:
        """Calls back when a user's first good code switches codes on, with the change's number (`marks.codes_on`), in that thread."""
        self._confirmed.append(listener)

    def enrol(self, user: User) -> HotpKey | DirectoryRejection:
        """A new key for the user, inactive until its first good code; it replaces one that was never used. USER_ERASED, HOTP_ACTIVE."""
        if user.erased is not None:
            return DirectoryRejection.USER_ERASED
        with self._database.transaction() as connection:
            row = connection.execute(select(hotps).where(hotps.c.user_id == user.id)).one_or_none()
            if row is not None and row.confirmed is not None:
                return DirectoryRejection.HOTP_ACTIVE
            number = next_number(connection, "hotps")
            key = draw_hotp_key(lambda label, length: self._entropy(f"hotp/{number}/{label}", length))
            connection.execute(delete(hotps).where(hotps.c.user_id == user.id))
            sealed = self._sealer.seal(_context(user), key.secret)
            connection.execute(insert(hotps).values(user_id=user.id, name=key.name, secret=sealed, confirmed=None, counter=0))
        return key

    def active(self, user: User) -> bool:
        """Whether a login of this user needs a code."""
        with self._database.reading() as connection:
            return connection.execute(select(hotps.c.confirmed).where(hotps.c.user_id == user.id)).scalar_one_or_none() is not None

    def verify(self, user: User, code: str) -> bool:
        """Whether this is the next code, or one of the LOOK_AHEAD after it; it and those before are used up. The first one switches on."""
        given, number = code.strip().encode("utf-8", "surrogatepass"), None
        with self._database.transaction() as connection:
            row = connection.execute(select(hotps).where(hotps.c.user_id == user.id)).one_or_none()
            if row is None:
                return False
            counter = _matching_counter(self._sealer.unseal(_context(user), row.secret), given, row.counter)
            if counter is None:
                return False
            values = {"counter": counter + 1}
            if row.confirmed is None:
                values["confirmed"] = self._clock()
                number = next_number(connection, CODE_CHANGES)
            connection.execute(update(hotps).where(hotps.c.user_id == user.id).values(values))
        if number is not None:
            for listener in self._confirmed:
                listener(user, number)
        return True

    def forget_secret(self, user: User, drawn: HotpKey) -> None:
        """Has codes asked for of which nobody knows the secret, `drawn` for this alone; unless codes are on already."""
        with self._database.transaction() as connection:
            connection.execute(delete(hotps).where(hotps.c.user_id == user.id, hotps.c.confirmed.is_(None)))
            if connection.execute(select(hotps.c.user_id).where(hotps.c.user_id == user.id)).one_or_none() is None:
                row = {"name": drawn.name, "secret": self._sealer.seal(_context(user), drawn.secret)}
                connection.execute(insert(hotps).values(user_id=user.id, **row, confirmed=self._clock(), counter=0))

    def remove(self, user: User) -> None:
        """Switches codes off. Idempotent."""
        with self._database.transaction() as connection:
            connection.execute(delete(hotps).where(hotps.c.user_id == user.id))


def _matching_counter(secret: str, given: bytes, counter: int) -> int | None:
    generator, match = pyotp.HOTP(secret), None
    # Back to front, and all of them: the lowest that fits wins, and it takes the same time whichever fits.
    for candidate in range(counter + LOOK_AHEAD, counter - 1, -1):
        if hmac.compare_digest(generator.at(candidate).encode(), given):
            match = candidate
    return match


def _context(user: User) -> str:
    return f"hotp/{user.id}"
