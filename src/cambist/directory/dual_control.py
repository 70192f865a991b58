"""Dual control: what one operator asked for and another one must ask for too before it is done."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from .database import Database, next_number
from .tables import approvals
from .values import Clock

KEPT = 7 * 86_400_000_000
"""How long the first operator's word counts, µs."""
MOST = 1_000
"""Requests that wait at once."""


@dataclass(frozen=True, slots=True)
class AwaitedApproval:
    """`operation` on `subject`, with `arguments` (JSON), asked for by the user of account `asked_by` at `asked` (µs)."""

    id: int
    operation: str
    subject: str
    arguments: str
    asked_by: int
    asked: int


class DualControl:
    """Requests that wait for a second operator. In the file, so a restart forgets none."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def awaited(self) -> list[AwaitedApproval]:
        """Oldest first, those that are too old left out."""
        with self._database.transaction() as connection:
            connection.execute(delete(approvals).where(approvals.c.asked <= self._clock() - KEPT))
            rows = connection.execute(select(approvals).order_by(approvals.c.id)).all()
        return [AwaitedApproval(row.id, row.operation, row.subject, row.arguments, row.asked_by, row.asked) for row in rows]

    def find(self, operation: str, subject: str) -> AwaitedApproval | None:
        """The one request for this."""
        return next((each for each in self.awaited() if (each.operation, each.subject) == (operation, subject)), None)

    def ask(self, operation: str, subject: str, arguments: str, asked_by: int) -> AwaitedApproval | None:
        """Keeps a request, in the place of an earlier one for the same; None when too many wait."""
        self.end(operation, subject)
        if len(self.awaited()) >= MOST:
            return None
        with self._database.transaction() as connection:
            made = AwaitedApproval(next_number(connection, "approvals"), operation, subject, arguments, asked_by, self._clock())
            row = {"id": made.id, "operation": operation, "subject": subject, "arguments": arguments}
            connection.execute(insert(approvals).values(**row, asked_by=asked_by, asked=made.asked))
        return made

    def end(self, operation: str, subject: str) -> None:
        """It was done, or taken back."""
        with self._database.transaction() as connection:
            connection.execute(delete(approvals).where(approvals.c.operation == operation, approvals.c.subject == subject))
