"""What a client may be told instead of an answer, which every API has its own words for."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from cambist.dialect_kit.messages import Reply, Request


class Situation(StrEnum):
    """Why a request is not carried out though nothing is wrong with it."""

    BUSY = "busy"
    """It cannot be done now."""
    RATE_LIMITED = "rate-limited"
    BANNED = "banned"
    MAINTENANCE = "maintenance"
    NONCE_REJECTED = "nonce-rejected"
    """Its nonce is said to have been used, or to be too far from the time."""


Wording = Callable[[Request, Situation, int], Reply]
"""(request, situation, µs after which it may be tried again; 0: nobody knows) to the reply in the dialect's words."""


def banned_page(host: str = "") -> bytes:
    """The page that a network in front of an API answers whom it keeps out; `host`: the API's name as the client called it."""
    where = f" at {host}" if host else ""
    return (
        "<!DOCTYPE html>\n<html>\n<head><title>Access denied</title></head>\n<body>\n<h1>Access denied</h1>\n"
        f"<p>The owner of the site{where} has banned your IP address.</p>\n</body>\n</html>\n"
    ).encode()
