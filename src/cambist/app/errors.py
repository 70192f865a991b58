"""What the command says to people when it cannot go on: one sentence and an exit code, never a traceback."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `cambist`. Numbers are for ever; docs/reference/cli.md lists them."""

    OK = 0
    REFUSED = 1
    """The venue said no: a name is taken, an account has too little, a market is unknown."""
    USAGE = 2
    """Arguments that no command takes (also Typer's own)."""
    CONFIGURATION = 3
    BUSY = 4
    """Another process has the data directory or the port."""
    NOT_A_VENUE = 5
    """No data directory there, or one of another format version."""
    DAMAGED = 6
    """The journal, a snapshot or the ledger does not add up."""
    DISK = 7
    """A write or sync failed; what was acknowledged is safe."""
    CLOCK = 8
    """This machine's clock is too far behind the venue's last command."""


class OperatorError(Exception):
    """A reason to stop that a person can act upon."""

    def __init__(self, text: str, code: Exit = Exit.REFUSED) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
