"""What a program and the fork server that starts its sandboxes say to each other.

Over a sequenced-packet socket of the local machine, each message one packet of MessagePack. The program sends one `StartRequest` on a
connection, with the descriptors of the sandbox's standard input and output; the server answers `Started`, with a descriptor of the process
(pidfd), or `NotStarted`, and on the same connection says `Ended` when the process has. A connection on which nothing is asked is one of
who will ask on others: the server lives as long as there is any connection.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

MOST_BYTES = 1 << 17
"""Of one message. A kernel takes packets of 212,992 bytes by default."""
READ_AT_START = (b"PYTHON", b"LANG", b"LC_", b"LD_", b"MALLOC_", b"GLIBC_")
"""How the environment variables begin that a program reads once, as it starts: the server cannot give its children others."""


class StartRequest(msgspec.Struct, frozen=True):
    """`words`: the arguments of `cambist`; `folder`: where it runs; `variables`: its environment, all of it."""

    words: list[str]
    folder: bytes
    variables: list[tuple[bytes, bytes]]


class Started(msgspec.Struct, frozen=True, tag=True):
    pid: int


class NotStarted(msgspec.Struct, frozen=True, tag=True):
    """`reason` in words. Another way of starting it may do."""

    reason: str


class Ended(msgspec.Struct, frozen=True, tag=True):
    """`code` as `subprocess.Popen.returncode` has it: below zero the signal that ended it."""

    code: int


Reply = Started | NotStarted | Ended


def read_at_start(variables: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Those of them that a program reads once, as it starts."""
    return {name: value for name, value in variables.items() if name.startswith(READ_AT_START)}
