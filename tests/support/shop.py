"""A little web shop on loopback: takes payment notices, checks them as shop plug-ins do, and answers what it is told to."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs


@dataclass
class Heard:
    """One notice as it came."""

    head: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        lines = (line.partition(":") for line in self.head.split("\r\n")[1:] if line)
        return {name.lower(): value.strip() for name, _, value in lines}

    @property
    def fields(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), strict_parsing=True).items()}

    def signed_by(self, key: str, secret: str) -> bool:
        """As the plug-ins do it: decoded bytes are compared, over the raw body."""
        expected = hmac.new(base64.b64decode(secret), self.body, hashlib.sha512).digest()
        return self.headers["rest-key"] == key and base64.b64decode(self.headers["rest-sign"]) == expected


@dataclass
class Shop:
    """`answers` are given one after the other, the last one for ever: whole HTTP replies, or what makes them."""

    answers: list[bytes] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    on_notice: Callable[[], None] = lambda: None
    port: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length:"))
            self.heard.append(Heard(head, await reader.readexactly(length)))
            self.on_notice()
            writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.arrived.set()
            writer.close()


def reply(body: bytes, status: str = "200 OK", *fields: str) -> bytes:
    """A whole HTTP reply."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


OK = reply(b"[OK]")
CHUNKED_OK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[O\r\n2\r\nK]\r\n0\r\n\r\n"
"""As PHP sends it."""
