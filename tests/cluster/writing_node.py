"""A node as a process of its own: writes one command after the other and prints the seq of each that became durable.

Arguments: directory, log's name, node's name, most bytes, server addresses. Ends with code 3 when another writer has taken over.
"""

import sys
from pathlib import Path

import structlog

from cambist._core import JournalFenced
from cambist.app.entropy import system_entropy
from cambist.cluster.journal import JetStreamJournal
from cambist.cluster.settings import LogSettings

FENCED = 3


def main() -> int:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    directory, name, node, most, *servers = sys.argv[1:]
    settings = LogSettings(tuple(servers), node, name, max_bytes=int(most), segment_bytes=1 << 20)
    journal = JetStreamJournal(settings, Path(directory), system_entropy)
    journal.lead()
    seq = journal.last().seq
    try:
        while True:
            seq = journal.append(seq, journal.epoch, 1, seq + 1, f"<{seq + 1} by {node}>".encode())
            journal.wait()
            sys.stdout.write(f"{seq}\n")
            sys.stdout.flush()
    except JournalFenced:
        return FENCED


if __name__ == "__main__":
    sys.exit(main())
