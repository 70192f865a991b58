"""Whether a request comes from a program on the same machine, and whether a page of another site had a browser send it."""

from __future__ import annotations

import ipaddress

from cambist.dialect_kit.messages import Request

HOSTS = ("localhost", "127.0.0.1", "[::1]")
"""What a program on this machine calls it. A page of another site that has its name lead here (DNS rebinding) calls it otherwise."""


BROWSER = b"Mozilla/"
"""How every browser's User-Agent begins; of a socket's handshake no page can change it."""
NAVIGATED = frozenset({"GET", "HEAD"})
"""What following a link does."""


def from_this_machine(request: Request) -> bool:
    """Whether it comes from a loopback address, and names this machine as its host."""
    return _near(request) and _is_this_machine(request.headers.get(b"host", b""))


def from_foreign_page(request: Request) -> bool:
    """Whether a browser sent it for a page that is neither this server's nor of another server on this machine, as far as browsers say.

    Who is no browser says nothing of the kind. A link that somebody follows to here is none of it.
    """
    headers = request.headers
    origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
    if origin is None and site is None:
        return False
    if b"upgrade" in headers and not headers.get(b"user-agent", b"").startswith(BROWSER):
        return False  # programs' socket libraries call the server that they were given an Origin
    if _near(request) and not _is_this_machine(headers.get(b"host", b"")):
        return True  # a name of somebody else's that leads here (DNS rebinding): then the browser takes their page for one of ours
    if origin is not None:
        scheme, _, host = origin.partition(b"://")
        own = request.base_url.encode() == origin
        return not own and not (scheme in (b"http", b"https") and _is_this_machine(host))
    if site == b"cross-site":
        return headers.get(b"sec-fetch-mode") != b"navigate" or request.method not in NAVIGATED
    return False


def _near(request: Request) -> bool:
    try:
        return ipaddress.ip_address(request.client).is_loopback
    except ValueError:
        return False


def _is_this_machine(host: bytes) -> bool:
    """Of a Host field, or of an Origin behind its scheme."""
    text = host.decode("latin-1").lower()
    return (text.rpartition(":")[0] if text.rpartition(":")[2].isdigit() and not text.endswith("]") else text) in HOSTS
