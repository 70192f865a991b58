"""The generator stays on one processor, so that it leaves the others alone; the server may use all of them, as it would in use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def sides() -> tuple[set[int], set[int]]:
    """(generator's, server's) processors: the last one, and all of them."""
    mine = sorted(os.sched_getaffinity(0))
    return {mine[-1]}, set(mine)


@contextmanager
def on(processors: set[int]) -> Iterator[None]:
    """This thread on these processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
