"""What a node must know of the cluster."""

from dataclasses import dataclass

FRAME_BYTES = 512 << 10
"""Appends that wait for the one in flight are joined into one frame up to this payload: half of what the servers take by default."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Where the log is, and who this node is in it."""

    servers: tuple[str, ...]
    """Addresses as nats://10.0.0.1:4222 or tls://nats1.example.com; one is enough to find the others."""
    node: str
    """This node's name, unique in the cluster: letters, digits, - and _."""
    name: str = "cambist"
    """Of the log: two venues on the same servers have different ones."""
    replicas: int = 3
    max_bytes: int = 16 << 30
    """What the log may take on each server; a new one is made with it."""
    credentials: str = ""
    """A file whose first line is USER:PASSWORD, as the servers know this node; empty: they let everybody in."""
    tls_ca: str = ""
    """A file with the certificate authority of the servers; empty: those of the system, for addresses with tls://."""
    give_up_seconds: float = 30.0
    """How long a frame whose fate is unknown is asked for, and how long an opening waits for the servers."""
    segment_bytes: int = 64 << 20
    """Of the node's own journal files."""
    synced: bool = True
    """Whether the node's own journal files survive a power cut."""
    shared_states: int = 3
    """How many of the newest shared states stay in the object store."""

    @property
    def stream(self) -> str:
        return f"{self.name}-log"

    def subject(self, kind: str) -> str:
        """What a message of the log is published to: `frame` or `claim`."""
        return f"{self.name}.log.{kind}"

    @property
    def tip(self) -> str:
        """Where the number of each new message is told, outside the log and without a promise."""
        return f"{self.name}.tip"
