"""What a sandbox's faults cost while none is armed: signed Trade in a sandbox that has them, and in one whose faults meet nothing.

Both servers run all the time, and are loaded in turns: what another program takes of the machine it takes of both. The processor time of
the server for each request is compared, which says more than a rate does.
"""

from __future__ import annotations

from statistics import median

from benchmarks import pinning
from benchmarks.http_rig import CONNECTIONS, Rig, Run
from benchmarks.report import AT_MOST, Row, Settings, Target

GROUP = "HTTP"
RUN_SECONDS = 1.5
ROUNDS = 7


def measure(settings: Settings) -> list[Row]:
    rounds = 2 if settings.quick else ROUNDS
    sides = pinning.sides()
    with Rig(settings, "log", sides) as without, Rig(settings, "everything", sides) as having:
        size = min(_size(rig) for rig in (without, having))
        runs: list[list[Run]] = [[], []]
        for number in range(rounds):
            pairs = list(zip((without, having), runs, strict=True))
            for rig, own in pairs if number % 2 else reversed(pairs):
                requests = rig.trades(size)
                rig.wait_until_idle()
                own.append(rig.run(requests))
    plain, faulty = (median(run.server_us for run in own) for own in runs)
    detail = {"without": [run.figures() for run in runs[0]], "having": [run.figures() for run in runs[1]]}
    note = f"server {faulty:.1f} µs a request against {plain:.1f} µs"
    return [
        Row(
            GROUP,
            "signed Trade in a sandbox, faults not armed, cost",
            (faulty / plain - 1.0) * 100.0,
            "%",
            Target(AT_MOST, 1),
            note,
            detail,
        )
    ]


def _size(rig: Rig) -> int:
    """Requests of one connection for one run; warms the server up."""
    speed = rig.run(rig.trades(60)).rate
    speed = rig.run(rig.trades(max(60, int(speed / 2 / CONNECTIONS)))).rate
    return max(60, int(speed * RUN_SECONDS / CONNECTIONS))
