"""Everything that changes the exchange goes through `Exchange`."""

from cambist.exchange.exchange import Exchange
from cambist.exchange.sequencer import JournalStopped, Sequencer

__all__ = ["Exchange", "JournalStopped", "Sequencer"]
