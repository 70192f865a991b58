"""What `/readyz` says of a venue: why it should not be sent requests just now, and what of it does not work while people can trade."""

from collections.abc import Callable

from cambist.gateway.health import ReadinessReport

Check = Callable[[], str]
"""A reason in words, empty when all is well."""


class Readiness:
    """The reasons of everybody who has one. For the event loop's thread only.

    A reason not to be ready takes the venue, or an edge of it, out of a load balancer. So what known keys can trade without is none: it
    makes the venue a degraded one.
    """

    def __init__(self) -> None:
        self._checks: list[Check] = []
        self._degraded_checks: list[Check] = []
        self._found: dict[str, str] = {}

    def watch(self, check: Check) -> None:
        """Asks `check` why the venue is not ready, whenever readiness is asked for: it must be quick."""
        self._checks.append(check)

    def watch_degraded(self, check: Check) -> None:
        """Asks `check` what does not work although people can trade."""
        self._degraded_checks.append(check)

    def report_degraded(self, subject: str, reason: str) -> None:
        """What was found about a subject, until it is reported otherwise; empty when it is well again."""
        if reason:
            self._found[subject] = reason
        else:
            self._found.pop(subject, None)

    def report(self) -> ReadinessReport:
        """Everything, as it is now."""
        return ReadinessReport(self.reasons(), self.degraded())

    def reasons(self) -> list[str]:
        """Why the venue is not ready; none when it is."""
        return [*filter(None, (check() for check in self._checks))]

    def degraded(self) -> list[str]:
        """What does not work although people can trade; none when all is well."""
        return [*filter(None, (check() for check in self._degraded_checks)), *self._found.values()]
