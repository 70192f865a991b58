"""Removing the beginning of the log from the servers, once every node's own journal is seen to hold it."""

from __future__ import annotations

from dataclasses import dataclass

from cambist._core import JournalError
from cambist.cluster.connection import Connection
from cambist.cluster.frame_fields import frame_fields
from cambist.cluster.log_stream import LogStream, Unknown
from cambist.cluster.nodes import JournalCheck, ask_verified, registered
from cambist.cluster.shared_states import SharedStates


@dataclass(frozen=True, slots=True)
class PurgePlan:
    """What a purge would remove, and what is against it."""

    up_to_seq: int
    """The last command of the last frame that would go."""
    before_message: int
    """The first message that would stay."""
    checks: tuple[JournalCheck, ...]
    """Of every node that answered."""
    objections: tuple[str, ...]
    """Empty when it may be done."""


async def plan(connection: Connection, up_to_seq: int) -> PurgePlan:
    """Has every node read its journal from the first byte, which may take minutes; changes nothing. JournalError.

    For the connection's loop.
    """
    stream = LogStream(connection)
    info = await stream.find()
    if info is None:
        raise JournalError("there is no log on these servers")
    try:
        before, seq = await _first_to_stay(stream, info.state.first_seq, info.state.last_seq, up_to_seq)
    except Unknown as error:
        raise JournalError(f"the log cannot be read: {error}") from None
    nodes = await registered(connection)
    found = [await ask_verified(connection, node, seq) for node in nodes]
    checks = tuple(check for check in found if check is not None)
    objections = [f"node {node} does not answer" for node, check in zip(nodes, found, strict=True) if check is None]
    objections += [f"node {check.node}: its journal cannot be read: {check.trouble}" for check in checks if check.trouble]
    objections += [
        f"node {check.node}: its journal ends at command {check.seq}" for check in checks if check.seq < seq and not check.trouble
    ]
    hashes = {check.hash for check in checks if check.seq == seq}
    if len(hashes) > 1:
        objections.append(f"the nodes' journals differ up to command {seq}")
    if not nodes:
        objections.append("no node is known, so nobody has what would go")
    newest = await SharedStates(connection).newest_whole_seq()
    if newest < seq:
        objections.append(
            f"the newest shared state that is whole is at command {newest}: a new edge could not begin behind what would go"
            " (`cambist snapshot` on the node that leads shares one)"
        )
    return PurgePlan(seq, before, checks, tuple(objections))


async def carry_out(connection: Connection, planned: PurgePlan) -> None:
    """Does it. JournalError when there are objections, or the servers do not say that it was done. For the connection's loop."""
    if planned.objections:
        raise JournalError("nothing is purged: " + "; ".join(planned.objections))
    try:
        await LogStream(connection).purge_before(planned.before_message)
    except Unknown as error:
        raise JournalError(f"it is not known whether the log was purged: {error}") from None


async def _first_to_stay(stream: LogStream, first: int, last: int, up_to_seq: int) -> tuple[int, int]:
    """(message, last command before it): of the frames, those go that end at `up_to_seq` or before. Unknown."""
    low, high = first, last  # the last message stays: it tells how far the log is
    while low < high:
        middle = (low + high) // 2
        found = await stream.next_from(middle)
        fields = None if found is None else frame_fields(found.data)
        if found is None or found.seq >= high or (fields is not None and fields.last_seq > up_to_seq):
            high = middle
        else:
            low = found.seq + 1
    seq = 0
    for message in await stream.batch(low):
        fields = frame_fields(message.data)
        if fields is not None:
            seq = fields.first_seq - 1 if fields.commands else fields.first_seq
            break
    return low, seq
