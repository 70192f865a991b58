"""What an answer is before it is wrapped, and the ways to wrap it: v0 without an envelope, v1 in `return`, v2 in `data`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from cambist import _core
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.situations import Situation, banned_page

_encode = msgspec.json.encode

RETURN, DATA = "return", "data"
HTTP_METHODS = ("GET", "HEAD", "POST")
"""Clients POST to public paths, and a GET of a private one is told that it lacks a key."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejection: its text, a constant word for programs, and the HTTP status.

    Texts are constant too, without numbers or names in them: clients compare the whole text. A token is never missing: a client that reads
    it sends again without end where there is none.
    Rejections of what was asked are 200: every client decodes that one. Who may not ask gets 403, what does not exist 404.
    """

    text: str
    token: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class Long:
    """An answer that is JSON already, in pieces that many replies share."""

    pieces: tuple[bytes, ...]


INDENTED = 65_536
"""Bytes of the longest answer that is indented for people."""

Result = Any | Rejection
Answer = Result | Awaitable[Result]

MISSING_KEY = Rejection("Identification required to access private API", "login_error_missing_rest_key", 403)
INVALID_KEY = Rejection("Invalid Rest-Key", "login_error_invalid_rest_key", 403)
INVALID_SIGN = Rejection("Invalid Rest-Sign", "login_error_invalid_rest_sign", 403)
INVALID_NONCE = Rejection("Invalid nonce", "login_error_invalid_nonce", 403)
ADDRESS_REFUSED = Rejection("This key may not be used from your address", "login_error_address", 403)
NO_USER_AGENT = Rejection("A User-Agent header is required", "user_agent_missing", 403)
NO_METHOD = Rejection("Method not found", "method_not_found", 404)
WRONG_METHOD = Rejection("GET and POST only", "http_method_not_allowed", 405)
BODY_TOO_LARGE = Rejection("The request is too large", "request_too_large", 413)
CONTRADICTION = Rejection("A parameter has two different values", "invalid_parameter")
INVALID_CALL = Rejection("Invalid call", "invalid_call")
"""What the original says on the stream to a call that it does not know, or cannot read."""
ORDER_NOT_FOUND = Rejection("Order not found", "order_not_found")
BUSY = Rejection("The engine cannot take this now, please retry", "unknown_error")
"""`unknown_error` makes at least one client ask again for ever, so only what a retry may mend says it."""


TOO_MANY_REQUESTS = Rejection(BUSY.text, BUSY.token, 429)
MAINTENANCE = Rejection("The engine is down for maintenance", "maintenance", 503)
BANNED = Rejection("Your address is banned", "banned", 403)
SITUATIONS = {
    Situation.BUSY: BUSY,
    Situation.RATE_LIMITED: TOO_MANY_REQUESTS,
    Situation.BANNED: BANNED,
    Situation.MAINTENANCE: MAINTENANCE,
    Situation.NONCE_REJECTED: INVALID_NONCE,
}
"""What is said instead of an answer."""


def missing_right(right: str) -> Rejection:
    return Rejection(f"This key lacks the right: {right}", "right_missing", 403)


def invalid(name: str, hint: str = "") -> Rejection:
    """`Invalid parameter "type" (should be ask or bid)`."""
    return Rejection(f'Invalid parameter "{name}"' + (f" ({hint})" if hint else ""), "invalid_parameter")


def number(units: int, scale: int, digits: int = -1) -> msgspec.Raw:
    """An exact JSON number."""
    return msgspec.Raw(_core.format_units(units, scale, digits).encode())


def unknown_path(member: str) -> Callable[[Request], Reply]:
    """Answers paths that are no method's, in the envelope of their version."""
    reply = wrapped(NO_METHOD, member)
    return lambda _request: reply


def wrapped(result: Result, member: str, *, raw: bool = False, pretty: bool = False) -> Reply:
    """An answer or a rejection in the envelope of its version; `member` is empty for v0. `raw` leaves the bare content.

    `pretty` indents up to INDENTED bytes: the pieces of long answers are shared, an indented one would be each request's own.
    """
    if isinstance(result, Rejection):
        content = _encode({"result": "error", "error": result.text, "token": result.token} if member else {"error": result.text})
        status = result.status
    elif isinstance(result, Long):
        envelope = (b'{"result":"success","%b":' % member.encode(), b"}")
        whole = Reply(parts=result.pieces if raw or not member else (envelope[0], *result.pieces, envelope[1]))
        if not pretty or sum(map(len, whole.parts)) > INDENTED:
            return whole
        content, status = whole.content, 200
    else:
        content = _encode(result if raw or not member else {"result": "success", member: result})
        status = 200
    return Reply(status, msgspec.json.format(content, indent=4) if pretty else content)


def worded(request: Request, situation: Situation, _wait: int) -> Reply:
    """What is said instead of an answer, in the envelope of the version that was asked; the network before it has a page for a ban."""
    if situation is Situation.BANNED:
        return Reply(403, banned_page(request.headers.get(b"host", b"").decode("latin-1")), b"text/html; charset=UTF-8")
    version = request.path.removeprefix("/api/")[:1]
    return wrapped(SITUATIONS[situation], {"0": "", "2": DATA}.get(version, RETURN))


_OF_THE_GATEWAY = {404: NO_METHOD, 405: WRONG_METHOD, 413: BODY_TOO_LARGE}


def gateway_reply(member: str, status: int) -> Reply:
    """The gateway's own error in the envelope of a version."""
    return wrapped(_OF_THE_GATEWAY.get(status) or Rejection(BUSY.text, BUSY.token, status), member)
