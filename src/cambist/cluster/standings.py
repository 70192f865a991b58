"""The nodes beside each other: how far behind each is, and whether their states agree."""

from collections.abc import Sequence

import msgspec

from cambist.cluster.nodes import NodeStatus


class NodeRow(msgspec.Struct, frozen=True):
    """One node among the others."""

    node: str
    leads: bool
    epoch: int
    seq: int
    """The last command in its core's state."""
    lag: int
    """Commands that the node that is furthest has beyond those."""
    hash: str
    """Of its journal's last frame, in hexadecimal digits."""
    state_hash: str
    """Of its state at the last common checkpoint, in hexadecimal digits; empty when there is none."""
    damage: int
    """How many damaged messages it met with since it began."""
    trouble: str
    """Why it could not lead; empty when it could."""
    degraded: str
    """What does not work there although people can trade; empty when all does."""


class Standings(msgspec.Struct, frozen=True):
    nodes: tuple[NodeRow, ...]
    checkpoint: int
    """The last command whose state every node has compared; 0 when there is none."""
    agree: bool
    """Whether all states were the same there."""


def standings(statuses: Sequence[NodeStatus]) -> Standings:
    """Of nodes that run a venue, and of others as far as they say."""
    states = [dict(status.checkpoints) for status in statuses]
    common = max(set.intersection(*map(set, states)), default=0) if states else 0
    furthest = max((max(status.seq, status.applied) for status in statuses), default=0)
    rows = tuple(
        NodeRow(
            status.node,
            status.leads,
            status.epoch,
            status.applied,
            furthest - status.applied,
            status.hash,
            state.get(common, ""),
            status.damage,
            status.trouble,
            "; ".join(status.degraded),
        )
        for status, state in zip(statuses, states, strict=True)
    )
    return Standings(rows, common, len({row.state_hash for row in rows}) <= 1)
