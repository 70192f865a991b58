"""Replies as HTTP/1.1 bytes, for the short way from handler to socket."""

from __future__ import annotations

import http
import re
from collections.abc import Iterable

import msgspec

from cambist.dialect_kit.messages import FixedFields, Reply

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")
_OURS = (b"content-length", b"transfer-encoding", b"connection", b"content-type")
_BODILESS = (204, 304)
_STARTS_KEPT = 512

_starts: dict[tuple[int, bytes], bytes] = {}


class Unsendable(Exception):
    """A handler's reply that would not be HTTP: a control character in a field, or a status or framing that is not its to choose."""


def status_line(status: int) -> bytes:
    """The first line of a reply, with its line end. Unsendable for a status that is no final one."""
    if not 200 <= status <= 599:
        raise Unsendable(f"status {status}")
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return b"HTTP/1.1 %d %b\r\n" % (status, phrase.encode())


JOINED = 16_384
"""A body up to this size is copied behind its head, a longer one is sent as it is: many replies may share it."""


def render(reply: Reply, *, head: bool = False, close: bool = False, lines: bytes = b"") -> bytes | tuple[bytes, ...]:
    """The whole reply, in pieces when it is long. `head` leaves the body out but not its length, `close` says that the connection ends
    here, `lines` are further header lines.

    Unsendable when the reply is not one that HTTP can carry.
    """
    key = (reply.status, reply.content_type)
    start = _starts.get(key) or _new_start(key)
    body, headers = reply.body, reply.headers
    plain = not (head or close or reply.chunked or reply.parts)
    if plain and reply.status not in _BODILESS and len(body) <= JOINED:
        if not headers:
            return b"%b%d\r\n%b\r\n%b" % (start, len(body), lines, body)
        if type(headers) is FixedFields:
            return b"%b%d\r\n%b%b\r\n%b" % (start, len(body), headers.written or _field_lines(headers), lines, body)
    parts = (*reply.parts, body)
    size = sum(map(len, parts))
    first = _render_head(reply, start, size, close=close, lines=lines)
    if head:
        return first
    if reply.chunked and reply.status not in _BODILESS:
        parts = (b"%x\r\n" % size, *parts, b"\r\n0\r\n\r\n")
    return b"".join((first, *parts)) if size <= JOINED else (first, *parts)


def _new_start(key: tuple[int, bytes]) -> bytes:
    """Everything up to the length, checked once for each status and content type that handlers use."""
    status, content_type = key
    if not _VALUE.fullmatch(content_type):
        raise Unsendable("content type")
    start = b"%bcontent-type: %b\r\ncontent-length: " % (status_line(status), content_type)
    if len(_starts) < _STARTS_KEPT:
        _starts[key] = start
    return start


def _render_head(reply: Reply, start: bytes, size: int, *, close: bool, lines: bytes) -> bytes:
    if reply.status in _BODILESS:
        if size:
            raise Unsendable(f"a body with status {reply.status}")
        parts = [status_line(reply.status)]
    elif reply.chunked:
        parts = [start.removesuffix(b"content-length: "), b"transfer-encoding: chunked\r\n"]
    else:
        parts = [b"%b%d\r\n" % (start, size)]
    parts += (_field_lines(reply.headers), lines, b"connection: close\r\n\r\n" if close else b"\r\n")
    return b"".join(parts)


def _field_lines(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The lines of a handler's header fields. Unsendable."""
    if type(fields) is not FixedFields:
        return _checked_lines(fields)
    if fields.written is None:
        fields.written = _checked_lines(fields)
    return fields.written


def _checked_lines(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    lines = []
    for name, value in fields:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value) or name.lower() in _OURS:
            raise Unsendable("header field")
        lines.append(b"%b: %b\r\n" % (name, value))
    return b"".join(lines)


def plain_error(status: int, words: str) -> Reply:
    """A rejection by the gateway itself: a small JSON body."""
    return Reply(status, msgspec.json.encode({"error": words}))


def whole(reply: Reply, *, lines: bytes = b"") -> bytes:
    """A last reply, after which the connection ends, in one piece."""
    rendered = render(reply, close=True, lines=lines)
    return rendered if isinstance(rendered, bytes) else b"".join(rendered)
