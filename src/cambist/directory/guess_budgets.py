"""How often a secret may be guessed at: budgets that are used up by wrong guesses and grow again with time, across restarts too.

Every guess is paid for before it is looked at, and paid back when it was right: guesses that are made at the same moment count too. So
from one budget no more than `at_once + time / each` wrong guesses are made in any stretch of time, whatever else happens in it.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from .database import Database, upsert
from .tables import guess_budgets
from .values import Clock


@dataclass(frozen=True, slots=True)
class Budget:
    """`at_once` guesses when none was made for long, and one more every `each` µs. `secret`: what is guessed at, a word of its own."""

    secret: str
    at_once: int
    each: int

    @property
    def whole(self) -> int:
        """µs until an empty budget is full again."""
        return self.at_once * self.each


class GuessBudgets:
    """What is left of budgets, each by whose it is: whether there is such a person or not."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def take(self, budget: Budget, whose: str | int) -> int:
        """0 and one guess is paid for, or for how many µs there is none left."""
        with self._database.transaction() as connection:
            now = self._clock()
            wait = max(0, self._used(connection, budget, whose, now) + budget.each - budget.whole)
            if not wait:
                self._add(connection, budget, whose, now, budget.each)
            return wait

    def charge(self, budget: Budget, whose: str | int) -> None:
        """Pays for one guess, whether there is one left or not."""
        with self._database.transaction() as connection:
            self._add(connection, budget, whose, self._clock(), budget.each)

    def give_back(self, budget: Budget, whose: str | int) -> None:
        """The guess was right, or was not made."""
        with self._database.transaction() as connection:
            self._add(connection, budget, whose, self._clock(), -budget.each)

    def made(self, budget: Budget, whose: str | int) -> float:
        """How many of its guesses are missing now."""
        with self._database.reading() as connection:
            return self._used(connection, budget, whose, self._clock()) / budget.each

    @staticmethod
    def _used(connection: Connection, budget: Budget, whose: str | int, now: int) -> int:
        """µs until it is full. After a time that was wrong and is over: no more than that takes."""
        query = select(guess_budgets.c.full_at).where(guess_budgets.c.subject == subject(budget, whose))
        full_at = connection.execute(query).scalar_one_or_none()
        return 0 if full_at is None else min(max(0, full_at - now), budget.whole)

    def _add(self, connection: Connection, budget: Budget, whose: str | int, now: int, micros: int) -> None:
        full_at = now + min(max(0, self._used(connection, budget, whose, now) + micros), budget.whole)
        connection.execute(delete(guess_budgets).where(guess_budgets.c.full_at <= now))
        upsert(connection, guess_budgets, [{"subject": subject(budget, whose), "full_at": full_at}])


def subject(budget: Budget, whose: str | int) -> bytes:
    """A digest, because what is typed in place of a name may be anything."""
    return hashlib.blake2b(f"{budget.secret}\0{whose}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
