"""Nonces that commands of the past used, read out of the journal."""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from cambist._core import Frame, decode_commands
from cambist.domain.meta import Meta
from cambist.exchange.journal_port import JournalReads

_COMMANDS = 1
"""The kind of a frame that holds commands; others hold state hashes."""


def once_only_nonces(journal: JournalReads, last_seq: int, since: int) -> Mapping[int, Sequence[int]]:
    """By key id, in ascending order, the once-only nonces of all commands up to `last_seq` that are stamped `since` (µs) or later.

    Nonces as `Meta.nonce` has them: negative. 8 bytes each, for there may be millions. Takes as long as reading those commands: for a
    worker thread. JournalDamaged, JournalError.
    """
    used: dict[int, array[int]] = defaultdict(lambda: array("q"))
    frames = _command_frames(journal, _first_since(journal, last_seq, since))
    for frame in takewhile(lambda frame: frame.first_seq <= last_seq, frames):
        for _kind, time, _body, encoded in decode_commands(frame.payload):
            meta = Meta.decode(encoded)
            if meta.nonce < 0 and time >= since:
                used[meta.key_id].append(meta.nonce)
    return {key_id: array("q", sorted(nonces)) for key_id, nonces in used.items()}


def _first_since(journal: JournalReads, last_seq: int, since: int) -> int:
    """A seq from which on every command of `since` or later comes: time never decreases, so it is searched by halves."""
    low, high = 1, last_seq + 1
    while low < high:
        middle = (low + high) // 2
        frame = next(_command_frames(journal, middle), None)
        if frame is None or frame.time >= since:
            high = middle
        else:
            low = max(frame.last_seq, middle) + 1
    return low


def _command_frames(journal: JournalReads, from_seq: int) -> Iterator[Frame]:
    return (frame for frame in journal.read(from_seq) if frame.kind == _COMMANDS)
