"""Paths: which handler answers one, where it counts, and who words the errors below it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cambist.dialect_kit.messages import Handler, Reply, Request


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A path and the handler that answers it.

    `path` is compared with the raw path as sent: percent-escapes, case, trailing and doubled slashes count, so a dialect that tolerates
    `/tapi/` lists it. With `prefix=True` every path that starts with `path` is meant, narrowed by `pattern`, which must match the whole
    raw path; its match reaches the handler as `Request.match`. `methods` are upper case; HEAD comes with GET by itself.
    `dialect` and `name` label the metrics (`name` defaults to `path`). `durable=False` is for replies that show nothing of the exchange
    (health, static words): they do not wait for the journal.

    `host` (a name without a port, lower case) and `listener` (the name of a listening address) narrow where the route counts; empty means
    everywhere. Two dialects may so have the same path. What is narrowed to more goes first: host and listener, host, listener, neither.
    With `ends_with_client` a handler that still waits is cancelled when its client closes the connection, or its own side of it.
    ValueError for a path without a leading slash, a pattern without prefix, or a host that is none.
    """

    path: str
    handler: Handler
    methods: tuple[str, ...] = ("GET",)
    prefix: bool = False
    pattern: re.Pattern[str] | None = None
    dialect: str = ""
    name: str = ""
    durable: bool = True
    host: str = ""
    listener: str = ""
    ends_with_client: bool = False

    def __post_init__(self) -> None:
        check_place(self.path, self.prefix, self.pattern, self.host)
        if not self.methods or any(method != method.upper() for method in self.methods):
            raise ValueError(f"methods are upper case and not empty: {self.path!r} {self.methods!r}")


@dataclass(frozen=True, slots=True, eq=False)
class PathErrors:
    """Who words the gateway's own errors at `prefix` and at every path below it.

    `reply` gets the request (without its body when that was refused) and the status that the gateway would answer with: 404 for a path
    without a route, 405 for a method without one, 413 for a body above the cap, 429 and 503 for too much at once, 500 for a handler that
    raised, 504 for one whose command nobody knows the outcome of. Its Reply may have another status; None leaves it to the gateway's plain
    words. The gateway ends the connection after a 413 or 503 whatever the reply says. A reply that raises makes a bare 500. Only malformed
    HTTP is beyond it. `/tapi` covers `/tapi`, `/tapi/` and `/tapi/x`, not `/tapix`; doubled slashes count as one. `pattern` narrows the
    prefix to paths that it matches whole, for two dialects below one prefix. `host` and `listener` as in Route; of several, the longest
    prefix of the narrowest place counts, with a pattern before without.
    """

    prefix: str
    reply: Callable[[Request, int], Reply | None]
    dialect: str = ""
    host: str = ""
    listener: str = ""
    pattern: re.Pattern[str] | None = None

    def __post_init__(self) -> None:
        check_place(self.prefix, True, self.pattern, self.host)
        if self.prefix != "/" and self.prefix.endswith("/"):
            raise ValueError(f"a prefix for errors ends without a slash: {self.prefix!r}")


def check_place(path: str, prefix: bool, pattern: re.Pattern[str] | None, host: str) -> None:
    """ValueError unless a route may stand there."""
    if not path.startswith("/"):
        raise ValueError(f"a route's path starts with a slash: {path!r}")
    if pattern is not None and not prefix:
        raise ValueError(f"a pattern needs prefix=True: {path!r}")
    if host != host.lower() or (":" in host.strip("[]") and not host.startswith("[")):
        raise ValueError(f"a host is a name in lower case, without a port: {host!r}")
