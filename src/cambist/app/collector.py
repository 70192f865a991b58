"""Python's garbage collector, which rests where it would walk the same objects again: as a process starts, as a venue is replaced."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

REPLACED_AT_MOST = 4
"""Venues whose remains may wait for the collector: 5 MB each."""


@contextmanager
def imports_kept() -> Iterator[None]:
    """What is made inside, and before, is never walked by the collector again. For imports: their cycles live as long as the process."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def resting() -> Iterator[None]:
    """Around the making of what stays: the collector would walk it again and again while it grows."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class ReplacingCollector:
    """The collector of a process whose venue is replaced by another one, again and again.

    It would walk all objects of the new venue several times while they are made, and all of them stay. So it rests meanwhile, and what is
    left of the venues before is collected for several of them at once.
    """

    def __init__(self) -> None:
        self._waiting = 0

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Around the making of a venue that takes another one's place."""
        with resting():
            yield
        self._waiting += 1
        if self._waiting >= REPLACED_AT_MOST:
            self._waiting = 0
            gc.collect()
