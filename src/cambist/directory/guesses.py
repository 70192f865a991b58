"""How often a secret may be guessed at: whatever is asked for, passwords and one-time codes alike, and across restarts.

Every guess counts as wrong before it is looked at, and is forgiven when it was right: guesses that are made at the same moment count too.
After some free wrong ones in a row (FREE, unless the subject is one that many share) there is a pause of FIRST_PAUSE, and one twice as long
after each more, up to LONGEST_PAUSE. What is asked during a pause is not looked at and changes nothing. A day without a guess forgets.
"""

import hashlib

from sqlalchemy import delete, insert, select, update

from .database import Database
from .tables import guesses
from .values import Clock

FREE = 5
FIRST_PAUSE = 60_000_000
LONGEST_PAUSE = 3_600_000_000
FORGOTTEN_AFTER = 86_400_000_000


class Guesses:
    """Counters by subject: a word for the secret and whose it is, whether there is such a person or not."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, secret: str, whose: str | int, free: int = FREE) -> int:
        """0 and the guess is counted, or for how many µs nothing is looked at. `free`: wrong ones before the first pause."""
        key, now = subject(secret, whose), self._clock()
        with self._database.transaction() as connection:
            row = connection.execute(select(guesses).where(guesses.c.subject == key)).one_or_none()
            if row is not None and now < row.until:
                return int(row.until - now)
            connection.execute(delete(guesses).where(guesses.c.last < now - FORGOTTEN_AFTER))
            wrong = row.wrong + 1 if row is not None and row.last >= now - FORGOTTEN_AFTER else 1
            until = now + pause_after(wrong, free)
            if wrong == 1:
                connection.execute(delete(guesses).where(guesses.c.subject == key))
                connection.execute(insert(guesses).values(subject=key, wrong=1, last=now, until=until))
            else:
                connection.execute(update(guesses).where(guesses.c.subject == key).values(wrong=wrong, last=now, until=until))
        return 0

    def right(self, secret: str, whose: str | int) -> None:
        """The guess that was begun was right: all before it are forgiven."""
        with self._database.transaction() as connection:
            connection.execute(delete(guesses).where(guesses.c.subject == subject(secret, whose)))


def subject(secret: str, whose: str | int) -> bytes:
    """A digest, because what is typed in place of a name may be anything."""
    return hashlib.blake2b(f"{secret}\0{whose}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def pause_after(wrong: int, free: int = FREE) -> int:
    """µs of rest after that many wrong guesses in a row."""
    return 0 if wrong < free else min(FIRST_PAUSE << min(wrong - free, 16), LONGEST_PAUSE)
