"""Recovery codes: for whoever lost the second factor, each good once in place of a one-time code."""

import base64
import hashlib
from collections.abc import Callable

from sqlalchemy import delete, func, insert, select

from .database import RECOVERY_CHANGES, Database, next_number
from .tables import recovery_codes
from .values import Entropy, User

CODES = 10
_BYTES = 10


class RecoveryCodes:
    """Ten at a time; only their hashes are stored, which is enough, since each has 80 random bits."""

    def __init__(self, database: Database, entropy: Entropy) -> None:
        self._database = database
        self._entropy = entropy
        self._used: list[Callable[[User, int], None]] = []

    def follow_uses(self, listener: Callable[[User, int], None]) -> None:
        """Calls back when a code is used up, with its number (`marks.recovery_used`), in that thread."""
        self._used.append(listener)

    def renew(self, user: User) -> tuple[list[str], int]:
        """New codes in the place of all earlier ones, shown here and never again; the change's number, for `marks.recovery_renewed`."""
        codes = []
        with self._database.transaction() as connection:
            number = next_number(connection, RECOVERY_CHANGES)
            connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user.id))
            for _ in range(CODES):
                code_id = next_number(connection, "recovery-codes")
                text = base64.b32encode(self._entropy(f"recovery-code/{code_id}", _BYTES)).decode().lower()
                connection.execute(insert(recovery_codes).values(id=code_id, user_id=user.id, digest=_digest(user, text)))
                codes.append("-".join(text[first : first + 4] for first in range(0, len(text), 4)))
        return codes, number

    def use(self, user: User, code: str) -> bool:
        """Whether this is one of the user's codes; it is used up then."""
        with self._database.transaction() as connection:
            mine = recovery_codes.c.user_id == user.id, recovery_codes.c.digest == _digest(user, code)
            number = connection.execute(select(recovery_codes.c.id).where(*mine)).scalar_one_or_none()
            if number is None:
                return False
            connection.execute(delete(recovery_codes).where(recovery_codes.c.id == number))
        for listener in self._used:
            listener(user, number)
        return True

    def left(self, user: User) -> int:
        """How many are still good."""
        with self._database.reading() as connection:
            query = select(func.count()).select_from(recovery_codes).where(recovery_codes.c.user_id == user.id)
            return connection.execute(query).scalar_one()

    def remove(self, user: User, number: int | None = None) -> bool:
        """Takes all away, or the one of that number. False when there was none."""
        gone = delete(recovery_codes).where(recovery_codes.c.user_id == user.id)
        with self._database.transaction() as connection:
            return connection.execute(gone if number is None else gone.where(recovery_codes.c.id == number)).rowcount > 0


def _digest(user: User, code: str) -> bytes:
    canonical = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.blake2b(f"{user.id}\0{canonical}".encode("utf-8", "surrogatepass"), digest_size=32, person=b"cambist recovery").digest()
