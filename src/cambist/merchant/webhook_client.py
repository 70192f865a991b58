"""One POST to a stranger's server: a checked address, no redirects, little time, little to read."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import httptools

from .destinations import Destination, DestinationPolicy, DestinationRejected, Resolve, checked_addresses, destination_of, system_resolve

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
    """Sends. `policy`: where to; `seconds`: how long one notice may take in all."""

    def __init__(
        self,
        policy: DestinationPolicy = DestinationPolicy(),  # noqa: B008 - frozen
        *,
        resolve: Resolve = system_resolve,
        seconds: float = SECONDS,
    ) -> None:
        self._policy = policy
        self._resolve = resolve
        self._seconds = seconds

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made when the first notice goes out encrypted: reading the machine's certificates takes long."""
        return ssl.create_default_context()

    async def post(self, url: str, body: bytes, headers: Sequence[tuple[str, str]], attempt: int = 0) -> Answered | Undelivered:
        """Posts; `headers` say what the body is. Whatever the other side does, this ends in time and without an exception.

        `attempt` counts from 0: each begins with another address of the host, because one that takes connections need not answer.
        """
        try:
            destination = destination_of(url)
            async with asyncio.timeout(self._seconds):
                addresses = await checked_addresses(destination, self._resolve, self._policy)
                first = attempt % len(addresses)
                addresses = addresses[first:] + addresses[:first]
                return await self._exchange(destination, addresses, _request(destination, body, headers))
        except DestinationRejected as rejected:
            return Undelivered(f"refused: {rejected}")
        except TimeoutError:
            return Undelivered(f"no answer within {self._seconds:g} s")
        except (OSError, ssl.SSLError, httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            return Undelivered(type(error).__name__)

    async def _exchange(self, destination: Destination, addresses: Sequence[str], request: bytes) -> Answered | Undelivered:
        reader, writer = await self._connected(destination, addresses)
        try:
            writer.write(request)
            await writer.drain()
            return await _answer(reader)
        finally:
            writer.transport.abort()

    async def _connected(self, destination: Destination, addresses: Sequence[str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the first address that takes one; each has its share of half the time. What is sent goes to one of them only."""
        failure: Exception = OSError("no address")
        for address in addresses:
            try:
                async with asyncio.timeout(self._seconds / 2 / len(addresses)):
                    return await self._connect(destination, address)
            except (OSError, ssl.SSLError, TimeoutError) as error:
                failure = error
        raise failure

    async def _connect(self, destination: Destination, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        secure = destination.scheme == "https"
        return await asyncio.open_connection(
            address,
            destination.port,
            ssl=self._tls if secure else None,
            server_hostname=destination.host if secure else None,
        )


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
        ("Content-Length", str(len(body))),
        *headers,
    ]
    head = f"POST {destination.target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)
    return head.encode("ascii") + b"\r\n" + body
