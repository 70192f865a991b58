"""A journal run through a second core, which stops at the commands of some accounts: what they saw, asked for and got."""

from __future__ import annotations  # the native types are names of the stub only

import struct
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cambist import _core
from cambist.domain.commands import CommandKind
from cambist.domain.events import EVERY_COMMAND, EVERY_KIND, kinds_of
from cambist.exchange.journal_port import JournalReads

if TYPE_CHECKING:
    from cambist._core import Engine, Event

COMMANDS_FRAME = 1
_HEAD = struct.Struct("<IBBHQ")
"""Of a command's record: length, kind, zero, length of the meta, time."""
_LENGTH_AND_KIND = struct.Struct("<IB").unpack_from
_ACCOUNT = struct.Struct("<I").unpack_from
OF_ONE_ACCOUNT = frozenset(
    {
        CommandKind.PLACE_ORDER,
        CommandKind.CANCEL_ORDER,
        CommandKind.CANCEL_MANY,
        CommandKind.CANCEL_ALL,
        CommandKind.REPLACE_ORDER,
        CommandKind.SET_CANCEL_AFTER,
        CommandKind.PLACE_OCO,
        CommandKind.PLACE_TRAILING,
    }
)
"""Commands whose body begins with the account that gave them."""
OF_MONEY = frozenset({CommandKind.TRANSFER, CommandKind.POST_TRANSFER, CommandKind.VOID_TRANSFER})
LONGEST_STRETCH, STRETCHES = 4_096, 400
"""Commands of others that are applied at once, at most; and into how many such a run is cut, at least."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command as the journal has it. `time` in µs."""

    seq: int
    time: int
    kind: int
    body: bytes
    meta: bytes

    @property
    def account(self) -> int:
        """Who gave it, of the kinds in OF_ONE_ACCOUNT."""
        return int(_ACCOUNT(self.body)[0])


class Watcher(Protocol):
    """Who looks on while a journal is replayed. `engine` is the second core: it may be read, and nothing else."""

    def before(self, command: Command, engine: Engine) -> None:
        """A command of a watched account, or one that moves money, comes next."""

    def after(self, command: Command, events: list[Event], engine: Engine) -> None:
        """It was applied, and did this."""

    def others(self, events: bytes, kinds: int, engine: Engine) -> None:
        """Commands of others were applied; their events are encoded, `kinds` those that the replay was asked for."""

    def marked_seq(self, seq: int, engine: Engine) -> None:
        """The core stands right behind a command that the replay was asked to stop at."""


ReplaySource = Callable[[], tuple["Engine", JournalReads, int]]
"""A new core, the journal whose commands go on from where it stands, and the last seq that may be read."""


def commands(journal: JournalReads, after_seq: int, until: int) -> Iterator[Command]:
    """The journal's commands from `after_seq + 1` to `until`. JournalDamaged, JournalError."""
    for frame in journal.read(after_seq + 1):
        if frame.kind != COMMANDS_FRAME:
            continue
        payload, place, seq = frame.payload, 0, frame.first_seq
        while place < len(payload) and seq <= until:
            if seq > after_seq:
                yield _command(payload, place, seq)
            place += _LENGTH_AND_KIND(payload, place)[0]
            seq += 1
        if seq > until:
            return


def replay(source: ReplaySource, accounts: Collection[int], watcher: Watcher, kinds: int, marks: Iterable[int] = ()) -> Engine:
    """Runs the journal through a core from its beginning to its end, stopping for the accounts' own commands, and behind each command of
    a seq in `marks`. Returns that core.

    `kinds`: which events of others' commands the watcher hears of (bits, as `decode_events` takes them). JournalDamaged, JournalError.
    """
    engine, journal, until = source()
    stretch = min(LONGEST_STRETCH, (until - engine.seq) // STRETCHES + 1)
    stops = frozenset(marks)
    waiting: list[bytes] = []
    count = 0

    def flush() -> None:
        nonlocal count
        if count:
            _, events = engine.apply_batch(b"".join(waiting))
            waiting.clear()
            count = 0
            watcher.others(events, kinds, engine)

    for payload, first, end, seq in _stretches(journal, engine.seq, until, accounts, stops):
        if first == end:  # one command that is looked at by itself
            flush()
            command = _command(payload, first, seq)
            watcher.before(command, engine)
            _, events = engine.apply_batch(record_of(command))
            watcher.after(command, _core.decode_events(events, EVERY_KIND, EVERY_COMMAND), engine)
        else:
            waiting.append(payload[first:end])
            count += seq
            if count >= stretch or engine.seq + count in stops:
                flush()
        if engine.seq in stops:
            watcher.marked_seq(engine.seq, engine)
    flush()
    return engine


def _stretches(
    journal: JournalReads, after_seq: int, until: int, accounts: Collection[int], stops: Collection[int]
) -> Iterator[tuple[bytes, int, int, int]]:
    """The journal in pieces: (payload, from, to, how many commands) of others' commands that follow each other, and (payload, place, place,
    seq) of each command that is looked at by itself. A piece ends behind each seq in `stops`. Every command passes here: nothing is made of
    one that nobody asks for.
    """
    for frame in journal.read(after_seq + 1):
        if frame.kind != COMMANDS_FRAME:
            continue
        payload, place, seq, begin, count = frame.payload, 0, frame.first_seq, 0, 0
        size = len(payload)
        while place < size and seq <= until:
            length, kind = _LENGTH_AND_KIND(payload, place)
            if seq <= after_seq:
                begin = place + length
            elif kind in OF_MONEY or (kind in OF_ONE_ACCOUNT and _ACCOUNT(payload, place + _HEAD.size)[0] in accounts):
                if count:
                    yield payload, begin, place, count
                yield payload, place, place, seq
                begin, count = place + length, 0
            else:
                count += 1
                if seq in stops:
                    yield payload, begin, place + length, count
                    begin, count = place + length, 0
            place += length
            seq += 1
        if count:
            yield payload, begin, place, count
        if seq > until:
            return


def _command(payload: bytes, place: int, seq: int) -> Command:
    length, kind, _, meta_length, time = _HEAD.unpack_from(payload, place)
    end = place + length
    return Command(seq, time, kind, payload[place + _HEAD.size : end - meta_length], payload[end - meta_length : end])


def record_of(command: Command) -> bytes:
    """The command as the journal has it."""
    length = _HEAD.size + len(command.body) + len(command.meta)
    return _HEAD.pack(length, command.kind, 0, len(command.meta), command.time) + command.body + command.meta


ORDERS_AND_TRADES = kinds_of(
    _core.TradeExecuted, _core.ConvertedTradeExecuted, _core.OrderDone, _core.StopTriggered, _core.CancelAfterFired
)
"""What others' commands can do to an account's orders."""
