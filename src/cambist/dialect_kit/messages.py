"""What a handler gets and what it gives back: plain values, the same on every transport."""

import re
from collections.abc import Awaitable, Callable, Sequence

import msgspec


class Request(msgspec.Struct, frozen=True, gc=False):
    """One HTTP request, complete with its body.

    `path` is the raw path as sent (ASCII, percent-escapes untouched, trailing and doubled slashes kept); `query` the raw bytes after `?`.
    `headers` has lower-case names; a field that was sent twice is joined with `, ` (with `; ` for cookies), so that a doubled
    credential never matches. `body` is the raw body, de-chunked, at most the body cap. `client` is the peer's IP address as text, empty
    on a socket without one. `match` is the route's pattern match on `path`, None for routes without a pattern.
    """

    method: str
    path: str
    query: bytes = b""
    headers: dict[bytes, bytes] = {}
    body: bytes = b""
    client: str = ""
    match: re.Match[str] | None = None

    def __repr__(self) -> str:  # headers and body hold keys and signatures: they must not reach a log by way of a repr
        return f"Request({self.method} {self.path}, {len(self.headers)} headers, {len(self.body)} bytes)"


class Reply(msgspec.Struct, frozen=True, gc=False):
    """One HTTP reply. Content-Length is the gateway's affair, as is Connection; `headers` are further fields, names in lower case.

    A name or value with a control character, or a body for a status that has none (1xx, 204, 304), becomes a 500.
    `chunked` sends the body as one chunk instead of naming its length, for a client that insists on it.
    """

    status: int = 200
    body: bytes = b""
    content_type: bytes = b"application/json"
    headers: Sequence[tuple[bytes, bytes]] = ()
    chunked: bool = False


Handler = Callable[[Request], Reply | Awaitable[Reply]]
"""Called on the event-loop thread. A coroutine that never waits costs no task; one that does goes on as a task."""


class Withheld(Exception):
    """A reply may not leave. Whoever holds the connection closes it without a word.

    Raised when the journal did not become durable. A handler may raise it too, to let a reply get lost as networks do.
    """
