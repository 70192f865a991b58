"""The process of a test's sandbox: forked from a process that has everything imported already, or started anew where that cannot be."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from cambist.testing.fork_protocol import MOST_BYTES, Ended, NotStarted, Reply, Started, StartRequest

SWITCH = "CAMBIST_FORK_SERVER"
"""The environment variable by which a person says `off`."""
PATIENCE = 60.0
"""Seconds that the fork server may take to answer; the first answer comes when it has imported everything."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Reply).decode


class SandboxProcess(Protocol):
    """A sandbox's process, which ends with its standard input."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code, None while it runs; below zero the signal that ended it."""

    def wait(self, seconds: float) -> int | None:
        """The same, once it has ended, or after that time."""

    def end_input(self) -> None:
        """Asks it to end."""

    def kill(self) -> None: ...


def start(words: Sequence[str], folder: Path, variables: Mapping[str, str], output: int) -> SandboxProcess:
    """Starts `cambist WORDS` in that directory, with that environment, standard output and error to that descriptor."""
    if FORK_SERVER.usable():
        try:
            return FORK_SERVER.start(words, folder, variables, output)
        except _NotForkedError:
            pass
    return _NewProcess(words, folder, variables, output)


class _NewProcess:
    """A new interpreter."""

    def __init__(self, words: Sequence[str], folder: Path, variables: Mapping[str, str], output: int) -> None:
        line = [sys.executable, "-m", "cambist", *words]
        self._process = subprocess.Popen(  # noqa: S603 - this Python, with the caller's own options
            line, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env=variables
        )
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def end_input(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def kill(self) -> None:
        self._process.kill()


class _NotForkedError(Exception):
    """The fork server cannot start it."""


class _ForkedProcess:
    """A fork of the fork server. `process`: its pidfd."""

    def __init__(self, connection: socket.socket, pid: int, process: int, given: int) -> None:
        self._connection = connection
        self.pid = pid
        self._process = process
        self._input = given
        self._code: int | None = None
        self._answers = select.poll()
        self._answers.register(connection, select.POLLIN)

    def poll(self) -> int | None:
        return self.wait(0.0)

    def wait(self, seconds: float) -> int | None:
        if self._code is None and self._answers.poll(seconds * 1_000):
            try:
                said = _decode(self._connection.recv(MOST_BYTES))
                self._code = said.code if isinstance(said, Ended) else 1
            except (OSError, msgspec.DecodeError):  # the server was killed, and what it had to say with it
                self.kill()
                self._code = -signal.SIGKILL
            self.end_input()
            self._connection.close()
            os.close(self._process)
        return self._code

    def end_input(self) -> None:
        given, self._input = self._input, -1
        if given >= 0:
            os.close(given)

    def kill(self) -> None:
        if self._code is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)


class ForkServer:
    """The fork server of this process, or of all processes that share one: started by the first that needs it, and ended by itself."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._connected: socket.socket | None = None
        """Keeps the server from ending between two sandboxes."""
        self._connecting = threading.Lock()

    def share(self, folder: Path) -> None:
        """Uses the server of that directory, with other processes that do; the first makes it. Before the first sandbox."""
        self._folder = folder

    @staticmethod
    def usable() -> bool:
        """Whether sandboxes may be forked here. Elsewhere than on Linux a fork is no whole process: libraries of the system break."""
        return sys.platform == "linux" and os.environ.get(SWITCH) != "off"

    def start(self, words: Sequence[str], folder: Path, variables: Mapping[str, str], output: int) -> SandboxProcess:
        """_NotForkedError."""
        encoded = [(os.fsencode(name), os.fsencode(value)) for name, value in variables.items()]
        message = _encode(StartRequest(list(words), os.fsencode(folder), encoded))
        if len(message) > MOST_BYTES:
            raise _NotForkedError
        with contextlib.ExitStack() as stack:
            try:
                connection = stack.enter_context(self._connection(variables))
                theirs, ours = os.pipe()
                stack.callback(os.close, ours)
                try:
                    socket.send_fds(connection, [message], [theirs, output])
                finally:
                    os.close(theirs)
                connection.settimeout(PATIENCE)
                answer, descriptors, _flags, _address = socket.recv_fds(connection, MOST_BYTES, 1)
                for descriptor in descriptors:
                    stack.callback(os.close, descriptor)
                started = _decode(answer)
            except (OSError, msgspec.DecodeError) as error:
                raise _NotForkedError from error
            if isinstance(started, NotStarted) or not isinstance(started, Started) or len(descriptors) != 1:
                raise _NotForkedError
            stack.pop_all()
            return _ForkedProcess(connection, started.pid, descriptors[0], ours)

    def _connection(self, variables: Mapping[str, str]) -> socket.socket:
        """A new connection to the server, which is started when there is none. OSError."""
        with self._connecting:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="cambist-fork-server-"))
            if self._connected is None:
                self._connected = self._first_connection(self._folder, variables)
                atexit.register(self.disconnect)
            try:
                return _connected(self._folder)
            except OSError:  # it was killed
                self._connected.close()
                self._connected = self._first_connection(self._folder, variables)
                return _connected(self._folder)

    def disconnect(self) -> None:
        """Has the server end, once its last sandbox has."""
        connected, self._connected = self._connected, None
        if connected is not None:
            connected.close()

    @staticmethod
    def _first_connection(folder: Path, variables: Mapping[str, str]) -> socket.socket:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise PermissionError(f"{folder} is another user's")
        with _locked(folder):
            try:
                return _connected(folder)
            except OSError:
                _serve(folder, variables)
                return _connected(folder)


def _connected(folder: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(str(folder / "socket"))
    except BaseException:
        connection.close()
        raise
    return connection


def _serve(folder: Path, variables: Mapping[str, str]) -> None:
    """Starts the server of a directory in which none is served; who connects from then on is answered once it has imported everything."""
    path = folder / "socket"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen(128)
        nothing = subprocess.DEVNULL
        number = listener.fileno()
        line = [sys.executable, "-m", "cambist.app.fork_server", str(number)]
        subprocess.run(  # noqa: S603 - this Python; it returns at once, and the server stays
            line, stdin=nothing, stdout=nothing, stderr=nothing, cwd=folder, env=variables, pass_fds=[number], check=False
        )


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


FORK_SERVER = ForkServer()
"""This process's."""
