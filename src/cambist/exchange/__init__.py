"""The exchange: commands in, durable frames out, and the state as it stands."""

from cambist.exchange.catalogue import Catalogue
from cambist.exchange.commands import Commands, Done, JournalStopped, NonceRejected, OutcomeUnknown
from cambist.exchange.embedded import EmbeddedCommands
from cambist.exchange.remote import RemoteCommands
from cambist.exchange.sequencer import Sequencer
from cambist.exchange.view import View

__all__ = [
    "Catalogue",
    "Commands",
    "Done",
    "EmbeddedCommands",
    "JournalStopped",
    "NonceRejected",
    "OutcomeUnknown",
    "RemoteCommands",
    "Sequencer",
    "View",
]
