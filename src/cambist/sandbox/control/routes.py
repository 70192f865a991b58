"""The control API over HTTP: operations as routes.

It is for programs on this machine only, and for this server's own page. A request counts when it comes from a loopback address, names
this machine as its host, and, when it changes anything, has a body that is said to be JSON; a browser must say that this server's page
asks. So no other site's page can send one.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Awaitable, Iterable
from inspect import isawaitable
from typing import Any

import msgspec

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.this_machine import from_this_machine
from cambist.sandbox.control.operations import JSON, AnyBound, Refused

DIALECT = "sandbox"
"""What its requests are counted under."""


def routes(bound: Iterable[AnyBound]) -> list[Route]:
    """A route for each operation."""
    return [_route(each) for each in bound]


def _route(bound: AnyBound) -> Route:
    operation = bound.operation
    decode_body = msgspec.json.Decoder(operation.takes).decode

    def taken(request: Request) -> Any:
        """msgspec.ValidationError, msgspec.DecodeError."""
        named = {name: urllib.parse.unquote(value) for name, value in request.match.groupdict().items()} if request.match else {}
        if not operation.in_body:
            query = urllib.parse.parse_qsl(request.query.decode("latin-1"), keep_blank_values=True)
            return msgspec.convert(dict(query) | named, operation.takes, strict=False)
        if named:
            fields = msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
            return msgspec.convert(fields | named, operation.takes, strict=False)
        return decode_body(request.body or b"{}")

    def replied(given: Any) -> Reply:
        if operation.media != JSON:
            return Reply(200, given, operation.media.encode())
        return Reply(200, msgspec.json.encode(given) + b"\n")

    async def finished(given: Awaitable[Any]) -> Reply:
        try:
            return replied(await given)
        except Refused as error:
            return problem(error.status, str(error))

    def handle(request: Request) -> Reply | Awaitable[Reply]:
        refused = _refused(request, changes=operation.method != "GET")
        if refused is not None:
            return refused
        try:
            given = bound.carry_out(taken(request))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return problem(400, str(error))
        except Refused as error:
            return problem(error.status, str(error))
        return finished(given) if isawaitable(given) else replied(given)

    prefix = operation.path.partition("{")[0]
    return Route(
        prefix,
        handle,
        (operation.method,),
        prefix=operation.pattern is not None,
        pattern=operation.pattern,
        dialect=DIALECT,
        name=operation.path,
        ends_with_client=operation.ends_with_client,
    )


def problem(status: int, words: str) -> Reply:
    return Reply(status, msgspec.json.encode({"error": words}) + b"\n")


def _refused(request: Request, *, changes: bool) -> Reply | None:
    """The rejection of a request that does not come from a program on this machine, or that another site's page could have sent."""
    origin, site = request.headers.get(b"origin"), request.headers.get(b"sec-fetch-site", b"same-origin")
    own = (origin is None or origin == request.base_url.encode()) and site in (b"same-origin", b"none")
    if not own or not from_this_machine(request):
        return problem(403, "the control API answers programs on this machine and this server's own page only, at localhost or 127.0.0.1")
    if changes and request.headers.get(b"content-type", b"").split(b";")[0].strip() != JSON.encode():
        return problem(415, "say that the body is JSON: content-type: application/json")
    return None
