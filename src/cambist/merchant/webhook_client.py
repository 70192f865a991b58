"""One POST to a stranger's server: a checked address, no redirects, little time, little to read."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import httptools

from .destinations import Destination, DestinationRejected, Resolve, checked_address, destination_of, system_resolve

SECONDS = 10.0
MAX_ANSWER = 65_536
STEP = 16_384


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Why there is no answer, for logs."""

    reason: str


class _Reader:
    """httptools' callbacks: gathers the body."""

    def __init__(self) -> None:
        self.body = b""
        self.whole = False

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        self.whole = True


class WebhookClient:
    """Sends. `loopback` lets it reach this machine, which is for sandboxes."""

    def __init__(self, *, loopback: bool = False, resolve: Resolve = system_resolve, seconds: float = SECONDS) -> None:
        self._loopback = loopback
        self._resolve = resolve
        self._seconds = seconds
        self._tls = ssl.create_default_context()

    async def post(self, url: str, body: bytes, headers: Sequence[tuple[str, str]]) -> Answered | Undelivered:
        """Posts a form. Whatever the other side does, this ends in time and without an exception."""
        try:
            destination = destination_of(url)
            async with asyncio.timeout(self._seconds):
                address = await checked_address(destination, self._resolve, self._loopback)
                return await self._exchange(destination, address, _request(destination, body, headers))
        except DestinationRejected as refused:
            return Undelivered(f"refused: {refused}")
        except TimeoutError:
            return Undelivered(f"no answer within {self._seconds:g} s")
        except (OSError, ssl.SSLError, httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            return Undelivered(type(error).__name__)

    async def _exchange(self, destination: Destination, address: str, request: bytes) -> Answered | Undelivered:
        secure = destination.scheme == "https"
        reader, writer = await asyncio.open_connection(
            address,
            destination.port,
            ssl=self._tls if secure else None,
            server_hostname=destination.host if secure else None,
        )
        try:
            writer.write(request)
            await writer.drain()
            return await _answer(reader)
        finally:
            writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> Answered | Undelivered:
    gathered = _Reader()
    parser = httptools.HttpResponseParser(gathered)
    size = 0
    while not gathered.whole:
        data = await reader.read(STEP)
        size += len(data)
        if size > MAX_ANSWER:
            return Undelivered(f"an answer of more than {MAX_ANSWER} bytes")
        if not data:
            break
        parser.feed_data(data)
    status = parser.get_status_code()
    return Answered(status, gathered.body) if status else Undelivered("no answer")


def _request(destination: Destination, body: bytes, headers: Sequence[tuple[str, str]]) -> bytes:
    fields = [
        ("Host", destination.authority),
        ("User-Agent", "Cambist"),
        ("Accept", "*/*"),
        ("Connection", "close"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", str(len(body))),
        *headers,
    ]
    head = f"POST {destination.target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)
    return head.encode("ascii") + b"\r\n" + body
