"""Replies that no API made: what stands in front of one says them, in HTML."""

from __future__ import annotations

import http

import msgspec

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.situations import Situation

HTML = b"text/html; charset=utf-8"
_STATUS = {
    Situation.BUSY: 503,
    Situation.RATE_LIMITED: 429,
    Situation.BANNED: 403,
    Situation.MAINTENANCE: 503,
    Situation.NONCE_REJECTED: 400,
}


def error_page(status: int) -> Reply:
    """A gateway's page for an error of the server behind it."""
    name = f"{status} {http.HTTPStatus(status).phrase}"
    page = f"<html>\n<head><title>{name}</title></head>\n<body>\n<h1>{name}</h1>\n<hr>\n<p>gateway</p>\n</body>\n</html>\n"
    return Reply(status, page.encode(), HTML)


def plain_words(_request: Request, situation: Situation, _wait: int) -> Reply:
    """For an API without words of its own."""
    return Reply(_STATUS[situation], msgspec.json.encode({"error": situation.value.replace("-", " ")}))
