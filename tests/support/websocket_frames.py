"""WebSocket frames byte by byte, right or wrong, as a client sends and reads them."""

from __future__ import annotations

from typing import Any, NamedTuple

TEXT, BINARY, CONT, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
"""The key of RFC 6455's example, and what it is answered with."""
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
MASK = b"\x37\xfa\x21\x3d"


class Frame(NamedTuple):
    opcode: int
    payload: bytes
    fin: bool = True

    @property
    def closing(self) -> tuple[int, str]:
        """(code, reason) of a close frame."""
        assert self.opcode == CLOSE, self
        return int.from_bytes(self.payload[:2], "big"), self.payload[2:].decode()


def handshake(path: str = "/ws", *fields: bytes) -> bytes:
    lines = [
        b"GET %b HTTP/1.1" % path.encode(),
        b"Host: x",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: " + KEY,
        *fields,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, reserved: int = 0, length: int | None = None
) -> bytes:
    """A client's frame. `length` is what its header claims, when that is not the truth."""
    size = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    bit = 0x80 if masked else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65_536:
        head += bytes([bit | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + size.to_bytes(8, "big")
    if not masked:
        return head + payload
    return head + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))


def text(message: str) -> bytes:
    return frame(TEXT, message.encode())


def closing(code: int = 1000, reason: str = "") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason.encode())


def parse(data: bytes) -> tuple[Frame | None, bytes]:
    """The first frame of a server's bytes and what is left; None when it is not whole yet. Fails on a masked one."""
    if len(data) < 2:
        return None, data
    size, at = data[1] & 0x7F, 2
    assert not data[1] & 0x80, "a server masks nothing"
    for mark, width in ((126, 2), (127, 8)):
        if data[1] & 0x7F == mark:
            size, at = int.from_bytes(data[2 : 2 + width], "big"), 2 + width
    if len(data) < at + size:
        return None, data
    return Frame(data[0] & 0x0F, data[at : at + size], bool(data[0] & 0x80)), data[at + size :]


def parse_all(data: bytes) -> list[Frame]:
    """Every frame of these bytes; fails on a rest."""
    found = []
    while data:
        one, data = parse(data)
        assert one is not None, f"an unfinished frame: {data!r}"
        found.append(one)
    return found


class Wire:
    """A client that reads frames, on a server of tests/gateway (`venue`)."""

    def __init__(self, services: Any, path: str = "/ws", *fields: bytes, **options: int) -> None:
        self.client = services.connect(**options)
        self.client.send(handshake(path, *fields))
        answer = self.client.answer()
        assert answer.status == 101, answer
        self.answer = answer

    def send(self, *frames: bytes, pieces: int = 0) -> None:
        self.client.send(b"".join(frames), pieces=pieces)

    def frame(self) -> Frame:
        """The next frame."""
        while True:
            found, rest = parse(self.client.left)
            if found is not None:
                self.client.left = rest
                return found
            self.client._more()

    def says(self) -> str:
        frame = self.frame()
        assert frame.opcode == TEXT, frame
        return frame.payload.decode()

    def to_end(self) -> list[Frame]:
        return parse_all(self.client.to_end())
