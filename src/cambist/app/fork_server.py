"""A process that has imported everything that a sandbox needs, and forks sandboxes for the tests of one session.

Imports take more than half of a sandbox's start, and are the same each time. This process does nothing else, has one thread, and opens no
file but its socket: a fork of it is what a new interpreter would be after its imports. `cambist.testing` starts it, and it ends when the
last connection to it does. See `cambist.testing.fork_protocol`.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn

import msgspec

from cambist.testing.fork_protocol import MOST_BYTES, Ended, NotStarted, Reply, Started, StartRequest, read_at_start

IMPORTED = (
    "cambist.app.cli",
    "cambist.app.sandboxing",
    # What those import as they run.
    "encodings.idna",
    "tomllib",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)
PATIENCE = 60.0
"""Seconds within which who started it connects."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(StartRequest).decode


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    process: int | None = None
    """The descriptor of the process that was asked for on it, until that has ended."""


@dataclass(slots=True)
class ForkServer:
    """Serves a listening socket, which it takes over. For a process with one thread."""

    listener: socket.socket
    _connections: dict[int, _Connection] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def serve(self) -> None:
        """Returns when nobody is connected any more."""
        self.listener.settimeout(PATIENCE)
        self._selector.register(self.listener, selectors.EVENT_READ, self._accept)
        self._accept()
        while self._connections:
            for key, _events in self._selector.select():
                key.data()

    def _accept(self) -> None:
        try:
            accepted, _address = self.listener.accept()
        except OSError:
            return  # who wanted to connect has gone
        accepted.setblocking(True)
        connection = self._connections[accepted.fileno()] = _Connection(accepted)
        self._selector.register(accepted, selectors.EVENT_READ, partial(self._read, connection))

    def _read(self, connection: _Connection) -> None:
        try:
            message, descriptors, _flags, _address = socket.recv_fds(connection.socket, MOST_BYTES, 2)
        except OSError:
            message, descriptors = b"", []
        try:
            if not message or connection.process is not None or len(descriptors) != 2:
                self._close(connection)  # its process, if there is one, ends by itself: with its standard input
                return
            self._start(connection, message, *descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _start(self, connection: _Connection, message: bytes, given: int, said: int) -> None:
        try:
            request = _decode(message)
        except msgspec.DecodeError as error:
            self._say(connection, NotStarted(f"no request: {error}"))
            return
        reason = _unlike(request)
        if reason:
            self._say(connection, NotStarted(reason))
            return
        pid = os.fork()
        if not pid:
            self._become(request, given, said)
        process = connection.process = os.pidfd_open(pid)
        self._selector.register(process, selectors.EVENT_READ, partial(self._ended, connection, process))
        with suppress(OSError):
            socket.send_fds(connection.socket, [_encode(Started(pid))], [process])

    def _ended(self, connection: _Connection, process: int) -> None:
        self._selector.unregister(process)
        ended = os.waitid(os.P_PIDFD, process, os.WEXITED)
        os.close(process)
        assert ended is not None
        code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        connection.process = None
        self._say(connection, Ended(code))

    def _say(self, connection: _Connection, reply: Reply) -> None:
        with suppress(OSError):  # it has gone away, which the next look at it tells too
            connection.socket.send(_encode(reply))

    def _close(self, connection: _Connection) -> None:
        if self._connections.pop(connection.socket.fileno(), None) is not None:
            self._selector.unregister(connection.socket)
            connection.socket.close()

    def _become(self, request: StartRequest, given: int, said: int) -> NoReturn:
        """In the child: what a new process of `python -m cambist` is; it never comes back."""
        code = 1
        try:
            for descriptor in (key.fd for key in list(self._selector.get_map().values())):
                os.close(descriptor)
            self._selector.close()
            for number, descriptor in enumerate((given, said, said)):
                os.dup2(descriptor, number)
            os.close(given)
            os.close(said)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.chdir(request.folder)
            os.environ.clear()
            os.environb.update(request.variables)
            time.tzset()
            tempfile.tempdir = None
            spec = importlib.util.find_spec("cambist.__main__")
            sys.argv = [str(spec.origin if spec else "cambist"), *request.words]
            from cambist.app.cli import main

            main()
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        except BaseException:  # as the interpreter does it at its end
            traceback.print_exc()
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)


def _unlike(request: StartRequest) -> str:
    """Why a fork of this process would not be what the request asks for; empty when it would."""
    own, asked = read_at_start(os.environb), read_at_start(dict(request.variables))
    for name in sorted(own.keys() | asked.keys()):
        if own.get(name) != asked.get(name):
            return f"{name.decode(errors='replace')} is another than when the fork server started"
    threads = len(os.listdir("/proc/self/task"))
    return "" if threads == 1 else f"the fork server has {threads} threads"


def main(descriptor: int) -> None:
    """Serves the listening socket that it was given, as a process that belongs to nobody; returns in one process of two."""
    listener = socket.socket(fileno=descriptor)
    path = Path(listener.getsockname())
    if os.fork():
        os._exit(0)  # who started this one waits for it, and need not wait for the server
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the whole suite: sandboxes end by it, and then this does
    try:
        gc.disable()
        for name in IMPORTED:
            importlib.import_module(name)
        gc.enable()
        gc.freeze()
        ForkServer(listener).serve()
    finally:
        _remove(path.parent)


def _remove(folder: Path) -> None:
    """What its clients made for it. One that comes meanwhile makes it again."""
    with suppress(OSError):
        for name in ("socket", "lock"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


if __name__ == "__main__":
    main(int(sys.argv[1]))
