"""Which handler answers a path: exact paths first, then the longest literal prefix, then a pattern."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from cambist.dialect_kit.interception import Interceptor
from cambist.dialect_kit.messages import Handler, Reply, Request
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.gateway.places import ByPlace


def _say(status: int, words: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Handler:
    reply = Reply(status, msgspec.json.encode({"error": words}), headers=headers)

    def answer(_request: Request) -> Reply:
        return reply

    return answer


NOT_FOUND = Route("/", _say(404, "not found"), prefix=True, dialect="gateway", name="(unknown)", durable=False)
"""What `find` gives for a path that nobody has."""

Found = tuple[Route, "re.Match[str] | None"]
_SLASHES = re.compile("//+")


class ErrorTable:
    """Who words the errors of one place, by prefix."""

    __slots__ = ("_by_prefix", "_lengths", "_unknown")

    def __init__(self, errors: Sequence[PathErrors]) -> None:
        self._by_prefix: dict[str, list[PathErrors]] = {}
        for claim in errors:
            claims = self._by_prefix.setdefault(claim.prefix, [])
            if any(other.pattern == claim.pattern for other in claims):
                raise ValueError(f"two dialects word the errors below {claim.prefix}")
            claims.append(claim)
            claims.sort(key=lambda each: each.pattern is None)
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)
        self._unknown = {claim: _unknown_route(claim) for claim in errors}

    def find(self, path: str) -> PathErrors | None:
        """The longest prefix that is the path or one of its parents."""
        if "//" in path:
            path = _SLASHES.sub("/", path)
        for length in self._lengths:
            claims = self._by_prefix.get(path[:length])
            if claims is not None and (length == 1 or path[length : length + 1] in ("", "/")):
                for claim in claims:
                    if claim.pattern is None or claim.pattern.fullmatch(path):
                        return claim
        return None

    def unknown(self, path: str) -> Route | None:
        """The route that answers an unknown path; None for one that nobody claims."""
        claim = self.find(path)
        return None if claim is None else self._unknown[claim]


def _unknown_route(claim: PathErrors) -> Route:
    name = NOT_FOUND.name if claim.prefix == "/" else f"{claim.prefix}: (unknown)"

    def answer(request: Request) -> Reply | Awaitable[Reply]:
        return claim.reply(request, 404) or NOT_FOUND.handler(request)

    return Route("/", answer, prefix=True, dialect=claim.dialect, name=name, durable=False)


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

    def close(self, claim: Callable[[str], PathErrors | None]) -> None:
        """`claim` says who words the errors of a path."""
        if "GET" in self.by_method:
            self.by_method.setdefault("HEAD", self.by_method["GET"])
        allow = ", ".join(sorted(self.by_method)).encode()
        plain = _say(405, "method not allowed", ((b"allow", allow),))

        def answer(request: Request) -> Reply | Awaitable[Reply]:
            claimed = claim(request.path)
            return (claimed and claimed.reply(request, 405)) or plain(request)

        self.wrong_method = Route("/", answer, prefix=True, dialect="gateway", name="(method)", durable=False)


def _top(path: str) -> str:
    """The first part of a path with its slashes, `/api/`; empty for one that has only one part."""
    return path[: path.find("/", 1) + 1]


class RouteTable:
    """The routes of one place, fixed at construction. ValueError when two routes claim the same path and method."""

    __slots__ = ("_exact", "_lengths", "_lengths_below", "_prefixes")

    def __init__(self, routes: Sequence[Route], claim: Callable[[Route], Callable[[str], PathErrors | None]]) -> None:
        """`claim` says who words the errors of a path where a route counts."""
        self._exact: dict[str, _Methods] = {}
        self._prefixes: dict[str, list[_Methods]] = {}
        for route in routes:
            self._entry(route).add(route)
        for route in routes:
            self._entry(route).close(claim(route))
        for entries in self._prefixes.values():
            entries.sort(key=lambda entry: entry.pattern is None)  # patterns in the order given, the catch-all of a prefix last
        tops = {_top(prefix) for prefix in self._prefixes}
        self._lengths_below = {top: self._lengths_that_count(top) for top in tops if top}
        """By the first part of a path: how long the prefixes are that it can have, longest first."""
        self._lengths = self._lengths_that_count("")

    def _lengths_that_count(self, top: str) -> tuple[int, ...]:
        return tuple(sorted({len(prefix) for prefix in self._prefixes if _top(prefix) in ("", top)}, reverse=True))

    def _entry(self, route: Route) -> _Methods:
        if not route.prefix:
            return self._exact.setdefault(route.path, _Methods(None))
        entries = self._prefixes.setdefault(route.path, [])
        for entry in entries:
            if entry.pattern == route.pattern:
                return entry
        entries.append(_Methods(route.pattern))
        return entries[-1]

    def exact(self) -> dict[tuple[str, bytes], Route]:
        """The routes of exact paths by method and path."""
        return {(method, path.encode()): route for path, entry in self._exact.items() for method, route in entry.by_method.items()}

    def find(self, method: str, path: str) -> Found | None:
        """The route for a raw path and its pattern match; one that words a 405 when only the method is wrong; None for an unknown path."""
        entry = self._exact.get(path)
        if entry is not None:
            return entry.by_method.get(method) or entry.wrong_method, None
        for length in self._lengths_below.get(_top(path), self._lengths):
            entries = self._prefixes.get(path[:length])
            if entries is None:
                continue
            for entry in entries:
                if entry.pattern is None:
                    return entry.by_method.get(method) or entry.wrong_method, None
                match = entry.pattern.fullmatch(path)
                if match is not None:
                    return entry.by_method.get(method) or entry.wrong_method, match
        return None


class Router:
    """All routes, fixed at construction. ValueError when two routes of one place claim the same path and method, or two dialects the errors
    below the same prefix."""

    __slots__ = ("_errors", "_tables", "by_host", "everywhere", "exact")

    def __init__(self, routes: Iterable[Route], errors: Iterable[PathErrors] = ()) -> None:
        self._errors = ByPlace(errors, ErrorTable)
        self._tables = ByPlace(routes, lambda placed: RouteTable(placed, self._claim))
        only = self._tables.only
        self.everywhere = only is not None and self._errors.only is not None
        """Whether the route of a path is the same on every host and listener."""
        self.exact: dict[tuple[str, bytes], Route] = {} if only is None else only.exact()
        """The routes of exact paths by method and request target (without a query): what most requests ask for. Empty where routes depend
        on the place."""
        self.by_host = self._tables.by_host or self._errors.by_host
        """Whether a request's host matters to anybody."""

    def _claim(self, route: Route) -> Callable[[str], PathErrors | None]:
        return lambda path: self.errors(path, route.host, route.listener)

    def find(self, method: str, path: str, host: str = "", listener: str = "") -> Found:
        """The route for a raw path and its pattern match; a route that words the 404 or 405 when there is none (never an error)."""
        for table in self._tables.at(host, listener):
            found = table.find(method, path)
            if found is not None:
                return found
        for errors in self._errors.at(host, listener):
            unknown = errors.unknown(path)
            if unknown is not None:
                return unknown, None
        return NOT_FOUND, None

    def errors(self, path: str, host: str = "", listener: str = "") -> PathErrors | None:
        """Who words the errors of this path; None when nobody claims it."""
        for errors in self._errors.at(host, listener):
            claim = errors.find(path)
            if claim is not None:
                return claim
        return None


class InterceptedRouter:
    """A router whose routes are wrapped, each when it is found first."""

    __slots__ = ("_interceptors", "_router", "_wrapped", "exact")

    def __init__(self, router: Router, interceptors: Sequence[Interceptor]) -> None:
        self._router = router
        self._interceptors = interceptors
        self._wrapped: dict[Route, Route] = {}
        self.exact = {place: self._intercepted(route) for place, route in router.exact.items()}
        """As `Router.exact`."""

    def find(self, method: str, path: str, host: str = "", listener: str = "") -> Found:
        """As `Router.find`."""
        route, match = self._router.find(method, path, host, listener)
        return self._wrapped.get(route) or self._intercepted(route), match

    def _intercepted(self, route: Route) -> Route:
        wrapped = self._wrapped.get(route)
        if wrapped is None:
            wrapped = route
            for interceptor in reversed(self._interceptors):
                wrapped = interceptor.route(wrapped)
            self._wrapped[route] = wrapped
        return wrapped
