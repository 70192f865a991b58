"""The message that opens the log for a new writer: from here on a higher epoch holds, and the writers of all lower ones are fenced.

It is no frame and no part of the chain, as segment headers and marks are none in the files; it names the frame that it stands behind.
"""

import struct
from dataclasses import dataclass
from hashlib import blake2b

MAGIC = b"CBJE"
_HEAD = struct.Struct("<4sB3xQQQ32s16sB")
_DIGEST = 16


@dataclass(frozen=True, slots=True)
class Claim:
    """A writer's taking over of the log."""

    identity: int
    """The journal's id."""
    epoch: int
    last_seq: int
    """The last command before it."""
    last_hash: bytes
    """Of the last frame before it; zeroes when there is none."""
    opening: bytes
    """16 bytes that no other opening has: two that claim at once do not take each other's message for their own."""
    node: str

    def encode(self) -> bytes:
        """docs/reference/journal-format.md has it in words."""
        node = self.node.encode()
        head = _HEAD.pack(MAGIC, 1, self.identity, self.epoch, self.last_seq, self.last_hash, self.opening, len(node)) + node
        return head + _digest(head)


def decode_claim(message: bytes) -> Claim | None:
    """None when the bytes are no whole claim."""
    if len(message) < _HEAD.size + _DIGEST or message[:4] != MAGIC:
        return None
    _magic, version, identity, epoch, seq, last_hash, opening, length = _HEAD.unpack_from(message)
    head = message[:-_DIGEST]
    if version != 1 or len(head) != _HEAD.size + length or _digest(head) != message[-_DIGEST:]:
        return None
    try:
        return Claim(identity, epoch, seq, last_hash, opening, head[_HEAD.size :].decode())
    except UnicodeDecodeError:
        return None


def _digest(head: bytes) -> bytes:
    return blake2b(head, digest_size=_DIGEST, person=b"cambist claim").digest()
