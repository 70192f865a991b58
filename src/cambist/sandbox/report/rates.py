"""The check of how often the bot asks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from cambist.sandbox.report.evidence import Evidence
from cambist.sandbox.report.findings import Found, times
from cambist.sandbox.report.rejections import RATE, rejections

SECOND = 1_000_000


def too_many_requests(evidence: Evidence) -> Iterator[Found]:
    """Seconds with more requests than allowed, by the sandbox's clock, and requests that were rejected for it.

    A clock that is moved by hand stands while a bot asks: then only rejections count.
    """
    requests = evidence.logged()
    rejected = [each for code, each in rejections(evidence).items() if code in RATE]
    if rejected:
        count = sum(each.count for each in rejected)
        yield Found(f"The bot was told {times(count)} that it asks too often.", count, rejected[0].requests)
    if evidence.clock_stands:
        return
    limit = evidence.limits.requests_per_second
    window: deque[tuple[int, int]] = deque()
    most, seconds, last, at = 0, 0, -SECOND, list[int]()
    for time, number in sorted((record.time, record.number) for record in requests.exchanges):
        window.append((time, number))
        while window[0][0] <= time - SECOND:
            window.popleft()
        if len(window) > limit:
            if time - last >= SECOND:
                seconds, last = seconds + 1, time
                at.append(number)
            most = max(most, len(window))
    if seconds:
        yield Found(
            f"In {seconds} {'second' if seconds == 1 else 'seconds'} the bot made more than {limit} requests, {most} at most.", seconds, at
        )
