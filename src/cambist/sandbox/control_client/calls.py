"""Calls of the control API over HTTP: an operation and its fields become a request, and the reply what the operation gives."""

from __future__ import annotations

import asyncio
import http.client
import ssl
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from cambist.sandbox.control.operations import JSON, Operation

Taken = TypeVar("Taken", bound=msgspec.Struct)
Given = TypeVar("Given")
PATIENCE = 600.0
"""Seconds for one call: a manual clock may have a simulated day to go."""
_HEAD_BYTES = 65_536
_NO_SUCH_PATH = "not found"
"""What a venue says of a path that it does not serve."""


class ControlError(Exception):
    """A call that was not carried out. `status`: what the sandbox replied; None when it did not answer at all."""

    def __init__(self, words: str, status: int | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


@dataclass(frozen=True, slots=True)
class Address:
    """Where a sandbox answers. ControlError for a URL that is none."""

    host: str
    port: int
    tls: bool

    @classmethod
    def of(cls, url: str) -> Address:
        try:
            parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port
        except ValueError as error:
            raise ControlError(f"{url}: {error}") from None
        if (parts.hostname or "").isdigit():
            raise ControlError(f"{url}: this is no address; give http://127.0.0.1:{parts.hostname}")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ControlError(f"{url}: this is no address such as http://127.0.0.1:8700")
        return cls(parts.hostname, port or (443 if parts.scheme == "https" else 80), parts.scheme == "https")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.tls else ''}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the control API, before it is sent."""

    method: str
    target: str
    body: bytes


def call_of(operation: Operation[Taken, Any], taken: Taken) -> Call:
    """The request that carries `taken`: fields in the path, in the query, in the body, as the operation says."""
    fields: dict[str, Any] = msgspec.to_builtins(taken)
    named = {name: urllib.parse.quote(_plain(fields.pop(name)), safe="") for name in operation.path_fields}
    path = operation.path.format_map(named)
    if operation.in_body:
        return Call(operation.method, path, msgspec.json.encode(fields))
    query = urllib.parse.urlencode({name: _plain(value) for name, value in fields.items() if value is not None})
    return Call(operation.method, f"{path}?{query}" if query else path, b"")


def given_by(operation: Operation[Any, Given], status: int, body: bytes, address: Address) -> Given:
    """What a reply gives. ControlError with the sandbox's own words when it is an error, and when it is no reply of a sandbox's."""
    if status != 200:
        try:
            words = str(msgspec.json.decode(body)["error"])
        except (msgspec.DecodeError, KeyError, TypeError):
            words = f"what answers at {address} is no sandbox: status {status}"
        if words == _NO_SUCH_PATH:  # every path of the operations is one of a sandbox
            words = f"what answers at {address} is no sandbox, or one of another version: {words}"
        raise ControlError(words, status)
    if operation.media != JSON:
        return body  # type: ignore[return-value]  # its media type says so
    try:
        return msgspec.json.decode(body, type=operation.gives)
    except msgspec.DecodeError as error:
        if isinstance(error, msgspec.ValidationError):
            raise ControlError(f"the sandbox at {address} is of another version: {error}", status) from None
        raise ControlError(f"what answers at {address} is no sandbox: its reply is no JSON", status) from None


class Calls:
    """Calls that wait for their reply."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._address = Address.of(url)
        self._patience = patience

    def call(self, operation: Operation[Taken, Given], taken: Taken) -> Given:
        """ControlError when it was not carried out."""
        sent = call_of(operation, taken)
        address = self._address
        connect: Callable[..., http.client.HTTPConnection] = http.client.HTTPSConnection if address.tls else http.client.HTTPConnection
        connection = connect(address.host, address.port, timeout=self._patience)
        try:
            connection.request(sent.method, sent.target, sent.body, {"content-type": JSON, "connection": "close"})
            reply = connection.getresponse()
            return given_by(operation, reply.status, reply.read(), address)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(address, error) from error
        finally:
            connection.close()


class AsyncCalls:
    """The same on an asyncio event loop."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._address = Address.of(url)
        self._patience = patience

    async def call(self, operation: Operation[Taken, Given], taken: Taken) -> Given:
        """ControlError when it was not carried out."""
        sent = call_of(operation, taken)
        try:
            async with asyncio.timeout(self._patience):
                status, body = await self._exchanged(sent)
        except (OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError) as error:
            raise _unreachable(self._address, error) from error
        return given_by(operation, status, body, self._address)

    async def _exchanged(self, sent: Call) -> tuple[int, bytes]:
        address = self._address
        context = ssl.create_default_context() if address.tls else None
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context, limit=_HEAD_BYTES)
        try:
            host = str(address).partition("://")[2]
            head = f"{sent.method} {sent.target} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {JSON}\r\ncontent-length: {len(sent.body)}\r\n"
            writer.write(f"{head}connection: close\r\n\r\n".encode("latin-1") + sent.body)
            line, *fields = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
            lengths = [value for name, _, value in (field.partition(b":") for field in fields) if name.lower() == b"content-length"]
            return int(line.split()[1]), await reader.readexactly(int(lengths[0])) if lengths else await reader.read()
        finally:
            writer.close()


def is_text(media: str) -> bool:
    """Whether bytes of that media type are for reading."""
    kind = media.partition(";")[0]
    return kind.startswith("text/") or kind.endswith(("/json", "/xml", "+json", "+xml"))


def _plain(value: Any) -> str:
    """A scalar as a path or a query has it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _unreachable(address: Address, error: Exception) -> ControlError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if not isinstance(error, OSError | EOFError | http.client.IncompleteRead):
        return ControlError(f"what answers at {address} is no sandbox: {reason}")
    return ControlError(f"no sandbox answers at {address}: {reason}")
