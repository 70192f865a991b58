"""A path and the handler that answers it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cambist.dialect_kit.messages import Handler


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
