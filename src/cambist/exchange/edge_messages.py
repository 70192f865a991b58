"""What edges and the leader say to each other about commands: batches one way, and what never gets into the log the other way.

That a command was applied is not said here: an edge reads it in the log, where it is durable.
"""

import struct
from dataclasses import dataclass

import msgspec

MAGIC = b"CBEC"
VERSION = 1
_HEAD = struct.Struct("<4sB3xIQQQ")


@dataclass(frozen=True, slots=True)
class CommandBatch:
    """Commands of one edge in the order of their counters."""

    edge: int
    """Given to one run of an edge and never again."""
    epoch: int
    """Of the leader that it is meant for: no other one takes it. The edge had read the log up to where this epoch begins, and none of the
    commands was there.
    """
    after: int
    """The counter of the undecided command before these: who did not get that one must not take these. 0: there is none."""
    decided: int
    """Of every counter up to here the edge knows what became of it, or asks no more."""
    records: bytes
    """Their meta ends with edge and counter (`Meta.sent_by`); their time is for the leader to stamp."""

    def encode(self) -> bytes:
        return _HEAD.pack(MAGIC, VERSION, self.edge, self.epoch, self.after, self.decided) + self.records


def decode_batch(message: bytes) -> CommandBatch | None:
    """None when it is none."""
    if len(message) <= _HEAD.size or message[:4] != MAGIC or message[4] != VERSION:
        return None
    _, _, edge, epoch, after, decided = _HEAD.unpack_from(message)
    return CommandBatch(edge, epoch, after, decided, message[_HEAD.size :])


class Refused(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A command that is not in the log and never will be."""

    counter: int
    code: int
    """A reject reason; 0: its nonce was not acceptable."""
    last_nonce: int = 0
    """The key's highest one."""


class BatchAnswer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What became of a batch, as far as the log will not tell. There is none when the log tells everything."""

    epoch: int
    refused: list[Refused] = []
    wanted: int = 0
    """The counter from which on commands are missing here: an earlier batch was lost, and nothing of this one was taken. 0: it was."""
    seq: int = 0
    """The last command that the leader had when it refused these. They are refused once that is in the log: what is not there yet may be
    lost with this leader, the use of a nonce too.
    """

    def encode(self) -> bytes:
        return _encoder.encode(self)


def decode_answer(message: bytes) -> BatchAnswer | None:
    """None when it is none."""
    try:
        return _decoder.decode(message)
    except msgspec.MsgspecError:
        return None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(BatchAnswer)
