"""Request targets whose route is known already."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cambist.dialect_kit.routes import Route

Target = tuple[Route, str, bytes, "re.Match[str] | None"]
"""Route, path, query and the match of the route's pattern."""

MOST = 1_024
LONGEST = 128
"""Targets that are kept beside those of exact paths, and how many bytes one may have: strangers choose both."""


class KnownTargets:
    """What was found for targets that were asked for before, most of which are asked for again and again."""

    __slots__ = ("_exact", "_grows", "_targets", "get")

    def __init__(self, exact: Mapping[tuple[str, bytes], Route], *, grows: bool) -> None:
        """`exact`: the routes of exact paths by method and target. `grows` where a target's route depends on nothing else."""
        self._exact = {(method, target): (route, route.path, b"", None) for (method, target), route in exact.items()}
        self._targets: dict[tuple[str, bytes], Target] = dict(self._exact)
        self._grows = grows
        self.get = self._targets.get
        """By method and target."""

    def add(self, method: str, target: bytes, found: Target) -> None:
        """Keeps what was found; everything but the exact paths is forgotten when there is no room."""
        if not self._grows or len(target) > LONGEST:
            return
        if len(self._targets) >= len(self._exact) + MOST:
            self._targets.clear()
            self._targets.update(self._exact)
        self._targets[method, target] = found

    def __len__(self) -> int:
        return len(self._targets)
