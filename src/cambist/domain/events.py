"""Which events matter to whom, for whoever follows the exchange and looks at some of them only."""

from __future__ import annotations  # Event is a name of the stub only

from typing import TYPE_CHECKING

import msgspec

from cambist._core import CommandApplied, TransferPending, TransferPosted, TransferVoided, decode_events
from cambist.domain.commands import CommandKind

if TYPE_CHECKING:
    from cambist._core import Event

EVERY_KIND = (1 << 64) - 1
EVERY_COMMAND = (1 << 64) - 1


def kinds_of(*events: type[Event]) -> int:
    """The kinds of these event classes, as `_core.decode_events` takes them: bit n for kind n."""
    return sum(1 << event.KIND for event in events)


def commands_of(*commands: CommandKind) -> int:
    """The same of commands."""
    return sum(1 << command for command in commands)


class EventFilter(msgspec.Struct, frozen=True):
    """What somebody who follows the exchange looks at: making an event's object costs far more than passing over its bytes.

    `kinds`: bits of kinds of events. Of CommandApplied only those of `commands` (bit n for the command's number n), and those whose meta
    has `word` in it.
    """

    kinds: int = EVERY_KIND
    commands: int = EVERY_COMMAND
    word: bytes = b""

    def of(self, run: bytes) -> list[Event]:
        """The wanted events of an encoded run. ValueError: no event run."""
        return decode_events(run, self.kinds, self.commands, self.word)


EVERYTHING = EventFilter()
MONEY_MOVED = EventFilter(
    kinds_of(CommandApplied, TransferPending, TransferPosted, TransferVoided),
    commands_of(CommandKind.TRANSFER, CommandKind.POST_TRANSFER, CommandKind.VOID_TRANSFER, CommandKind.NOTE),
)
"""Transfers and notes, which tell of money that comes, goes and changes hands."""
