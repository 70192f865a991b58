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
_U32 = struct.Struct("<I")
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
        return int(_U32.unpack_from(self.body)[0])


class Watcher(Protocol):
    """Who looks on while a journal is replayed. `engine` is the second core: it may be read, and nothing else."""

    def before(self, command: Command, engine: Engine) -> None:
        """A command of a watched account, or one that moves money, comes next."""

    def after(self, command: Command, events: list[Event], engine: Engine) -> None:
        """It was applied, and did this."""

    def others(self, events: list[Event], engine: Engine) -> None:
        """Commands of others were applied; of their events those of the kinds that the replay was asked for."""

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
        while place < len(payload):
            length, kind, _, meta_length, time = _HEAD.unpack_from(payload, place)
            if seq > until:
                return
            if seq > after_seq:
                end = place + length
                yield Command(seq, time, kind, payload[place + _HEAD.size : end - meta_length], payload[end - meta_length : end])
            place += length
            seq += 1


def replay(source: ReplaySource, accounts: Collection[int], watcher: Watcher, kinds: int, marks: Iterable[int] = ()) -> Engine:
    """Runs the journal through a core from its beginning to its end, stopping for the accounts' own commands, and behind each command of
    a seq in `marks`. Returns that core.

    `kinds`: which events of others' commands the watcher hears of (bits, as `decode_events` takes them). JournalDamaged, JournalError.
    """
    engine, journal, until = source()
    stretch = min(LONGEST_STRETCH, (until - engine.seq) // STRETCHES + 1)
    stops = frozenset(marks)
    waiting = bytearray()
    count = 0

    def flush() -> None:
        nonlocal count
        if count:
            _, events = engine.apply_batch(bytes(waiting))
            waiting.clear()
            count = 0
            watcher.others(_core.decode_events(events, kinds, EVERY_COMMAND), engine)

    for command in commands(journal, engine.seq, until):
        watched = command.kind in OF_MONEY or (command.kind in OF_ONE_ACCOUNT and command.account in accounts)
        if watched:
            flush()
            watcher.before(command, engine)
            _, events = engine.apply_batch(record_of(command))
            watcher.after(command, _core.decode_events(events, EVERY_KIND, EVERY_COMMAND), engine)
        else:
            waiting += record_of(command)
            count += 1
        if count == stretch or command.seq in stops:
            flush()
        if command.seq in stops:
            watcher.marked_seq(command.seq, engine)
    flush()
    return engine


def record_of(command: Command) -> bytes:
    """The command as the journal has it."""
    length = _HEAD.size + len(command.body) + len(command.meta)
    return _HEAD.pack(length, command.kind, 0, len(command.meta), command.time) + command.body + command.meta


ORDERS_AND_TRADES = kinds_of(
    _core.CommandApplied, _core.TradeExecuted, _core.ConvertedTradeExecuted, _core.OrderDone, _core.StopTriggered, _core.CancelAfterFired
)
"""What others' commands can do to an account's orders."""
