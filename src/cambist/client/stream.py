"""The stream: messages in, messages out, typed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from types import TracebackType

import msgspec
from websockets.asyncio.client import ClientConnection as AsyncConnection
from websockets.asyncio.client import connect as async_connect
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import ClientConnection, connect

from cambist.api_types.stream import AnyClientMessage, AnyServerMessage, Login, Subscribe, Unsubscribe
from cambist.client.credentials import Credentials
from cambist.client.tls import shared_tls

PATH = "/cambist/v1/stream"
MESSAGE_BYTES = 16 << 20

_decode = msgspec.json.Decoder(AnyServerMessage).decode
_encode = msgspec.json.Encoder().encode


def _login(credentials: Credentials) -> Login:
    return Login(id="login", **credentials.sign("GET", PATH))


def _address(url: str) -> str:
    return url.replace("http", "ws", 1) + PATH


class Stream:
    """One connection, open inside its `with`; with credentials it logs in, and the answer is its first message.

    Iterating gives every message, answers included, until it ends: websockets' ConnectionClosedError when it broke.
    """

    _connection: ClientConnection

    def __init__(self, url: str, credentials: Credentials | None = None, cookie: str = "") -> None:
        self._url = url
        self._credentials = credentials
        self._headers = {"cookie": cookie} if cookie else {}
        self._opened = ExitStack()

    def __enter__(self) -> Stream:
        address = _address(self._url)
        tls = shared_tls() if address.startswith("wss") else None
        opening = connect(address, ssl=tls, additional_headers=self._headers, proxy=None, max_size=MESSAGE_BYTES)
        self._connection = self._opened.enter_context(opening)
        if self._credentials is not None:
            self.send(_login(self._credentials))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._opened.close()

    def send(self, message: AnyClientMessage) -> None:
        """Says something; its answer has the message's `id`."""
        self._connection.send(_encode(message).decode())

    def subscribe(self, *topics: str) -> None:
        """Follows topics such as `book:btc_usd:50`, `trades:btc_usd`, `orders`."""
        self.send(Subscribe(id="subscribe", topics=list(topics)))

    def unsubscribe(self, *topics: str) -> None:
        """Follows them no more."""
        self.send(Unsubscribe(id="unsubscribe", topics=list(topics)))

    def receive(self, seconds: float | None = None) -> AnyServerMessage:
        """The next message. TimeoutError after so many seconds."""
        message: AnyServerMessage = _decode(self._connection.recv(timeout=seconds))
        return message

    def __iter__(self) -> Iterator[AnyServerMessage]:
        try:
            while True:
                yield self.receive()
        except ConnectionClosedOK:
            return


class AsyncStream:
    """The same for asyncio."""

    _connection: AsyncConnection

    def __init__(self, url: str, credentials: Credentials | None = None, cookie: str = "") -> None:
        self._url = url
        self._credentials = credentials
        self._headers = {"cookie": cookie} if cookie else {}
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> AsyncStream:
        opening = async_connect(_address(self._url), additional_headers=self._headers, proxy=None, max_size=MESSAGE_BYTES)
        self._connection = await self._opened.enter_async_context(opening)
        if self._credentials is not None:
            await self.send(_login(self._credentials))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._opened.aclose()

    async def send(self, message: AnyClientMessage) -> None:
        """As `Stream.send`."""
        await self._connection.send(_encode(message).decode())

    async def subscribe(self, *topics: str) -> None:
        """As `Stream.subscribe`."""
        await self.send(Subscribe(id="subscribe", topics=list(topics)))

    async def unsubscribe(self, *topics: str) -> None:
        """As `Stream.unsubscribe`."""
        await self.send(Unsubscribe(id="unsubscribe", topics=list(topics)))

    async def receive(self) -> AnyServerMessage:
        """The next message."""
        message: AnyServerMessage = _decode(await self._connection.recv())
        return message

    async def __aiter__(self) -> AsyncIterator[AnyServerMessage]:
        try:
            while True:
                yield await self.receive()
        except ConnectionClosedOK:
            return
