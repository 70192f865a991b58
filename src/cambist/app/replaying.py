"""Repeating a run from its bundle: the same sandbox in this process, the same inputs over TCP, every byte compared."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cambist import __version__, _core
from cambist.app import logs, regular_files
from cambist.app.config import Config
from cambist.app.errors import Exit, OperatorError, of_system
from cambist.app.recovery import Moved
from cambist.app.run_recording import RunRecording, commands_of
from cambist.app.sandbox_session import SandboxSession
from cambist.app.sandboxing import SandboxPlan, driven_sandbox, first_password
from cambist.app.venue import Venue
from cambist.sandbox import removed_secrets
from cambist.sandbox.restored_secrets import RestoredSecrets
from cambist.sandbox.run_bundle import MOST_BYTES, Bundle, BundleUnreadable, Input, unpacked
from cambist.sandbox.sent_bytes import ConnectionBytes

PATIENCE = 30.0
"""Seconds for the sandbox to take what it was sent, on however slow a machine."""
_LOOK = 0.001
_SHOWN = 60
"""Bytes on each side of a place where runs part that are shown."""
_MASK = b"\x37\xfa\x21\x3d"
CLOSE = 8


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a run parts from the one in a bundle."""

    place: str
    expected: bytes = b""
    found: bytes = b""

    @property
    def text(self) -> str:
        """For a person."""
        return f"it parts at {self.place}\n  in the bundle: {_shown(self.expected)}\n  now:           {_shown(self.found)}"


@dataclass(slots=True)
class Repeated:
    """What came of repeating a run."""

    bundle: Bundle
    inputs: int = 0
    parting: Parting | None = None
    notes: list[str] = field(default_factory=list)


def read_bundle(path: Path) -> Bundle:
    """OperatorError: not there, not readable, no bundle, or of a run that cannot be repeated."""
    try:
        bundle = unpacked(regular_files.read(path, MOST_BYTES))
    except FileNotFoundError:
        raise OperatorError(f"{path}: there is no such file", Exit.USAGE) from None
    except OSError as error:
        raise of_system(error) from None
    except (BundleUnreadable, regular_files.Unsuitable) as error:
        raise OperatorError(f"{path}: {error}", Exit.DAMAGED) from None
    if bundle.manifest.gaps:
        raise OperatorError(f"{path}: this run cannot be repeated: {'; '.join(bundle.manifest.gaps)}", Exit.REFUSED)
    return bundle


def replay(bundle: Bundle, moved: Moved, asked: Callable[[str], None] | None = None) -> Repeated:
    """Repeats the run in a data directory of its own, to its end or to where it parts; `moved` hears how far it is.

    `asked` is called with the sandbox's address at the end, on a thread of its own, while it answers.
    """
    start = bundle.manifest.start
    try:
        config = msgspec.convert(start.configuration, Config)
    except msgspec.ValidationError as error:
        raise OperatorError(f"the bundle's configuration is not one of version {__version__}: {error}", Exit.CONFIGURATION) from None
    plan = SandboxPlan(start.seed, None, start.users, start.fund, None, None, start.clock)
    repeated = Repeated(bundle)
    if bundle.manifest.version != __version__:
        repeated.notes.append(f"the bundle was made by version {bundle.manifest.version}, this is {__version__}")

    async def driver(session: SandboxSession, url: str) -> None:
        await _Repetition(repeated, session.inside.venue, session.recording, int(url.rpartition(":")[2]), moved).run()
        if asked is not None:
            with ThreadPoolExecutor(1) as threads:  # the loop's own are in step with the clock
                await asyncio.get_running_loop().run_in_executor(threads, asked, url)

    logs.configure("error", "text")
    driven_sandbox(plan, config, driver)
    return repeated


class _Line:
    """A connection to the sandbox; what comes is read and thrown away, since the sandbox counts what it sends."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.writer = writer
        self.compared = 0
        self.bytes: ConnectionBytes | None = None
        self._reading = asyncio.get_running_loop().create_task(self._read(reader))

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(1 << 16):
                pass

    async def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.writer.write(data)
            await self.writer.drain()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self._reading


class _Repetition:
    """One run, input by input."""

    def __init__(self, repeated: Repeated, venue: Venue, recording: RunRecording, port: int, moved: Moved) -> None:
        assert recording.serial is not None
        self._repeated = repeated
        self._bundle = repeated.bundle
        self._venue = venue
        self._recording = recording
        self._serial = recording.serial
        self._log = recording.opened_log
        self._port = port
        self._moved = moved
        self._lines: dict[int, _Line] = {}
        self._opened = 0
        directory = venue.directory

        def find_secret(key: str) -> str | None:
            found = directory.find_key(key)
            return None if found is None else found.secret

        self._secrets = RestoredSecrets(find_secret, self._all_secrets)

    def _all_secrets(self) -> list[bytes]:
        directory, seed = self._venue.directory, self._bundle.manifest.start.seed
        keys = directory.keys
        return [
            *(key.secret.encode() for key in keys()),
            *(first_password(seed, user.name).encode() for user in directory.users()),
        ]

    async def run(self) -> None:
        inputs = self._bundle.inputs
        for count, each in enumerate(inputs):
            self._moved(count, len(inputs))
            parting = await self._repeat(each)
            if parting is not None:
                self._repeated.parting = parting
                break
            self._repeated.inputs = count + 1
        else:
            self._repeated.parting = self._at_the_end()
        for line in self._lines.values():
            await line.close()

    async def _repeat(self, each: Input) -> Parting | None:
        before = self._log.inputs
        line = self._lines.get(each.connection)
        if line is None:
            if each.kind not in ("request", "opened"):
                return Parting(f"{_name(each)}: its connection was never opened")
            line = await self._open(each.connection)
        missing = self._short(line, each)
        if missing is not None:
            return missing
        match each.kind:
            case "closed":
                await self._close(line)
            case "received":
                opcode = 2 if each.binary else 1
                await line.send(_frame(opcode, self._secrets.message(each.body.encode("latin-1"))))
            case _:
                await line.send(self._request(each))
        if not await self._taken(before):
            return Parting(f"{_name(each)}: the sandbox does not take it")
        await self._serial.idle()
        return self._compare(each)

    async def _open(self, number: int) -> _Line:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._opened += 1
        line = self._lines[number] = _Line(self._opened, reader, writer)
        end = asyncio.get_running_loop().time() + PATIENCE
        while line.bytes is None and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(_LOOK)
            line.bytes = self._recording.sent.open_connection(line.number)
        return line

    async def _taken(self, before: int) -> bool:
        """Waits until the sandbox has taken an input."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while self._log.inputs == before:
            if asyncio.get_running_loop().time() > end:
                return False
            await asyncio.sleep(_LOOK if end - asyncio.get_running_loop().time() < PATIENCE - 0.05 else 0)
        return True

    # --- what is sent -----------------------------------------------------------------------------------------------------

    def _request(self, each: Input) -> bytes:
        body = self._secrets.text(each.body.encode("latin-1"))
        target = self._secrets.text(each.target.encode("latin-1"))
        kept = {name: value.encode("latin-1") for name, value in each.headers.items()}
        headers = self._secrets.headers(each.method, target.decode("latin-1"), kept, body)
        if "transfer-encoding" in headers:
            del headers["transfer-encoding"]
            headers["content-length"] = b"%d" % len(body)
        lines = [b"%b: %b\r\n" % (name.encode("latin-1"), value) for name, value in headers.items()]
        version = b"1.0" if self._was_old(each) else b"1.1"
        return b"%b %b HTTP/%b\r\n%b\r\n%b" % (each.method.encode(), target, version, b"".join(lines), body)

    def _was_old(self, each: Input) -> bool:
        """Whether it was a request of HTTP/1.0: the connection ended with its reply, and it had not asked for that."""
        head = self._bundle.sent.get(each.connection, b"")[each.offset :].partition(b"\r\n\r\n")[0].lower()
        asked = each.headers.get("connection", "").lower()
        return each.kind == "request" and b"\r\nconnection: close" in head + b"\r\n" and "close" not in asked and "upgrade" not in asked

    async def _close(self, line: _Line) -> None:
        """Ends a socket as its client did: with the closing handshake when the sandbox answered one, or else without a word."""
        number = next(number for number, each in self._lines.items() if each is line)
        last = _last_frame(self._bundle.sent.get(number, b""))
        if last is not None and last[0] == CLOSE and line.compared < len(self._bundle.sent[number]):
            await line.send(_frame(CLOSE, last[1]))
        else:
            line.writer.close()

    # --- what came --------------------------------------------------------------------------------------------------------

    @staticmethod
    def _sent(line: _Line, begin: int = 0) -> bytes:
        """What it was sent from a byte on, secrets and all."""
        return b"" if line.bytes is None else bytes(line.bytes.kept[begin:])

    def _short(self, line: _Line, each: Input) -> Parting | None:
        """Whether less had been sent on this connection by now."""
        if each.kind == "closed" or self._counts(each.connection) is None or line.compared >= each.offset:
            return None
        expected = self._bundle.sent[each.connection]
        return self._parting(f"before {_name(each)}", each.connection, line.compared, expected, self._masked(line), line.compared)

    def _counts(self, connection: int) -> bytes | None:
        return self._bundle.sent.get(connection)

    def _masked(self, line: _Line) -> bytes:
        return removed_secrets.masked(self._sent(line))

    def _compare(self, each: Input) -> Parting | None:
        """Compares what every connection was sent because of an input."""
        for connection, line in self._lines.items():
            expected = self._bundle.sent.get(connection)
            if expected is None or line.bytes is None or line.bytes.size == line.compared:
                continue
            begin, fresh = line.compared, self._sent(line, line.compared)
            self._secrets.learn(removed_secrets.secrets_of(fresh))
            masked = removed_secrets.masked(fresh)
            part = expected[begin : begin + len(masked)]
            if masked != part:
                at = begin + _first_difference(masked, part)
                return self._parting(_name(each), connection, at, expected, self._masked(line), begin)
            line.compared += len(masked)
        return None

    def _parting(self, place: str, connection: int, at: int, expected: bytes, found: bytes, begin: int) -> Parting:
        words = f"{place}: byte {at - begin} of what connection {connection} was sent then, byte {at} of the connection"
        around = slice(max(at - _SHOWN, begin), at + _SHOWN)
        return Parting(words, expected[around], found[around])

    def _at_the_end(self) -> Parting | None:
        manifest, recording = self._bundle.manifest, self._recording
        for connection, line in self._lines.items():
            expected = self._bundle.sent.get(connection)
            if expected is not None and line.compared < len(expected):
                return self._parting("the end", connection, line.compared, expected, self._masked(line), line.compared)
        commands = recording.commands_hash(self._venue.journal)
        if commands != manifest.commands:
            return _command_parting(self._bundle.commands, commands_of(self._venue.journal), commands.hash == manifest.commands.hash)
        sent = recording.sent_hash()
        if sent != manifest.sent:
            return Parting(
                "the end: the hashes of all bytes differ, the bytes without secrets do not",
                manifest.sent.hash.encode(),
                sent.hash.encode(),
            )
        return None


def _command_parting(expected: bytes, found: bytes, same_hash: bool) -> Parting:
    if same_hash or expected == found:
        return Parting("the end: the manifest's hash of the commands is not that of the commands in the bundle")
    before, now = _decoded(expected), _decoded(found)
    at = next((at for at, (one, other) in enumerate(zip(before, now, strict=False)) if one != other), min(len(before), len(now)))
    return Parting(f"command {at + 1:,}, although every byte that was sent is the same", _one(before, at), _one(now, at))


def _decoded(records: bytes) -> Sequence[tuple[int, int, bytes, bytes]]:
    try:
        return _core.decode_commands(records)
    except ValueError:
        return []


def _one(commands: Sequence[tuple[int, int, bytes, bytes]], at: int) -> bytes:
    return repr(commands[at]).encode() if at < len(commands) else b""


def _first_difference(one: bytes, other: bytes) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _name(each: Input) -> str:
    if each.kind == "request":
        return f"request {each.number:,} ({each.method} {each.target.partition('?')[0]})"
    words = {"opened": "the handshake", "received": "the message", "closed": "the end of the socket"}.get(each.kind, each.kind)
    return f"{words} {each.number:,}" + (f" ({each.target.partition('?')[0]})" if each.target else "")


def _shown(data: bytes) -> str:
    return repr(data)[2:-1] if data else "(nothing)"


def _frame(opcode: int, payload: bytes) -> bytes:
    """A client's whole message."""
    size = len(payload)
    head = bytes([0x80 | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += b"\xfe" + struct.pack(">H", size)
    else:
        head += b"\xff" + struct.pack(">Q", size)
    mask = (_MASK * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(size) if size else b""
    return head + _MASK + masked


def _last_frame(sent: bytes) -> tuple[int, bytes] | None:
    """(opcode, payload) of the last whole frame behind a handshake's reply."""
    data = sent.partition(b"\r\n\r\n")[2]
    last, at = None, 0
    while len(data) - at >= 2:
        size, begin = data[at + 1] & 0x7F, at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, begin = int.from_bytes(data[begin : begin + width]), begin + width
        if len(data) < begin + size:
            break
        last, at = (data[at] & 0x0F, data[begin : begin + size]), begin + size
    return last
