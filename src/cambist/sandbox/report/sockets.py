"""Checks of sockets: whether the bot read them fast enough, and noticed when something did not come."""

from __future__ import annotations

from collections.abc import Iterator

from cambist.sandbox.faults.registry import Firing
from cambist.sandbox.report.evidence import Evidence
from cambist.sandbox.report.findings import Found, times
from cambist.sandbox.report.requests import CLOSED, OPENED, RECEIVED, Requests
from cambist.sandbox.request_log import SocketMessage

TOO_SLOW = b"slow_socket"
LOSING = ("socket-skip", "socket-silence", "socket-freeze", "socket-reorder", "socket-late-snapshot", "socket-close")
"""Kinds of faults after which a client knows less than it thinks, or nothing more at all."""
_KEEPING_ALIVE = 64
"""Bytes of the longest message that may be nothing but a sign of life."""


def too_slow(evidence: Evidence) -> Iterator[Found]:
    """Sockets that the venue ended because too much was unread."""
    ended = [record for record in evidence.logged().messages if record.direction == CLOSED and record.data == TOO_SLOW]
    if ended:
        yield Found(f"The venue ended {len(ended)} of the bot's sockets, too much was unread.", len(ended), [each.number for each in ended])


def missed(evidence: Evidence) -> Iterator[Found]:
    """Faults that kept messages from a socket, and that the bot did nothing about, though it went on."""
    requests = evidence.logged()
    unnoticed = [
        firing for firing in evidence.firings if _lost(requests, firing) and _went_on(evidence, firing) and not _noticed(requests, firing)
    ]
    if unnoticed:
        kinds = ", ".join(sorted({firing.fault.rpartition("-")[0] for firing in unnoticed}))
        yield Found(
            f"Messages of a socket got lost or late {times(len(unnoticed))} ({kinds}), and the bot went on without subscribing again.",
            len(unnoticed),
            [number for firing in unnoticed if (number := _last_before(requests, firing)) is not None],
        )


def _lost(requests: Requests, firing: Firing) -> bool:
    """Whether it kept something from one of the account's sockets."""
    if not firing.fault.startswith(LOSING):
        return False
    dialects = {record.dialect for record in requests.messages}
    return firing.account == requests.account or (firing.account is None and firing.dialect in dialects)


def _noticed(requests: Requests, firing: Firing) -> bool:
    """Whether the bot opened a socket or said something on one after that, other than a sign of life."""
    return any(
        record.direction == OPENED or (record.direction == RECEIVED and not _keeps_alive(record))
        for record in requests.messages
        if record.dialect == firing.dialect and record.number > firing.logged
    )


def _went_on(evidence: Evidence, firing: Firing) -> bool:
    """Whether the bot had reason to notice: it gave a command after that, or time went by."""
    commanding = any(record.number > firing.logged and record.last_seq > record.first_seq for record in evidence.logged().all)
    return commanding or evidence.run.engine.time - firing.time > evidence.limits.stale_after


def _last_before(requests: Requests, firing: Firing) -> int | None:
    """The number of the last message before it on the account's sockets of that API."""
    known = [record.number for record in requests.messages if record.dialect == firing.dialect and record.number <= firing.logged]
    return known[-1] if known else None


def _keeps_alive(record: SocketMessage) -> bool:
    return len(record.data) <= _KEEPING_ALIVE and any(word in record.data for word in (b"ping", b"pong", b"2::"))
