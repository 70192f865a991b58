"""Kinds of events as bits, for whoever follows the exchange and looks at some of them only."""

from __future__ import annotations  # Event is a name of the stub only

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cambist._core import Event

EVERY_KIND = (1 << 64) - 1


def kinds_of(*events: type[Event]) -> int:
    """The kinds of these event classes, as `_core.decode_events` takes them: bit n for kind n."""
    return sum(1 << event.KIND for event in events)
