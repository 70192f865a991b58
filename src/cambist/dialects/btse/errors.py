"""Rejections as values, and how each generation of the API writes them. Texts that clients search for are the original's."""

from dataclasses import dataclass
from enum import Enum

import msgspec

from cambist.dialect_kit.messages import Reply
from cambist.dialects.btse.status import GENERIC, REJECTIONS, SYSTEM, Status


class Generation(Enum):
    """Which form an error has."""

    V2 = "v2"
    V3 = "v3"
    UNIFIED = "unified"
    """v3.3, v4 and public-api."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a request is not done: the HTTP status, this API's own number, and words. `wait` is the Retry-After field of a 429."""

    http: int
    code: int
    message: str
    wait: bytes = b""


API_MISSING = Rejection(401, Status.AUTHENTICATION_FAILED, "api parameter is mandatory")
NONCE_MISSING = Rejection(401, Status.AUTHENTICATION_FAILED, "nonce parameter is mandatory")
SIGN_MISSING = Rejection(401, Status.AUTHENTICATION_FAILED, "sign parameter is mandatory")
KEY_UNKNOWN = Rejection(401, Status.AUTHENTICATION_FAILED, "Authenticate failed")
SIGN_WRONG = Rejection(401, Status.AUTHENTICATION_FAILED, "Signature verification failed")
NONCE_WRONG = Rejection(401, GENERIC, "Invalid nonce")
ADDRESS_REFUSED = Rejection(403, Status.AUTHENTICATION_FAILED, "This address may not use the API key")
NOT_FOUND = Rejection(404, GENERIC, "There is no such endpoint")
METHOD_WRONG = Rejection(405, GENERIC, "This endpoint does not answer that method")
BODY_TOO_LARGE = Rejection(413, Status.INVALID_REQUEST, "The request is too large")
TOO_MANY_AT_ONCE = Rejection(429, Status.RATE_LIMITS_EXCEEDED, "Rate limit exceeded", b"1")
SYSTEM_ERROR = Rejection(500, SYSTEM, "System error")
UNDECIDED = Rejection(504, Status.REQUEST_FAILED, "The request's outcome is not known, please check the order status")
BUSY = Rejection(503, Status.REQUEST_FAILED, "The request cannot be done now, please check the order status")
BANNED = Rejection(451, Status.RATE_LIMITS_EXCEEDED, "This address is banned")
MAINTENANCE = Rejection(503, Status.REQUEST_FAILED, "The system is under maintenance")
OF_GATEWAY = {404: NOT_FOUND, 405: METHOD_WRONG, 413: BODY_TOO_LARGE, 429: TOO_MANY_AT_ONCE, 503: BUSY, 504: UNDECIDED}
"""The gateway's own errors in this API's words; every other one is a system error."""
SYMBOL_MISSING = Rejection(400, Status.INVALID_REQUEST, "symbol parameter is mandatory")
SYMBOL_UNKNOWN = Rejection(400, Status.UNSUPPORTED_SYMBOL, "Unsupported symbol")
BODY_WRONG = Rejection(400, Status.INVALID_REQUEST, "The body is not a JSON object")
COUNT_TOO_LARGE = Rejection(400, Status.INVALID_REQUEST, "Can't support count more than 500")
ASSET_MISSING = Rejection(400, 11000001, "Request parameter is error, 'asset' is required in spot wallet history query")
TOO_MANY_CANDLES = Rejection(400, 10010004, "BADREQUEST: resolution too small for the requested time range. Records returned exceeds 300")
ORDER_UNKNOWN = Rejection(400, Status.ORDER_NOTFOUND, "Order not found")
NO_TWAP = Rejection(400, Status.INVALID_REQUEST, "TWAP orders are not supported: place the parts yourself")
NO_INDEX = Rejection(400, Status.INVALID_REQUEST, "Peg orders follow an index price, and this venue has none")
NO_INDEX_TRIGGER = Rejection(400, Status.INVALID_REQUEST, "This venue has no index price: triggerPriceType must be LAST_PRICE")
TRAILING_ONLY_AT_MARKET = Rejection(400, Status.INVALID_REQUEST, "A trailing stop has type MARKET and txType STOP, and no triggerPrice")
HISTORY_AWAY = Rejection(503, Status.REQUEST_FAILED, "Histories are not available now")


def no_permission(scope: str) -> Rejection:
    return Rejection(403, Status.AUTHENTICATION_FAILED, f"The API key has no {scope} permission")


def too_many(wait: bytes) -> Rejection:
    return Rejection(429, Status.RATE_LIMITS_EXCEEDED, "Rate limit exceeded", wait)


def invalid(name: str) -> Rejection:
    """A parameter that is no value of its kind."""
    return Rejection(400, Status.INVALID_REQUEST, f"Invalid request parameters: {name}")


def unknown(name: str) -> Rejection:
    """A parameter that this call does not have: a filter that is passed over in silence would answer something else than was asked."""
    shown = name[:64] if name.isprintable() else "?"
    return Rejection(400, Status.INVALID_REQUEST, f"Unknown request parameter: {shown}")


def missing(name: str) -> Rejection:
    return Rejection(400, Status.INVALID_REQUEST, f"{name} parameter is mandatory")


def of_core(code: int) -> Rejection:
    """The core's rejection in this API's number and words."""
    known = REJECTIONS.get(code)
    if known is not None:
        return Rejection(400, *known)
    return BUSY


UNIFIED_NUMBERS: dict[int, tuple[int, str]] = {
    Status.AUTHENTICATION_FAILED: (10002, "UNAUTHORIZED: "),
    Status.INSUFFICIENT_BALANCE: (51523, "BADREQUEST: "),
}
"""Numbers that the unified generation has of its own, and what their messages begin with."""


def body(generation: Generation, rejection: Rejection, now: int) -> bytes:
    """v2: code (the HTTP status), errorCode, message. v3: status, errorCode, message, extraData. Unified: code, msg,
    time (of `now`, µs)."""
    if generation is Generation.UNIFIED:
        code, begin = UNIFIED_NUMBERS.get(rejection.code, (int(rejection.code), ""))
        return msgspec.json.encode({"code": code, "msg": begin + rejection.message, "time": now // 1_000, "data": None, "success": False})
    if generation is Generation.V2:
        return msgspec.json.encode({"code": rejection.http, "errorCode": int(rejection.code), "message": rejection.message})
    return msgspec.json.encode(
        {"status": rejection.http, "errorCode": int(rejection.code), "message": rejection.message, "extraData": None}
    )


def reply(generation: Generation, rejection: Rejection, now: int, allow: bytes = b"") -> Reply:
    """`now` in µs; `allow` names the methods that a 405 is about."""
    headers = [(b"retry-after", rejection.wait)] if rejection.wait else []
    if allow:
        headers.append((b"allow", allow))
    return Reply(rejection.http, body(generation, rejection, now), headers=headers)
