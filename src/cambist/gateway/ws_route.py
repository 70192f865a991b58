"""What a dialect gives for its sockets: where they are, and what speaks on them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cambist.gateway.messages import Reply, Request

if TYPE_CHECKING:
    from cambist.gateway.ws_socket import Socket


class Session(ABC):
    """One client's conversation; a dialect derives its own. All methods run on the event loop, one at a time, in order of what came.

    `text` and `binary` may return an awaitable: then nothing that came behind this message is handed on before it is done, so replies
    keep the order of the requests. What raises ends the connection with 1011; `Withheld` ends it without a word.
    """

    def __init__(self, socket: Socket) -> None:
        self.socket = socket

    def opened(self) -> None:  # noqa: B027 - a session may have nothing to say first
        """The handshake is answered; messages may be sent."""

    @abstractmethod
    def text(self, message: str) -> Awaitable[None] | None:
        """A whole text message, valid UTF-8, at most `message_bytes` long."""

    def binary(self, message: bytes) -> Awaitable[None] | None:
        """A whole binary message. Who does not speak binary need not say so."""
        self.socket.close(1003, "text messages, please")
        return None

    def closed(self) -> None:  # noqa: B027 - nor anything to put away
        """The connection is gone or will say nothing any more; called once. Subscriptions in a Hub have ended already."""


Accept = Callable[[Request, "Socket"], "Session | Reply"]
"""Takes the handshake request; a Reply refuses it (HTTP, then the connection ends). It must show nothing that is not durable."""


@dataclass(frozen=True, slots=True, eq=False)
class SocketRoute:
    """A path that speaks WebSocket. Path, prefix and pattern as in Route; the pattern's match is `Request.match`.

    The same path may have an HTTP route too: that one answers requests that ask for no upgrade. `subprotocols` in order of preference.
    """

    path: str
    accept: Accept
    prefix: bool = False
    pattern: re.Pattern[str] | None = None
    dialect: str = ""
    name: str = ""
    subprotocols: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ValueError(f"a route's path starts with a slash: {self.path!r}")
        if self.pattern is not None and not self.prefix:
            raise ValueError(f"a pattern needs prefix=True: {self.path!r}")


class SocketRoutes:
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
