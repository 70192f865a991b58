"""The journal as a port: what the venue needs of any log of commands, on this machine or elsewhere.

`_core.Journal` is the embedded implementation, files behind a writer thread, `cluster/journal.py` the one on several machines;
`core/src/journal/port.rs` is the same port in Rust. An
implementation in Python meets `JournalPort` and passes `tests/support/journal_suite.py`; sequencer, recovery, verification and history
then work on it. Frames have the file journal's bytes in every log (docs/reference/journal-format.md, `_core.encode_frame`), so that
their hashes can be compared across logs.

Units: *seq* counts commands from 1; *time* is µs since the epoch; hashes are 32 bytes. Three layers, each for those who need no more:
`JournalReads` for whoever looks at a log, `JournalFollows` for whoever goes along with one that another node writes, `JournalPort` for
the one writer.

Errors, all of `_core`: `JournalError` and under it `JournalLocked`, `JournalFenced`, `JournalFormatUnknown`, `JournalDamaged` and
`JournalFailed`. A plain `JournalError` means that nothing was changed and going on is possible.
"""

from collections.abc import Iterator
from typing import Protocol

from cambist._core import Frame, Last

GENESIS = bytes(32)
"""The hash that the first frame of a journal names as the one before it."""


class JournalReads(Protocol):
    """A log that can be read. All methods of the three layers may be called from any thread."""

    @property
    def identity(self) -> int:
        """The journal's id, 64 bits, the same at each opening; every frame carries it.

        Whoever knows it can write what looks like a frame: files that may be given away carry a fingerprint instead.
        """

    def read(self, from_seq: int = 1) -> Iterator[Frame]:
        """Validated durable frames in order, from the one that holds `from_seq`; a checkpoint at `from_seq - 1` comes first.

        Each frame names the hash of the one before it. Frames are group commits: several appends may have become one, so the first may
        begin before `from_seq`; only a checkpoint stands exactly behind its seq. At the end as it is then the iterator stops; asked
        again, it goes on with what was added. Raises JournalError (closed, or it cannot be read), and while iterating JournalDamaged (a
        frame, the chain or a seq is wrong) and JournalError.
        """


class Follower(Protocol):
    """An iterator as of `read` that can be waited for; one thread at a time uses it. Iterating never blocks."""

    def __iter__(self) -> Iterator[Frame]: ...

    def __next__(self) -> Frame:
        """StopIteration at the end as it is now; JournalDamaged, JournalError."""

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Blocks until there are frames that were not iterated over yet; False when the time was over first.

        JournalFailed; JournalError when the journal was closed and every frame was iterated over.
        """

    def fileno(self) -> int:
        """A descriptor, readable while there may be frames not yet iterated over, and when the journal failed or was closed."""

    def close(self) -> None:
        """Lets go of the descriptor; iterating and waiting raise JournalError from then on. Idempotent. Raises nothing."""


class JournalFollows(JournalReads, Protocol):
    """A log that somebody writes, here or elsewhere."""

    def last(self) -> Last:
        """The last seq handed in, the last durable one, and the hash of the last durable frame (`GENESIS` without frames).

        Raises nothing: after a failure and after closing it answers what was known last.
        """

    def follow(self, from_seq: int = 1) -> Follower:
        """As `read`, for somebody who goes on with what is added later. Raises JournalError (closed, or it cannot be read)."""


class JournalPort(JournalFollows, Protocol):
    """A durable, ordered, fenced log of commands, open for its one writer."""

    @property
    def epoch(self) -> int:
        """Of this opening: higher than of all openings before it."""

    @property
    def space_low(self) -> bool:
        """Space runs out: what is handed in may soon be refused. Asking makes the log look again. Raises nothing."""

    def fileno(self) -> int:
        """A descriptor, readable when something became durable, or the journal failed, since the last `acknowledge`."""

    def append(self, expected_last_seq: int, epoch: int, count: int, time: int, commands: bytes) -> int:
        """Hands in `count` command records that follow `expected_last_seq`, the last one stamped `time`; returns the last one's seq.

        They are not durable yet: `acknowledge` and `wait` tell. Raises, with nothing changed, JournalFenced (`epoch` is not this
        opening's, or a later opening is known to have taken over) and JournalError (the log ends elsewhere, no command, too large, no
        space left, closed). JournalFailed: whether it will ever be durable is not known.
        """

    def checkpoint(self, seq: int, epoch: int, state_hash: bytes) -> None:
        """Hands in the hash of the state after `seq`, the last one handed in; durable with what comes next. Raises as `append`;
        ValueError unless the hash has 32 bytes.
        """

    def acknowledge(self) -> int:
        """Clears the descriptor and returns the durable seq; never blocks. JournalFailed: it will come no further, the process must stop;
        JournalFenced: for a later opening has taken over.

        An implementation that cannot find out whether a frame is durable has failed: the next opening reads the log's end.
        """

    def wait(self) -> int:
        """Blocks until everything handed in before is durable; returns the durable seq. JournalFailed, JournalFenced."""

    def close(self) -> None:
        """Makes everything handed in durable and lets go of the log; appending, reading and following raise JournalError from then on.

        JournalFailed or JournalFenced the first time when not everything became durable. Idempotent.
        """


def holds(journal: JournalReads, seq: int, frame_hash: bytes) -> bool:
    """Does the journal hold a frame with this hash that ends at `seq`? A hash names everything up to it: of two copies of one journal
    that went on apart from each other, only one holds what was added. JournalDamaged, JournalError.
    """
    if frame_hash == GENESIS:
        return seq == 0
    for frame in journal.read(max(seq, 1)):
        if frame.hash == frame_hash:
            return frame.last_seq == seq
        if frame.first_seq > seq:
            break
    return False
