"""Whose view a file is: each says from which journal it was folded, and is taken for that journal alone.

A sequence number proves nothing: any other venue's history that is not longer than the journal would pass for this venue's, and be
told to people as their past.
"""

import hashlib
from typing import Protocol

from cambist.app.errors import Exit, OperatorError
from cambist.exchange.journal_port import JournalReads


class JournalView(Protocol):
    """A file folded from a journal."""

    @property
    def folded_from(self) -> int:
        """The fingerprint of its journal; 0 while it does not say."""

    def adopt(self, journal: int) -> None:
        """Writes down the fingerprint of its journal."""


def fingerprint(journal: JournalReads) -> int:
    """What tells the journal from all others: 1 to 2^63 - 1, an integer of every database."""
    return fingerprint_of(journal.identity)


def fingerprint_of(identity: int) -> int:
    """The same, made from the journal's identity.

    Not the identity itself: who knows that could send texts that look like frames, and a history may be given
    away.
    """
    digest = hashlib.blake2b(b"id %016x" % identity, digest_size=8, person=b"cambist view").digest()
    return int.from_bytes(digest, "big") >> 1 or 1


def claim(view: JournalView, file: str, journal: JournalReads, remedy: str) -> None:
    """OperatorError DAMAGED when the file was folded from another journal. One that does not say, new or old, is this one's from now on."""
    claim_for(view, file, fingerprint(journal), remedy)


def claim_for(view: JournalView, file: str, own: int, remedy: str) -> None:
    """The same, given the journal's fingerprint."""
    if view.folded_from == 0:
        view.adopt(own)
    elif view.folded_from != own:
        raise OperatorError(f"{file} was folded from the journal of another venue, not from this venue's. {remedy}", Exit.DAMAGED)
