"""Once-only nonces read out of a journal, from a time on."""

import pytest

from cambist import _core
from cambist.domain.meta import Meta
from cambist.exchange.journaled_nonces import once_only_nonces
from tests.support.memory_journal import MemoryJournal

SECOND = 1_000_000


@pytest.fixture
def journal() -> MemoryJournal:
    """Frames of one to three notes, one a second: nonces -1, -2, … of keys 8 and 7 in turn; each fifth one is of those that rise."""
    journal, engine = MemoryJournal(), _core.Engine()
    number = 0
    for frame in range(40):
        for _ in range(frame % 3 + 1):
            number += 1
            nonce = number if number % 5 == 0 else -number
            engine.note(number * SECOND, Meta(key_id=7 + number % 2, nonce=nonce).encode())
        first, count, time, commands = engine.take_commands()
        journal.append(first - 1, journal.epoch, count, time, commands)
        engine.take_events()
        if frame % 7 == 0:
            journal.checkpoint(engine.seq, journal.epoch, engine.state_hash())
    journal.wait()
    return journal


@pytest.mark.parametrize("since", [0, 1, 2, 17, 40, 78, 79, 80, 1_000])
@pytest.mark.parametrize("last", [0, 1, 60, 79])
def test_all_of_that_time_or_later_are_found_and_no_others(journal: MemoryJournal, since: int, last: int) -> None:
    found = once_only_nonces(journal, last, since * SECOND)
    end = next((frame.last_seq for frame in journal.read(1) if frame.kind == 1 and frame.last_seq >= last), 0) if last else 0
    wanted = [number for number in range(max(since, 1), end + 1) if number % 5]
    expected = {7 + odd: sorted(-number for number in wanted if number % 2 == odd) for odd in (0, 1)}
    assert {key_id: list(nonces) for key_id, nonces in found.items()} == {key: nonces for key, nonces in expected.items() if nonces}
