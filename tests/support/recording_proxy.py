"""A proxy between a client and a server that remembers every request with its reply: what the client was told."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes


@dataclass(frozen=True)
class Exchanged:
    """A request and its whole reply."""

    request: Request
    status: int
    reply: bytes


class Messages:
    """HTTP messages in a stream of bytes, by their Content-Length; nothing more once another protocol was agreed on."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.switched = False

    def feed(self, received: bytes) -> list[tuple[list[str], bytes]]:
        """(words of the first line, body) of each message that is complete now."""
        self._bytes += received
        found = []
        while not self.switched and (end := self._bytes.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._bytes[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            assert "transfer-encoding" not in headers, "only messages with a Content-Length are understood"
            whole = end + 4 + int(headers.get("content-length", "0"))
            if len(self._bytes) < whole:
                break
            found.append((first.split(" "), bytes(self._bytes[end + 4 : whole])))
            del self._bytes[:whole]
            self.switched = "upgrade" in headers
        return found


class RecordingProxy:
    """`passed_on` is called with each request once the server has it."""

    def __init__(self, port: int, passed_on: Callable[[Request], object], tls: tuple[Path, Path] | None = None) -> None:
        self._target = port
        self._passed_on = passed_on
        self._tls = tls
        self.exchanged: list[Exchanged] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client's connection, to its end."""
        trusting = ssl.create_default_context(cafile=str(self._tls[0])) if self._tls else None
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target, ssl=trusting)
        unanswered: deque[Request] = deque()

        def asked(words: list[str], body: bytes) -> None:
            unanswered.append(Request(words[0], words[1], body))
            self._passed_on(unanswered[-1])

        def answered(words: list[str], body: bytes) -> None:
            self.exchanged.append(Exchanged(unanswered.popleft(), int(words[1]), body))

        await asyncio.gather(_pass_on(reader, to_server, asked), _pass_on(from_server, writer, answered))


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter, said: Callable[[list[str], bytes], object]) -> None:
    messages = Messages()
    with suppress(ConnectionError, ssl.SSLError):
        while received := await source.read(1 << 16):
            target.write(received)
            await target.drain()
            for words, body in messages.feed(received):
                said(words, body)
    target.close()


@asynccontextmanager
async def recording_proxy(
    port: int, passed_on: Callable[[Request], object], tls: tuple[Path, Path] | None = None
) -> AsyncIterator[RecordingProxy]:
    """One before that port of this machine; with `tls` (certificate, key) on both its sides."""
    proxy = RecordingProxy(port, passed_on, tls)
    listening = None
    if tls is not None:
        listening = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        listening.load_cert_chain(*tls)
    server = await asyncio.start_server(proxy.take, "127.0.0.1", 0, ssl=listening)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
