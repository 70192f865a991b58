"""The admin socket: how the command line reaches a venue that runs.

One JSON line each way over a Unix socket in the data directory, which only its owner may open (0600):
`{"action": "user.add", "arguments": {...}}` is answered by `{"result": ...}` or `{"error": {"code": ..., "kind": ..., "text": ...}}`.
The kernel says who asks (the user that runs the command), and the audit log keeps it.
"""

import asyncio
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from cambist.app.errors import Exit, OperatorError

SOCKET_NAME = "admin.sock"
ANSWER_SECONDS = 120
LINE_BYTES = 1 << 20
STOPPED = "stopped"
"""Kind of an error that is no rejection: the venue had to stop, so the exit code is DISK."""
EXIT_CODES = {"malformed": Exit.USAGE, STOPPED: Exit.DISK}
"""By the kind of an error; REFUSED for all others."""

Answer = Callable[[str, str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""(who asks, action, arguments) to what is sent back: a "result" or an "error"."""


class NotRunning(Exception):
    """Nobody answers on the directory's admin socket."""


def ask_running(data: Path, action: str, arguments: dict[str, Any], seconds: float | None = ANSWER_SECONDS) -> Any:
    """The result of an action on the venue that runs on `data`. NotRunning; OperatorError when it is refused.

    `seconds`: how long an answer may take, None for as long as it takes.
    """
    with _connected(data) as connection:
        if connection is None:
            raise NotRunning
        return result_of(_over_socket(connection, action, arguments, seconds))


def result_of(reply: dict[str, Any]) -> Any:
    """The result of an answer; OperatorError when it is an error."""
    if "error" in reply:
        error = reply["error"]
        raise OperatorError(error["text"], EXIT_CODES.get(error["kind"], Exit.REFUSED))
    return reply["result"]


@contextmanager
def _connected(data: Path) -> Iterator[socket.socket | None]:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short_path(data) as path:
            try:
                connection.connect(path)
            except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
                # No socket, or one left behind by a process that was killed.
                yield None
                return
            except PermissionError:
                raise OperatorError(f"{data / SOCKET_NAME}: only the user that runs the venue may administer it", Exit.PERMISSION) from None
        yield connection
    finally:
        connection.close()


@contextmanager
def _short_path(data: Path) -> Iterator[str]:
    """A path to the socket that fits a socket address (about 100 bytes), however deep the directory lies."""
    path = str(data / SOCKET_NAME)
    if len(os.fsencode(path)) < 100:
        yield path
        return
    try:
        directory = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield path[:100]
        return
    try:
        yield f"/proc/self/fd/{directory}/{SOCKET_NAME}"
    finally:
        os.close(directory)


def _over_socket(connection: socket.socket, action: str, arguments: dict[str, Any], seconds: float | None) -> dict[str, Any]:
    connection.settimeout(seconds)
    try:
        connection.sendall(msgspec.json.encode({"action": action, "arguments": arguments}) + b"\n")
        with connection.makefile("rb") as lines:
            line = lines.readline()
    except (TimeoutError, ConnectionError):
        line = b""
    if not line.endswith(b"\n"):
        raise OperatorError("the venue went away before it answered; ask again to see whether it was done", Exit.REFUSED)
    return msgspec.json.decode(line, type=dict[str, Any])


def user_text(uid: int) -> str:
    """ "uid 1000 (maria)": who asks, as the audit log has it."""
    try:
        return f"uid {uid} ({pwd.getpwuid(uid).pw_name})"
    except KeyError:
        return f"uid {uid}"


class AdminServer:
    """Answers the command line while the venue runs."""

    def __init__(self, data: Path, answer: Answer) -> None:
        self._data = data
        self._answer = answer
        self._server: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        """Opens the socket. The journal's lock is held, so a socket that lies there belongs to nobody."""
        (self._data / SOCKET_NAME).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            with _short_path(self._data) as path:
                listener.bind(path)
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=LINE_BYTES)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            (self._data / SOCKET_NAME).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asker = _peer(writer)
            while line := await reader.readline():
                writer.write(msgspec.json.encode(await self._reply(asker, line)) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # a line without end, or a caller that hung up: nothing was promised to him
        finally:
            writer.close()

    async def _reply(self, asker: str, line: bytes) -> dict[str, Any]:
        try:
            request = msgspec.json.decode(line, type=AdminRequest)
        except ValueError as error:  # msgspec.DecodeError, or UnicodeDecodeError
            return {"error": {"code": "request-unreadable", "kind": "malformed", "text": f"this is no request: {error}"}}
        return await self._answer(asker, request.action, request.arguments)


class AdminRequest(msgspec.Struct):
    action: str
    arguments: dict[str, Any] = {}


def _peer(writer: asyncio.StreamWriter) -> str:
    """Who is at the other end, by the kernel's word."""
    size = struct.calcsize("3i")
    peer = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return user_text(struct.unpack("3i", peer)[1])
