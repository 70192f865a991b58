"""Which handler answers a path: exact paths first, then the longest literal prefix, then a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from cambist.dialect_kit.messages import Handler, Reply, Request
from cambist.dialect_kit.routes import Route


def _say(status: int, words: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Handler:
    reply = Reply(status, msgspec.json.encode({"error": words}), headers=headers)

    def answer(_request: Request) -> Reply:
        return reply

    return answer


NOT_FOUND = Route("/", _say(404, "not found"), prefix=True, dialect="gateway", name="(unknown)", durable=False)
"""What `find` gives for a path that nobody has."""


@dataclass(slots=True)
class _Methods:
    """The routes of one path (or one prefix and pattern) by method, and the 405 for the rest."""

    pattern: re.Pattern[str] | None
    by_method: dict[str, Route] = field(default_factory=dict)
    wrong_method: Route = NOT_FOUND

    def add(self, route: Route) -> None:
        for method in route.methods:
            if method in self.by_method:
                raise ValueError(f"two routes for {method} {route.path}")
            self.by_method[method] = route

    def close(self) -> None:
        if "GET" in self.by_method:
            self.by_method.setdefault("HEAD", self.by_method["GET"])
        allow = ", ".join(sorted(self.by_method)).encode()
        answer = _say(405, "method not allowed", ((b"allow", allow),))
        self.wrong_method = Route("/", answer, prefix=True, dialect="gateway", name="(method)", durable=False)


Found = tuple[Route, "re.Match[str] | None"]


class Router:
    """The route table, fixed at construction. ValueError when two routes claim the same path and method."""

    __slots__ = ("_exact", "_lengths", "_prefixes")

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[str, _Methods] = {}
        self._prefixes: dict[str, list[_Methods]] = {}
        for route in routes:
            self._entry(route).add(route)
        for entry in self._exact.values():
            entry.close()
        for entries in self._prefixes.values():
            for entry in entries:
                entry.close()
            entries.sort(key=lambda entry: entry.pattern is None)  # patterns in the order given, the catch-all of a prefix last
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)

    def _entry(self, route: Route) -> _Methods:
        if not route.prefix:
            return self._exact.setdefault(route.path, _Methods(None))
        entries = self._prefixes.setdefault(route.path, [])
        for entry in entries:
            if entry.pattern == route.pattern:
                return entry
        entries.append(_Methods(route.pattern))
        return entries[-1]

    def find(self, method: str, path: str) -> Found:
        """The route for a raw path and its pattern match; a route that answers 404 or 405 when there is none (never an error)."""
        entry = self._exact.get(path)
        if entry is not None:
            return entry.by_method.get(method) or entry.wrong_method, None
        for length in self._lengths:
            entries = self._prefixes.get(path[:length])
            if entries is None:
                continue
            for entry in entries:
                if entry.pattern is None:
                    return entry.by_method.get(method) or entry.wrong_method, None
                match = entry.pattern.fullmatch(path)
                if match is not None:
                    return entry.by_method.get(method) or entry.wrong_method, match
        return NOT_FOUND, None
