"""A small BTC-e client on a raw asyncio socket: it knows exactly which request was sent and which was answered."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode


def nothing() -> None: ...


@dataclass
class Exchanged:
    """One request and, when there was one, its answer."""

    nonce: int
    fields: Mapping[str, str]
    reply: dict[str, Any] | None = None

    @property
    def method(self) -> str:
        return self.fields["method"]

    @property
    def result(self) -> dict[str, Any] | None:
        """What it returned on success, else None."""
        return self.reply["return"] if self.reply is not None and self.reply.get("success") == 1 else None


@dataclass
class BtceClient:
    """One key on one connection. `sent` keeps everything in order; only the last can be without an answer."""

    port: int
    key: str
    secret: str
    nonce: int = 0
    sent: list[Exchanged] = field(default_factory=list)
    answered: Callable[[], None] = nothing
    """Called after each answer to `call`."""
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def call(self, method: str, **parameters: str | int) -> Exchanged:
        """Sends one signed call. ConnectionError when the server goes away before the answer is whole."""
        self.nonce += 1
        fields = {"method": method, "nonce": str(self.nonce), **{name: str(value) for name, value in parameters.items()}}
        exchanged = Exchanged(self.nonce, fields)
        self.sent.append(exchanged)
        exchanged.reply = await self.post(fields)
        self.answered()
        return exchanged

    async def post(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """Signs and sends exactly these fields."""
        body = urlencode(fields).encode()
        sign = hmac.new(self.secret.encode(), body, hashlib.sha512).hexdigest()
        head = (
            f"POST /tapi HTTP/1.1\r\nHost: 127.0.0.1\r\nKey: {self.key}\r\nSign: {sign}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        assert self._reader is not None
        self._writer.write(head.encode() + body)
        try:
            head_bytes = await self._reader.readuntil(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head_bytes.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            content = await self._reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            raise ConnectionError("the server went away") from error
        return dict(json.loads(content))

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._reader = self._writer = None
