"""Refusals as values, and how each generation of the API writes them. Texts that clients search for are the original's."""

from dataclasses import dataclass
from enum import Enum

import msgspec

from cambist.dialects.btse.status import GENERIC, REFUSALS, Status
from cambist.gateway.messages import Reply


class Generation(Enum):
    """Which form an error has."""

    V2 = 2
    V3 = 3


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not done: the HTTP status, this API's own number, and words. `wait` is the Retry-After field of a 429."""

    http: int
    code: int
    message: str
    wait: bytes = b""


API_MISSING = Refusal(401, Status.AUTHENTICATION_FAILED, "api parameter is mandatory")
NONCE_MISSING = Refusal(401, Status.AUTHENTICATION_FAILED, "nonce parameter is mandatory")
SIGN_MISSING = Refusal(401, Status.AUTHENTICATION_FAILED, "sign parameter is mandatory")
KEY_UNKNOWN = Refusal(401, Status.AUTHENTICATION_FAILED, "Authenticate failed")
SIGN_WRONG = Refusal(401, Status.AUTHENTICATION_FAILED, "Signature verification failed")
NONCE_WRONG = Refusal(401, GENERIC, "Invalid nonce")
ADDRESS_REFUSED = Refusal(403, Status.AUTHENTICATION_FAILED, "This address may not use the API key")
NOT_FOUND = Refusal(404, GENERIC, "There is no such endpoint")
METHOD_WRONG = Refusal(405, GENERIC, "This endpoint does not answer that method")
SYMBOL_MISSING = Refusal(400, Status.INVALID_REQUEST, "symbol parameter is mandatory")
SYMBOL_UNKNOWN = Refusal(400, Status.UNSUPPORTED_SYMBOL, "Unsupported symbol")
BODY_WRONG = Refusal(400, Status.INVALID_REQUEST, "The body is not a JSON object")
COUNT_TOO_LARGE = Refusal(400, Status.INVALID_REQUEST, "Can't support count more than 500")
ORDER_UNKNOWN = Refusal(400, Status.ORDER_NOTFOUND, "Order not found")
NO_INDEX = Refusal(400, Status.INVALID_REQUEST, "Peg orders follow an index price, and this venue has none")
NO_OCO = Refusal(400, Status.INVALID_REQUEST, "OCO orders are not supported: place the two orders and cancel one yourself")
NO_TRAILING = Refusal(400, Status.INVALID_REQUEST, "Trailing stops are not supported: use triggerPrice and amend it")
NO_TAKE_PROFIT = Refusal(
    400, Status.INVALID_REQUEST, "Stops trigger when the price moves against the order; take-profit is a limit order here"
)
HISTORY_AWAY = Refusal(503, Status.REQUEST_FAILED, "Histories are not available now")


def no_permission(scope: str) -> Refusal:
    return Refusal(403, Status.AUTHENTICATION_FAILED, f"The API key has no {scope} permission")


def too_many(wait: bytes) -> Refusal:
    return Refusal(429, Status.RATE_LIMITS_EXCEEDED, "Rate limit exceeded", wait)


def invalid(name: str) -> Refusal:
    """A parameter that is no value of its kind."""
    return Refusal(400, Status.INVALID_REQUEST, f"Invalid request parameters: {name}")


def missing(name: str) -> Refusal:
    return Refusal(400, Status.INVALID_REQUEST, f"{name} parameter is mandatory")


def of_core(code: int) -> Refusal:
    """The core's refusal in this API's number and words."""
    known = REFUSALS.get(code)
    if known is not None:
        return Refusal(400, *known)
    return Refusal(503, Status.REQUEST_FAILED, "The request can not be done now, please check the order status")


def body(generation: Generation, refusal: Refusal) -> bytes:
    """v2: code (the HTTP status), errorCode, message. v3: status, errorCode, message, extraData."""
    if generation is Generation.V2:
        return msgspec.json.encode({"code": refusal.http, "errorCode": int(refusal.code), "message": refusal.message})
    return msgspec.json.encode({"status": refusal.http, "errorCode": int(refusal.code), "message": refusal.message, "extraData": None})


def reply(generation: Generation, refusal: Refusal) -> Reply:
    headers = ((b"retry-after", refusal.wait),) if refusal.wait else ()
    return Reply(refusal.http, body(generation, refusal), headers=headers)
