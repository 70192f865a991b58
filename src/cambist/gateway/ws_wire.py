"""WebSocket bytes: the opening handshake's answer, and frames as a server sends them (RFC 6455)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence

from cambist.gateway.messages import Reply, Request

_ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # fixed by the RFC
_FIN = 0x80
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

BAD_HANDSHAKE = Reply(400, b'{"error":"malformed WebSocket handshake"}')
WRONG_VERSION = Reply(426, b'{"error":"WebSocket version 13, please"}', headers=((b"sec-websocket-version", b"13"),))
UPGRADE_REQUIRED = Reply(426, b'{"error":"this path speaks WebSocket"}', headers=((b"upgrade", b"websocket"),))
"""For a dialect that answers plain GETs of its socket's path."""


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole, unmasked frame. Made once for a message, however many clients get it."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN | opcode, size)) + payload
    if size < 65_536:
        return bytes((_FIN | opcode, 126, size >> 8, size & 0xFF)) + payload
    return bytes((_FIN | opcode, 127)) + size.to_bytes(8, "big") + payload


def text_frame(payload: bytes) -> bytes:
    """A text message; `payload` is UTF-8."""
    return frame(TEXT, payload)


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; the reason is cut to what fits one (123 bytes of UTF-8)."""
    words = reason.encode()[:123].decode("utf-8", "ignore").encode()
    return frame(CLOSE, code.to_bytes(2, "big") + words)


def refusal_of(request: Request) -> Reply | None:
    """Why this is no opening handshake, None when it is one. That it is a GET with `Upgrade: websocket` was seen before."""
    if request.headers.get(b"sec-websocket-version", b"").strip() != b"13":
        return WRONG_VERSION
    key = request.headers.get(b"sec-websocket-key", b"").strip()
    try:
        whole = len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        whole = False
    return None if whole else BAD_HANDSHAKE


def accepted(request: Request, subprotocols: Sequence[str] = ()) -> bytes:
    """The 101 reply. Of `subprotocols` the first one that the client offers is agreed on; extensions never are."""
    key = request.headers[b"sec-websocket-key"].strip()
    proof = base64.b64encode(hashlib.sha1(key + _ACCEPT_GUID, usedforsecurity=False).digest())
    lines = [b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: %b\r\n" % proof]
    offered = [name.strip() for name in request.headers.get(b"sec-websocket-protocol", b"").split(b",")]
    agreed = next((name for name in subprotocols if name.encode() in offered), None)
    if agreed is not None:
        lines.append(b"sec-websocket-protocol: %b\r\n" % agreed.encode())
    return b"".join((*lines, b"\r\n"))
