"""Why a venue should not be sent requests just now: what `/readyz` says."""

from collections.abc import Callable

Check = Callable[[], str]
"""A reason in words, empty when all is well."""


class Readiness:
    """The reasons of everybody who has one. For the event loop's thread only."""

    def __init__(self) -> None:
        self._checks: list[Check] = []
        self._found: dict[str, str] = {}

    def watch(self, check: Check) -> None:
        """Asks `check` whenever readiness is asked for: it must be quick."""
        self._checks.append(check)

    def report(self, subject: str, reason: str) -> None:
        """What was found about a subject, until it is reported otherwise; empty when it is well again."""
        if reason:
            self._found[subject] = reason
        else:
            self._found.pop(subject, None)

    def reasons(self) -> list[str]:
        """All reasons as they are now; none when the venue is ready."""
        return [*filter(None, (check() for check in self._checks)), *self._found.values()]
