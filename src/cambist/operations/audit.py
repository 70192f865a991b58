"""The audit log: who asked the venue for what, and what became of it. Only ever added to, one JSON object a line.

`{"record": n, "time": µs, "by": ..., "operation": ..., "arguments": {...}, "previous": hash}` is written, and synced, before an operation
begins, `{"record": m, "time": µs, "end_of": n, "outcome": ..., "previous": hash}` after it. A record without an end is of an operation that
the process did not live to see done. `previous` is the hash of the line before (blake2b, 128 bits, hex; of the first line: empty), so a
line that was changed or taken out is noticed. Secrets are left out, and people stand there by account number.

What was cut off at the end leaves a whole chain behind, and no file at all an empty one. So the directory remembers the number and hash of
a late line (`AuditMark`), and a log that does not hold it has lost lines. It goes on all the same: with a record of the operation
`audit.lost`, which takes the place of what is missing.
"""

import hashlib
import os
import threading
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

TAIL_BYTES = 1 << 20
DONE = "done"
LINE_START = b'{"record":'
CONCEALED = "(concealed)"


LOST = "audit.lost"
"""The operation of a record that the log itself adds where lines are missing."""


class AuditDamaged(Exception):
    """A line is not what was written. The text names file and line."""


class AuditFailed(Exception):
    """A record cannot be written, so the operation must not begin."""


class AuditRecord(msgspec.Struct, frozen=True):
    """An operation that was asked for, joined with its end. `outcome` is "done", a rejection's code, or "unknown" without an end."""

    record: int
    time: int
    by: str
    operation: str
    arguments: dict[str, Any]
    outcome: str
    account: int | None = None
    """Whom it was about, where the arguments cannot say: the account of a new user."""


AuditMark = tuple[int, str]
"""A line that was written: its number, and its hash in hex."""


class _Line(msgspec.Struct, omit_defaults=True):
    record: int
    time: int
    previous: str
    by: str = ""
    operation: str = ""
    arguments: dict[str, Any] = {}
    end_of: int = 0
    outcome: str = ""
    account: int | None = None


class AuditLog:
    """Appends, from any thread. One process at a time has it open: whoever owns the data directory."""

    def __init__(self, path: Path, remembered: AuditMark | None = None, time: int = 0) -> None:
        """Opens or creates (mode 0600); an unfinished last line, which no operation followed, is cut. AuditDamaged, OSError.

        `remembered`: a line that must be there. Otherwise `lost` says so, and a record of it is added, at `time` (µs).
        """
        self.path = path
        self.lost = ""
        """What is missing, in words; empty when nothing is."""
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._record, self._previous = self._end()
            self.lost = why_lost(path, remembered)
            if self.lost and remembered is not None:
                self._add_loss(remembered, time)
        except BaseException:
            os.close(self._file)
            raise

    def close(self) -> None:
        """Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @property
    def mark(self) -> AuditMark | None:
        """The newest line; None while there is none."""
        return (self._record, self._previous) if self._record else None

    def _add_loss(self, remembered: AuditMark, time: int) -> None:
        arguments: dict[str, Any] = {}
        if self._record < remembered[0]:
            arguments = {"from": self._record + 1, "to": remembered[0]}
            self._record, self._previous = remembered
        self._append(lambda line: _Line(*line, by="the venue", operation=LOST, arguments=arguments), time)

    def begin(self, time: int, by: str, operation: str, arguments: dict[str, Any]) -> int:
        """The number of the new record, once it is on disk. AuditFailed."""
        try:
            return self._append(lambda line: _Line(*line, by=by, operation=operation, arguments=arguments), time)
        except OSError as error:
            raise AuditFailed(f"{self.path}: {error.strerror or error}") from error

    def end(self, time: int, record: int, outcome: str, account: int | None = None) -> None:
        """What became of it. OSError."""
        self._append(lambda line: _Line(*line, end_of=record, outcome=outcome, account=account), time)

    def _append(self, make: typing.Callable[[tuple[int, int, str]], _Line], time: int) -> int:
        with self._lock:
            line = msgspec.json.encode(make((self._record + 1, time, self._previous))) + b"\n"
            before = os.fstat(self._file).st_size
            try:
                written = os.write(self._file, line)
                if written != len(line):
                    raise OSError(f"{self.path}: a record was written in part only")
                os.fsync(self._file)
            except OSError:
                os.ftruncate(self._file, before)
                raise
            self._record += 1
            self._previous = line_hash(line)
            return self._record

    def _end(self) -> tuple[int, str]:
        """(number, hash) of the last whole line."""
        size = os.fstat(self._file).st_size
        tail = os.pread(self._file, TAIL_BYTES, max(0, size - TAIL_BYTES))
        whole = tail[: tail.rfind(b"\n") + 1]
        if not tail[len(whole) :].startswith(LINE_START[: len(tail) - len(whole)]):
            raise AuditDamaged(f"{self.path}: its end was never written by this program")
        if len(whole) < len(tail):
            os.ftruncate(self._file, size - (len(tail) - len(whole)))
        if not whole:
            return 0, ""
        last = whole[whole.rfind(b"\n", 0, -1) + 1 :]
        return decoded_line(last, f"{self.path}, last line").record, line_hash(last)


def line_hash(line: bytes) -> str:
    """What the next line names as the one before it."""
    return hashlib.blake2b(line, digest_size=16).hexdigest()


def decoded_line(line: bytes, where: str) -> _Line:
    """A line of the log. AuditDamaged says `where`."""
    try:
        return msgspec.json.decode(line, type=_Line)
    except ValueError as error:  # msgspec.DecodeError, or UnicodeDecodeError
        raise AuditDamaged(f"{where}: {error}") from None


def lines(path: Path) -> Iterator[_Line]:
    """Every whole line, each checked against the one before. AuditDamaged; nothing when there is no file."""
    for line, _ in _lines(path):
        yield line


def _lines(path: Path) -> Iterator[tuple[_Line, str]]:
    """Each with its hash. A record of lost lines begins the chain anew."""
    if not path.exists():
        return
    previous, record = "", 0
    with path.open("rb") as opened:
        for number, raw in enumerate(opened, 1):
            if not raw.endswith(b"\n"):
                return
            line = decoded_line(raw, f"{path}, line {number}")
            follows = line.previous == previous and line.record == record + 1
            if not follows and not (line.operation == LOST and line.record > record):
                raise AuditDamaged(f"{path}, line {number}: the line before it is not the one that was there when it was written")
            previous, record = line_hash(raw), line.record
            yield line, previous


def why_lost(path: Path, remembered: AuditMark | None) -> str:
    """What is missing of a log that must hold the line `remembered`; empty when that is there. AuditDamaged, OSError."""
    if remembered is None or _tail_holds(path, remembered):
        return ""
    last = 0
    for line, hash_of_line in _lines(path):
        if (line.record, hash_of_line) == remembered:
            return ""
        last = line.record
    if last < remembered[0]:
        return f"{path}: records {last + 1} to {remembered[0]} are missing"
    return f"{path}: record {remembered[0]} is not the one that was written"


def _tail_holds(path: Path, remembered: AuditMark) -> bool:
    """Whether the line is among the last, where it nearly always is: a log may be large."""
    if not path.exists():
        return False
    with path.open("rb") as opened:
        opened.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return any(line_hash(raw) == remembered[1] for raw in opened.read().splitlines(keepends=True))


def arguments_of(request: msgspec.Struct, account: typing.Callable[[str], int | None]) -> dict[str, Any]:
    """A request's fields that were given, as they may be written down: no secret, people by the number that `account` finds for a name."""
    written: dict[str, Any] = {}
    hints = typing.get_type_hints(type(request), include_extras=True)
    for name in request.__struct_fields__:
        value = getattr(request, name)
        if value is None:
            continue
        marks = set(_marks(hints[name]))
        if "secret" in marks:
            value = CONCEALED
        elif "holder" in marks and isinstance(value, str):
            number = account(value)
            value = "(unknown)" if number is None else f"@{number}"
        written[name] = msgspec.to_builtins(value)
    return written


def _marks(hint: Any) -> Iterator[str]:
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, msgspec.Meta) and isinstance(extra.extra, Mapping) and "audit" in extra.extra:
            yield str(extra.extra["audit"])
    for inner in typing.get_args(hint):
        if not isinstance(inner, msgspec.Meta):
            yield from _marks(inner)
