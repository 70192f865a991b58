"""How long frames take to become durable."""

from bisect import bisect_left

BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the buckets, in seconds; one more takes the rest."""


class SyncTimes:
    """A histogram of seconds from a frame's handing over to the journal to the journal's word that it is on disk."""

    __slots__ = ("buckets", "seconds")

    bounds = BOUNDS

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def observe(self, seconds: float) -> None:
        """Counts one frame."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds
