"""Everything that changes the exchange goes through `Exchange`."""

from cambist.exchange.exchange import Exchange
from cambist.exchange.commands import JournalStopped
from cambist.exchange.sequencer import Sequencer

__all__ = ["Exchange", "JournalStopped", "Sequencer"]
