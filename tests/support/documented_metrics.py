"""The metrics that docs/reference/http-front.md describes, by the process that has them."""

import re
from dataclasses import dataclass

from tests.tidy.test_tidy import ROOT

OF_A_NODE = ("cambist_cluster_", "cambist_edge_", "cambist_log_epoch", "cambist_log_damage", "cambist_log_unknown")
"""Beginnings of names that only an engine node has, where their row does not say that an edge has them."""


@dataclass(frozen=True)
class DocumentedMetrics:
    everywhere: frozenset[str]
    engine_node: frozenset[str]
    """Beside those that are everywhere."""
    edge: frozenset[str]
    """The same, on an edge."""


def documented_metrics() -> DocumentedMetrics:
    everywhere, engine_node, edge = set[str](), set[str](), set[str]()
    for line in (ROOT / "docs" / "reference" / "http-front.md").read_text().splitlines():
        for name in re.findall(r"`((?:cambist|process)_[a-z_]+)`", line):
            (edge if "on an edge:" in line else engine_node if name.startswith(OF_A_NODE) else everywhere).add(name)
    return DocumentedMetrics(frozenset(everywhere), frozenset(engine_node), frozenset(edge))
