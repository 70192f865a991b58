"""Which socket route answers a handshake."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cambist.dialect_kit.sockets import SocketRoute
from cambist.gateway.places import ByPlace

Found = tuple[SocketRoute, "re.Match[str] | None"]


class SocketTable:
    """The socket routes of one place. ValueError for doubles."""

    __slots__ = ("_exact", "_prefixes")

    def __init__(self, routes: Iterable[SocketRoute]) -> None:
        self._exact: dict[str, SocketRoute] = {}
        prefixes: list[SocketRoute] = []
        for route in routes:
            if route.prefix:
                if any(other.path == route.path and other.pattern == route.pattern for other in prefixes):
                    raise ValueError(f"two sockets at {route.path}")
                prefixes.append(route)
            elif self._exact.setdefault(route.path, route) is not route:
                raise ValueError(f"two sockets at {route.path}")
        self._prefixes = sorted(prefixes, key=lambda route: (-len(route.path), route.pattern is None))

    def find(self, path: str) -> Found | None:
        """The route for a raw path and its pattern's match, None when there is none."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact, None
        for route in self._prefixes:
            if path.startswith(route.path):
                if route.pattern is None:
                    return route, None
                match = route.pattern.fullmatch(path)
                if match is not None:
                    return route, match
        return None


class SocketRouter:
    """All socket routes: exact paths first, then the longest prefix that fits, in the narrowest place. ValueError for doubles there."""

    __slots__ = ("_tables", "by_host")

    def __init__(self, routes: Iterable[SocketRoute] = ()) -> None:
        self._tables = ByPlace(routes, SocketTable)
        self.by_host = self._tables.by_host
        """Whether a request's host matters to anybody."""

    def find(self, path: str, host: str = "", listener: str = "") -> Found | None:
        """The route for a raw path and its pattern's match, None when there is none."""
        for table in self._tables.at(host, listener):
            found = table.find(path)
            if found is not None:
                return found
        return None
