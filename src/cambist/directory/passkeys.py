"""Passkeys: public keys of WebAuthn credentials, whose private halves stay in browsers, phones and tokens. Beside passwords, never instead.

What a client sends is checked by `passkey_proofs`; this has what was found, and says which use of a passkey is its next one.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from cambist.domain.units import AccountId

from .database import Database, next_number
from .sealing import Sealer
from .tables import passkeys, users
from .values import Clock, DirectoryRejection, User

MOST = 20
"""Passkeys of one user."""
CHALLENGE_LIFETIME = 300_000_000
"""µs for which a challenge is good."""
HANDLE_BYTES = 32
_STAMP_BYTES, _MAC_BYTES = 8, 32


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of one user. `host`: the relying party's id, the host name that it was made at; `credential` the id that clients name.

    `counter` is the authenticator's, 0 where it has none; `synced` whether it lives in more than one device. Times in µs.
    """

    id: int
    user: int
    account: AccountId
    name: str
    host: str
    credential: bytes
    public_key: bytes = field(repr=False)
    counter: int
    synced: bool
    created: int
    used: int | None


class PasskeyUse(StrEnum):
    """What became of a right signature."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    """Its challenge is not newer than the last one that was taken."""
    COUNTER_WENT_BACK = "counter-went-back"
    """There may be a copy of the authenticator."""


class Passkeys:
    """Of all users. Erased with the user."""

    def __init__(self, database: Database, sealer: Sealer, clock: Clock) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        with database.reading() as connection:
            newest = connection.execute(select(func.max(passkeys.c.challenge))).scalar_one_or_none()
        self.challenges = Challenges(sealer, clock, newest or 0)

    def handle(self, user: User) -> bytes:
        """What authenticators know a user by: nobody learns a name or a number from it."""
        return self._sealer.mac(f"passkey-user/{user.id}", HANDLE_BYTES)

    def add(
        self, user: User, name: str, host: str, credential: bytes, public_key: bytes, counter: int, *, synced: bool
    ) -> Passkey | DirectoryRejection:
        """A new one. USER_ERASED, USER_FROZEN, TOO_MANY_PASSKEYS; PASSKEY_TAKEN for a credential that somebody has already."""
        now = self._clock()
        try:
            with self._database.transaction() as connection:
                stored = connection.execute(select(users.c.erased, users.c.frozen).where(users.c.id == user.id)).one()
                if stored.erased is not None or stored.frozen is not None:
                    return DirectoryRejection.USER_ERASED if stored.erased is not None else DirectoryRejection.USER_FROZEN
                theirs = select(func.count()).select_from(passkeys).where(passkeys.c.user_id == user.id)
                if connection.execute(theirs).scalar_one() >= MOST:
                    return DirectoryRejection.TOO_MANY_PASSKEYS
                number = next_number(connection, "passkeys")
                row = {"id": number, "user_id": user.id, "name": name, "host": host, "credential": credential, "public_key": public_key}
                values = {**row, "counter": counter, "synced": int(synced), "challenge": 0, "created": now, "used": None}
                connection.execute(insert(passkeys).values(values))
        except IntegrityError:
            return DirectoryRejection.PASSKEY_TAKEN
        return Passkey(number, user.id, user.account, name, host, credential, public_key, counter, synced, now, None)

    def of(self, user: User) -> list[Passkey]:
        """A user's own, in order of creation."""
        return self._found(passkeys.c.user_id == user.id)

    def find(self, credential: bytes) -> Passkey | None:
        """By the id that clients name."""
        return next(iter(self._found(passkeys.c.credential == credential)), None)

    def accept(self, passkey: Passkey, counter: int, challenge: int) -> PasskeyUse:
        """A right signature of it, over the challenge of that stamp, with that counter; it is taken once."""
        with self._database.transaction() as connection:
            row = connection.execute(select(passkeys.c.counter, passkeys.c.challenge).where(passkeys.c.id == passkey.id)).one_or_none()
            if row is None or challenge <= row.challenge:
                return PasskeyUse.REPEATED
            if (counter or row.counter) and counter <= row.counter:
                return PasskeyUse.COUNTER_WENT_BACK
            values = {"counter": counter, "challenge": challenge, "used": self._clock()}
            connection.execute(update(passkeys).where(passkeys.c.id == passkey.id).values(values))
        return PasskeyUse.ACCEPTED

    def rename(self, user: User, number: int, name: str) -> bool:
        """False when the user has none of that number."""
        mine = passkeys.c.user_id == user.id, passkeys.c.id == number
        with self._database.transaction() as connection:
            return connection.execute(update(passkeys).where(*mine).values(name=name)).rowcount == 1

    def remove(self, user: User, number: int) -> bool:
        """Ends one for good (`marks.passkey_removed`). False when the user has none of that number."""
        mine = passkeys.c.user_id == user.id, passkeys.c.id == number
        with self._database.transaction() as connection:
            return connection.execute(delete(passkeys).where(*mine)).rowcount == 1

    def _found(self, where: Any) -> list[Passkey]:
        query = select(passkeys, users.c.account).join(users, users.c.id == passkeys.c.user_id).where(where).order_by(passkeys.c.id)
        with self._database.reading() as connection:
            return [_passkey(row) for row in connection.execute(query)]


class Challenges:
    """What a client signs: each another one, good for CHALLENGE_LIFETIME, for one purpose, and for whatever it was made for alone.

    Nothing is kept of one that was given out, so that strangers can ask for as many as they like: it is a number that only grows (µs, as
    long as there are fewer than one a µs) and a code of that number and the purpose under the master key. A passkey takes rising numbers.
    """

    def __init__(self, sealer: Sealer, clock: Clock, last: int) -> None:
        self._sealer = sealer
        self._clock = clock
        self._last = last

    def issue(self, purpose: str) -> bytes:
        """A new one. From one thread."""
        self._last = max(self._clock(), self._last + 1)
        return self._written(purpose, self._last)

    def stamp(self, purpose: str, challenge: bytes) -> int | None:
        """The number of a challenge that was issued for that purpose and is still good; None for any other bytes."""
        stamp = int.from_bytes(challenge[:_STAMP_BYTES], "big")
        if not self._sealer.equal(challenge, self._written(purpose, stamp)):
            return None
        return stamp if self._clock() - stamp < CHALLENGE_LIFETIME else None

    def _written(self, purpose: str, stamp: int) -> bytes:
        return stamp.to_bytes(_STAMP_BYTES, "big") + self._sealer.mac(f"passkey-challenge/{stamp}/{purpose}", _MAC_BYTES)


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(
        id=row.id,
        user=row.user_id,
        account=row.account,
        name=row.name,
        host=row.host,
        credential=row.credential,
        public_key=row.public_key,
        counter=row.counter,
        synced=bool(row.synced),
        created=row.created,
        used=row.used,
    )
