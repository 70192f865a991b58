"""Messages as a WebSocket server sends them (RFC 6455)."""

from __future__ import annotations

from cambist.dialect_kit.messages import Reply

_FIN = 0x80
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

UPGRADE_REQUIRED = Reply(426, b'{"error":"this path speaks WebSocket"}', headers=((b"upgrade", b"websocket"),))
"""For a dialect that answers plain GETs of its socket's path."""


def encode(opcode: int, payload: bytes) -> bytes:
    """One whole, unmasked message. Made once for a message, however many clients get it."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN | opcode, size)) + payload
    if size < 65_536:
        return bytes((_FIN | opcode, 126, size >> 8, size & 0xFF)) + payload
    return bytes((_FIN | opcode, 127)) + size.to_bytes(8, "big") + payload


def text_message(payload: bytes) -> bytes:
    """A text message; `payload` is UTF-8."""
    return encode(TEXT, payload)


def close_message(code: int, reason: str = "") -> bytes:
    """A close message; the reason is cut to what fits one (123 bytes of UTF-8)."""
    words = reason.encode()[:123].decode("utf-8", "ignore").encode()
    return encode(CLOSE, code.to_bytes(2, "big") + words)
