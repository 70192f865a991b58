"""What a handler gets and what it gives back: plain values, the same on every transport."""

import re
from collections.abc import Awaitable, Callable, Sequence

import msgspec

_PLAIN_HOST = re.compile(r"(?:[0-9A-Za-z._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class Request(msgspec.Struct, frozen=True, gc=False):
    """One HTTP request, complete with its body.

    `path` is the raw path as sent (ASCII, percent-escapes untouched, trailing and doubled slashes kept); `query` the raw bytes after `?`.
    `headers` has lower-case names; a field that was sent twice is joined with `, ` (with `; ` for cookies), so that a doubled
    credential never matches. `body` is the raw body, de-chunked, at most the body cap. `client` is the peer's IP address as text, empty
    on a socket without one. `match` is the route's pattern match on `path`, None for routes without a pattern. `scheme` is `http` or
    `https`; `listener` the name of the listening address that it came in by. Behind a trusted proxy `client`, `scheme` and the Host field
    are those of the client's own request. `connection` numbers the connections of the server, from 1, 0 without one.
    """

    method: str
    path: str
    query: bytes = b""
    headers: dict[bytes, bytes] = {}
    body: bytes = b""
    client: str = ""
    match: re.Match[str] | None = None
    scheme: str = "http"
    listener: str = ""
    connection: int = 0

    @property
    def base_url(self) -> str:
        """This server as the client called it, `https://pay.example.com:8443`; empty when its Host field is no plain name or address."""
        host = self.headers.get(b"host", b"").decode("latin-1")
        return f"{self.scheme}://{host}" if _PLAIN_HOST.fullmatch(host) else ""

    def __repr__(self) -> str:  # headers and body hold keys and signatures: they must not reach a log by way of a repr
        return f"Request({self.method} {self.path}, {len(self.headers)} headers, {len(self.body)} bytes)"


class FixedFields(tuple[tuple[bytes, bytes], ...]):
    """Header fields that many replies have alike, such as a module's constant: they are checked and written once."""

    written: bytes | None = None
    """Their lines, once the gateway has sent them."""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """One HTTP reply. Content-Length is the gateway's affair, as is Connection; `headers` are further fields, names in lower case.

    A name or value with a control character, or a body for a status that has none (1xx, 204, 304), becomes a 500.
    `chunked` sends the body as one chunk instead of naming its length, for a client that insists on it. `parts` are the body's beginning
    where it is long and its pieces are shared by many replies: they are sent as they are, one after the other, then `body`.
    `waits=False` is for a reply that shows nothing of the exchange, whatever its route does: it does not wait for the journal.
    """

    status: int = 200
    body: bytes = b""
    content_type: bytes = b"application/json"
    headers: Sequence[tuple[bytes, bytes]] = ()
    chunked: bool = False
    parts: tuple[bytes, ...] = ()
    waits: bool = True

    @property
    def content(self) -> bytes:
        """The whole body, `parts` and all."""
        return b"".join((*self.parts, self.body)) if self.parts else self.body


Handler = Callable[[Request], Reply | Awaitable[Reply]]
"""Called on the event-loop thread. A coroutine that never waits costs no task; one that does goes on as a task."""


class Withheld(Exception):
    """A reply may not leave. Whoever holds the connection closes it without a word.

    Raised when the journal did not become durable. A handler may raise it too, to let a reply get lost as networks do: `sent` are bytes
    that leave all the same, which must show nothing that is not durable, and `reset` breaks the connection off instead of closing it.
    """

    def __init__(self, why: str = "", *, sent: bytes = b"", reset: bool = False) -> None:
        super().__init__(why)
        self.sent = sent
        self.reset = reset
