"""Where the page is: one document at each of its paths, and the files that it loads, which never change under their names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cambist.dialect_kit.messages import Handler, Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.web.built_page import BuiltFile, BuiltPage

ROOT_PATH = "/"
DIALECT = "web"
"""What its requests are counted under."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere, in nobody's frame. `connect-src 'self'` covers the stream's WebSocket."""
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_VARY = (b"vary", b"accept-encoding")
SHELL_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
    (b"referrer-policy", b"no-referrer"),
    _NOSNIFF,
    (b"cache-control", b"no-cache"),
)
ASSET_HEADERS = (
    _NOSNIFF,
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"public, max-age=31536000, immutable"),
    _VARY,
)
_WEIGHT = re.compile(rb"[01](?:\.[0-9]{0,3})?")
_REST = r"(?:/(?:[A-Za-z0-9_.:@-]|%40){1,64}){0,3}/?"
"""What may follow a path's first part: a market, an order's number, an account as @17."""


def routes(page: BuiltPage) -> list[Route]:
    """All but that of `/`, where programs are answered too."""
    shell = _handler(page.shell, SHELL_HEADERS)
    found = [
        Route(
            f"/{path}", shell, prefix=True, pattern=re.compile(f"/{re.escape(path)}{_REST}"), dialect=DIALECT, name="(page)", durable=False
        )
        for path in page.paths
    ]
    for path, file in page.assets.items():
        found.append(Route(path, _handler(file, ASSET_HEADERS), dialect=DIALECT, name="(asset)", durable=False))
    return found


def prefers_page(request: Request) -> bool:
    """Whether it asks for a document to look at, as browsers do: its Accept names HTML, and JSON not as much."""
    if request.method not in ("GET", "HEAD"):
        return False
    weights = _weights(request.headers.get(b"accept", b""))
    html = weights.get(b"text/html", 0.0)
    return html > 0 and html > weights.get(b"application/json", 0.0)


def shell_reply(page: BuiltPage, request: Request, status: int = 200) -> Reply:
    """The document where programs get something else: at `/`, and with 404 at a path that nobody has."""
    return _reply(page.shell, request, (*SHELL_HEADERS, (b"vary", b"accept, accept-encoding")), status)


def _handler(file: BuiltFile, headers: Sequence[tuple[bytes, bytes]]) -> Handler:
    if headers is SHELL_HEADERS:
        headers = (*headers, _VARY)
    return lambda request: _reply(file, request, headers)


def _reply(file: BuiltFile, request: Request, headers: Sequence[tuple[bytes, bytes]], status: int = 200) -> Reply:
    """The file in the smallest form that the browser takes, or that it has it already."""
    if status == 200:
        headers = (*headers, (b"etag", file.etag))
        if file.etag in request.headers.get(b"if-none-match", b""):
            return Reply(304, content_type=file.content_type, headers=headers)
    weights = _weights(request.headers.get(b"accept-encoding", b""))
    taken = {coding for coding, weight in weights.items() if weight > 0}
    coding, body = next((coding, body) for coding, body in file.variants if not coding or coding in taken)
    if coding:
        headers = (*headers, (b"content-encoding", coding))
    return Reply(status, body, file.content_type, headers)


def _weights(field: bytes) -> dict[bytes, float]:
    """What an Accept or Accept-Encoding names, each with its weight between 0 and 1; one that cannot be read is 0."""
    found = {}
    for part in field[:256].lower().split(b","):
        name, *parameters = part.split(b";")
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.replace(b" ", b"").partition(b"=")
            if key == b"q":
                weight = float(value) if _WEIGHT.fullmatch(value) else 0.0
        found[name.strip()] = weight
    return found
