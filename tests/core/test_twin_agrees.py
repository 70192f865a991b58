"""The native core against its twin: the same commands, and after every one the same outcome, events, records and state hash.

The default run takes well under a minute. For a long one, say how many examples, and how many commands each:

    CAMBIST_TWIN_EXAMPLES=20000 CAMBIST_TWIN_COMMANDS=300 python -m pytest tests/core/test_twin_agrees.py
"""

import os

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.core.pair import Pair
from tests.core.traffic import Traffic, furniture
from tests.twin.words import Code

EXAMPLES = int(os.environ.get("CAMBIST_TWIN_EXAMPLES", "400"))
COMMANDS = int(os.environ.get("CAMBIST_TWIN_COMMANDS", "120"))

numbers = st.integers(0, 2**64 - 1)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(venue=numbers, stream=st.lists(numbers, min_size=COMMANDS, max_size=COMMANDS), restart_at=st.integers(0, COMMANDS))
def test_twin_agrees(venue: int, stream: list[int], restart_at: int) -> None:
    """A number 0 in the stream is no command: shrinking turns whatever does not matter into it."""
    pair = Pair()
    for command, fields in furniture(venue):
        note(f"do(0, {command!r}, **{fields})")
        assert pair.do(0, command, **fields).code == Code.OK
    for position, number in enumerate(stream):
        if position == restart_at:
            pair.restart()
        if number:
            time, command, fields = Traffic(number + (position << 64), pair.twin.state).call()
            note(f"do({time}, {command!r}, **{fields})")
            pair.do(time, command, **fields)
    pair.compare_reads()
    pair.compare_with_a_batch()
    pair.restart()
    pair.compare_reads()
