"""The opening handshake's answer (RFC 6455)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence

from cambist.dialect_kit.messages import Reply, Request

_ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # fixed by the RFC
BAD_HANDSHAKE = Reply(400, b'{"error":"malformed WebSocket handshake"}')
WRONG_VERSION = Reply(426, b'{"error":"WebSocket version 13, please"}', headers=((b"sec-websocket-version", b"13"),))


def rejection_of(request: Request) -> Reply | None:
    """Why this is no opening handshake, None when it is one. That it is a GET with `Upgrade: websocket` was seen before."""
    if request.headers.get(b"sec-websocket-version", b"").strip() != b"13":
        return WRONG_VERSION
    key = request.headers.get(b"sec-websocket-key", b"").strip()
    try:
        whole = len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        whole = False
    return None if whole else BAD_HANDSHAKE


def accepted(request: Request, subprotocols: Sequence[str] = (), lines: bytes = b"") -> bytes:
    """The 101 reply. Of `subprotocols` the first one that the client offers is agreed on; extensions never are. `lines` are further header
    lines."""
    key = request.headers[b"sec-websocket-key"].strip()
    proof = base64.b64encode(hashlib.sha1(key + _ACCEPT_GUID, usedforsecurity=False).digest())
    head = [b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: %b\r\n" % proof]
    offered = [name.strip() for name in request.headers.get(b"sec-websocket-protocol", b"").split(b",")]
    agreed = next((name for name in subprotocols if name.encode() in offered), None)
    if agreed is not None:
        head.append(b"sec-websocket-protocol: %b\r\n" % agreed.encode())
    return b"".join((*head, lines, b"\r\n"))
