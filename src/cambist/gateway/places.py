"""Where a route counts: on which host names and which listening addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar


class Placed(Protocol):
    """A route, as far as its place goes."""

    @property
    def host(self) -> str: ...
    @property
    def listener(self) -> str: ...


P = TypeVar("P", bound=Placed)
T = TypeVar("T")


def host_name(host: bytes) -> str:
    """The name in a Host field: lower case, without a port, without a root's dot."""
    name = host.decode("latin-1").lower()
    if not name.endswith("]"):
        name = name.partition(":")[0] if not name.startswith("[") else name.rpartition(":")[0]
    return name.removesuffix(".")


class ByPlace(Generic[T]):
    """One table for each place that routes name."""

    __slots__ = ("_everywhere", "_narrow")

    def __init__(self, routes: Iterable[P], make: Callable[[list[P]], T]) -> None:
        """`make` gives the table of the routes of one place."""
        by_place: dict[tuple[str, str], list[P]] = {("", ""): []}
        for route in routes:
            by_place.setdefault((route.host, route.listener), []).append(route)
        self._everywhere = (make(by_place.pop(("", ""))),)
        self._narrow = {place: make(placed) for place, placed in by_place.items()}

    @property
    def by_host(self) -> bool:
        """Whether any route is narrowed to a host: otherwise nobody need know a request's."""
        return any(host for host, _listener in self._narrow)

    @property
    def only(self) -> T | None:
        """The table that counts everywhere, when no route is narrowed to a place."""
        return None if self._narrow else self._everywhere[0]

    def at(self, host: str, listener: str) -> tuple[T, ...]:
        """The tables that count there, the narrowest first."""
        if not self._narrow:
            return self._everywhere
        places = dict.fromkeys(((host, listener), (host, ""), ("", listener)))
        return (*(self._narrow[place] for place in places if place in self._narrow), *self._everywhere)
