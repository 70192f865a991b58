"""Which handler answers a path: exact paths first, then the longest literal prefix, then a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from cambist.gateway.messages import Handler, Reply, Request


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A path and the handler that answers it.

    `path` is compared with the raw path as sent: percent-escapes, case, trailing and doubled slashes count, so a dialect that tolerates
    `/tapi/` lists it. With `prefix=True` every path that starts with `path` is meant, narrowed by `pattern`, which must match the whole
    raw path; its match reaches the handler as `Request.match`. `methods` are upper case; HEAD comes with GET by itself.
    `dialect` and `name` label the metrics (`name` defaults to `path`). `durable=False` is for replies that show nothing of the exchange
    (health, static words): they do not wait for the journal. ValueError for a path without a leading slash or a pattern without prefix.
    """

    path: str
    handler: Handler
    methods: tuple[str, ...] = ("GET",)
    prefix: bool = False
    pattern: re.Pattern[str] | None = None
    dialect: str = ""
    name: str = ""
    durable: bool = True

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ValueError(f"a route's path starts with a slash: {self.path!r}")
        if self.pattern is not None and not self.prefix:
            raise ValueError(f"a pattern needs prefix=True: {self.path!r}")
        if not self.methods or any(method != method.upper() for method in self.methods):
            raise ValueError(f"methods are upper case and not empty: {self.path!r} {self.methods!r}")


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
