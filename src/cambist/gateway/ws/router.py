"""Which socket route answers a handshake."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cambist.dialect_kit.sockets import SocketRoute


class SocketRouter:
    """Which route answers a handshake: exact paths first, then the longest prefix that fits. ValueError for doubles."""

    __slots__ = ("_exact", "_prefixes")

    def __init__(self, routes: Iterable[SocketRoute] = ()) -> None:
        self._exact: dict[str, SocketRoute] = {}
        prefixes: list[SocketRoute] = []
        for route in routes:
            if route.prefix:
                prefixes.append(route)
            elif self._exact.setdefault(route.path, route) is not route:
                raise ValueError(f"two sockets at {route.path}")
        self._prefixes = sorted(prefixes, key=lambda route: (-len(route.path), route.pattern is None))

    def find(self, path: str) -> tuple[SocketRoute, re.Match[str] | None] | None:
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
